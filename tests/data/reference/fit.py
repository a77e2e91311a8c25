#!/usr/bin/python3
"""Fits by LIBLINEAR, scikit-learn and NumPy: writes python.json (and two ../*.csv). Run by make.sh.

What has no program of its own in Debian is fitted by Newton's method in NumPy until its
gradient is rounding noise. The networks are trained by full-batch gradient descent, formula by
formula, from parameters that are recorded: the server must come to the same ones.
NIST's certified values are copied from ../check.py, which proves them.
"""
import csv
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np
import scipy
import sklearn
from scipy.optimize import lsq_linear
from sklearn.linear_model import LogisticRegression

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.dirname(HERE)
sys.path.insert(0, DATA)
from check import CERTIFIED, NO_INTERCEPT  # noqa: E402


def read(name):
    """X, y (texts), names of the columns; the target is the last column."""
    with open(os.path.join(DATA, name + ".csv"), encoding="ascii") as f:
        rows = list(csv.reader(f))
    return np.array([r[:-1] for r in rows[1:]], float), np.array([r[-1] for r in rows[1:]]), rows[0]


def write(name, header, rows):
    with open(os.path.join(DATA, name + ".csv"), "w", encoding="ascii") as f:
        f.write(",".join(header) + "\n")
        f.writelines(",".join(r) + "\n" for r in rows)


def scaled(X):
    mean, std = X.mean(0), X.std(0)  # by N, as the server does
    return (X - mean) / std, mean, std


def newton(f, theta, steps=200):
    """f gives cost, gradient, Hessian. Halves a step that would not go down."""
    cost, g, H = f(theta)
    for _ in range(steps):
        step, t = np.linalg.lstsq(H, -g, rcond=1e-13)[0], 1.0
        while t > 1e-4 and f(theta + t * step)[0] > cost + 1e-15 * abs(cost):
            t /= 2
        theta = theta + t * step
        cost, g, H = f(theta)
    assert np.abs(g).max() < 1e-13, np.abs(g).max()
    return theta


def unscaled(b, w, mean, std):
    w = w / std
    return {"intercept": (b - w @ mean).tolist(), "coefficients": w.tolist()}


# ---- robust regression ----

def robust(name, residual_cost):
    """residual_cost: of y - z; gives cost, slope, curvature."""
    X, y, _ = read(name)
    y = y.astype(float)
    Z, mean, std = scaled(X)
    A = np.c_[Z, np.ones(len(y))]

    def f(theta):
        c, d, h = residual_cost(y - A @ theta)
        return c.mean(), -A.T @ d / len(y), A.T @ (A * h[:, None]) / len(y)

    theta = newton(f, np.linalg.lstsq(A, y, rcond=None)[0])
    return unscaled(theta[-1], theta[:-1], mean, std)


def huber(delta):
    def cost(r):
        a = np.abs(r)
        inside = np.minimum(a, delta)
        return inside * (a - inside / 2), np.clip(r, -delta, delta), (a <= delta) * 1.0
    return cost


def log_cosh(r):
    return np.logaddexp(r, -r) - math.log(2), np.tanh(r), 1 / np.cosh(r) ** 2


# ---- softmax ----

def softmax(name, l2):
    """Over all classes, each with a column of coefficients; l2/2 of their squares, as scaled."""
    X, y, _ = read(name)
    classes = sorted(set(y), key=lambda v: (len(v), v) if v.isdigit() else (0, v))
    Z, mean, std = scaled(X)
    n, p, K = len(y), Z.shape[1], len(classes)
    A, Y = np.c_[Z, np.ones(n)], np.array([[v == c for c in classes] for v in y], float)
    penalty = np.r_[np.full(p, l2), 0]

    def f(theta):
        W = theta.reshape(K, p + 1)
        S = A @ W.T
        top = S.max(1, keepdims=True)
        log_total = top + np.log(np.exp(S - top).sum(1, keepdims=True))
        P = np.exp(S - log_total)
        cost = (log_total[:, 0] - (S * Y).sum(1)).mean() + (penalty * W * W).sum() / 2
        g = (P - Y).T @ A / n + penalty * W
        H = np.zeros((K, p + 1, K, p + 1))
        for i in range(K):
            for j in range(K):
                weight = P[:, i] * ((i == j) - P[:, j]) / n
                H[i, :, j, :] = A.T @ (A * weight[:, None])
            H[i, :, i, :] += np.diag(penalty)
        return cost, g.ravel(), H.reshape(K * (p + 1), -1)

    W = newton(f, np.zeros(K * (p + 1))).reshape(K, p + 1)
    W[:, -1] -= W[:, -1].mean()  # a constant for all classes is free
    return classes, W, (mean, std)


def softmax_case(name, against_first):
    classes, W, (mean, std) = softmax(name, 0 if against_first else 0.01)
    if against_first:
        W = (W - W[0])[1:]
    w = W[:, :-1] / std
    return {"intercept": (W[:, -1] - w @ mean).tolist(), "coefficients": w.tolist()}, classes


def sklearn_iris(l2):
    """scikit-learn minimises C sum(cost) + |w|^2/2 for all classes: l2 = 1/(C N)."""
    X, y, _ = read("iris")
    Z, mean, std = scaled(X)
    m = LogisticRegression(C=1 / (l2 * len(y)), multi_class="multinomial", solver="newton-cg",
                           tol=1e-12, max_iter=10000).fit(Z, y)
    w = m.coef_ / std
    b = m.intercept_ - m.intercept_.mean()
    P = m.predict_proba(Z[:5])
    return {"intercept": (b - w @ mean).tolist(), "coefficients": w.tolist()}, P.tolist()


# ---- LIBLINEAR ----

def liblinear(solver, options, X, y, l2):
    """It minimises |w|^2/2 + C sum(cost), without an intercept (-B -1): C = 1/(l2 N)."""
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/data", "w", encoding="ascii") as f:
            for row, t in zip(X, y):
                f.write(t + "".join(f" {j + 1}:{v}" for j, v in enumerate(row)) + "\n")
        command = ["liblinear-train", "-s", str(solver), "-c", repr(1 / (l2 * len(y))), "-B", "-1",
                   "-e", "1e-13", "-q", *options]
        subprocess.run(command + [d + "/data", d + "/model"], check=True)
        with open(d + "/model", encoding="ascii") as f:
            lines = f.read().split("\n")
    w = [float(v) for v in lines[lines.index("w") + 1:] if v]
    label = [line for line in lines if line.startswith("label")]
    sign = -1 if label and label[0].split()[1] == "-1" else 1
    return " ".join(command) + " DATA MODEL", {"coefficients": [sign * v for v in w]}


def minus(text, offset):
    """text - offset in decimals."""
    return f"{(round(float(text) * 100) - round(offset * 100)) / 100:g}"


def svm_cases():
    """Versicolor and virginica of iris, columns moved to about 0, so that no intercept is needed."""
    X, y, header = read("iris")
    middle = [6.2, 2.8, 4.9, 1.6]
    rows = [[minus(v, m) for v, m in zip(r, middle)] for r, c in zip(X, y) if c != "setosa"]
    label = ["1" if c == "virginica" else "-1" for c in y if c != "setosa"]
    write("iris_two", header[:4] + ["virginica"],
          [r + ["1" if t == "1" else "0"] for r, t in zip(rows, label)])
    out = {}
    for case, solver, l2 in (("iris_hinge", 3, 0.02), ("iris_squared_hinge", 1, 0.02),
                             ("iris_logistic_l2", 7, 0.02)):
        command, parameters = liblinear(solver, [], rows, label, l2)
        out[case] = {"data": "iris_two.csv", "command": command, "parameters": parameters, "l2": l2}
    # iris_lasso: |w|_1 + C sum(cost), so l1 = 1/(C N)
    command, parameters = liblinear(6, [], rows, label, 0.03)
    out["iris_logistic_l1"] = {"data": "iris_two.csv", "command": command,
                               "parameters": parameters, "l1": 0.03}
    X, y, header = read("swiss")
    write("swiss_middle", header, [
        [minus(v, m) for v, m in zip([*r, float(t)], [50, 16, 11, 41, 20, 70])] for r, t in zip(X, y)])
    X, y, _ = read("swiss_middle")
    command, parameters = liblinear(13, ["-p", "5"], X, y, 1)
    out["swiss_epsilon_insensitive"] = {
        "data": "swiss_middle.csv", "command": command, "parameters": parameters, "l2": 1}
    return out


# ---- bounds ----

def non_negative():
    X, y, _ = read("swiss")
    Z, mean, std = scaled(X)
    fit = lsq_linear(np.c_[Z, np.ones(len(y))], y.astype(float),
                     ([0] * Z.shape[1] + [-np.inf], np.inf), method="bvls", tol=1e-15)
    return unscaled(fit.x[-1], fit.x[:-1], mean, std)


# ---- networks ----

def erf(x):
    return np.vectorize(math.erf)(x)


ACTIVATIONS = {  # of x: value and derivative
    "relu": lambda x: (np.maximum(x, 0), (x > 0) * 1.0),
    "tanh": lambda x: (np.tanh(x), 1 - np.tanh(x) ** 2),
    "sigmoid": lambda x: (1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-x)) / (1 + np.exp(x))),
    "gelu": lambda x: (x * (1 + erf(x / math.sqrt(2))) / 2,
                       (1 + erf(x / math.sqrt(2))) / 2
                       + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
    "identity": lambda x: (x, np.ones_like(x)),
}


def head(kind, z, Y):
    """Mean cost, and its derivative by the scores."""
    n = len(z)
    if kind == "mse":
        return ((z - Y) ** 2).mean(), 2 * (z - Y) / n
    if kind == "logistic":
        return np.logaddexp(0, np.where(Y > 0, -z, z)).mean(), (1 / (1 + np.exp(-z)) - Y) / n
    log_total = np.log(np.exp(z).sum(1, keepdims=True))
    return (log_total[:, 0] - (z * Y).sum(1)).mean(), (np.exp(z - log_total) - Y) / n


def mlp(X, Y, kind, hidden, activation, rate, epochs, l2=0.0):
    widths, rng = [X.shape[1], *hidden, Y.shape[1]], np.random.default_rng(20)
    W = [np.round(rng.normal(0, 1 / math.sqrt(i), (o, i)), 3) for i, o in zip(widths, widths[1:])]
    b = [np.round(rng.normal(0, 0.1, o), 3) for o in widths[1:]]

    def named():
        return {f"{part}_{k + 1}": v.tolist() for k in range(len(W))
                for part, v in (("weights", W[k]), ("biases", b[k]))}

    act, start = ACTIVATIONS[activation], named()

    def forward():
        inputs, slopes = [X], []
        for k in range(len(W)):
            z = inputs[k] @ W[k].T + b[k]
            if k + 1 < len(W):
                value, slope = act(z)
                inputs.append(value)
                slopes.append(slope)
        return inputs, slopes, z, *head(kind, z, Y)

    def gradient():
        inputs, slopes, _, _, dz = forward()
        dW, db = [None] * len(W), [None] * len(W)
        for k in reversed(range(len(W))):
            dW[k], db[k] = dz.T @ inputs[k] + l2 * W[k], dz.sum(0)
            dz = dz @ W[k] * slopes[k - 1] if k else None
        return dW, db

    def full_cost():
        return forward()[3] + l2 / 2 * sum((w * w).sum() for w in W)

    # the formulas above against central differences, weight by weight
    for values, slopes in zip((*W, *b), (g for part in gradient() for g in part)):
        for i in np.ndindex(values.shape):
            kept, up_down = values[i], []
            for h in (1e-5, -1e-5):
                values[i] = kept + h
                up_down.append(full_cost())
            values[i] = kept
            assert abs((up_down[0] - up_down[1]) / 2e-5 - slopes[i]) < 1e-7, (kind, activation, i)

    first = forward()[3]
    for _ in range(epochs):
        dW, db = gradient()
        W = [w - rate * g for w, g in zip(W, dW)]
        b = [v - rate * g for v, g in zip(b, db)]
    z, cost = forward()[2:4]
    print(f"mlp {kind} {hidden} {activation}: cost {first:.3g} -> {cost:.3g}")
    if kind == "mse":
        shown = z[:5, 0]
    elif kind == "logistic":  # of class 1
        shown = 1 / (1 + np.exp(-z[:5, 0]))
    else:
        shown = np.exp(z[:5]) / np.exp(z[:5]).sum(1, keepdims=True)
    return {"command": f"{epochs} steps of {rate} times the gradient of {kind} in NumPy",
            "initial_parameters": start, "parameters": named(), "cost": cost,
            "predictions": shown.tolist(), **({"l2": l2} if l2 else {})}


def mlp_cases():
    # at rates that settle: where they don't, rounding grows until no digit is left to compare
    X, y, _ = read("swiss_middle")
    two, label, _ = read("iris_two")
    flowers, species, _ = read("iris")
    one_hot = np.array([[v == c for c in sorted(set(species))] for v in species], float)
    number, label = y.astype(float)[:, None] / 10, label.astype(float)[:, None]
    write("swiss_small", read("swiss_middle")[2],
          [[f"{v / 10:.15g}" for v in (*r, float(t))] for r, t in zip(X, y)])
    X, y, _ = read("swiss_small")
    number = y.astype(float)[:, None]
    cases = {
        "mlp_regression_tanh": ("swiss_small", mlp(X, number, "mse", [4, 3], "tanh", 0.005, 500)),
        "mlp_regression_relu": ("swiss_small", mlp(X, number, "mse", [6], "relu", 0.01, 500)),
        "mlp_binary_gelu": ("iris_two", mlp(two, label, "logistic", [5], "gelu", 0.2, 500)),
        "mlp_binary_identity": ("iris_two", mlp(two, label, "logistic", [2], "identity", 0.2, 500)),
        "mlp_multiclass_sigmoid": (
            "iris", mlp(flowers, one_hot, "softmax", [5, 4], "sigmoid", 0.1, 500, 0.001)),
    }
    return {k: {"data": d + ".csv", **v} for k, (d, v) in cases.items()}


def main():
    cases = {}
    for name, values in CERTIFIED.items():
        _, _, header = read(name)
        b = [float(v) for v in values]
        p = len(header) - (name in NO_INTERCEPT)
        cases[name] = {
            "data": name + ".csv", "command": "certified by NIST",
            "parameters": {"coefficients": b[:p]} if name in NO_INTERCEPT
            else {"intercept": b[0], "coefficients": b[1:p]},
            "std_errors": b[p:2 * p], "residual_deviation": b[2 * p], "r2": b[2 * p + 1]}
    cases["stackloss_huber"] = {
        "data": "stackloss.csv", "command": "Newton's method in NumPy, delta = 1.345",
        "parameters": robust("stackloss", huber(1.345))}
    cases["stackloss_log_cosh"] = {
        "data": "stackloss.csv", "command": "Newton's method in NumPy",
        "parameters": robust("stackloss", log_cosh)}
    for name in ("airquality", "chickwts"):
        parameters, classes = softmax_case(name, True)
        cases[name] = {"data": name + ".csv", "command": "Newton's method in NumPy",
                       "against_first_class": 1, "parameters": parameters, "classes": classes}
    parameters, classes = softmax_case("iris", False)
    cases["iris_softmax_l2"] = {"data": "iris.csv", "command": "Newton's method in NumPy",
                                "l2": 0.01, "parameters": parameters, "classes": classes}
    parameters, P = sklearn_iris(0.01)
    cases["iris_softmax_l2_sklearn"] = {
        "data": "iris.csv", "l2": 0.01, "parameters": parameters, "classes": classes,
        "command": "sklearn LogisticRegression(C = 1/(0.01 N), multinomial, newton-cg, tol=1e-12)"
                   " on columns divided by their deviation (by N)",
        "predictions": P}
    cases.update(svm_cases())
    cases["swiss_non_negative"] = {
        "data": "swiss.csv", "command": "scipy.optimize.lsq_linear, method bvls, coefficients >= 0",
        "parameters": non_negative()}
    cases.update(mlp_cases())
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "liblinear-tools"],
                             capture_output=True, text=True, check=True).stdout
    made_by = (f"Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
               f"scikit-learn {sklearn.__version__}, LIBLINEAR {version}")
    with open(os.path.join(HERE, "python.json"), "w", encoding="ascii") as f:
        json.dump({"made_by": made_by, "cases": cases}, f, indent=1)
        f.write("\n")


main()
