#!/usr/bin/env python3
"""Writes the files of the readers' benchmark into a folder: one table of numbers, 200,000 by 20 and
a target, in each format and with numbers of 17 digits (long) and of a few (short); the long ones as
arrays of NumPy too, in both orders, and as a packed table; and a table with two columns of texts."""

import gzip
import os
import sys

import numpy as np

ROWS, COLS = int(os.environ.get("ROWS", 200000)), 20
folder = sys.argv[1]
rng = np.random.default_rng(2385)
names = ["x%d" % (i + 1) for i in range(COLS)]


def write(kind, texts, targets):
    rows = [texts[i * COLS : (i + 1) * COLS] for i in range(ROWS)]
    with open(f"{folder}/matrix_{kind}.json", "w") as f:
        f.write('{"X": [' + ", ".join("[" + ", ".join(r) + "]" for r in rows))
        f.write('], "y": [' + ", ".join(targets) + "]}")
    with open(f"{folder}/columns_{kind}.json", "w") as f:
        f.write('{"columns": {')
        for j, name in enumerate(names):
            f.write('"%s": [%s], ' % (name, ", ".join(r[j] for r in rows)))
        f.write('"y": [' + ", ".join(targets) + "]}}")
    records = [
        "{" + ", ".join('"%s": %s' % pair for pair in zip(names, r)) + ', "y": ' + t + "}"
        for r, t in zip(rows, targets)
    ]
    with open(f"{folder}/records_{kind}.json", "w") as f:
        f.write('{"target": "y", "data": [' + ", ".join(records) + "]}")
    with open(f"{folder}/records_{kind}.ndjson", "w") as f:
        f.write("\n".join(records) + "\n")
    with open(f"{folder}/table_{kind}.csv", "w") as f:
        f.write(",".join(names) + ",y\n")
        for r, t in zip(rows, targets):
            f.write(",".join(r) + "," + t + "\n")


long_ = rng.standard_normal(ROWS * (COLS + 1))
texts = ["%.17g" % v for v in long_]
write("long", texts[: ROWS * COLS], texts[ROWS * COLS :])
short = rng.standard_normal(ROWS * (COLS + 1)) * 100
texts = ["%.6g" % v for v in short]
write("short", texts[: ROWS * COLS], texts[ROWS * COLS :])

numbers = long_.reshape(ROWS, COLS + 1, order="F")
np.save(f"{folder}/rows.npy", np.ascontiguousarray(numbers))
np.save(f"{folder}/columns.npy", np.asfortranarray(numbers))
np.savez(f"{folder}/stored.npz", X=np.ascontiguousarray(numbers[:, :COLS]), y=numbers[:, COLS])
with open(f"{folder}/table_long.csv", "rb") as f, gzip.open(f"{folder}/packed.csv.gz", "wb", 6) as g:
    g.write(f.read())
cities, kinds = ["city %04d" % i for i in range(800)], ["red", "green", "blue", "rather long", "x"]
with open(f"{folder}/table_texts.csv", "w") as f:
    f.write("x1,x2,city,kind,x3,y\n")
    for i, (c, k) in enumerate(zip(rng.integers(0, 800, ROWS), rng.integers(0, 5, ROWS))):
        f.write(f"{long_[3 * i]!r},{long_[3 * i + 1]!r},{cities[c]},{kinds[k]},{short[i]:.6g},{short[-i]:.6g}\n")
