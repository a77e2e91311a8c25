#!/usr/bin/env python3
"""How much memory large uploads take: the peak of the whole process (VmHWM) before and after each.

    tests/bench/upload_memory.py [--build build/release] [--gigabytes 2] [--only JSON]

JSON in rows, in records and by columns, of 20 columns and of 1,001; arrays of NumPy in both orders; and a
table packed by gzip, which unpacks to as much; made while they are sent. By itself, not in run.sh.
"""
import argparse
import http.client
import json
import os
import time
import zlib

from common import Server

COLS = 20
BLOCK = 1 << 20


def npy(size, fortran):
    rows = size // (8 * COLS)
    head = f"{{'descr': '<f8', 'fortran_order': {fortran}, 'shape': ({rows}, {COLS}), }}"
    head = head.ljust(117) + "\n"
    yield b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
    left = rows * COLS * 8
    block = (b"\x00" * 6 + b"\xf0\x3f" + b"\x00" * 6 + b"\x00\x40") * (BLOCK // 16)  # 1 and 2
    while left > 0:
        yield block[:left]
        left -= BLOCK


def packed(size):
    pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    yield pack.compress(("".join(f"x{i + 1}," for i in range(COLS - 1)) + "y\n").encode())
    lines = "".join(",".join(f"{(i * 7919 + j * 104729) % 100003 / 1000:.3f}" for j in range(COLS)) + "\n"
                    for i in range(8000)).encode()
    for _ in range(size // len(lines)):
        yield pack.compress(lines)
    yield pack.flush()


def numbers(count, seed):
    """Texts of 17 digits."""
    return [f"{((i * 7919 + seed) % 100003 - 50000) / 7001:.17g}" for i in range(count)]


def again(begin, piece, end, size):
    """begin, then pieces up to that size with commas between them, then end; and how many."""
    times = max(1, size // len(piece))
    yield begin
    for _ in range(times - 1):
        yield piece + b","
    yield piece + end


def matrix(size, cols):
    some = 200000 // cols // 2 * 2
    rows = ",".join("[" + ",".join(numbers(cols, i * cols)) + "]" for i in range(some)).encode()
    target = ",".join(["1.5", "-2"] * (some // 2)).encode()
    times = max(1, size // (len(rows) + len(target)))
    yield from again(b'{"X": [', rows, b"]", times * len(rows))
    yield from again(b', "y": [', target, b"]}", times * len(target))


def records(size, cols):
    names = [f"x{j + 1}" for j in range(cols - 1)] + ["y"]
    some = ",".join("{" + ",".join(f'"{n}": {v}' for n, v in zip(names, numbers(cols, i * cols))) + "}"
                    for i in range(200000 // cols)).encode()
    yield from again(b'{"target": "y", "data": [', some, b"]}", size)


def columns(size, cols):
    piece = ",".join(numbers(50000, 11)).encode()
    names = [f"x{j + 1}" for j in range(cols - 1)] + ["y"]
    for j, name in enumerate(names):
        yield from again(f'{"," if j else chr(123) + chr(34) + "columns" + chr(34) + ": {"}"{name}": ['.encode(),
                         piece, b"]", size // cols)
    yield b"}}"


def send(server, query, headers, blocks):
    connection = http.client.HTTPConnection(server.address)
    began, before, sent = time.perf_counter(), server.memory("VmHWM"), 0
    processor = server.processor_time()

    def counted():
        nonlocal sent
        for block in blocks:
            sent += len(block)
            if block:
                yield block

    connection.request("POST", "/v1/datasets" + query, counted(), headers, encode_chunked=True)
    reply = connection.getresponse()
    document = json.loads(reply.read())
    if reply.status != 201:
        raise RuntimeError(document)
    return (f"{sent / 1e9:.2f} GB sent, {document['rows']} rows: peak {before:.1f} MB before, "
            f"{server.memory('VmHWM'):.1f} MB after; {server.processor_time() - processor:.1f} s of the "
            f"processor, {time.perf_counter() - began:.1f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--only", default="", help="bodies whose name has this in it")
    given = parser.parse_args()
    size = int(given.gigabytes * 1e9)
    chunked = {"Transfer-Encoding": "chunked"}
    json_type = {"Content-Type": "application/json"}
    for what, query, headers, blocks in (
            ("JSON, rows", "", json_type, matrix(size, COLS)),
            ("JSON, records", "", json_type, records(size, COLS)),
            ("JSON, by columns", "", json_type, columns(size, COLS)),
            ("JSON, 1,001 wide", "", json_type, matrix(size, 1001)),
            ("JSON records, 1,001 wide", "", json_type, records(size, 1001)),
            (".npy in rows", "?target=x20", {"Content-Type": "application/x-npy"}, npy(size, False)),
            (".npy in columns", "?target=x20", {"Content-Type": "application/x-npy"}, npy(size, True)),
            ("CSV in gzip", "?target=y", {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
             packed(size))):
        if given.only not in what:
            continue
        with Server(os.path.join(given.build, "descentd"), "--max-body", "8g") as server:
            print(f"{what:24}", send(server, query, {**headers, **chunked}, blocks), flush=True)


if __name__ == "__main__":
    main()
