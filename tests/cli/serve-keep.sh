#!/usr/bin/env bash
# mlp-serve keep: the server dies, is upgraded and is told to end, and no request is lost.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'
order() { curl -sS -m 10 --unix-socket admin.sock "${@:2}" "http://admin$1"; }

# keep NAME WORD...: as start, with the keeper.
keep() {
    local name=$1
    shift
    mkfifo "$name.ready"
    "${keeper:-mlp-serve}" keep --listen 127.0.0.1:0 --ready-fd 7 "$@" 7>"$name.ready" >"$name.out" 2>"$name.err" &
    pid=$!
    pids+=("$pid")
    read -r address <"$name.ready" || true
    rm -f "$name.ready"
    url=http://$address
    if [ -n "$address" ]; then pass; else fail "mlp-serve keep $* did not start: $(cat "$name.err")"; fi
}
# serving: the pid of the server that is ready and newest.
serving() { jq -r 'select(.event == "ready" and .tool == "mlp-serve-keep").pid' "$1" 2>/dev/null | tail -n 1; }

# A copy, so that it can be replaced under the keeper's feet.
cp "$(command -v mlp-serve)" server
keeper=./server keep one --admin unix:admin.sock -- "$FIXTURES/stable.joblib" --threads 2
ask /predict -d "$row"
ok 'it serves' test "$status" = 200
ok 'orders too' test "$(order /admin | jq .draining)" = false

# An upgrade under load: another program file, another process, no request lost.
printf 'a,b,c\n0.25,1,red\n0.5,2,blue\n' >rows.csv
mlp-serve bench -c 8 -t 6s --format json --rows rows.csv "$url/predict" >bench.json 2>bench.err &
load=$!
sleep 0.5
for i in 1 2 3; do
    first=$(serving one.err)
    cp server new && mv new server
    kill -USR2 "$pid"
    for _ in $(seq 100); do
        now=$(serving one.err)
        [ "$now" = "$first" ] || break
        sleep 0.05
    done
    ok "upgrade $i: another process" test "$now" != "$first"
    wait_for one.err "\"event\":\"left\",\"pid\":$first"
done
wait "$load"
ok 'the load ended well' test $? = 0
ok "no request was lost: $(cat bench.json bench.err)" jq -e '.failed == 0 and .ok > 1000' bench.json
ok 'the old ones are gone' test "$(pgrep -P "$pid" | wc -l)" = 1
ask /healthz
ok 'the new one answers' test "$status" = 200

# A server that is killed: connections wait until the next one takes them.
server=$(serving one.err)
kill -9 "$server"
ask /predict -d "$row"
ok 'who asks meanwhile is answered' test "$status" = 200
has one.err '"event":"ended"'
ok 'orders as before' test "$(order /admin | jq .draining)" = false

# What cannot start is refused, and what serves stays.
server=$(serving one.err)
cp server kept && printf '#!/bin/sh\nexit 3\n' >new && chmod +x new && mv new server
kill -USR2 "$pid"
wait_for one.err upgrade_refused
ask /healthz
ok 'the old one serves' test "$status" = 200
mv kept server
kill -HUP "$pid"
wait_for one.err '"event":"unchanged"'
stop 0
ok 'the socket is gone' test ! -e admin.sock
ok 'so is the server' test "$(kill -0 "$server" 2>&1 | wc -l)" = 1

# Words that are wrong end it, with the status of the server.
expect 5 mlp-serve keep --listen 127.0.0.1:0 -- missing.joblib
has err 'missing.joblib'
expect 2 mlp-serve keep --listen nowhere -- "$FIXTURES/stable.joblib"
expect 2 mlp-serve keep --listen 127.0.0.1:0 --admin 127.0.0.1:1 -- "$FIXTURES/stable.joblib"
expect 2 mlp-serve keep
finish
