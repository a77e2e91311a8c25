#!/usr/bin/env python3
"""How long it takes a running job to end once it is asked to: cancel and stop, over HTTP.

    tests/bench/steering.py [--binary build/release/descentd] [--repetitions 25] [--json FILE]

Starts the binary on a directory of its own, uploads 1,000,000 rows x 20 columns for two classes,
and for each kind of training below posts a job without an end, lets it run for a random while, so
that the request falls anywhere within an epoch, and takes the time from sending the request until a
client that waits for the job (?wait) has its last document. Beside it stand the processor time
that the server took meanwhile, which other work on the machine does not lengthen, and how long an
epoch of that training takes. Python's standard library only; Linux for the processor time.
"""
import argparse
import json
import os
import random
import sys
import tempfile
import time

from common import Server

COLUMNS = 20
KINDS = [
    ("logistic, full batch", {"model": "logistic_regression", "learning_rate": 1e-6}),
    ("logistic, batches of 32",
     {"model": "logistic_regression", "learning_rate": 1e-6, "batch_size": 32}),
    ("logistic, lbfgs, validated",
     {"model": "logistic_regression", "optimizer": "lbfgs", "l2": 1e-9,
      "validation_fraction": 0.2}),
    ("mlp 64-32, batches of 64",
     {"model": {"name": "mlp", "hidden_layers": [64, 32]}, "optimizer": "adam",
      "learning_rate": 1e-4, "batch_size": 64}),
]
WAYS = {"cancel": "cancelled", "stop": "succeeded"}


def upload(server, folder, rows, seed):
    """Rows whose labels a noisy plane parts, from a pool of numbers to be quick."""
    draw = random.Random(seed)
    pool = [draw.gauss(0, 1) for _ in range(1024)]
    text = ["%.4f" % v for v in pool]
    weights = [draw.gauss(0, 1) for _ in range(COLUMNS)]
    path = os.path.join(folder, "data.csv")
    with open(path, "w") as csv:
        csv.write(",".join(f"x{j}" for j in range(COLUMNS)) + ",y\n")
        for _ in range(rows):
            at = draw.choices(range(1024), k=COLUMNS)
            z = sum(w * pool[i] for w, i in zip(weights, at)) + 2 * draw.gauss(0, 1)
            csv.write(",".join([text[i] for i in at]) + (",yes\n" if z > 0 else ",no\n"))
    with open(path, "rb") as csv:
        dataset = server.ask("POST", "/v1/datasets?target=y", csv, "text/csv")
    os.unlink(path)
    return dataset["id"]


def once(server, dataset, settings, way, pause):
    """Seconds from the request to the end, and the processor time of the server in between."""
    job = server.ask("POST", "/v1/jobs", {
        "dataset_id": dataset, "epochs": 10**9, "tol": 0, **settings})["id"]
    while server.ask("GET", f"/v1/jobs/{job}")["state"] == "queued":
        time.sleep(0.005)
    time.sleep(pause)
    began, spent = time.perf_counter(), server.processor_time()
    server.ask("POST", f"/v1/jobs/{job}/{way}")
    while True:
        document = server.ask("GET", f"/v1/jobs/{job}?wait=60")
        if document["finished_at"]:
            break
    took, spent = time.perf_counter() - began, server.processor_time() - spent
    if document["state"] != WAYS[way]:
        sys.exit(f"{way} ended as {document['state']}: {document['stop_reason']}")
    if way == "stop":
        server.ask("DELETE", f"/v1/models/{document['model_id']}")
    server.ask("DELETE", f"/v1/jobs/{job}")
    return took, spent


def epoch_of(server, dataset, settings, epochs):
    """Seconds that an epoch takes, left alone."""
    job = server.ask("POST", "/v1/jobs", {
        "dataset_id": dataset, "epochs": epochs, "tol": 0, **settings})["id"]
    while True:
        if server.ask("GET", f"/v1/jobs/{job}?wait=60")["finished_at"]:
            break
    points = server.ask("GET", f"/v1/jobs/{job}/history")["history"]
    server.ask("DELETE", f"/v1/jobs/{job}")
    return (points[-1]["seconds"] - points[0]["seconds"]) / points[-1]["epoch"]


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/descentd")
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--workers", type=int, default=0, help="0: the default")
    parser.add_argument("--only", default="", help="kinds of training that have this in their name")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    figures = []
    flags = ["--workers", str(options.workers)] if options.workers else []
    with tempfile.TemporaryDirectory() as folder, Server(options.binary, *flags) as server:
        dataset = upload(server, folder, options.rows, options.seed)
        print(f"{options.rows} rows x {COLUMNS} columns, "
              f"{options.repetitions} repetitions; milliseconds\n")
        print("| training | an epoch | asked to | median | p99 | max | processor, median |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for name, settings in KINDS:
            if options.only not in name:
                continue
            epoch = epoch_of(server, dataset, settings, 2 if "batch_size" in settings else 5)
            for way in WAYS:
                times = [once(server, dataset, settings, way, draw.uniform(0, 0.5))
                         for _ in range(options.repetitions)]
                took, spent = zip(*times)
                figure = {"training": name, "asked_to": way, "rows": options.rows,
                          "columns": COLUMNS, "repetitions": options.repetitions,
                          "epoch_ms": 1e3 * epoch, "median_ms": 1e3 * quantile(took, 0.5),
                          "p99_ms": 1e3 * quantile(took, 0.99), "max_ms": 1e3 * max(took),
                          "processor_median_ms": 1e3 * quantile(spent, 0.5)}
                figures.append(figure)
                print("| {training} | {epoch_ms:.0f} | {asked_to} | {median_ms:.1f} | "
                      "{p99_ms:.1f} | {max_ms:.1f} | {processor_median_ms:.0f} |"
                      .format(**figure), flush=True)
    if options.json:
        with open(options.json, "w") as out:
            for figure in figures:
                out.write(json.dumps(figure) + "\n")


if __name__ == "__main__":
    main()
