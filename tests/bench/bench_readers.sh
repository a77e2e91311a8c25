#!/bin/sh
# The readers against simdjson On-Demand, cJSON and pandas.read_csv, on the same files in one run.
#
#   tests/bench/bench_readers.sh [FOLDER]      200,000 x 20 numbers; files stay in FOLDER if it is given
#
# Needs a built release preset, and Debian's libsimdjson-dev, g++ and python3-pandas, which it installs
# when it runs as root. Times are those of the processor, one thread, fastest of several runs.
set -eu
cd "$(dirname "$0")/../.."

[ -f /usr/include/simdjson.h ] && /usr/bin/python3 -c 'import pandas' 2>/dev/null ||
    apt-get install -y --no-install-recommends libsimdjson-dev g++ python3-pandas >/dev/null
cmake --build --preset release --target bench_readers >/dev/null
folder="${1:-$(mktemp -d)}"
[ $# -gt 0 ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"
[ -f "$folder/table_texts.csv" ] || /usr/bin/python3 tests/bench/make_tables.py "$folder"
ours=build/release/tests/bench_readers
theirs=$folder/bench_simdjson
g++ -O3 -std=c++17 tests/bench/bench_simdjson.cpp -lsimdjson -o "$theirs"

for round in 1 2; do
    for file in "$folder"/*.json; do
        "$ours" json "$file"
        "$theirs" "$file"
    done
    for file in "$folder"/*.ndjson; do
        "$ours" ndjson "$file"
        "$theirs" "$file"
    done
    for file in "$folder"/*.csv; do
        "$ours" csv "$file"
        [ "$round" = 2 ] || /usr/bin/python3 tests/bench/bench_pandas.py "$file"
    done
    "$ours" csv "$folder/packed.csv.gz"
    for file in "$folder"/*.npy; do
        "$ours" npy "$file"
        /usr/bin/python3 tests/bench/bench_pandas.py "$file"
    done
    "$ours" npz "$folder/stored.npz"
    [ "$round" = 2 ] || "$ours" cjson "$folder"/matrix_*.json
done
