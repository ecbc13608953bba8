#!/usr/bin/env bash
# A changed byte anywhere in a package is found: contents, headers, padding, signature.
. "$(dirname "$0")/lib.sh"
need python3 || skip 'needs python3'

seq 1 400 >model.json
expect 0 mlp-package keygen ci
expect 0 mlp-package create flights model.json --no-load --key ci.key
expect 0 mlp-package verify --key ci.pub flights.mlp

# 200 positions spread over the file, each with another bit.
cat >flip.py <<'PY'
import subprocess, sys
data = open("flights.mlp", "rb").read()
bad = []
for i in range(200):
    at = len(data) * i // 200 + i % 7
    changed = bytearray(data)
    changed[at] ^= 1 << (i % 8)
    open("flipped.mlp", "wb").write(changed)
    p = subprocess.run(["mlp-package", "verify", "--key", "ci.pub", "flipped.mlp"],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode not in (3, 5, 6) or not p.stderr:
        bad.append((at, p.returncode, p.stderr))
print(len(bad), bad[:5])
sys.exit(bool(bad))
PY
expect 0 python3 flip.py

# Appended, cut, and the padding behind the last entry.
cat flights.mlp model.json >longer.mlp
expect 6 mlp-package verify longer.mlp
has err 'byte for byte'
has err '--repacked'
expect 0 mlp-package verify --repacked --key ci.pub longer.mlp
size=$(stat -c %s flights.mlp)
head -c $((size - 1)) flights.mlp >shorter.mlp
expect 6 mlp-package verify shorter.mlp
head -c $((size / 2)) flights.mlp >half.mlp
expect 3 mlp-package verify half.mlp

# A layout folder: a changed blob, a missing one.
mkdir layout && tar -xf flights.mlp -C layout
blob=$(printf '%s' "$(sha256sum model.json)" | cut -d' ' -f1)
echo x >>"layout/blobs/sha256/$blob"
expect 6 mlp-package verify layout
has err "$blob"
sed 's/7/8/' model.json >"layout/blobs/sha256/$blob"
expect 6 mlp-package verify layout
expect 6 mlp-package unpack -o unpacked layout
ok 'a file that fails its digest gets no name' test ! -e unpacked/model.json
rm "layout/blobs/sha256/$blob"
expect 5 mlp-package verify layout
has err 'missing'
finish
