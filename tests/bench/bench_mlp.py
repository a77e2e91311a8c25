#!/usr/bin/env python3
"""Networks against PyTorch on the CPU and scikit-learn, an epoch.

    tests/bench/bench_mlp.py [--binary build/release/descentd] [--case narrow|wide|both]
                             [--epochs 5] [--rounds 3] [--threads N] [--json FILE]

narrow: 20-64-64-1, 200,000 rows, batches of 256. wide: 784-512-512-10, 20,000 rows, batches of 512.
Both with relu, Adam at 0.001, shuffled rows, in single precision.

Ours is the real binary, asked over HTTP; its epoch is from one point of the job's history to the
next, so it has the cost over all rows at the end of the epoch in it, which the others do not
compute, but for PyTorch as a side of its own that does the same work. Every side may use all processors: the server does by itself, and the others' BLAS does so
as it is installed (--threads sets the number of theirs). The sides take turns, a run of all epochs
each, and medians are over the epochs of all runs but each run's first and last (in which ours takes
the gradient of all rows too). The cost that the history ends with is held against NumPy's forward
pass with the model's parameters, and all sides must have come about as far down, before any time is
printed.

Processor times stand beside those on the wall, which other work on the machine makes longer; where
several threads wait for each other by spinning, they say less.

Needs PyTorch and scikit-learn (Debian: python3-torch, python3-sklearn, libopenblas0-pthread).
OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are ignored, so that OpenBLAS chooses by the processor.
"""
import argparse
import io
import json
import statistics
import sys
import time
import warnings

from common import Server  # before NumPy, for OpenBLAS's sake

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_info, threadpool_limits

warnings.filterwarnings("ignore")
CASES = {
    "narrow": {"rows": 200000, "columns": 20, "hidden": [64, 64], "classes": 0, "batch": 256},
    "wide": {"rows": 20000, "columns": 784, "hidden": [512, 512], "classes": 10, "batch": 512},
}
RATE = 0.001


class Data:
    def __init__(self, case):
        random = np.random.default_rng(20)
        self.X = random.standard_normal((case["rows"], case["columns"])).astype(np.float32)
        self.X = np.round(self.X, 5)
        if case["classes"]:
            scores = np.tanh(self.X @ random.standard_normal((case["columns"], 16)) / 20)
            self.y = np.argmax(scores @ random.standard_normal((16, case["classes"])), axis=1)
        else:
            self.y = (np.tanh(self.X[:, 0] * self.X[:, 1]) + self.X[:, 2]).astype(np.float32)


def mean_cost(case, data, layers):
    """Of weights and biases, layer by layer; mean squared error, or cross-entropy."""
    a = data.X.astype(np.float64)
    for k, (weights, biases) in enumerate(layers):
        a = a @ weights.T + biases
        if k + 1 < len(layers):
            a = np.maximum(a, 0)
    if not case["classes"]:
        return float(np.mean((a[:, 0] - data.y) ** 2))
    top = a.max(axis=1, keepdims=True)
    logs = np.log(np.exp(a - top).sum(axis=1)) + top[:, 0]
    return float(np.mean(logs - a[np.arange(len(a)), data.y]))


class Ours(Server):
    def __init__(self, binary):
        super().__init__(binary)
        self.dataset = {}

    def upload(self, name, data):
        text = io.StringIO()
        text.write(",".join(f"x{j}" for j in range(data.X.shape[1])) + ",y\n")
        for row, y in zip(data.X, data.y):
            text.write(",".join("%.6g" % v for v in row) + ",%.7g\n" % y)
        self.dataset[name] = self.ask("POST", "/v1/datasets?target=y", text.getvalue().encode(),
                                      "text/csv")["id"]

    def train(self, name, case, epochs):
        before = self.processor_time()
        run = super().train(
            self.dataset[name], dtype="float32", epochs=epochs, optimizer="adam",
            learning_rate=RATE, batch_size=case["batch"],
            model={"name": "mlp", "hidden_layers": case["hidden"],
                   "task": "multiclass" if case["classes"] else "regression"})
        used = self.processor_time() - before
        model = run["parameters"]
        parameters = [(np.array(model[f"weights_{k + 1}"]), np.array(model[f"biases_{k + 1}"]))
                      for k in range(len(case["hidden"]) + 1)]
        return {"wall": run["epochs"][1:-1], "processor": [used / (epochs + 2)],
                "cost": run["points"][-1]["cost"], "layers": parameters}


def clocked(epochs, epoch):
    """All but the first and the last of them."""
    wall, processor = [], []
    for _ in range(epochs):
        a, b = time.perf_counter(), time.process_time()
        epoch()
        wall.append(time.perf_counter() - a)
        processor.append(time.process_time() - b)
    return {"wall": wall[1:-1], "processor": processor[1:-1]}


def pytorch(case, data, epochs, threads, costs):
    """costs: an epoch ends with the cost over all rows, as ours does."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(1)
    sizes = [case["columns"], *case["hidden"], case["classes"] or 1]
    layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
    pieces = [piece for layer in layers for piece in (layer, torch.nn.ReLU())][:-1]
    network = torch.nn.Sequential(*pieces)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    X, y = torch.from_numpy(data.X), torch.from_numpy(data.y)
    loss = torch.nn.CrossEntropyLoss() if case["classes"] else torch.nn.MSELoss()
    if not case["classes"]:
        y = y.reshape(-1, 1)

    def epoch():
        order = torch.randperm(len(X))
        for i in range(0, len(X), case["batch"]):
            rows = order[i:i + case["batch"]]
            optimizer.zero_grad()
            loss(network(X[rows]), y[rows]).backward()
            optimizer.step()
        if costs:
            with torch.no_grad():
                for i in range(0, len(X), 4096):
                    loss(network(X[i:i + 4096]), y[i:i + 4096])

    result = clocked(epochs, epoch)
    result["cost"] = mean_cost(case, data, [(layer.weight.detach().numpy(),
                                             layer.bias.detach().numpy()) for layer in layers])
    return result


def scikit_learn(case, data, epochs, threads):
    kind = MLPClassifier if case["classes"] else MLPRegressor
    network = kind(hidden_layer_sizes=case["hidden"], batch_size=case["batch"], max_iter=1,
                   warm_start=True, alpha=0, random_state=1, learning_rate_init=RATE)
    with threadpool_limits(threads):
        result = clocked(epochs, lambda: network.fit(data.X, data.y))
    result["cost"] = mean_cost(case, data, [(w.T, b) for w, b in zip(network.coefs_,
                                                                     network.intercepts_)])
    return result


def measure(name, case, server, threads, epochs, rounds):
    data = Data(case)
    server.upload(name, data)
    sides = {"descentd": lambda: server.train(name, case, epochs),
             "PyTorch": lambda: pytorch(case, data, epochs, threads, False),
             "PyTorch, with the cost over all rows": lambda: pytorch(case, data, epochs, threads,
                                                                     True),
             "scikit-learn": lambda: scikit_learn(case, data, epochs, threads)}
    results = {side: [] for side in sides}
    for _ in range(rounds):
        for side, run in sides.items():
            results[side].append(run())
    costs = {side: runs[0]["cost"] for side, runs in results.items()}
    for side, runs in results.items():
        if side == "descentd":
            cost = mean_cost(case, data, runs[0].pop("layers"))
            if abs(cost - runs[0]["cost"]) > 1e-4 * cost:
                sys.exit(f"{name}: the history says {runs[0]['cost']}, NumPy {cost}")
    begun = float(np.var(data.y)) if not case["classes"] else float(np.log(case["classes"]))
    down = {side: begun - cost for side, cost in costs.items()}
    if max(down.values()) > 1.25 * min(down.values()):
        sys.exit(f"{name}: after {epochs} epochs the costs are {costs}, from {begun}")
    rows = []
    for side, runs in results.items():
        rows.append({"case": name, "side": side, "cost": runs[0]["cost"],
                     "wall": statistics.median(t for r in runs for t in r["wall"]),
                     "wall_least": min(t for r in runs for t in r["wall"]),
                     "processor": statistics.median(t for r in runs for t in r["processor"])})
    return rows


def report(rows):
    print("| case | | s an epoch, wall (least) | processor | cost | times ours |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        ours = min(r["wall"] for r in rows if r["case"] == row["case"] and r["side"] == "descentd")
        print(f"| {row['case']} | {row['side']} | {row['wall']:.3f} "
              f"({row['wall_least']:.3f}) | {row['processor']:.3f} | {row['cost']:.4f} | "
              f"{row['wall'] / ours:.1f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="build/release/descentd")
    parser.add_argument("--case", choices=[*CASES, "both"], default="both")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    chosen = CASES if arguments.case == "both" else {arguments.case: CASES[arguments.case]}
    rows = []
    blas = [f"{p['internal_api']} {p['version']} ({p.get('architecture')})"
            for p in threadpool_info()]
    with Ours(arguments.binary) as server:
        for name, case in chosen.items():
            rows += measure(name, case, server, arguments.threads, arguments.epochs,
                            arguments.rounds)
            if arguments.json:
                with open(arguments.json, "w") as f:
                    json.dump({"rows": rows, "blas": blas}, f, indent=1)
    report(rows)
    print(f"\nPyTorch {torch.__version__}, BLAS: {', '.join(blas)}")


if __name__ == "__main__":
    main()
