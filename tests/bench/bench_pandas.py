#!/usr/bin/env python3
"""The tables of bench_readers by pandas.read_csv: CPU time, the faster of two runs, MB/s of text."""

import os
import sys
import time

import pandas

for path in sys.argv[1:]:
    best = 1e9
    for _ in range(2):
        began = time.process_time()
        frame = pandas.read_csv(path)
        best = min(best, time.process_time() - began)
    print("%-10s %-20s %8.0f MB/s   %d rows" % ("pandas", os.path.basename(path), os.path.getsize(path) / best / 1e6, len(frame)))
