#!/bin/sh
# The whole binary under Valgrind's memcheck, driven by end-to-end tests: no error, and nothing that is
# definitely lost when it ends.
#
#   ./tests/valgrind.sh [TEST...]       names as in ctest: e2e_datasets ...
#
# Without names, those that are of one client at a time and take minutes there, not hours: everything is
# about thirty times slower. What Valgrind said is in build/valgrind/said/. Valgrind has no AVX-512,
# so that the kernels that run are AVX2's.
#
# Noted: those without names, and e2e_access, _backup, _bodies, _brief, _changes, _combinations, _endings,
# _errors, _jobs, _process, _quotas, _real_data, _restart, _settings, _settle, _smuggling, _sparse, _upgrade,
# _versions and _waiting: 35 programs, all of whose tests passed; with those below 597 servers. Of one of
# them something was said: in e2e_damage what a computation held is lost where its file is cut off beneath
# it, which is known (server/srv_guard.h). There and in e2e_clients, _contents, _desk, _dry_run, _limits, _sweeps and
# _uploads some tests failed, by what they take to be quick; e2e_anywhere counts allocations, which Valgrind has
# replaced. e2e_recorded, _references, _replay, _steering and _stop train for too long for it.
set -eu
cd "$(dirname "$0")/.."
[ "$#" -gt 0 ] || set -- e2e_datasets e2e_forms e2e_packed e2e_arrays e2e_columns e2e_models e2e_rows \
    e2e_statistics e2e_evaluations e2e_updates e2e_check e2e_diagnostics e2e_mlp e2e_float32 e2e_browsers

./deploy/packages.sh build test valgrind
build=build/dev
out=build/valgrind
rm -rf "$out"
mkdir -p "$out/said"
cmake --preset dev >/dev/null
cmake --build --preset dev --target descentd "$@" >"$out/build.log" 2>&1 || {
    tail -n 40 "$out/build.log" >&2
    exit 1
}
# What the tests start in place of the binary. %p: the server's process.
export DESCENTD_STARTER="$PWD/$out/starter"
cat >"$DESCENTD_STARTER" <<END
#!/bin/sh
exec valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \\
    --errors-for-leak-kinds=definite --num-callers=30 --log-file="$PWD/$out/said/%p" \\
    "$PWD/$build/descentd" "\$@"
END
chmod +x "$DESCENTD_STARTER"

status=0
export CK_TIMEOUT_MULTIPLIER=40 build out
# shellcheck disable=SC2016 # for another shell
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh -c '
    "$build/tests/$1" >"$out/$1.log" 2>&1 || { tail -n 30 "$out/$1.log"; exit 1; }
    tail -n 1 "$out/$1.log"' sh '{}' || status=1
echo "$(find "$out/said" -type f | wc -l) servers were started"
find "$out/said" -size 0 -delete
for said in "$out"/said/*; do
    [ -f "$said" ] || continue
    echo "== $said"
    cat "$said"
    status=1
done
exit "$status"
