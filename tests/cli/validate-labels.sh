#!/usr/bin/env bash
# mlp-validate model --labels: predictions and labels that came later, joined by id; and how much
# memory the rows may take.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"

# A log as mlp-serve writes it: the same metrics as those of the joined table.
awk 'BEGIN {
    srand(7)
    for (i = 0; i < 400; i++) {
        p = rand()
        y = (rand() < p) ? "true" : "false"
        d = (p < 0.5) ? "false" : "true"
        s = (i % 3) ? "m" : "f"
        printf "{\"id\":\"r%d\",\"time\":\"2026-01-01T00:00:00Z\",", i >"log.ndjson"
        printf "\"features\":{\"a\":%d,\"sex\":\"%s\",\"prediction\":9},", i, s >"log.ndjson"
        printf "\"output\":{\"prediction\":%s,\"probabilities\":", d >"log.ndjson"
        printf "{\"False\":%.6f,\"True\":%.6f}}}\n", 1 - p, p >"log.ndjson"
        if (i % 10) printf "r%d,%s\n", i, y >"bare.csv"
        if (i % 10) printf "%s,%s,%.6f,%s\n", y, d, p, s >"rows.csv"
        printf "r%d,%s,%.6f\n", i, d, p >"keyed.csv"
    }
}'
(echo id,label; cat bare.csv; echo nobody,true; grep '^r1,' bare.csv) >labels.csv
(echo label,prediction,proba_True,sex; cat rows.csv) >joined.csv
expect 0 mlp-validate model --slice sex --labels labels.csv --key id log.ndjson
sed -n '/^-/p' out >ours
has out 'matched 360, rows_without_label 40, labels_without_row 1, labels_replaced 1'
has out 'log.ndjson: pass'
expect 0 mlp-validate model --slice sex joined.csv
sed -n '/^-/p' out >theirs
same ours theirs
ok 'both measured' test -s ours
expect 0 mlp-validate model --labels labels.csv log.ndjson
# Labels as POST /feedback writes them, from a pipe; other names.
sed 1d labels.csv | sed 's/^\(.*\),\(.*\)$/{"id":"\1","label":\2}/' >labels.ndjson
expect 0 mlp-validate model --slice sex --labels - --input ndjson --key id log.ndjson <labels.ndjson
sed -n '/^-/p' out >ours
same ours theirs
sed '1s/.*/key,truth/' labels.csv >other.csv
(echo key,prediction,proba_True; cat keyed.csv) >plain.csv
expect 0 mlp-validate model --labels other.csv --label truth --key key plain.csv
has out 'matched 360'
# What is wrong is told.
expect 3 mlp-validate model --labels labels.csv --key nr log.ndjson
has err 'no column of ids: say --key'
printf 'id,label\nx,1\n' >strange.csv
expect 3 mlp-validate model --labels strange.csv log.ndjson
has err 'no row has an id that has a label'
expect 2 mlp-validate model --labels - - </dev/null
expect 2 mlp-validate model --key id joined.csv
has err '--key is for --champion and --labels'

# A server's own log and labels.
row='{"a":0.25,"b":1.0,"c":"red"}'
start live "$FIXTURES/stable.joblib" --log served.ndjson --feedback feedback.ndjson
for id in 1 2 3 4 5 6; do
    ask /predict -d "$row" -H "X-Request-Id: n$id"
    ask /feedback -d "{\"id\":\"n$id\",\"label\":$((id > 2 ? 0 : 1))}"
done
stop 0
expect 0 mlp-validate model --labels feedback.ndjson --positive 1 --rounds 0 served.ndjson
has out 'matched 6, rows_without_label 0, labels_without_row 0'
has out 'accuracy           0.6667'

# Rows are held in memory, up to a limit that is told.
awk 'BEGIN { print "label,proba_1"; for (i = 0; i < 200000; i++) print i % 2 "," i % 7 / 7 }' >many.csv
expect 0 mlp-validate model --rounds 0 -m 64M many.csv
expect 3 mlp-validate model --rounds 0 -m 16M many.csv
has err 'rows take more than the 16 MB of --memory'
has err 'each row takes about'
finish
