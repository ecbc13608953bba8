#!/usr/bin/env bash
# mlp-validate model: metrics, gates, champions, tasks, and input that cannot be judged.
. "$(dirname "$0")/lib.sh"

# 200 rows, a score that ranks well; the champion's is a little worse.
awk 'BEGIN { print "id,late,prediction,proba_0,proba_1" > "p.csv"
    print "id,late,prediction,proba_0,proba_1" > "old.csv"
    for (i = 0; i < 200; i++) {
        y = (i * 7 % 10) < 3; s = (i * 37 % 100) / 200 + y * 0.4; o = (i * 53 % 100) / 160 + y * 0.3
        printf "%d,%d,%d,%.3f,%.3f\n", i, y, (s >= 0.5), 1 - s, s > "p.csv"
        printf "%d,%d,%d,%.3f,%.3f\n", i, y, (o >= 0.5), 1 - o, o > "old.csv"
    } }'
cat >rules.yaml <<'END'
version: 1
model:
  metrics:
    roc_auc:  {min: 0.70, drop: 0.01}
    accuracy: {min: 0.60}
    brier:    {max: 0.30}
END
# number REPORT METRIC MEASURE
number() {
    python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["checks"]:
    if c["id"] == sys.argv[2]: print(c["measures"].get(sys.argv[3], "none"))' "$@"
}

# Measured, judged, reported.
expect 0 mlp-validate model -r rules.yaml --label late -R json:eval.json -R eval.xml p.csv
has out 'expected >= 0.70'
has out 'The model passes its 3 gates'
has out 'rows 200, positives 60'
has eval.json '"kind": "model"'
has eval.xml '<testsuite'
ok 'the value is the AUC' python3 -c "
import csv
r = [(float(x['proba_1']), x['late'] == '1') for x in csv.DictReader(open('p.csv'))]
p, n = [s for s, y in r if y], [s for s, y in r if not y]
auc = sum((a > b) + (a == b) / 2 for a in p for b in n) / len(p) / len(n)
assert abs(auc - $(number eval.json roc_auc value)) < 1e-12"
ok 'the interval holds the value' python3 -c "
assert $(number eval.json roc_auc lo) <= $(number eval.json roc_auc value) <= $(number eval.json roc_auc hi)"
ok 'min is a measure' test "$(number eval.json roc_auc min)" = 0.7
expect 0 mlp-validate model -q p.csv --label late
ok 'quiet is quiet' test ! -s out
expect 0 mlp-validate model --label late p.csv
has out 'no gates were given'
mlp-validate model --label late - <p.csv >stdin.out
ok 'stdin is a table too' grep -q '<stdin>: pass' stdin.out
expect 0 mlp-validate model --label late -f json p.csv
cp out a.json
expect 0 mlp-validate model --label late -f json p.csv
same out a.json
expect 0 mlp-validate model --label late --seed 2 -f json p.csv
ok 'another seed gives other intervals' test "$(number a.json brier lo)" != "$(number out brier lo)"
expect 0 mlp-validate model --label late --rounds 0 p.csv
hasnt out '['
expect 0 mlp-validate model --label late --threshold 2 p.csv
has out 'recall             0'

# Gates that fail: of the value, of the interval's end, of what is not defined.
printf 'model: {metrics: {roc_auc: {min: 0.999}, brier: {max: 0.30}}}\n' >high.yaml
expect 1 mlp-validate model -r high.yaml --label late p.csv
has out 'FAIL  roc_auc'
has out 'The model fails 1 of 2 gates'
auc=$(number eval.json roc_auc value)
printf 'model: {metrics: {roc_auc: {min: %s}}}\n' "$auc" >exact.yaml
expect 0 mlp-validate model -r exact.yaml --label late p.csv
printf 'model: {metrics: {roc_auc: {min: %s, bound: lower}}}\n' "$auc" >lower.yaml
expect 1 mlp-validate model -r lower.yaml --label late p.csv
has out 'lower end >= '
printf 'model: {metrics: {roc_auc: {min: 0.999, severity: warn}}}\n' >warn.yaml
expect 0 mlp-validate model -r warn.yaml --label late p.csv
has out ': warn: '
awk -F, 'NR == 1 || $2 == 0' p.csv >negatives.csv
expect 1 mlp-validate model -r rules.yaml --label late negatives.csv
has out 'not defined'

# Champions.
expect 0 mlp-validate model -r rules.yaml --label late --champion old.csv -R json:c.json p.csv
has out 'at most 0.01 worse than the champion'
has out 'better than the champion'
ok 'the difference is told' python3 -c "
d = $(number c.json roc_auc value) - $(number c.json roc_auc champion)
assert d > 0 and abs(d - $(number c.json roc_auc difference)) < 1e-12
assert 0 < $(number c.json roc_auc p_value) < 1 and 0 < $(number c.json brier p_value) <= 1"
expect 1 mlp-validate model -r rules.yaml --label late --champion p.csv old.csv
has out 'worse than the champion'
expect 0 mlp-validate model -r rules.yaml --label late --champion p.csv p.csv
has out 'as the champion'
{ head -n 1 old.csv; tail -n +2 old.csv | sort -R --random-source=p.csv; } >shuffled.csv
expect 3 mlp-validate model --label late --champion shuffled.csv p.csv
has err 'another label'
has err '--key'
expect 0 mlp-validate model --label late --champion shuffled.csv --key id -R json:k.json p.csv
ok 'rows matched by key give the same' test "$(number k.json roc_auc p_value)" = \
    "$(number c.json roc_auc p_value)"
head -n 100 old.csv >short.csv
expect 3 mlp-validate model --label late --champion short.csv p.csv
has err 'short.csv: 99 rows, but p.csv has 200'
sed 's/^7,/700,/' old.csv >nokey.csv
expect 3 mlp-validate model --label late --champion nokey.csv --key id p.csv
has err 'key "7" is missing in nokey.csv'
sed 's/^7,/8,/' old.csv >twice.csv
expect 3 mlp-validate model --label late --champion twice.csv --key id p.csv
has err 'a key that an earlier row has too'
expect 2 mlp-validate model --label late --key id p.csv

# Names and classes.
printf 'y,proba_ham,proba_spam,prediction\nham,.9,.1,ham\nspam,.2,.8,spam\nham,.4,.6,spam\n' >t.csv
expect 0 mlp-validate model --rounds 0 -f json t.csv
ok 'the greater class is the positive one' test "$(number out recall value)" = 1
expect 0 mlp-validate model --rounds 0 -f json --positive ham t.csv
ok 'unless told' test "$(number out recall value)" = 0.5
expect 3 mlp-validate model --positive eggs t.csv
has err 'no row is of the class "eggs"'
printf 'label,prediction,proba_True\nTrue,1,0.9\nFalse,0.0,0.2\nTRUE,true,0.4\n' >b.csv
expect 0 mlp-validate model --rounds 0 -f json b.csv
ok 'True is 1' test "$(number out accuracy value)" = 1
printf 'kind,prediction\na,a\nb,c\nc,c\n' >m.csv
expect 0 mlp-validate model --rounds 0 -f json m.csv
ok 'several classes' python3 -c "assert abs($(number out balanced_accuracy value) - 2 / 3) < 1e-12"
printf 'price,prediction\n1.5,1.0\n2.5,3.0\n4.0,4.0\n' >r.csv
expect 0 mlp-validate model --rounds 0 -f json r.csv
ok 'numbers are regression' python3 -c "assert abs($(number out mae value) - 1 / 3) < 1e-12"
printf 'label,prediction\n1,1\n2,2\n3,4\n' >i.csv
expect 0 mlp-validate model --rounds 0 -f json --task regression i.csv
ok 'as told' python3 -c "assert abs($(number out mae value) - 1 / 3) < 1e-12"
printf 'label,score,w\n1,.9,2\n0,.2,0\n0,.8,1\n' >w.csv
expect 0 mlp-validate model --rounds 0 -f json --weight w w.csv
ok 'weights count' python3 -c "assert abs($(number out accuracy value) - 2 / 3) < 1e-12"

# Rules that are wrong, with their place.
faulty() { # YAML WORDS
    printf '%b' "$1" >bad.yaml
    expect 3 mlp-validate model -r bad.yaml --label late p.csv
    has err "$2"
}
faulty 'version: 1\n' 'bad.yaml'
faulty 'model: {metrics: {}}\n' 'bad.yaml:1:'
faulty 'model:\n  metrics:\n    roc_auk: {min: 0.7}\n' 'bad.yaml:3:5: unknown key "roc_auk"'
faulty 'model:\n  metrics:\n    roc_auc: {mim: 0.7}\n' 'did you mean "min"'
faulty 'model:\n  metrics:\n    roc_auc: {min: high}\n' 'min takes a number'
faulty 'model:\n  metrics:\n    roc_auc: {}\n' 'a gate needs min, max or drop'
faulty 'model:\n  metrics:\n    roc_auc: 0.7\n' 'expected a map'
faulty 'model:\n  metrics:\n    roc_auc: {min: 0.7, bound: both}\n' 'value, lower or upper'
faulty 'model:\n  metrics:\n    mae: {max: 0.7}\n' 'bad.yaml:3:5: mae cannot be measured'
faulty 'model:\n  metric: {}\n' 'bad.yaml:2:3: unknown key "metric"'

# Tables that cannot be judged, with their place.
expect 5 mlp-validate model missing.csv
expect 3 mlp-validate model --label delay p.csv
has err 'no column "delay"; the columns are id, late, prediction'
expect 3 mlp-validate model p.csv
has err '--label'
printf 'label,x\n1,2\n' >none.csv
expect 3 mlp-validate model none.csv
has err '--score or --prediction'
printf 'label,score\n' >empty.csv
expect 3 mlp-validate model empty.csv
has err 'no rows'
: >nothing.csv
expect 3 mlp-validate model nothing.csv
printf 'label,score\n1,.9\n0,high\n' >text.csv
expect 3 mlp-validate model text.csv
has err 'text.csv:3: column "score": a score that is no number'
printf 'label,score\n1,.9\n,.1\n' >nolabel.csv
expect 3 mlp-validate model nolabel.csv
has err 'nolabel.csv:3: column "label": a row without a label'
printf 'label,score\n1,.9\n0\n' >ragged.csv
expect 3 mlp-validate model ragged.csv
has err 'ragged.csv:3: '
printf 'label,score,w\n1,.9,-1\n0,.2,1\n' >neg.csv
expect 3 mlp-validate model --weight w neg.csv
has err 'a weight must be a number >= 0'
printf 'label,prediction\na,a\na,a\n' >same.csv
expect 3 mlp-validate model same.csv
has err '--positive'
head -c 4096 /dev/urandom >junk.csv
expect 3 mlp-validate model --label late junk.csv
expect 2 mlp-validate model --level 2 --label late p.csv
expect 2 mlp-validate model --rounds x --label late p.csv
expect 2 mlp-validate model --champion - --label late - <p.csv
expect 5 mlp-validate model --label late -R json:/nowhere/x.json p.csv
finish
