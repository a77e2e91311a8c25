#!/usr/bin/env python3
"""Sixteen learning rates at once against one: a sweep of full-batch logistic children.

    tests/bench/bench_sweep.py [--build build/release] [--quick] [--json FILE]

Over HTTP, on data that is stored once. Before anything is timed, children must have the very
parameters that they would have had by themselves, on smaller data. Then jobs without an end are
watched for a while, sixteen children and one job in turns: an epoch of all children takes the time
over the epochs that a child came on meanwhile, in their mean. So what a job does once, before and
after its epochs, doesn't count. The whole time of a sweep, from POST to ranking, stands beside it.
"""
import time

from common import COLUMNS, Data, Server, alternate, main, median, options, same, vector

SETTINGS = {"model": "logistic_regression", "tol": 0, "standardize": False}


class Bench:
    def __init__(self, server, dataset, rates):
        self.server, self.dataset, self.rates = server, dataset, rates

    def post(self, rates, epochs):
        """A sweep's id."""
        return self.server.ask("POST", "/v1/sweeps", {
            "job": {"dataset_id": self.dataset, "epochs": epochs, **SETTINGS},
            "grid": {"learning_rate": rates}})["id"]

    def whole(self, rates, epochs):
        """Seconds from POST to ranking, and the children's parameters."""
        began = time.perf_counter()
        sweep = self.post(rates, epochs)
        done = self.server.wait(f"/v1/sweeps/{sweep}")
        took = time.perf_counter() - began
        if done["counts"]["succeeded"] != len(rates):
            raise RuntimeError(f"the sweep's jobs: {done['counts']}")
        parameters = {}
        for child in done["jobs"]:
            path = f"/v1/models/{child['model_id']}"
            parameters[child["settings"]["learning_rate"]] = vector(
                self.server.ask("GET", path)["parameters"])
            self.server.ask("DELETE", path)
        self.server.ask("DELETE", f"/v1/sweeps/{sweep}")
        return took, parameters

    def epochs(self, sweep):
        """How far its children are, by their ids."""
        jobs = self.server.ask("GET", f"/v1/jobs?sweep={sweep}&limit=100")["jobs"]
        return {job["id"]: job["epoch"] for job in jobs}

    def moments(self, sweep):
        """Of each child, when it was next seen to have come on, and how far: they say so only a
        few times a second."""
        before, seen = self.epochs(sweep), {}
        while len(seen) < len(before):
            time.sleep(0.03)
            now = time.perf_counter()
            for job, epoch in self.epochs(sweep).items():
                if job not in seen and epoch > max(before[job], 1):
                    seen[job] = (now, epoch)
        return seen

    def watch(self, rates, seconds):
        """Seconds of an epoch of all children."""
        sweep = self.post(rates, 10 ** 9)
        first = self.moments(sweep)
        time.sleep(seconds)
        last = self.moments(sweep)
        self.server.ask("POST", f"/v1/sweeps/{sweep}/cancel")
        self.server.wait(f"/v1/sweeps/{sweep}")
        self.server.ask("DELETE", f"/v1/sweeps/{sweep}")
        return len(rates) / sum((last[job][1] - epoch) / (last[job][0] - at)
                                for job, (at, epoch) in first.items())


def check(server, rates, given):
    bench = Bench(server, server.upload(Data(given.checked, COLUMNS, "labels")), rates)
    _, parameters = bench.whole(rates, 20)
    for rate in (rates[0], rates[-1]):
        one = server.train(bench.dataset, epochs=20, learning_rate=rate, **SETTINGS)
        same(parameters[rate], vector(one["parameters"]), 0, f"the child with {rate}")


def part(report, given):
    rates = [round(0.01 * 1.3 ** k, 6) for k in range(given.children)]
    what = f"{len(rates)} learning rates, logistic, {given.rows:,} × {COLUMNS}"
    with Server(given.binary) as server:
        check(server, rates, given)
        bench = Bench(server, server.upload(Data(given.rows, COLUMNS, "labels")), rates)
        times = alternate({"all": lambda: bench.watch(rates, given.window),
                           "one": lambda: bench.watch(rates[-1:], given.window)}, given.seconds, 1)
        together, single = 1e3 * median(times["all"]), 1e3 * median(times["one"])
        report.add(5, f"{what}: an epoch of all", together, "ms", single, "one job", 3,
                   value=together / single, at_most=True, text="≤ 3×")
        one = server.train(bench.dataset, epochs=given.epochs, learning_rate=rates[-1],
                           **SETTINGS)["seconds"]
        took, _ = bench.whole(rates, given.epochs)
        report.add(5, f"{what}: {given.epochs} epochs, from POST to ranking", 1e3 * took, "ms",
                   1e3 * one, "one job", 3, value=took / one, at_most=True, text="≤ 3×")


if __name__ == "__main__":
    main(part, options(__doc__, rows=(1000000, 200000, 5000), checked=(20000, 20000, 5000),
                       children=(16, 16, 4), epochs=(50, 10, 5), window=(4, 2, 0.3),
                       seconds=(30, 8, 0)))
