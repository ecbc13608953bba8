#!/usr/bin/env bash
# Contributions: the fixtures hold what shap, XGBoost and LightGBM say of the same models
# (tests/fixtures/explain/make.py); sums agree with what the model itself predicts.
. "$(dirname "$0")/lib.sh"

F=$ROOT/tests/fixtures/explain

# differ MINE THEIRS TOLERANCE: prints the first cell that differs by more; the last columns of
# MINE are compared with all of THEIRS.
differ() {
    paste -d '\t' "$1" "$2" | awk -F '\t' -v tolerance="$3" '
        function size(x) { return x < 0 ? -x : x }
        { n = split($1, a, ","); m = split($2, b, ",")
          if (n < m) { print "too few columns"; exit }
          for (i = 1; i <= m; i++) {
              x = a[n - m + i]; y = b[i]
              if (NR == 1 ? x != y : size(x - y) > tolerance * (size(y) > 1 ? size(y) : 1)) {
                  print "line " NR ": " x " is not " y; exit
              }
          } }'
}

for folder in "$F"/*/; do
    name=$(basename "$folder")
    expect 0 mlp-serve batch "$folder"model.* "$folder/input.csv" --explain
    ok "$name: rows" test "$(wc -l <out)" = "$(wc -l <"$folder/expected.csv")"
    got=$(differ out "$folder/expected.csv" "$(cat "$folder/tolerance")")
    ok "$name: $got" test -z "$got"
done

# additive MODEL INPUT OUTPUT: base and contributions add up to the output, within rounding.
additive() {
    expect 0 mlp-serve batch "$1" "$2" --explain --outputs "$3"
    got=$(awk -F , 'function size(x) { return x < 0 ? -x : x }
        NR > 1 { sum = 0; for (i = 2; i <= NF; i++) sum += $i
                 if (size(sum - $1) > 2e-6 * (size($1) > 1 ? size($1) : 1)) print NR ": " sum " " $1
        }' out | head -n 1)
    ok "$1 adds up: $got" test -z "$got"
}
for name in xgboost-binary xgboost-dart xgboost-categories xgboost-forest xgboost-linear; do
    additive "$(echo "$F/$name"/model.*)" "$F/$name/input.csv" margin
done
for name in lightgbm-binary lightgbm-deep lightgbm-dart lightgbm-forest lightgbm-zero; do
    additive "$F/$name/model.txt" "$F/$name/input.csv" raw
done
for name in tree-deep forest-weighted gb-regression hgb-missing pipeline linear; do
    additive "$F/$name/model.joblib" "$F/$name/input.csv" predict
done
additive "$F/gb-binary/model.joblib" "$F/gb-binary/input.csv" decision

# The header, threads, NDJSON, --outputs, kept columns.
M=$F/forest-multi/model.joblib I=$F/forest-multi/input.csv
expect 0 mlp-serve batch "$M" "$I" --explain --keep age
ok 'columns of the first class' grep -q \
    '^age,prediction,proba_0,proba_1,proba_2,contribution.0.age,.*,base_value.0,contribution.1.age,' out
cp out one
expect 0 mlp-serve batch "$M" "$I" --explain --keep age -j 3
same out one
expect 0 mlp-serve batch "$M" "$I" --explain --outputs contribution
ok 'contributions alone' grep -q '^contribution.0.age,' out
expect 0 mlp-serve batch "$M" "$I" --explain --format ndjson
has out '"contribution.2.rating":'
has out '"base_value.2":'
expect 2 mlp-serve batch "$M" "$I" --outputs contribution
has err 'no output "contribution"'

# What does not add up is refused by the name of the step.
expect 3 mlp-serve batch "$F/refused-pca.joblib" "$I" --explain
has err 'PCA cannot be explained: it mixes input columns'
expect 0 mlp-serve batch "$F/refused-pca.joblib" "$I"
expect 3 mlp-serve batch "$F/refused-neighbours.joblib" "$I" --explain
has err 'KNeighborsRegressor cannot be explained: its result is no sum over the inputs'
has err 'hint:'
finish
