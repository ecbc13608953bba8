#!/usr/bin/env bash
# The deployment file is replaced twenty times under load: no request fails, both models answer,
# a set that cannot be loaded is refused and what served goes on.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
need python3 || skip 'needs python3'
row='{"a":0.25,"b":1.0,"c":"red"}'

# deploy STABLE [WEIGHT CANARY]: the file is replaced in one step, as mlp-promote does it.
deploy() {
    {
        printf 'version: 1\nroutes:\n  - name: colours\n    targets:\n'
        printf '      - {role: stable, path: "%s/%s.joblib", weight: %d}\n' "$FIXTURES" "$1" \
            "$((100 - ${2:-0}))"
        [ $# -lt 3 ] || printf '      - {role: canary, path: "%s/%s.joblib", weight: %d}\n' \
            "$FIXTURES" "$3" "$2"
    } >new.yaml
    mv new.yaml deployment.yaml
}

cat >load.py <<'END'
"""load.py HOST:PORT SECONDS: asks on 8 kept connections and counts answers and failures."""
import socket
import sys
import threading
import time

host, port = sys.argv[1].rsplit(":", 1)
body = b'{"a":0.25,"b":1.0,"c":"red"}'
ask = (b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
answers, lock = {}, threading.Lock()


def one(end):
    seen = {}
    connection = socket.create_connection((host, int(port)), 5)
    while time.time() < end:
        try:
            connection.sendall(ask)
            data = connection.recv(65536)
            good = data.startswith(b"HTTP/1.1 200") and data.endswith(b"}\n")
            arm = data.split(b"X-Mlp-Arm: ")[1].split(b"\r")[0].decode() if good else ""
            what = arm + (" true" if b'"prediction":true' in data else " false") if good \
                else "failed: %r" % data[:60]
        except OSError as error:
            what = "failed: %s" % error
            connection = socket.create_connection((host, int(port)), 5)
        seen[what] = seen.get(what, 0) + 1
    with lock:
        for what, n in seen.items():
            answers[what] = answers.get(what, 0) + n


threads = [threading.Thread(target=one, args=(time.time() + float(sys.argv[2]),))
           for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
for what in sorted(answers):
    print(answers[what], what)
END

deploy stable
start swap --deployment deployment.yaml --threads 2
python3 load.py "$address" 4 >load.txt &
load=$!
for i in $(seq 20); do
    if [ $((i % 2)) = 1 ]; then deploy canary; else deploy stable 40 canary; fi
    kill -HUP "$pid"
    sleep 0.15
done
wait "$load"
hasnt load.txt 'failed'
has load.txt 'stable true'
has load.txt 'stable false'
has load.txt 'canary true'
ok 'the load was a load' test "$(awk '{n += $1} END {print n}' load.txt)" -gt 1000
ok 'each change was a swap' test "$(grep -c '"event":"swap"' swap.err)" -ge 20

# Without a signal the file is seen within a second or two.
deploy canary
wait_for swap.err '"event":"swap"'
for _ in $(seq 60); do
    ask /model
    grep -qF '"weight":100' out && break
    sleep 0.05
done
ask /predict -d "$row"
has out '"prediction":true'

# What cannot be loaded is refused, and told once with its place.
printf 'version: 1\nroutes: [{name: colours, targets: [{path: nothing.joblib}]}]\n' >new.yaml
mv new.yaml deployment.yaml
wait_for swap.err '"event":"swap_refused"'
has swap.err 'nothing.joblib'
printf 'version: 1\nroutes: 7\n' >deployment.yaml
wait_for swap.err 'routes must be a list'
rm deployment.yaml
wait_for swap.err 'No such file'
ask /predict -d "$row"
has out '"prediction":true'
ask /metrics
has out 'mlp_reloads_refused_total 3'
deploy stable
for _ in $(seq 60); do
    ask /predict -d "$row"
    grep -qF '"prediction":false' out && break
    sleep 0.05
done
has out '"prediction":false'
stop 0

# A key stays on its arm; a shadow changes nothing.
deploy stable 50 canary
printf '      - {role: shadow, path: "%s/canary.joblib"}\n' "$FIXTURES" >>deployment.yaml
start arms --deployment deployment.yaml
for key in a b c d e f; do
    ask /predict -d "$row" -H "X-Request-Key: $key"
    first=$(grep -i '^x-mlp-arm' head)
    ask /predict -d "$row" -H "X-Request-Key: $key"
    ok 'a key stays on its arm' test "$first" = "$(grep -i '^x-mlp-arm' head)"
done
hasnt head 'shadow'
ask /metrics
has out 'mlp_predictions_total{route="colours",arm="shadow",model="canary",version="",digest="sha256:'
has out 'outcome="failed"} 0'
stop 0
finish
