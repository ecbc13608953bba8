#!/usr/bin/env bash
# What the kernel lets a running server do: seccomp and Landlock as /proc shows them, and each
# denial as the server would meet it.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'

start one "$FIXTURES/stable.joblib" --log log.ndjson --admin unix:admin.sock --threads 2
if grep -q '"event":"sandbox"' one.err; then skip 'this kernel lacks seccomp or Landlock'; fi
for task in /proc/"$pid"/task/*; do
    ok "a filter on every thread: $(cat "$task/comm")" grep -q '^Seccomp:.2$' "$task/status"
    ok 'and no new privileges' grep -q '^NoNewPrivs:.1$' "$task/status"
done
ask /predict -d "$row"
ok 'it answers' test "$status" = 200
kill -HUP "$pid"
wait_for one.err unchanged
ask /predict -d "$row"
stop 0
ok 'and logs' test "$(wc -l <log.ndjson)" = 2
ok 'its socket is removed at the end' test ! -e admin.sock

# A log in a folder that is not the server's to write, by a link made after the start.
mkdir logs other
start two "$FIXTURES/stable.joblib" --log logs/log.ndjson
ln -sf "$PWD/other/log.ndjson" logs/next && mv logs/next logs/log.ndjson
kill -HUP "$pid"
wait_for two.err unchanged
ask /predict -d "$row"
ok 'the answer does not depend on it' test "$status" = 200
wait_for two.err prediction_log
stop 0
ok 'nothing was written there' test ! -e other/log.ndjson

start off "$FIXTURES/stable.joblib" --sandbox off
ok 'it can be had without' grep -q '^Seccomp:.0$' "/proc/$pid/status"
stop 0
finish
