#!/usr/bin/env bash
# examples/spark on pyspark, and examples/kubernetes/predict-job.yaml: each pod's command, run here.
. "$(dirname "$0")/../cli/lib.sh"
need python3 || skip 'needs python3'
cp "$ROOT/tests/fixtures/model/trees.joblib" model.joblib

# The job's container, for each index: what ten pods write are the predictions of all rows.
mkdir -p data/in
cp model.joblib data/
for file in a b c; do
    { echo 'note,age,income,city'; for i in $(seq 90); do echo "\"$file $i,"$'\n'"x\",$i,$((i * 99)),Kyiv"; done; } >"data/in/$file.csv"
done
job=$ROOT/examples/kubernetes/predict-job.yaml
ok 'ten pods' grep -q 'completions: 10$' "$job"
mapfile -t args < <(awk '/^ +args:/ { on = 1; next } on && /^ +- / { sub(/^ +- /, ""); print; next } on { exit }' "$job")
ok 'the arguments' test "${#args[@]}" = 4
for index in 0 1 2 3 4 5 6 7 8 9; do
    these=("${args[@]//\/data/data}")
    expect 0 mlp-serve batch "${these[@]//\$(JOB_COMPLETION_INDEX)/$index}"
done
ok 'all rows' test "$(cat data/predicted/*.csv | grep -vc '^prediction')" = 270
for file in a b c; do
    mlp-serve batch model.joblib "data/in/$file.csv" | tail -n +2 >whole
    for part in "data/predicted/$file"*.csv; do tail -n +2 "$part"; done >parts
    same parts whole
done

need java || skip 'needs java'
venv=$ROOT/build/tools/spark
if [ ! -e "$venv/ready" ]; then
    python3 -m venv "$venv" 2>err && timeout 250 "$venv/bin/pip" install -q 'pyspark==3.5.3' >err 2>&1 && : >"$venv/ready"
    [ -e "$venv/ready" ] || skip "pyspark cannot be installed: $(tail -n 1 err)"
fi
{
    echo 'id,age,income,city,when'
    for i in $(seq 5000); do
        echo "$i,$((i % 80)),$([ $((i % 7)) = 0 ] || echo $((i * 13)).5),\"$([ $((i % 3)) = 0 ] && echo 'São
Paulo' || echo Kyiv)\",2013-02-01"
    done
} >rows.csv
cat >conf.py <<'PYTHON'
import os, sys
os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_HOSTNAME="localhost")
sys.path.insert(0, sys.argv[1])
from pyspark.sql import SparkSession
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
         .config("spark.driver.memory", "512m").config("spark.sql.shuffle.partitions", "4").getOrCreate())
import predict
sys.argv[1:] = ["model.joblib", "rows.csv", "out.parquet"]
predict.main()
rows = spark.read.csv("rows.csv", header=True, inferSchema=True, multiLine=True, escape='"')
got = spark.read.parquet("out.parquet")
print("as many:", got.count() == rows.count() == 5000)
print("columns:", ",".join(got.columns))
print("types kept:", all(dict(got.dtypes)[c] == t for c, t in rows.dtypes))
# Partitions, of which some hold nothing: as many rows, in their order.
many = rows.repartition(6).filter("id % 1000 < 3")
out = predict.predict(spark, many, "model.joblib")
print("partitions:", out.count() == many.count() == 15, out.rdd.getNumPartitions())
print("order:", [r.id for r in out.collect()] == [r.id for r in many.collect()])
# A partition that cannot be answered fails the job.
try:
    predict.predict(spark, rows.drop("income"), "model.joblib").count()
    print("no failure")
except Exception as e:
    print("a failure is told:", "exit" in str(e))
got.orderBy("id").select("id", "prediction").coalesce(1).write.csv("sorted")
PYTHON
expect 0 timeout 200 "$venv/bin/python" conf.py "$ROOT/examples/spark"
has out 'as many: True'
has out 'columns: id,age,income,city,when,prediction,proba_no,proba_yes'
has out 'types kept: True'
has out 'partitions: True'
has out 'order: True'
has out 'a failure is told: True'
mlp-serve batch model.joblib rows.csv --id id | cut -d, -f1,2 | tail -n +2 >want
cat sorted/*.csv >got
same got want
finish
