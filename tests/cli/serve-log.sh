#!/usr/bin/env bash
# The prediction log under load: a sample of the requests, and files that do not grow for ever.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'

# --log-sample: a share of the requests, chosen by their ids: the same ones whoever answers.
for i in $(seq 400); do printf 'url = "http://%s/predict"\ndata = "%s"\nheader = "X-Request-Id: r%d"\noutput = "/dev/null"\nnext\n' \
    ADDRESS "${row//\"/\\\"}" "$i"; done | sed '$d' >requests
for name in a b; do
    start $name "$FIXTURES/stable.joblib" --log $name.ndjson --log-sample 0.25
    sed "s/ADDRESS/$address/" requests | curl -sS --config - 2>/dev/null
    stop 0
    jq -r .id $name.ndjson | sort >$name.ids
done
ok 'about a quarter is logged' test "$(wc -l <a.ids)" -gt 60 -a "$(wc -l <a.ids)" -lt 140
same a.ids b.ids
expect 2 mlp-serve "$FIXTURES/stable.joblib" --log x --log-sample 1.5
has err '--log-sample'
expect 2 mlp-serve "$FIXTURES/stable.joblib" --log x --log-sample 0

# --log-size: FILE, FILE.1, FILE.2; the one after is gone; lines stay whole.
start rotating "$FIXTURES/stable.joblib" --log r.ndjson --log-size 8K --log-keep 2
for _ in 1 2 3 4 5 6; do
    sed "s/ADDRESS/$address/" requests | head -n 200 | curl -sS --config - 2>/dev/null
    sleep 0.2
done
stop 0
ok 'two older files are kept' test -s r.ndjson -a -s r.ndjson.1 -a -s r.ndjson.2 -a ! -e r.ndjson.3
for f in r.ndjson r.ndjson.1 r.ndjson.2; do
    ok "$f is not larger than it may be" test "$(wc -c <$f)" -le 8192
    ok "$f has whole lines" jq -es "all(.id and .output)" $f
done

# A folder that refuses the rotation costs no line.
mkdir stuck && cp r.ndjson stuck/r.ndjson && mkdir stuck/r.ndjson.1 && touch stuck/r.ndjson.1/x
before=$(wc -l <stuck/r.ndjson)
start stuck "$FIXTURES/stable.joblib" --log stuck/r.ndjson --log-size 1K --log-keep 1
sed "s/ADDRESS/$address/" requests | head -n 99 | curl -sS --config - 2>/dev/null
ask /metrics
stop 0
ok 'a log that cannot be rotated goes on' test "$(wc -l <stuck/r.ndjson)" = $((before + 20))
has stuck.err 'prediction_log'
finish
