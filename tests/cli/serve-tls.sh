#!/usr/bin/env bash
# TLS and HTTP/2: certificates of the server and of clients, their renewal, what is refused.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
need openssl || skip 'needs openssl'
curl --version | grep -q HTTP2 || skip 'needs curl with HTTP/2'
row='{"a":0.25,"b":1.0,"c":"red"}'
answer='{"prediction":false,"probabilities":{"False":0.6323512787589871,"True":0.3676487212410129}}'

# authority NAME; leaf NAME AUTHORITY SUBJECT
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.pem" 2>err
}
leaf() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" \
        -keyout "$1.key" -out "$1.csr" 2>err
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\n') -out "$1.pem" 2>err
}
authority ca
authority stranger
leaf one ca /CN=one
leaf two ca /CN=two
leaf client ca '/O=Example/CN=client'
leaf foreign stranger /CN=foreign

# served TEXT: the subject of the certificate that the server shows.
served() {
    openssl s_client -connect "$address" -CAfile ca.pem </dev/null 2>/dev/null |
        openssl x509 -noout -subject >subject
    has subject "$1"
}
refused() { if curl -sS -m 5 -o out "$@" "$url/healthz" 2>err; then fail "answered: $*"; else pass; fi; }

# In the clear: a client that knows, and one that asks to upgrade (and goes on with HTTP/1.1).
start clear "$FIXTURES/stable.joblib"
ask /predict --http2-prior-knowledge -d "$row" -w '%{http_code} %{http_version}'
ok 'HTTP/2 in the clear' test "$status" = '200 2'
ok 'answers as HTTP/1.1 does' test "$(cat out)" = "$answer"
has head 'content-length: 92'
ask /nowhere --http2-prior-knowledge
ok 'an unknown path is 404 there too' test "$status" = 404
ask /healthz --http2-prior-knowledge -I
ok 'HEAD has no body' test "$status" = 200
ask /predict --http2 -d "$row" -w '%{http_code} %{http_version}'
ok 'an upgrade is passed over' test "$status" = '200 1.1'
head -c 20000000 /dev/zero >big
ask /predict --http2-prior-knowledge --data-binary @big
ok 'a body over the limit is 413' test "$status" = 413
ask /predict --http2-prior-knowledge -d "$row" -H "X-Long: $(head -c 60000 big | tr '\0' a)"
ok 'fields over the limit are 431' test "$status" = 431
if need h2load; then
    printf '%s' "$row" >row
    h2load -n 4000 -c 8 -m 16 -d row "$url/predict" >out 2>&1
    has out '4000 succeeded, 0 failed, 0 errored'
    h2load -n 4000 -c 8 -m 16 "$url/healthz" >out 2>&1
    has out '4000 succeeded, 0 failed, 0 errored'
fi
stop 0

start tls "$FIXTURES/stable.joblib" --tls-cert one.pem --tls-key one.key
url=https://$address
ask /predict --cacert ca.pem -d "$row" -w '%{http_code} %{http_version}'
ok 'ALPN chooses HTTP/2' test "$status" = '200 2'
ok 'and the answer is the same' test "$(cat out)" = "$answer"
ask /predict --cacert ca.pem --http1.1 -d "$row" -w '%{http_code} %{http_version}'
ok 'HTTP/1.1 over TLS' test "$status" = '200 1.1'
ask /predict --cacert ca.pem --no-alpn -d "$row" -w '%{http_code} %{http_version}'
ok 'and without ALPN' test "$status" = '200 1.1'
python3 - >rows <<'PY'
print("[" + ",".join(['{"a":%d.25,"b":1.0,"c":"red"}' % (i % 7) for i in range(40000)]) + "]")
PY
for version in --http1.1 --http2; do
    ask /predict --cacert ca.pem "$version" --data-binary @rows
    ok "large bodies both ways ($version)" test "$status" = 200
    ok "every row answered ($version)" test "$(tr -cd , <out | wc -c)" = 39999
done
ask /predict --cacert ca.pem --tls-max 1.2 -d "$row"
ok 'TLS 1.2' test "$status" = 200
refused --cacert ca.pem --tls-max 1.1 --ciphers 'DEFAULT:@SECLEVEL=0'
refused --cacert ca.pem --tls-max 1.2 --ciphers AES128-SHA
refused --cacert ca.pem --tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-SHA
refused --cacert stranger.pem
ok 'one who speaks no TLS gets no answer' \
    test -z "$(curl -sS -m 5 --http0.9 "http://$address/healthz" 2>err | tr -cd '{')"
if need h2load; then
    h2load -n 4000 -c 8 -m 16 -d row "$url/predict" >out 2>&1
    has out '4000 succeeded, 0 failed, 0 errored'
fi

# Renewal: by the signal, and by itself; a bad pair is refused and the old one stays.
served 'CN = one'
cp two.pem new && mv new one.pem
wait_for tls.err '"event":"certificate_refused"'
served 'CN = one'
cp two.key new && mv new one.key
wait_for tls.err '"event":"certificate_renewed"'
served 'CN = two'
leaf one ca /CN=three
kill -HUP "$pid"
sleep 0.2
served 'CN = three'
stop 0

# Clients show certificates.
start mutual "$FIXTURES/stable.joblib" --tls-cert two.pem --tls-key two.key --tls-ca ca.pem
url=https://$address
refused --cacert ca.pem
refused --cacert ca.pem --http1.1 --tls-max 1.2
refused --cacert ca.pem --cert foreign.pem --key foreign.key
ask /predict --cacert ca.pem --cert client.pem --key client.key -d "$row"
ok 'a client that the authority signed' test "$status" = 200
stop 0
start optional "$FIXTURES/stable.joblib" --tls-cert two.pem --tls-key two.key --tls-ca ca.pem \
    --tls-client optional
url=https://$address
ask /predict --cacert ca.pem -d "$row"
ok 'optional: without a certificate' test "$status" = 200
refused --cacert ca.pem --cert foreign.pem --key foreign.key
stop 0

# What cannot be used is refused at the start.
serve() { expect "$1" mlp-serve serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 "${@:2}"; }
serve 2 --tls-cert two.pem
has err '--tls-cert and --tls-key go together'
serve 2 --tls-ca ca.pem
has err '--tls-ca needs --tls-cert'
serve 3 --tls-cert two.pem --tls-key client.key
has err 'client.key: the private key is not that of the certificate in two.pem'
serve 3 --tls-cert two.key --tls-key two.key
has err 'two.key: this holds no certificate that can be used'
serve 3 --tls-cert two.pem --tls-key two.pem
has err 'two.pem: this holds no private key'
{ cat two.pem && sed '3d' ca.pem; } >chain.pem
serve 3 --tls-cert chain.pem --tls-key two.key
has err 'chain.pem: this holds no certificate that can be used'
openssl pkey -in two.key -aes256 -passout pass:x -out locked.key
serve 3 --tls-cert two.pem --tls-key locked.key
has err 'locked.key: this holds no private key'
serve 5 --tls-cert missing.pem --tls-key two.key
has err 'missing.pem'
finish
