#!/usr/bin/env bash
# mlp-serve convert: what it writes, twice the same, and what it refuses.
. "$(dirname "$0")/lib.sh"
models=$ROOT/tests/fixtures/model

# A file, stdout and a second time: the same bytes, with where they come from.
expect 0 mlp-serve convert "$models/trees.joblib" -o trees.onnx
ok 'silent' test ! -s out -a ! -s err
expect 0 mlp-serve convert "$models/trees.joblib"
same out trees.onnx
expect 0 mlp-serve convert - -o again.onnx <"$models/trees.joblib"
same again.onnx trees.onnx
for text in ai.onnx.ml TreeEnsemble probabilities "sha256:$(sha256sum <"$models/trees.joblib" | cut -c1-64)" \
    'source.format' HistGradientBoostingClassifier; do
    ok "the file has $text" grep -aqF "$text" trees.onnx
done
ok 'no other outputs' test "$(grep -acF decision trees.onnx)" = 0
expect 0 mlp-serve convert "$models/trees.joblib" --outputs all -o all.onnx
ok 'all outputs' grep -aqF decision all.onnx
expect 0 mlp-serve convert "$models/strict.joblib" --missing-text '?' -o strict.onnx
ok 'another text for missing ones' grep -aqF 'missing.text' strict.onnx

# Nothing half written, nothing written for what cannot be.
expect 3 mlp-serve convert "$models/rows.csv" -o none.onnx
ok 'no file' test ! -e none.onnx
expect 5 mlp-serve convert none.joblib -o none.onnx
expect 2 mlp-serve convert "$models/trees.joblib" --outputs margin
has err 'prediction'
expect 2 mlp-serve convert
mkdir full
expect 4 mlp-serve convert "$models/trees.joblib" -o full
text=$SHARED/conformance/models
if [ -e "$text/cnb-text-cur/model.joblib" ]; then
    expect 0 mlp-serve convert "$text/cnb-text-cur/model.joblib" -o words.onnx
    ok 'words are cut by Tokenizer' grep -aqF com.microsoft words.onnx
    expect 0 mlp-serve batch words.onnx "$text/cnb-text-cur/input.csv"
    expect 3 mlp-serve convert "$text/sk-a-text-char/model.joblib" -o none.onnx
    has err 'word counts'
    has err 'cannot be written as ONNX'
    has err 'hint: '
    ok 'no file' test ! -e none.onnx
fi
finish
