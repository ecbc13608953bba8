#!/usr/bin/env bash
# Under a service manager: its socket, what it is told, and a restart that loses no request.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need python3 || skip 'needs python3'
need curl || skip 'needs curl'
cat >manager.py <<'END'
"""manager.py ADDRESS COMMAND...: what systemd does for a service that is Type=notify and has a
socket: keeps the socket, passes it as descriptor 3, and writes down what the service tells. SIGHUP
is passed on, SIGUSR1 restarts, SIGTERM ends."""
import os
import signal
import socket
import sys
import threading

host, port = sys.argv[1].rsplit(":", 1)
listener = socket.create_server((host, int(port)), backlog=1024)
print("%s:%d" % listener.getsockname()[:2], flush=True)
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.bind(os.path.abspath("notify"))
again, pid = True, 0


def write_down():
    with open("told", "a") as out:
        while True:
            print(told.recv(4096).decode().replace("\n", " "), file=out, flush=True)


def on_signal(number, frame):
    global again
    again = number == signal.SIGUSR1
    os.kill(pid, signal.SIGHUP if number == signal.SIGHUP else signal.SIGTERM)
    if number == signal.SIGHUP:
        again = True


threading.Thread(target=write_down, daemon=True).start()
for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
    signal.signal(number, on_signal)
signal.signal(signal.SIGHUP, on_signal)
status = 0
while again:
    again = False
    pid = os.fork()
    if pid == 0:
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", WATCHDOG_USEC="3000000",
                          NOTIFY_SOCKET=os.path.abspath("notify"))
        os.execvp(sys.argv[2], sys.argv[2:])
    while True:
        ended, status = os.waitpid(pid, 0)
        if ended == pid:
            break
sys.exit(os.waitstatus_to_exitcode(status))
END
: >told
python3 manager.py 127.0.0.1:0 mlp-serve "$FIXTURES/stable.joblib" --threads 2 >address 2>events &
manager=$!
pids+=("$manager")
wait_for told 'READY=1'
url=http://$(cat address)
row='{"a":0.25,"b":1.0,"c":"red"}'
has told "STATUS=listens on $(cat address)"
ask /predict -d "$row"
ok 'the socket that was passed is served' test "$status" = 200
wait_for told 'WATCHDOG=1'
kill -HUP "$manager"
wait_for told 'RELOADING=1 MONOTONIC_USEC='
for _ in $(seq 50); do [ "$(grep -c READY=1 told)" = 2 ] && break; sleep 0.1; done
ok 'a reload begins and ends' test "$(grep -c READY=1 told)" = 2

# Requests keep coming while it is restarted twice: they wait in the socket's queue.
(
    for _ in $(seq 150); do
        curl -s -m 10 -o /dev/null -w '%{http_code}\n' -d "$row" "$url/predict"
    done >codes
) &
asker=$!
sleep 0.3
kill -USR1 "$manager"
for _ in $(seq 50); do [ "$(grep -c READY=1 told)" = 3 ] && break; sleep 0.1; done
kill -USR1 "$manager"
wait "$asker"
ok 'none of 150 requests is lost over two restarts' test "$(grep -c '^200$' codes)" = 150
has told 'STOPPING=1'
for _ in $(seq 50); do [ "$(grep -c READY=1 told)" = 4 ] && break; sleep 0.1; done
ok 'it was restarted twice' test "$(grep -c READY=1 told)" = 4
kill -TERM "$manager"
got=0
wait "$manager" || got=$?
ok "the manager ended with $got" test "$got" = 0

# A number that nobody passed; a socket for another process.
expect 2 mlp-serve "$FIXTURES/stable.joblib" --listen fd:9
has err 'no socket was passed'

if need systemd-analyze; then
    cp "$ROOT/examples/systemd/mlp-serve@.service" mlp-serve@x.service
    cp "$ROOT/examples/systemd/mlp-serve@.socket" mlp-serve@x.socket
    systemd-analyze security --offline=true --no-pager "$PWD/mlp-serve@x.service" >out 2>err
    level=$(grep -oE 'exposure level[^0-9]*[0-9.]+' out | grep -oE '[0-9.]+$')
    ok "the unit's exposure is ${level:-unknown}, at most 1.2" awk "BEGIN { exit !(${level:-10} <= 1.2) }"
fi
finish
