#!/usr/bin/python3
"""Small networks computed with NumPy alone, for test_mlp.c: python3 mlp.py > mlp.h

Each activation with each head: three columns, hidden layers of four and three units, fixed
weights. Recorded: scores, mean cost and its gradient at the start, and the parameters and the
objective (mean cost + l2/2 sum of squared weights) after 200 full-batch steps of Adam (rate
0.01, beta1 0.9, beta2 0.999, epsilon 1e-8). Backpropagation is written out here by matrices,
after its textbook form; nothing is shared with core. Debian 12: apt-get install python3-numpy.
"""
import math
import numpy as np

ROWS, SIZES, L2, STEPS, RATE = 7, [3, 4, 3], 0.1, 200, 0.01

erf = np.vectorize(math.erf)


def cdf(z):
    return (1 + erf(z / math.sqrt(2))) / 2


ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "gelu": (lambda z: z * cdf(z), lambda z: cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)),
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
}


def head(task, z, y):
    """Mean cost, and its derivative by the scores."""
    n = len(y)
    if task == "regression":
        return np.mean((y - z[:, 0]) ** 2), (2 * (z[:, 0] - y) / n)[:, None]
    if task == "binary":
        p = 1 / (1 + np.exp(-z[:, 0]))
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), ((p - y) / n)[:, None]
    p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    hot = np.eye(3)[y.astype(int)]
    return -np.mean(np.sum(hot * np.log(p), axis=1)), (p - hot) / n


def passes(layers, activation, task, X, y):
    f, slope = ACTIVATIONS[activation]
    inputs, sums = [X], []
    for W, b in layers:
        sums.append(inputs[-1] @ W.T + b)
        inputs.append(f(sums[-1]))
    cost, delta = head(task, sums[-1], y)
    gradient = []
    for k in range(len(layers) - 1, -1, -1):
        gradient.insert(0, (delta.T @ inputs[k], delta.sum(axis=0)))
        if k:
            delta = (delta @ layers[k][0]) * slope(sums[k - 1])
    return sums[-1], cost, gradient


def flat(layers):
    return np.concatenate([np.concatenate([W.ravel(), b]) for W, b in layers])


def penalty(layers):
    return L2 / 2 * sum(np.sum(W * W) for W, _ in layers)


def adam(layers, activation, task, X, y):
    layers = [(W.copy(), b.copy()) for W, b in layers]
    m = [[np.zeros_like(p) for p in layer] for layer in layers]
    v = [[np.zeros_like(p) for p in layer] for layer in layers]
    for t in range(1, STEPS + 1):
        gradient = passes(layers, activation, task, X, y)[2]
        for k, layer in enumerate(layers):
            for i in range(2):
                g = gradient[k][i] + (L2 * layer[0] if i == 0 else 0)
                m[k][i] = 0.9 * m[k][i] + 0.1 * g
                v[k][i] = 0.999 * v[k][i] + 0.001 * g * g
                layer[i][...] -= RATE * (m[k][i] / (1 - 0.9**t)) / (np.sqrt(v[k][i] / (1 - 0.999**t)) + 1e-8)
    return layers


def array(values):
    return "{" + ", ".join(repr(float(x)) for x in np.ravel(values)) + "}"


def fixed(n, phase):
    return np.sin(1.7 * np.arange(1, n + 1) + phase)


X = (fixed(ROWS * 3, 0.3) * 1.4 + 0.2).reshape(ROWS, 3)
targets = {
    "regression": fixed(ROWS, 1.1) * 2 + 0.5,
    "binary": np.array([0, 1, 1, 0, 1, 0, 0.0]),
    "multiclass": np.array([0, 1, 2, 2, 1, 0, 1.0]),
}
print("/* Written by mlp.py, which says what this is. Do not edit by hand. */")
print(f"static const double mlp_rows[{ROWS * 3}] = {array(X)};")
print("static const golden_network golden_networks[] = {")
for activation in ACTIVATIONS:
    for task, y in targets.items():
        sizes = SIZES + [3 if task == "multiclass" else 1]
        layers = [
            (0.8 * fixed(a * b, k + 0.5).reshape(b, a), 0.3 * fixed(b, k + 2.0))
            for k, (a, b) in enumerate(zip(sizes, sizes[1:]))
        ]
        z, cost, gradient = passes(layers, activation, task, X, y)
        after = adam(layers, activation, task, X, y)
        last = passes(after, activation, task, X, y)[1] + penalty(after)
        print(f'    {{"{activation}", "{task}", {array(y)},')
        for values in (flat(layers), z, flat(gradient), flat(after)):
            print(f"     {array(values)},")
        print(f"     {float(cost)!r}, {float(last)!r}}},")
print("};")
