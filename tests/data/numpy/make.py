#!/usr/bin/env python3
"""Writes arrays.txt: arrays as NumPy saves them, and their values as NumPy has them as doubles.

    tests/data/numpy/make.py        needs python3-numpy; the tests only read arrays.txt

A line is: npy or npz, a name, rows, columns (of the features), the file in hexadecimal digits, the
values row by row as hexadecimal floats, and for npz "|" and the targets.
"""
import io
import os
import warnings

import numpy as np
from numpy.lib import format as npy_format

EDGES = {
    "f": [0.0, -0.0, 1.0, -1.5, 0.1, 1e-7, 65504.0, -2.0 ** -24, 3.0, 1024.5, 7.0, 2.0 ** -14],
    "i": [0, -1, 1, 100, -128, 127, 2, 3, -4, 5, 6, 7],
    "u": [0, 1, 255, 2, 3, 4, 5, 6, 7, 8, 9, 200],
    "b": [True, False, False, True, True, True, False, False, True, False, True, False],
}
LARGE = {"f8": [1.7976931348623157e308, 5e-324, -1e300], "f4": [3.4028234663852886e38, 1e-45],
         "i2": [-2 ** 15, 2 ** 15 - 1], "i4": [-2 ** 31, 2 ** 31 - 1],
         "i8": [2 ** 53, -2 ** 53, 2 ** 62, -2 ** 63, 2 ** 53 + 2],
         "u2": [2 ** 16 - 1], "u4": [2 ** 32 - 1], "u8": [2 ** 53, 2 ** 63, 2 ** 64 - 2 ** 11]}


def values(kind):
    v = list(EDGES[kind[0]])
    for i, x in enumerate(LARGE.get(kind, [])):
        v[i] = x
    return v


def hexes(array):
    return " ".join(float(x).hex() for x in np.asarray(array).astype(float).ravel(order="C"))


def saved(array, version=None):
    to = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        npy_format.write_array(to, array, version=version, allow_pickle=False)
    return to.getvalue()


class Pipe(io.RawIOBase):
    """What can't be gone back in: sizes come behind the members."""

    def __init__(self):
        self.bytes = b""

    def writable(self):
        return True

    def write(self, b):
        self.bytes += bytes(b)
        return len(b)


def archive(save, **arrays):
    to = io.BytesIO()
    save(to, **arrays)
    return to.getvalue()


def piped(save, **arrays):
    to = Pipe()
    save(to, **arrays)
    return to.bytes


def main():
    lines = []

    def npy(name, array, version=None):
        rows, cols = array.shape if array.ndim == 2 else (array.shape[0], 1)
        lines.append(f"npy {name} {rows} {cols} {saved(array, version).hex()} {hexes(array)}")

    for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"):
        for order in "<>":
            if kind[1] == "1" and order == ">":
                continue
            a = np.array(values(kind), dtype=order + kind).reshape(4, 3)
            end = "le" if order == "<" else "be"
            npy(f"{kind}_{end}_c", a)
            npy(f"{kind}_{end}_f", np.asfortranarray(a))
    a = np.array(values("f8")).reshape(4, 3)
    for version in ((1, 0), (2, 0), (3, 0)):
        npy("version_%d_%d" % version, a, version)
    npy("flat", a[:, 0].copy())
    npy("one_column_f", np.asfortranarray(a[:, :1]))
    npy("one_row_f", np.asfortranarray(a[:1]))
    npy("transposed", a.T)
    npy("strided", a[::2, ::2])

    x, y = a, np.array([1, 2, 3, 5], dtype="<i4")

    def npz(name, data, x=x, y=y):
        lines.append(f"npz {name} {x.shape[0]} {x.shape[1] if x.ndim == 2 else 1} {data.hex()} "
                     f"{hexes(x)} | {hexes(y)}")

    npz("stored", archive(np.savez, X=x, y=y))
    npz("deflated", archive(np.savez_compressed, X=x, y=y))
    npz("y_first", archive(np.savez, y=y, X=x))
    npz("fortran", archive(np.savez_compressed, X=np.asfortranarray(x), y=y))
    npz("others", archive(np.savez, first=np.arange(5), X=x, names=np.array(["a", "b"]), y=y,
                          last=np.zeros((2, 2, 2))))
    npz("others_deflated", archive(np.savez_compressed, first=np.arange(50), X=x, y=y, last=x))
    npz("deflated_pipe", piped(np.savez_compressed, first=np.arange(50), X=x, y=y))
    npz("y_column", archive(np.savez, X=x, y=y.reshape(4, 1)))
    npz("flat", archive(np.savez, X=x[:, 0].copy(), y=y), x[:, 0])
    npz("plain", archive(np.savez, X=np.array([[1.0], [2.0], [3.0], [5.0]]), y=y),
        np.array([[1.0], [2.0], [3.0], [5.0]]))
    labels, codes = np.array(["cat", "dog", "cat", "kö \U0001f408"]), np.array([0, 1, 0, 2])
    npz("labels", archive(np.savez, X=x, y=labels), y=codes)
    npz("labels_be", archive(np.savez_compressed, y=labels.astype(">U9"), X=x), y=codes)
    npz("labels_bytes", archive(np.savez, X=x, y=np.array([b"cat", b"dog", b"cat", b"mouse"])), y=codes)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "arrays.txt"), "w",
              encoding="ascii") as f:
        f.write(f"# by make.py, with NumPy {np.__version__}\n")
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
