#!/usr/bin/env bash
# What clients of MLflow, SageMaker, Vertex AI and Knative send, and bodies that are tables: every
# form of the same rows is answered alike.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
columns='"columns":["c","a","b"],"index":[0,1]'
data='"data":[["red",0.25,1.0],["violet",3,0.5]]'
printf 'a,b,c\n0.25,1.0,red\n3,0.5,"violet"\n' >rows.csv
printf '0.25,1.0,red\n3,0.5,"violet"\n' >bare.csv
printf '{"a":0.25,"b":1,"c":"red"}\n\n[3,0.5,"violet"]\n' >rows.ndjson
answer='{"predictions":[false,true]}'

start models "$FIXTURES/stable.joblib" --log log.ndjson
posted() {
    local want=$1 what=$2
    shift 2
    ask "$@"
    ok "$what is $want, not $status: $(tr -d '\0' <out)" test "$status" = "$want"
}
is() { if [ "$(cat out)" = "$1" ]; then pass; else fail "$(cat out) instead of $1"; fi; }
csv='Content-Type: text/csv' lines='Content-Type: application/x-ndjson'

# --- MLflow
for body in "{\"dataframe_split\":{$columns,$data}}" "{\"dataframe_split\":{$data,$columns},\"params\":{\"x\":1}}" \
    '{"dataframe_records":[{"a":0.25,"b":1.0,"c":"red"},{"a":3,"b":0.5,"c":"violet"}]}' \
    '{"instances":[[0.25,1,"red"],[3,0.5,"violet"]]}' \
    '{"inputs":{"a":[0.25,3],"b":[1,0.5],"c":["red","violet"]}}' \
    '[{"a":0.25,"b":1.0,"c":"red"},{"a":3,"b":0.5,"c":"violet"}]'; do
    posted 200 "$body" /invocations -H 'Content-Type: application/json' -d "$body"
    is "$answer"
done
posted 200 'one row' /invocations -d '{"a":0.25,"b":1.0,"c":"red"}'
is '{"predictions":[false]}'
posted 200 'a CSV' /invocations -H "$csv; charset=utf-8" --data-binary @rows.csv
is "$answer"
posted 200 'probabilities' '/invocations?probabilities=true' -d '{"instances":[[0.25,1,"red"]]}'
is '{"predictions":[false],"probabilities":[{"False":0.6323512787589871,"True":0.3676487212410129}]}'
posted 400 'a frame without a feature' /invocations -d '{"dataframe_split":{"columns":["a","c"],"data":[]}}'
is '{"error_code":"BAD_REQUEST","message":"feature \"b\" is missing","hint":"send null where a value is not known"}'
posted 400 'a frame with another column' /invocations -d '{"dataframe_split":{"columns":["a","b","c","d"],"data":[]}}'
has out '"message":"unknown feature \"d\"'
posted 400 'a column twice' /invocations -d '{"dataframe_split":{"columns":["a","b","c","a"],"data":[]}}'
posted 400 'a row too short' /invocations -d "{\"dataframe_split\":{$columns,\"data\":[[\"red\",1]]}}"
has out 'row 1: the frame has 3 columns, the row has fewer'
posted 400 'a frame without data' /invocations -d "{\"dataframe_split\":{$columns}}"
posted 400 'an empty body' /invocations -X POST
posted 404 'an unknown route' /invocations/other -d '[]'
has out '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no route \"other\""'
posted 200 'ping' /ping
posted 200 'health' /health
posted 200 'version' /version
ok 'the version is one' grep -Eq '^[0-9]+\.[0-9]+' out

# --- SageMaker
posted 200 'a CSV without header' /invocations -H "$csv" -H 'Accept: text/csv' --data-binary @bare.csv
is "$(printf 'False\nTrue')"
posted 200 'lines' /invocations -H 'Content-Type: application/jsonlines' --data-binary @rows.ndjson
is "$(printf '{"prediction":false}\n{"prediction":true}')"
printf '1,2\n' | posted 400 'a CSV of other width' /invocations -H "$csv" --data-binary @-
has out 'no column is named as a feature, and there are 2 of them, not 3'

# --- bulk
posted 200 'a CSV' '/predict?probabilities=true' -H "$csv" --data-binary @rows.csv
is "$(printf 'prediction,proba_False,proba_True\nFalse,0.6323512787589871,0.3676487212410129\nTrue,0.0003372370278240666,0.9996627629721759')"
has head 'Content-Type: text/csv; charset=utf-8'
gzip -k rows.csv
posted 200 'a CSV in gzip' /predict -H "$csv" -H 'Content-Encoding: gzip' --data-binary @rows.csv.gz
is "$(printf 'prediction\nFalse\nTrue')"
posted 200 'TSV' /predict -H 'Content-Type: text/tab-separated-values' -H 'Accept: application/json' \
    --data-binary "$(tr ',' '\t' <rows.csv | tr -d '"')"
is "$answer"
posted 200 'lines' /predict -H "$lines" --data-binary @rows.ndjson
is "$(printf '{"prediction":false}\n{"prediction":true}')"
has head 'Content-Type: application/x-ndjson'
posted 200 'lines as a list' /predict -H "$lines" -H 'Accept: application/json' --data-binary @rows.ndjson
is "$answer"
posted 400 'a line that is no row' /predict -H "$lines" --data-binary "$(printf '{"a":0.25,"b":1,"c":"red"}\n7')"
has out 'row 2: a row is a number'
posted 400 'a line that is cut' /predict -H "$lines" --data-binary "$(printf '[0.25,1,"red"]\n{"a":')"
has out 'row 2: '
posted 400 'text for a number' /predict -H "$csv" --data-binary "$(printf 'a,b,c\n1,2,red\n1,x,red')"
has out 'line 3: column \"b\": \"x\" is not a number'
posted 400 'a column too many' /predict -H "$csv" --data-binary "$(printf 'a,b,c,id\n1,2,red,7')"
has out 'unknown feature \"id\"'
posted 400 'a row too short' /predict -H "$csv" --data-binary "$(printf 'a,b,c\n1,2')"
has out 'line 2: 2 fields, expected 3'
posted 400 'no Arrow' /predict -H 'Content-Type: application/vnd.apache.arrow.stream' -d "$answer"
yes '0.25,1.0,red' | head -n 3000 | sed '1i a,b,c' >many.csv
posted 200 'many rows' /predict -H "$csv" --data-binary @many.csv
ok 'each is answered' test "$(grep -c False out)" = 3000

# --- CloudEvents
event=(-H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: here' -H 'ce-type: request')
posted 200 'a binary event' / "${event[@]}" -H 'Content-Type: application/json' -d '[[0.25,1,"red"]]'
is '{"predictions":[false]}'
has head 'ce-specversion: 1.0'
has head 'ce-type: io.kserve.inference.response'
has head 'ce-source: io.kserve.inference.stable'
ok 'the answer has an id' grep -Eq '^ce-id: [0-9a-f-]+' head
posted 200 'an event for V1' /v1/models/stable:predict "${event[@]}" -d '{"instances":[[0.25,1,"red"]]}'
has head 'ce-id: '
posted 400 'an event without a type' / "${event[@]:0:6}" -d '[[0.25,1,"red"]]'
has out 'the event has no type'
structured='Content-Type: application/cloudevents+json'
head='"specversion":"1.0","id":"7","source":"x","type":"y"'
posted 200 'a structured event' /predict -H "$structured" -d "{$head,\"data\":{\"a\":0.25,\"b\":1,\"c\":\"red\"}}"
has out '{"specversion":"1.0","id":"'
has out '"source":"io.kserve.inference.stable","datacontenttype":"application/json","data":{"prediction":false,'
has head 'Content-Type: application/cloudevents+json'
posted 200 'an event with a CSV' /predict -H "$structured" \
    -d "{\"datacontenttype\":\"text/csv\",\"data\":\"a,b,c\\n0.25,1,red\",$head}"
has out '"data":"prediction\nFalse\n"}'
posted 200 'an event in base64' /predict -H "$structured" -d "{$head,\"data_base64\":\"W1swLjI1LDEsInJlZCJdXQ==\"}"
has out '"data":{"predictions":[false]}}'
posted 400 'no event' /predict -H "$structured" -d '[[0.25,1,"red"]]'
batch() { posted "$1" "$2" /predict -H 'Content-Type: application/cloudevents-batch+json' --data-binary "$3"; }
one='{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"application/json","data":{"a":0.25,"b":1.0,"c":"red"}}'
batch 200 'an empty batch of events' '[]'
ok 'is answered by one' test "$(cat out)" = '[]'
batch 200 'a batch of events' "[$one, $one]"
has head 'application/cloudevents-batch+json'
ok 'is answered by as many' jq -e 'length == 2 and all(.specversion == "1.0" and (.data.probabilities | length) == 2) and .[0].id != .[1].id' out
batch 400 'one that cannot be answered' "[$one,${one/red/7\\}]"
batch 400 'one without a source' "[$one,${one/source/sauce}]"
has out 'no source'
batch 400 'no array' "$one"
batch 400 'no end' "[$one"
batch 400 'more after the end' "[$one] 1"
stop 0
ok 'each line of the log is JSON' awk '!/^\{.*\}$/ { bad = 1 } END { exit bad }' log.ndjson
has log.ndjson '"features":{"a":0.25,"b":1,"c":"red"},"output":{"prediction":false'

# --- Vertex AI
export AIP_PREDICT_ROUTE=/vertex/predict AIP_HEALTH_ROUTE=/vertex/health
start vertex "$FIXTURES/stable.joblib"
posted 200 'the predict route' /vertex/predict -d '{"instances":[[0.25,1,"red"]],"parameters":{}}'
is '{"predictions":[false]}'
posted 200 'the health route' /vertex/health
stop 0
AIP_HTTP_PORT=none expect 2 timeout 10 mlp-serve "$FIXTURES/stable.joblib"
has err 'AIP_HTTP_PORT is no port: "none"'
SAGEMAKER_BIND_TO_PORT=70000 expect 2 timeout 10 mlp-serve "$FIXTURES/stable.joblib"
has err 'SAGEMAKER_BIND_TO_PORT is no port'
finish
