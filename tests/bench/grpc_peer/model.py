"""model.py FOLDER: a logistic regression of 30 features as grpc.joblib and, for the peer,
grpc.json; and a request for one row as gRPC sends it, grpc.msg."""

import json
import struct
import sys

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

folder = sys.argv[1]
rng = np.random.default_rng(7)
x = rng.normal(size=(2000, 30))
model = LogisticRegression().fit(x, (x[:, :10].sum(axis=1) > 0).astype(int))
joblib.dump(model, folder + "/grpc.joblib")
with open(folder + "/grpc.json", "w", encoding="ascii") as f:
    json.dump({"coef": model.coef_[0].tolist(), "intercept": model.intercept_[0]}, f)


def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


tensor = field(1, b"x") + field(2, b"FP32") + field(3, bytes([1, 30]))
row = x[1].astype("<f4").tobytes()
message = field(1, b"grpc") + field(5, tensor) + field(7, row)
with open(folder + "/grpc.msg", "wb") as f:
    f.write(b"\0" + struct.pack(">I", len(message)) + message)
