#!/usr/bin/env bash
# The prediction log of a server as rows; and references that are packages or registered models.
. "$(dirname "$0")/lib.sh"

# log SEED N MEAN: features, and an output with a score and classes.
log() {
    awk -v s="$1" -v n="$2" -v mean="$3" 'function u() { s = (s * 1103515245 + 12345) % 2147483648
            return int(s / 256) / 8388608 }
        BEGIN { for (i = 0; i < 20; i++) u()
            for (i = 0; i < n; i++) {
                z = -6; for (k = 0; k < 12; k++) z += u()
                printf "{\"id\":\"%d\",\"time\":\"2013-02-01T00:00:00Z\",\"model\":\"m\"", i
                printf ",\"features\":{\"amount\":%.5f,\"city\":\"K\\u00f6ln %d\"}", z + mean, u() * 4
                printf ",\"output\":{\"prediction\":%d,\"proba\":{\"0\":%.3f}},\"latency_ms\":0.1}\n",
                       u() < .3, u() } }'
}
log 1 4000 0 >week1.ndjson
log 2 4000 0 >week2.ndjson
log 3 4000 0.5 >week3.ndjson

# A log against a log: features and outputs are columns of their own.
expect 0 mlp-drift profile -o week1.json week1.ndjson
has week1.json '"name":"amount"'
has week1.json '"name":"output.prediction"'
has week1.json '"name":"output.proba.0"'
has week1.json 'Köln 2'
hasnt week1.json latency
expect 0 mlp-drift -r week1.json week2.ndjson
has out 'in 4 columns'
expect 1 mlp-drift -r week1.ndjson week3.ndjson
has out 'FAIL  amount/values'

# A log against what the model was trained on: the label is not sent, and that is said.
(echo 'amount,city,late'
    sed -E 's/.*"amount":([^,]*),"city":"([^"]*)".*"prediction":([01]).*/\1,\2,\3/; s/\\u00f6/ö/' \
        week1.ndjson) >train.csv
expect 0 mlp-drift profile -o train.json train.csv
expect 0 mlp-drift -r train.json week2.ndjson
has out 'warn  late/lost'
hasnt out 'output.'
expect 0 mlp-drift -r train.json --ignore late week2.ndjson
hasnt out 'warn  '
expect 1 mlp-drift -r train.json --ignore late week3.ndjson
# A feature that appears late in the log is told; a line without features is left out and told.
(cat week2.ndjson; tail -n 1 week2.ndjson | sed 's/"features":{/&"fresh":1,/') >late.ndjson
expect 0 mlp-drift -r train.json -i late late.ndjson
has out 'warn  fresh/new'
(cat week2.ndjson; tail -n 1 week2.ndjson | sed 's/"features":{[^}]*}/"features":7/') >odd.ndjson
expect 0 mlp-drift -r train.json -i late odd.ndjson
has out '1 of 4001 rows were left out'

# The profile travels in the package, and the package in a registry.
if [ -d "$ROOT/cmd/mlp-package" ] && need mlp-package; then
    echo '{"learner":{}}' >model.json
    expect 0 mlp-package create m model.json --profile train.json --no-load -o m.mlp
    if [ -s m.mlp ]; then
        expect 1 mlp-drift -r m.mlp -i late week3.ndjson
        has out 'FAIL  amount/values'
        expect 1 mlp-drift -r m.mlp -i late -f json week3.ndjson
        has out '"sha256:'
        expect 0 mlp-register init --registry reg
        expect 0 mlp-register add --registry reg m.mlp
        expect 0 mlp-register alias --registry reg m@1 production
        expect 1 mlp-drift --registry reg -r m@production -i late week3.ndjson
        has out 'drifted from m@production'
        expect 0 mlp-drift profile --registry reg -r m@1 week2.ndjson
        expect 5 mlp-drift --registry reg -r m@staging week3.ndjson
        expect 0 mlp-package create m model.json --no-load -o bare.mlp
        expect 5 mlp-drift -r bare.mlp week3.ndjson
        has err 'holds no profile'
    fi
fi
finish
