#!/usr/bin/env python3
"""Stochastic gradient descent against scikit-learn, and small batches against NumPy, an epoch.

    tests/bench/bench_sgd.py [--driver build/release/tests/bench_sgd] [--rows 1000000]
                             [--columns 20] [--repetitions 7] [--only TEXT] [--json FILE]

Both sides train on the same doubles. Ours is core, driven by bench_sgd.c without the server around
it; an epoch of ours ends with the cost and the gradient of the full objective, for the history, the
others' does not. Before anything is timed both sides must arrive at the same answer: with rows in
their order at the same parameters; with shuffled ones, whose orders differ, at nearly the same
cost. Then they take turns. Times are of the processor, since both use one thread and a shared
machine is no better clock; those on the wall are in the JSON.

Needs NumPy and scikit-learn (Debian: python3-sklearn) and the target bench_sgd (cmake --preset
release && cmake --build --preset release --target bench_sgd).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
from sklearn.linear_model import SGDClassifier, SGDRegressor  # noqa: E402

warnings.filterwarnings("ignore")
ETA = 1e-3  # of scikit-learn, whose squared error is half of ours
ALPHA = 1e-4
EPOCHS = 3


class Data:
    def __init__(self, folder, rows, columns):
        random = np.random.default_rng(20)
        self.X = random.standard_normal((rows, columns))
        self.w = random.standard_normal(columns)
        score = self.X @ self.w + 1
        self.y = score + 0.5 * random.standard_normal(rows)
        self.labels = (score + random.logistic(size=rows) > 0).astype(float)
        self.files = {}
        for name, values in (("X", self.X), ("y", self.y), ("labels", self.labels)):
            self.files[name] = os.path.join(folder, name)
            values.tofile(self.files[name])


def clock():
    return np.array([time.process_time(), time.perf_counter()])


def cost(case, data, theta):
    z = data.X @ theta[:-1] + theta[-1]
    if case["logistic"]:
        m = np.where(data.labels > 0.5, z, -z)
        return float(np.mean(np.logaddexp(0, -m)))
    return float(np.mean((data.y - z) ** 2))


def ours(case, data, driver, epochs):
    """Seconds of each epoch (processor, wall), and the parameters."""
    half = 1 if case["logistic"] else 2
    command = [driver, data.files["X"], data.files["labels" if case["logistic"] else "y"],
               str(len(data.X)), str(data.X.shape[1]),
               "logistic_regression" if case["logistic"] else "linear_regression",
               case.get("optimizer", "gd"), repr(ETA / half), str(case["batch"]),
               str(int(case["shuffle"])), str(epochs), repr(half * ALPHA)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    times = [[float(v) for v in line.split()[:2]] for line in lines[:epochs]]
    theta = np.array([float(v) for v in lines[epochs].split()])
    return np.array([[processor, wall] for wall, processor in times]), theta


def sklearn_fit(case, data, epochs):
    kind, y, more = SGDRegressor, data.y, {}
    if case["logistic"]:
        kind, y, more = SGDClassifier, data.labels, {"loss": "log_loss"}
    model = kind(max_iter=epochs, tol=None, shuffle=case["shuffle"], alpha=ALPHA,
                 learning_rate="constant", eta0=ETA, random_state=0, **more)
    began = clock()
    model.fit(data.X, y)
    return clock() - began, np.append(model.coef_.ravel(), model.intercept_)


def sklearn(case, data, epochs):
    """What a fit of so many epochs more takes, so that its checks of the data don't count."""
    once, _ = sklearn_fit(case, data, 1)
    all_of_them, theta = sklearn_fit(case, data, epochs + 1)
    return np.array([(all_of_them - once) / epochs]), theta


def numpy_loop(case, data, epochs):
    y = data.labels if case["logistic"] else data.y
    rate, l2 = (ETA, ALPHA) if case["logistic"] else (ETA / 2, 2 * ALPHA)
    w, b, times = np.zeros(data.X.shape[1]), 0.0, []
    random = np.random.default_rng(1)
    for _ in range(epochs):
        began = clock()
        order = random.permutation(len(y)) if case["shuffle"] else None
        for first in range(0, len(y), case["batch"]):
            rows = slice(first, first + case["batch"])
            if order is not None:
                rows = order[rows]
            X, z = data.X[rows], data.X[rows] @ w + b
            d = 1 / (1 + np.exp(-z)) - y[rows] if case["logistic"] else 2 * (z - y[rows])
            w -= rate * (d @ X / len(d) + l2 * w)
            b -= rate * d.mean()
        times.append(clock() - began)
    return np.array(times), np.append(w, b)


def check(case, data, driver):
    """Both sides must have learned the same before their times mean anything."""
    extra = 1 if case["other"] is sklearn else 0  # it fits an epoch more than it is asked for
    _, theirs = case["other"](case, data, EPOCHS - extra)
    _, own = ours(case, data, driver, EPOCHS)
    a, b, none = cost(case, data, own), cost(case, data, theirs), cost(case, data, 0 * own)
    if case["shuffle"]:
        if abs(a - b) > 0.02 * b or b > 0.9 * none:
            sys.exit(f"{case['name']}: cost {a}, the other side has {b}, zeros {none}")
    elif np.max(np.abs(own - theirs)) > 1e-8 * np.max(np.abs(theirs)):
        sys.exit(f"{case['name']}: the parameters differ by {np.max(np.abs(own - theirs))}")
    return a, b


def cases():
    for logistic in (False, True):
        for shuffle in (True, False):
            for batch in (1, 32, 256):
                other = sklearn if batch == 1 else numpy_loop
                name = "logistic" if logistic else "squares"
                yield {"name": f"{name}, batch {batch}{', shuffled' if shuffle else ''}",
                       "logistic": logistic, "shuffle": shuffle, "batch": batch, "other": other,
                       "against": ("SGDClassifier" if logistic else "SGDRegressor")
                       if batch == 1 else "NumPy loop"}


def save(given, report):
    if given.json:
        with open(given.json, "w") as f:
            json.dump({"rows": given.rows, "columns": given.columns, "cases": report}, f, indent=1)
            f.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--driver", default="build/release/tests/bench_sgd")
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--json")
    given = parser.parse_args()
    report = []
    with tempfile.TemporaryDirectory() as folder:
        data = Data(folder, given.rows, given.columns)
        print("| an epoch | ms | against | ms | ratio | least | cost | theirs |")
        print("|---|---|---|---|---|---|---|---|")
        for case in (c for c in cases() if given.only in c["name"]):
            costs = check(case, data, given.driver)
            own, theirs = [], []
            for _ in range(given.repetitions):  # in turn
                own.append(np.median(ours(case, data, given.driver, EPOCHS)[0], axis=0))
                theirs.append(np.median(case["other"](case, data, EPOCHS)[0], axis=0))
            own, theirs = np.array(own), np.array(theirs)
            ratios = theirs[:, 0] / own[:, 0]
            row = {"case": case["name"], "against": case["against"],
                   "ours_ms": 1e3 * statistics.median(own[:, 0]),
                   "theirs_ms": 1e3 * statistics.median(theirs[:, 0]),
                   "ratio": statistics.median(ratios),
                   "ratio_of_the_least": min(theirs[:, 0]) / min(own[:, 0]),
                   "ours_wall_ms": 1e3 * statistics.median(own[:, 1]),
                   "theirs_wall_ms": 1e3 * statistics.median(theirs[:, 1]),
                   "cost": costs[0], "their_cost": costs[1]}
            report.append(row)
            print(f"| {row['case']} | {row['ours_ms']:.1f} | {row['against']} | "
                  f"{row['theirs_ms']:.1f} | {row['ratio']:.1f} | "
                  f"{row['ratio_of_the_least']:.1f} | {row['cost']:.5g} | "
                  f"{row['their_cost']:.5g} |", flush=True)
            save(given, report)


if __name__ == "__main__":
    main()
