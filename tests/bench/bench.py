#!/usr/bin/env python3
"""All parts of the benchmark in one run, one table, one file.

    tests/bench/bench.py [--build build/release] [--quick] [--minutes 12] [--only PART,...]
                         [--json build/bench.json] [--markdown build/bench.md]

Each part is a program beside this one that also runs by itself; here each gets a share of the time,
and one that fails or takes too long leaves the figures that it has and the others alone. The exit
code is 0 if every part ran to its end, whatever its figures say.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import machine
from common import HEAD, line
from figures import FORMS

HERE = os.path.dirname(os.path.abspath(__file__))


class Part:
    """A program, and how much of the time it may take at most, of 100. Programs with options and a
    form of JSON of their own say so: own has those of a full and of a quick run."""

    def __init__(self, name, share, own=None):
        self.name, self.share, self.own = name, share, own
        self.script = os.path.join(HERE, f"bench_{name}.py")

    def command(self, given, out):
        command = [sys.executable, self.script, "--json", out]
        if self.own is None:
            return command + ["--build", given.build] + (["--quick"] if given.quick else [])
        words = self.own[1] if given.quick else self.own[0]
        return command + [word.replace("BUILD", given.build) for word in words]


PARTS = [
    Part("small", 10),
    Part("least_squares", 15),
    Part("streaming", 25),
    Part("sweep", 20),
    Part("threads", 20),
    Part("sgd", 25, (["--driver", "BUILD/tests/bench_sgd", "--repetitions", "3"],
                     ["--driver", "BUILD/tests/bench_sgd", "--repetitions", "1"])),
    Part("mlp", 25, (["--binary", "BUILD/descentd", "--epochs", "5", "--rounds", "2"],
                     ["--binary", "BUILD/descentd", "--epochs", "4", "--rounds", "1"])),
    Part("gram", 12, (["--driver", "BUILD/tests/bench_gram", "--repetitions", "3"],
                      ["--driver", "BUILD/tests/bench_gram", "--repetitions", "1"])),
    Part("upload", 12),
    Part("sparse", 12),
    Part("scaling", 30),
]


def run(command, seconds):
    """Its exit code, or None if it took longer and was ended, with what it had started."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        for sent in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(process.pid, sent)
            try:
                process.wait(5)
                break
            except subprocess.TimeoutExpired:
                pass
        return None
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        raise


def figures_of(part, path):
    try:
        with open(path) as f:
            document = json.load(f)
    except (OSError, ValueError):
        return []
    return FORMS[part.name](document) if part.name in FORMS else document


def measure(parts, given, folder):
    """Figures, and what went wrong."""
    rows, wrong = [], []
    end = time.monotonic() + 60 * given.minutes
    for part in parts:
        print(f"\n## {part.name}\n", flush=True)
        out = os.path.join(folder, part.name + ".json")
        began = time.monotonic()
        limit = min(60 * given.minutes * part.share / 100, end - began)
        code = run(part.command(given, out), limit) if limit > 5 else None
        if code != 0:
            how = (f"failed ({code})" if code is not None else
                   f"was ended after {limit:.0f} s" if limit > 5 else "was left out for want of time")
            wrong.append(f"Part {part.name} {how}.")
            print(wrong[-1], flush=True)
        own = figures_of(part, out)
        rows += [{"part": part.name, **row} for row in own]
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return rows, wrong


def markdown(facts, rows, wrong):
    with_goal = [row for row in rows if row["goal"] is not None]
    text = [machine.sentence(facts), "", "Goals:", "", HEAD]
    text += [line(row) for row in sorted(with_goal, key=lambda row: str(row["point"]))]
    text += ["", "All figures:", "", HEAD]
    text += [line(row) for row in sorted(rows, key=lambda row: str(row["point"]))]
    text += ["", " ".join(wrong)] if wrong else []
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--quick", action="store_true", help="less of everything, in 3 minutes")
    parser.add_argument("--minutes", type=float, help="at most; 12, or 3 of a quick run")
    parser.add_argument("--only", default="", help="names of parts, with commas between")
    parser.add_argument("--json", default="build/bench.json")
    parser.add_argument("--markdown", default="build/bench.md")
    given = parser.parse_args()
    given.minutes = given.minutes or (3 if given.quick else 12)
    only = [name for name in given.only.split(",") if name]
    parts = [p for p in PARTS if os.path.exists(p.script) and (not only or p.name in only)]
    if set(only) - {p.name for p in PARTS}:
        sys.exit("parts are: " + ", ".join(p.name for p in PARTS))
    facts = machine.facts(given.build)
    print(machine.sentence(facts), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        rows, wrong = measure(parts, given, folder)
    facts["after"] = machine.measured(given.build)
    facts["load_after"] = os.getloadavg()[0]
    text = markdown(facts, rows, wrong)
    for path, content in ((given.markdown, text),
                          (given.json, json.dumps({"machine": facts, "quick": given.quick,
                                                   "figures": rows, "wrong": wrong}, indent=1))):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w") as f:
            f.write(content)
    print("\n" + text, flush=True)
    print(f"written: {given.json}, {given.markdown}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
