#!/usr/bin/env python3
"""Golden trajectories: five steps of every optimizer, worked out at 50 digits.

    python3 make.py > trajectories.h

Convergence proves little: an optimizer with a term forgotten still converges. So each one's
first steps are computed here, from the formula in its paper and not from the C, on
J = theta.A theta / 2 - b.theta with gradient A theta - b. An optimizer needs a function below
and a row or more in ROWS; the test fails by name for one that has none. Standard library only.
"""
from decimal import Decimal, getcontext

getcontext().prec = 50

# The doubles nearest to these, exactly: both sides then solve the same problem.
A = [[2.385, -0.617, 0.233], [-0.617, 1.149, 0.391], [0.233, 0.391, 0.871]]
B = [0.719, -1.327, 2.083]
START = [1.713, -2.291, 0.587]
STEPS = 5


def exact(values):
    return [Decimal(v) for v in values]


def gradient(theta):
    return [
        sum((a * t for a, t in zip(row, theta)), Decimal(0)) - b
        for row, b in zip([exact(r) for r in A], exact(B))
    ]


def gd(theta, g, rate, step, state, hyper):
    """theta <- theta - rate g (Cauchy, 1847)"""
    return [x - rate * d for x, d in zip(theta, g)]


# optimizer, learning rate, hyperparameters by name (the others are the defaults)
ROWS = [
    (gd, 0.137, {}),
    (gd, 0.613, {}),
]


def trajectory(step, rate, hyper):
    theta, state, points = exact(START), {}, []
    hyper = {name: Decimal(value) for name, value in hyper.items()}
    for t in range(1, STEPS + 1):
        theta = step(theta, gradient(theta), Decimal(rate), t, state, hyper)
        points.append(theta)
    return points


def numbers(values):
    return "{" + ", ".join(repr(float(v)) for v in values) + "}"


def main():
    print("/* Written by make.py, which says what this is. Do not edit by hand. */")
    rows = ",\n    ".join(numbers(r) for r in A)
    print("static const double golden_a[3][3] = {\n    %s};" % rows)
    print("static const double golden_b[3] = %s;" % numbers(B))
    print("static const double golden_start[3] = %s;" % numbers(START))
    print("static const golden golden_rows[] = {")
    for step, rate, hyper in ROWS:
        pairs = ", ".join('{"%s", %r}' % pair for pair in hyper.items()) or "{0}"
        print('    {"%s", %r, {%s},' % (step.__name__, rate, pairs))
        points = [numbers(p) for p in trajectory(step, rate, hyper)]
        print("     {%s}}," % ",\n      ".join(points))
    print("};")


main()
