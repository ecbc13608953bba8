#!/usr/bin/env bash
# mlp-register as its users run it: versions, aliases, tags, evidence, log, verify.
. "$(dirname "$0")/lib.sh"
export MLP_REGISTRY=$SCRATCH/registry
printf 'one' >model.txt
printf 'two' >other.txt
package() { mlp-package create --no-load -o "$3" "$1" "$2" >digest 2>err || fail "create $3"; }
package fraud model.txt one.mlp
package fraud other.txt two.mlp

expect 5 mlp-register list
has err 'mlp-register init'
expect 0 mlp-register init
expect 5 mlp-register init
has err 'already'

expect 0 mlp-register add one.mlp
ok 'add prints the version' test "$(cat out)" = 1
expect 0 mlp-register add one.mlp
ok 'the same package keeps its version' test "$(cat out)" = 1
has err 'already'
expect 0 mlp-register add two.mlp
ok 'the next package is version 2' test "$(cat out)" = 2
expect 2 mlp-register add --name 'Not A Name' one.mlp
expect 5 mlp-register add missing.mlp
expect 3 mlp-register add model.txt

expect 0 mlp-register alias fraud@1 production --reason 'first'
expect 2 mlp-register alias fraud@1 v7
expect 5 mlp-register alias fraud@9 production
has err 'no version or alias "9"'
expect 5 mlp-register alias --expect 1 fraud@2 production
has err 'was changed by'
seq=$(mlp-register show --format json fraud@production | sed -n 's/.*"production": \([0-9]*\).*/\1/p')
expect 0 mlp-register alias --expect "$seq" fraud@2 production
expect 5 mlp-register show freud
has err 'did you mean "fraud"?'
expect 0 mlp-register tag fraud@2 'data=2013-01' 'owner=a, "b"'
expect 0 mlp-register tag fraud@2 'owner='
expect 2 mlp-register tag fraud@2 nonsense
printf '{}' >note.json
expect 0 mlp-register attach --type application/json fraud@2 note.json

expect 0 mlp-register list
has out 'fraud'
has out 'production'
has out 'data=2013-01'
hasnt out 'owner'
expect 0 mlp-register list --format csv fraud
ok 'csv has a line a version' test "$(wc -l <out)" = 3
expect 0 mlp-register list --format json
need python3 && ok 'json is valid' python3 -c 'import json; v = json.load(open("out")); assert v[1]["aliases"] == ["production"], v'
expect 5 mlp-register list nobody
expect 0 mlp-register show fraud@latest
has out 'fraud@2'
has out 'application/json'
expect 0 mlp-register log
has out 'reason=first'
expect 0 mlp-register log --format json
ok 'the log prints as it is' cmp -s out registry/log.ndjson

# The chain can be checked with common tools, as mlp-log(5) shows.
while read -r line; do
    want=$(printf %s "$line" | sed 's/.*,"hash":"\(.*\)"}/\1/')
    have=$(printf %s "$line" | sed 's/,"hash":"[0-9a-f]*"}$/}/' | sha256sum | cut -d' ' -f1)
    ok "hash of ${line:0:20}" test "$want" = "$have"
done <registry/log.ndjson

expect 0 mlp-register get -o back.mlp fraud@1
same back.mlp one.mlp
expect 0 mlp-register get --unpack files fraud@2
same files/other.txt other.txt
expect 0 mlp-register verify
has out 'all hold'
if need skopeo; then
    expect 0 skopeo inspect --raw oci:registry:fraud-v1
else
    echo "$TEST: skipped: skopeo reads the registry (needs skopeo)"
fi

# Any changed byte is found.
cp -r registry clean
n=0 missed=0 untrusted=0
while read -r file; do
    size=$(stat -c %s "$file")
    [ "$size" -gt 0 ] || continue
    for i in 0 1 2 3 4; do
        at=$((size * i / 5 + (i * 7) % (size / 5 + 1)))
        [ "$at" -lt "$size" ] || at=$((size - 1))
        byte=$(od -An -tu1 -j "$at" -N 1 "$file" | tr -d ' ')
        # shellcheck disable=SC2059
        printf "\\$(printf %o $(((byte + 1) % 256)))" |
            dd of="$file" bs=1 seek="$at" conv=notrunc status=none
        got=0
        mlp-register verify >/dev/null 2>&1 || got=$?
        [ "$got" != 0 ] || { missed=$((missed + 1)); echo "missed byte $at of $file"; }
        case $file$got in registry/blobs/*[!6]) untrusted=$((untrusted + 1)) ;; esac
        n=$((n + 1))
        cp "clean/${file#registry/}" "$file"
    done
done < <(find registry -type f | sort)
ok "all of $n changed bytes are found" test "$missed" = 0
ok 'a blob that was changed is a digest that does not hold' test "$untrusted" = 0
ok 'enough bytes were tried' test "$n" -gt 40
expect 0 mlp-register verify

# A line that was cut by a crash was never acknowledged; the next writer removes it.
printf '{"seq":99,"ti' >>registry/log.ndjson
expect 0 mlp-register list
expect 0 mlp-register tag fraud@1 after=crash
expect 0 mlp-register verify
has out 'all hold'
# A derived index that is missing or behind is made again.
rm registry/index.json
expect 0 mlp-register verify
ok 'the index is back' test -s registry/index.json
# A missing blob is told, whichever it is.
while read -r file; do
    mv "$file" gone
    expect 6 mlp-register verify
    has err "blob sha256:${file##*/} is missing"
    mv gone "$file"
done < <(find registry/blobs -type f | sort)
expect 0 mlp-register verify
finish
