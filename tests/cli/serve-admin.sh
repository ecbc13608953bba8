#!/usr/bin/env bash
# The admin's socket: who may connect, what it tells, reload and drain.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'
# order PATH [CURL OPTION...]: like ask, by the admin's socket.
order() {
    local path=$1
    shift
    status=$(curl -sS -m 10 -o out -w '%{http_code}' --unix-socket admin.sock "$@" "http://admin$path" 2>err)
}

cp "$FIXTURES/stable.joblib" model.joblib
start one model.joblib --admin unix:admin.sock --rate 6/h --max-connections 2
ok 'the file is its owner'\''s' test "$(stat -c %a admin.sock)" = 600
order /admin
ok 'it tells what it is at' test "$status" = 200
ok 'in JSON' jq -e '.draining == false and .reloads == 0 and .routes[0].targets[0].arm == "stable"' out
ok 'and where it listens' test "$(jq -r .listen out)" = "$address"
for path in /admin /admin/reload /admin/drain; do
    ask $path
    ok "to clients $path does not exist" test "$status" = 404
    ask $path -X POST
    ok "nor by POST: $path" test "$status" = 404
done
ask /predict -d "$row"
ok 'clients have a rate' test "$status" = 429
order /predict -d "$row"
ok 'who gives orders has none' test "$status" = 200

order /admin/reload -X POST
ok 'nothing changed' test "$status $(cat out)" = '200 {"changed":false}'
cp "$FIXTURES/canary.joblib" model.joblib
order /admin/reload -X POST
ok 'another model' test "$status $(cat out)" = '200 {"changed":true}'
echo rubbish >model.joblib
order /admin/reload -X POST
ok 'a model that is none is refused' test "$status" = 409
has out '"error":'
order /admin
ok 'both are counted' jq -e '.reloads == 1 and .reloads_refused == 1' out
order /metrics
has out 'mlp_requests_total{route="/admin",code="200"}'
has out 'mlp_requests_total{route="/admin",code="other"} 1'

# Two at once: one of them waits its turn or is told to.
askers=()
for i in 1 2 3 4; do
    curl -sS -m 10 -o "r$i" -X POST --unix-socket admin.sock http://x/admin/reload &
    askers+=($!)
done
wait "${askers[@]}"
ok 'each is answered' test "$(cat r1 r2 r3 r4 | grep -c error)" = 4

order /admin/drain -X POST
ok 'drain is accepted' test "$status" = 202
wait "$pid"
ok 'and ends it well' test $? = 0
ok 'the socket is gone' test ! -e admin.sock

# A socket that a killed server left is taken over, one that is in use is not.
start killed "$FIXTURES/stable.joblib" --admin unix:admin.sock
{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null
ok 'it left its socket' test -S admin.sock
start again "$FIXTURES/stable.joblib" --admin unix:admin.sock
order /healthz
ok 'which serves again' test "$status" = 200
expect 4 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --admin unix:admin.sock
has err 'it exists'
expect 2 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --admin 127.0.0.1:9
has err 'unix:'
order /healthz
ok 'and is unharmed' test "$status" = 200
stop 0
finish
