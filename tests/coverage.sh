#!/bin/sh
# How much of core and api their own tests run, by clang's source-based coverage: lines, and branches,
# which are the two ways of every condition, each operand of && and || counted for itself.
#
#   ./tests/coverage.sh [--units]
#
# Run is the whole suite, or the unit tests of core and api alone, with their fuzz targets over their
# corpora. Of the suite it fails below 90 % of lines or of branches, of core or of api. The report by files
# is build/coverage/report.txt, what was not run is in build/coverage/html.
#
# Noted, of the units alone: core 97.6 % of 10,533 lines and 91.9 % of 6,540 branches; api 94.6 % of
# 11,136 lines and 88.2 % of 8,558 branches. With e2e_columns, _datasets, _errors, _errors_jobs,
# _errors_requests, _forms, _openapi_replies and _sparse beside them: core 98.0 and 93.2 %, api 96.5 and 90.7 %.
set -eu
cd "$(dirname "$0")/.."

./deploy/packages.sh build test coverage
out=build/coverage
tests='^(core|api|fuzz|server|e2e)$'
skip='^$'
target=all
least=90
if [ "${1:-}" = --units ]; then
    tests='^(core|api|fuzz)$'
    skip='^fuzz_(http|requests|tar)$'
    target=units
    least=0
fi

cmake --preset coverage >/dev/null
cmake --build --preset coverage --target $target >"$out/build.log" 2>&1 || {
    tail -n 40 "$out/build.log" >&2
    exit 1
}
rm -rf "$out/profiles"
# %m: a file for each program, to which its processes add what they ran.
LLVM_PROFILE_FILE="$PWD/$out/profiles/%m.profraw" \
    ctest --preset coverage --parallel "$(nproc)" --label-regex "$tests" --exclude-regex "$skip" \
        >"$out/tests.log" 2>&1 || {
    tail -n 40 "$out/tests.log" >&2
    exit 1
}
llvm-profdata merge -o "$out/profile" "$out"/profiles/*.profraw

objects="$(find "$out" -type f -perm -u+x \( -path "$out/tests/*" -o -path "$out/descentd" \) \
    ! -name '*.so' ! -name '*.cmake' | sed '2,$s/^/-object /')"
# shellcheck disable=SC2086 # a list of words
llvm-cov report $objects -instr-profile="$out/profile" core api >"$out/report.txt" 2>"$out/report.log"
# shellcheck disable=SC2086
llvm-cov show $objects -instr-profile="$out/profile" -format=html -output-dir="$out/html" \
    -show-branches=count core api >/dev/null 2>&1

# Columns: lines and lines missed are the 8th and 9th, branches and branches missed the 11th and 12th.
awk -v least="$least" '
    $1 ~ /(^|\/)(core|api)\/.*\.[ch]$/ && $1 !~ /(^|\/)tests\// {
        part = $1 ~ /(^|\/)core\// ? "core" : "api"
        lines[part] += $8; lines_missed[part] += $9
        branches[part] += $11; branches_missed[part] += $12
    }
    function share(all, missed) { return 100 * (1 - missed / all) }
    END {
        for (p in lines) {
            l = share(lines[p], lines_missed[p]); b = share(branches[p], branches_missed[p])
            printf "%-5s %6.2f %% of %d lines, %6.2f %% of %d branches\n", p, l, lines[p], b, branches[p]
            low += l < least || b < least
        }
        exit low > 0
    }' "$out/report.txt"
