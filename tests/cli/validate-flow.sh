#!/usr/bin/env bash
# Much data and large rows: memory stays flat, a field without an end meets its limit.
. "$(dirname "$0")/lib.sh"
need /usr/bin/time || skip 'GNU time measures the memory'

# peak COMMAND...: kilobytes at most, in ./kb; its output is thrown away.
peak() { /usr/bin/time -f %M -o kb "$@" >/dev/null 2>err; }
awk 'BEGIN { srand(1)
    for (i = 0; i < 20000; i++)
        printf "%d,%.3f,%s,2026-01-%02d,\"text, %d\",u%d@example.org\n", i, rand() * 100,
            i % 3 ? "free" : "pro", 1 + i % 28, i, i }' >block
cat >rules.yaml <<'END'
version: 1
columns:
  id:   {type: int, min: 0, quantile: {0.5: [0, 50000]}}
  x:    {type: float, max: 100, mean: [40, 60], distinct: {min: 1}}
  plan: {type: string, in: [free, pro], entropy: {min: 0}}
  day:  {type: date}
  note: {length: [1, 30]}
  mail: {match: '^[^@ ]+@[^@ ]+$'}
END
flow() { # bytes
    echo id,x,plan,day,note,mail
    for ((sent = 0; sent < $1; sent += $(stat -c %s block))); do cat block; done
}
flow 100000000 | peak mlp-validate check -q -r rules.yaml -
small=$(tail -n 1 kb)
flow 200000000 | peak mlp-validate check -q -r rules.yaml -
large=$(tail -n 1 kb)
if ! sanitized; then
    ok "200 MB take $large KB, 100 MB $small KB" test "$large" -lt 65536
    ok 'twice the data, no more memory' test "$large" -lt "$((small + 4096))"
fi

# Rows of 10,000 columns.
awk 'BEGIN { for (r = 0; r < 200; r++)
    for (c = 0; c < 10000; c++) printf "%s%s", r ? r * c % 97 : "c" c, c < 9999 ? "," : "\n" }' >wide.csv
printf 'version: 1\ncolumns:\n  c0: {type: int, max: 0}\n  c9999: {type: int, max: 90}\n' >wide.yaml
expect 1 mlp-validate check -r wide.yaml --rejects bad.ndjson -o good.csv wide.csv
ok 'the last column is checked' grep -q '"column":"c9999","rule":"max"' bad.ndjson
ok 'good rows are whole' test "$(awk -F, 'NF != 10000' good.csv | wc -l)" = 0
ok 'each row is good or bad' test "$(($(wc -l <good.csv) + $(wc -l <bad.ndjson)))" = 200
awk 'BEGIN { for (c = 0; c < 70000; c++) printf "c%d,", c; print "z"; print 1 }' >wider.csv
expect 3 mlp-validate check -r wide.yaml wider.csv
has err 'columns'

# A quoted field of 50 MB, without an end and with one: the limit of a row, told with its line.
field() { printf 'a,b\n1,2\n3,"'; head -c 50000000 /dev/zero | tr '\0' x; printf '%s' "$1"; }
printf 'version: 1\ncolumns: {a: {type: int}}\n' >field.yaml
field '' | peak mlp-validate check -r field.yaml -o /dev/null - && status=0 || status=$?
ok 'it is bad input' test "$status" = 3
has err '<stdin>:3'
has err 'over 16 MiB'
if ! sanitized; then ok "it takes $(tail -n 1 kb) KB" test "$(tail -n 1 kb)" -lt 131072; fi
field '"
4,5
' | peak mlp-validate check -r field.yaml -o /dev/null - && status=0 || status=$?
ok 'so is one that ends' test "$status" = 3
finish
