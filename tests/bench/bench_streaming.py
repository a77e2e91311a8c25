#!/usr/bin/env python3
"""Full-batch descent of models that stream over their rows, an epoch: against NumPy and PyTorch.

    tests/bench/bench_streaming.py [--build build/release] [--quick] [--json FILE]

Ours is the real binary over HTTP on data that is stored once; its epoch is from one point of the
job's history to the next and has the cost in it, which the other sides do not compute. The whole
time, from the POST to the model in hand, stands beside it. NumPy's side is the loop that anyone
would write, PyTorch's the one of its tutorials; both with a thread a processor and all buffers that
NumPy cares for left to it. Sides take turns; medians are over epochs. The shares of the memory's
bandwidth are measured by bench_pass, core alone without the server, threads as the server has.
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


def rate_of(server, dataset, kind):
    """By which a step of ours is a step of theirs, whose costs may have other factors."""
    one = vector(server.train(dataset, epochs=1, learning_rate=1e-3,
                              **KINDS[kind]["settings"])["parameters"])
    return one / 1e-3


def measure(report, server, kind, given, bandwidth):
    data = Data(given.rows, COLUMNS, KINDS[kind]["target"], outliers=0.05)
    dataset = server.upload(data)
    step = numpy_loop(kind, data, 1, 1e-3)[1] / 1e-3
    factor = float(np.round(np.max(np.abs(rate_of(server, dataset, kind))) / np.max(np.abs(step)),
                            6))
    settings = {**KINDS[kind]["settings"], "learning_rate": RATE / factor}
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
    read = given.rows * COLUMNS * 8 / median(times["ours"]) / 1e9
    if bandwidth:
        report.add(2, f"{shape}: its share of the bandwidth, over HTTP", 100 * read / bandwidth, "%")
    report.add(2, f"{shape}: 20 epochs, from POST to model", 1e3 * median(whole), "ms")
    narrow = None
    try:
        narrow = server.train(dataset, epochs=20, dtype="float32", **settings)
    except RuntimeError as e:
        print(f"(no float32: {e})")
    if narrow:
        same(vector(narrow["parameters"]),
             vector(server.train(dataset, epochs=20, **settings)["parameters"]), 1e-5, "float32")
        report.add(2, f"{shape}: an epoch in float32", 1e3 * median(narrow["epochs"][1:-1]), "ms",
                   epoch, "float64")
    server.ask("DELETE", f"/v1/datasets/{dataset}")


def passes(report, given):
    """Shares of the bandwidth by bench_pass; returns the bandwidth with all processors, GB/s."""
    program = os.path.join(given.build, "tests", "bench_pass")
    if not os.access(program, os.X_OK):
        print("(bench_pass is not built)")
        return None
    command = [program, str(given.megabytes), "auto", str(given.repetitions)]
    text = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if text.returncode == 2:  # the kernels by default
        from common import Server as S
        raise RuntimeError(text.stderr or S.__name__)
    rows = [json.loads(piece) for piece in text.stdout.split("\n") if piece.startswith("{")]
    best = max(r["threads"] for r in rows)
    for r in rows:
        if r["cost"] in KINDS and r["thetas"] == 1 and r["outputs"] == 1:
            report.add(2, f"{r['cost']} pass, d = {r['cols']}, {r['threads']} threads: share of the "
                       f"{r['read_bandwidth']:.0f} GB/s bandwidth", 100 * r["share"], "%",
                       goal=80 if r["threads"] == best else None,
                       text="≥ 80 %" if r["threads"] == best else "", **{"pass": r})
    return median([r["read_bandwidth"] for r in rows if r["threads"] == best])


def part(report, given):
    bandwidth = passes(report, given)
    with Server(given.binary) as server:
        for kind in KINDS:
            measure(report, server, kind, given, bandwidth)


if __name__ == "__main__":
    main(part, options(__doc__, rows=(1000000, 1000000, 5000), seconds=(12, 4, 0),
                       megabytes=(160, 160, 1), repetitions=(10, 3, 1)))
