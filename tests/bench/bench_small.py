#!/usr/bin/env python3
"""Small jobs, the start and the memory of a server that has nothing to do.

    tests/bench/bench_small.py [--build build/release] [--quick] [--json FILE]

A job of 100 rows and 100 epochs from the POST until its model is in hand, which takes three
requests on a connection that is kept: POST /v1/jobs, GET the job with ?wait, GET the model. What
the client and the connection take themselves is what three times GET /healthz take. The data is in
the request, or stored before. A start lasts from exec until the answer to GET /healthz. Python's
standard library only.
"""
import json
import math
import os
import signal
import socket
import subprocess
import tempfile
import time

from common import Server, Wire, main, median, options

ROWS, COLUMNS, EPOCHS = 100, 3, 100


def table():
    """Numbers that any run has alike."""
    X = [[round(math.sin(1 + i * (j + 1) * 0.7), 4) for j in range(COLUMNS)] for i in range(ROWS)]
    y = [round(2 + row[0] - 3 * row[1] + 0.5 * row[2] + 0.1 * math.cos(11 * i), 4)
         for i, row in enumerate(X)]
    return {"X": X, "y": y}


def small_job(wire, body):
    """Seconds of the three requests, and the model."""
    a = time.perf_counter()
    job = json.loads(wire.ask("POST", "/v1/jobs", body))["id"]
    b = time.perf_counter()
    document = json.loads(wire.ask("GET", f"/v1/jobs/{job}?wait=10"))
    c = time.perf_counter()
    if document["state"] != "succeeded" or document["epoch"] != EPOCHS:
        raise RuntimeError(f"the small job: {document}")
    model = wire.ask("GET", f"/v1/models/{document['model_id']}")
    return (b - a, c - b, time.perf_counter() - c), json.loads(model)


def check(model, data, rate):
    """The same descent in plain Python."""
    w, b = [0.0] * COLUMNS, 0.0
    for _ in range(EPOCHS):
        g, h = [0.0] * COLUMNS, 0.0
        for x, y in zip(data["X"], data["y"]):
            d = 2 * (sum(v * u for v, u in zip(x, w)) + b - y) / ROWS
            h += d
            g = [a + d * v for a, v in zip(g, x)]
        w, b = [v - rate * a for v, a in zip(w, g)], b - rate * h
    got = model["parameters"]["coefficients"]
    got = list(got.values()) if isinstance(got, dict) else got
    off = max(abs(u - v) for u, v in zip(got + [model["parameters"]["intercept"]], w + [b]))
    if off > 1e-9:
        raise RuntimeError(f"the small job's parameters are off by {off}")


def jobs(report, given):
    data, rate = table(), 0.1
    base = {"epochs": EPOCHS, "tol": 0, "learning_rate": rate, "standardize": False}
    with Server(given.binary) as server:
        time.sleep(0.3)
        idle = server.memory()
        wire = Wire(server.address)
        dataset = json.loads(wire.ask("POST", "/v1/datasets", json.dumps(data).encode()))["id"]
        stored = json.dumps({**base, "dataset_id": dataset}).encode()
        inline = json.dumps({**base, "dataset": data}).encode()
        check(small_job(wire, stored)[1], data, rate)
        check(small_job(wire, inline)[1], data, rate)
        for _ in range(20):
            small_job(wire, stored)
        health, by_id, in_it, parts = [], [], [], []
        for _ in range(given.jobs):
            began = time.perf_counter()
            wire.ask("GET", "/healthz")
            health.append(time.perf_counter() - began)
            parts.append(small_job(wire, stored)[0])
            by_id.append(sum(parts[-1]))
            in_it.append(sum(small_job(wire, inline)[0]))
        time.sleep(0.3)
        after = server.memory()
    what = f"{ROWS} × {COLUMNS}, {EPOCHS} epochs, from POST to model"
    post, wait, get = (1e3 * median(times) for times in zip(*parts))
    report.add(8, f"{what}, data stored: median", 1e3 * median(by_id), "ms", goal=1, at_most=True,
               text="< 1 ms", post=post, wait=wait, get=get, least=1e3 * min(by_id))
    report.add(8, f"{what}, data in the request: median", 1e3 * median(in_it), "ms", goal=1,
               at_most=True, text="< 1 ms", least=1e3 * min(in_it))
    report.add(8, "of that, client and connection (three times GET /healthz)",
               3e3 * median(health), "ms")
    for name, value in (("POST", post), ("GET the job, which waits", wait), ("GET the model", get)):
        report.add(8, f"of that, data stored: {name}", value, "ms")
    report.add(8, "resident when idle, after the start", idle, "MB", goal=10, at_most=True,
               text="< 10 MB")
    report.add(8, f"resident when idle, after {2 * given.jobs + 22} small jobs", after, "MB",
               goal=10, at_most=True, text="< 10 MB")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(binary, folder):
    """Seconds from exec to the first answer."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen([binary, "--listen", f"127.0.0.1:{port}", "--data-dir", folder],
                               stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                wire = Wire(f"127.0.0.1:{port}")
                break
            except ConnectionRefusedError:
                if process.poll() is not None or time.perf_counter() - began > 20:
                    raise
                time.sleep(0.0001)
        wire.ask("GET", "/healthz")
        took = time.perf_counter() - began
        wire.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    return took


def spawn():
    """What starting any process takes here."""
    began = time.perf_counter()
    subprocess.run(["/bin/true"])
    return time.perf_counter() - began


def part(report, given):
    jobs(report, given)
    first, again, bare = [], [], []
    for _ in range(given.starts):
        with tempfile.TemporaryDirectory() as folder:
            first.append(start(given.binary, os.path.join(folder, "data")))
            again.append(start(given.binary, os.path.join(folder, "data")))
        bare.append(spawn())
    report.add(8, "start to first answer, on a new directory: median", 1e3 * median(first), "ms",
               goal=20, at_most=True, text="< 20 ms", least=1e3 * min(first))
    report.add(8, "start to first answer, on a directory that has been used: median",
               1e3 * median(again), "ms", goal=20, at_most=True, text="< 20 ms",
               least=1e3 * min(again))
    report.add(8, "of that, starting any process (/bin/true)", 1e3 * median(bare), "ms")


if __name__ == "__main__":
    main(part, options(__doc__, jobs=(1000, 300, 5), starts=(21, 11, 2)))
