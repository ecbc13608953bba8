"""mlflow_client.py URL: MLflow's own scoring client against mlp-serve with stable.joblib."""

import sys

import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

HOST, PORT = sys.argv[1].rsplit(":", 1)


def main():
    frame = pd.DataFrame({"c": ["red", "violet", "gr\u00fcn"], "a": [0.25, 3, -1.5],
                          "b": [1.0, 0.5, 2.25]}, index=[7, 8, 9])
    client = ScoringServerClient(HOST, PORT)
    client.wait_server_ready(timeout=10)
    assert client.get_version()
    wanted = [False, True, False]
    answer = client.invoke(frame)
    assert answer.get_predictions("ndarray").tolist() == wanted, answer
    answer = client.invoke(frame[["a", "b", "c"]].to_numpy(), params={"any": 1})
    assert answer.get_predictions("ndarray").tolist() == wanted, answer
    try:
        client.invoke(frame.drop(columns="b"))
        raise SystemExit("a missing feature was answered")
    except Exception as e:  # the client raises nothing more special
        assert "error code 400" in str(e) and "BAD_REQUEST" in str(e), e
    print("mlflow: a frame, a matrix, an error")


main()
