#!/usr/bin/env python3
"""Will a flight arrive more than 15 minutes late?

    train.py CLEAN.csv... -o model.joblib          train, print the AUC on the last days, save
    train.py --predict model.joblib TEST.csv       what scikit-learn answers, as CSV
"""

import argparse
import csv
import sys

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

NUMBERS = ["distance", "sched_dep_time", "sched_arr_time", "temp", "wind_speed", "precip",
           "pressure", "visib", "backlog"]
CATEGORIES = ["carrier", "origin", "dest", "day_of_week"]
LABEL = "late"


def read(paths):
    columns = [*CATEGORIES, *NUMBERS, LABEL, "date"]
    types = {**dict.fromkeys(CATEGORIES, object), **dict.fromkeys(NUMBERS, float)}
    tables = [pd.read_csv(path, usecols=columns.__contains__, dtype=types) for path in paths]
    return pd.concat(tables, ignore_index=True)


def pipeline(kind):
    scale = []
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    if kind == "boosting":
        model = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.05, random_state=0,
                                               min_samples_leaf=200, l2_regularization=1.0,
                                               early_stopping=False)
    elif kind == "forest":
        model = RandomForestClassifier(100, max_leaf_nodes=500, random_state=0)
    else:
        scale = [("scale", StandardScaler())]
        encode = OneHotEncoder(handle_unknown="ignore")
        model = LogisticRegression(max_iter=1000)
    numbers = Pipeline([("impute", SimpleImputer(strategy="median")), *scale])
    categories = Pipeline([("impute", SimpleImputer(strategy="most_frequent")),
                           ("encode", encode)])
    columns = ColumnTransformer([("numbers", numbers, NUMBERS),
                                 ("categories", categories, CATEGORIES)])
    return Pipeline([("columns", columns), ("model", model)])


def train(kind, paths, output):
    flights = read(paths).sort_values("date", kind="stable")
    features, label = flights[NUMBERS + CATEGORIES], flights[LABEL].astype(int)
    first = flights["date"].iloc[len(flights) * 4 // 5]
    past, recent = flights["date"] < first, flights["date"] >= first
    model = pipeline(kind).fit(features[past], label[past])
    auc = roc_auc_score(label[recent], model.predict_proba(features[recent])[:, 1])
    print(f"holdout AUC {auc:.4f}: {recent.sum()} flights since {first}, "
          f"trained on the {past.sum()} before")
    joblib.dump(pipeline(kind).fit(features, label), output)
    print(f"{output}: {kind}, trained on all {len(flights)} flights")


def predict(path, paths, output):
    model = joblib.load(path)
    features = read(paths)[NUMBERS + CATEGORIES]
    out = csv.writer(output, lineterminator="\n")
    out.writerow(["prediction", *(f"proba_{name}" for name in model.classes_)])
    for answer, probabilities in zip(model.predict(features), model.predict_proba(features)):
        out.writerow([answer, *(repr(float(p)) for p in probabilities)])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="CSV files with the columns of data/README.md")
    parser.add_argument("-o", "--output", metavar="FILE", help="where the model goes")
    parser.add_argument("--model", choices=["boosting", "forest", "logistic"], default="boosting")
    parser.add_argument("--predict", metavar="MODEL", help="answer with MODEL, do not train")
    args = parser.parse_args()
    if args.predict:
        predict(args.predict, args.data, sys.stdout)
    elif args.output:
        train(args.model, args.data, args.output)
    else:
        parser.error("-o FILE or --predict MODEL is needed")


if __name__ == "__main__":
    main()
