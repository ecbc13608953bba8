#!/usr/bin/env bash
# OpenSSF model-signing verifies our bundles over the unpacked files, and we refuse what it refuses.
. "$(dirname "$0")/lib.sh"
need model_signing || skip 'needs model_signing (PyPI model-signing, with pyOpenSSL)'

mkdir -p a
echo '{"trees":[1]}' >model.json
printf 'x\n' >a-b
printf 'y\n' >a.txt
: >empty.py
expect 0 mlp-package keygen ci
expect 0 mlp-package keygen other
expect 0 mlp-package create flights model.json a-b a.txt --no-load --code empty.py --key ci.key
expect 0 mlp-package unpack flights.mlp -o files --signature files.sig
expect 0 model_signing verify key files --signature files.sig --public_key ci.pub
expect 1 model_signing verify key files --signature files.sig --public_key other.pub
echo >>files/a.txt
expect 1 model_signing verify key files --signature files.sig --public_key ci.pub
expect 0 mlp-package unpack --force flights.mlp -o files
expect 0 model_signing verify key files --signature files.sig --public_key ci.pub
echo extra >files/extra
expect 1 model_signing verify key files --signature files.sig --public_key ci.pub
finish
