#!/usr/bin/env python3
"""Full-batch least squares: against NumPy's loop and scikit-learn's LinearRegression.

    tests/bench/bench_least_squares.py [--build build/release] [--quick] [--json FILE]

Ours is the real binary over HTTP on data that is stored once. Its time is that of
the last point of its history: all of the training, whatever it prepares included, as the loop of
NumPy has nothing but training in it. The whole time, from the POST to the model in hand with its
metrics, standard errors and certificate, stands beside it. NumPy's loop is timed for some epochs
and taken times 1,000. Sides take turns; medians.
"""
import time
import warnings

from common import COLUMNS, Data, Server, alternate, main, median, options, same, vector

import numpy as np

RATE = 0.05
VARIANTS = {
    "plain": {},
    "l2": {"l2": 0.01},
    "standardised": {"standardize": True},
    "momentum": {"optimizer": {"name": "momentum", "momentum": 0.9}},
    "Nesterov": {"optimizer": {"name": "nesterov", "momentum": 0.9}},
}


def numpy_loop(data, epochs, rate=RATE):
    """Seconds of each epoch, and the parameters."""
    w, b, times = np.zeros(data.columns), 0.0, []
    for _ in range(epochs):
        began = time.perf_counter()
        d = data.X @ w + b - data.y
        w -= rate * 2 * (data.X.T @ d) / data.rows
        b -= rate * 2 * d.mean()
        times.append(time.perf_counter() - began)
    return times, np.append(w, b)


def scikit_learn(data):
    from sklearn.linear_model import LinearRegression

    began = time.perf_counter()
    model = LinearRegression().fit(data.X, data.y)
    return time.perf_counter() - began, np.append(model.coef_, model.intercept_)


def timed(run, whole):
    """Seconds of training; puts those from POST to model into whole."""
    whole.append(run["seconds"])
    return run["points"][-1]["seconds"]


def part(report, given):
    data = Data(given.rows, COLUMNS)
    shape = f"least squares, full batch, {given.rows:,} × {COLUMNS}"
    with Server(given.binary) as server:
        dataset = server.upload(data)

        def train(epochs, **settings):
            return server.train(dataset, epochs=epochs, learning_rate=RATE, **settings)

        same(vector(train(20)["parameters"]), numpy_loop(data, 20)[1], 1e-9, "NumPy")
        if train(1000, max_seconds=20)["job"]["stop_reason"] == "max_seconds":
            raise RuntimeError("1,000 epochs take more than 20 seconds: they pass over the rows")
        same(vector(train(2000)["parameters"]), scikit_learn(data)[1], 1e-9, "scikit-learn")
        whole, many_whole = [], []

        def once():
            return timed(train(1000), whole)

        def many():
            return timed(train(given.many), many_whole)

        def theirs():
            return 1000 * median(numpy_loop(data, given.epochs)[0][1:])

        times = alternate({"ours": once, "many": many, "NumPy": theirs,
                           "scikit-learn": lambda: scikit_learn(data)[0]}, given.seconds)
        ours, loop = 1e3 * median(times["ours"]), 1e3 * median(times["NumPy"])
        report.add(1, f"{shape}: 1,000 epochs", ours, "ms", loop, "NumPy loop", 1000,
                   text="≥ 1,000×")
        report.add(1, f"{shape}: 1,000 epochs, from POST to model", 1e3 * median(whole), "ms", loop,
                   "NumPy loop")
        long = 1e3 * median(times["many"])
        report.add(1, f"{shape}: {given.many:,} epochs", long, "ms", ours, "1,000 epochs", 3,
                   value=long / ours, at_most=True, text="≤ 3×")
        report.add(1, f"{shape}: {given.many:,} epochs, from POST to model",
                   1e3 * median(many_whole), "ms")
        report.add(1, f"{shape}: to the optimum, from POST to model", 1e3 * median(whole), "ms",
                   1e3 * median(times["scikit-learn"]), "LinearRegression.fit")
        for name, settings in VARIANTS.items():
            if settings:
                runs = [timed(train(1000, **settings), []) for _ in range(5)]
                report.add(1, f"{shape}, {name}: 1,000 epochs", 1e3 * median(runs), "ms", loop,
                           "NumPy loop, plain", 1000, text="≥ 1,000×")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main(part, options(__doc__, rows=(1000000, 1000000, 5000), seconds=(20, 8, 0),
                       epochs=(12, 6, 3), many=(1000000, 1000000, 5000)))
