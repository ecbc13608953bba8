#!/usr/bin/env bash
# What grows with the data stays within --memory, on disk or as a sample, and finds the same.
. "$(dirname "$0")/lib.sh"

awk 'BEGIN { print "id,pair,v"
             for (i = 0; i < 60000; i++) print (i % 5 ? i : int(i / 3)) "," i % 40000 "," i % 977 }' >in.csv
cat >rules.yaml <<'END'
version: 1
columns:
  id: {type: int, unique: later}
  pair: {distinct: {max: 40000}}
  v: {type: float, median: [480, 495]}
keys: [[id, pair]]
checks:
  - {columns: [pair, v], unique: all, severity: warn}
END
for memory in 1 300K 1G; do
    expect 1 mlp-validate check -r rules.yaml -m "$memory" --rejects "rejects.$memory" \
        -o "good.$memory" -R "json:report.$memory" in.csv
    same "rejects.$memory" rejects.1
    same "good.$memory" good.1
    has "report.$memory" '"failed":'
done
ok 'thousands are there twice' test "$(wc -l <rejects.1)" -ge 8000
has report.1 'approximate: within'
hasnt report.1G 'approximate'
expect 0 mlp-validate check -n -r rules.yaml
has out 'one pass, exact, on disk beyond --memory'

mkdir full && chmod 500 full
if [ "$(id -u)" != 0 ]; then
    expect 4 env TMPDIR="$PWD/full" mlp-validate check -q -r rules.yaml -m 1 in.csv
fi
expect 5 env TMPDIR="$PWD/nowhere" mlp-validate check -q -r rules.yaml -m 1 in.csv
has err 'nowhere'
finish
