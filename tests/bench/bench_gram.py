#!/usr/bin/env python3
"""Full-batch least squares against NumPy's own loop of gradient descent, a whole training.

    tests/bench/bench_gram.py [--driver build/release/tests/bench_gram] [--rows 1000000]
                              [--columns 20] [--repetitions 5] [--json FILE]

Both sides train on the same doubles, from zeros, at the same rate. Before anything is timed both must
arrive at the same parameters. Then they take turns: NumPy runs a few epochs, which all take
the same time, and that is multiplied; ours is the whole training, setup included. Times are of the
processor, with one thread on both sides; those on the wall are in the JSON.

Needs NumPy (Debian: python3-numpy) and the target bench_gram (cmake --preset release &&
cmake --build --preset release --target bench_gram).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

RATE = 0.05
SAMPLE = 10  # epochs of NumPy's that are timed
AGREED = 20  # epochs after which both must agree


def descend(X, y, epochs):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(epochs):
        r = X @ w + b - y
        w -= RATE * 2 / len(y) * (r @ X)
        b -= RATE * 2 / len(y) * r.sum()
        (r @ r) / len(y)  # the cost, which a history has too
    return np.append(w, b)


def ours(args, folder, epochs, times, *passes):
    out = subprocess.run([args.driver, os.path.join(folder, "X"), os.path.join(folder, "y"),
                          str(args.rows), str(args.columns), "gd", repr(RATE), str(epochs),
                          str(times), *passes], check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in out.splitlines() if line.strip()]
    runs = [tuple(map(float, line)) for line in lines[:-1]]
    return runs, np.array(list(map(float, lines[-1])))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--driver", default="build/release/tests/bench_gram")
    p.add_argument("--rows", type=int, default=1000000)
    p.add_argument("--columns", type=int, default=20)
    p.add_argument("--repetitions", type=int, default=5)
    p.add_argument("--json")
    args = p.parse_args()
    random = np.random.default_rng(20)
    X = random.standard_normal((args.rows, args.columns))
    y = X @ random.standard_normal(args.columns) + 1 + 0.5 * random.standard_normal(args.rows)
    cases = {"1,000 epochs": 1000, "1,000,000 epochs": 1000000}
    times = {name: [] for name in ("NumPy, an epoch", "ours, an epoch by passes", *cases)}
    wall = {name: [] for name in times}
    with tempfile.TemporaryDirectory() as folder:
        X.tofile(os.path.join(folder, "X"))
        y.tofile(os.path.join(folder, "y"))
        theirs = descend(X, y, AGREED)
        for passes in ((), ("passes",)):
            apart = np.abs(ours(args, folder, AGREED, 1, *passes)[1] - theirs).max()
            if apart > 1e-10:
                sys.exit(f"the parameters differ by {apart}")
        for _ in range(args.repetitions):
            cpu, clock = time.process_time(), time.perf_counter()
            descend(X, y, SAMPLE)
            times["NumPy, an epoch"].append((time.process_time() - cpu) / SAMPLE)
            wall["NumPy, an epoch"].append((time.perf_counter() - clock) / SAMPLE)
            runs, _ = ours(args, folder, SAMPLE, 1, "passes")
            times["ours, an epoch by passes"].append(runs[0][1] / SAMPLE)
            wall["ours, an epoch by passes"].append(runs[0][0] / SAMPLE)
            for name, epochs in cases.items():
                runs, _ = ours(args, folder, epochs, 3)
                times[name].append(statistics.median(r[1] for r in runs))
                wall[name].append(statistics.median(r[0] for r in runs))
    epoch = statistics.median(times["NumPy, an epoch"])
    print(f"{args.rows} x {args.columns}, median of {args.repetitions}, processor time\n")
    print("| what | ms | NumPy takes |\n|---|---|---|")
    for name, values in times.items():
        ms = 1e3 * statistics.median(values)
        factor = 1e3 * epoch * cases.get(name, 1) / ms
        print(f"| {name} | {ms:.2f} | {factor:,.2f} times as long |")
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"rows": args.rows, "columns": args.columns, "processor": times,
                       "wall": wall}, f, indent=1)


if __name__ == "__main__":
    main()
