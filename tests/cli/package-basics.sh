#!/usr/bin/env bash
# mlp-package: keys, create, inspect, verify, sign, attach, unpack, and what goes wrong with each.
. "$(dirname "$0")/lib.sh"

echo '{"trees":[1,2,3]}' >model.json
echo '{"kind":"model","outcome":"pass"}' >report.json
echo '{"columns":[]}' >profile.json
printf 'train()\n' >train.py

# Keys.
expect 0 mlp-package keygen ci
has out 'sha256:'
ok 'the private key is for its owner only' test "$(stat -c %a ci.key)" = 600
has ci.pub '-----BEGIN PUBLIC KEY-----'
expect 5 mlp-package keygen ci
has err 'ci.key exists'
has err '--force'
expect 0 mlp-package keygen ci --force
rm ci.key
expect 5 mlp-package keygen ci
ok 'a refused keygen writes nothing' test ! -e ci.key
expect 0 mlp-package keygen ci -f
expect 0 mlp-package keygen -t ed25519 ed
expect 2 mlp-package keygen -t rsa x
echo 'four plain words' >pass
expect 0 mlp-package keygen secret --passphrase-file pass
has secret.key 'ENCRYPTED PRIVATE KEY'
: >nopass
expect 3 mlp-package keygen other --passphrase-file nopass

# Create.
expect 0 mlp-package create flights model.json --no-load --profile profile.json \
    --evidence report.json --code train.py -a org.example.run=7 --key ci.key
digest=$(cat out)
case $digest in sha256:????????????????????????????????????????????????????????????????) pass ;;
    *) fail "no digest: $digest" ;; esac
ok 'NAME.mlp is the default' test -f flights.mlp
expect 0 mlp-package create flights model.json --no-load --profile profile.json \
    --evidence report.json --code train.py -a org.example.run=7 -o plain.mlp
ok 'the signature does not move the digest' test "$(cat out)" = "$digest"
expect 0 mlp-package create flights model.json --no-load --profile profile.json \
    --evidence report.json --code train.py -a org.example.run=8 -o other.mlp
ok 'an annotation moves the digest' test "$(cat out)" != "$digest"

expect 0 mlp-package create flights model.json --no-load -o enc.mlp --key secret.key \
    --passphrase-file pass
expect 3 mlp-package create flights model.json --no-load -o enc2.mlp --key secret.key
has err '--passphrase-file'
expect 3 mlp-package create flights model.json --no-load -o enc2.mlp --key secret.key \
    --passphrase-file model.json
ok 'a key that does not open leaves no package' test ! -e enc2.mlp

# Inspect.
expect 0 mlp-package inspect flights.mlp
has out "$digest"
has out 'code/train.py'
has out 'evidence/report.json'
has out 'sbom.cdx.json'
has out 'README.md'
has out 'org.example.run = 7'
has out 'signed by sha256:'
expect 0 mlp-package inspect --format json flights.mlp
cp out inspect.json
has inspect.json '"role": "model"'
has inspect.json '"signedBy": "sha256:'
if need python3; then
    expect 0 python3 -c "import json; d = json.load(open('inspect.json')); assert d['digest'] == '$digest'; \
assert len(d['files']) == 6 and len(d['referrers']) == 1, d"
fi

# Verify.
expect 0 mlp-package verify --key ci.pub flights.mlp
has out 'signature'
expect 0 mlp-package verify plain.mlp
has out 'nobody vouches'
expect 6 mlp-package verify --key ci.pub plain.mlp
has err 'no signature'
expect 6 mlp-package verify --key ed.pub flights.mlp
expect 0 mlp-package verify --key ci.key flights.mlp
expect 0 mlp-package verify --key ci.pub --format json flights.mlp
has out '"kind": "verify"'
expect 0 mlp-package verify --key ci.pub -o junit:v.xml flights.mlp
has v.xml '<testsuite'

# Sign, attach.
expect 2 mlp-package sign plain.mlp
expect 3 mlp-package sign --key ci.pub plain.mlp
expect 0 mlp-package sign --key ed.key plain.mlp
expect 0 mlp-package sign --key ci.key plain.mlp
cp plain.mlp twice.mlp
expect 0 mlp-package sign --key ci.key twice.mlp
same plain.mlp twice.mlp
expect 0 mlp-package verify --key ed.pub plain.mlp
expect 0 mlp-package verify --key ci.pub plain.mlp
expect 0 mlp-package attach plain.mlp report.json
has out 'sha256:'
cp plain.mlp twice.mlp
expect 0 mlp-package attach twice.mlp report.json
same plain.mlp twice.mlp
expect 0 sh -c 'mlp-package attach --type text/plain plain.mlp <train.py'
expect 2 mlp-package attach --type 'text plain' plain.mlp report.json
expect 0 mlp-package inspect plain.mlp
has out 'application/vnd.mlp.report.v1+json'
has out 'text/plain'
has out "$digest"
expect 0 mlp-package verify --key ci.pub plain.mlp

# Unpack.
expect 0 mlp-package unpack flights.mlp
same flights/model.json model.json
same flights/code/train.py train.py
expect 5 mlp-package unpack flights.mlp
has err '--force'
expect 0 mlp-package unpack --force flights.mlp
expect 0 mlp-package unpack -o deep/er flights.mlp --signature files.sig
has files.sig 'dsseEnvelope'
expect 5 mlp-package unpack -o third enc2.mlp
mkdir -p layout && tar -xf flights.mlp -C layout
expect 0 mlp-package verify --key ci.pub layout
expect 0 mlp-package unpack -o fromdir layout
same fromdir/model.json model.json
expect 0 mlp-package sign --key ed.key layout
expect 0 mlp-package verify --key ed.pub layout
ok 'no temporary files stay' test -z "$(find . -name '*.tmp')"

# Bad input.
expect 5 mlp-package verify missing.mlp
has err 'missing.mlp'
expect 3 mlp-package verify model.json
has err 'tar'
: >empty.mlp
expect 3 mlp-package inspect empty.mlp
mkdir folder
expect 5 mlp-package inspect folder
has err 'index.json'
expect 3 mlp-package verify /dev/null
expect 5 mlp-package create flights missing.json --no-load
expect 3 mlp-package create flights folder --no-load -o f.mlp
has err 'folder'
expect 2 mlp-package create Flights model.json --no-load -o f.mlp
expect 2 mlp-package create flights model.json --no-load -o -
expect 2 mlp-package create flights model.json --no-load -a novalue -o f.mlp
expect 2 mlp-package create flights model.json --no-load --golden x.csv -o f.mlp
expect 2 mlp-package create flights
expect 3 mlp-package create flights model.json ./model.json --no-load -o f.mlp
has err 'model.json'
expect 5 mlp-package create flights model.json --no-load --key missing.key -o f.mlp
expect 3 mlp-package create flights model.json --no-load --key model.json -o f.mlp
expect 2 env SOURCE_DATE_EPOCH=soon mlp-package create flights model.json --no-load -o f.mlp
has err 'SOURCE_DATE_EPOCH'
ok 'refused packages are not there' test ! -e f.mlp
expect 2 mlp-package create --colour flights model.json
expect 2 mlp-package verfy plain.mlp
has err 'did you mean'
finish
