#!/usr/bin/env bash
# The same inputs give the same bytes under another time zone, language, umask, user, folder, time.
. "$(dirname "$0")/lib.sh"

seq 1 2000 >model.json
mkdir -p in
echo '{"kind":"model","outcome":"pass"}' >in/report.json
expect 0 mlp-package keygen -t ed25519 ed
expect 0 mlp-package keygen ci

make() {
    mlp-package create flights model.json --no-load --evidence in/report.json -o "$@"
}
expect 0 make a.mlp
digest=$(cat out)
expect 0 make signed-a.mlp --key ed.key

expect 0 env TZ=Pacific/Auckland LANG=tr_TR.UTF-8 LC_ALL=C.UTF-8 mlp-package create flights model.json \
    --no-load --evidence in/report.json -o b.mlp
same a.mlp b.mlp
(umask 077 && make c.mlp >/dev/null) || fail 'umask 077'
same a.mlp c.mlp
mkdir -p 'else where/in'
cp model.json 'else where/'
cp in/report.json 'else where/in/'
touch -d 2001-01-01 'else where/model.json'
chmod 400 'else where/model.json'
(cd 'else where' && mlp-package create flights ./model.json --no-load \
    --evidence "$PWD/in/report.json" -o ../d.mlp >/dev/null) || fail 'another folder'
same a.mlp d.mlp

# Time: the default is 1970, SOURCE_DATE_EPOCH is another one; neither moves the digest.
expect 0 env SOURCE_DATE_EPOCH=1700000000 mlp-package create flights model.json --no-load \
    --evidence in/report.json -o e.mlp
ok 'the digest has no time in it' test "$(cat out)" = "$digest"
expect 0 env SOURCE_DATE_EPOCH=1700000000 mlp-package create flights model.json --no-load \
    --evidence in/report.json -o f.mlp
same e.mlp f.mlp
expect 0 env TZ=UTC tar -tvf e.mlp
has out '2023-11-14 22:13'
hasnt out '1970'
expect 0 tar -tvf a.mlp
hasnt out "$(id -un 2>/dev/null || echo nobody)"
expect 0 mlp-package verify e.mlp

# Signed with Ed25519: the same bytes. With ECDSA: the same digest, whatever the signature's nonce.
expect 0 make signed-b.mlp --key ed.key
same signed-a.mlp signed-b.mlp
cp a.mlp signed-c.mlp
expect 0 mlp-package sign --key ed.key signed-c.mlp
same signed-a.mlp signed-c.mlp
expect 0 make p256-a.mlp --key ci.key
ok 'signing keeps the digest' test "$(cat out)" = "$digest"
# Two keys in either order.
cp a.mlp one.mlp
cp a.mlp two.mlp
expect 0 mlp-package keygen -t ed25519 ed2
for k in ed ed2; do expect 0 mlp-package sign --key $k.key one.mlp; done
for k in ed2 ed; do expect 0 mlp-package sign --key $k.key two.mlp; done
same one.mlp two.mlp

# Another user.
if [ "$(id -u)" != 0 ] || ! need setpriv; then
    skip 'another user (needs root and setpriv)'
fi
mkdir other
cp -r model.json in ed.key "$(command -v mlp-package)" other/
chmod 755 "$SCRATCH"
chown -R 65534:65534 other
expect 0 setpriv --reuid 65534 --regid 65534 --clear-groups sh -c \
    'cd other && ./mlp-package create flights model.json --no-load --evidence in/report.json -o a.mlp'
same a.mlp other/a.mlp
finish
