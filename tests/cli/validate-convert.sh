#!/usr/bin/env bash
# Native rules written as JSON Schema, Table Schema and pandera: read back they reject the same rows;
# what cannot be said is named with its place.
. "$(dirname "$0")/lib.sh"

cat >rules.yaml <<'END'
version: 1
description: orders
input: {columns: exact}
columns:
  id: {type: int, required: true, unique: later}
  age: {type: int, min: 0, below: 120}
  score: {type: float, required: true, between: {above: 0, max: 1}}
  plan: {type: string, in: [free, pro, "1"]}
  code: {type: string, match: '^[a-z]\d', length: {min: 2, max: 4}}
  paid: {type: bool}
checks:
  - {column: age, name: no teens, not_in: [13, 14]}
END
cat >data.csv <<'END'
id,age,score,plan,code,paid
1,30,0.5,free,a1,true
2,,1,pro,b2xy,false
3,-1,0.5,free,a1,true
4,120,0.5,free,a1,true
5,119,0,free,a1,true
6,1,1.5,free,a1,true
7,1,,free,a1,true
8,1,0.5,team,a1,true
9,1,0.5,1,a1,true
10,1,0.5,pro,1a,true
11,1,0.5,pro,a1bcd,true
12,1.5,0.5,pro,a1,true
13,1,0.5,,,
14,1,0.5,pro,a1,maybe
15,13,0.5,pro,a1,true
x,1,0.5,pro,a1,true
END
expect 1 mlp-validate check -r rules.yaml data.csv
mv out want

# round_trip FORMAT FILE: which rows of the data pass the rules that were written and read back.
round_trip() {
    expect 0 mlp-validate convert --to "$1" rules.yaml -o "$2"
    mv err "$1.notes"
    expect 0 mlp-validate lint "$2"
    expect 1 mlp-validate check -r "$2" data.csv
    mv out "$1.good"
    expect 0 mlp-validate convert --to "$1" rules.yaml
    same out "$2"
    expect 0 mlp-validate convert --to native "$2" -o again.yaml
    expect 1 mlp-validate check -r again.yaml data.csv
    same out "$1.good"
}
round_trip json-schema rules.json
same json-schema.good want
has json-schema.notes 'rules.yaml:5:35: note: left out: JSON Schema cannot say id/unique'
ok 'nothing else is left out' test "$(grep -c 'left out' json-schema.notes)" = 1

round_trip pandera schema.yaml
same pandera.good want
ok 'nothing is left out' test ! -s pandera.notes

# Table Schema has no not_in.
round_trip table-schema schema.json
has table-schema.notes 'rules.yaml:12:35: note: left out: Table Schema cannot say age/not_in'
ok 'nothing else is left out' test "$(grep -c 'left out' table-schema.notes)" = 1
grep -v '^15,' table-schema.good >got
same got want

# A copy is found by those that have a word for it.
printf 'id,age,score,plan,code,paid\n1,1,1,pro,a1,1\n1,2,1,pro,a1,1\n' >twice.csv
for file in rules.yaml schema.json schema.yaml; do
    expect 1 mlp-validate check -r "$file" twice.csv
    ok 'the first copy stays' test "$(wc -l <out)" = 2
done

# What none of them can say.
cat >more.yaml <<'END'
version: 1
columns:
  a: {type: float, mean: [0, 1], mostly: 0.9}
  b: {type: string, format: email, severity: warn}
  c: {type: float, stdev: [0, 1], min: 0}
  d: {type: date, min: 2020-01-01}
keys: [[a, b]]
rows: {min: 10}
rejects: {max: 0.1}
checks:
  - {name: order, expect: 'a <= c'}
  - {column: c, name: some, when: 'a > 1', min: 1}
  - {columns: [a, c], compare: '<'}
END
for format in json-schema table-schema pandera; do
    expect 0 mlp-validate convert --to "$format" more.yaml -o more.out
    for words in more.yaml:3:34: more.yaml:4:36: c/stdev 'check order' 'check some, because of when' \
        more.yaml:13: more.yaml:8: rejects; do
        has err "$words"
    done
done
expect 0 mlp-validate convert --to pandera more.yaml
has err 'd/min'
expect 2 mlp-validate convert --to mlflow rules.yaml
has err 'json-schema'
expect 2 mlp-validate convert --to tfdv rules.yaml
finish
