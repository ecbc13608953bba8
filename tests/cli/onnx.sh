#!/usr/bin/env bash
# ONNX files: what inspect tells of them, and that a classifier's classes are found.
. "$(dirname "$0")/lib.sh"
models=$ROOT/tests/fixtures/model

expect 0 mlp-serve convert "$models/trees.joblib" -o trees.onnx
expect 0 mlp-serve inspect trees.onnx
for text in 'producer   mlp ' 'opsets (2)' '  ai.onnx.ml 5' 'tensors in (3)' '  city: string [?, 1]' \
    '  probabilities: double [?, 2]' '  ai.onnx.ml.TreeEnsemble 1' ' bytes in 11 tensors' \
    '  LabelEncoder: city -> t3' 'classes    no, yes' 'binary classification' \
    '  source.estimator: Pipeline(ColumnTransformer, HistGradientBoostingClassifier)'; do
    has out "$text"
done
expect 0 mlp-serve inspect --format json trees.onnx
ok 'JSON' python3 - out <<'E2'
import json, sys
d = json.load(open(sys.argv[1]))["details"]
assert d["opsets"] == ["ai.onnx 21", "ai.onnx.ml 5"], d["opsets"]
assert d["tensors out"] == ["label: string [?]", "probabilities: double [?, 2]"]
assert "Cast 4" in d["operators"] and len(d["nodes"]) > 10
E2

# Classes are the columns' names, as from the pickle; the other outputs stay as the file has them.
expect 0 mlp-serve batch "$models/trees.joblib" "$models/rows.csv"
mv out pickle
expect 0 mlp-serve batch trees.onnx "$models/rows.csv"
ok 'same header' test "$(head -n 1 out)" = "$(head -n 1 pickle)"
ok 'same classes' test "$(cut -d , -f 1 out)" = "$(cut -d , -f 1 pickle)"
expect 0 mlp-serve batch trees.onnx "$models/rows.csv" --outputs all
has out 'predict,proba.0,proba.1,out.label,out.probabilities.0,out.probabilities.1'

# A model that refuses a row of zeros and empty texts is still one that loads.
expect 0 mlp-serve convert "$models/strict.joblib" -o strict.onnx
expect 0 mlp-serve inspect strict.onnx
finish
