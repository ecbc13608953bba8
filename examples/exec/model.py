#!/usr/bin/env python3
"""A model in any language: one line of JSON a row in, one line of JSON a prediction out.

    mlp-serve batch --exec examples/exec/model.py flights.csv
    mlp-serve --exec examples/exec/model.py

Load the real model once, before the loop; write to stdout nothing but the answers, and flush each.
What a row lacks or cannot be answered is {"error": "why"}; messages for people go to stderr.
"""
import json
import math
import sys


def predict(row):
    """Replace this by model.predict: here, a logistic of the sum of the row's numbers."""
    numbers = [v for v in row.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if not numbers:
        raise ValueError("the row has no number")
    p = 1 / (1 + math.exp(-max(-50, min(50, sum(numbers)))))
    return {"prediction": "yes" if p > 0.5 else "no", "probabilities": {"no": 1 - p, "yes": p}}


print("ready", file=sys.stderr)
for line in sys.stdin:
    try:
        answer = predict(json.loads(line))
    except Exception as e:
        answer = {"error": str(e)}
    print(json.dumps(answer), flush=True)
