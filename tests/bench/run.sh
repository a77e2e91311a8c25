#!/bin/sh
# Runs the whole benchmark against NumPy, scikit-learn and PyTorch: installs what is missing from
# Debian's packages, builds, measures, and writes build/bench.json and build/bench.md.
#
#   ./tests/bench/run.sh [--quick] [--minutes N] [--only PART,...]      see bench.py
set -eu
cd "$(dirname "$0")/../.."

./deploy/packages.sh build test bench
cmake --preset release >/dev/null
cmake --build --preset release --target descentd bench
exec /usr/bin/python3 tests/bench/bench.py --build build/release "$@"
