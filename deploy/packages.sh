#!/bin/sh
# Installs what building and testing need and is missing, from Debian's packages. As root, or
# through sudo. Arguments: groups of packages, "build", "test", "lint",
# "fuzz", "coverage", "valgrind" and "bench".
set -eu

build="gcc libc6-dev cmake ninja-build pkg-config libmicrohttpd-dev libcjson-dev libsqlite3-dev nettle-dev libgnutls28-dev zlib1g-dev libzstd-dev curl ca-certificates"
tests="check libsubunit-dev libcurl4-openssl-dev"
lint="clang clang-tidy cppcheck"
fuzz="clang libclang-rt-14-dev llvm"
coverage="clang libclang-rt-14-dev llvm"
valgrind="valgrind"
bench="g++ python3 python3-numpy python3-sklearn python3-torch python3-threadpoolctl python3-pandas libopenblas0-pthread libsimdjson-dev"

wanted=""
for group in "$@"; do
    case "$group" in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $tests" ;;
    lint) wanted="$wanted $lint" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    coverage) wanted="$wanted $coverage" ;;
    valgrind) wanted="$wanted $valgrind" ;;
    bench) wanted="$wanted $bench" ;;
    *)
        echo "packages.sh: unknown group $group" >&2
        exit 2
        ;;
    esac
done

missing=""
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" ||
        missing="$missing $package"
done
[ -z "$missing" ] && exit 0

echo "installing:$missing"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
