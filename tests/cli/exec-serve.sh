#!/usr/bin/env bash
# A command behind the server: answers to their own requests, no loop that waits for it, deaths,
# hangs, clients that leave, a full queue, a reload and a drain under load.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'

# Each row is answered with its own number: {"v":N} -> N; some numbers are special.
cat >model.sh <<'SH'
#!/bin/bash
echo "started $$" >&2
while IFS= read -r row; do
    v=${row//[^0-9]/}
    case $v in
    889) sleep 3; echo 889;; 666) exit 6;; 777) sleep 100;; 888) sleep 1; echo 888;; 999) echo '{"error":"no such row"}';;
    *) printf '{"prediction":%s,"probabilities":{"a":0.5,"b":0.5}}\n' "${v:-0}";;
    esac
done
SH
chmod +x model.sh
start one --exec 'exec ./model.sh' --row-timeout 600ms -t 1

ask /predict -d '{"v": 5}'
ok 'one row' test "$status $(cat out)" = '200 {"prediction":5,"probabilities":{"a":0.5,"b":0.5}}'
ask /predict -d $'[{"v":\n1},\r\n{"v":2},[3]]'
ok 'a list' test "$status $(cat out)" = '200 {"predictions":[1,2,3]}'
ask '/predict?probabilities=true' -d '{"instances":[{"v":4}]}'
ok 'instances' test "$(cat out)" = '{"predictions":[4],"probabilities":[{"a":0.5,"b":0.5}]}'
ask /predict -d '[]'
ok 'no rows' test "$status $(cat out)" = '200 {"predictions":[]}'
ask /predict -d '{"v":5'
ok 'damaged' test "$status" = 400
ask /predict -d '[1]'
ok 'no rows of features' test "$status" = 400
ask /predict -d '{"v":999}'
ok 'refused' test "$status $(cat out)" = '400 {"error":"no such row"}'
ask /predict -d '[{"v":1},{"v":666},{"v":2}]'
ok 'it died' test "$status $(cat out)" = '503 {"error":"row 2: the model ended with status 6"}'
ask /predict -d '{"v":6}'
ok 'it lives again' test "$status" = 200
ask /predict -d '{"v":777}'
ok 'it hung' test "$status $(cat out)" = '503 {"error":"the model gave no answer within 0.6 s"}'
ask /predict -d '{"v":7}'
ok 'it lives again' test "$status" = 200
wait_for one.err '"event":"child"'
wait_for one.err 'child_ended'
ask /model
has out '"format":"command"'
ask /metrics
has out 'mlp_requests_total{route="/predict",code="200"} 6'
has out 'mlp_requests_total{route="/predict",code="503"} 2'
has out 'mlp_requests_total{route="/predict",code="400"} 3'
stop 0

# One loop: while a row takes a second, the loop answers others; a client that leaves harms nobody.
start two --exec 'exec ./model.sh' --row-timeout 5s -t 1
curl -sS -d '{"v":888}' "$url/predict" >slow.out &
slow=$!
curl -sS -m 0.2 -d '{"v":888}' "$url/predict" >left.out 2>left.err
begin=$(date +%s%N)
ask /healthz
ok 'the loop is free' test "$(($(date +%s%N) - begin))" -lt 500000000
wait "$slow"
has slow.out '"prediction":888}'
# Pipelined requests on one connection come back in order.
if need python3; then
    cat >pipeline.py <<'PY'
import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
s = socket.create_connection((host, int(port)), 10)
for v in range(200):
    body = b'{"v":%d}' % v
    path = b"/predict" if v % 3 else b"/healthz"
    s.sendall((b"POST" if v % 3 else b"GET") + b" " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
s.shutdown(socket.SHUT_WR)
got = b""
while got.count(b"HTTP/1.1") < 200 or not got.endswith(b"}\n"):
    more = s.recv(65536)
    if not more:
        break
    got += more
parts = got.split(b"\r\n\r\n")[1:]
for v, part in enumerate(parts):
    want = b'{"prediction":%d,' % v if v % 3 else b'{"status":"alive"}'
    assert part.startswith(want), (v, part)
assert len(parts) == 200, len(parts)
PY
    ok 'pipelined' python3 pipeline.py "$address"
fi
# Many at once, over a reload: every one gets its own answer.
for i in $(seq 100 130); do curl -sS -d "{\"v\":$i}" "$url/predict" >"many.$i" & many+=($!); done
kill -HUP "$pid"
for i in $(seq 131 160); do curl -sS -d "{\"v\":$i}" "$url/predict" >"many.$i" & many+=($!); done
wait "${many[@]}"
for i in $(seq 100 160); do grep -qF "{\"prediction\":$i," "many.$i" || fail "request $i got $(cat "many.$i")"; done
wait_for two.err '"event":"swap"'
ok 'two commands were started' test "$(grep -c 'started ' two.err)" = 2
# A drain waits for the row in flight.
curl -sS -d '{"v":888}' "$url/predict" >drained.out &
last=$!
sleep 0.3
stop 0
wait "$last"
has drained.out '"prediction":888}'
command=$(grep -oE 'started [0-9]+' two.err | tail -n 1 | cut -d ' ' -f 2)
ok 'the command is gone' test ! -d "/proc/$command" -o "$(cut -d ' ' -f 3 "/proc/$command/stat" 2>/dev/null)" = Z

# More rows than the queue holds are told so; a command that cannot be started too.
start three --exec 'exec ./model.sh' --row-timeout 5s -t 2
curl -sS -d '{"v":889}' "$url/predict" >slow.out &
slow=$!
sleep 0.5
rows=$(seq 2001 5000 | sed 's/.*/{"v":&}/' | paste -sd ,)
for i in 1 2; do curl -sS -i -d "[$rows]" "$url/predict" >"full.$i" & full[i]=$!; done
wait "$slow" "${full[@]}"
ok 'one finds the queue full' test "$(grep -l 'HTTP/1.1 503' full.? | wc -l)" = 1
ok 'and is told when to come again' test "$(grep -l 'Retry-After: 1' full.? | wc -l)" = 1
ok 'the other is answered' test "$(grep -l '4999,5000]}' full.? | wc -l)" = 1
stop 0
start four --exec ./missing
ask /predict -d '{"v":1}'
ok 'it cannot be started' test "$status" = 503
has out 'ended with status 127'
stop 0
expect 2 mlp-serve serve --exec ./model.sh model.joblib
expect 2 mlp-serve serve --exec ./model.sh --log log.ndjson
# MLflow's forms, and TF Serving's: rows, columns and frames.
start forms --exec 'exec ./model.sh' -t 1
for body in '{"instances":[{"v":5},{"v":6}]}' '{"dataframe_records":[{"v":5},{"v":6}]}' \
    '{"inputs":{"w":["a\"",null],"v":[5,6]},"params":{"x":1}}' '{"inputs":[{"v":5},{"v":6}]}' \
    '{"dataframe_split":{"index":[0,1],"columns":["w","v"],"data":[[["x",{"z":"y"}],5],["b",
       6]]}}'; do
    ask /invocations -d "$body"
    ok "$body" test "$status $(cat out)" = '200 {"predictions":[5,6]}'
done
for body in '{"inputs":{"v":[5,6],"w":[1]}}' '{"inputs":{"v":5}}' '{"dataframe_split":{"data":[[5]]}}' \
    '{"dataframe_split":{"columns":["v"],"data":[[5],[6,7]]}}' '{"dataframe_split":{"columns":[5],"data":[[5]]}}' \
    '{"dataframe_split":{"columns":["v"],"data":[5]}}' '{"inputs":{"v":[5]}} x' '{"instances":[{"v":5}],"a"}'; do
    ask /invocations -d "$body"
    ok "$body" test "$status" = 400
done
ask /invocations -d '{"inputs":{"v":[]}}'
ok 'columns without rows' test "$status $(cat out)" = '200 {"predictions":[]}'
stop 0

# The Open Inference Protocol: tensors become lines of JSON, answers become tensors.
start v2 --exec 'exec ./model.sh' -t 1
infer() { ask /v2/models/command/infer -d "$1"; }
infer '{"id":"7","inputs":[{"name":"v","shape":[2],"datatype":"INT64","data":[5,6]}]}'
ok 'rows by REST' test "$status $(cat out)" = '200 {"model_name":"command","model_version":"1","id":"7","outputs":[{"name":"predict","datatype":"INT64","shape":[2],"data":[5,6]},{"name":"predict_proba","datatype":"FP64","shape":[2,2],"data":[0.5,0.5,0.5,0.5]}]}'
infer '{"inputs":[{"name":"m","shape":[1,2],"datatype":"BYTES","data":["4","\"2"]}],"outputs":[{"name":"predict"}]}'
ok 'a matrix is a list' test "$(cat out)" = '{"model_name":"command","model_version":"1","outputs":[{"name":"predict","datatype":"INT64","shape":[1],"data":[42]}]}'
infer '{"inputs":[{"name":"v","shape":[2],"datatype":"INT64","data":[5,999]}]}'
ok 'a row that is refused' test "$status $(cat out)" = '400 {"error":"row 2: no such row"}'
infer '{"inputs":[{"name":"v","shape":[2],"datatype":"INT64","data":[5]}]}'
ok 'a shape that is wrong' test "$status" = 400
has out 'tensor \"v\"'
infer '{"inputs":[{"name":"v","shape":[1],"datatype":"FP64","data":[1]},{"name":"w","shape":[2],"datatype":"FP64","data":[1,2]}]}'
has out 'not as many rows'
ask /metrics
has out 'mlp_requests_total{route="/v2",code="200"} 2'
infer '{"inputs":[{"name":"v","shape":[0],"datatype":"FP64","data":[]}]}'
ok 'no rows' test "$status" = 200
if curl --version | grep -q HTTP2; then
    # A ModelInferRequest of one INT64, 5, as raw contents; its answer is raw too.
    printf '\0\0\0\0\x22\x0a\x07command\x2a\x0d\x0a\x01v\x12\x05INT64\x1a\x01\x01\x3a\x08\x05\0\0\0\0\0\0\0' >call
    ask /inference.GRPCInferenceService/ModelInfer --http2-prior-knowledge -H 'te: trailers' \
        -H 'content-type: application/grpc' --data-binary @call
    has out 'predict_proba'
    has out 'INT64'
    has head 'grpc-status: 0'
    # A stream: answers in the order of the messages; one that is refused does not end it.
    for row in '\x05\0' '\xe7\x03' '\x06\0'; do
        printf '\0\0\0\0\x25\x0a\x07command\x1a\x01i\x2a\x0d\x0a\x01v\x12\x05INT64\x1a\x01\x01\x3a\x08%b\0\0\0\0\0\0' "$row"
    done >stream
    ask /inference.GRPCInferenceService/ModelStreamInfer --http2-prior-knowledge -H 'te: trailers' \
        -H 'content-type: application/grpc' --data-binary @stream
    ok 'a stream: two answers' test "$(grep -ac predict_proba out)" = 2
    has out 'row 1: no such row'
    has head 'grpc-status: 0'
    ask /metrics
    has out 'mlp_requests_total{route="grpc",code="200"} 4'
fi
stop 0
finish
