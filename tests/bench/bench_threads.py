#!/usr/bin/env python3
"""All processors, fairly; and each set of kernels: how training speeds up with them.

    tests/bench/bench_threads.py [--build build/release] [--quick] [--json FILE]

The real binary over HTTP with one thread and with one a processor, in turns, on work that computing
bounds; parameters must agree bit for bit. Many jobs at once likewise. And how long a small job takes
from POST to model, alone and while a large one trains; and the portable kernels against those that
the server chose by itself.
"""
import json
import time

from common import (COLUMNS, PROCESSORS, Data, Server, Wire, alternate, main, median, options, same,
                    vector)


def kinds(given):
    """Name: data, settings. Small ones stay in the caches. The last one also runs eight at once."""
    small = Data(given.small, COLUMNS, "labels")
    net = {"name": "mlp", "hidden_layers": [64, 64]}
    return {
        f"logistic, full batch, {given.small:,} × {COLUMNS}":
            (small, {"model": "logistic_regression", "learning_rate": 0.1, "epochs": given.epochs}),
        f"logistic, full batch, {given.rows:,} × {COLUMNS}":
            (Data(given.rows, COLUMNS, "labels"),
             {"model": "logistic_regression", "learning_rate": 0.1, "epochs": given.epochs // 10}),
        f"poisson, full batch, {given.small:,} × {COLUMNS}":
            (Data(given.small, COLUMNS, "counts"),
             {"model": "poisson_regression", "learning_rate": 0.1, "epochs": given.epochs}),
        f"mlp 20-64-64-1, full batch, {given.small:,} × {COLUMNS}":
            (Data(given.small, COLUMNS), {"model": net, "learning_rate": 0.01,
                                          "epochs": max(4, given.epochs // 20)}),
        f"mlp 20-64-64-1, batches of 1024, {given.small:,} × {COLUMNS}":
            (Data(given.small, COLUMNS),
             {"model": net, "learning_rate": 0.001, "batch_size": 1024, "optimizer": "adam",
              "dtype": "float32", "epochs": max(4, given.epochs // 20)}),
    }


def at_once(server, dataset, jobs, settings):
    """Seconds that so many jobs take which are posted together."""
    began = time.perf_counter()
    ids = [server.ask("POST", "/v1/jobs", {"dataset_id": dataset, "tol": 0, "standardize": False,
                                           **settings})["id"] for _ in range(jobs)]
    for job in ids:
        server.wait(f"/v1/jobs/{job}")
    took = time.perf_counter() - began
    for job in ids:
        server.ask("DELETE", f"/v1/jobs/{job}")
    return took


def speed_up(report, given):
    with Server(given.binary, "--threads", "1") as one, \
         Server(given.binary, "--threads", str(PROCESSORS)) as all_of_them:
        for name, (data, settings) in kinds(given).items():
            servers = {"one": (one, one.upload(data)),
                       "all": (all_of_them, all_of_them.upload(data))}
            models = [server.train(dataset, **settings) for server, dataset in servers.values()]
            if models[0]["parameters"] != models[1]["parameters"]:
                raise RuntimeError(f"{name}: threads change the parameters")
            times = alternate({k: lambda s=s, d=d: s.train(d, **settings)["epochs"][1:-1]
                               for k, (s, d) in servers.items()}, given.seconds)
            ours, theirs = 1e3 * median(times["all"]), 1e3 * median(times["one"])
            cached = data.rows * COLUMNS * 8 < 1 << 25  # the rest waits for memory
            report.add(6, f"{name}: an epoch with {PROCESSORS} threads", ours, "ms", theirs,
                       "1 thread", 1.8 if cached else None, text="≥ 1.8×" if cached else "")
        times = alternate({k: lambda s=s, d=d: at_once(s, d, 8, settings)
                           for k, (s, d) in servers.items()}, given.seconds, 1)
        report.add(6, f"8 jobs at once ({name}), {PROCESSORS} threads", 1e3 * median(times["all"]),
                   "ms", 1e3 * median(times["one"]), "1 thread", 1.8, text="≥ 1.8×")


def small_job(wire, body):
    """Seconds from POST until the model is here."""
    began = time.perf_counter()
    job = json.loads(wire.ask("POST", "/v1/jobs", body))["id"]
    document = json.loads(wire.ask("GET", f"/v1/jobs/{job}?wait=10"))
    wire.ask("GET", f"/v1/models/{document['model_id']}")
    return time.perf_counter() - began


def beside(report, given):
    small, large = Data(100, 5), Data(given.rows, COLUMNS, "labels")
    with Server(given.binary) as server:
        tiny, big = server.upload(small), server.upload(large)
        body = json.dumps({"dataset_id": tiny, "epochs": 100, "tol": 0}).encode()
        wire = Wire(server.address)
        for _ in range(20):
            small_job(wire, body)
        alone = [small_job(wire, body) for _ in range(given.jobs)]
        job = server.ask("POST", "/v1/jobs", {
            "dataset_id": big, "model": "logistic_regression", "learning_rate": 1e-6, "tol": 0,
            "epochs": 10 ** 9, "standardize": False})["id"]
        while server.ask("GET", f"/v1/jobs/{job}")["epoch"] < 2:
            time.sleep(0.01)
        with_it = [small_job(wire, body) for _ in range(given.jobs)]
        server.ask("POST", f"/v1/jobs/{job}/cancel")
        server.wait(f"/v1/jobs/{job}")
    def late(times):
        return sorted(times)[int(0.99 * (len(times) - 1))]
    what = "100 × 5, 100 epochs, from POST to model, while a large job trains"
    report.add(6, f"{what}: median", 1e3 * median(with_it), "ms", 1e3 * median(alone), "alone",
               value=median(with_it) / median(alone))
    report.add(6, f"{what}: 99 of 100", 1e3 * late(with_it), "ms", 1e3 * late(alone), "alone",
               value=late(with_it) / late(alone))


def kernels(report, given):
    with Server(given.binary) as server:
        name = server.ask("GET", "/v1/capabilities")["kernels"]["in_use"]
    data = Data(given.rows, COLUMNS, "labels")
    with Server(given.binary) as best, Server(given.binary, "--kernels", "portable") as portable:
        sides = {"best": (best, best.upload(data)), "portable": (portable, portable.upload(data))}
        settings = {"model": "logistic_regression", "learning_rate": 0.1, "epochs": 20}
        a, b = (vector(s.train(d, **settings)["parameters"]) for s, d in sides.values())
        same(a, b, 0, "the portable kernels")
        times = alternate({k: lambda s=s, d=d: s.train(d, **settings)["epochs"][1:-1]
                           for k, (s, d) in sides.items()}, given.seconds)
        report.add(7, f"logistic, full batch, {given.rows:,} × {COLUMNS}: an epoch by {name}",
                   1e3 * median(times["best"]), "ms", 1e3 * median(times["portable"]),
                   "portable kernels")


def part(report, given):
    beside(report, given)
    kernels(report, given)
    speed_up(report, given)


if __name__ == "__main__":
    main(part, options(__doc__, rows=(1000000, 1000000, 5000), small=(40000, 40000, 2000),
                       seconds=(6, 2, 0), epochs=(400, 200, 40), jobs=(400, 200, 10)))
