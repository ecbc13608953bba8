#!/usr/bin/env bash
# mlp-serve batch and inspect: what they write, and what they say when they cannot.
. "$(dirname "$0")/lib.sh"
models=$ROOT/tests/fixtures/model

# The library's answers, from a file and from stdin.
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv"
same out "$models/trees-expected.csv"
expect 0 mlp-serve batch "$models/trees.joblib" <"$models/rows.csv"
same out "$models/trees-expected.csv"
expect 0 mlp-serve --batch "$models/forest.joblib" "$models/forest-rows.csv"
same out "$models/forest-expected.csv"
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" -o written.csv
same written.csv "$models/trees-expected.csv"

# Other columns flow along, other outputs on demand, other shapes.
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --id city --keep age
has out 'city,age,prediction,proba_no,proba_yes'
has out 'São Paulo,76.0,no,'
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --keep-all
has out 'age,income,city,prediction'
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --outputs all
has out 'predict,proba.0,proba.1,decision'
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --outputs decision
ok 'one column' test "$(head -n 1 out)" = decision
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --format ndjson --id city
has out '{"city":"São Paulo","prediction":"no","proba_no":'
expect 2 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --outputs margin
has err 'it has predict, proba, decision'
expect 2 mlp-serve batch "$models/trees.joblib" "$models/rows.csv" --keep town
has err '"town"'

# Threads and pipes change nothing.
{ head -n 1 "$models/rows.csv"; for _ in $(seq 2000); do tail -n +2 "$models/rows.csv"; done; } >long.csv
expect 0 mlp-serve batch "$models/trees.joblib" long.csv -j 1
mv out one
expect 0 mlp-serve batch "$models/trees.joblib" long.csv -j 4
same out one
ok 'all rows' test "$(wc -l <one)" = 24001
gzip -k long.csv
expect 0 mlp-serve batch "$models/trees.joblib" long.csv.gz
same out one

# Rows that cannot be answered are named.
printf 'age,income,city\n30,1e4,Kyiv\n31,2e4,Paris\n' >unknown.csv
expect 3 mlp-serve batch "$models/strict.joblib" unknown.csv
has err 'unknown.csv:3: column city: "Paris" is no category'
printf 'age,income,city\n30,1e4,Kyiv\n31,lots,Kyiv\n' >text.csv
expect 3 mlp-serve batch "$models/strict.joblib" text.csv
has err 'text.csv:3: column "income": "lots" is not a number'
printf 'age,income,city\n30,,Kyiv\n31,inf,Kyiv\n' >infinite.csv
expect 3 mlp-serve batch "$models/strict.joblib" infinite.csv
has err 'infinite.csv:3:'
has err 'infinite'
printf 'age,incme,city\n30,1,Kyiv\n' >column.csv
expect 3 mlp-serve batch "$models/strict.joblib" column.csv
has err 'column "income", which the model needs, is not there'
has err 'did you mean "incme"?'
printf 'age,income,city\n30,1\n' >short.csv
expect 3 mlp-serve batch "$models/strict.joblib" short.csv
has err 'short.csv:2:'

# Whichever thread meets them, the first of the file is told, with its line.
{
    echo 'age,income,city'
    yes '30,1e4,Kyiv' | head -n 999
    echo '31,lots,Kyiv'
    yes '30,1e4,Kyiv' | head -n 999
    echo '31,2e4,Paris'
} >late.csv
for threads in 1 2 5 64; do
    expect 3 mlp-serve batch "$models/strict.joblib" late.csv -j "$threads"
    has err 'late.csv:1001: column "income": "lots" is not a number'
done
sed -i 's/lots/1/' late.csv
expect 3 mlp-serve batch "$models/strict.joblib" late.csv -j 3
has err 'late.csv:2001: column city: "Paris" is no category'

# Files that are none, disks that are full, readers that have gone.
expect 5 mlp-serve batch nothing.joblib long.csv
expect 3 mlp-serve batch "$models/rows.csv" long.csv
has err 'no model that can be read'
: >empty.joblib
expect 3 mlp-serve batch empty.joblib long.csv
expect 3 mlp-serve batch "$models/trees.joblib" /dev/null
expect 0 mlp-serve batch "$models/trees.joblib" --allow-empty </dev/null
ok 'nothing of nothing' test ! -s out
expect 0 mlp-serve batch "$models/trees.joblib" --allow-empty "$models/rows.csv"
same out "$models/trees-expected.csv"
expect 0 mlp-serve batch --exec 'cat' --allow-empty --format ndjson </dev/null
ok 'nothing of nothing' test ! -s out
ok 'a folder is no model' test "$(mlp-serve inspect "$models" >out 2>err; echo $?)" != 0
expect 4 mlp-serve batch "$models/trees.joblib" long.csv -o /dev/full
mlp-serve batch "$models/trees.joblib" long.csv 2>err | head -n 1 >out
ok 'a closed pipe is an error' test "${PIPESTATUS[0]}" = 4
expect 5 mlp-serve batch "$models/trees.joblib" long.csv -o missing/written.csv
expect 3 mlp-serve batch "$models/strict.joblib" unknown.csv -o half.csv
ok 'nothing half-written' test ! -e half.csv

# What a model is.
expect 0 mlp-serve inspect "$models/strict.joblib"
has out 'Pipeline(ColumnTransformer, LogisticRegression)'
has out 'text    city'
has out 'sklearn.preprocessing._encoders.OneHotEncoder'
expect 0 mlp-serve inspect "$models/strict.joblib" --format json
if need jq; then
    ok 'JSON' test "$(jq -r '.inputs[2].type + .classes[1] + .task' out)" = 'textyesbinary classification'
fi
expect 0 mlp-serve inspect --classes
has out 'HistGradientBoostingClassifier'
expect 2 mlp-serve inspect
has err 'wants a MODEL'
finish
