#!/usr/bin/env bash
# examples/prometheus against a real Prometheus: it scrapes the server, judges the alerts, and knows
# every metric that the dashboard asks for.
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'

tools=$ROOT/build/tools/prometheus
if ! [ -x "$tools/usr/bin/prometheus" ]; then
    need apt-get || skip 'needs apt-get, to fetch prometheus without installing it'
    apt-get download prometheus >out 2>err && dpkg -x prometheus_*.deb "$tools" 2>>err
    [ -x "$tools/usr/bin/prometheus" ] || skip "prometheus cannot be fetched: $(tail -n 1 err)"
fi
PATH=$tools/usr/bin:$PATH

cp "$ROOT"/examples/prometheus/* .
expect 0 promtool check rules alerts.yaml
expect 0 promtool check config prometheus.yml

awk 'BEGIN { srand(1); print "a,b,c"; for (i = 0; i < 500; i++) printf "%f,%f,red\n", rand(), rand() }' >train.csv
expect 0 mlp-drift profile train.csv -o profile.json
start server "$FIXTURES/stable.joblib" --profile profile.json --log log.ndjson
ask /predict -H 'Content-Type: text/csv' --data-binary @train.csv
for _ in 1 2 3; do
    ask /predict -d "$row" -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
done
ask /metrics
expect 0 promtool check metrics <out

sed -i "s/127.0.0.1:8080/$address/; s/15s/1s/" prometheus.yml
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus --config.file=prometheus.yml --storage.tsdb.path=data --enable-feature=exemplar-storage \
    --web.listen-address="127.0.0.1:$port" >prometheus.log 2>&1 &
pids+=("$!")
disown "$!"
query() { curl -sS -G "http://127.0.0.1:$port/api/v1/$1" --data-urlencode "query=$2" "${@:3}"; }
for _ in $(seq 120); do
    [ "$(query query 'mlp_drift_rows > 0' 2>/dev/null | jq '.data.result | length' 2>/dev/null)" = 1 ] && break
    sleep 0.5
done
ok 'it is up' test "$(query query 'up{job="mlp-serve"}' | jq -r '.data.result[0].value[1]')" = 1
ok 'and its rows are known' test "$(query query mlp_drift_rows | jq -r '.data.result[0].value[1]')" -ge 500
ok 'the rules were judged without errors' test "$(curl -sS "http://127.0.0.1:$port/api/v1/rules" | jq '[.data.groups[].rules[] | select(.health == "err")] | length')" = 0
for _ in $(seq 40); do
    exemplars=$(query query_exemplars mlp_request_duration_seconds_bucket -d start="$(($(date +%s) - 600))" -d end="$(($(date +%s) + 60))")
    grep -q 0af7651916cd43dd8448eb211c80319c <<<"$exemplars" && break
    sleep 0.5
done
ok 'exemplars lead to traces' grep -q 0af7651916cd43dd8448eb211c80319c <<<"$exemplars"

# Every expression of the dashboard parses, and every metric in it is one that the server has.
ask /metrics
# shellcheck disable=SC2016 # Grafana's variables, not ours
jq -r '.panels[].targets[].expr, .annotations.list[].expr' grafana.json |
    sed 's/\$__rate_interval/1m/g; s/\$instance/.*/g' >expressions
ok 'the dashboard asks for something' test "$(wc -l <expressions)" -ge 12
while IFS= read -r expression; do
    ok "Prometheus takes $expression" test "$(query query "$expression" | jq -r .status)" = success
    while IFS= read -r metric; do
        ok "$metric is a metric" grep -q "^# TYPE $metric " out
    done < <(grep -oE '(mlp|process)_[a-z_]+' <<<"$expression" | sed 's/_bucket$//' | sort -u)
done <expressions
stop 0
finish
