#!/usr/bin/env bash
# skops files: what scikit-learn answers; archives that are no plain archives, and names that no
# model holds, are refused.
. "$(dirname "$0")/lib.sh"
cases=$ROOT/tests/fixtures/model/skops
need python3 || skip 'needs python3'

ok 'every case answers' "$ROOT/tests/conformance/run" models "$cases" >all
hasnt all 'wrong: '
has all "$(find "$cases" -name model.skops | wc -l) passed, 0 refused, 0 wrong"
cat >change.py <<'E2'
"""change.py WHAT IN OUT: a skops file that is changed in one way."""
import io
import json
import sys
import zipfile

what, source, target = sys.argv[1:]
data = bytearray(open(source, "rb").read())
files = [(i.filename, zipfile.ZipFile(source).read(i)) for i in zipfile.ZipFile(source).infolist()]
schema = json.loads(dict(files)["schema.json"])
node = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "1"}


def pack(entries, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as z:
        for name, content in entries:
            z.writestr(name, content)
    return bytearray(out.getvalue())


def with_schema():
    return pack([(n, json.dumps(schema) if n == "schema.json" else c) for n, c in files])


def first_array(n):
    if isinstance(n, dict):
        if n.get("type") == "numpy":
            return n
        n = list(n.values())
    return next(filter(None, map(first_array, n)), None) if isinstance(n, list) else None


if what == "behind":
    data += b"x"
elif what == "before":
    data = bytearray(b"#!/bin/sh\n") + data
elif what == "crc":
    data[data.index(b"NUMPY") + 100] ^= 1
elif what == "twice":
    data = pack(files + [("schema.json", files[-1][1])])
elif what == "comment":
    data[-2:] = b"\x01\x00"
    data += b"x"
elif what == "bomb":
    data = pack(files + [("zeros", bytes(1 << 28))], compression=zipfile.ZIP_DEFLATED)
elif what == "encrypted":
    data[data.index(b"PK\x01\x02") + 8] |= 1
elif what == "noschema":
    data = pack([f for f in files if f[0] != "schema.json"])
elif what == "class":
    schema.update({"__class__": "system", "__module__": "os"})
    data = with_schema()
elif what == "inner":
    schema["content"]["content"]["extra"] = {
        "__class__": "itemgetter", "__module__": "operator", "__loader__": "OperatorFuncNode",
        "attrs": {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode",
                  "content": [node]}}
    schema["content"]["key_types"]["content"].append(
        {"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode"})
    data = with_schema()
elif what == "kind":
    schema["content"] = dict(node, __loader__="EvalNode")
    data = with_schema()
elif what == "missing":
    first_array(schema)["file"] = "elsewhere.npy"
    data = with_schema()
elif what == "objects":
    name = first_array(schema)["file"]
    old = dict(files)[name]
    files = [(n, c.replace(b"'<f8'", b"'|O' ") if n == name else c) for n, c in files]
    data = with_schema()
elif what == "protocol":
    schema["protocol"] = 99
    data = with_schema()
elif what == "deep":
    for _ in range(400):
        node = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode",
                "content": [node]}
    schema["content"] = node
    data = with_schema()
open(target, "wb").write(data)
E2
refused() { # WHAT WORDS
    python3 change.py "$1" "$cases/svc-new/model.skops" "$1.skops" || fail "$1: no file"
    expect 3 timeout 20 mlp-serve inspect "$1.skops"
    has err "$2"
    hasnt err 'please report'
}
refused behind 'does not end with its directory'
refused before 'no model that can be read'
refused crc 'CRC differs'
refused twice 'is there twice'
refused comment 'does not end with its directory'
refused bomb 'would decompress to more'
refused encrypted 'is encrypted'
refused noschema 'no skops file'
refused class 'os.system'
refused inner 'extra: operator.itemgetter'
refused kind '"EvalNode" is no kind of node'
refused missing 'does not hold'
refused protocol 'protocol 99'
refused deep 'schema.json'
refused objects "array"
finish
