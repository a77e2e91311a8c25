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

# Files that are others once more, for wider vectors.
again='/(kernels/avx2|kernels/avx512|gd_net_avx2|gd_net_avx512|gd_minibatch_avx2|gd_minibatch_avx512)\.c$'

# Of the analyzer:
#  - numbers: loops over vectors, with nothing to lose, which it takes minutes to unroll.
#  - either: of two pointers one is NULL, and then it is the other that is read.
#  - blind: gcc 12 loses sight of what is stored in an array of pointers and takes it for leaked, and takes
#    bytes that memcpy or a loop wrote for uninitialized. Leaks are looked for by LeakSanitizer in
#    every test and with every allocation failing in turn; the rest by -Wall and Valgrind.
# It is run without optimizing, which turns what was written into what it takes for NULL.
numbers='/(core/kernels/portable|gd_net_portable|gd_minibatch_portable)\.c$'
either='(gd_sparse|srv_table)\.c( |$)'
blind='-Wno-analyzer-malloc-leak -Wno-analyzer-use-of-uninitialized-value'

# The compiler's commands, and the sources that the build makes.
prepare() {
    cmake -G Ninja -B "$build" -DDESCENTD_TESTS=OFF -DCMAKE_C_COMPILER_LAUNCHER= >/dev/null
    cmake --build "$build" --target server/srv_build_sources.h >"$build/build.log" 2>&1 || {
        tail -n 40 "$build/build.log" >&2
        exit 1
    }
    sed -n 's/^ *"command": "\(.*\)",$/\1/p' "$build/compile_commands.json" |
        sed -E 's/\\"/"/g; s/\\\\/\\/g; s/ -o [^ ]+/ -o \/dev\/null/' |
        grep -vE "$again" >"$build/commands"
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
        (cd "$build" && grep -vE "$numbers" commands |
            sed -E "/(gd_error|api_problem)\\.c\$/! s|\$| -include ../../tests/analyzer.h|; /$either/ s|\$| -Wno-analyzer-null-dereference|" |
            xargs -d '\n' -P "$(nproc)" -I '{}' sh -c "{} -O0 -fanalyzer $blind") \
            >"$build/analyzer.txt" 2>&1 || failed=1
        empty analyzer
        ;;
    tidy)
        prepare
        # One file a process: of several, clang 14's check of va_list takes those behind the first to
        # be without va_start.
        find core api server -name '*.c' | grep -vE "$again" |
            xargs -P "$(nproc)" -n 1 clang-tidy -quiet -p "$build" \
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
