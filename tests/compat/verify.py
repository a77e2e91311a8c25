#!/usr/bin/python3
"""What scikit-learn's estimators fit minimises our objective at the penalties that compat says.

  python3 tests/compat/verify.py            checks, and prints how well
  python3 tests/compat/verify.py --write    also writes tests/data/compat.json, which
                                            tests/api/test_compat_objective.c holds core against

Debian 12: apt-get install python3-sklearn (1.2.1). The objectives here are written anew from
README.md's J = mean cost + l1 |w|_1 + l2/2 |w|^2; nothing of descentd is called. What is printed
is the largest part of J's gradient at scikit-learn's solution (with l1, its distance from the
subdifferential), relative to that at zero.
"""
import json
import os
import sys
import warnings

import numpy as np
from sklearn import linear_model as lm
from sklearn import svm
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.filterwarnings("ignore")
rng = np.random.RandomState(20)
N, COLS = 60, 3
X = np.round(rng.randn(N, COLS) * [1, 2, 0.5] + [0.3, -0.5, 1], 3)
line = X @ [1.5, -0.7, 0.2] + 0.4
targets = {
    "number": np.round(line + rng.standard_t(3, N), 3),
    "count": rng.poisson(np.exp(0.3 * line)).astype(float),
    "binary": (line + 1.5 * rng.randn(N) > 0.5).astype(float),
    "class": np.clip(np.floor((line + 1.5 * rng.randn(N)) / 2 + 1.2), 0, 2),
}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(cost, z, y, a):
    """d cost / d z by rows."""
    s = np.where(y > 0.5, 1.0, -1.0)
    if cost == "mse":
        return 2 * (z - y)
    if cost == "huber":
        return np.clip(z - y, -a, a)
    if cost == "poisson":
        return np.exp(z) - y
    if cost == "logistic":
        return sigmoid(z) - (y > 0.5)
    if cost == "squared_hinge":
        return -2 * s * np.maximum(0, 1 - s * z)
    if cost == "softmax":
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        return p - np.eye(z.shape[1])[y.astype(int)]
    raise KeyError(cost)


def value(cost, z, y, a):
    s = np.where(y > 0.5, 1.0, -1.0)
    if cost == "quantile":
        return np.where(y > z, a * (y - z), (a - 1) * (y - z))
    if cost == "hinge":
        return np.maximum(0, 1 - s * z)
    if cost == "epsilon_insensitive":
        return np.maximum(0, np.abs(y - z) - a)
    raise KeyError(cost)


def residual(cost, y, W, b, l1, l2, a, weights):
    """The largest part of J's gradient, as far as l1 can't take it to 0. W: outputs x cols."""
    z = X @ W.T + b
    d = slope(cost, z if cost == "softmax" else z[:, 0], y, a).reshape(N, -1) * weights[:, None]
    g = d.T @ X / N + l2 * W
    g = np.where(W != 0, g + l1 * np.sign(W), np.sign(g) * np.maximum(np.abs(g) - l1, 0))
    return max(np.abs(g).max(), np.abs(d.mean(0)).max() if np.any(b) else 0)


def kink(cost, y, W, b, l1, l2, a):
    """How far J falls below its value at the solution, in steps of any direction."""
    r = np.random.RandomState(1)

    def J(w, c):
        return (value(cost, X @ w + c, y, a).mean() + l1 * np.abs(w).sum() + l2 / 2 * w @ w)

    w, c, best = W[0], b[0], 0
    free = np.any(b)
    for length in (1e-1, 1e-2, 1e-3):
        for k in range(300):
            v = r.randn(COLS + 1) * length
            v = v if k else np.append(w, 0) * length
            best = max(best, J(w, c) - J(w + v[:-1], c + v[-1] * free),
                       J(w, c) - J(w - v[:-1], c - v[-1] * free))
    return best / J(0 * w, 0)


def case(estimator, kind, ours, tolerance=1e-6, keep=None, weights=None):
    """ours: cost, l1, l2, and the parameter of the cost."""
    cost, l1, l2, a = ours(estimator) if callable(ours) else ours
    y = targets[kind]
    estimator.fit(X, y)
    if callable(ours):
        cost, l1, l2, a = ours(estimator)
    W = np.atleast_2d(estimator.coef_)
    b = np.atleast_1d(estimator.intercept_) * 1.0
    weights = np.ones(N) if weights is None else weights / weights.mean()
    if cost in ("quantile", "hinge", "epsilon_insensitive"):
        found = kink(cost, y, W, b, l1, l2, a)
    else:
        found = residual(cost, y, W, b, l1, l2, a, weights)
        found /= residual(cost, y, 0 * W, 0 * b + 1e-300, 0, 0, a, weights)
    name = type(estimator).__name__
    ok = found <= tolerance
    print(f"{'ok ' if ok else 'BAD'} {found:8.1e} <= {tolerance:g}  {name} {keep}: "
          f"{cost} l1 {l1:g} l2 {l2:g}")
    compat = {"library": "scikit-learn", "estimator": name, **(keep or {})}
    return ok, {"compat": compat, "target": kind, "tolerance": tolerance,
                "coefficients": W.tolist(), "intercept": b.tolist()}


def cases():
    tight = {"tol": 1e-12, "max_iter": 1000000}

    def linear(cls, ours, kind="number", tolerance=1e-6, fit=None, **keep):
        return case(cls(**{**keep, **(fit or {})}), kind, ours, tolerance, keep)

    yield linear(lm.LinearRegression, ("mse", 0, 0, 0))
    yield linear(lm.LinearRegression, ("mse", 0, 0, 0), fit_intercept=False)
    yield linear(lm.Ridge, ("mse", 0, 2 * 1.0 / N, 0))
    yield linear(lm.Ridge, ("mse", 0, 2 * 25.0 / N, 0), alpha=25.0)
    yield linear(lm.Lasso, ("mse", 2 * 0.3, 0, 0), fit=tight, alpha=0.3)
    yield linear(lm.Lasso, ("mse", 2 * 1.0, 0, 0), fit=tight)
    yield linear(lm.ElasticNet, ("mse", 2 * 0.3 * 0.5, 2 * 0.3 * 0.5, 0), fit=tight, alpha=0.3)
    yield linear(lm.ElasticNet, ("mse", 2 * 0.2 * 0.9, 2 * 0.2 * 0.1, 0), fit=tight, alpha=0.2,
                 l1_ratio=0.9)
    logit = lm.LogisticRegression
    saga = {**tight, "solver": "saga"}
    yield linear(logit, ("logistic", 0, 1 / N, 0), "binary", fit=tight)
    yield linear(logit, ("logistic", 0, 1 / (0.05 * N), 0), "binary", fit=tight, C=0.05)
    yield linear(logit, ("logistic", 0, 0, 0), "binary", fit=tight, penalty="none")
    yield linear(logit, ("logistic", 1 / (0.2 * N), 0, 0), "binary", fit=tight, C=0.2,
                 penalty="l1", solver="saga")
    yield linear(logit, ("logistic", 0.3 / (0.2 * N), 0.7 / (0.2 * N), 0), "binary", fit=tight,
                 C=0.2, penalty="elasticnet", l1_ratio=0.3, solver="saga")
    yield linear(logit, ("logistic", 1 / (0.2 * N), 0, 0), "binary", fit=tight, C=0.2,
                 penalty="l1", solver="liblinear", fit_intercept=False)
    yield linear(logit, ("softmax", 0, 1 / (0.5 * N), 0), "class", 2e-5, tight, C=0.5,
                 multi_class="multinomial")
    yield linear(svm.LinearSVC, ("squared_hinge", 0, 1 / (0.1 * N), 0), "binary", fit=tight, C=0.1,
                 fit_intercept=False)
    yield linear(svm.LinearSVC, ("squared_hinge", 1 / (0.1 * N), 0, 0), "binary", C=0.1,
                 fit={**tight, "dual": False}, penalty="l1", fit_intercept=False)
    yield linear(svm.LinearSVC, ("hinge", 0, 1 / (0.1 * N), 0), "binary", fit=tight, C=0.1,
                 loss="hinge", fit_intercept=False)
    yield linear(svm.LinearSVR, ("epsilon_insensitive", 0, 1 / (0.05 * N), 0.3), fit=tight, C=0.05,
                 epsilon=0.3, fit_intercept=False)
    yield linear(svm.LinearSVR, ("mse", 0, 1 / (0.05 * N), 0), fit=tight, C=0.05,
                 loss="squared_epsilon_insensitive", fit_intercept=False)
    yield linear(lm.PoissonRegressor, ("poisson", 0, 1.0, 0), "count", fit=tight)
    yield linear(lm.PoissonRegressor, ("poisson", 0, 0.05, 0), "count", fit=tight, alpha=0.05)
    for q, alpha in ((0.5, 0.05), (0.8, 0.1)):
        yield linear(lm.QuantileRegressor, ("quantile", alpha, 0, q), fit={"solver": "highs"},
                     quantile=q, alpha=alpha)
    huber = lm.HuberRegressor(alpha=5.0, epsilon=1.2, tol=1e-10, max_iter=100000)
    ok, record = case(huber, "number", lambda e: ("huber", 0, 5.0 * getattr(e, "scale_", 1) / N,
                                                  1.2 * getattr(e, "scale_", 1)), 1e-5,
                      {"alpha": 5.0, "epsilon": 1.2})
    record["compat"]["scale_"] = huber.scale_
    yield ok, record
    sgd = {"max_iter": 20000, "tol": None, "average": True, "learning_rate": "invscaling",
           "eta0": 0.02, "power_t": 0.4, "random_state": 1}
    yield linear(lm.SGDRegressor, ("mse", 0, 2 * 0.5, 0), tolerance=1e-2, fit=sgd, alpha=0.5)
    # its average doesn't go with l1 (the truncation is not averaged)
    yield linear(lm.SGDRegressor, ("mse", 2 * 0.2, 0, 0), tolerance=1e-3, alpha=0.2, penalty="l1",
                 fit={**sgd, "average": False, "power_t": 0.6})
    yield linear(lm.SGDRegressor, ("huber", 0, 0.3, 0.7), tolerance=1e-2, fit=sgd, alpha=0.3,
                 loss="huber", epsilon=0.7)
    yield linear(lm.SGDClassifier, ("logistic", 0, 0.2, 0), "binary", tolerance=1e-2, fit=sgd,
                 alpha=0.2, loss="log_loss")
    yield linear(lm.SGDClassifier, ("squared_hinge", 0, 0.5, 0), "binary", tolerance=1e-2, fit=sgd,
                 alpha=0.5, loss="squared_hinge")


def balanced():
    y = targets["binary"]
    v = np.where(y > 0.5, N / (2 * y.sum()), N / (2 * (N - y.sum())))
    keep = {"class_weight": "balanced", "C": 0.3}
    return case(lm.LogisticRegression(tol=1e-12, max_iter=100000, **keep), "binary",
                ("logistic", 0, 1 / (0.3 * N), 0), 1e-6, keep, v)[0]


def perceptron(cls, kind, alpha):
    """Of a network with one hidden layer: its gradient by hand."""
    y = targets[kind]
    net = cls((5,), activation="tanh", solver="lbfgs", alpha=alpha, tol=1e-12, max_iter=100000,
              max_fun=10000000, random_state=3).fit(X, y)
    (W1, W2), (b1, b2) = net.coefs_, net.intercepts_
    regression = cls is MLPRegressor
    l2 = (2 if regression else 1) * alpha / N
    cost = "mse" if regression else "logistic" if W2.shape[1] == 1 else "softmax"

    def gradients(W1, b1, W2, b2, l2):
        h = np.tanh(X @ W1 + b1)
        z = h @ W2 + b2
        d = slope(cost, z if cost == "softmax" else z[:, 0], y, 0).reshape(N, -1) / N
        back = d @ W2.T * (1 - h * h)
        return [h.T @ d + l2 * W2, d.sum(0), X.T @ back + l2 * W1, back.sum(0)]

    found = max(np.abs(g).max() for g in gradients(W1, b1, W2, b2, l2))
    found /= max(np.abs(g).max() for g in gradients(W1, b1, 0 * W2, 0 * b2, 0))
    ok = found < 1e-3
    print(f"{'ok ' if ok else 'BAD'} {found:8.1e} <= 0.001  {cls.__name__} alpha {alpha}: {cost} "
          f"l2 {l2:g}")
    return ok


def main():
    found = list(cases())
    good = [ok for ok, _ in found] + [balanced(), perceptron(MLPRegressor, "number", 2.0),
                                      perceptron(MLPClassifier, "binary", 1.0),
                                      perceptron(MLPClassifier, "class", 1.0)]
    if "--write" in sys.argv:
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/compat.json")
        with open(path, "w") as out:
            out.write('{"X": ' + json.dumps(X.tolist()) + ",\n")
            for kind, y in targets.items():
                out.write(f'"{kind}": {json.dumps(y.tolist())},\n')
            out.write('"cases": [\n' + ",\n".join(json.dumps(c) for _, c in found) + "]}\n")
    sys.exit(0 if all(good) else 1)


main()
