#!/usr/bin/env bash
# SIGTERM ends the server without losing what is in flight, and in time; a second signal at once.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need python3 || skip 'needs python3'

cat >drain.py <<'END'
"""drain.py HOST:PORT PID: half a request, SIGTERM, the other half; others keep asking."""
import os
import signal
import socket
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)
body = b'{"a":0.25,"b":1.0,"c":"red"}'
ask = (b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)) + body


def dial():
    return socket.create_connection((host, int(port)), 5)


half, busy, idle = dial(), dial(), dial()
for s in busy, idle:
    s.sendall(ask)
    assert s.recv(4096).startswith(b"HTTP/1.1 200"), "before the drain"
half.sendall(ask[:-5])
time.sleep(0.1)
os.kill(int(sys.argv[2]), signal.SIGTERM)
time.sleep(0.1)
busy.sendall(ask)
answer = busy.recv(4096)
assert answer.startswith(b"HTTP/1.1 200") and b"Connection: close" in answer, answer
assert busy.recv(4096) == b"", "closed after its answer"
try:
    dial()
    raise SystemExit("a new connection was accepted")
except OSError:
    pass
assert idle.recv(4096) == b"", "idle ones are closed"
half.sendall(ask[-5:])
answer = half.recv(4096)
assert answer.startswith(b"HTTP/1.1 200") and b"Connection: close" in answer, answer
print("drained")
END

start drain "$FIXTURES/stable.joblib" --threads 2
expect 0 python3 drain.py "$address" "$pid"
has out 'drained'
wait "$pid"
ok 'a drained server ends with 0' test $? = 0
has drain.err '"event":"stopped"'

# A request that never ends is cut when the time is over.
start cut "$FIXTURES/stable.joblib" --drain 300ms
exec 5<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n' >&5
sleep 0.1
before=$(date +%s%N)
stop 0
ok 'the drain ends in its time' test $((($(date +%s%N) - before) / 1000000)) -lt 2000
exec 5>&-

# Whichever thread holds the connection: the signals are heard until the last has ended.
for _ in 1 2 3 4 5 6; do
    start twice "$FIXTURES/stable.joblib" --drain 60s --threads 4
    exec 5<>"/dev/tcp/${address%:*}/${address##*:}"
    printf 'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n' >&5
    sleep 0.1
    kill -TERM "$pid"
    sleep 0.4
    before=$(date +%s%N)
    stop 0
    ok 'a second signal ends it at once' test $((($(date +%s%N) - before) / 1000000)) -lt 2000
    exec 5>&-
done

finish
