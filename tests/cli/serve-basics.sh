#!/usr/bin/env bash
# mlp-serve as its users run it: models, packages, registries, answers, refusals, metrics, the log.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
row='{"a":0.25,"b":1.0,"c":"red"}'
answer='{"prediction":false,"probabilities":{"False":0.6323512787589871,"True":0.3676487212410129}}'

start file "$FIXTURES/stable.joblib" --log predictions.ndjson
ask /predict -d "$row"
ok 'a prediction' test "$status" = 200
ok 'is what scikit-learn answers' test "$(cat out)" = "$answer"
ask /predict -d "[$row,[3,0.5,\"violet\"]]" -H 'X-Request-Id: mine'
has out '{"predictions":[false,true]}'
has head 'X-Request-Id: mine'
ask /predict -d '{"a":1}'
ok 'a missing feature is 400' test "$status" = 400
has out 'feature \"b\" and 1 more are missing'
ask /predict -d '{"a":1,"b":2,"c":"red","colour":"red"}'
has out 'unknown feature \"colour\"'
ask /predict -d '{"a":1,"b":2,"c":"red"'
has out 'line 1, column '
ask /predict -H 'Content-Encoding: br' -d "$row"
ok 'an unknown coding is 415' test "$status" = 415
ask /nowhere
ok 'an unknown path is 404' test "$status" = 404
ask /predict
ok 'GET /predict is 405' test "$status" = 405
ask /healthz
has out '{"status":"alive"}'
ask /readyz
has out '{"ready":true}'
ask /model
has out '"inputs":[{"name":"a","type":"number"}'
ask /metrics
has out 'mlp_requests_total{route="/predict",code="200"} 2'
has out 'mlp_predictions_total{route="stable",arm="stable",model="stable",version="",digest="sha256:'
need promtool && ok 'promtool likes the page' promtool check metrics <out
stop 0
has file.err '"event":"serving","route":"stable","arm":"stable","weight":100,"model":"stable"'
has file.err '"event":"ready"'
has file.err '"event":"drain"'
has file.err '"event":"stopped"'
ok 'the log has a line a row' test "$(wc -l <predictions.ndjson)" = 3
has predictions.ndjson '"features":{"a":0.25,"b":1.0,"c":"red"},"output":{"prediction":false,'
has predictions.ndjson '"id":"mine/1"'
has predictions.ndjson '"features":{"a":3,"b":0.5,"c":"violet"}'

start extra "$FIXTURES/stable.joblib" --extra ignore --max-rows 2 --max-body 200
ask /predict -d '{"a":0.25,"b":1,"c":"red","colour":[1,{}]}'
ok 'extra features are passed over on request' test "$(cat out)" = "$answer"
ask /predict -d '[[1,1,"x"],[1,1,"x"],[1,1,"x"]]'
ok 'rows over the limit are 400' test "$status" = 400
ask /predict -d "[$(printf '[1,1,"%0200d"]' 1)]"
ok 'a body over the limit is 413' test "$status" = 413
expect 4 mlp-serve "$FIXTURES/stable.joblib" --listen "$address"
has err 'address already in use'
expect 4 mlp-serve "$FIXTURES/stable.joblib" --listen "$address" --threads 2
has err 'address already in use'
stop 0

# A package, a registry, a signature.
export MLP_REGISTRY=$SCRATCH/registry
printf 'a,b,c\n0.25,1,red\n3,0.5,violet\n' >golden.csv
expect 0 mlp-package keygen ci
expect 0 mlp-package keygen other
expect 0 mlp-package create colours "$FIXTURES/stable.joblib" --golden golden.csv --key ci.key -o c.mlp
expect 0 mlp-package create colours "$FIXTURES/canary.joblib" -o unsigned.mlp
expect 0 mlp-register init
expect 0 mlp-register add c.mlp
expect 0 mlp-register alias colours@1 production
start package c.mlp --key ci.pub
ask /predict/colours -d "$row"
ok 'a package answers' test "$(cat out)" = "$answer"
stop 0
start registry colours@production
ask /model
has out '"version":1'
expect 0 mlp-register add unsigned.mlp
expect 0 mlp-register alias colours@2 production
wait_for registry.err '"event":"swap"'
ask /predict -d "$row"
has out '"prediction":true'
stop 0
expect 6 mlp-serve c.mlp --key other.pub
expect 6 mlp-serve unsigned.mlp --key ci.pub
expect 6 mlp-serve "$FIXTURES/stable.joblib" --key ci.pub
has err 'carries no signature'

# What cannot be served.
expect 2 mlp-serve serve
has err 'nothing to serve'
expect 2 mlp-serve model.joblib --deployment d.yaml
expect 2 mlp-serve "$FIXTURES/stable.joblib" --listen nowhere
has err 'unix:/run/mlp.sock'
expect 2 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --threads 300
expect 2 mlp-serve "$FIXTURES/stable.joblib" --extra maybe
expect 5 mlp-serve missing.joblib
has err 'no such file'
expect 5 mlp-serve colours@nothing
expect 3 mlp-serve "$FIXTURES/make.py"
: >empty.joblib
expect 3 mlp-serve empty.joblib
head -c 1000 "$FIXTURES/stable.joblib" >cut.joblib
expect 3 mlp-serve cut.joblib
mkdir folder
expect 3 mlp-serve folder
has err 'no OCI layout'
expect 4 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --ready-fd 9
expect 5 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --log missing/log
expect 0 mlp-serve --batch "$FIXTURES/stable.joblib" <golden.csv
has out 'prediction'
if [ -w /dev/full ]; then
    expect 4 mlp-serve serve --ready-fd 8 --listen 127.0.0.1:0 "$FIXTURES/stable.joblib" 8>/dev/full
    start full "$FIXTURES/stable.joblib" --log /dev/full
    ask /predict -d "$row"
    ok 'a log that cannot be written does not cost the answer' test "$(cat out)" = "$answer"
    wait_for full.err 'No space left'
    ask /metrics
    has out 'mlp_log_dropped_total 1'
    stop 0
fi
finish
