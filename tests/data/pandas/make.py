#!/usr/bin/env python3
"""Writes tables.json: files as pandas and scikit-learn write them, and the values that were in them.

    tests/data/pandas/make.py      needs python3-pandas and python3-sklearn; the tests only read tables.json

Each table has the name of a format, what a query would say of it, the file as text, and its rows, the
target last: a cell is null where it is missing, or a text: n:0x1.8p+1 (a number, exactly), t:Rome,
b:1 (a boolean), d:1714521600 (seconds since 1970).
"""
import csv
import io
import json
import os
import random

import numpy as np
import pandas as pd
from sklearn.datasets import dump_svmlight_file

random.seed(20261126)
NUMBERS = [0.1, -0.0, 1e300, 5e-324, 1 / 3, -123456789.123456789, 2.0 ** 53, 1e-7, 3, float("nan"),
           1.7976931348623157e308, -2.2250738585072014e-308]
TEXTS = ["Rome", "say \"hi\", Oslo", "K\u00f6ln", "a;b", " padded ", "x|y", "Rome", None, "'", "#1",
         "\u6771\u4eac", "tab-less"]
DATES = ["2024-05-01", "1969-12-31 23:59:59.5", "2000-02-29 12:30:00", None, "2024-05-01 00:00:00.25",
         "1677-12-31", "2024-05-01", "2038-01-19 03:14:08", "2262-04-11", "1970-01-01", "1900-03-01",
         "2024-12-31 23:59:59"]


def frame():
    n = len(NUMBERS)
    return pd.DataFrame({
        "x": NUMBERS,
        "count": [int(random.getrandbits(40)) - 2 ** 39 for _ in range(n)],
        "text": TEXTS,
        "ok": [True, False, True, True, False, False, True, False, True, True, False, False],
        "when": pd.to_datetime(DATES),
        "y": [random.gauss(0, 1e3) for _ in range(n)],
    })


def number(v):
    return None if v != v else "n:" + float(v).hex()


def seconds(d):
    day, _, clock = d.partition(" ")
    s = float((np.datetime64(day, "D") - np.datetime64("1970-01-01", "D")).astype(int)) * 86400
    if clock:
        h, m, rest = clock.split(":")
        s += 3600 * int(h) + 60 * int(m) + float(rest)
    return "d:%r" % s


def rows(f):
    return [[number(r.x), number(r.count_), None if r.text is None else "t:" + r.text, "b:%d" % r.ok,
             None if d is None else seconds(d), number(r.y)]
            for r, d in zip(f.rename(columns={"count": "count_"}).itertuples(), DATES)]


def tables():
    f = frame()
    at = {"target": "y"}
    quoting = {"quoted": csv.QUOTE_ALL, "texts_quoted": csv.QUOTE_NONNUMERIC}
    yield "csv", "default", at, f.to_csv(index=False), rows(f)
    for name, q in quoting.items():
        yield "csv", name, at, f.to_csv(index=False, quoting=q), rows(f)
    yield "csv", "crlf", at, f.to_csv(index=False, lineterminator="\r\n"), rows(f)
    yield "csv", "semicolons", at, f.to_csv(index=False, sep=";"), rows(f)
    yield "csv", "bars", at, f.to_csv(index=False, sep="|", na_rep="NA"), rows(f)
    yield "csv", "semicolons_given", {**at, "delimiter": ";"}, f.to_csv(index=False, sep=";", na_rep="null"), rows(f)
    yield "csv", "nan", at, f.to_csv(index=False, na_rep="nan"), rows(f)
    yield "csv", "mark", at, "\ufeff" + f.to_csv(index=False), rows(f)
    yield "csv", "digits", at, f.to_csv(index=False, float_format="%.17g"), rows(f)
    yield "csv", "index", {**at, "columns": list(f.columns[:-1])}, f.to_csv(), rows(f)
    yield "csv", "no_header", {"target": "x6", "header": False}, f.to_csv(index=False, header=False), rows(f)
    yield "tsv", "tabs", at, f.to_csv(index=False, sep="\t"), rows(f)
    # what to_json keeps of a number, 15 digits, is told by the text itself; of the largest it makes infinity
    finite = f.drop(columns="when").assign(x=f.x.clip(-1e308, 1e308))
    lines = finite.to_json(orient="records", lines=True, double_precision=15)
    kept = pd.DataFrame([json.loads(line) for line in lines.splitlines()])
    without = [r[:4] + r[5:] for r in rows(kept)]
    yield "ndjson", "records", at, lines, without
    records = finite.to_json(orient="records", double_precision=15)
    yield "json", "records", {}, '{"target": "y", "data": %s}' % records, without
    f["when"] = DATES # JSON has texts alone
    columns = {c: [None if v is None or v != v else v for v in f[c].tolist()] for c in f.columns}
    yield "json", "columns", {}, json.dumps({"columns": columns}), rows(f)
    arrays = json.dumps([[None if v is None or v != v else v for v in r[1:-1]] for r in f.itertuples()])
    yield "json", "matrix", {}, '{"X": %s, "y": %s}' % (arrays, json.dumps(f.y.tolist())), rows(f)
    for base in (0, 1):
        X = np.array([[random.choice([0, 0, random.gauss(0, 1), 1e300]) for _ in range(7)] for _ in range(9)])
        X[:, 6] = 1
        y = np.array([random.gauss(0, 1) for _ in range(9)])
        out = io.BytesIO()
        dump_svmlight_file(X, y, out, zero_based=base == 0)
        # it writes 16 digits: what is kept of a number is told by the text itself
        text = out.getvalue().decode()
        dense = []
        for line in text.splitlines():
            target, *pairs = line.split()
            r = [0.0] * 7 + [float(target)]
            for p in pairs:
                r[int(p.split(":")[0]) - base] = float(p.split(":")[1])
            dense.append([number(v) for v in r])
        yield "libsvm", "base_%d" % base, {"index_base": base}, text, dense


def main():
    all = [{"format": f, "name": n, "query": q, "file": t, "rows": r} for f, n, q, t, r in tables()]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables.json")
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(t) for t in all) + "\n]\n")


if __name__ == "__main__":
    main()
