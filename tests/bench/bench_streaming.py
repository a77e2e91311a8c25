#!/usr/bin/env python3
"""Full-batch descent of models that stream over their rows, an epoch: against NumPy and PyTorch.

    tests/bench/bench_streaming.py [--build build/release] [--quick] [--json FILE]

Ours is the real binary over HTTP on data that is stored once; its epoch is from one point of the
job's history to the next and has the cost in it, which the other sides do not compute. The whole
time, from the POST to the model in hand, stands beside it. NumPy's side is the loop that anyone
would write, PyTorch's the one of its tutorials, both with a thread a processor. Sides take turns;
medians are over epochs. The shares of the memory's bandwidth are measured by bench_pass: core alone,
without the server, with threads like the server's.
"""
import json
import os
import subprocess
import time

from common import COLUMNS, PROCESSORS, Data, Server, alternate, main, median, options, same, vector

import numpy as np

RATE = 0.1
KINDS = {
    "logistic": {"target": "labels", "settings": {"model": "logistic_regression"}},
    "poisson": {"target": "counts", "settings": {"model": "poisson_regression"}},
    "huber": {"target": "numbers", "settings": {"cost": {"name": "huber", "delta": 1}}},
}


def slope(kind, z, y):
    """Of the cost by the score."""
    if kind == "logistic":
        return 1 / (1 + np.exp(-z)) - y
    if kind == "poisson":
        return np.exp(z) - y
    return np.clip(z - y, -1, 1)


def numpy_loop(kind, data, epochs, rate):
    w, b, times = np.zeros(data.columns), 0.0, []
    for _ in range(epochs):
        began = time.perf_counter()
        d = slope(kind, data.X @ w + b, data.y)
        w -= rate * (data.X.T @ d) / data.rows
        b -= rate * d.mean()
        times.append(time.perf_counter() - began)
    return times, np.append(w, b)


def torch_loop(kind, data, epochs, rate):
    import torch

    torch.set_num_threads(PROCESSORS)
    X, y = torch.from_numpy(data.X), torch.from_numpy(data.y)
    w = torch.zeros(data.columns, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    loss = {"logistic": torch.nn.BCEWithLogitsLoss(), "poisson": torch.nn.PoissonNLLLoss(),
            "huber": torch.nn.HuberLoss(delta=1)}[kind]
    optimizer, times = torch.optim.SGD([w, b], lr=rate), []
    for _ in range(epochs):
        began = time.perf_counter()
        optimizer.zero_grad()
        loss(X @ w + b, y).backward()
        optimizer.step()
        times.append(time.perf_counter() - began)
    return times, np.append(w.detach().numpy(), b.detach().numpy())


def our_rate(server, dataset, kind, data):
    """By which a step of ours is one of theirs by RATE: costs may have other factors."""
    ours = vector(server.train(dataset, epochs=1, learning_rate=RATE,
                               **KINDS[kind]["settings"])["parameters"])
    theirs = numpy_loop(kind, data, 1, RATE)[1]
    return RATE / float(np.round(ours @ theirs / (theirs @ theirs), 6))


def measure(report, server, kind, given):
    """Seconds of an epoch of ours."""
    data = Data(given.rows, COLUMNS, KINDS[kind]["target"], outliers=0.05)
    dataset = server.upload(data)
    settings = {**KINDS[kind]["settings"], "learning_rate": our_rate(server, dataset, kind, data)}
    ours = vector(server.train(dataset, epochs=10, **settings)["parameters"])
    same(ours, numpy_loop(kind, data, 10, RATE)[1], 1e-9, f"{kind}, NumPy")
    same(ours, torch_loop(kind, data, 10, RATE)[1], 1e-9, f"{kind}, PyTorch")
    whole = []

    def one():
        run = server.train(dataset, epochs=20, **settings)
        whole.append(run["seconds"])
        return run["epochs"][1:-1]

    times = alternate({"ours": one,
                       "NumPy": lambda: numpy_loop(kind, data, 6, RATE)[0][1:],
                       "PyTorch": lambda: torch_loop(kind, data, 4, RATE)[0][1:]}, given.seconds)
    epoch = 1e3 * median(times["ours"])
    shape = f"{kind}, full batch, {given.rows:,} × {COLUMNS}"
    for other, goal in (("NumPy", 3), ("PyTorch", 15)):
        report.add(2, f"{shape}: an epoch", epoch, "ms", 1e3 * median(times[other]),
                   f"{other} loop", goal, text=f"≥ {goal}×",
                   least=[1e3 * min(times["ours"]), 1e3 * min(times[other])])
    report.add(2, f"{shape}: 20 epochs, from POST to model", 1e3 * median(whole), "ms")
    single = server.upload(data, "float32")
    narrow, wide = (server.train(d, epochs=20, **settings) for d in (single, dataset))
    same(vector(narrow["parameters"]), vector(wide["parameters"]), 1e-5, "float32")
    times = alternate({"float32": lambda: server.train(single, epochs=20, **settings)["epochs"][1:-1],
                       "float64": one}, given.seconds / 2)
    report.add(2, f"{shape}: an epoch of a float32 dataset", 1e3 * median(times["float32"]), "ms",
               1e3 * median(times["float64"]), "float64")
    for d in (single, dataset):
        server.ask("DELETE", f"/v1/datasets/{d}")
    return epoch / 1e3


def passes(report, given, kernels):
    """Shares of the bandwidth by bench_pass; returns the bandwidth with all its threads, GB/s."""
    program = os.path.join(given.build, "tests", "bench_pass")
    if given.smoke and not os.access(program, os.X_OK):
        return None
    text = subprocess.run([program, str(given.megabytes), kernels, str(given.repetitions)],
                          check=True, capture_output=True, text=True, timeout=200)
    rows = [json.loads(piece) for piece in text.stdout.split("\n") if piece.startswith("{")]
    rows = [r for r in rows if r["cost"] in KINDS and r["thetas"] == 1 and r["outputs"] == 1]
    most = max(r["threads"] for r in rows)
    for cost in KINDS:
        of = [r for r in rows if r["cost"] == cost and r["threads"] == most]
        least = min(of, key=lambda r: r["share"])
        report.add(2, f"{cost}, the passes below with {most} threads: least share of the "
                   f"bandwidth (at d = {least['cols']})", 100 * least["share"], "%", goal=80,
                   text="≥ 80 %")
    for r in rows:
        report.add(2, f"{r['cost']}, a pass in core, d = {r['cols']}, {r['threads']} threads: "
                   f"share of {r['read_bandwidth']:.1f} GB/s", 100 * r["share"], "%", own=r)
    return median([r["read_bandwidth"] for r in rows if r["threads"] == most])


def part(report, given):
    with Server(given.binary) as server:
        kernels = server.ask("GET", "/v1/capabilities")["kernels"]["in_use"]
        epochs = {kind: measure(report, server, kind, given) for kind in KINDS}
    bandwidth = passes(report, given, kernels)
    for kind, seconds in epochs.items():
        rate = given.rows * COLUMNS * 8 / seconds / 1e9
        if bandwidth:
            report.add(2, f"{kind}, full batch, {given.rows:,} × {COLUMNS}: share of "
                       f"{bandwidth:.1f} GB/s, over HTTP", 100 * rate / bandwidth, "%")


if __name__ == "__main__":
    main(part, options(__doc__, rows=(1000000, 1000000, 5000), seconds=(12, 4, 0),
                       megabytes=(160, 160, 1), repetitions=(10, 3, 1)))
