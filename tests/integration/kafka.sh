#!/usr/bin/env bash
# mlp-serve kafka against a real broker (Apache Kafka in KRaft mode, on 127.0.0.1 alone): exactly once
# while the process is killed MLP_KILLS times (20), members come, go and sleep, and the broker ends.
. "$(dirname "$0")/../cli/lib.sh"
FIXTURES=$ROOT/tests/fixtures/serve
model=$FIXTURES/stable.joblib
expect 2 mlp-serve kafka "$model" --from a
has err '--to TOPIC'
expect 2 mlp-serve kafka "$model" --from a --to a
has err 'read again'
expect 5 mlp-serve kafka "$model" --from a --to b --library ./none.so
has err 'librdkafka 1.6 or later'
expect 3 mlp-serve kafka "$model" --from a --to b --library libz.so.1
has err 'rd_kafka_version_str'

ldconfig -p 2>/dev/null | grep -q 'librdkafka\.so\.1 ' || skip 'needs librdkafka'
expect 2 mlp-serve kafka "$model" --from a --to b -X isolation.level=read_uncommitted
has err 'exactly-once rests upon it'
expect 2 mlp-serve kafka "$model" --from a --to b -X linger.ms=soon
has err 'linger.ms'
printf '# a comment\n\nsasl.passwort=x\n' >settings
expect 2 mlp-serve kafka "$model" --from a --to b -F settings
has err 'sasl.passwort'
expect 2 mlp-serve kafka "$model" --from a --to b -X linger.ms
has err 'NAME=VALUE'
expect 7 mlp-serve kafka "$model" -b 127.0.0.1:1 --from a --to b --wait 1s
has err 'does a broker answer at 127.0.0.1:1?'
# SIGTERM is heard before a broker answers.
mlp-serve kafka "$model" -b 127.0.0.1:1 --from a --to b 2>err &
sleep 0.7
kill $!
start=$SECONDS
wait $!
ok 'SIGTERM while it starts' test "$((SECONDS - start))" -lt 5
# The example's arguments are meant: only its brokers are not there.
mapfile -t args < <(awk '/^ +args:/ { on = 1; next } on && /^ +- / { sub(/^ +- /, ""); print; next } on { exit }' \
    "$ROOT/examples/kubernetes/kafka.yaml")
args=("${args[@]/#\/data\/model.joblib/$model}")
expect 7 mlp-serve kafka "${args[@]/kafka-bootstrap:9092/127.0.0.1:1}" --wait 1s
has err 'does a broker answer'

need java || skip 'needs java'
need mvn || skip 'needs mvn'
need python3 || skip 'needs python3'
tools=$ROOT/build/tools/kafka
mkdir -p "$tools"
if [ ! -e "$tools/ready" ]; then
    cat >"$tools/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>mlp</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>3.9.0</version>
  </dependency></dependencies>
</project>
POM
    timeout 200 mvn -q -B -f "$tools/pom.xml" dependency:copy-dependencies -DoutputDirectory="$tools/jars" >err 2>&1 &&
        python3 -m venv "$tools/venv" 2>err &&
        timeout 100 "$tools/venv/bin/pip" install -q confluent-kafka >err 2>&1 && : >"$tools/ready"
    [ -e "$tools/ready" ] || skip "Kafka cannot be had: $(tail -n 1 err)"
fi
expect 0 timeout 280 "$tools/venv/bin/python" "$ROOT/tests/integration/kafka_checks.py" "$tools/jars" "$model"
has out 'checks passed'
sed "s/^/$TEST: /" out
finish
