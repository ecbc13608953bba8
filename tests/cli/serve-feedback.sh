#!/usr/bin/env bash
# POST /feedback: labels that come later stand beside the prediction log, under its ids.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'

start logged "$FIXTURES/stable.joblib" --log log.ndjson --feedback labels.ndjson
for id in one two three; do ask /predict -d "$row" -H "X-Request-Id: $id"; done
ask /feedback -d '{"id":"one","label":true}'
ok 'one label' test "$status" = 200
has out '{"accepted":1}'
ask /feedback -d '[{"id":"two","label":"it \"was\""},{"id":"three","label":0.5}]'
has out '{"accepted":2}'
printf '{"id":"four","label":1}\n\n{"id":"five","label":-2}\n' >lines
ask /feedback --data-binary @lines -H 'Content-Type: application/x-ndjson'
has out '{"accepted":2}'
for wrong in '{"id":"x"}' '{"id":1,"label":1}' '{"id":"","label":1}' '{"id":"x","label":null}' \
    '{"id":"x","label":[1]}' '[{"id":"x","label":1},{"id":"y"}]' '{"id":"x","label":1,"more":2}' '[' '7'; do
    ask /feedback -d "$wrong"
    ok "no label: $wrong" test "$status" = 400
done
ask /feedback
ok 'it is asked by POST' test "$status" = 405
stop 0
ok 'all of a request or none' test "$(grep -c '"label"' labels.ndjson)" = 5
ok 'they join by id' python3 - log.ndjson labels.ndjson <<'END'
import json
import sys

said, labels = ({line["id"]: line for line in map(json.loads, open(name))}
                for name in sys.argv[1:])
labels = {i: line["label"] for i, line in labels.items()}
assert [labels[i] for i in ("one", "two", "three")] == [True, 'it "was"', 0.5], labels
assert set(said) == {"one", "two", "three"}, said
END
start unlogged "$FIXTURES/stable.joblib"
ask /feedback -d '{"id":"one","label":true}'
ok 'without a file there is nowhere to put them' test "$status" = 404
has out '--feedback'
stop 0
finish
