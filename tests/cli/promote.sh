#!/usr/bin/env bash
# mlp-promote as its users run it: a gate that is closed until everything holds, a rollout by
# steps, a rollback; and what may not pass.
. "$(dirname "$0")/lib.sh"
export MLP_REGISTRY=$SCRATCH/registry
mkdir keys
mlp-package keygen keys/ci >/dev/null 2>&1
mlp-package keygen keys/owner >/dev/null 2>&1
mlp-package keygen keys/other >/dev/null 2>&1
report() { # NAME OUTCOME AUC
    cat >"$1" <<END
{"format":"mlp-report/1","tool":"test","kind":"model","outcome":"$2","checks":[
 {"id":"roc_auc","type":"metric","column":"roc_auc","severity":"error","outcome":"$2",
  "measures":{"value":$3}}]}
END
}
report good.json pass 0.8
report bad.json fail 0.6
printf one >one && printf two >two && printf three >three
package() { mlp-package create --no-load --evidence "$2" --key "$3" -o "$1.mlp" fraud "$1" >/dev/null 2>err || fail "create $1"; }
package one good.json keys/ci.key
package two good.json keys/ci.key
package three bad.json keys/other.key
cat >policy.yaml <<'END'
policy: production
model: fraud
to: {alias: production}
require: {signatures: [keys/ci.pub], reports: [model]}
gates: [{name: auc, metric: roc_auc, min: 0.7}]
approvals: {needed: 1, keys: [keys/owner.pub], not_author: true}
rollout: {steps: [{weight: 20, for: 1h}, {weight: 60}]}
END
mlp-register init 2>/dev/null
for p in one two three; do mlp-register add --actor carol $p.mlp >/dev/null 2>&1 || fail "add $p"; done

expect 1 mlp-promote check fraud@1
has out 'approvals'
expect 1 mlp-promote check fraud@3
has out 'signature/keys/ci.pub'
has out 'gate/auc'
expect 1 mlp-promote check --format json fraud@1
if need python3; then
    ok 'the verdict is a report' python3 -c 'import json; r = json.load(open("out")); assert r["kind"] == "gate" and r["outcome"] == "fail"'
fi
cp out verdict
expect 0 env SOURCE_DATE_EPOCH=1700000000 sh -c 'mlp-promote check --format json fraud@1 >a; mlp-promote check --format json fraud@1 >b; cmp a b'
expect 0 mlp-promote request fraud@1
has err 'missing: approvals'

# Who may not approve: a key that the policy does not name, and whoever registered the version.
expect 0 mlp-promote approve --key keys/other.key --actor mallory fraud@1
expect 1 mlp-promote check fraud@1
expect 0 mlp-promote approve --key keys/owner.key --actor carol fraud@1
expect 1 mlp-promote check fraud@1
has out 'its author registered the model'
expect 2 mlp-promote approve --actor alice fraud@1
has err '--key'
expect 0 mlp-promote approve --key keys/owner.key --actor alice fraud@1
expect 0 mlp-promote check fraud@1
# An approval counts for one policy: another text is another policy.
sed 's/min: 0.7/min: 0.71/' policy.yaml >other.yaml
expect 1 mlp-promote check --policy other.yaml fraud@1

# Rolling out: closed stays closed and changes nothing; open goes to 100 % at once the first time.
expect 1 mlp-promote rollout --deployment d.yaml fraud@2
ok 'a closed gate writes no file' test ! -e d.yaml
expect 5 mlp-register show fraud@production
expect 0 mlp-promote rollout --deployment d.yaml fraud@1
has d.yaml 'version: 1'
has d.yaml 'weight: 100'
expect 0 mlp-register show fraud@production

# The second goes by steps: while they run, both versions are in the file.
mlp-promote approve --key keys/owner.key --actor alice fraud@2 2>/dev/null
(while sleep 0.01; do cat d.yaml >>seen 2>/dev/null; done) &
watcher=$!
expect 0 mlp-promote rollout --no-wait --deployment d.yaml fraud@2
kill $watcher 2>/dev/null
wait $watcher 2>/dev/null
has err 'fraud@2 gets 20 %'
has err 'fraud@2 gets 60 %'
has d.yaml 'version: 2'
hasnt d.yaml 'version: 1,'
expect 0 mlp-promote status --deployment d.yaml fraud
has out 'version 2 (before: 1'
expect 0 mlp-promote rollback --deployment d.yaml --reason 'it is worse' fraud
has d.yaml 'version: 1'
expect 0 mlp-register log
has out 'reason=it is worse'
expect 5 mlp-promote rollback --to nowhere --deployment d.yaml fraud
expect 0 mlp-register verify

# A deployment file that is not one, a policy that is not one, a folder that may not be written.
printf 'routes: 7\n' >broken.yaml
expect 3 mlp-promote rollout --no-wait --deployment broken.yaml fraud@2
has err 'broken.yaml'
expect 0 mlp-register verify
printf 'policy: p\ngaets: []\n' >typo.yaml
expect 3 mlp-promote check --policy typo.yaml fraud@1
has err 'typo.yaml:2'
has err 'gates'
expect 5 mlp-promote check --policy missing.yaml fraud@1
expect 4 sh -c "mlp-promote check --format json fraud@1 >/dev/full"
for f in *.tmp registry/*.tmp; do ok "no temporary file: $f" test ! -e "$f"; done
finish
