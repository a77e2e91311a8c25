#!/usr/bin/env python3
"""Sixteen learning rates at once against one: a sweep of full-batch logistic children.

    tests/bench/bench_sweep.py [--build build/release] [--quick] [--json FILE]

Over HTTP, on data that is stored once. Each is timed with few and with many epochs, and the
difference taken: so the time is that of the epochs, and what each job also does, once (its metrics,
standard errors and certificate), doesn't count. The whole time from POST to ranking stands beside
it. Before that, a child must have the very parameters that it would have had by itself.
"""
import time

from common import COLUMNS, Data, Server, alternate, main, median, options, same, vector

SETTINGS = {"model": "logistic_regression", "tol": 0, "standardize": False}


def part(report, given):
    data = Data(given.rows, COLUMNS, "labels")
    rates = [0.01 * 1.3 ** k for k in range(given.children)]
    with Server(given.binary) as server:
        dataset = server.upload(data)

        def sweep(epochs):
            """Seconds, and the children."""
            began = time.perf_counter()
            sent = server.ask("POST", "/v1/sweeps", {
                "job": {"dataset_id": dataset, "epochs": epochs, **SETTINGS},
                "grid": {"learning_rate": rates}})
            done = server.wait(f"/v1/sweeps/{sent['id']}")
            took = time.perf_counter() - began
            if done["counts"]["succeeded"] != len(rates):
                raise RuntimeError(f"the sweep's jobs: {done['counts']}")
            children = {c["settings"]["learning_rate"]: c for c in done["jobs"]}
            last = {rate: server.ask("GET", f"/v1/models/{c['model_id']}")["parameters"]
                    for rate, c in children.items()}
            server.ask("DELETE", f"/v1/sweeps/{sent['id']}")
            for c in children.values():
                server.ask("DELETE", f"/v1/models/{c['model_id']}")
            return took, last

        def one(epochs, rate=rates[-1]):
            return server.train(dataset, epochs=epochs, learning_rate=rate, **SETTINGS)

        few, many = given.epochs
        _, children = sweep(few)
        for rate in (rates[0], rates[-1]):
            same(vector(children[rate]), vector(one(few, rate)["parameters"]), 0,
                 f"the child with {rate}")
        times = alternate({"sweep": lambda: sweep(many)[0], "one": lambda: one(many)["seconds"],
                           "short sweep": lambda: sweep(few)[0],
                           "short one": lambda: one(few)["seconds"]}, given.seconds, 2)
        t = {name: 1e3 * median(values) for name, values in times.items()}
        per = many - few
        together, alone = (t["sweep"] - t["short sweep"]) / per, (t["one"] - t["short one"]) / per
        what = f"{len(rates)} learning rates, logistic, {given.rows:,} × {COLUMNS}"
        report.add(5, f"{what}: an epoch of all", together, "ms", alone, "one job", 3,
                   value=together / alone, at_most=True, text="≤ 3×")
        report.add(5, f"{what}: {many} epochs, from POST to ranking", t["sweep"], "ms", t["one"],
                   "one job", value=t["sweep"] / t["one"])


if __name__ == "__main__":
    main(part, options(__doc__, rows=(1000000, 1000000, 5000), seconds=(30, 8, 0),
                       epochs=((5, 55), (3, 18), (2, 6)), children=(16, 16, 4)))
