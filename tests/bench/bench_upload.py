#!/usr/bin/env python3
"""Reading tables: JSON against cJSON and simdjson, CSV against pandas; and uploads over HTTP.

    tests/bench/bench_upload.py [--build build/release] [--quick] [--json FILE]

One table in each format (make_tables.py), its numbers once of 17 digits and once of a few. Parsers
run on text in memory, one thread, the fastest of several runs by the processor's time, in MB/s of
text; ours is fed in pieces, as it is over HTTP. bench_simdjson.cpp is compiled here if simdjson is
installed. An upload's time is that of the clock, from the request to the answer that it is stored.
"""
import os
import subprocess
import sys
import tempfile
import time

from common import Server, main, median, options

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv",
         "npy": "application/x-npy", "npz": "application/x-npz"}
TARGETS = {"json": "", "npy": "?target=x21", "npz": ""}


def rates(command):
    """MB/s by file."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [row.split() for row in text.split("\n") if " MB/s" in row]
    return {row[1]: float(row[2]) for row in rows}


def simdjson(folder, files):
    program = os.path.join(folder, "simdjson")
    made = subprocess.run(["c++", "-std=c++17", "-O3", "-DNDEBUG", "-o", program,
                           os.path.join(HERE, "bench_simdjson.cpp"), "-lsimdjson"],
                          capture_output=True, text=True)
    if made.returncode != 0:
        print(f"(no simdjson: {made.stderr[:300]})", flush=True)
        return {}
    return rates([program, *files])


def part(report, given):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(HERE, "make_tables.py"), folder], check=True,
                       env={**os.environ, "ROWS": str(given.rows)})
        paths = {name: os.path.join(folder, name) for name in sorted(os.listdir(folder))}
        by_kind = {kind: [p for name, p in paths.items() if name.endswith("." + kind)]
                   for kind in KINDS}
        program = os.path.join(given.build, "tests", "bench_readers")
        ours = {}
        for kind, files in by_kind.items():
            ours.update(rates([program, kind, *files]))
        others = [("cJSON", 6, rates([program, "cjson", *by_kind["json"]])),
                  ("simdjson", 1, simdjson(folder, by_kind["json"] + by_kind["ndjson"])),
                  ("pandas", 4, rates([sys.executable, os.path.join(HERE, "bench_pandas.py"),
                                       *by_kind["csv"]]))]
        for other, goal, theirs in others:
            for name, rate in theirs.items():
                least = 1 if "texts" in name else goal
                report.add("upload", f"{name} ({given.rows:,} × 20): read", ours[name], "MB/s", rate,
                           other, least, value=ours[name] / rate, text=f"≥ {least}×")
        over_http(report, given, paths, ours)


def over_http(report, given, paths, ours):
    with Server(given.binary) as server:
        for name, path in paths.items():
            kind = name.rsplit(".", 1)[1]
            if kind not in KINDS:
                continue
            with open(path, "rb") as f:
                text = f.read()
            times = []
            for _ in range(given.uploads):
                began = time.perf_counter()
                where = "/v1/datasets" + TARGETS.get(kind, "?target=y")
                dataset = server.ask("POST", where, text, KINDS[kind])["id"]
                times.append(time.perf_counter() - began)
                server.ask("DELETE", f"/v1/datasets/{dataset}")
            rate = len(text) / median(times) / 1e6
            array = kind in ("npy", "npz")  # whose readers do little: what bounds it is the rest
            report.add("upload", f"{name} ({given.rows:,} × 20): over HTTP, stored", rate, "MB/s",
                       ours[name], "the reader alone", None if array else 0.7,
                       value=rate / ours[name], text="" if array else "≥ 0.7×")


if __name__ == "__main__":
    main(part, options(__doc__, rows=(50000, 20000, 200), uploads=(5, 3, 1)))
