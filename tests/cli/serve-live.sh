#!/usr/bin/env bash
# The live profile: what a model is asked, counted into the edges of its reference; the drift in
# /metrics; the profile that mlp-drift reads.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"

# rows SEED SHIFT: 2,000 rows of the model's features, a moved by SHIFT.
rows() {
    awk -v seed="$1" -v shift_="$2" 'BEGIN {
        srand(seed)
        print "a,b,c"
        for (i = 0; i < 2000; i++) {
            u = sqrt(-2 * log(1 - rand())) * cos(6.283185307 * rand())
            printf "%.6f,%.4f,%s\n", u + shift_, rand(), rand() < 0.7 ? "red" : "blue"
        }
    }'
}
rows 1 0 >train.csv
rows 2 0 >same.csv
rows 3 1 >moved.csv
expect 0 mlp-drift profile train.csv -o profile.json

# value NAME LABELS: a sample of /metrics.
value() { sed -n "s/^$1{[^}]*$2[^}]*} //p" out; }
post() { ask "/predict" -H 'Content-Type: text/csv' --data-binary "@$1"; }

start live "$FIXTURES/stable.joblib" --profile profile.json --admin unix:admin.sock --live-window 1h
ask /metrics
has out 'mlp_drift_rows{route="stable",arm="stable"} 0'
hasnt out 'mlp_drift_effect{'
post same.csv
ok 'rows are answered' test "$status" = 200
sleep 2.2
ask /metrics
ok 'they are counted' test "$(value mlp_drift_rows '')" = 2000
ok 'more rows of the same kind are no drift' awk -v e="$(value mlp_drift_effect 'feature="a"')" 'BEGIN { exit !(e > 0 && e < 0.1) }'
ok 'nor by chance' awk -v p="$(value mlp_drift_p_value 'feature="a"')" 'BEGIN { exit !(p > 0.01) }'
has out 'feature="c",measure="js"'
curl -sS --unix-socket admin.sock http://x/admin/profile/stable >live.json
expect 0 mlp-drift check --reference profile.json live.json
expect 0 mlp-drift profile --reference profile.json same.csv -o same.json
ok 'the profile is that of the same rows' python3 - live.json same.json <<'END'
import json, sys
live, same = (json.load(open(name)) for name in sys.argv[1:])
assert live["rows"] == same["rows"] == 2000
for a, b in zip(live["columns"], same["columns"]):
    assert a["counts"] == b["counts"] if "counts" in b else True, (a["name"], a, b)
    assert a["missing"] == b["missing"] == 0 and a["type"] == b["type"], (a, b)
END

post moved.csv
ask /predict -d '[{"a":0.1,"b":0.5,"c":null},[0.1,0.5,null]]'
ok "missing values too: $(cat out)" test "$status" = 200
sleep 2.2
ask /metrics
ok 'all of them' test "$(value mlp_drift_rows '')" = 4002
ok 'a move is drift' awk -v e="$(value mlp_drift_effect 'feature="a"')" 'BEGIN { exit !(e > 0.3) }'
ok 'which chance does not bring' awk -v p="$(value mlp_drift_p_value 'feature="a"')" 'BEGIN { exit !(p < 1e-6) }'
ok 'the other columns are still' awk -v e="$(value mlp_drift_effect 'feature="b"')" 'BEGIN { exit !(e < 0.1) }'
ok 'missing values have their share' awk -v m="$(value mlp_drift_missing_ratio 'feature="c"')" 'BEGIN { exit !(m > 0 && m < 0.001) }'
curl -sS --unix-socket admin.sock http://x/admin/profile >live.json
expect 1 mlp-drift check --reference profile.json live.json
has out 'a'
ok 'no other route' test "$(curl -sS -o out -w '%{http_code}' --unix-socket admin.sock http://x/admin/profile/none)" = 404
ok 'no other arm' test "$(curl -sS -o out -w '%{http_code}' --unix-socket admin.sock 'http://x/admin/profile?arm=canary')" = 404
ask /admin/profile
ok 'clients do not see it' test "$status" = 404
stop 0

# The window moves on; the profile of all rows stays. Answers are compared where the reference has them.
{ echo 'a,b,c,output.prediction' && tail -n +2 train.csv | sed 's/$/,false/'; } >answers.csv
expect 0 mlp-drift profile answers.csv -o answers.json
start window "$FIXTURES/stable.joblib" --profile answers.json --admin unix:admin.sock --live-window 2s
post same.csv
sleep 1.5
ask /metrics
has out 'feature="output.prediction"'
sleep 4.5
ask /metrics
ok 'the window is empty again' test "$(value mlp_drift_rows '')" = 0
ok 'the profile is not' test "$(curl -sS --unix-socket admin.sock http://x/admin/profile | jq .rows)" = 2000
ok 'but for the window' test "$(curl -sS --unix-socket admin.sock 'http://x/admin/profile?window=true' | jq .rows)" = 0
stop 0

start none "$FIXTURES/stable.joblib" --profile profile.json --live-window 0s
ask /metrics
hasnt out mlp_drift
stop 0
expect 5 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --profile missing.json
echo '{' >broken.json
expect 3 mlp-serve "$FIXTURES/stable.joblib" --listen 127.0.0.1:0 --profile broken.json
finish
