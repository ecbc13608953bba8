#!/usr/bin/env bash
# mlp-validate model: champions by paired tests, slices, fairness, costs, times, worst groups.
. "$(dirname "$0")/lib.sh"

# 400 rows; segment d of rich ones is served badly, and group b is chosen half as often.
awk 'BEGIN { print "id,late,proba_1,segment,group,income,ms" > "p.csv"
    print "id,late,proba_1,segment,group,income,ms" > "old.csv"
    for (i = 0; i < 400; i++) {
        y = (i * 7 % 10) < 4; seg = substr("abcd", i % 4 + 1, 1); g = i % 3 ? "a" : "b"
        bad = seg == "d" && i >= 200
        s = (i * 37 % 100) / 200 + (bad ? 1 - y : y) * 0.45 - (g == "b") * 0.1
        if (s < 0) s = 0
        o = (i * 53 % 100) / 130 + y * 0.2
        printf "%d,%d,%.3f,%s,%s,%d,%.2f\n", i, y, s, seg, g, i * 10, 5 + i % 50 > "p.csv"
        printf "%d,%d,%.3f,%s,%s,%d,%.2f\n", i, y, o, seg, g, i * 10, 5 + i % 50 > "old.csv"
    } }'
# measure REPORT CHECK MEASURE
measure() {
    python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["checks"]:
    if c["id"] == sys.argv[2]: print(c["measures"].get(sys.argv[3], "none"))' "$@"
}
outcome() { # REPORT CHECK
    python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["checks"]:
    if c["id"] == sys.argv[2]: print(c["outcome"])' "$@"
}
# judge STATUS GATES FLAGS...: the section model: in YAML, the report in r.json
judge() {
    printf 'model: %s\n' "$2" >rules.yaml
    local want=$1
    shift 2
    expect "$want" mlp-validate model -r rules.yaml --label late --rounds 100 -R json:r.json "$@" p.csv
}

# The champion, by its tests.
judge 0 '{metrics: {accuracy: {alpha: 0.05}}}' --champion old.csv
ok 'McNemar has the p' test "$(measure r.json accuracy p_value)" = "$(measure r.json accuracy mcnemar_p)"
judge 0 '{metrics: {accuracy: {alpha: 0.05, test: bootstrap}}}' --champion old.csv
ok 'unless the bootstrap is asked' test "$(measure r.json accuracy p_value)" != \
    "$(measure r.json accuracy mcnemar_p)"
judge 0 '{metrics: {accuracy: {margin: 0.05}}}' --champion old.csv
has out 'surely less than 0.05 worse than the champion'
cp p.csv ours.csv && cp old.csv p.csv && cp ours.csv old.csv
judge 1 '{metrics: {accuracy: {alpha: 0.05}}}' --champion old.csv
has out 'not worse than the champion at the level 0.05'
judge 1 '{metrics: {accuracy: {margin: 0.01}}}' --champion old.csv
judge 0 '{metrics: {accuracy: {margin: 60%}}}' --champion old.csv
judge 1 '{metrics: {accuracy: {drop: 1%}}}' --champion old.csv
judge 0 '{metrics: {accuracy: {drop: 50%}}}' --champion old.csv
cp old.csv p.csv
printf 'y,prediction\n1,1.5\n2,2.5\n3,3.5\n4,4.1\n5,9\n6.5,6\n' >num.csv
printf 'y,prediction\n1,1.1\n2,2.2\n3,3.4\n4,4.2\n5,5\n6.5,6.1\n' >good.csv
printf 'model: {metrics: {mae: {alpha: 0.05, test: wilcoxon}}}\n' >w.yaml
mlp-validate model -r w.yaml --champion good.csv -q -R json:r.json num.csv
ok 'Wilcoxon has the p' test "$(measure r.json mae p_value)" = "$(measure r.json mae wilcoxon_p)"

# Without a champion nothing of a comparison is judged, and that is told.
judge 2 '{metrics: {accuracy: {drop: 1%}}}'
has err 'no gate of the rules was judged'
judge 0 '{metrics: {accuracy: {drop: 1%}, roc_auc: {min: 0.1}}}'
has out 'The model passes its 1 gates'
has out 'not compared: there is no --champion'

# The baseline.
judge 0 '{metrics: {accuracy: {gain: 0.1}}}'
ok 'most rows are of one class' test "$(measure r.json accuracy baseline)" = 0.6
judge 1 '{metrics: {accuracy: {gain: 0.39}}}'
has out 'at least 0.39 better than the baseline'

# Slices.
judge 1 '{metrics: {accuracy: {slices: [segment], worst: 0.8, gap: 0.1}}}'
has out 'accuracy/segment/worst'
has out '(segment=d)'
ok 'a slice is a check' test "$(outcome r.json accuracy/segment=a)" = pass
ok 'the slices have all rows' python3 -c "
import json
rows = [c['measures']['rows'] for c in json.load(open('r.json'))['checks'] if c['type'] == 'slice'
        and 'rows' in c['measures']]
assert rows == [100] * 4, rows"
judge 0 '{metrics: {accuracy: {slices: [segment], worst: 0.4, gap: 0.7}}}'
judge 1 '{min_slice: 150, metrics: {accuracy: {slices: [segment], worst: 0.1}}}'
has out 'no slice has 150 rows'
judge 0 '{metrics: {accuracy: {slices: [income]}}}'
has out 'income=< 1000'
expect 0 mlp-validate model --label late --slice segment --rounds 0 p.csv
has out 'roc_auc/segment=d'
expect 3 mlp-validate model --label late --slice sgment p.csv
has err 'no column "sgment"'

# Fairness.
judge 1 '{fairness: {group: {demographic_parity_difference: {max: 0.05}}}}'
has out 'group/demographic_parity_difference'
judge 0 '{fairness: {group: {demographic_parity_difference: {max: 0.9, bound: upper},
    demographic_parity_ratio: {min: 0.2}, calibration_difference: {max: 0.5}}}}'
expect 0 mlp-validate model --label late --sensitive group --rounds 0 -f json p.csv
ok 'the difference is that of the rates' python3 -c "
a, b = $(measure out fairness/group=a selection_rate), $(measure out fairness/group=b selection_rate)
assert abs(abs(a - b) - $(measure out group/demographic_parity_difference value)) < 1e-12"

# Costs.
judge 0 '{cost: {fp: 1, fn: 5}, metrics: {expected_cost: {max: 2}}}'
ok 'the cost is the mean' python3 -c "
import csv
rows = [(float(r['proba_1']) >= 0.5, r['late'] == '1') for r in csv.DictReader(open('p.csv'))]
cost = sum(p and not y for p, y in rows) + 5 * sum(y and not p for p, y in rows)
assert abs(cost / 400 - $(measure r.json expected_cost value)) < 1e-12
assert $(measure r.json best_threshold cost) <= $(measure r.json expected_cost value)"
judge 1 '{cost: {fp: 1, fn: 5}, metrics: {expected_cost: {max: 0.01}}}'
printf 'label,prediction\na,a\nb,c\nc,c\n' >m.csv
printf 'model: {cost: {b: {c: 6}}, metrics: {expected_cost: {max: 1}}}\n' >c.yaml
expect 1 mlp-validate model -r c.yaml --rounds 0 m.csv
has out 'expected_cost       2.0000'

# Times.
judge 0 '{latency: {column: ms, p50: 40, p99: 60}}'
judge 1 '{latency: {column: ms, p50: 10}}'
has out 'latency/p50'
judge 0 '{latency: {column: ms, p95: {max: 60, bound: upper}}}'
judge 1 '{latency: {column: ms, p999: {max: 60, bound: upper}}}'
has out 'too few to bound it'
printf 'ms\n1.5\n2\n100\n' >times.txt
expect 0 mlp-validate model --label late --rounds 0 --latency-file times.txt p.csv
has out '2 ms'
printf '1.5\nfast\n' >times.txt
expect 3 mlp-validate model --label late --rounds 0 --latency-file times.txt p.csv
has err 'times.txt:2: expected milliseconds'

# The worst groups.
judge 1 '{subgroups: {columns: [segment, group, income], alpha: 0.01}}'
has out 'segment=d)'
judge 0 '{subgroups: {columns: [group], alpha: 0.0001}}'
judge 3 '{subgroups: {columns: [group], min_rows: 1000}}'
has err 'nothing was searched'
expect 0 mlp-validate model --label late --rounds 0 --subgroups p.csv
has out 'adjusted for'

# The plots: in the page itself, with words, without scripts; the tables behind them in the detail.
expect 0 mlp-validate model --label late --rounds 0 --champion old.csv -q -R page.html -R json:r.json p.csv
ok 'the drawings are sound and speak' python3 -c "
import re, xml.dom.minidom
page = open('page.html').read()
drawings = re.findall(r'<svg.*?</svg>', page, re.S)
titles = [xml.dom.minidom.parseString(d).getElementsByTagName('title')[0].firstChild.data for d in drawings]
assert titles == ['ROC curve', 'Precision and recall', 'Calibration', 'Confusion matrix'], titles
assert all('aria-label=' in d and '<desc>' in d for d in drawings)
assert '<script' not in page and 'http' not in page and 'nan' not in ''.join(drawings)"
ok 'the matrix counts the rows' python3 -c "
import json
d = json.load(open('r.json'))['detail']
assert sum(d['confusion']) == 400 and sum(d['calibration_rows']) == 400
assert [c['name'] for c in d['classes']] == ['0', '1']"
expect 0 mlp-validate model --rounds 0 -q -R page.html num.csv
has page.html 'Prediction against truth'
printf 'label,prediction\n<b>,<b>\n&x,<b>\nc,c\n' >odd.csv
expect 0 mlp-validate model --rounds 0 -q -R page.html odd.csv
has page.html '&lt;b&gt;</text>'
hasnt page.html '<b>'

# Rules that are wrong, with their place.
faulty() { # YAML WORDS
    printf '%b' "$1" >bad.yaml
    expect 3 mlp-validate model -r bad.yaml --label late p.csv
    has err "$2"
}
faulty 'model:\n  metrics:\n    roc_auc: {gap: 0.1}\n' 'bad.yaml:3:'
faulty 'model:\n  metrics:\n    roc_auc: {slices: []}\n' 'a list of columns'
faulty 'model:\n  metrics:\n    roc_auc: {slices: [city]}\n' 'has no column "city"'
faulty 'model:\n  metrics:\n    roc_auc: {drop: a%%}\n' 'drop takes a number or a share'
faulty 'model:\n  metrics:\n    expected_cost: {max: 1}\n' 'cannot be measured'
faulty 'model:\n  cost: {fq: 1}\n  metrics: {roc_auc: {min: 0}}\n' 'unknown key "fq"'
faulty 'model:\n  fairness: {group: {parity: {max: 1}}}\n' 'unknown key "parity"'
faulty 'model:\n  latency: {p50: 3}\n' 'which times?'
faulty 'model:\n  subgroups: {columns: 3}\n' 'columns takes a list'
faulty 'model:\n  top_k: 0\n  metrics: {roc_auc: {min: 0}}\n' 'top_k takes a whole number'
finish
