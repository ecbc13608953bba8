#!/usr/bin/env bash
# Every example of every manual page, in the page's order, in a folder where the pipeline has
# already run once.
. "$(dirname "$0")/lib.sh"
export SOURCE_DATE_EPOCH=1700000000

# What the examples find: data, rules, a model, its evidence and package, keys, a registry.
people() { # SEED: rows with a label that the model does not quite hit
    awk -v seed="$1" 'BEGIN { srand(seed); split("Paris,Kyiv,New York,Berlin", c, ",")
        print "age,income,city,late"
        for (i = 0; i < 1200; i++) printf "%d,%.2f,%s,%s\n", 20 + 60 * rand(), 80000 * rand(),
            c[int(1 + 4 * rand())], rand() < 0.4 ? "yes" : "no" }'
}
people 1 >train.csv
people 2 >test.csv
people 3 >new.csv
people 4 >clean.csv
cp train.csv raw.csv
cat >rules.yaml <<'END'
version: 1
columns:
  age:  {type: int, min: 0, max: 120}
  city: {type: string, in: [Paris, Kyiv, New York, Berlin]}
END
printf '{"resources": [{"name": "raw", "path": "raw.csv"}]}' >datapackage.json
printf 'version: 1\nmodel: {metrics: {roc_auc: {min: 0.3}}}\n' >model-rules.yaml
cp "$ROOT/tests/fixtures/model/trees.joblib" model.joblib
cp model.joblib model.json
mlp-validate profile train.csv >profile.json
mlp-validate profile --reference profile.json test.csv >shard1.json
mlp-validate profile --reference profile.json new.csv >shard2.json
mlp-serve batch model.joblib --keep late test.csv >predictions.csv
cp predictions.csv old.csv
mlp-validate model -q --label late -R json:report.json predictions.csv
cp report.json eval.json
mlp-package keygen ci >/dev/null 2>&1
mlp-package keygen alice >/dev/null 2>&1
mlp-package create flights model.joblib --profile profile.json --evidence report.json \
    --key ci.key -o flights.mlp >/dev/null
mlp-drift profile --reference profile.json new.csv >day2.json
cat >policy.yaml <<'END'
policy: production
model: flights
to: {alias: production}
require: {signatures: [ci.pub], reports: [model]}
approvals: {needed: 1, keys: [alice.pub]}
END
# The log of a server, and labels that came later.
awk -F, 'BEGIN { srand(5) } NR > 1 { p = rand()
    printf "{\"id\":\"r%d\",\"features\":{\"age\":%s,\"income\":%s,\"city\":\"%s\"},", NR, $1, $2, $3
    printf "\"output\":{\"prediction\":\"%s\",\"probabilities\":{\"no\":%.4f,\"yes\":%.4f}}}\n",
        p < 0.5 ? "no" : "yes", 1 - p, p }' new.csv >predictions.ndjson
awk -F, 'NR > 1 { printf "{\"id\":\"r%d\",\"label\":\"%s\"}\n", NR, $4 }' new.csv >labels.ndjson

# What is in production before the examples of the registry begin; signed with the key that the
# examples of mlp-package made.
registry() {
    mlp-register init --registry registry
    mlp-register add --registry registry flights.mlp
    mlp-package create flights model.joblib --evidence eval.json --key ci.key -o second.mlp
    mlp-register add --registry registry second.mlp
    mlp-promote approve --registry registry --policy policy.yaml --key alice.key --actor alice \
        flights@2
    mlp-promote rollout --registry registry --policy policy.yaml --deployment deployment.yaml \
        --no-wait flights@2
}

# commands PAGE: the examples, a line each.
commands() {
    awk '/^\.Sh /{ on = ($2 == "EXAMPLES") } on && /^\.Bd/{ b = 1; next } /^\.Ed/{ b = 0 }
         on && b' "$1" | sed 's/\\e/\\/g; s/\\-/-/g'
}

# A gate that waits for its approval and data that drifted are findings, not failures.
may_find() { case $1 in *leakage* | *'promote check'* | *'promote request'* | *'drift check'*) return 0 ;; *) return 1 ;; esac; }

# no_room COMMAND: what printed before must tell when its words have nowhere to go.
no_room() {
    local to status
    for to in '>/dev/full' '>&-' '| sleep 0'; do
        if [ "$to" = '>/dev/full' ] && [ ! -w /dev/full ]; then continue; fi
        status=0
        bash -o pipefail -c "$1 $to" </dev/null >/dev/null 2>err || status=$?
        case $to$status in
        '| sleep 0'*) # the reader may have gone before a word was written, or after the last
            ok "exit $status into a pipe without a reader: $1" \
                test $status = 0 -o $status = 1 -o $status = 4 -o $status = 141 ;;
        *)
            ok "exit $status, expected 4: $1 $to" test $status = 4
            ok "a reason: $1 $to" test -s err
            ;;
        esac
    done
}

busy() { (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; }
run=0
for tool in validate drift package register promote serve; do
    if [ $tool = register ]; then
        registry >/dev/null 2>err || fail 'a registry to begin with'
    fi
    while IFS= read -r command; do
        run=$((run + 1))
        case $command in
        *localhost:8080* | *'mlp-serve --deployment'*)
            if busy || ! command -v curl >/dev/null; then
                printf '%s: skipped: %s (needs port 8080 and curl)\n' "$TEST" "$command"
                continue
            fi
            ;;
        esac
        status=0
        bash -o pipefail -c "$command" </dev/null >out 2>err || status=$?
        case $status$command in
        [01]*[\>\|\&]*) ;;
        [01]*) if [ -s out ]; then no_room "$command"; fi ;;
        esac
        case $status in
        0 | 143) pass ;;
        1) if may_find "$command"; then pass; else fail "exit 1: $command"; fi ;;
        *) fail "exit $status: $command" ;;
        esac
    done < <(commands "$ROOT/man/mlp-$tool.1")
done
ok "every page has examples ($run in all)" test "$run" -ge 40
finish
