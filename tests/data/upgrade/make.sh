#!/bin/sh
# Makes a data directory as an earlier release left it, killed in the middle of its work, and what
# that release said of it: ./make.sh BINARY DIR. Needs curl.
#
# schema1 is of commit ffdd279, the last one whose database has schema version 1; schema2 of 7afc128,
# the last one with version 2, and made with a third word, 2: it has what version 2 brought, too. schema3
# is of 1979375, the last one with version 3, made with a third word, 3.
set -eu
binary="$1" out="$2"
mkdir -p "$out"
schema="${3:-1}"
with= token=none
if [ "$schema" -ge 2 ]; then
    with="--auth on"
    token=$("$binary" --data-dir "$out/data" token create default write)
    acme=$("$binary" --data-dir "$out/data" token create acme read)
fi
[ "$schema" -lt 3 ] || "$binary" --data-dir "$out/data" quota set acme jobs 7
# shellcheck disable=SC2086
"$binary" --listen 127.0.0.1:8391 --data-dir "$out/data" $with 2>/dev/null &
pid=$!
url=http://127.0.0.1:8391
curl() { command curl -H "Authorization: Bearer $token" "$@"; }
until curl -s "$url/healthz" >/dev/null; do sleep 0.1; done
id() { sed -n 's/^  "id": "\(.*\)",$/\1/p'; }

line=$(curl -s "$url/v1/datasets?name=line&target=y" -H 'Content-Type: text/csv' --data-binary 'a,b,y
1,2,3.5
2,1,4
3,5,9.25
4,3,8
5,8,14.5
6,2,9
7,7,16.75
8,4,13
' | id)
flowers=$(curl -s $url/v1/datasets -d '{"name": "flowers", "columns": ["length", "width"], "target": "kind",
  "X": [[1, 2], [1.5, 1.8], [5, 8], [8, 8], [1, 0.6], [9, 11], [8, 2], [10, 2], [9, 3]],
  "y": ["small", "small", "large", "large", "small", "large", "wide", "wide", "wide"]}' | id)
job() { curl -s "$url/v1/jobs" -d "$1" | id; }
first=$(job '{"name": "plain", "dataset_id": "'$line'", "epochs": 50, "tol": 0}')
second=$(job '{"name": "kinds", "dataset_id": "'$flowers'", "model": "softmax_regression", "optimizer": "adam", "epochs": 80}')
third=$(job '{"name": "too fast", "dataset_id": "'$line'", "learning_rate": 50, "standardize": false, "epochs": 500}')
for j in $first $second $third; do curl -s "$url/v1/jobs/$j?wait=20" >/dev/null; done
cancelled=$(job '{"name": "cancelled", "dataset_id": "'$line'", "epochs": 1000000000, "tol": 0, "learning_rate": 1e-9}')
curl -s -X POST "$url/v1/jobs/$cancelled/cancel" >/dev/null
curl -s "$url/v1/jobs/$cancelled?wait=20" >/dev/null
if [ "$schema" -ge 2 ]; then
    homes=$(curl -s "$url/v1/datasets?name=homes&target=rent&types=city:categorical" -H 'Content-Type: text/csv' \
        --data-binary 'city,rooms,rent
Rome,3,1400
Oslo,NA,1350
Rome,2,1150
Oslo,4,2100
Rome,5,2300
Oslo,2,1600
' | id)
    curl -s "$url/v1/datasets/$homes/rows" -H 'Content-Type: text/csv' --data-binary 'city,rooms,rent
Bonn,3,1450
' >/dev/null
    folds=$(job '{"name": "folds", "dataset_id": "'$line'", "cross_validation": 4, "epochs": 40}')
    texts=$(job '{"name": "texts", "dataset_id": "'$homes'", "missing": "median", "reference_level": true, "epochs": 60, "record_parameters": 10}')
    sweep=$(curl -s "$url/v1/sweeps" -d '{"job": {"dataset_id": "'$line'"}, "grid": {"l2": [0, 0.1]}}' | id)
    curl -s "$url/v1/sweeps/$sweep?wait=20" >"$out/sweep.json"
    for j in $folds $texts; do curl -s "$url/v1/jobs/$j?wait=20" >/dev/null; done
    upload=$(curl -s -X POST "$url/v1/uploads?target=y&name=pieces" -H 'Content-Type: text/csv' | id)
    printf 'a,y\n1,2\n2,4\n3,' | curl -s -X PATCH "$url/v1/uploads/$upload" -H 'Upload-Offset: 0' --data-binary @-
    curl -s "$url/v1/uploads/$upload" >"$out/upload.json"
    printf '{"default": "%s", "acme": "%s"}\n' "$token" "$acme" >"$out/tokens.json"
fi
epochs=20000000
[ "$schema" -lt 3 ] || epochs=80000000 # as long as it takes to be killed
running=$(job '{"name": "running", "dataset_id": "'$line'", "epochs": '$epochs', "tol": 0, "learning_rate": 0.01, "history_points": 20}')
sleep 1
for list in datasets jobs models; do
    curl -s "$url/v1/$list?limit=100" >"$out/$list.json"
done
for j in $first $second $third; do
    curl -s "$url/v1/jobs/$j/history" >"$out/history_$(curl -s "$url/v1/jobs/$j" | sed -n 's/^  "name": "\(.*\)",$/\1/p' | tr ' ' _).json"
done
model() { curl -s "$url/v1/jobs/$1" | sed -n 's/^  "model_id": "\(.*\)",$/\1/p'; }
curl -s "$url/v1/models/$(model $first)" >"$out/model_plain.json"
curl -s "$url/v1/models/$(model $second)" >"$out/model_kinds.json"
curl -s "$url/v1/models/$(model $first)/predictions" -d '{"X": [[1.5, 2.5], [10, 20]]}' >"$out/predictions_plain.json"
curl -s "$url/v1/models/$(model $second)/predictions" -d '{"X": [[1.5, 2.5], [10, 20]]}' >"$out/predictions_kinds.json"
if [ "$schema" -ge 2 ]; then
    for j in $folds $texts; do
        name=$(curl -s "$url/v1/jobs/$j" | sed -n 's/^  "name": "\(.*\)",$/\1/p')
        curl -s "$url/v1/jobs/$j/history" >"$out/history_$name.json"
        curl -s "$url/v1/models/$(model $j)" >"$out/model_$name.json"
    done
    curl -s "$url/v1/models/$(model $folds)/predictions" -d '{"X": [[1.5, 2.5], [10, 20]]}' >"$out/predictions_folds.json"
    curl -s "$url/v1/models/$(model $texts)/predictions" -d '{"data": [{"city": "Oslo", "rooms": 3}]}' >"$out/predictions_texts.json"
fi
kill -9 "$pid"
tar -C "$out" --exclude=data/tmp --exclude=data/lock -czf "$out/data.tar.gz" data
rm -rf "$out/data"
