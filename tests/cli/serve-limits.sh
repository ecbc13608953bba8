#!/usr/bin/env bash
# Rates, quotas and load shedding, origins: what a client is told, and that others are not touched.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
row='{"a":0.25,"b":1.0,"c":"red"}'

start rate "$FIXTURES/stable.joblib" --rate 3/h --threads 2
for left in 2 1 0; do
    ask /predict -d "$row"
    ok "within the rate: $left left" test "$status" = 200
    has head "RateLimit-Remaining: $left"
done
has head 'RateLimit-Limit: 3'
has head 'RateLimit-Reset: 3600'
ask /predict -d "$row"
ok 'over the rate is 429' test "$status" = 429
has out '{"error":"too many requests"'
has head 'Retry-After: 1200'
has head 'RateLimit-Remaining: 0'
ask /nowhere
ok 'nor does another path help' test "$status" = 429
ask /healthz
ok 'probes meet no limit' test "$status" = 200
hasnt head 'RateLimit'
status=$(curl -sS -m 10 -o out -w '%{http_code}' --interface 127.0.0.2 "$url/model" 2>err)
ok 'another address has its own bucket' test "$status" = 200
stop 0

start burst "$FIXTURES/stable.joblib" --rate 50/s --burst 1
ask /model
ok 'one at once' test "$status" = 200
sleep 0.1
ask /model
ok 'and another after its time' test "$status" = 200
has head 'RateLimit-Limit: 1'
stop 0

start quota "$FIXTURES/stable.joblib" --quota 2/d
ask /model
ask /model
ok 'within the quota' test "$status" = 200
ask /model
ok 'over the quota is 429' test "$status" = 429
has out 'quota'
has head 'Retry-After: 43200'
stop 0

start shed --exec 'while read -r line; do sleep 1; echo 1; done' --max-inflight 2
for i in 1 2; do curl -sS -m 20 -o "slow.$i" -d '{"a":1}' "$url/predict" & done
sleep 0.4
ask /predict -d '{"a":1}'
ok 'a third is shed' test "$status" = 503
has head 'Retry-After: 1'
ask /readyz
ok 'probes are answered' test "$status" = 200
wait %2 %3 2>/dev/null
sleep 2.2
ask /model
ok 'and goes on after' test "$status" = 200
has slow.1 '"prediction":1'
stop 0

start cors "$FIXTURES/stable.joblib" --cors https://a.example --cors https://b.example
ask /predict -d "$row" -H 'Origin: https://b.example'
has head 'Access-Control-Allow-Origin: https://b.example'
has head 'Vary: Origin'
ask /predict -d "$row" -H 'Origin: https://b.example.evil'
ok 'another origin gets no leave' test "$status" = 200
hasnt head 'Access-Control-Allow-Origin'
preflight=(-X OPTIONS -H 'Access-Control-Request-Method: POST')
ask /predict "${preflight[@]}" -H 'Origin: https://a.example'
ok 'a preflight' test "$status" = 204
has head 'Access-Control-Allow-Methods: GET, HEAD, POST'
has head 'Authorization'
ask /predict "${preflight[@]}" -H 'Origin: https://c.example'
ok 'of another origin is refused' test "$status" = 403
stop 0

start nocors "$FIXTURES/stable.joblib"
ask /predict -d "$row" -H 'Origin: https://a.example'
hasnt head 'Access-Control'
hasnt head 'RateLimit'
stop 0

expect 2 mlp-serve "$FIXTURES/stable.joblib" --rate 5
has err '"5" is no rate'
expect 2 mlp-serve "$FIXTURES/stable.joblib" --burst 5
has err 'give --rate too'
finish
