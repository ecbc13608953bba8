"""train_trees.py DIR: the models that the bench of trees runs, and their rows, made once into DIR.

30 float features, 20,000 rows to learn from, 100,000 to predict. Each model is saved as its library
saves it, as ONNX, as a library that treelite compiled and, LightGBM, as one that lleaves compiled."""
import os
import sys
import time

import joblib
import lightgbm
import numpy
import onnxmltools
import pandas
import tl2cgen
import treelite
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as BoosterTensor
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType as Tensor
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = 30
NAMES = [f"f{i}" for i in range(FEATURES)]


def log(text):
    print(f"train: {text}", file=sys.stderr, flush=True)


def data():
    x, y = make_classification(n_samples=120_000, n_features=FEATURES, n_informative=16,
                               n_redundant=4, n_clusters_per_class=4, class_sep=0.6, flip_y=0.08,
                               random_state=1)
    x = x.astype(numpy.float32)
    return x[:20_000], y[:20_000], x[20_000:]


def save(path, content):
    with open(path, "wb") as out:
        out.write(content)


def booster_onnx(convert, model, path, **options):
    graph = convert(model, initial_types=[("x", BoosterTensor([None, FEATURES]))], **options)
    save(path, graph.SerializeToString())


def compile_treelite(model, path, units):
    start = time.monotonic()
    tl2cgen.export_lib(model, toolchain="gcc", libpath=path, params={"parallel_comp": units},
                       nthread=os.cpu_count(), options=["-O2"])
    log(f"{os.path.basename(path)}: compiled in {time.monotonic() - start:.0f} s")


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    x, y, rows = data()
    rows.tofile("rows.f32")
    pandas.DataFrame(rows, columns=NAMES).to_csv("rows.csv", index=False)
    pandas.DataFrame(rows[:1000], columns=NAMES).to_csv("head.csv", index=False)

    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(x, y)
    joblib.dump(linear, "linear.joblib")

    log("XGBoost, 500 trees of depth 6")
    boosted = xgboost.XGBClassifier(n_estimators=500, max_depth=6, learning_rate=0.1, n_jobs=2)
    boosted.fit(x, y)
    boosted.save_model("xgboost.json")
    booster_onnx(onnxmltools.convert_xgboost, boosted, "xgboost.onnx")
    compile_treelite(treelite.frontend.from_xgboost(boosted.get_booster()), "./xgboost.so", 16)

    log("LightGBM, 500 trees of 31 leaves")
    leafwise = lightgbm.LGBMClassifier(n_estimators=500, num_leaves=31, n_jobs=2, verbose=-1)
    leafwise.fit(x, y)
    leafwise.booster_.save_model("lightgbm.txt")
    joblib.dump(leafwise, "lightgbm.joblib")
    booster_onnx(onnxmltools.convert_lightgbm, leafwise, "lightgbm.onnx", zipmap=False)
    compile_treelite(treelite.frontend.from_lightgbm(leafwise.booster_), "./lightgbm.so", 16)
    log("lleaves")
    import lleaves
    compiled = lleaves.Model(model_file="lightgbm.txt")
    compiled.compile(cache="lightgbm.lleaves", raw_score=True)

    log("random forest, 100 deep trees")
    forest = RandomForestClassifier(100, n_jobs=2, random_state=1).fit(x, y)
    joblib.dump(forest, "forest.joblib")
    log(f"{sum(t.tree_.node_count for t in forest.estimators_)} nodes, depth "
        f"{max(t.tree_.max_depth for t in forest.estimators_)}")
    graph = to_onnx(forest, initial_types=[("x", Tensor([None, FEATURES]))],
                    options={"zipmap": False})
    save("forest.onnx", graph.SerializeToString())
    compile_treelite(treelite.sklearn.import_model(forest), "./forest.so", 100)

    log("random forest of 100 MB")
    big = RandomForestClassifier(250, n_jobs=2, random_state=2).fit(x, y)
    joblib.dump(big, "big.joblib")
    save("done", b"")


main()
