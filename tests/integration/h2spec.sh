#!/usr/bin/env bash
# HTTP/2 against h2spec's 145 cases: all of them over TLS, where ALPN leaves no doubt about the
# protocol. In the clear the port speaks HTTP/1.1 too, and answers a preface that is none as that.
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need go || skip 'needs go, to build h2spec'
need openssl || skip 'needs openssl'

tool=$ROOT/build/tools/h2spec
if [ ! -x "$tool" ]; then
    export GOBIN=$ROOT/build/tools
    timeout 250 go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible 2>err
    [ -x "$tool" ] || skip "h2spec cannot be built: $(tail -n 1 err)"
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
    -keyout key.pem -out cert.pem 2>err

start tls "$FIXTURES/stable.joblib" --tls-cert cert.pem --tls-key key.pem
expect 0 "$tool" -h 127.0.0.1 -p "${address##*:}" -t -k -P /healthz -o 2
has out '145 tests, 145 passed, 0 skipped, 0 failed'
expect 0 "$tool" -h 127.0.0.1 -p "${address##*:}" -t -k -P /model -o 2
has out '145 tests, 145 passed, 0 skipped, 0 failed'
stop 0
start clear "$FIXTURES/stable.joblib"
expect 1 "$tool" -h 127.0.0.1 -p "${address##*:}" -P /healthz -o 2
has out '145 tests, 144 passed, 0 skipped, 1 failed'
has out '2: Sends invalid connection preface'
stop 0
finish
