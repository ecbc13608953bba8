#!/usr/bin/env bash
# API keys and bearer tokens: who is let in, what the others are told, changes while it serves.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
row='{"a":0.25,"b":1.0,"c":"red"}'

expect 0 mlp-serve keygen billing
cp out keys.yaml
expect 0 mlp-serve keygen tight
{ cat out; printf '  rate: 2/h\n  paths: [/predict/stable]\n'; } >>keys.yaml
expect 0 mlp-serve keygen old
{ cat out; printf '  expires: 2020-01-01\n'; } >>keys.yaml
expect 0 mlp-serve keygen ops
{ cat out; printf '  scopes: ["mlp:metrics"]\n'; } >>keys.yaml
ok 'a key is readable by its owner only' test "$(stat -c %a billing.key)" = 600
hasnt keys.yaml "$(cut -d. -f2 billing.key)"
expect 5 mlp-serve keygen billing
has err 'billing.key exists'
expect 2 mlp-serve keygen 'a b'
printf 'keys: keys.yaml\n' >auth.yaml

start keys "$FIXTURES/stable.joblib" --auth auth.yaml
bearer() { printf 'Authorization: Bearer %s' "$(cat "$1.key")"; }
ask /predict -d "$row"
ok 'no key is 401' test "$status" = 401
has head 'WWW-Authenticate: Bearer'
ask /predict -d "$row" -H "$(bearer billing)"
ok 'a key as bearer' test "$status" = 200
has out '"prediction":false'
ask /predict -d "$row" -H "X-API-Key: $(cat billing.key)"
ok 'a key in its own field' test "$status" = 200
ask /predict -d "$row" -H "X-API-Key: $(cat billing.key)" -H "$(bearer billing)"
ok 'two at once are 401' test "$status" = 401
ask /predict -d "$row" -H "X-API-Key: $(sed 's/.$/z/' billing.key)"
ok 'a wrong key is 401' test "$status" = 401
has head 'error="invalid_token"'
for wrong in 'billing.' '.' 'billing' "nobody.$(cut -d. -f2 billing.key)" "$(head -c 3000 /dev/zero | tr '\0' x)"; do
    ask /predict -d "$row" -H "X-API-Key: $wrong"
    ok "a key that is none is 401: ${wrong:0:20}" test "$status" = 401
done
ask /predict -d "$row" -H 'Authorization: Basic YTpi'
ok 'another scheme is 401' test "$status" = 401
ask /predict -d "$row" -H "$(bearer old)"
ok 'an expired key is 401' test "$status" = 401
has out 'expired'
ask /metrics -H "$(bearer billing)"
ok 'metrics ask for another scope' test "$status" = 403
has head 'error="insufficient_scope", scope="mlp:metrics"'
ask /metrics -H "$(bearer ops)"
ok 'that one key has' test "$status" = 200
ask /predict -d "$row" -H "$(bearer ops)"
ok 'but it may not predict' test "$status" = 403
ask /predict -d "$row" -H "$(bearer tight)"
ok 'a key may be for some paths only' test "$status" = 403
for want in 200 200 429; do
    ask /predict/stable -d "$row" -H "$(bearer tight)"
    ok "a key with a rate of its own: $want" test "$status" = "$want"
done
ask /predict/stable -d "$row" -H "$(bearer billing)"
ok 'which is not the others'"'" test "$status" = 200
ask /healthz
ok 'probes need no key' test "$status" = 200
ask /v2/health/ready
ok 'nor do those of other servers' test "$status" = 200
sed -i '/billing/,/sha256/d' keys.yaml
wait_for keys.err '"event":"auth"'
ask /predict -d "$row" -H "$(bearer billing)"
ok 'a key taken out is 401 soon' test "$status" = 401
printf -- '- id: "x"\n' >>keys.yaml
wait_for keys.err '"event":"auth_refused"'
ask /metrics -H "$(bearer ops)"
ok 'a broken file changes nothing' test "$status" = 200
hasnt keys.err "$(cut -d. -f2 ops.key)"
stop 0

chmod g+w keys.yaml
expect 6 mlp-serve "$FIXTURES/stable.joblib" --auth auth.yaml
has err 'others than its owner may write'
printf 'kyes: keys.yaml\nkeys: k\n' >bad.yaml
expect 3 mlp-serve "$FIXTURES/stable.joblib" --auth bad.yaml
has err 'unknown key'

need openssl || skip 'tokens need openssl'
need python3 || skip 'the host of the key set is python3'
b64() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
# jwk NAME: a new RSA key NAME.pem and its public numbers in NAME.jwk.
jwk() {
    openssl genrsa -out "$1.pem" 2048 2>/dev/null
    local n
    n=$(openssl rsa -in "$1.pem" -modulus -noout | cut -d= -f2 | python3 -c \
        'import sys,base64; print(base64.urlsafe_b64encode(bytes.fromhex(sys.stdin.read())).decode().rstrip("="))')
    printf '{"kty":"RSA","use":"sig","alg":"RS256","kid":"%s","n":"%s","e":"AQAB"}' "$1" "$n" >"$1.jwk"
}
# token KEY CLAIMS [HEADER]
token() {
    local text
    text=$(printf '%s' "${3:-{\"alg\":\"RS256\",\"kid\":\"$1\"\}}" | b64).$(printf '%s' "$2" | b64)
    printf '%s.%s' "$text" "$(printf '%s' "$text" | openssl dgst -sha256 -sign "$1.pem" | b64)"
}
# claims SUBJECT SCOPE SECONDS: which end so many seconds from this moment, however long the tests
# before it took.
claims() { printf '{"iss":"https://idp.example","aud":"mlp","sub":"%s","scope":"openid %s","exp":%d}' "$1" "$2" $(($(date +%s) + $3)); }
try() {
    ask "$2" -d "$row" -H "Authorization: Bearer $3"
    ok "$4" test "$status" = "$1"
}
jwk one
jwk two
mkdir idp
printf '{"keys":[%s]}' "$(cat one.jwk)" >idp/jwks.json
python3 -u -m http.server -d idp --bind 127.0.0.1 0 >idp.out 2>idp.log &
pids+=("$!")
disown "$!" # its end is no news
wait_for idp.out 'port '
port=$(sed -E 's/.*port ([0-9]+).*/\1/' idp.out)
cat >oidc.yaml <<END
oidc:
  issuer: https://idp.example
  audience: [mlp, other]
  jwks: http://127.0.0.1:$port/jwks.json
  leeway: 60
paths:
  /: mlp:predict
  /predict/stable: mlp:stable
END
start oidc "$FIXTURES/stable.joblib" --auth oidc.yaml --rate 20/h
good=$(token one "$(claims ann mlp:predict 600)")
try 200 /predict "$good" 'a good token'
has head 'RateLimit-Remaining: 19'
try 200 /predict "$(token one "$(claims bob mlp:predict 600)")" 'of another subject'
has head 'RateLimit-Remaining: 19'
try 403 /predict/stable "$good" 'a path with a scope of its own'
try 200 /predict/stable "$(token one "$(claims ann mlp:stable 600)")" 'which another token has'
try 401 /predict "$(token one "$(claims ann mlp:predict -90)")" 'an expired token'
has out 'the token has expired'
try 200 /predict "$(token one "$(claims ann mlp:predict -1)")" 'within the leeway'
try 401 /predict "${good%?????}AAAAA" 'a changed signature'
try 401 /predict "$(token two "$(claims ann mlp:predict 600)" '{"alg":"RS256","kid":"one"}')" 'a strange key under a known name'
has out 'signature does not hold'
try 401 /predict "$(token one "$(claims ann mlp:predict 600)" '{"alg":"HS256","kid":"one"}')" 'a public key as a shared secret'
try 401 /predict "$(printf '{"alg":"none"}' | b64).$(claims ann mlp:predict 600 | b64)." 'no signature at all'
try 401 /predict "$(token one "$(claims ann mlp:predict 600 | sed 's/"mlp"/"else"/')")" 'for another audience'
try 401 /predict "$(token one "$(claims ann mlp:predict 600 | sed 's/idp/evil/')")" 'of another issuer'
rotated=$(token two "$(claims ann mlp:predict 600)")
try 401 /predict "$rotated" 'a key that is not published'
printf '{"keys":[%s,%s]}' "$(cat one.jwk)" "$(cat two.jwk)" >idp/jwks.json
kill -HUP "$pid"
wait_for oidc.err '"event":"auth"'
try 200 /predict "$rotated" 'and is, after'
for _ in $(seq 20); do try 401 /predict "$(token one "$(claims ann mlp:predict 600)" '{"alg":"RS256","kid":"x"}')" 'made up keys'; done
ok 'do not make the server fetch each time' test "$(grep -c jwks.json idp.log)" -le 2
stop 0

printf '{"keys":[%s]}' "$(cat one.jwk)" >file.jwks
sed -i 's/jwks: .*/jwks: file.jwks/' oidc.yaml
start file "$FIXTURES/stable.joblib" --auth oidc.yaml
try 200 /predict "$good" 'a key set in a file'
try 401 /predict "$rotated" 'without the second key'
printf '{"keys":[%s]}' "$(cat two.jwk)" >file.jwks
wait_for file.err '"event":"auth"'
try 200 /predict "$rotated" 'that comes with a change of the file'
try 401 /predict "$good" 'and the first goes'
stop 0
finish
