#!/usr/bin/env bash
# Packages are OCI layouts for other people's tools: skopeo reads, copies, and the digest stays.
. "$(dirname "$0")/lib.sh"
need skopeo || skip 'needs skopeo'

echo '{"trees":[1]}' >model.json
expect 0 mlp-package keygen ci
expect 0 mlp-package create flights model.json --no-load --key ci.key
digest=$(cat out)
mkdir layout && tar -xf flights.mlp -C layout

expect 0 skopeo inspect --raw oci-archive:flights.mlp:flights
has out 'application/vnd.cncf.model.manifest.v1+json'
ok 'the digest is that of the manifest' test "sha256:$(sha256sum out | cut -d' ' -f1)" = "$digest"
expect 0 skopeo inspect --raw oci:layout:flights
ok 'also in a folder' test "sha256:$(sha256sum out | cut -d' ' -f1)" = "$digest"

policy=(--policy policy.json)
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
expect 0 skopeo "${policy[@]}" copy oci-archive:flights.mlp:flights oci:copy:flights
expect 0 mlp-package inspect copy
has out "$digest"
expect 0 skopeo "${policy[@]}" copy oci:copy:flights oci-archive:back.mlp:flights
expect 6 mlp-package verify back.mlp
expect 0 mlp-package verify --repacked back.mlp
expect 0 mlp-package inspect back.mlp
has out "$digest"
expect 0 mlp-package sign --key ci.key copy
expect 0 mlp-package verify --key ci.pub copy

# skopeo finds a changed byte too.
blob=$(sha256sum model.json | cut -d' ' -f1)
echo '{"trees":[2]}' >"layout/blobs/sha256/$blob"
expect 1 skopeo "${policy[@]}" copy oci:layout:flights oci:bad:flights
finish
