#!/usr/bin/env bash
# Rules about what is outside of the table: figures of the runs before, and the file itself.
. "$(dirname "$0")/lib.sh"

cat >rules.yaml <<'END'
version: 1
columns:
  amount: {type: float, max: 100, mean: [0, 1000], severity: warn}
history:
  rows: {change: [0.5, 2]}
  amount/mean: {deviations: 3, least: 4}
  amount/max: {deviations: 2}
END
day() { # rows, amount
    { echo amount; for _ in $(seq "$1"); do echo "$2"; done; } >day.csv
}
check() { expect "$1" mlp-validate -r rules.yaml --history runs -R "json:$2" -o good day.csv; }

mkdir runs
echo 'no report' >runs/readme.txt
day 10 5
check 0 runs/1.json
has err '10, and no run before to compare with'
has err 'and only 0 runs before'
for run in 2 3 4; do
    day $((10 + run)) $((4 + run % 2))
    check 0 "runs/$run.json"
done
# Means of 5, 4, 5 and 4: 4.5, deviation 0.577.
day 15 6.2
check 0 last.json
has err '1.07143 times the 14 of the last run'
has err 'the mean of 4 runs is 4.5, their deviation 0.57735'
day 15 6.3
check 1 last.json
has err 'FAIL  history/amount/mean  6.3; the mean'
# Twice the rows of the last run may be, and no more.
day 28 5
check 0 last.json
day 29 5
check 1 last.json
has err 'FAIL  history/rows'
has err 'expected a ratio of 0.5 to 2'
# The share of rows that a rule rejects: none so far, so that one is too many.
{ echo amount; for _ in $(seq 14); do echo 5; done; echo 500; } >day.csv
check 1 last.json
has err 'FAIL  history/amount/max'

# Without a history nothing is judged; a report; a figure that is not there; what is no report.
day 1000 5
expect 0 mlp-validate -r rules.yaml -o good day.csv
has err 'no run before'
expect 1 mlp-validate -r rules.yaml --history runs/4.json -o good day.csv
expect 5 mlp-validate -r rules.yaml --history nowhere -o good day.csv
echo '{"format": "other"}' >runs/5.json
expect 3 mlp-validate -r rules.yaml --history runs -o good day.csv
has err 'runs/5.json'
rm runs/5.json
echo 'history: {amount/median: {change: [0.5, 2]}}' >odd.yaml
expect 3 mlp-validate -r odd.yaml --history runs -o good day.csv
has err 'odd.yaml:1:11'
has err 'no figure "amount/median"'
for text in 'history: [rows]' 'history: {rows: {}}' 'history: {rows: {deviations: many}}' \
    'history: {rows: {deviations: 2, least: 1}}' 'history: {rows: {ratio: 2}}' \
    'file: {bytes: many}' 'file: {fresh: soon}' 'file: {size: 3}'; do
    echo "$text" >odd.yaml
    expect 3 mlp-validate -r odd.yaml -o good day.csv
    has err 'odd.yaml:1:'
done
echo 'columns: {amount: {type: float, min: 0}}' >odd.yaml
expect 2 mlp-validate -r odd.yaml --history runs -o good day.csv
has err 'compare nothing with a history'

# The file itself.
day 2 5
sum=$(sha256sum <day.csv)
printf 'file: {bytes: [5, 20], hash: "sha256:%s", fresh: 1h}\n' "${sum%% *}" >file.yaml
expect 0 mlp-validate -r file.yaml -o good day.csv
has err 'ok    file/bytes  11 bytes; expected 5 to 20 bytes'
has err 'ok    file/fresh'
expect 0 mlp-validate -n -r file.yaml
has out 'file: the file itself'
touch -d '2 hours ago' day.csv
expect 1 mlp-validate -r file.yaml -o good day.csv
has err 'FAIL  file/fresh'
has err 'expected not older than 1h'
day 9 5
expect 1 mlp-validate -r file.yaml -o good day.csv
has err 'FAIL  file/bytes'
has err 'FAIL  file/hash'
expect 2 mlp-validate -r file.yaml -o good <day.csv
has err 'name it instead of piping it'
finish
