#!/usr/bin/env bash
# mlp-serve bench: rows of a table asked in turn, at will or at a rate; what is no answer is told.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"

start asked "$FIXTURES/stable.joblib" --log log.ndjson
printf 'a,b,c\n0.25,1.0,red\n0.5,2.5,blue\n' >rows.csv
expect 0 mlp-serve bench -c 3 --requests 30 --rows rows.csv "$url/predict"
has out '30 in'
has out '0 other answers, 0 without one'
has out 'p99.9'
expect 0 mlp-serve bench -c 4 -t 1s --rate 40 --rows rows.csv --format json "$url/predict"
ok 'a rate is kept' python3 -c 'import json; r = json.load(open("out")); assert r["ok"] == 40, r
assert 0.9 < r["seconds"] < 5 and r["p50_ms"] <= r["p99_ms"] <= r["max_ms"], r'
expect 0 mlp-serve bench --requests 5 "$url/healthz"
expect 1 mlp-serve bench --requests 5 "$url/nowhere"
has out '5 other answers'
has err 'the first other answer was 404'
stop 0
red=$(grep -c '"c":"red"' log.ndjson)
ok "each row came about as often: $red of 70" test "$red" -ge 30 -a "$red" -le 40
expect 1 mlp-serve bench -c 2 --requests 2 "$url/healthz"
has out '2 without one'
has err 'cannot connect'
expect 2 mlp-serve bench ftp://127.0.0.1/
expect 2 mlp-serve bench -c 0 "$url/"
printf 'a\n' >empty.csv
expect 3 mlp-serve bench --rows empty.csv "$url/"
has err 'has no rows'
finish
