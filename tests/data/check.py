#!/usr/bin/env python3
"""Proves that the data sets have been typed correctly.

Solves each least squares problem in exact fractions and compares with all the values that
NIST certifies (README.md), to the last of their 15 digits. Standard library only.
"""
import os
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 60
HERE = os.path.dirname(os.path.abspath(__file__))

# estimates, their standard deviations, residual standard deviation, R2, F statistic
CERTIFIED = {
    "norris": [
        "-0.262323073774029", "1.00211681802045",
        "0.232818234301152", "0.429796848199937E-03",
        "0.884796396144373", "0.999993745883712", "5436385.54079785",
    ],
    "pontius": [
        "0.673565789473684E-03", "0.732059160401003E-06", "-0.316081871345029E-14",
        "0.107938612033077E-03", "0.157817399981659E-09", "0.486652849992036E-16",
        "0.205177424076185E-03", "0.999999900178537", "185330865.995752",
    ],
    "longley": [
        "-3482258.63459582", "15.0618722713733", "-0.358191792925910E-01", "-2.02022980381683",
        "-1.03322686717359", "-0.511041056535807E-01", "1829.15146461355",
        "890420.383607373", "84.9149257747669", "0.334910077722432E-01", "0.488399681651699",
        "0.214274163161675", "0.226073200069370", "455.478499142212",
        "304.854073561965", "0.995479004577296", "330.285339234588",
    ],
    "noint1": [
        "2.07438016528926", "0.165289256198347E-01", "3.56753034006338", "0.999365492298663",
        "15750.25",
    ],
    "noint2": [
        "0.727272727272727", "0.420827318078432E-01", "0.369274472937998", "0.993348115299335",
        "298.6666666666667",
    ],
    # a polynomial without noise: every coefficient is 1, and there is no F statistic
    "wampler1": ["1"] * 6 + ["0"] * 6 + ["0", "1"],
}

NO_INTERCEPT = ("noint1", "noint2")


def solve(matrix, right):
    """Gauss-Jordan elimination, exact."""
    n = len(matrix)
    m = [row[:] + [r] for row, r in zip(matrix, right)]
    for i in range(n):
        for k in range(n):
            if k != i:
                f = m[k][i] / m[i][i]
                m[k] = [a - f * b for a, b in zip(m[k], m[i])]
    return [m[i][n] / m[i][i] for i in range(n)]


def decimal(f):
    return Decimal(f.numerator) / Decimal(f.denominator)


def statistics(path, intercept):
    with open(path, encoding="ascii") as f:
        rows = [[Fraction(v) for v in line.split(",")] for line in f.read().split("\n")[1:-1]]
    a = [[Fraction(1)] * intercept + row[:-1] for row in rows]
    y = [row[-1] for row in rows]
    n, p = len(a), len(a[0])
    normal = [[sum(r[i] * r[j] for r in a) for j in range(p)] for i in range(p)]
    b = solve(normal, [sum(r[i] * t for r, t in zip(a, y)) for i in range(p)])
    residual = sum((t - sum(u * v for u, v in zip(b, r))) ** 2 for r, t in zip(a, y))
    mean = sum(y) / n if intercept else 0  # without one, R2 is about 0
    total = sum((t - mean) ** 2 for t in y)
    variance = residual / (n - p)
    inverse = [solve(normal, [Fraction(i == c) for i in range(p)])[c] for c in range(p)]
    return (
        [decimal(v) for v in b]
        + [decimal(variance * v).sqrt() for v in inverse]
        + [decimal(variance).sqrt(), decimal(1 - residual / total)]
        + ([decimal((total - residual) / (p - intercept) / variance)] if variance else [])
    )


def main():
    wrong = 0
    for name, certified in CERTIFIED.items():
        found_all = statistics(os.path.join(HERE, name + ".csv"), name not in NO_INTERCEPT)
        for found, text in zip(found_all, certified, strict=True):
            want = Decimal(text)
            # half a unit of the 15th digit, and a little for NIST's own rounding
            good = abs(found - want) <= Decimal("0.6") * Decimal(1).scaleb(want.adjusted() - 14)
            wrong += not good
            print("ok  " if good else "BAD ", name, text, f"{found:.17g}")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
