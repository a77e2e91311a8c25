#!/usr/bin/env python3
"""A dataset had back: CSV against pandas.to_csv, .npy against numpy.save, and that both are what was sent.

    tests/bench/bench_export.py [--build build/release] [--quick] [--json FILE]

The time of an export is that of the clock, from the request to its last byte, over HTTP; the others
write to memory. Medians of runs in turns; memory is what the server took at its most.
"""
import http.client
import io
import time

import numpy as np

from common import Data, Server, main, median, options

try:
    import pandas
except ImportError:
    pandas = None


def fetch(server, path):
    connection = http.client.HTTPConnection(server.address, timeout=120)
    began = time.perf_counter()
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read()
    seconds = time.perf_counter() - began
    connection.close()
    if reply.status != 200:
        raise RuntimeError(f"{path}: {reply.status}")
    return body, seconds


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def part(report, given):
    data = Data(given.rows, 20)
    table = np.column_stack([data.X, data.y])
    frame = pandas.DataFrame(table) if pandas else None
    with Server(given.binary) as server:
        dataset = server.upload(data)
        before = server.memory("VmHWM")
        csv, npy, by_pandas, by_numpy = [], [], [], []
        for _ in range(given.runs):
            text, seconds = fetch(server, f"/v1/datasets/{dataset}/export")
            csv.append(seconds)
            array, seconds = fetch(server, f"/v1/datasets/{dataset}/export?format=npy")
            npy.append(seconds)
            if pandas:
                by_pandas.append(timed(lambda: frame.to_csv(io.StringIO(), index=False)))
            by_numpy.append(timed(lambda: np.save(io.BytesIO(), table)))
        sent = np.load(io.BytesIO(array))
        read = np.loadtxt(io.BytesIO(text), delimiter=",", skiprows=1)
        if not (np.array_equal(sent, read) and sent.shape == table.shape):
            raise RuntimeError("what was exported is not what was stored")
        size = f"{given.rows:,} × 21"
        report.add("export", f"CSV of {size} over HTTP, {len(text) / 1e6:.0f} MB", median(csv), "s",
                   median(by_pandas) if pandas else None, "pandas.to_csv, in memory", 1)
        report.add("export", f".npy of {size} over HTTP", median(npy), "s", median(by_numpy),
                   "numpy.save, in memory")
        report.add("export", "memory that exports took beside the upload's",
                   server.memory("VmHWM") - before, "MB", goal=16, at_most=True)


if __name__ == "__main__":
    main(part, options(__doc__, rows=(100000, 20000, 200), runs=(5, 3, 1)))
