#!/usr/bin/env python3
"""Sparse rows: reading LIBSVM against scikit-learn, training against SciPy and scikit-learn.

    tests/bench/bench_sparse.py [--build build/release] [--quick] [--json FILE]

News-like data: 100,000 columns, 50 values a row, columns with Zipf's frequencies. Both sides must
come to the same answer before anything is timed. Reading is timed in memory, one thread, by the
processor's time. Epochs of the server's are those of its history; an epoch of single rows there ends
with a pass for the cost of all rows, which SGDClassifier does not make. The whole of a fit is from POST
to the model on our side, and LogisticRegression.fit alone on the other.
"""
import os
import subprocess
import sys
import tempfile
import time

from common import Server, alternate, main, median, options, same

COLUMNS, VALUES, L2 = 100000, 50, 1e-4


class Sparse:
    def __init__(self, rows, columns=COLUMNS, values=VALUES, seed=7):
        import numpy as np
        import scipy.sparse

        random = np.random.default_rng(seed)
        draw = np.minimum(columns ** random.random((rows, values)), columns - 1).astype(np.int32)
        index = [np.unique(row) for row in draw]
        ends = np.concatenate([[0], np.cumsum([len(row) for row in index])])
        data = np.rint(random.random(ends[-1]) * 9998 + 1) / 10000
        self.X = scipy.sparse.csr_matrix((data, np.concatenate(index), ends), (rows, columns))
        w = random.standard_normal(columns)
        self.y = np.where(self.X @ w + random.logistic(size=rows) * 0.5 > 0, 1, -1)

    def write(self, path):
        X = self.X
        with open(path, "w") as f:
            for i in range(X.shape[0]):
                part = slice(X.indptr[i], X.indptr[i + 1])
                f.write(f"{self.y[i]:d} " + " ".join(
                    f"{j + 1}:{v:.4f}" for j, v in zip(X.indices[part], X.data[part])) + "\n")


def reading(report, given, path, what):
    from sklearn.datasets import load_svmlight_file

    program = os.path.join(given.build, "tests", "bench_readers")

    def ours():
        text = subprocess.run([program, "libsvm", path], check=True, capture_output=True,
                              text=True).stdout
        return os.path.getsize(path) / float(text.split()[2]) / 1e6

    def theirs():
        began = time.process_time()
        load_svmlight_file(path)
        return time.process_time() - began

    times = alternate({"ours": ours, "theirs": theirs}, given.window, 2, 5)
    size = os.path.getsize(path) / 1e6
    a, b = size / min(times["ours"]), size / min(times["theirs"])
    report.add("sparse", f"{what}: read, {size:.0f} MB of LIBSVM", a, "MB/s", b,
               "load_svmlight_file", value=a / b)


def coefficients(result):
    import numpy as np

    return np.array(result["parameters"]["coefficients"], dtype=float).ravel()


def epochs(report, given, server, dataset, data, what):
    import numpy as np

    X, y, n = data.X, (data.y > 0).astype(float), data.X.shape[0]
    transposed = X.T.tocsr()

    def loop(count, rate):
        w = np.zeros(X.shape[1])
        for _ in range(count):
            z = X @ w
            w -= rate * (transposed @ (1 / (1 + np.exp(-z)) - y) / n + L2 * w)
            np.logaddexp(0, np.where(y > 0, -z, z)).mean()
        return w

    def job(count):
        return server.train(dataset, model="logistic_regression", epochs=count, intercept=False,
                            learning_rate=0.5, l2=L2)

    same(coefficients(job(10)), loop(10, 0.5), 1e-9, "full batches")

    def theirs():
        began = time.perf_counter()
        loop(given.epochs, 0.5)
        return (time.perf_counter() - began) / given.epochs

    times = alternate({"ours": lambda: job(given.epochs)["epochs"][1:], "theirs": theirs},
                      given.window)
    report.add("sparse", f"{what}: a full-batch epoch, logistic", 1e3 * median(times["ours"]), "ms",
               1e3 * median(times["theirs"]), "SciPy's loop, one thread")


def single_rows(report, given, server, dataset, data, what):
    from sklearn.linear_model import SGDClassifier

    def model(count, shuffle):
        return SGDClassifier(loss="log_loss", alpha=L2, fit_intercept=False, learning_rate="constant",
                             eta0=0.1, max_iter=count, tol=None, shuffle=shuffle, random_state=1)

    def job(count, shuffle):
        return server.train(dataset, model="logistic_regression", epochs=count, batch_size=1,
                            intercept=False, learning_rate=0.1, l2=L2, shuffle=shuffle)

    same(coefficients(job(3, False)), model(3, False).fit(data.X, data.y).coef_.ravel(), 1e-6,
         "single rows")

    def theirs():
        began = time.perf_counter()
        model(given.epochs, True).fit(data.X, data.y)
        return (time.perf_counter() - began) / given.epochs

    times = alternate({"ours": lambda: job(given.epochs, True)["epochs"], "theirs": theirs},
                      given.window)
    report.add("sparse", f"{what}: an epoch of single rows, logistic, l2", 1e3 * median(times["ours"]),
               "ms", 1e3 * median(times["theirs"]), "SGDClassifier")


def whole(report, given, server, dataset, data, what):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    n = data.X.shape[0]
    strength = 1e-3

    def cost(w):
        return (np.logaddexp(0, -data.y * (data.X @ w)).mean() + strength / 2 * (w @ w))

    def model():
        return LogisticRegression(C=1 / (n * strength), fit_intercept=False, tol=1e-5, max_iter=500)

    def job():
        return server.train(dataset, model="logistic_regression", optimizer="lbfgs", epochs=500,
                            intercept=False, l2=strength, tol=1e-8)

    a, b = cost(coefficients(job())), cost(model().fit(data.X, data.y).coef_.ravel())
    same(np.array([a]), np.array([b]), 1e-4, "lbfgs")

    def theirs():
        began = time.perf_counter()
        model().fit(data.X, data.y)
        return time.perf_counter() - began

    times = alternate({"ours": lambda: job()["seconds"], "theirs": theirs}, given.window)
    report.add("sparse", f"{what}: fit by lbfgs, POST to model", 1e3 * median(times["ours"]), "ms",
               1e3 * median(times["theirs"]), "LogisticRegression.fit")


def part(report, given):
    data = Sparse(given.rows)
    what = f"{given.rows:,} × {COLUMNS:,}, {data.X.nnz / given.rows:.0f} a row"
    with tempfile.TemporaryDirectory() as folder, Server(given.binary) as server:
        path = os.path.join(folder, "rows.svm")
        data.write(path)
        reading(report, given, path, what)
        with open(path, "rb") as f:
            dataset = server.ask("POST", f"/v1/datasets?columns={COLUMNS}", f.read(),
                                 "text/x-libsvm")["id"]
        for of in (epochs, single_rows, whole):
            of(report, given, server, dataset, data, what)
        filled = given.rows * COLUMNS * 8 / 2 ** 20
        report.add("sparse", f"{what}: the server's peak of resident memory; filled in the rows "
                   f"alone are {filled:,.0f} MiB", server.memory("VmHWM"), "MiB")


if __name__ == "__main__":
    main(part, options(__doc__, rows=(20000, 10000, 300), epochs=(10, 5, 3), window=(12, 6, 1)))
