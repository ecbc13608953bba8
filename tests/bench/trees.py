"""trees.py BIN FOLDER TURNS: tree models in process and over a CSV, by us and by their peers. On a
busy machine `chrt -r 1` before it gives figures that mean something for two threads.

FOLDER holds what train_trees.py made, BIN our programs. Turns alternate, so that a busy machine is
busy for all; the median of each figure is shown, and ratios are medians of the turns' own ratios.
Figures of one thread are its CPU time; those of two, and of whole programs, are by the clock."""
import os
import subprocess
import sys
import time
from statistics import median

import joblib
import lleaves
import numpy
import onnxruntime
import xgboost

FEATURES = 30
SINGLE = 150
MODELS = {"forest": "forest.joblib", "xgboost": "xgboost.json", "lightgbm": "lightgbm.txt"}
TITLES = {"forest": "random forest, 100 deep trees", "xgboost": "XGBoost, 500 trees of depth 6",
          "lightgbm": "LightGBM, 500 trees of 31 leaves"}
# model, what, peer, at least
GATES = [(model, "single", peer, gate) for model in MODELS
         for peer, gate in (("onnxruntime", 3), ("treelite", 2), ("scikit-learn", 100))]
GATES += [("forest", "batch", "scikit-learn", 2), ("forest", "batch", "onnxruntime", 2),
          ("xgboost", "batch", "XGBoost", 1.1), ("lightgbm", "batch", "lleaves", 1.3),
          ("lightgbm", "batch", "LightGBM", 7)]
LIBRARIES = {"forest": "scikit-learn", "xgboost": "XGBoost", "lightgbm": "LightGBM"}


def cpu(function):
    start = time.process_time_ns()
    function()
    return time.process_time_ns() - start


def wall(*command, stdin):
    """A whole program, with all threads that it likes to use."""
    free = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    with open(stdin, "rb") as table:
        start = time.monotonic()
        subprocess.run(command, stdin=table, stdout=subprocess.DEVNULL, check=True, env=free)
    return time.monotonic() - start


class Peers:
    """The engines that are called from Python: their own cost a call is small in a batch, and in
    single rows it is what their users pay."""

    def __init__(self, folder):
        self.rows = numpy.fromfile(f"{folder}/rows.f32", numpy.float32).reshape(-1, FEATURES)
        booster = xgboost.XGBClassifier(n_jobs=1)
        booster.load_model(f"{folder}/xgboost.json")
        self.estimators = {
            "forest": joblib.load(f"{folder}/forest.joblib").set_params(n_jobs=1),
            "xgboost": booster,
            "lightgbm": joblib.load(f"{folder}/lightgbm.joblib").set_params(n_jobs=1)}
        self.lleaves = lleaves.Model(model_file=f"{folder}/lightgbm.txt")
        self.lleaves.compile(cache=f"{folder}/lightgbm.lleaves", raw_score=True)

    def single(self, model):
        """Through the interface of scikit-learn, which all three have."""
        rows = [self.rows[i:i + 1] for i in range(SINGLE)]
        predict = self.estimators[model].predict_proba
        return cpu(lambda: [predict(row) for row in rows]) / SINGLE

    def batch(self, model):
        estimator, rows = self.estimators[model], self.rows
        if model == "xgboost":
            booster = estimator.get_booster()
            return cpu(lambda: booster.inplace_predict(rows)) / len(rows)
        if model == "lightgbm":
            return cpu(lambda: estimator.booster_.predict(rows, num_threads=1)) / len(rows)
        return cpu(lambda: estimator.predict_proba(rows)) / len(rows)

    def turn(self, model):
        yield "scikit-learn", "single", self.single(model)
        yield LIBRARIES[model], "batch", self.batch(model)
        if model == "lightgbm":
            used = cpu(lambda: self.lleaves.predict(self.rows, n_jobs=1))
            yield "lleaves", "batch", used / len(self.rows)


class Figures:
    def __init__(self):
        self.all = {}

    def add(self, model, engine, what, value):
        self.all.setdefault((model, engine, what), []).append(float(value))

    def median(self, *key):
        return median(self.all[key])

    def ratio(self, model, what, peer):
        return median(theirs / ours for theirs, ours in zip(
            self.all[model, peer, what], self.all[model, "mlp", what], strict=True))


def turn(figures, peers, binary, folder):
    library = os.path.join(os.path.dirname(onnxruntime.__file__), "capi",
                           f"libonnxruntime.so.{onnxruntime.__version__}")
    for model, file in MODELS.items():
        out = subprocess.run([f"{binary}/trees", folder, model, file, library], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        for line in out.splitlines():
            figures.add(model, *line.split())
        for figure in peers.turn(model):
            figures.add(model, *figure)


def load_turn(figures, binary, folder):
    path = f"{folder}/big.joblib"
    out = subprocess.run([f"{binary}/trees", path], check=True, stdout=subprocess.PIPE, text=True)
    ms, packed, size, grown = out.stdout.split()
    figures.add("load", "mlp", "ms", ms)
    figures.add("load", "mlp", "memory", int(size) / int(packed))
    figures.add("load", "mlp", "resident", int(grown) / int(packed))
    figures.add("load", "library", "ms", cpu(lambda: joblib.load(path)) / 1e6)


def csv_turn(figures, binary, folder):
    here = os.path.dirname(os.path.abspath(__file__))
    for model in list(MODELS.values()) + ["linear.joblib"]:
        path, table = f"{folder}/{model}", f"{folder}/rows.csv"
        figures.add(model, "mlp", "csv", wall(f"{binary}/mlp-serve", "batch", path, stdin=table))
        figures.add(model, "library", "csv", wall(sys.executable, f"{here}/csv_peer.py", path,
                                                  stdin=table))


def verdict(ratio, gate):
    return f"{ratio:8.1f}x  {'met' if ratio >= gate else 'MISSED'} (at least {gate}x)"


def show(figures):
    for model in MODELS:
        print(f"\n{TITLES[model]}: CPU ns a row, 30 features, rows vary")
        for what in ("single", "batch"):
            print(f"  {what:8} {'mlp':14} {figures.median(model, 'mlp', what):12.0f}")
            for _, kind, peer, gate in (g for g in GATES if g[0] == model and g[1] == what):
                print(f"  {kind:8} {peer:14} {figures.median(model, peer, kind):12.0f} "
                      f"{verdict(figures.ratio(model, kind, peer), gate)}")
        avx2 = figures.median(model, "mlp-avx2", "batch")
        print(f"  {'batch':8} {'mlp, AVX2 only':14} {avx2:12.0f}  (the trees alone)")
        scale = max(one / two for one, two in zip(figures.all[model, "mlp", "wall1"],
                                                  figures.all[model, "mlp", "wall2"]))
        print(f"  {'batch':8} {'two threads':27} {verdict(scale, 1.7)}, best turn")
    print("\nloading a forest of 100 MB (joblib), CPU ms")
    ms = figures.median("load", "mlp", "ms")
    print(f"  mlp {ms:.0f} {'met' if ms < 1000 else 'MISSED'} (under 1000), joblib.load "
          f"{figures.median('load', 'library', 'ms'):.0f}; memory "
          f"{figures.median('load', 'mlp', 'memory'):.2f}, resident "
          f"{figures.median('load', 'mlp', 'resident'):.2f} of the packed trees (at most 1.5)")
    print("\nmlp-serve batch MODEL < in.csv > out.csv, 100,000 rows, seconds by the clock; "
          "pandas and the library")
    for model in list(MODELS.values()) + ["linear.joblib"]:
        print(f"  {model:16} {figures.median(model, 'mlp', 'csv'):6.2f} "
              f"{figures.median(model, 'library', 'csv'):6.2f} "
              f"{verdict(figures.ratio(model, 'csv', 'library'), 5)}")


def main():
    binary, folder, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
    peers, figures = Peers(folder), Figures()
    for _ in range(turns):
        turn(figures, peers, binary, folder)
        load_turn(figures, binary, folder)
        csv_turn(figures, binary, folder)
    show(figures)


main()
