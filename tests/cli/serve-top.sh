#!/usr/bin/env bash
# What `mlp-serve top` shows is what the server counts: over TCP and a unix socket, once and on a
# terminal, which it leaves as it was; texts of a server cannot reach the terminal as commands.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
awk 'BEGIN {print "a,b,c"; for (i = 0; i < 100; i++) printf "%.2f,%.1f,%s\n", i / 100, i % 7, i % 2 ? "red" : "blue"}' >rows.csv
cat >deployment.yaml <<END
version: 1
routes:
  - name: colours
    targets:
      - {role: stable, path: "$FIXTURES/stable.joblib", weight: 100}
      - {role: shadow, path: "$FIXTURES/canary.joblib"}
END

start top --deployment deployment.yaml --log log.ndjson
mlp-serve bench -c 2 -t 30s --rate 200 -f rows.csv "$url/predict" >bench.out 2>&1 &
bench=$!
sleep 1
expect 0 mlp-serve top --once -i 2s "$url"
has out "mlp-serve at $url   up "
has out 'ROUTE         ARM     MODEL           VERSION  DIGEST        WEIGHT     ROWS/S  DIFFERENT'
# shellcheck disable=SC2317 # called by ok
# near WANT FIGURE: within a half, on a machine that may have much to do.
near() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(b > a * 0.5 && b < a * 1.5)}'; }
ok 'requests per second' near 200 "$(sed -n 's/^requests\/s  \([0-9.]*\).*/\1/p' out)"
ok 'rows of the arm' near 200 "$(awk '$2 == "stable" {print $7}' out)"
ok 'connections are kept' near 3 "$(sed -n 's/.*connections \([0-9]*\) .*/\1/p' out)"
ok 'no new ones' grep -qE 'connections .*\([01]\.[0-9] new/s\)' out
ok 'lines of the log, of arm and shadow' near 400 "$(sed -n 's/^log \([0-9.]*\) .*/\1/p' out)"
ok 'a p50 below 10 ms' grep -qE '^latency  p50 [0-9](\.[0-9]*)? ms' out
has out ' 100.0%'
has out "$(sha256sum "$FIXTURES/stable.joblib" | head -c 12)"
ok 'a shadow that says something else' test "$(awk '$2 == "shadow" {print ($8 > 0)}' out)" = 1
hasnt out "$(printf '\033')"
expect 0 mlp-serve top "${url#http://}/metrics" -i 200ms
has out 'requests/s  '

# Errors by status.
(for _ in $(seq 30); do
    curl -sS -o /dev/null "$url/nowhere"
    sleep 0.05
done) 2>/dev/null &
asker=$!
sleep 0.2
expect 0 mlp-serve top --once -i 500ms "$url/"
has out '404: '
wait "$asker"

# On a terminal.
if need script; then
    escape=$(printf '\033')
    # Runs it on a terminal of 12 rows and 60 columns, later 150, and ends it with a signal.
    on_terminal() { # SIGNAL OPTION...
        local signal=$1
        shift
        cat >session <<END
stty rows 12 cols 60
env $* mlp-serve top -i 300ms $url &
sleep 1.6
stty rows 40 cols 150
sleep 0.8
kill -$signal \$!
wait \$!
echo ended \$?
END
        script -qec 'bash session' typescript </dev/null >screen 2>&1
    }
    on_terminal TERM TERM=xterm NO_COLOR=1
    has screen "${escape}[?1049h"
    has screen "${escape}[?25h${escape}[?1049l"
    has screen 'ended 0'
    has screen 'requests/s  '
    hasnt screen "${escape}[1m"
    ok 'first lines are cut to 60 columns' grep -qE "DIGEST +[^ W]" screen
    ok 'then they have 150' grep -qF 'ROWS/S  DIFFERENT' screen
    on_terminal INT TERM=xterm NO_COLOR=
    has screen "${escape}[1m"
    has screen 'ended 0'
    has screen "${escape}[?25h${escape}[?1049l"
fi
kill "$bench"
wait "$bench" 2>/dev/null
stop 0

# A server that is not there, one that is something else, one that wants to paint itself.
expect 7 mlp-serve top --once "$url"
has err 'cannot connect'
expect 7 mlp-serve top --once unix:/nowhere/at.sock
has err 'cannot connect to /nowhere/at.sock'
expect 2 mlp-serve top --once -i 10ms "$url"
expect 2 mlp-serve top --once unix:
mlp-serve serve --listen "unix:$SCRATCH/s.sock" "$FIXTURES/stable.joblib" 2>local.err &
pid=$!
pids+=("$pid")
wait_for local.err '"event":"ready"'
expect 0 mlp-serve top -i 200ms "unix:$SCRATCH/s.sock"
has out 'requests/s  '
expect 0 mlp-serve top -i 200ms "unix:$SCRATCH/s.sock:/metrics"
expect 7 mlp-serve top -i 200ms "unix:$SCRATCH/s.sock:/nowhere"
has err 'answers 404'
expect 3 mlp-serve top -i 200ms "unix:$SCRATCH/s.sock:/healthz"
has err 'metrics'
stop 0
if need python3; then
    mkdir site
    printf 'mlp_model_info{route="\033[2Jx",arm="\302\2330m",model="m",digest="d"} 1\nmlp_drift_effect{route="r",arm="stable",feature="f1"} 0.5\nmlp_drift_effect{feature="f2"} 0.75\n' >site/metrics
    (cd site && exec python3 -u -m http.server --bind 127.0.0.1 0 >../site.out 2>&1) &
    pids+=("$!")
    disown "$!" # its end is no news
    wait_for site.out 'port '
    port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' site.out)
    expect 0 mlp-serve top -i 200ms "http://127.0.0.1:$port"
    hasnt out "$(printf '\033')"
    hasnt out "$(printf '\302\233')"
    has out '?[2Jx'
    ok 'the worst feature comes first' test "$(grep -A1 '^DRIFT' out | tail -n 1 | awk '{print $1}')" = f2
fi
finish
