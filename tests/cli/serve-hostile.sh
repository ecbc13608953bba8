#!/usr/bin/env bash
# Clients that mean harm or do not care: malformed requests, slow ones, ten thousand at once.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need python3 || skip 'needs python3'
need curl || skip 'needs curl'
suite=$SHARED/conformance/http
[ -f "$suite/mal.py" ] || skip "needs $suite/mal.py"
row='{"a":0.25,"b":1.0,"c":"red"}'

# mal.py posts "hello" and expects 2xx where the framing is right: a path that takes anything.
start bad "$FIXTURES/stable.joblib"
port=${address##*:}
sed "s|b'POST / |b'GET /healthz |" "$suite/mal.py" >mal.py
expect 0 python3 mal.py "$port" mlp-serve
has out 'valid 200/200'
has out 'alive 200'
has out 'no answer in 1.2s 0'
ok 'at least 58 of 60 are refused' test "$(sed -n 's/.*refused \([0-9]*\).*/\1/p' out)" -ge 58
sed -n 's/^   accepted: *//p' out >accepted
hasnt accepted 'cl_te_both'
head -c 1000000 /dev/urandom >junk
for _ in 1 2 3; do
    curl -sS -m 5 -o /dev/null --data-binary @junk "$url/predict" 2>err
    timeout 5 bash -c "cat junk >/dev/tcp/127.0.0.1/$port" 2>/dev/null
done
python3 -c 'print("[" * 100000)' >deep
ask /predict --data-binary @deep
ok 'deep nesting is 400' test "$status" = 400
ask /predict -d "$row"
ok 'and the server answers as before' test "$status" = 200

# Ten thousand kept connections, each asked twice.
if [ "$(ulimit -Hn)" -ge 20000 ]; then
    ulimit -n 20000
    sed "s|b'GET / |b'GET /healthz |g" "$suite/conn10k.py" >conn10k.py # it reads 200 bytes
    expect 0 python3 conn10k.py "$port" 10000 "$pid"
    has out 'open-fail 0 ok1 10000 ok2 10000'
    idle=$(sed -n 's/.*rss \([0-9]*\) ->.*/\1/p' out)
    kb=$(sed -n 's/.*-> \([0-9]*\) kB.*/\1/p' out)
    if [ "$idle" -lt 20000 ]; then # a build with a sanitizer is larger before the first of them
        ok "10,000 connections fit into 25 MB ($kb kB)" test "$kb" -le 25600
    fi
else
    printf 'serve-hostile: skipped: 10,000 connections (the limit of open files is %s)\n' \
        "$(ulimit -Hn)"
fi
stop 0

# Slow clients are cut, and the others do not notice.
cat >slow.py <<'END'
"""slow.py HOST:PORT: 400 slow heads and 400 slow bodies; a good client beside them."""
import socket
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)


def dial(first):
    s = socket.create_connection((host, int(port)), 5)
    s.sendall(first)
    return s


def p50():
    s = socket.create_connection((host, int(port)), 5)
    times = []
    for _ in range(300):
        start = time.perf_counter()
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
        times.append(time.perf_counter() - start)
    return sorted(times)[150]


idle = p50()
slow = [dial(b"GET / HTTP/1.1\r\nHost: a\r\n") for _ in range(400)]
slow += [dial(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
         for _ in range(400)]
begin, cut = time.time(), 0
busy = p50()
while time.time() - begin < 8 and cut < len(slow):
    cut = 0
    for s in slow:
        s.setblocking(False)
        try:
            s.sendall(b"x")
        except OSError:
            cut += 1
    time.sleep(0.2)
print("cut %d of %d; p50 idle %.0f us, under attack %.0f us" % (cut, len(slow), idle * 1e6,
                                                                 busy * 1e6))
assert cut == len(slow) and busy < 3 * idle + 0.001
END
start slow "$FIXTURES/stable.joblib" --header-timeout 1s --body-timeout 1s
expect 0 python3 slow.py "$address"
has out 'cut 800 of 800'
ask /metrics
has out 'mlp_http_cut_total 800'
stop 0
finish
