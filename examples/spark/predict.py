#!/usr/bin/env python3
"""predict.py MODEL IN OUT: predictions of a table of any size by Spark, each partition through mlp-serve.

    spark-submit --files model.joblib predict.py model.joblib s3a://rows/2013/ s3a://predicted/2013/

IN is Parquet, or CSV with a header; OUT becomes Parquet with all columns of IN and the predictions. One process a
partition reads lines of JSON and writes as many, in their order; one that fails fails its task, which Spark repeats.
mlp-serve must be in a folder of the driver's PATH on every machine, and the model where MODEL says: --files puts it
beside the executors.
"""

import os
import shlex
import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType


def predict(spark, rows, model):
    command = f"mlp-serve batch {shlex.quote(model)} --keep-all --format ndjson --allow-empty -j 1"
    whole = {"env": {"PATH": os.environ["PATH"]}, "checkCode": True} # pipe starts with an empty environment
    # Every row has all keys: a missing value is null.
    lines = rows.selectExpr("to_json(struct(*), map('ignoreNullFields', 'false')) AS row").rdd.map(lambda r: r.row)
    # The types of the predictions, from a few rows, so that the job itself runs once.
    few = spark.sparkContext.parallelize(lines.take(20), 1).pipe(command, **whole)
    added = [field for field in spark.read.json(few).schema if field.name not in rows.columns]
    types = StructType(list(rows.schema) + added)
    return spark.read.schema(types).json(lines.pipe(command, **whole))


def main():
    model, source, target = sys.argv[1:]
    spark = SparkSession.builder.appName("mlp-serve").getOrCreate()
    if source.endswith(".csv"):
        rows = spark.read.csv(source, header=True, inferSchema=True, multiLine=True, escape='"')
    else:
        rows = spark.read.parquet(source)
    predict(spark, rows, model).write.mode("overwrite").parquet(target)


if __name__ == "__main__":
    main()
