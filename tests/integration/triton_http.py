"""triton_http.py URL: tritonclient's HTTP client against mlp-serve with stable.joblib.

Metadata, health, inference with binary and with JSON tensors, both ways, as the client does them
by itself; answers are compared with those of POST /predict.
"""

import json
import sys
import urllib.request

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

URL = sys.argv[1]
ROWS = [{"a": 0.25, "b": 1.0, "c": "red"}, {"a": 3, "b": 0.5, "c": "violet"},
        {"a": -1.5, "b": 2.25, "c": "gr\u00fcn"}]


def plain():
    request = urllib.request.Request(f"http://{URL}/predict?probabilities=true",
                                     json.dumps(ROWS).encode())
    answer = json.load(urllib.request.urlopen(request))
    return answer["predictions"], [list(p.values()) for p in answer["probabilities"]]


def tensors(binary):
    columns = {"a": np.array([[r["a"]] for r in ROWS], np.float64),
               "b": np.array([r["b"] for r in ROWS], np.float32),
               "c": np.array([[r["c"].encode()] for r in ROWS], object)}
    kinds = {"a": "FP64", "b": "FP32", "c": "BYTES"}
    result = []
    for name, values in columns.items():
        tensor = triton.InferInput(name, list(values.shape), kinds[name])
        tensor.set_data_from_numpy(values, binary_data=binary)
        result.append(tensor)
    return result


def main():
    labels, proba = plain()
    client = triton.InferenceServerClient(URL)
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("stable") and client.is_model_ready("stable", "1")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "mlp-serve"
    meta = client.get_model_metadata("stable")
    config = client.get_model_config("stable")
    assert [i["name"] for i in config["input"]] == [i["name"] for i in meta["inputs"]], config
    assert config["input"][0]["data_type"] == "TYPE_FP64", config
    assert [i["datatype"] for i in meta["inputs"]] == ["FP64", "FP64", "BYTES"], meta
    assert client.get_model_repository_index()[0]["state"] == "READY"
    client.load_model("stable")
    checked = 0
    for binary in (True, False):
        for outputs in (None, True, False):
            wanted = outputs if outputs is None else [
                triton.InferRequestedOutput(n, binary_data=outputs)
                for n in ("predict_proba", "predict")]
            answer = client.infer("stable", tensors(binary), outputs=wanted, request_id="r 1")
            assert answer.as_numpy("predict").tolist() == labels
            assert answer.as_numpy("predict_proba").tolist() == proba
            assert answer.get_response()["id"] == "r 1"
            checked += 1
    for body in ("gzip", "deflate"):
        answer = client.infer("stable", tensors(True), request_compression_algorithm=body)
        assert answer.as_numpy("predict").tolist() == labels
        checked += 1
    pending = [client.async_infer("stable", tensors(True)) for _ in range(4)]
    assert all(p.get_result().as_numpy("predict").tolist() == labels for p in pending)
    try:
        client.infer("stable", tensors(True)[:2])
        raise SystemExit("a missing feature was answered")
    except InferenceServerException as e:
        assert 'feature "c" is missing' in e.message(), e
    print(f"tritonclient: {checked + 2} kinds of requests")


main()
