#!/usr/bin/env bash
# shellcheck disable=SC2016
# mlp-validate check: rules judged by groups, outliers, what a column's counts come to, rules about
# two columns together, names of columns, and formats of what people write.
. "$(dirname "$0")/lib.sh"

printf 'x,store\n1,a\n2,a\n3,a\n4,b\n5,b\n3,b\n100,c\n1,B\n' >sales.csv
# holds RULE: the one rule holds, for the table sales.csv; fails RULE OBSERVED.
rules() { printf 'version: 1\ncolumns: {x: {type: float}}\nchecks:\n  - %s\n' "$1" >r.yaml; }
holds() { rules "$1"; expect 0 mlp-validate check -q -r r.yaml sales.csv; }
fails() { rules "$1"; expect 1 mlp-validate check -r r.yaml sales.csv; has err "$2"; }

# By groups: sums, order, tolerance, distinct values, rows; the groups that fail are slices.
fails '{name: m, column: x, by: store, mean: [1, 9]}' '100; expected 1 to 9 (store=c)'
holds '{name: m, column: x, by: store, mean: [1, 100]}'
has out '100,c'
fails '{column: x, by: store, order: increasing}' '1 of 3 do not (33.3 %); expected increasing (store=b)'
holds '{column: x, by: store, order: increasing, mostly: 0.6}'
fails '{column: x, by: [store], distinct: {min: 2}}' '1; expected >= 2 (store=B)'
fails '{column: x, by: store, median: {max: 3}}' '4; expected <= 3 (store=b)'
fails '{rows: {min: 2}, by: store}' '1; expected >= 2 (store=c)'
holds '{rows: [1, 3], by: store}'
holds '{rows: 3, by: store, when: "store in [\"a\", \"b\"]"}'
holds '{rows: 1, by: [store, x], when: "x == 3"}'
rules '{column: x, by: store, max: 4}'
expect 1 mlp-validate check -r r.yaml --rejects bad.ndjson -R json:r.json -R gx:gx.json sales.csv
has bad.ndjson '{"line":6,"row":5,"column":"x","rule":"max","value":"5"}'
has err 'line 6: "5"'
has r.json 'store=b'
ok 'two rows are rejected' test "$(wc -l <bad.ndjson)" = 2
rules '{column: x, by: shop, max: 4}'
expect 3 mlp-validate check -r r.yaml sales.csv
has err 'there is no column "shop", by which rules group'
rules '{column: x, by: store, unique: all}'
expect 3 mlp-validate check -r r.yaml sales.csv
has err 'r.yaml:4:'
seq 20000 | sed '1i id' >many.csv
printf 'version: 1\nchecks: [{rows: 1, by: id}]\n' >many.yaml
expect 3 mlp-validate check -r many.yaml many.csv
has err 'line 10002: more than 10000 groups of rules by "id"'
# The same for any number of threads.
awk 'BEGIN { print "x,store"; for (i = 0; i < 60000; i++) print i * 7 % 1000, i % 13 }' |
    tr ' ' , >wide.csv
rules '{column: x, by: store, mean: [499, 499.6], quantile: {0.9: [890, 900]}, distinct: 1}'
for j in 1 2; do
    expect 1 mlp-validate check -f json -j $j -r r.yaml -o /dev/null wide.csv
    mv err "threads.$j"
done
same threads.1 threads.2

# Of all rows.
fails '{column: x, entropy: 0}' '1.732867951; expected 0 to 0'
fails '{column: x, singles: 0}' '0.5; expected 0 to 0'
fails '{column: x, repeated: 0}' '0.3333333333; expected 0 to 0'
fails '{column: x, iqr: 0}' '2.5; expected 0 to 0'
fails '{column: x, variance: 0}' '1184.982143; expected 0 to 0'
fails '{column: x, mean_length: 0}' '1.25; expected 0 to 0'
fails '{column: x, positives: 0}' '1 (100 %); expected 0 to 0'
holds '{column: x, negatives: 0}'
fails '{column: store, balance: {min: 0.5}}' '0.3333333333; expected >= 0.5'
fails '{column: store, spellings: {max: 1}}' '2; expected <= 1'
holds '{column: store, null_spellings: 0}'
fails '{column: x, order: sequential}' 'expected sequential'
fails '{columns: [x], iqr: {max: 1.5}}' 'line 8: "100"'
holds '{columns: [x], iqr: {max: 40}}'
fails '{columns: [store], determine: x}' '4 of 8 do not'
fails '{columns: [x], determine: store}' '2 of 8 do not'
fails '{columns: [x, store], t_test: {groups: [a, b], p: {min: 0.9}}}' '0.07048399691; expected'
fails '{columns: [x], t_test: {mean: 3, p: {min: 0.9}}}' '0.3617113282'
fails '{columns: [x, store], mutual_information: {max: 0.1}}' '0.3767701613; expected <= 0.1'
holds '{header: match, names: ["^[a-z]+$"]}'
fails '{header: match, names: ["^[xy]$", "^z"]}' 'FAIL  header'
printf 'v\nna\nNA\nnull\n\nx\n' >nulls.csv
printf 'version: 1\ncolumns: {v: {null_spellings: {max: 1}}}\n' >nulls.yaml
expect 1 mlp-validate check -r nulls.yaml nulls.csv
has err '4; expected <= 1' # one is the empty text

# Formats: GOOD and BAD texts of each.
format() { # name, good, bad: texts with | between them
    printf 'version: 1\ncolumns: {v: {format: %s}}\n' "$1" >format.yaml
    printf 'v|%s|%s\n' "$2" "$3" | tr '|' '\n' | sed 's/.*/"&"/' >format.csv
    mlp-validate check -q -r format.yaml format.csv >good.csv
    printf 'v|%s\n' "$2" | tr '|' '\n' | sed 's/.*/"&"/' >want.csv
    same good.csv want.csv
}
format phone '+49 30 123456|(212) 555-0100|030/1234567' '12345|12a45678|+|1234567890123456'
format card '4111 1111 1111 1111|5500-0000-0000-0004|378282246310005' '4111111111111112|411|x'
format ssn '123-45-6789' '000-12-3456|123-00-4567|666-12-3456|900-11-1111|123456789'
format currency '$1,234.56|12 EUR|-EUR 1.234,50|0.99|1 234 567|7' '1,23,4|$|12.345.6|abc|1,2'
format whole 'abc|12' '2147483647|65535'
finish
