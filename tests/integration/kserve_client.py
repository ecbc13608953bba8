"""kserve_client.py URL: KServe's REST client, V1 and V2, against mlp-serve with stable.joblib."""

import asyncio
import sys

import httpx
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

URL = "http://" + sys.argv[1]
ROWS = [{"a": 0.25, "b": 1.0, "c": "red"}, {"a": 3, "b": 0.5, "c": "violet"}]
WANTED = [False, True]


async def v1():
    client = InferenceRESTClient(RESTConfig(protocol="v1", timeout=10))
    assert await client.is_server_live(URL)
    assert await client.is_model_ready(URL, "stable")
    answer = await client.infer(URL, {"instances": ROWS}, model_name="stable")
    assert answer["predictions"] == WANTED, answer


async def v2():
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=10))
    assert await client.is_server_live(URL) and await client.is_server_ready(URL)
    assert await client.is_model_ready(URL, "stable")
    inputs = [InferInput("a", [2], "FP64", [0.25, 3]), InferInput("b", [2, 1], "FP32", [1.0, 0.5]),
              InferInput("c", [2], "BYTES", ["red", "violet"])]
    answer = await client.infer(URL, InferRequest("stable", inputs), model_name="stable")
    assert answer.outputs[0].data == WANTED, answer
    try:
        await client.infer(URL, InferRequest("stable", inputs[:1]), model_name="stable")
        raise SystemExit("a missing feature was answered")
    except httpx.HTTPStatusError as e:
        assert e.response.status_code == 400 and "missing" in e.response.json()["error"]


asyncio.run(v1())
asyncio.run(v2())
print("kserve: V1 and V2")
