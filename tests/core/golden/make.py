#!/usr/bin/env python3
"""Golden trajectories: eight steps of every optimizer, worked out at 50 digits.

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
WEIGHT = [1, 1, 0]  # the last one is a bias, which never decays
STEPS = 8


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


def zeros():
    return [Decimal(0)] * 3


def momentum(theta, g, rate, step, state, hyper):
    """v <- mu v + g, theta <- theta - rate v (Polyak, 1964; PyTorch SGD, dampening 0)"""
    mu = hyper.get("momentum", Decimal(0.9))
    v = state["v"] = [mu * a + b for a, b in zip(state.get("v", zeros()), g)]
    return [x - rate * d for x, d in zip(theta, v)]


def nesterov(theta, g, rate, step, state, hyper):
    """The gradient is at the point looked ahead to: with y that point, v <- mu v - rate g,
    y <- y + mu v - rate g (Sutskever et al., 2013, after a change of variables)."""
    mu = hyper.get("momentum", Decimal(0.9))
    v = state["v"] = [mu * a - rate * b for a, b in zip(state.get("v", zeros()), g)]
    return [x + mu * a - rate * b for x, a, b in zip(theta, v, g)]


def adagrad(theta, g, rate, step, state, hyper):
    """Each rate is divided by the root of all squares so far (Duchi et al., 2011)"""
    eps = hyper.get("epsilon", Decimal(1e-10))
    past = state.setdefault("past", [])
    past.append(g)
    return [
        x - rate * g[i] / (sum(p[i] ** 2 for p in past).sqrt() + eps) for i, x in enumerate(theta)
    ]


def faded(values, beta):
    """(1 - beta) sum beta^(t - k) values_k: the mean that starts at 0, not corrected"""
    t = len(values)
    return (1 - beta) * sum(beta ** (t - 1 - k) * v for k, v in enumerate(values))


def history(state, g):
    past = state.setdefault("past", [])
    past.append(g)
    return past


def rmsprop(theta, g, rate, step, state, hyper):
    """Tieleman, Hinton, 2012; epsilon outside of the root, as in PyTorch"""
    alpha, eps = hyper.get("alpha", Decimal(0.99)), hyper.get("epsilon", Decimal(1e-8))
    past = history(state, g)
    return [
        x - rate * g[i] / (faded([p[i] ** 2 for p in past], alpha).sqrt() + eps)
        for i, x in enumerate(theta)
    ]


def adadelta(theta, g, rate, step, state, hyper):
    """Zeiler, 2012, algorithm 1: RMS[dx] of the steps before, RMS[g] with this gradient"""
    rho, eps = hyper.get("rho", Decimal(0.9)), hyper.get("epsilon", Decimal(1e-6))
    past, moves = history(state, g), state.setdefault("moves", [])
    d = []
    for i in range(3):
        of_moves = faded([m[i] ** 2 for m in moves], rho) if moves else Decimal(0)
        of_g = faded([p[i] ** 2 for p in past], rho)
        d.append(-(of_moves + eps).sqrt() / (of_g + eps).sqrt() * g[i])
    moves.append(d)
    return [x + rate * a for x, a in zip(theta, d)]


def moments(g, step, state, hyper):
    """Kingma, Ba, 2015, algorithm 1: the bias-corrected m and v"""
    b1, b2 = hyper.get("beta1", Decimal(0.9)), hyper.get("beta2", Decimal(0.999))
    past = history(state, g)
    m = [faded([p[i] for p in past], b1) / (1 - b1**step) for i in range(3)]
    v = [faded([p[i] ** 2 for p in past], b2) / (1 - b2**step) for i in range(3)]
    return m, v


def adam(theta, g, rate, step, state, hyper):
    eps = hyper.get("epsilon", Decimal(1e-8))
    m, v = moments(g, step, state, hyper)
    return [x - rate * a / (b.sqrt() + eps) for x, a, b in zip(theta, m, v)]


def adamw(theta, g, rate, step, state, hyper):
    """Loshchilov, Hutter, 2019, algorithm 2 with a constant schedule: the decay is of theta
    before the step (PyTorch scales it by the rate); biases (WEIGHT 0) do not decay."""
    decay = hyper.get("weight_decay", Decimal(0.01))
    moved = adam(theta, g, rate, step, state, hyper)
    return [y - rate * decay * w * x for x, y, w in zip(theta, moved, WEIGHT)]


def amsgrad(theta, g, rate, step, state, hyper):
    """Reddi et al., 2018, with PyTorch's bias correction: the largest uncorrected v so far"""
    b2, eps = hyper.get("beta2", Decimal(0.999)), hyper.get("epsilon", Decimal(1e-8))
    m, v = moments(g, step, state, hyper)
    raw = [b * (1 - b2**step) for b in v]
    top = state["top"] = [max(a, b) for a, b in zip(state.get("top", zeros()), raw)]
    return [x - rate * a / ((b / (1 - b2**step)).sqrt() + eps) for x, a, b in zip(theta, m, top)]


def nadam(theta, g, rate, step, state, hyper):
    """Dozat, 2016, with the momentum schedule mu_t = beta1 (1 - 0.96^(t psi) / 2) and, as in
    PyTorch, m by beta1."""
    b1, b2 = hyper.get("beta1", Decimal(0.9)), hyper.get("beta2", Decimal(0.999))
    psi, eps = hyper.get("momentum_decay", Decimal(0.004)), hyper.get("epsilon", Decimal(1e-8))

    def mu(t):
        return b1 * (1 - Decimal(0.96) ** (t * psi) / 2)

    product = Decimal(1)
    for t in range(1, step + 1):
        product *= mu(t)
    past, moved = history(state, g), []
    for i, x in enumerate(theta):
        m = faded([p[i] for p in past], b1)
        v = faded([p[i] ** 2 for p in past], b2) / (1 - b2**step)
        ahead = mu(step + 1) * m / (1 - product * mu(step + 1))
        now = (1 - mu(step)) * g[i] / (1 - product)
        moved.append(x - rate * (ahead + now) / (v.sqrt() + eps))
    return moved


def lion(theta, g, rate, step, state, hyper):
    """Chen et al., 2023, algorithm 2; biases do not decay"""
    b1, b2 = hyper.get("beta1", Decimal(0.9)), hyper.get("beta2", Decimal(0.99))
    decay = hyper.get("weight_decay", Decimal(0))
    past = state.setdefault("past", [])
    moved = []
    for i, x in enumerate(theta):
        m = faded([p[i] for p in past], b2) if past else Decimal(0)
        c = b1 * m + (1 - b1) * g[i]
        sign = Decimal((c > 0) - (c < 0))
        moved.append(x - rate * (sign + decay * WEIGHT[i] * x))
    past.append(g)
    return moved


def dot(a, b):
    return sum((x * y for x, y in zip(a, b)), Decimal(0))


def apply(matrix, v):
    return [dot(row, v) for row in matrix]


def bfgs(h, s, y):
    """Nocedal, Wright, 2006, (6.17): H <- (I - rho s y') H (I - rho y s') + rho s s'"""
    rho = 1 / dot(s, y)
    left = [[Decimal(i == j) - rho * s[i] * y[j] for j in range(3)] for i in range(3)]
    half = [[dot(left[i], [h[k][j] for k in range(3)]) for j in range(3)] for i in range(3)]
    return [[dot(half[i], left[j]) + rho * s[i] * s[j] for j in range(3)] for i in range(3)]


def lbfgs(theta, g, rate, step, state, hyper):
    """Liu, Nocedal, 1989: the inverse Hessian as a matrix, made anew of the last pairs from a
    multiple of the identity (7.20), where the C has two loops. J is a quadratic, so that along the
    direction the conditions (3.7) are linear and quadratic in the step, and a cubic through two
    points and slopes is J itself: what it finds is the minimum, kept from the ends of the bracket,
    (0, 1) or (2.1, 5)."""
    if dot(g, g) < Decimal("1e-60"):  # it is there
        return theta
    c1, c2 = Decimal(1e-4), hyper.get("c2", Decimal(0.9))
    pairs = state.setdefault("pairs", [])[-int(hyper.get("history_size", Decimal(10))):]
    scale = 1 / max(Decimal(1), dot(g, g).sqrt())
    if pairs:
        s, y = pairs[-1]
        scale = dot(s, y) / dot(y, y)
    h = [[scale * (i == j) for j in range(3)] for i in range(3)]
    for s, y in pairs:
        h = bfgs(h, s, y)
    p = [-v for v in apply(h, g)]
    slope, bend = dot(g, p), dot(p, apply([exact(r) for r in A], p))

    def meets(a):
        fall = a * slope + a * a * bend / 2
        return fall <= c1 * a * slope and abs(slope + a * bend) <= -c2 * slope

    a = Decimal(1)
    if not meets(a):
        low, high = (Decimal("0.1"), Decimal("0.9")) if slope + bend > 0 else (Decimal("2.1"), 5)
        a = min(max(-slope / bend, low), high)
        assert meets(a), "a step that takes more than one look: choose another start"
    moved = [x + a * d for x, d in zip(theta, p)]
    state["pairs"].append(([a * d for d in p], [v - w for v, w in zip(gradient(moved), g)]))
    return moved


# optimizer, learning rate, hyperparameters by name (the others are the defaults)
ROWS = [
    (gd, 0.137, {}),
    (gd, 0.613, {}),
    (momentum, 0.137, {}),
    (momentum, 0.137, {"momentum": 0.5}),
    (nesterov, 0.137, {}),
    (nesterov, 0.0613, {"momentum": 0.713}),
    (adagrad, 0.137, {}),
    (adagrad, 0.613, {"epsilon": 0.25}),
    (rmsprop, 0.0137, {}),
    (rmsprop, 0.137, {"alpha": 0.713, "epsilon": 0.125}),
    (adadelta, 1.0, {}),
    (adadelta, 0.613, {"rho": 0.713, "epsilon": 0.0625}),
    (adam, 0.137, {}),
    (adam, 0.0613, {"beta1": 0.713, "beta2": 0.871, "epsilon": 0.125}),
    (adamw, 0.137, {}),
    (adamw, 0.0613, {"beta1": 0.713, "beta2": 0.871, "weight_decay": 0.75}),
    (nadam, 0.137, {}),
    (nadam, 0.0613, {"beta1": 0.713, "beta2": 0.871, "momentum_decay": 0.5, "epsilon": 0.125}),
    (amsgrad, 0.137, {}),
    (amsgrad, 0.613, {"beta1": 0.25, "beta2": 0.5, "epsilon": 0.125}),
    (lion, 0.137, {}),
    (lion, 0.0613, {"beta1": 0.25, "beta2": 0.5, "weight_decay": 0.75}),
    (lbfgs, 1.0, {}),
    (lbfgs, 1.0, {"c2": 0.25}),
    (lbfgs, 1.0, {"history_size": 2}),
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
    print("static const double golden_weight[9] = {1, 1, 0};")
    print("static const double golden_start[3] = %s;" % numbers(START))
    print("static const golden golden_rows[] = {")
    for step, rate, hyper in ROWS:
        pairs = ", ".join('{"%s", %r}' % pair for pair in hyper.items()) or "{0}"
        print('    {"%s", %r, {%s},' % (step.__name__, rate, pairs))
        points = [numbers(p) for p in trajectory(step, rate, hyper)]
        print("     {%s}}," % ",\n      ".join(points))
    print("};")


main()
