#!/usr/bin/python3
"""scikit-learn's metrics of recorded scores, as a C header for tests/core. Run by make.sh."""
import numpy as np
import sklearn
from sklearn import metrics as m

rng = np.random.default_rng(7)


def array(name, values, fmt="{!r}"):
    text = [fmt.format(v) for v in np.asarray(values).tolist()]
    lines, line = [], "   "
    for t in text:
        if len(line) + len(t) + 2 > 96:
            lines.append(line)
            line = "   "
        line += " " + t + ","
    print(f"static const double {name}[] = {{\n" + "\n".join([*lines, line.rstrip(",")]) + "};\n")


def expected(name, values):
    print(f"static const golden_metric {name}[] = {{")
    for key, value in values.items():
        print(f'    {{"{key}", {float(value)!r}}},')
    print("};\n")


print(f"""/* Metrics by scikit-learn {sklearn.__version__}: written by tests/data/reference/metrics.py. */
typedef struct golden_metric {{
    const char *name;
    double value;
}} golden_metric;
""")

# two classes: scores of one decimal, so that many tie; some are of great weight
score = np.round(rng.normal(0, 1.5, 60), 1)
label = (rng.random(60) < 1 / (1 + np.exp(-0.8 * score + 0.5))).astype(int)
P = 1 / (1 + np.exp(-score))
said = (score > 0).astype(int)
array("binary_score", score)
array("binary_label", label)
expected("binary_metrics", {
    "accuracy": m.accuracy_score(label, said), "log_loss": m.log_loss(label, P),
    "roc_auc": m.roc_auc_score(label, score), "pr_auc": m.average_precision_score(label, score),
    "precision": m.precision_score(label, said), "recall": m.recall_score(label, said),
    "f1": m.f1_score(label, said)})
array("binary_confusion", m.confusion_matrix(label, said).ravel())

# four classes: a row of scores each
scores = np.round(rng.normal(0, 1, (40, 4)), 3)
truth = np.where(rng.random(40) < 0.6, scores.argmax(1), rng.integers(0, 4, 40))
P = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
said = scores.argmax(1)
array("multiclass_scores", scores.ravel())
array("multiclass_label", truth)
expected("multiclass_metrics", {
    "accuracy": m.accuracy_score(truth, said), "log_loss": m.log_loss(truth, P),
    "precision": m.precision_score(truth, said, average="macro", zero_division=0),
    "recall": m.recall_score(truth, said, average="macro", zero_division=0),
    "f1": m.f1_score(truth, said, average="macro", zero_division=0)})
array("multiclass_confusion", m.confusion_matrix(truth, said).ravel())

# regression
z = np.round(rng.normal(3, 2, 50), 3)
y = np.round(z + rng.normal(0, 0.7, 50), 3)
assert (y != 0).all()
array("regression_score", z)
array("regression_target", y)
expected("regression_metrics", {
    "mse": m.mean_squared_error(y, z), "rmse": m.mean_squared_error(y, z, squared=False),
    "mae": m.mean_absolute_error(y, z), "r2": m.r2_score(y, z),
    "mape": m.mean_absolute_percentage_error(y, z)})

# counts: scores are logs of means
z = np.round(rng.normal(0.8, 0.6, 50), 3)
y = rng.poisson(np.exp(z))
array("count_score", z)
array("count_target", y)
expected("count_metrics", {
    "mse": m.mean_squared_error(y, np.exp(z)), "rmse": m.mean_squared_error(y, np.exp(z), squared=False),
    "mae": m.mean_absolute_error(y, np.exp(z)), "deviance": m.mean_poisson_deviance(y, np.exp(z)),
    "d2": m.d2_tweedie_score(y, np.exp(z), power=1)})
