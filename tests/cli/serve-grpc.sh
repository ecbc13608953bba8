#!/usr/bin/env bash
# gRPC without a library for it: messages by hand, statuses in trailers, keys and limits.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
curl --version | grep -q HTTP2 || skip 'needs curl with HTTP/2'

# call SERVICE/METHOD MESSAGE [CURL OPTION...]: MESSAGE as printf has it. The answer in ./out, its
# fields and trailers in ./head; $status is its grpc-status.
call() {
    local path=$1 n
    # shellcheck disable=SC2059
    printf "$2" >message
    shift 2
    n=$(wc -c <message)
    # shellcheck disable=SC2059
    { printf "\\0\\0\\0\\$(printf %o $((n / 256)))\\$(printf %o $((n % 256)))" && cat message; } >framed
    curl -sS -m 10 --http2-prior-knowledge -o out -D head --data-binary @framed \
        -H 'content-type: application/grpc' -H 'te: trailers' "$@" "$url/$path" 2>err
    status=$(sed -n 's/^grpc-status: \([0-9]*\).*/\1/p' head)
}
inference=inference.GRPCInferenceService
# One row: a = 0.25, b = 1, c = red, as typed contents.
row='\x0a\x06stable\x1a\x02id'
row+='\x2a\x18\x0a\x01a\x12\x04FP64\x1a\x01\x01\x2a\x0a\x3a\x08\0\0\0\0\0\0\xd0\x3f'
row+='\x2a\x11\x0a\x01b\x12\x05INT64\x1a\x01\x01\x2a\x02\x18\x01'
row+='\x2a\x14\x0a\x01c\x12\x05BYTES\x1a\x01\x01\x2a\x05\x42\x03red'

start plain "$FIXTURES/stable.joblib"
call $inference/ModelInfer "$row"
ok 'a prediction' test "$status" = 0
has head 'content-type: application/grpc'
has out predict_proba
ok 'as scikit-learn answers' \
    test "$(tail -c 8 out | od -An -t f8 | tr -d ' ')" = 0.3676487212410129
call $inference/ModelInfer "${row/stable/nobody}"
ok 'no such model is NOT_FOUND' test "$status" = 5
has head 'grpc-message: no route "nobody"'
call $inference/ModelInfer '\x1a\x02id'
ok 'a name is asked for' test "$status" = 3
call $inference/ModelInfer '\x0a\x7f'
ok 'what is no message is INVALID_ARGUMENT' test "$status" = 3
call $inference/ServerReady ''
ok 'ready' test "$status/$(od -An -t x1 out | tr -d ' ')" = 0/00000000020801
call grpc.health.v1.Health/Check ''
ok 'health' test "$status/$(od -An -t x1 out | tr -d ' ')" = 0/00000000020801
call grpc.health.v1.Health/Watch ''
ok 'what is not there is UNIMPLEMENTED' test "$status" = 12
call nothing/At/All ''
ok 'and so is another service' test "$status" = 12
call $inference/ModelInfer "$row" -H 'grpc-timeout: 10S'
ok 'a deadline' test "$status" = 0
ask "/$inference/ModelInfer" -d '{}'
ok 'without its content type it is a path that is not there' test "$status" = 404
stop 0

# Keys are asked for by what a call does, not by how it is named.
expect 0 mlp-serve keygen one
cp out keys.yaml
expect 0 mlp-serve keygen two
{ cat out; printf '  scopes: [secret]\n'; } >>keys.yaml
expect 0 mlp-serve keygen three
{ cat out; printf '  paths: [/v2/models/stable]\n'; } >>keys.yaml
printf 'keys: keys.yaml\npaths:\n  /: mlp:predict\n  /v2/models/stable: secret\n' >auth.yaml
start keys "$FIXTURES/stable.joblib" --auth auth.yaml
with() { printf 'x-api-key: %s' "$(cat "$1.key")"; }
call $inference/ModelInfer "$row"
ok 'no key is UNAUTHENTICATED' test "$status" = 16
has head 'grpc-message: a key or a token is needed'
call $inference/ModelInfer "$row" -H "$(with one)"
ok 'a key without the scope of the model' test "$status" = 7
call $inference/ModelStreamInfer "$row" -H "$(with one)"
ok 'nor by a stream' test "$status" = 7
call $inference/ModelMetadata '\x0a\x06stable\x12\x011' -H "$(with one)"
ok 'nor its metadata' test "$status" = 7
call $inference/ServerMetadata '' -H "$(with one)"
ok 'but what asks for no model' test "$status" = 0
call $inference/ModelInfer "$row" -H "$(with two)"
ok 'the one with the scope' test "$status" = 0
call $inference/ServerMetadata '' -H "$(with three)"
ok 'a key for some paths' test "$status" = 7
call grpc.health.v1.Health/Check ''
ok 'probes need no key' test "$status" = 0
call grpc.health.v1.Health/Check '\x0a\x06stable'
ok 'but those of a model' test "$status" = 16
stop 0
start often "$FIXTURES/stable.joblib" --rate 2/h
for want in 0 0 8; do
    call $inference/ModelInfer "$row"
    ok "a rate: $want" test "$status" = "$want"
done
has head 'retry-after: '
stop 0
finish
