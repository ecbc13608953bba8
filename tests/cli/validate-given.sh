#!/usr/bin/env bash
# shellcheck disable=SC2016
# mlp-validate check: parameters and environments of rules, and what they compare with a reference.
. "$(dirname "$0")/lib.sh"

cat >rules.yaml <<'END'
version: 1
parameters: {top: 120, plans: [free, pro], low: null, word: p}
environments: [training, serving]
columns:
  age:   {type: int, min: $(low), max: $(top)}
  plan:  {type: string, in: $(plans), match: '^($(word)ro|free)$'}
  label: {type: bool, required: true, env: training}
checks:
  - {name: old, expect: 'age < $(top)', not_env: serving}
END
printf 'age,plan,label\n1,free,true\n20,pro,false\n30,pro,true\n' >train.csv
printf 'age,plan\n1,free\n20,pro\n30,gold\n' >serve.csv

# Parameters: defaults, types, lists, and those that have to be given.
expect 3 mlp-validate check -r rules.yaml train.csv
has err 'rules.yaml:5:22: the parameter "low" has no value'
has err 'give it with -P low=VALUE'
expect 0 mlp-validate check -r rules.yaml -P low=0 train.csv
expect 1 mlp-validate check -r rules.yaml -P low=0 -P top=30 train.csv
has err 'FAIL  old'
expect 1 mlp-validate check -r rules.yaml -P low=0 -P 'plans=[free]' train.csv
has err 'FAIL  plan/in'
expect 1 mlp-validate check -r rules.yaml -P low=0 -P word=x train.csv
has err 'FAIL  plan/match'
expect 2 mlp-validate check -r rules.yaml -P lo=0 train.csv
has err 'has no parameter "lo"'
has err 'its parameters are top, plans, low, word'
expect 2 mlp-validate check -r rules.yaml -P low train.csv
has err 'expected NAME=VALUE'
printf 'version: 1\nparameters: {a: 1}\nrows: {min: $(b)}\n' >unknown.yaml
expect 3 mlp-validate lint unknown.yaml
has err 'unknown.yaml:3:8: there is no parameter "b"'
expect 0 mlp-validate lint -P low=1 rules.yaml
# Without the section, a text is a text.
printf 'version: 1\ncolumns: {plan: {in: ["$(x)"]}}\n' >plain.yaml
printf 'plan\n$(x)\n' >plain.csv
expect 0 mlp-validate check -r plain.yaml plain.csv

# Environments.
expect 3 mlp-validate check -r rules.yaml -P low=0 serve.csv
has err 'there is no column "label"'
expect 1 mlp-validate check -r rules.yaml -P low=0 --env serving serve.csv
has err 'FAIL  plan/in'
hasnt err 'ok    old'
expect 0 mlp-validate check -r rules.yaml -P low=0 --env serving train.csv
expect 2 mlp-validate check -r rules.yaml -P low=0 --env srving train.csv
has err 'no rule is about the environment "srving"'
printf 'version: 1\nenvironments: [a]\ncolumns: {plan: {required: true, env: b}}\n' >bad.yaml
expect 3 mlp-validate lint bad.yaml
has err 'bad.yaml:3:34: env: expected one of the names under environments'

# A reference: a profile or a table.
cat >drift.yaml <<'END'
version: 1
rows: {min: 1}
drift:
  age:  {mean: 10%, ks: 0.2, p: 0.01, missing: 1%}
  plan: {linf: 0.1, js: 0.5, psi: 2, unseen: 0, severity: warn}
reference: {rows: [0.5, 2], schema: same}
END
mlp-validate profile train.csv >profile.json 2>/dev/null
for reference in profile.json train.csv; do
    expect 0 mlp-validate check -r drift.yaml --reference $reference train.csv
    expect 1 mlp-validate check -r drift.yaml --reference $reference serve.csv
    has err 'warn  plan/drift linf'
    has err 'warn  plan/drift unseen'
    has err 'FAIL  reference schema'
    has err 'ok    age/drift mean'
    has err 'ok    reference rows'
done
for _ in 1 2 3; do tail -n 3 train.csv; done >tails
sed "s/^/9/" tails >old.csv
cat train.csv old.csv >moved.csv
expect 1 mlp-validate check -r drift.yaml --reference profile.json moved.csv
has err 'FAIL  age/drift mean'
has err 'FAIL  age/drift ks'
has err 'FAIL  reference rows'
# The distances are those of mlp-drift.
mlp-validate check -q -r drift.yaml --reference profile.json -R json:ours.json moved.csv >/dev/null
mlp-drift check -q -r profile.json -R json:theirs.json moved.csv
same_number() { # what, ours, theirs
    ok "$1: $2 is $3" test -n "$2" -a "${2:0:10}" = "${3:0:10}"
}
number() { tr -d '\n ' <"$1" | grep -o "$2" | head -1 | grep -o '[-0-9.e]*$'; }
same_number ks "$(number ours.json '"id":"age/driftks"[^}]*"value":[0-9.]*')" \
    "$(number theirs.json '"ks":[0-9.]*')"
# Without a reference they are told, not judged; and alone they are no check.
expect 0 mlp-validate check -r drift.yaml train.csv
has err 'not judged: there is no --reference'
printf 'version: 1\ndrift: {age: {ks: 0.1}}\n' >only.yaml
expect 2 mlp-validate check -r only.yaml train.csv
has err '--reference FILE is needed'
expect 2 mlp-validate check -r plain.yaml --reference train.csv plain.csv
has err 'the rules compare nothing with a reference'
printf 'version: 1\ndrift: {age: {lnf: 0.1}}\n' >typo.yaml
expect 3 mlp-validate lint typo.yaml
has err 'typo.yaml:2:15: '
has err 'linf'
finish
