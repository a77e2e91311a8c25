#!/bin/sh
# Builds and runs every test: installs what is missing, builds, then ctest.
#
#   ./tests/run.sh [PRESET] [ctest arguments]     PRESET: release (default), dev, asan, tsan
#
# Tests that take long are left out: after it, `ctest --preset release --label-regex long`.
set -eu
cd "$(dirname "$0")/.."

preset="${1:-release}"
[ "$#" -eq 0 ] || shift
./deploy/packages.sh build test
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset" --parallel 2 --label-exclude '^long$' "$@"
