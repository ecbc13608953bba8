#!/usr/bin/env bash
# Encodings and JSON arrays are read as the UTF-8 and the NDJSON that they say; what is neither is
# told with its place.
. "$(dirname "$0")/lib.sh"
need iconv || skip 'needs iconv'
printf 'columns: {n: {type: int}, name: {type: string, length: [1, 9]}}\n' >rules.yaml
printf 'n,name\n1,häuser\n2,"a,é"\n3,x\n' >plain.csv

for encoding in UTF-16 UTF-16LE UTF-16BE LATIN1 WINDOWS-1252; do
    iconv -f UTF-8 -t "$encoding" plain.csv >"$encoding.csv"
done
expect 0 mlp-validate check -r rules.yaml UTF-16.csv
same out plain.csv
expect 0 mlp-validate check -r rules.yaml --encoding utf-16 UTF-16LE.csv
same out plain.csv
{ printf '\376\377' && cat UTF-16BE.csv; } >big.csv
expect 0 mlp-validate check -r rules.yaml big.csv
same out plain.csv
expect 0 mlp-validate check -r rules.yaml --encoding latin-1 LATIN1.csv
same out plain.csv
expect 0 mlp-validate check -r rules.yaml --encoding windows-1252 - <WINDOWS-1252.csv
same out plain.csv
printf 'n,name\n1,\200\234\n' >euro.csv
expect 0 mlp-validate check -r rules.yaml --encoding windows-1252 euro.csv
has out '1,€œ'
gzip -c UTF-16.csv >zipped.csv.gz
expect 0 mlp-validate check -r rules.yaml zipped.csv.gz
same out plain.csv

# What is not UTF-8 is a bad row, not a good one.
expect 1 mlp-validate check -r rules.yaml --rejects rejects.ndjson LATIN1.csv
has rejects.ndjson 'not UTF-8'
has out '3,x'
hasnt out '2,'
head -c 51 UTF-16.csv >odd.csv
expect 3 mlp-validate check -r rules.yaml odd.csv
has err 'odd.csv'
has err 'half a character'

# A JSON array, on one line or laid out, is one object a line.
python3 - <<'PY'
import json
rows = [{"n": i, "name": ["häuser", "a]},{", 'q"\\', "x"][i % 4]} for i in range(5000)]
open("rows.ndjson", "w").write("".join(json.dumps(r) + "\n" for r in rows))
open("one.json", "w").write(json.dumps(rows))
open("laid.json", "w").write(json.dumps(rows, indent=2, ensure_ascii=False))
PY
expect 0 mlp-validate check -r rules.yaml one.json
same out rows.ndjson
expect 0 mlp-validate check -r rules.yaml laid.json
sed 's/ \+/ /g' out >squeezed
ok 'as many rows' test "$(wc -l <squeezed)" = 5000
has squeezed '"name": "häuser"'
iconv -f UTF-8 -t UTF-16 laid.json >wide.json
cp out narrow
expect 0 mlp-validate check -r rules.yaml wide.json
same out narrow
expect 0 mlp-validate check -r rules.yaml - <one.json
same out rows.ndjson
printf '[{"n": 1, "name": "x"},\n {"n": "y", "name": "x"}]\n' >two.json
expect 1 mlp-validate check -r rules.yaml --rejects rejects.ndjson two.json
has rejects.ndjson '"line":2'
for broken in '[{"n": 1, "name": "x"}' '[{"n": 1, "name": "x"}] [' '[, {"n": 1, "name": "x"}]'; do
    printf '%s' "$broken" >broken.json
    expect 3 mlp-validate check -r rules.yaml broken.json
    has err 'broken.json'
done
finish
