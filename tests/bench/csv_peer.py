"""csv_peer.py MODEL < in.csv > out.csv: what people write to predict a file: pandas and the library
that made the model."""
import sys

import pandas


def probabilities(path, rows):
    if path.endswith(".txt"):
        import lightgbm
        p = lightgbm.Booster(model_file=path).predict(rows)
    elif path.endswith(".json"):
        import xgboost
        p = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(rows))
    else:
        import joblib
        return joblib.load(path).predict_proba(rows.to_numpy("float32"))
    return pandas.DataFrame({0: 1 - p, 1: p}).to_numpy()


table = pandas.read_csv(sys.stdin)
proba = probabilities(sys.argv[1], table)
out = pandas.DataFrame({"prediction": (proba[:, 1] > 0.5).astype(int),
                        "proba_0": proba[:, 0], "proba_1": proba[:, 1]})
out.to_csv(sys.stdout, index=False)
