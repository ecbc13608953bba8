"""networks.py FOLDER: writes the ONNX models that the bench of networks runs: what torch exports of
a small MLP and a small CNN, and what skl2onnx makes of a pipeline, a forest and a boosted one."""
import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)
folder = sys.argv[1]


class Graph:
    """Nodes one after the other, with weights of the size that training starts from."""

    def __init__(self):
        self.nodes, self.weights, self.value = [], [], "x"

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        scale = (2 / max(1, np.prod(shape[1:]))) ** 0.5
        values = (rng.standard_normal(shape) * scale).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, op, *weights, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, [self.value, *weights], [out], **attributes))
        self.value = out

    def dense(self, n, k):
        self.add("Gemm", self.weight(n, k), self.weight(n), transB=1)

    def conv(self, n, k):
        self.add("Conv", self.weight(n, k, 3, 3), self.weight(n), kernel_shape=[3, 3],
                 pads=[1, 1, 1, 1])
        self.add("Relu")
        self.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])

    def save(self, name, shape, width):
        values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", *s])
                  for n, s in (("x", shape), (self.value, [width]))]
        graph = helper.make_graph(self.nodes, name, values[:1], values[1:], self.weights)
        save(helper.make_model(graph, ir_version=10,
                               opset_imports=[helper.make_opsetid("", 17)]),
             os.path.join(folder, name + ".onnx"))


mlp = Graph()
for n, k in ((64, 30), (32, 64)):
    mlp.dense(n, k)
    mlp.add("Relu")
mlp.dense(1, 32)
mlp.add("Sigmoid")
mlp.save("mlp", [30], 1)

cnn = Graph()
cnn.conv(16, 1)
cnn.conv(32, 16)
cnn.add("Flatten")
cnn.dense(64, 32 * 7 * 7)
cnn.add("Relu")
cnn.dense(10, 64)
cnn.add("Softmax", axis=1)
cnn.save("cnn", [1, 28, 28], 10)

x = rng.standard_normal((4000, 30)).astype(np.float32)
y = (x[:, 0] * x[:, 1] + x[:, 2] + rng.standard_normal(4000) * 0.5 > 0).astype(int)
for name, model in (
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression())),
        ("forest", RandomForestClassifier(100, random_state=0, n_jobs=2)),
        ("boosted", GradientBoostingClassifier(max_depth=5, random_state=0))):
    made = to_onnx(model.fit(x, y), x[:1], options={"zipmap": False}, target_opset={"": 17,
                                                                                   "ai.onnx.ml": 3})
    save(made, os.path.join(folder, name + ".onnx"))
