#!/bin/sh
# Fuzzes, with clang's libFuzzer, address and undefined behaviour sanitizers.
#
#   ./tests/fuzz/run.sh [--seconds N] [--executions N] [--jobs N] [TARGET...]
#
# Each target (json_dataset, ...; all, unless some are named) runs for so many seconds, 60 unless told
# otherwise, as many of them at once as there are processors or --jobs says. With --executions they
# take turns of so many seconds until they come to so many executions in all, those of an earlier run
# with --executions counted. At its end, and when it is interrupted, it says how many each has made.
#
# Everything it makes is in build/fuzz: what a target learns in learnt/TARGET, what it said in
# logs/TARGET.log, an input that breaks a rule in found/TARGET-*, and the executions, a line for each
# turn, in executions. To keep an input, copy it to tests/fuzz/corpus/TARGET, which the fuzz tests of
# ctest replay; this script only reads there. The exit code is 1 when a rule was broken.
#
# Noted: 103,995,440 executions on two processors with other work, in turns of 150 and of 300 s: documents
# 80,173,304, values 19,612,445, job 1,839,329, multipart 663,328, tar 542,218, compat 437,934, sweep 433,768,
# libsvm_dataset 293,114: nothing was found. Before those, about 20,000,000 of all targets.
set -eu
cd "$(dirname "$0")/../.."

seconds=60
wanted=0
jobs="$(nproc)"
while [ "$#" -gt 0 ]; do
    case "$1" in
    --seconds) seconds="$2" ;;
    --executions) wanted="$2" ;;
    --jobs) jobs="$2" ;;
    -*)
        echo "run.sh: unknown option $1" >&2
        exit 2
        ;;
    *) break ;;
    esac
    shift 2
done
[ "$#" -gt 0 ] || { cd tests/fuzz/corpus && set -- * && cd ../../..; }

./deploy/packages.sh build fuzz
out=build/fuzz
mkdir -p "$out/found" "$out/logs"
[ "$wanted" -gt 0 ] || : >"$out/executions"
touch "$out/executions"
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >"$out/logs/build.log" 2>&1 || {
    tail -n 40 "$out/logs/build.log" >&2
    exit 1
}

# What the servers in http and requests store need not be on a disk.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
export seconds out

# One turn of a target.
# shellcheck disable=SC2016 # for another shell
turn='
    what="$1" log="$out/logs/$1.log" dict="tests/fuzz/dict/$1" status=0
    mkdir -p "$out/learnt/$what"
    "$out/tests/fuzz_$what" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -max_len=4096 \
        -print_final_stats=1 -artifact_prefix="$out/found/$what-" $([ ! -f "$dict" ] || echo "-dict=$dict") \
        "$out/learnt/$what" "tests/fuzz/corpus/$what" >"$log" 2>&1 || status=$?
    n="$(sed -n "s/^stat::number_of_executed_units: *//p" "$log")"
    echo "$what ${n:-0}" >>"$out/executions"
    [ "$status" -eq 0 ] && exit 0
    echo "$what: a rule is broken, see $log and $out/found"
    grep -E "broken|ERROR|SUMMARY" "$log" || tail -n 20 "$log"
    exit 1'

sum() {
    awk '{ n += $2 } END { printf "%d\n", n }' "$out/executions"
}

# shellcheck disable=SC2329 # by the trap
report() {
    awk '{ n[$1] += $2; all += $2 }
        END { for (t in n) printf "%-16s %12d\n", t, n[t] | "sort"; close("sort")
              printf "%-16s %12d executions\n", "all", all }' "$out/executions"
}
trap report EXIT
trap 'exit 130' INT TERM

while :; do
    printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' sh -c "$turn" sh '{}' || exit 1
    [ "$(sum)" -lt "$wanted" ] || break
done
