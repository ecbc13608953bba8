#!/usr/bin/env bash
# mlp-validate leakage: what a test must not share with training; invariance: what must not change.
. "$(dirname "$0")/lib.sh"

# A sound split: 600 rows for training, 200 later ones.
awk 'BEGIN { srand(7); print "id,when,x,city,late" > "train.csv"; print "id,when,x,city,late" > "test.csv"
    for (i = 0; i < 800; i++) {
        y = rand() < 0.3; x = rand() + 0.3 * y; c = substr("ABC", int(rand() * 3) + 1, 1)
        printf "r%d,2013-01-%02dT%02d:%02d:00Z,%.4f,%s,%d\n", i, i / 48 + 1, i / 2 % 24, i % 2 * 30,
            x, c, y > (i < 600 ? "train.csv" : "test.csv")
    } }'
outcome() { # REPORT CHECK
    python3 -c 'import json, sys
print(*[c["outcome"] for c in json.load(open(sys.argv[1]))["checks"] if c["id"] == sys.argv[2]])' "$@"
}
all=(--label late --key id --time when)
expect 0 mlp-validate leakage "${all[@]}" -R json:r.json -R r.xml -R r.sarif -R r.html train.csv test.csv
has out 'test.csv: pass'
ok 'what was looked at' test "$(outcome r.json test.csv/overlap)" = pass
has r.xml '<testsuite'
expect 0 mlp-validate leakage -q train.csv
ok 'quiet is quiet' test ! -s out

# Rows of training in the test: features alone count, with the label's change told.
{ cat test.csv; sed -n '10,12p' train.csv | sed 's/^r/s/'; } >overlap.csv
expect 1 mlp-validate leakage --label late --key id train.csv overlap.csv
has out 'overlap.csv/overlap'
has out '3 of 203 rows are in an earlier file too'
has out '"line 10 of train.csv"'
expect 0 mlp-validate leakage --label late --key id --max-overlap 0.02 train.csv overlap.csv
expect 0 mlp-validate leakage --label late --key id --skip overlap train.csv overlap.csv
{ cat test.csv; sed -n '10p' train.csv | sed 's/^r/s/; s/0$/9/; s/1$/9/'; } >label.csv
expect 1 mlp-validate leakage --label late --key id --skip new-values train.csv label.csv
has out 'with another label'
# The order of columns does not matter.
awk -F, -v OFS=, '{ print $4, $3, $2, $1, $5 }' overlap.csv >turned.csv
expect 1 mlp-validate leakage --label late --key id train.csv turned.csv
has out '3 of 203 rows are in an earlier file too'
# Three files: each against all before.
sed -n '1p;20,30p' test.csv >third.csv
expect 1 mlp-validate leakage --label late train.csv test.csv third.csv
has out '"line 20 of test.csv"'

# Keys, times, repeated rows, values, columns.
{ cat test.csv; printf 'r5,2013-02-01T00:00:00Z,0.5,A,1\n'; } >key.csv
expect 1 mlp-validate leakage "${all[@]}" train.csv key.csv
has out '1 of 201 rows have a key of an earlier file'
{ cat test.csv; printf 'n1,2013-01-02T00:00:00Z,0.5,A,1\n'; } >early.csv
expect 1 mlp-validate leakage "${all[@]}" train.csv early.csv
has out '1 of 201 rows are not after all earlier files'
{ cat test.csv; sed -n '5p' test.csv | sed 's/^r/n/'; } >twice.csv
expect 0 mlp-validate leakage --label late --key id train.csv twice.csv
has out 'warn  twice.csv/duplicates'
expect 1 mlp-validate leakage --label late --key id --fail-on warn train.csv twice.csv
{ cat test.csv; printf 'n1,2013-02-02T00:00:00Z,0.5,Z,1\n'; } >city.csv
expect 0 mlp-validate leakage "${all[@]}" train.csv city.csv
has out 'warn  city/city.csv/new-values'
has out '"Z"'
{ cat test.csv; printf 'n1,2013-02-02T00:00:00Z,0.5,A,2\n'; } >class.csv
expect 1 mlp-validate leakage "${all[@]}" train.csv class.csv
has out 'FAIL  late/class.csv/new-values'
cut -d, -f1-3,5 test.csv >narrow.csv
expect 1 mlp-validate leakage "${all[@]}" train.csv narrow.csv
has out 'lacks city'
expect 0 mlp-validate leakage --label late --time when train.csv test.csv
has out 'id looks like an identifier'

# Columns that tell the label: for two classes, several, numbers.
awk -F, -v OFS=, '{ print $0, NR == 1 ? "delay" : $5 * 40 + NR % 7 }' train.csv >told.csv
expect 1 mlp-validate leakage --label late --key id told.csv
has out 'FAIL  delay/label'
expect 0 mlp-validate leakage --label late --key id --max-score 1 told.csv
expect 0 mlp-validate leakage --label late --key id --skip label told.csv
expect 1 mlp-validate leakage --label city --key id <(awk -F, -v OFS=, '{ print $0, NR == 1 ? "code" : $4 "-" NR % 5 }' train.csv)
has out 'code/label'
expect 1 mlp-validate leakage --label x --key id <(awk -F, -v OFS=, '{ print $0, NR == 1 ? "copy" : 2 - $3 * 3 }' train.csv)
has out 'copy/label'

# What cannot be judged.
expect 3 mlp-validate leakage --label delay train.csv
has err 'train.csv:1: no column "delay"'
expect 3 mlp-validate leakage --time city train.csv
has err 'is no time'
expect 5 mlp-validate leakage train.csv missing.csv
head -n 1 train.csv >none.csv
expect 3 mlp-validate leakage train.csv none.csv
has err 'nothing was checked'
expect 3 mlp-validate leakage -m 10K train.csv
has err '--memory SIZE'
printf 'a,b\n1,2\n1\n' >ragged.csv
expect 3 mlp-validate leakage ragged.csv
has err 'ragged.csv:3: '
expect 2 mlp-validate leakage
expect 2 mlp-validate leakage --skip all train.csv

# Invariance.
printf 'id,prediction,proba_1\na,1,0.75\nb,0,0.25\nc,no,0.5\n' >p.csv
printf 'id,prediction,proba_1\nc,no,0.5\na,1.0,0.7500001\nb,0,0.25\n' >q.csv
expect 0 mlp-validate invariance p.csv p.csv
expect 0 mlp-validate invariance --key id --eps 1e-6 p.csv q.csv
expect 0 mlp-validate invariance --key id --eps 0 --relative 1e-6 p.csv q.csv
expect 1 mlp-validate invariance --key id -R json:i.json p.csv q.csv
has out 'FAIL  proba_1/invariance'
has out '"0.75 became 0.7500001"'
ok 'its line is that of the second file' python3 -c "
import json
c = json.load(open('i.json'))['checks'][1]
assert c['examples'][0]['line'] == 3 and abs(c['measures']['max_difference'] - 1e-7) < 1e-15"
expect 0 mlp-validate invariance --key id --max-changed 0.34 p.csv q.csv
expect 1 mlp-validate invariance p.csv q.csv
expect 0 mlp-validate invariance --column id p.csv p.csv
head -n 3 p.csv >short.csv
expect 3 mlp-validate invariance p.csv short.csv
has err 'short.csv: 2 rows, but p.csv has 3'
expect 3 mlp-validate invariance short.csv p.csv
has err 'p.csv:4: a row more than the first file has'
expect 3 mlp-validate invariance --key id p.csv <(sed 's/^b/x/' p.csv)
has err 'a key that the first file has not'
expect 3 mlp-validate invariance --column score p.csv q.csv
has err 'no column "score"'
expect 3 mlp-validate invariance train.csv test.csv
has err 'say --column'
expect 2 mlp-validate invariance - - <p.csv
finish
