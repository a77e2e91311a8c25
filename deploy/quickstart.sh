#!/bin/sh
# From a clone to a trained model: installs what is missing, builds, starts the server, trains
# on two of NIST's certified data sets and prints what was fitted beside what NIST publishes.
#
#   ./deploy/quickstart.sh          leaves the server running
#   ./deploy/quickstart.sh --stop   stops it at the end
set -eu
cd "$(dirname "$0")/.."

stop=no
[ "${1:-}" = "--stop" ] && stop=yes
address="${DESCENTD_LISTEN:-127.0.0.1:8080}"
url="http://$address"

./deploy/packages.sh build
mkdir -p build
{ cmake --preset release -DDESCENTD_TESTS=OFF && cmake --build --preset release; } \
    >build/quickstart.log 2>&1 || { cat build/quickstart.log; exit 1; }

if ./build/release/descentd --health --listen "$address"; then
    echo "something answers at $url already: stop it first, or set DESCENTD_LISTEN to another address" >&2
    exit 1
fi
./build/release/descentd --listen "$address" 2>>build/descentd.log &
server=$!
tries=0
until ./build/release/descentd --health --listen "$address"; do
    kill -0 "$server" 2>/dev/null || { cat build/descentd.log; exit 1; }
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "the server does not answer at $url"; exit 1; }
    sleep 0.1
done
kill -0 "$server" 2>/dev/null || { tail -n 3 build/descentd.log; exit 1; }
echo "descentd listens on $url (process $server, log in build/descentd.log)"

# A member of a reply that is printed one to a line.
member() { sed -n 's/^ *"'"$1"'": "\{0,1\}\([^",]*\)"\{0,1\},\{0,1\}$/\1/p' | head -n 1; }

# train NAME JOB-FIELDS: uploads tests/data/NAME.csv, trains, sets $model
train() {
    dataset=$(curl -sS -H 'Content-Type: text/csv' --data-binary "@tests/data/$1.csv" \
        "$url/v1/datasets?name=$1&target=y" | member id)
    job=$(curl -sS "$url/v1/jobs" -d "{\"dataset_id\": \"$dataset\", $2}" | member id)
    while :; do
        reply=$(curl -sS "$url/v1/jobs/$job")
        state=$(echo "$reply" | member state)
        printf '\r%-8s %-9s epoch %-8s cost %-24s' "$1" "$state" \
            "$(echo "$reply" | member epoch)" "$(echo "$reply" | member cost)"
        case "$state" in queued | running) sleep 0.2 ;; *) break ;; esac
    done
    echo
    model=$(echo "$reply" | member model_id)
}

# value N: the N-th fitted coefficient of $model, or its intercept
parameters() { curl -sS "$url/v1/models/$model"; }
coefficient() { parameters | sed -n 's/^ *"coefficients": \[\(.*\)\],\{0,1\}$/\1/p' | head -n 1 | cut -d, -f"$1" | tr -d ' '; }
show() { printf '  %-12s %-24s NIST: %s\n' "$1" "$2" "$3"; }

train norris '"tol": 0, "epochs": 200'
show intercept "$(parameters | member intercept)" -0.262323073774029
show x "$(coefficient 1)" 1.00211681802045

train pontius '"tol": 0, "epochs": 2000000'
show intercept "$(parameters | member intercept)" 0.000673565789473684
show x "$(coefficient 1)" 7.32059160401003e-07
show "x^2" "$(coefficient 2)" -3.16081871345029e-15

if [ "$stop" = yes ]; then
    kill "$server"
    wait "$server"
    echo "stopped"
else
    echo "the server goes on running; stop it with: kill $server"
fi
