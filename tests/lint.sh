#!/bin/sh
# Looks at core, api and server without running them. Each tool's report has to be empty.
#
#   tests/lint.sh [cppcheck] [analyzer] [tidy]      all three unless some are named
#
# analyzer is gcc's -fanalyzer. What is no finding is said where it stands, with the reason:
# `cppcheck-suppress` and NOLINT; kinds that only nag are left out in .clang-tidy. On two
# processors cppcheck takes seconds, the others minutes; ctest has all of it as `lint`, label long.
set -eu
cd "$(dirname "$0")/.."
[ "$#" -gt 0 ] || set -- cppcheck analyzer tidy
./deploy/packages.sh build lint

build=build/lint
failed=0
mkdir -p "$build"

# The compiler's commands, and the sources that the build makes.
prepare() {
    cmake -G Ninja -B "$build" -DDESCENTD_TESTS=OFF -DCMAKE_C_COMPILER_LAUNCHER= >/dev/null
    cmake --build "$build" --target descentd >"$build/build.log" 2>&1 || {
        tail -n 40 "$build/build.log" >&2
        exit 1
    }
    sed -n 's/^ *"command": "\(.*\)",$/\1/p' "$build/compile_commands.json" |
        sed -E 's/\\"/"/g; s/\\\\/\\/g; s/ -o [^ ]+/ -o \/dev\/null/' >"$build/commands"
}

# The report is what $1 wrote: of it, whatever is a finding.
empty() {
    grep -qE '(warning|error):' "$build/$1.txt" || return 0
    echo "== $1"
    cat "$build/$1.txt"
    failed=1
}

for tool; do
    case "$tool" in
    cppcheck)
        # gd_sparse.c: `values` is NULL only where `values32` is not, and then it is not read
        cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
            -j "$(nproc)" --library=tests/cppcheck.xml --suppress=nullPointer:core/gd_sparse.c \
            core api server >"$build/cppcheck.txt" 2>&1
        empty cppcheck
        ;;
    analyzer)
        prepare
        (cd "$build" && xargs -d '\n' -P "$(nproc)" -I '{}' sh -c '{} -fanalyzer' <commands) \
            >"$build/analyzer.txt" 2>&1 || failed=1
        empty analyzer
        ;;
    tidy)
        prepare
        find core api server -name '*.c' -print0 | xargs -0 -P "$(nproc)" -n 4 clang-tidy -quiet -p "$build" \
            >"$build/tidy.txt" 2>"$build/tidy.log" || failed=1
        empty tidy
        ;;
    *)
        echo "lint.sh: unknown tool $tool" >&2
        exit 2
        ;;
    esac
done
exit "$failed"
