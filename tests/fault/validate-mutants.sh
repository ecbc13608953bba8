#!/usr/bin/env bash
# shellcheck disable=SC2016
# Damaged rules of every format, tables and expressions: an error that names the file, no signal, no
# hang, no hunger for memory.
. "$(dirname "$0")/../cli/lib.sh"
[ -x "$(command -v mutants)" ] || skip 'tests/fault/mutants is not built (make test-programs)'
count=300
if sanitized; then count=60; fi

# Samples: the seeds of the fuzzers and, where they are, cases of others. The ending says the format.
mkdir rules tables
take() { # folder, ending, files
    local folder=$1 ending=$2 i=0 f
    shift 2
    for f in "$@"; do
        [ -s "$f" ] || continue
        i=$((i + 1))
        cp "$f" "$folder/$i.$ending"
    done
}
seeds=$ROOT/tests/fuzz/corpus/rules cases=$SHARED/conformance/validate
take rules native "$seeds"/{all,checks,keys,own,regex}
take rules gx "$seeds"/gx-* "$cases"/gx-titanic/*.json
take rules pandera "$seeds"/pandera*
take rules mlflow "$seeds"/mlmodel
take rules json-schema "$seeds"/json-schema
take rules table-schema "$seeds"/{table-schema,data-package}
take rules tfdv "$(find "$cases/tfdv" -name '*.pbtxt' 2>/dev/null | head -n 1)"
take rules csvw "$(find "$cases/csvw" -name '*-metadata.json' 2>/dev/null | head -n 1)"
take rules soda "$seeds"/soda "$seeds"/soda-variables
take rules soda-contract "$seeds"/soda-contract
take rules dqdl "$seeds"/dqdl "$ROOT"/tests/fuzz/corpus/dqdl/or
cat >rules/2.native <<'END'
version: 1
parameters: {top: 120, plans: [free, pro]}
environments: [training, serving]
input: {delimiter: ",", null: ["", NA], columns: superset}
rows: {min: 1}
columns:
  age:  {type: int, min: 0, max: $(top), quantile: {0.5: [1, 90]}, iqr: {max: 80}, env: training}
  plan: {type: string, in: $(plans), like: 'f%', entropy: {max: 3}}
keys: [[age, plan]]
checks:
  - {name: a, expect: 'age * 2 + 1 < 300 and plan not in ["x"]', when: 'age is not null'}
  - {column: age, by: [plan], mean: [1, 90]}
  - {columns: [age], iqr: {max: 1.5}}
  - {columns: [age, plan], t_test: {groups: [free, pro], p: {min: 0.01}}}
drift: {age: {ks: 0.1, p: 0.01}, plan: {linf: 5%}}
reference: {rows: [0.5, 2], schema: same}
rejects: {max: 1%}
END
printf 'a,b,c\r\n1,"x, ""y""\r\nz",2013-01-31\r\n,,\r\n-1e9,plain,\xc3\xa4\r\n' >tables/1.csv
printf '{"a":1,"b":"x\\u00e4","c":null}\n{"a":-2.5e3,"b":[1,{"d":true}],"c":"\\ud83d\\ude00"}\n' \
    >tables/1.ndjson
printf '[{"a":1,"b":"x"},\n {"a":2,"b":null}]\n' >tables/2.ndjson
gzip -c tables/1.csv >tables/1.gz
printf '\xff\xfea\0,\0b\0\n\0001\0,\0002\0\n\0' >tables/1.utf16
take tables parquet "$ROOT"/tests/fixtures/columnar/*.parquet
take tables arrow "$ROOT"/tests/fixtures/columnar/*.arrow{,s}
for x in 'age >= 18 and plan in ["a", "b"] or not (x is null)' 'length(trim(`a b`)) % 2 == 1' \
    'ts + 24h > now() - 7d' 'a match "^[a-z]+$" and coalesce(b, 0) * -1.5e3 < greatest(c, d)'; do
    i=$((${i:-0} + 1))
    printf '%s' "$x" >"$i.expression"
done

try() { # kind, files
    local got=0
    timeout 120 mutants -k "$@" </dev/null >out 2>&1 || got=$?
    sed 's/^/    /' out
    ok "every mutant of $1 is refused with its file's name, or read" test "$got" = 0
}
start=$SECONDS
try rules -n "$count" rules/*
try table -n "$count" tables/*
try expression -n "$((count * 10))" ./*.expression
ok "all of them in $((SECONDS - start)) s" test "$((SECONDS - start))" -lt 120
finish
