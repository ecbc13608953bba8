#!/usr/bin/env bash
# The protocols that other servers speak, by plain requests: Open Inference Protocol with its binary
# extension, TensorFlow Serving and KServe V1, compressed bodies. Answers are those of /predict.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
rows='[{"a":0.25,"b":1.0,"c":"red"},{"a":3,"b":0.5,"c":"violet"}]'
proba='0.6323512787589871,0.3676487212410129,0.0003372370278240666,0.9996627629721759'
tensors='{"name":"a","shape":[2],"datatype":"FP64","data":[0.25,3]},
    {"name":"b","datatype":"FP32","shape":[2,1],"data":[[1],[0.5]]},
    {"data":["red","violet"],"name":"c","shape":[2],"datatype":"BYTES","parameters":{"content_type":"str"}}'

start models "$FIXTURES/stable.joblib" --log log.ndjson
# posted STATUS WHAT PATH CURL-OPTION...
posted() {
    local want=$1 what=$2
    shift 2
    ask "$@"
    ok "$what is $want, not $status: $(tr -d '\0' <out)" test "$status" = "$want"
}
is() { if [ "$(cat out)" = "$1" ]; then pass; else fail "$(cat out) instead of $1"; fi; }

# --- Open Inference Protocol
posted 200 'live' /v2/health/live
is '{"live":true}'
posted 200 'ready' /v2/health/ready
is '{"live":true,"ready":true}'
posted 200 'server metadata' /v2
has out '"extensions":["binary_tensor_data","model_repository"]'
posted 200 'model metadata' /v2/models/stable
has out '{"name":"stable","versions":["1"],"platform":"mlp_scikit-learn_pickle","inputs":[{"name":"a","datatype":"FP64","shape":[-1,1]}'
has out '{"name":"c","datatype":"BYTES","shape":[-1,1]}'
has out '"outputs":[{"name":"predict","datatype":"BOOL","shape":[-1]},{"name":"predict_proba","datatype":"FP64","shape":[-1,2]}]'
posted 200 'model configuration' /v2/models/stable/config
has out '"input":[{"name":"a","data_type":"TYPE_FP64","dims":[-1,1]}'
has out '{"name":"predict_proba","data_type":"TYPE_FP64","dims":[-1,2]}'
posted 200 'model ready' /v2/models/stable/versions/1/ready
is '{"name":"stable","ready":true}'
posted 404 'another version' /v2/models/stable/versions/2/ready
posted 404 'another model' /v2/models/other
has out '{"error":"no route \"other\""}'
posted 200 'infer' /v2/models/stable/infer -d "{\"id\":\"x\\\"1\",\"inputs\":[$tensors]}"
is "{\"model_name\":\"stable\",\"model_version\":\"1\",\"id\":\"x\\\"1\",\"outputs\":[{\"name\":\"predict\",\"datatype\":\"BOOL\",\"shape\":[2],\"data\":[false,true]},{\"name\":\"predict_proba\",\"datatype\":\"FP64\",\"shape\":[2,2],\"data\":[$proba]}]}"
posted 200 'one output' /v2/models/stable/versions/1/infer \
    -d "{\"outputs\":[{\"name\":\"predict\"}],\"inputs\":[$tensors]}"
has out '"outputs":[{"name":"predict","datatype":"BOOL","shape":[2],"data":[false,true]}]}'
posted 400 'an unknown output' /v2/models/stable/infer \
    -d "{\"outputs\":[{\"name\":\"x\"}],\"inputs\":[$tensors]}"
has out '{"error":"the model has no output \"x\"; it has predict and predict_proba"}'
posted 400 'a feature missing' /v2/models/stable/infer \
    -d '{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1]}]}'
has out 'feature \"b\" is missing'
posted 400 'too few elements' /v2/models/stable/infer \
    -d '{"inputs":[{"name":"a","shape":[3],"datatype":"FP64","data":[1]}]}'
has out 'tensor \"a\": the shape has 3 elements, the data 1'
posted 400 'a huge shape' /v2/models/stable/infer \
    -d '{"inputs":[{"name":"a","shape":[9999999999,9999999999],"datatype":"FP64","data":[1]}]}'
has out 'the shape is too large'
posted 400 'no JSON' /v2/models/stable/infer -d '{"inputs":['
has out '"error":"line 1, column '
# 1.0 and 0.5 as FP32; "red" and "violet" with their lengths; a in JSON.
json='{"parameters":{"binary_data_output":true},"outputs":[{"name":"predict_proba","parameters":{"binary_data":false}},{"name":"predict"}],"inputs":[{"name":"b","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},{"name":"a","shape":[2],"datatype":"INT8","data":[0,3]},{"name":"c","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":17}}]}'
{
    printf '%s' "$json"
    printf '\0\0\200\077\0\0\0\077'
    printf '\3\0\0\0red\6\0\0\0violet'
} >binary
posted 200 'binary tensors' /v2/models/stable/infer --data-binary @binary \
    -H "Inference-Header-Content-Length: ${#json}"
length=$(sed -n 's/^Inference-Header-Content-Length: \([0-9]*\).*/\1/p' head)
ok 'the answer has a header length' test -n "$length"
has head 'Content-Type: application/octet-stream'
has out '{"name":"predict","datatype":"BOOL","shape":[2],"parameters":{"binary_data_size":2}}'
has out '{"name":"predict_proba","datatype":"FP64","shape":[2,2],"data":[0.'
ok 'two truth values follow' test "$(tail -c 2 out | od -An -tx1 | tr -d ' ')" = 0001
ok 'and nothing else' test "$(stat -c %s out)" = "$((length + 2))"
posted 400 'binary data that ends early' /v2/models/stable/infer -H "Inference-Header-Content-Length: ${#json}" -d "$json"
has out 'binary_data_size is 8, but 0 bytes follow the JSON'
posted 400 'a header length beyond the body' /v2/models/stable/infer -H 'Inference-Header-Content-Length: 999' -d '{}'
posted 200 'the index' /v2/repository/index -d '{}'
is '[{"name":"stable","version":"1","state":"READY","reason":""}]'
posted 200 'a load of what is there' /v2/repository/models/stable/load -d '{}'
posted 400 'an unload' /v2/repository/models/stable/unload -d '{}'

# --- TensorFlow Serving and KServe V1
posted 200 'the root' /
has out '{"status":"alive",'
posted 200 'the list' /v1/models
is '{"models":["stable"]}'
posted 200 'the status' /v1/models/stable
is '{"name":"stable","ready":true,"model_version_status":[{"version":"1","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]}'
posted 200 'the metadata' /v1/models/stable/versions/1/metadata
has out '"signature_def":{"signature_def":{"serving_default":{"inputs":{"a":{"dtype":"DT_DOUBLE"'
posted 200 'instances' /v1/models/stable:predict -d "{\"signature_name\":\"serving_default\",\"instances\":$rows}"
is '{"predictions":[false,true]}'
posted 200 'columns' /v1/models/stable/versions/1:predict \
    -d '{"inputs":{"a":[0.25,3],"b":[[1],[0.5]],"c":["red",{"b64":"dmlvbGV0"}]}}'
is '{"outputs":[false,true]}'
posted 400 'NaN is a missing value' /v1/models/stable/labels/stable:predict -d '{"instances":[[NaN,1,"red"]]}'
has out 'row 1: column a is missing, and the model'
posted 400 'infinity is refused' /v1/models/stable:predict -d '{"instances":[[Infinity,1,"red"]]}'
has out 'beyond the range of a double'
posted 404 'an unknown label' /v1/models/stable/labels/blue:predict -d '{"instances":[]}'
posted 400 'a body without rows' /v1/models/stable:predict -d '{"a":1,"b":1,"c":"x"}'
has out '{"error":"the body names no rows; send '
posted 400 'both forms' /v1/models/stable:predict -d "{\"instances\":$rows,\"inputs\":{}}"
has out 'rows are given twice: by \"inputs\" as well'
posted 400 'columns of other lengths' /v1/models/stable:predict -d '{"inputs":{"a":[1],"b":[1,2],"c":["x"]}}'
has out '2 rows, the tensors before it have 1'
posted 405 'a GET' /v1/models/stable:predict
has head 'Allow: POST'

# --- compressed bodies
printf '%s' "$rows" | gzip >rows.gz
posted 200 'gzip' /predict -H 'Content-Encoding: gzip' --data-binary @rows.gz
is '{"predictions":[false,true]}'
posted 400 'damaged gzip' /predict -H 'Content-Encoding: gzip' -d "$rows"
if need zstd; then
    printf '%s' "$rows" | zstd -q >rows.zst
    posted 200 'zstd' /predict -H 'Content-Encoding: zstd' --data-binary @rows.zst
    is '{"predictions":[false,true]}'
    head -c 20 rows.zst >short.zst
    posted 400 'zstd that ends early' /predict -H 'Content-Encoding: zstd' --data-binary @short.zst
fi
head -c 40000000 /dev/zero | gzip >bomb.gz
posted 413 'a bomb' /predict -H 'Content-Encoding: gzip' --data-binary @bomb.gz
stop 0
has log.ndjson '"features":{"a":0,"b":1,"c":"red"},"output":{"prediction":'
ok 'each line of the log is JSON' awk '!/^\{.*\}$/ || /NaN/ { bad = 1 } END { exit bad }' log.ndjson

# --- shadows see rows of every form
cat >deployment.yaml <<YAML
version: 1
routes:
  - name: colours
    targets:
      - {role: stable, path: "$FIXTURES/stable.joblib", weight: 100}
      - {role: shadow, path: "$FIXTURES/canary.joblib"}
YAML
start shadowed --deployment deployment.yaml
posted 200 'infer by the route' /v2/models/colours/infer -d "{\"inputs\":[$tensors]}"
posted 200 'predict by the model' /v1/models/stable/labels/stable:predict \
    -d '{"inputs":{"a":[0.25,3,1],"b":[1,0.5,1],"c":["red","violet","blue"]}}'
has out '{"outputs":[false,true,'
has head 'X-Mlp-Arm: stable'
posted 404 'a shadow answers nobody' /v1/models/colours/labels/shadow:predict -d '{"instances":[]}'
compared() {
    ask /metrics
    awk '/^mlp_shadow_rows_total/ { n += $NF } END { exit n != 5 }' out
}
for _ in $(seq 50); do
    compared && break
    sleep 0.05
done
ok 'the shadow saw five rows' compared
hasnt out 'outcome="failed"} 5'
stop 0
finish
