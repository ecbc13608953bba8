#!/usr/bin/env bash
# The page and the OpenAPI document, and explanations: what the model adds up to is what it predicts.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
need python3 || skip 'needs python3'
row='{"a":0.25,"b":1.0,"c":"red"}'

start plain "$FIXTURES/stable.joblib"
ask /docs
has out '<input data-type="number" type="number" step="any" placeholder="missing" name="a">'
has out '<form data-path="/predict/stable">'
hasnt out '/explain'
ok 'the page holds no script and no style' test "$(grep -cE '<script>|<style|style=|onclick' out)" = 0
has head "Content-Security-Policy: default-src 'none'; script-src 'self'"
ask /docs/try.js
has head 'Content-Type: text/javascript'
ask /docs/style.css
has head 'Content-Type: text/css'
ask /openapi.json
ok 'it is JSON with the features' python3 -c '
import json, sys
d = json.load(open("out"))
assert d["openapi"] == "3.1.0" and "/predict" in d["paths"] and "/explain" not in d["paths"]
schemas = d["components"]["schemas"]
assert schemas["Row0"]["properties"]["c"] == {"type": ["string", "null"]}, schemas
assert schemas["Row0"]["required"] == ["a", "b", "c"] and schemas["Value0"]["enum"] == [False, True]
'
ask /explain -d "$row"
ok 'without --explain it is 400' test "$status" = 400
has out 'start mlp-serve with --explain'
stop 0

start explained "$FIXTURES/stable.joblib" --explain
ask /explain -d "[$row,[3,0.5,\"violet\"]]"
ok 'contributions and base add up to the probability' python3 -c '
import json, math
answers = json.load(open("out"))["explanations"]
for x, p in zip(answers, (0.3676487212410129, 0.9996627629721759)):
    margin = x["base"] + sum(x["contributions"].values())
    assert set(x["contributions"]) == {"a", "b", "c"}, x
    assert abs(1 / (1 + math.exp(-margin)) - p) < 1e-12, (x, p)
assert [x["prediction"] for x in answers] == [False, True]
'
ask /explain -d "$row"
has out '{"prediction":false,"base":'
ask /v1/models/stable:explain -d "{\"instances\":[$row]}"
has out '{"explanations":[{"prediction":false,"base":'
ask /explain -d '{"a":1}'
ok 'a missing feature is 400' test "$status" = 400
ask /predict -d "$row"
has out '{"prediction":false,"probabilities":'
ask /docs
has out '<button data-path="/explain/stable">Explain</button>'
stop 0

cat >deployment.yaml <<YAML
version: 1
routes:
  - name: colours
    targets:
      - {role: stable, path: "$FIXTURES/stable.joblib", weight: 100}
  - name: value
    targets:
      - {role: stable, path: "$FIXTURES/value.joblib", weight: 100}
YAML
start two --deployment deployment.yaml --explain
ask /openapi.json
ok 'each route has its own paths' python3 -c '
import json
d = json.load(open("out"))
assert "/predict" not in d["paths"] and "/predict/colours" in d["paths"], d["paths"]
assert "/explain/value" in d["paths"] and "/v2/models/value/infer" in d["paths"], d["paths"]
assert d["components"]["schemas"]["Value1"] == {"type": ["number", "null"]}
'
ask /explain/value -d '[{"a":2,"b":1}]'
ok 'a regression adds up' python3 -c '
import json
x = json.load(open("out"))["explanations"][0]
assert abs(x["base"] + sum(x["contributions"].values()) - x["prediction"]) < 1e-12, x
'
stop 0
finish
