#!/usr/bin/env bash
# gRPC with the clients that people use: tritonclient and grpcio, in the clear and by mutual TLS.
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need python3 || skip 'needs python3'
need openssl || skip 'needs openssl'

venv=$ROOT/build/tools/grpc
if [ ! -e "$venv/ready" ]; then
    python3 -m venv "$venv" 2>err && timeout 250 "$venv/bin/pip" install -q \
        'tritonclient[grpc]==2.73.0' 'grpcio-health-checking>=1.60' >err 2>&1 && : >"$venv/ready"
    [ -e "$venv/ready" ] || skip "tritonclient[grpc] cannot be installed: $(tail -n 1 err)"
fi
client() { expect 0 timeout 100 "$venv/bin/python" "$ROOT/tests/integration/tritonclient_checks.py" "$@"; }

start clear "$FIXTURES/stable.joblib" --log log.ndjson
client "$address"
has out '41 checks passed'
stop 0
ok 'predictions are logged' test "$(wc -l <log.ndjson)" -ge 25
has log.ndjson '"id":"mine/0"'

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>err
start tls "$FIXTURES/stable.joblib" --tls-cert cert.pem --tls-key key.pem --tls-ca cert.pem
client "$address" cert.pem key.pem
has out '41 checks passed'
stop 0
start command --exec 'while read -r row; do echo "{\"prediction\": 1}"; done' -t 2
client "$address" command
has out '3 checks passed'
stop 0
finish
