#!/usr/bin/python3
"""Columns of texts, missing values and products by scikit-learn: writes columns.json and ../flats.csv.
Run by make.sh.

Each case has the job's settings in the server's terms, the predictions of a scikit-learn pipeline
(ColumnTransformer of SimpleImputer, OneHotEncoder, PolynomialFeatures, then a linear model) for the
rows it was fitted on, and for further ones, some of which lack values.
"""
import csv
import datetime
import json
import os
import sys

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ["city", "rooms", "area", "lift", "since", "rent", "let"]
CITIES = ["Oslo", "Rome", "Bonn", "Århus", "Rome (old town)"]


def make(rows=80):
    """Flats that there might be: rows of texts as they stand in the file, "" for missing."""
    r = np.random.RandomState(20240501)
    out = []
    for _ in range(rows):
        c, rooms = r.randint(len(CITIES)), r.randint(1, 6)
        area = round(18 * rooms + r.uniform(5, 40), 1)
        lift, day = bool(r.randint(2)), datetime.date(2015, 1, 1) + datetime.timedelta(int(r.randint(3650)))
        rent = round(300 + 90 * c + 11 * area + 60 * lift + r.normal(0, 40), 2)
        let = "yes" if r.uniform() < 1 / (1 + np.exp((rent - 1100) / 250)) else "no"
        row = [CITIES[c], str(rooms), str(area), str(lift).lower(), day.isoformat(), str(rent), let]
        for j in range(5):
            if r.uniform() < 0.08:
                row[j] = ""
        out.append(row)
    return out


def number(text, name):
    if text == "":
        return np.nan
    if name == "lift":
        return float(text == "true")
    if name == "since":
        return datetime.datetime.fromisoformat(text + "T00:00:00+00:00").timestamp()
    return float(text)


def table(rows, names):
    """An object array: texts of city, numbers of the others."""
    return np.array([[(np.nan if r[NAMES.index(n)] == "" else r[NAMES.index(n)]) if n == "city"
                      else number(r[NAMES.index(n)], n) for n in names] for r in rows], object)


def record(row, names):
    """As JSON has it."""
    def value(text, name):
        if text == "":
            return None
        if name == "lift":
            return text == "true"
        return text if name in ("city", "since") else float(text)
    return {n: value(row[NAMES.index(n)], n) for n in names}


def prepared(names, strategy="mean", indicator=False, drop="first", unknown="error", degree=0,
             interactions=False):
    numbers = [i for i, n in enumerate(names) if n != "city"]
    texts = [i for i, n in enumerate(names) if n == "city"]
    encode = OneHotEncoder(drop=drop, handle_unknown=unknown, sparse_output=False)
    steps = [ColumnTransformer([
        ("numbers", SimpleImputer(strategy=strategy, add_indicator=indicator), numbers),
        ("texts", make_pipeline(SimpleImputer(strategy="most_frequent"), encode), texts)])]
    if degree:
        steps += [StandardScaler(), PolynomialFeatures(degree, interaction_only=interactions,
                                                       include_bias=False)]
    return Pipeline([(str(i), s) for i, s in enumerate(steps + [StandardScaler()])])


def case(rows, further, names, settings, pipeline, target="rent", model=None, keep=None):
    used = [r for r in rows if keep is None or keep(r, names)]
    X, Z = table(used, names), table(further, names)
    y = [r[NAMES.index(target)] for r in used]
    y = np.array(y, float) if target == "rent" else np.array(y)
    fit = make_pipeline(pipeline, model or LinearRegression()).fit(X, y)
    if target == "rent":
        own, other = fit.predict(X), fit.predict(Z)
    else:
        own, other = fit.predict_proba(X)[:, 1], fit.predict_proba(Z)[:, 1]
    return {"target": target, "columns": names, "settings": settings, "rows": len(used),
            "predictions": own.tolist(), "data": [record(r, names) for r in further],
            "further": other.tolist()}


def main():
    rows = make()
    with open(os.path.join(HERE, "..", "flats.csv"), "w", encoding="utf-8", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows([NAMES] + rows)
    further = [["Rome", "3", "71.5", "true", "2021-05-01", "", ""],
               ["", "2", "", "false", "2019-11-15", "", ""],
               ["Oslo", "", "44", "", "", "", ""],
               ["Århus", "5", "120", "true", "2023-02-01", "", ""]]
    whole = [further[0], further[3]]
    strange = further + [["Paris", "2", "50", "true", "2020-02-29", "", ""]]
    names, short = NAMES[:5], ["city", "rooms", "area"]
    full = lambda r, columns: all(r[NAMES.index(n)] != "" for n in columns)
    l2, n = 0.02, len(rows)
    logistic = LogisticRegression(C=1 / (l2 * n), solver="newton-cholesky", tol=1e-14, max_iter=1000)
    cases = {
        "mean": case(rows, further, names, {"missing": "mean", "reference_level": True}, prepared(names)),
        "median_indicator": case(
            rows, further, ["rooms", "area", "lift", "since"],
            {"missing": "median", "missing_indicator": True},
            Pipeline([("0", SimpleImputer(strategy="median", add_indicator=True)),
                      ("1", StandardScaler())])),
        "drop": case(rows, whole, names, {"missing": "drop", "reference_level": {"city": "Bonn"}},
                     prepared(names), keep=full),
        "polynomial": case(
            rows, further, ["rooms", "area"], {"missing": "mean", "features": {"polynomial": 2}},
            Pipeline([("0", SimpleImputer()), ("1", PolynomialFeatures(2, include_bias=False)),
                      ("2", StandardScaler())])),
        "products_of_levels": case(
            rows, further, short,
            {"missing": "most_frequent", "reference_level": True, "features": {"polynomial": 2}},
            prepared(short, strategy="most_frequent", degree=2)),
        "interactions": case(
            rows, further, short,
            {"missing": "mean", "reference_level": True,
             "features": {"polynomial": 2, "interactions_only": True}},
            prepared(short, degree=2, interactions=True)),
        "logistic": case(
            rows, strange, short,
            {"model": "logistic_regression", "missing": "mean", "unknown_levels": "ignore", "l2": l2},
            prepared(short, drop=None, unknown="ignore"), target="let", model=logistic),
    }
    made = f"Python {sys.version.split()[0]}, NumPy {np.__version__}, scikit-learn {sklearn.__version__}"
    with open(os.path.join(HERE, "columns.json"), "w", encoding="utf-8") as f:
        json.dump({"made_by": made, "cases": cases}, f, indent=1, ensure_ascii=False)
        f.write("\n")


main()
