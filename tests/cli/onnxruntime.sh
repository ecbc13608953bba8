#!/usr/bin/env bash
# --runtime onnxruntime: the same columns and answers as the built-in engine's, for all the ONNX
# models of the corpus and for small ones that are made here; and what is refused.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
library=${MLP_ONNXRUNTIME:-}
unset MLP_ONNXRUNTIME

# Without a library: what is missing, and what to do.
need python3 || skip 'needs python3'
cat >make.py <<'E2'
"""Writes small ONNX files by hand: protobuf's wire format needs no library."""
import struct


def varint(n):
    out = bytearray()
    n &= (1 << 64) - 1
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    if isinstance(value, list) and isinstance(value[0], str):
        return field(1, name) + b"".join(field(9, v) for v in value) + field(20, 8)
    return field(1, name) + b"".join(field(8, v) for v in value) + field(20, 7)


def node(op, inputs, outputs, domain="", **attributes):
    return (b"".join(field(1, i) for i in inputs) + b"".join(field(2, o) for o in outputs) +
            field(3, "make " + outputs[0]) + field(4, op) + field(7, domain) +
            b"".join(field(5, attribute(k, v)) for k, v in attributes.items()))


def tensor(kind, width):
    dims = field(1, field(2, "N")) + (field(1, field(1, width)) if width else b"")
    return field(1, field(1, kind) + field(2, dims))


def value(name, kind, width):
    return field(1, name) + field(2, tensor(kind, width))


def maps(name, key):
    floats = field(1, field(1, 1))
    return field(1, name) + field(2, field(4, field(1, field(5, field(1, key) + field(2, floats)))))


def model(path, nodes, inputs, outputs):
    graph = b"".join(field(1, n) for n in nodes) + field(2, "g")
    graph += b"".join(field(11, i) for i in inputs) + b"".join(field(12, o) for o in outputs)
    opsets = [("", 17), ("ai.onnx.ml", 3), ("com.microsoft", 1)]
    with open(path, "wb") as f:
        f.write(field(1, 8) + field(2, "by hand") + field(7, graph) +
                b"".join(field(8, field(1, d) + field(2, v)) for d, v in opsets))


FLOAT, INT64, STRING, BOOL, DOUBLE = 1, 7, 8, 9, 11
kinds = [("d", DOUBLE, 2), ("i", INT64, 1), ("b", BOOL, 1), ("f", FLOAT, 3)]
model("kinds.onnx",
      [node("Identity", [n], [n + "_out"]) for n, _, _ in kinds] +
      [node("LabelEncoder", ["s"], ["s_out"], "ai.onnx.ml", keys_strings=["x", "y", ""],
            values_strings=["ex", "why, \"so\"", "none"])],
      [value(*k) for k in kinds] + [value("s", STRING, 1)],
      [value(n + "_out", k, w) for n, k, w in kinds] + [value("s_out", STRING, 1)])
model("maps.onnx", [node("ZipMap", ["f"], ["p"], "ai.onnx.ml", classlabels_strings=["b", "a", "c"])],
      [value("f", FLOAT, 3)], [maps("p", STRING)])
model("numbers.onnx",
      [node("ZipMap", ["f"], ["p"], "ai.onnx.ml", classlabels_int64s=[7, -1, 3])],
      [value("f", FLOAT, 3)], [maps("p", INT64)])
model("theirs.onnx", [node("Gelu", ["f"], ["g"], "com.microsoft")],
      [value("f", FLOAT, 3)], [value("g", FLOAT, 3)])
model("nobodys.onnx", [node("Nonesuch", ["f"], ["g"])],
      [value("f", FLOAT, 3)], [value("g", FLOAT, 3)])
E2
python3 make.py || fail 'no models'
printf 'f0,f1,f2\n0.25,-1,3e10\n,2,3\n' >floats.csv
expect 5 mlp-serve batch --runtime onnxruntime:/nowhere/libonnxruntime.so maps.onnx floats.csv
has err 'ONNX Runtime is not there'
has err 'pip install onnxruntime'
expect 5 mlp-serve batch --runtime "onnxruntime:$(type -P true)" maps.onnx floats.csv
expect 2 mlp-serve batch --runtime tensorflow maps.onnx floats.csv
has err 'onnxruntime:/path/to/libonnxruntime.so'
expect 3 mlp-serve batch theirs.onnx floats.csv
has err 'operator Gelu'
has err '--runtime onnxruntime'

MLP_ONNXRUNTIME=$library
. "$ROOT/tests/cli/onnxruntime.lib"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # of the library

# differ A B: prints the first cell that differs, numbers by more than 1e-5 of max(1, |x|).
cat >differ.py <<'E2'
import csv
import math
import sys


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


a, b = (list(csv.reader(open(f, encoding="utf-8"))) for f in sys.argv[1:])
if a[0] != b[0] or len(a) != len(b):
    sys.exit(f"other columns or rows: {a[0]} and {b[0]}")
for r, (x, y) in enumerate(zip(a, b)):
    for c, (v, w) in enumerate(zip(x, y)):
        n, m = number(v), number(w)
        if v == w or (None not in (n, m) and (math.isnan(n) and math.isnan(m) or
                                              abs(n - m) <= 1e-5 * max(1, abs(n)))):
            continue
        sys.exit(f"row {r}, {a[0][c]}: built-in {v}, ONNX Runtime {w}")
E2

# both MODEL INPUT OPTION...: both engines answer, and the same.
both() {
    local model=$1 input=$2
    shift 2
    expect 0 mlp-serve batch --outputs all "$@" "$model" "$input"
    mv out ours
    expect 0 mlp-serve batch --outputs all "$@" --runtime onnxruntime "$model" "$input"
    ok "$model: both engines answer the same" python3 differ.py ours out
}
for case in "$SHARED"/conformance/models/*/model.onnx; do
    [ -e "$case" ] && both "$case" "$(dirname "$case")/input.csv" --empty-text plan
done
for fixture in trees forest strict; do
    mlp-serve convert "$ROOT/tests/fixtures/model/$fixture.joblib" -o "$fixture.onnx" ||
        fail "convert $fixture"
    expect 0 mlp-serve inspect "$fixture.onnx"
done
printf 'd0,d1,i,b,f0,f1,f2,s\n0.1,-2,9007199254740991,true,0.1,1e-30,3,x\n1e300,nan,-5,0,,2,3,y\n7,8,9,1,4,5,6,\n' \
    >kinds.csv
both kinds.onnx kinds.csv --empty-text s -j 1
# shellcheck disable=SC2016
ok 'a text is whole' grep -q '"why, ""so"""' out
both maps.onnx floats.csv
same ours out
has out '0.25,-1.0,30000000000.0'
both numbers.onnx floats.csv
same ours out

# What our engine does not know is answered; what nobody knows is refused in the library's words.
expect 0 mlp-serve batch --runtime onnxruntime theirs.onnx floats.csv
ok 'as many rows' test "$(wc -l <out)" = 3
expect 3 mlp-serve batch --runtime onnxruntime nobodys.onnx floats.csv
has err 'ONNX Runtime, reading the model: '
has err 'Nonesuch'
head -c 100 theirs.onnx >cut.onnx
expect 3 mlp-serve batch --runtime onnxruntime cut.onnx floats.csv

# Threads are ours: more of them answer the same; other formats are not concerned.
big=$SHARED/conformance/models/onnx-rf-reg-cur
if [ -e "$big/model.onnx" ]; then
    expect 0 mlp-serve batch --runtime onnxruntime "$big/model.onnx" "$big/input.csv" -j 1
    mv out one
    expect 0 mlp-serve batch --runtime onnxruntime "$big/model.onnx" "$big/input.csv" -j 4
    same one out
fi
expect 0 mlp-serve batch --runtime onnxruntime "$ROOT/tests/fixtures/model/forest.joblib" \
    "$ROOT/tests/fixtures/model/forest-rows.csv"

# The server, with the library from the option and from the environment.
if need curl; then
    start theirs --runtime "onnxruntime:$MLP_ONNXRUNTIME" theirs.onnx
    ask /predict -d '[[1.0, 0.0, -1.0]]'
    ok 'the server answers' test "$status" = 200
    has out '0.841'
    kill -HUP "$pid"
    sleep 0.3
    ask /predict -d '[[1.0, 0.0, -1.0]]'
    has out '0.841'
    stop 0
    expect 3 mlp-serve serve --runtime onnxruntime --listen 127.0.0.1:0 nobodys.onnx
    has err 'Nonesuch'
fi
finish
