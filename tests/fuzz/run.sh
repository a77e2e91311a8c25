#!/bin/sh
# Fuzzes each target for some time, with clang's address and undefined behaviour sanitizers.
#
#   ./tests/fuzz/run.sh [SECONDS] [TARGET...]     60 seconds a target; TARGET: json_dataset ...
#
# Everything it makes is in build/fuzz: what it learns in build/fuzz/learnt/TARGET, an input
# that breaks a rule in build/fuzz/found. To keep one, copy it to tests/fuzz/corpus/TARGET,
# which the fuzz tests of ctest replay; this script only reads there.
set -eu
cd "$(dirname "$0")/../.."

seconds="${1:-60}"
[ "$#" -eq 0 ] || shift
[ "$#" -gt 0 ] || set -- json_dataset ndjson_dataset csv_dataset npy_dataset libsvm_dataset encoding multipart job compat sweep http
out=build/fuzz
mkdir -p "$out/found"
status=0

flags="-std=c11 -O1 -g -ffp-contract=off -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
    -fsanitize=address,undefined -fno-sanitize-recover=all -Icore -Iapi $(pkg-config --cflags libcjson)"
export flags out

# Compiled once for all targets: api without the OpenAPI document, which the build makes.
rm -rf "$out/objects"
mkdir "$out/objects"
[ "$*" = http ] || find api core -name '*.c' ! -name api_openapi.c | xargs -P "$(nproc)" -I '{}' sh -c '
    clang $flags -fsanitize=fuzzer-no-link -c "$1" -o "$out/objects/$(echo "$1" | tr / _).o"' sh '{}'

# http is a whole server: its door is compiled here, what lies behind it is the dev preset's.
case " $* " in *" http "*)
    cmake --preset dev >/dev/null && cmake --build --preset dev --target descentd >/dev/null ;;
esac
door="server/srv_http.c server/srv_answer.c server/srv_framing.c server/srv_body.c server/srv_request.c
    server/srv_routes.c server/srv_connections.c server/srv_cors.c"
behind="build/dev/server/libdescentd_server.a build/dev/api/libdescentd_api.a
    build/dev/core/libgd_core.a"

for target; do
    mkdir -p "$out/learnt/$target"
    rest="$out/objects/*.o"
    [ "$target" != http ] || rest="-Iserver -D_GNU_SOURCE -DDESCENTD_VERSION=\"fuzz\" $door $behind
        $(pkg-config --cflags --libs libmicrohttpd sqlite3 nettle) -lpthread"
    # shellcheck disable=SC2046,SC2086
    clang $flags -fsanitize=fuzzer "tests/fuzz/fuzz_$target.c" $rest \
        $(pkg-config --libs libcjson zlib libzstd) -lm -o "$out/fuzz_$target"
    echo "== $target: $seconds seconds"
    "$out/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
        -print_final_stats=1 -artifact_prefix="$out/found/$target-" \
        "$out/learnt/$target" "tests/fuzz/corpus/$target" >"$out/$target.log" 2>&1 || {
        status=1
        echo "$target: a rule is broken, see $out/$target.log and $out/found"
    }
    grep -E "broken|ERROR|SUMMARY|stat::(number_of_executed_units|average_exec_per_sec)" \
        "$out/$target.log" || true
done
exit "$status"
