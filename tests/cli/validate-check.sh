#!/usr/bin/env bash
# mlp-validate check and its kin: what flows on, what is told, every form of the report.
. "$(dirname "$0")/lib.sh"

cat >rules.yaml <<'END'
version: 1
columns:
  id:   {type: int, required: true, unique: later}
  age:  {type: int, min: 0, max: 120}
  plan: {type: string, in: [free, basic, pro], severity: warn}
END
cat >raw.csv <<'END'
id,age,plan,note
1,30,free,"two
lines, a ""quote"""
2,-1,pro,
3,,gold,x
2,121,free,
5,40,basic
6,50,pro,end
END

# Good rows leave as they came, bad ones are told with line, rule and value.
expect 1 mlp-validate check -r rules.yaml --rejects bad.ndjson raw.csv
printf 'id,age,plan,note\n1,30,free,"two\nlines, a ""quote"""\n3,,gold,x\n6,50,pro,end\n' >good.csv
same out good.csv
cat >expected.ndjson <<'END'
{"line":4,"row":2,"column":"age","rule":"min","value":"-1"}
{"line":6,"row":4,"column":"age","rule":"max","value":"121"}
{"line":6,"row":4,"column":"id","rule":"unique","value":"2"}
{"line":7,"row":5,"column":"","rule":"row","value":"3 fields, expected 4"}
END
same bad.ndjson expected.ndjson
has err 'FAIL  age/min'
has err 'warn  plan/in'
has err 'raw.csv: fail: '
has err 'rows 6, rejected 3, rejected_share 0.5'
cp bad.ndjson bad.before
expect 1 mlp-validate -q -r rules.yaml --rejects bad.ndjson -o flows.csv <raw.csv
same flows.csv good.csv
same bad.ndjson bad.before
ok 'a quiet run says nothing' test ! -s err
expect 0 mlp-validate -r rules.yaml good.csv
same out good.csv
expect 1 mlp-validate -r rules.yaml --fail-on warn good.csv

# Whatever the line ends, the compression and the shape.
printf 'id,age,plan\r\n1,2,pro\r\n2,3,free\n3,4,free' >ends.csv
expect 0 mlp-validate -r rules.yaml ends.csv
printf '\r\n' | cat ends.csv - >ends.want
same out ends.want
for z in 'gzip -c' 'zstd -qc'; do
    need "${z%% *}" || continue
    $z <raw.csv >packed
    expect 1 mlp-validate -q -r rules.yaml packed
    same out good.csv
done
(gzip -c good.csv; tail -n 1 good.csv | sed s/6/7/ | gzip -c) >members.gz
expect 0 mlp-validate -q -r rules.yaml members.gz
has out '7,50,pro,end'
tr ',' '\t' <good.csv | grep -v lines >good.tsv
printf 'id\tage\tplan\n1\t2\tpro\n' >good.tsv
expect 0 mlp-validate -q -r rules.yaml good.tsv
same out good.tsv
cat >rows.ndjson <<'END'
{"id": 1, "age": 3, "plan": "pro"}
{"id": 2, "plan": "fr\u0065e"}
{"id": 3, "age": 130, "plan": null}
END
expect 1 mlp-validate -q -r rules.yaml rows.ndjson
head -n 2 rows.ndjson >want
same out want

# Every form of the report, all of them well formed.
expect 1 mlp-validate -q -r rules.yaml raw.csv -R json:r.json -R r.xml -R sarif:r.sarif -R r.html \
    -R r.prom -R github:r.github -R r.txt
has r.xml 'failures="4"'
has r.html '<!doctype html>'
has r.prom 'mlp_report_outcome{kind="data"} 2'
has r.github '::error file=raw.csv,line=4,title=age/min::'
has r.txt 'raw.csv: fail'
if need python3; then
    expect 0 python3 -c 'import json, xml.dom.minidom as x
x.parse("r.xml"); s = json.load(open("r.sarif")); r = json.load(open("r.json"))
assert s["version"] == "2.1.0" and len(s["runs"][0]["results"]) == 5
assert r["format"] == "mlp-report/1" and r["outcome"] == "fail" and r["summary"]["rows"] == 6'
fi
expect 2 mlp-validate -r rules.yaml -f pdf raw.csv
has err 'sarif'

# Stopping early, and saying what would be done.
expect 1 mlp-validate -q -r rules.yaml --fail-fast raw.csv
expect 1 mlp-validate -q -r rules.yaml --max-rejects 2 raw.csv
expect 0 mlp-validate -r rules.yaml --dry-run
has out 'age/min: >= 0 (row rule; one pass)'
has out 'on disk beyond --memory'
expect 0 mlp-validate lint rules.yaml
sed 's/required/requird/' rules.yaml >typo.yaml
expect 3 mlp-validate lint typo.yaml
has err 'typo.yaml:3:'
has err 'did you mean "required"?'
expect 3 mlp-validate -r typo.yaml raw.csv
ok 'no row flows under rules that are wrong' test ! -s out

# What infer says of data, the data holds to; a profile is the same by two ways.
(echo id,x,day,kind; seq 2000 | awk '{printf "%d,%.3f,2013-01-%02d,%s\n", $1, $1 / 7, $1 % 28 + 1, $1 % 3 ? "a" : "b"}') >seen.csv
expect 0 mlp-validate infer seen.csv
cp out inferred.yaml
has inferred.yaml 'type: date'
has inferred.yaml 'type: float'
expect 0 mlp-validate -q -r inferred.yaml seen.csv
same out seen.csv
sed 's/2013-01-05/2013-02-30/; s/,b$/,c/' seen.csv >other.csv
expect 1 mlp-validate -r inferred.yaml other.csv
has err 'FAIL  day/type'
has err 'FAIL  kind/in'
expect 0 mlp-validate -q -r inferred.yaml --profile by-check.json seen.csv
expect 0 mlp-validate profile seen.csv
same out by-check.json

# Blocks and pipes change nothing: rows that lie across every boundary.
awk 'BEGIN { print "id,age,plan"; for (i = 0; i < 60000; i++) printf "%d,%d,\"%s\"\n", i, i % 125, i % 7 ? "pro" : "free\n" }' >long.csv
expect 1 mlp-validate -q -r rules.yaml --rejects one.ndjson long.csv
cp out one
{ head -c 70001 long.csv; sleep 0.1; tail -c +70002 long.csv; } | mlp-validate -q -r rules.yaml --rejects two.ndjson >two
same one two
same one.ndjson two.ndjson
# i % 125 is over 120 for 4 of 125 rows.
ok 'rejects' test "$(wc -l <one.ndjson)" = 1920
finish
