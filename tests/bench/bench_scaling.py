#!/usr/bin/env python3
"""How training scales: with rows, with columns and with threads, beside NumPy's loop.

    tests/bench/bench_scaling.py [--build build/release] [--quick] [--json FILE]

Logistic regression, which streams over its rows: an epoch. Least squares: 1,000 epochs, by the last
point of the history. Rows go from 1,000 up to what fits in 4 GB (10,000,000 × 20), columns from 2
to 512 with as many numbers in all, threads from 1 to one a processor. The real binary over HTTP;
sides take turns.
"""
from bench_least_squares import numpy_loop as numpy_squares
from bench_streaming import numpy_loop as numpy_logistic

from common import COLUMNS, PROCESSORS, Data, Server, alternate, main, median, options, same, vector

RATE = 0.05


def logistic(report, server, data, dataset, given, what):
    """Returns seconds an epoch."""
    epochs = max(5, min(500, given.values // (data.rows * data.columns)))
    few = max(3, epochs // 10)
    settings = {"model": "logistic_regression", "learning_rate": RATE}
    same(vector(server.train(dataset, epochs=2, **settings)["parameters"]),
         numpy_logistic("logistic", data, 2, RATE)[1], 1e-8, what)
    times = alternate(
        {"ours": lambda: server.train(dataset, epochs=epochs, **settings)["epochs"][1:-1],
         "NumPy": lambda: numpy_logistic("logistic", data, few, RATE)[0][1:]}, given.seconds, 1)
    report.add("N, d", f"logistic, full batch, {what}: an epoch", 1e3 * median(times["ours"]), "ms",
               1e3 * median(times["NumPy"]), "NumPy loop", rows=data.rows, columns=data.columns)


def squares(report, server, data, given, what):
    dataset = server.upload(data)
    few = max(3, min(300, given.values // (data.rows * data.columns)))
    rate = min(RATE, 1 / data.columns)
    same(vector(server.train(dataset, epochs=2, learning_rate=rate)["parameters"]),
         numpy_squares(data, 2, rate)[1], 1e-8, what)

    def ours():
        run = server.train(dataset, epochs=1000, learning_rate=rate)
        return run["points"][-1]["seconds"]

    times = alternate({"ours": ours,
                       "NumPy": lambda: 1000 * median(numpy_squares(data, few, rate)[0][1:])},
                      given.seconds, 1)
    report.add("N, d", f"least squares, full batch, {what}: 1,000 epochs",
               1e3 * median(times["ours"]), "ms", 1e3 * median(times["NumPy"]), "NumPy loop",
               rows=data.rows, columns=data.columns)
    server.ask("DELETE", f"/v1/datasets/{dataset}")


def part(report, given):
    shapes = [(rows, COLUMNS) for rows in given.rows]
    shapes += [(given.values // columns, columns) for columns in given.columns]
    with Server(given.binary, "--max-body", "8g") as server:
        for rows, columns in shapes:
            what = f"{rows:,} × {columns}"
            data = Data(rows, columns, "labels")
            dataset = server.upload(data)
            logistic(report, server, data, dataset, given, what)
            server.ask("DELETE", f"/v1/datasets/{dataset}")
            if rows * columns <= given.most_squares:
                squares(report, server, Data(rows, columns), given, what)
    threads(report, given)


def threads(report, given):
    data = Data(given.thread_rows, COLUMNS, "labels")
    settings = {"model": "logistic_regression", "learning_rate": RATE, "epochs": 20}
    counts = sorted({1, 2, PROCESSORS} | {n for n in (4, 8, 16, 32) if n < PROCESSORS})
    alone = None
    for n in (n for n in counts if n <= PROCESSORS):
        with Server(given.binary, "--threads", str(n)) as server:
            dataset = server.upload(data)
            times = alternate({n: lambda: server.train(dataset, **settings)["epochs"][1:-1]},
                              given.seconds)
            epoch = 1e3 * median(times[n])
            alone = alone or epoch
            report.add("threads", f"logistic, full batch, {data.rows:,} × {COLUMNS}: an epoch with "
                       f"{n} threads", epoch, "ms", alone, "1 thread", threads=n)


if __name__ == "__main__":
    main(part, options(__doc__,
                       rows=([10 ** k for k in range(3, 8)], [10 ** k for k in range(3, 7)],
                             [1000]),
                       columns=([2, 8, 64, 128, 512], [8, 128], [2]),
                       values=(4000000, 2000000, 4000), most_squares=(20000000, 20000000, 20000000),
                       thread_rows=(1000000, 1000000, 2000), seconds=(2, 0.5, 0)))
