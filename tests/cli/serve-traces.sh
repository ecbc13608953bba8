#!/usr/bin/env bash
# Traces: W3C traceparent in, spans out to a collector, ids in the log and in OpenMetrics.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/serve.lib"
row='{"a":0.25,"b":1.0,"c":"red"}'
trace=0af7651916cd43dd8448eb211c80319c
parent=b7ad6b7169203331

# A collector that writes what it is sent to spans.ndjson, and refuses while ./down exists.
cat >collector.py <<'END'
import http.server
import json
import os


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        down = os.path.exists("down")
        self.send_response(503 if down else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        if down:
            return
        with open("spans.ndjson", "a") as out:
            for resource in body["resourceSpans"]:
                named = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        span.update(path=self.path, key=self.headers["x-key"], service=named["service.name"])
                        span["attributes"] = {a["key"]: list(a["value"].values())[0]
                                              for a in span["attributes"]}
                        out.write(json.dumps(span) + "\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print("port", server.server_port, flush=True)
server.serve_forever()
END
python3 -u collector.py >collector.out 2>collector.err &
pids+=("$!")
disown "$!"
wait_for collector.out 'port '
port=$(sed 's/port //' collector.out)

touch spans.ndjson
export OTEL_EXPORTER_OTLP_HEADERS='x-key=secret, x-other=1' OTEL_SERVICE_NAME=flights
start traced "$FIXTURES/stable.joblib" --otlp "http://127.0.0.1:$port" --log log.ndjson --trace-sample 1
now=$(date +%s)
ask /predict -d "$row" -H "traceparent: 00-$trace-$parent-01"
wait_for spans.ndjson "$trace"
ok 'the span of a request that belongs to a trace' python3 - "$now" <<END
import json, sys
s = [json.loads(line) for line in open("spans.ndjson")][0]
a = s["attributes"]
assert s["traceId"] == "$trace" and s["parentSpanId"] == "$parent", s
assert len(s["spanId"]) == 16 and s["spanId"] != "$parent", s
assert s["name"] == "POST /predict" and s["kind"] == 2 and "code" not in s["status"], s
assert a["http.request.method"] == "POST" and a["http.route"] == "/predict", a
assert a["http.response.status_code"] == "200" and a["mlp.arm"] == "stable", a
assert a["mlp.digest"].startswith("sha256:") and a["mlp.route"], a
start, end = int(s["startTimeUnixNano"]), int(s["endTimeUnixNano"])
assert 0 < end - start < 5e9 and abs(start / 1e9 - int(sys.argv[1])) < 60, (start, end)
assert s["path"] == "/v1/traces" and s["key"] == "secret" and s["service"] == "flights", s
END
has log.ndjson "\"trace_id\":\"$trace\""

# OpenMetrics, with the trace as the exemplar of its bucket; Prometheus' text has none.
ask /metrics -H 'Accept: application/openmetrics-text; version=1.0.0'
has head 'application/openmetrics-text; version=1.0.0'
has out "# {trace_id=\"$trace\",span_id="
has out '# TYPE mlp_requests counter'
ok 'it ends as it must' test "$(tail -n 1 out)" = '# EOF'
ask /metrics
hasnt out trace_id
has out '# TYPE mlp_requests_total counter'

# Who says that a trace is not sampled means it; without a trace the server begins one.
ask /predict -d "$row" -H "traceparent: 00-${trace//0/1}-$parent-00"
ask /nowhere
wait_for spans.ndjson '"http.route": "unknown"'
ok 'what is not sampled is not sent' test "$(grep -c "${trace//0/1}" spans.ndjson)" = 0
ok 'a trace of its own has no parent' jq -es 'map(select(.attributes["http.route"] == "unknown"))[0] | has("parentSpanId") | not' spans.ndjson

# What is no traceparent is passed over: a new trace.
for bad in "ff-$trace-$parent-01" "00-${trace^^}-$parent-01" "00-$trace-0000000000000000-01" "00-$trace-$parent-01-x" "00-$trace-$parent-0" 'x'; do
    ask /healthz -H "traceparent: $bad"
    ok "$bad is answered" test "$status" = 200
done
ask /healthz -H "traceparent: 01-${trace//0/2}-$parent-01-more"
wait_for spans.ndjson "${trace//0/2}"
ok 'bad ones are in no trace of theirs' test "$(grep -c "$trace" spans.ndjson)" = 1

# A collector that fails costs spans alone.
touch down
ask /predict -d "$row"
ok 'the answer does not depend on it' test "$status" = 200
wait_for traced.err '"event":"traces"'
rm down
ask /predict -d "$row"
sleep 1.5
ask /metrics
ok 'both are counted' grep -Eq '^mlp_spans_lost_total [1-9]' out
ok 'and it goes on' grep -Eq '^mlp_spans_total [1-9]' out
stop 0

# A share of the traces it begins itself; the last spans are sent at the end.
: >spans.ndjson
start some "$FIXTURES/stable.joblib" --otlp "http://127.0.0.1:$port/v1/traces" --trace-sample 0.2
for _ in $(seq 200); do printf 'url = "%s/healthz"\noutput = "/dev/null"\nnext\n' "$url"; done | sed '$d' | curl -sS --config -
stop 0
ok 'about a fifth' test "$(wc -l <spans.ndjson)" -gt 15 -a "$(wc -l <spans.ndjson)" -lt 75

OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$port start by-environment "$FIXTURES/stable.joblib"
ask /predict -d "$row" -H "traceparent: 00-${trace//0/3}-$parent-01"
stop 0
has spans.ndjson "${trace//0/3}"
expect 2 mlp-serve "$FIXTURES/stable.joblib" --otlp 127.0.0.1:4318
expect 2 mlp-serve "$FIXTURES/stable.joblib" --trace-sample 2
finish
