"""tritonclient_checks.py HOST:PORT [CERTIFICATE KEY | command]: the Open Inference Protocol by tritonclient's gRPC client,
and what a plain grpcio channel sees of health, deadlines, statuses and compression; of a command its stream."""

import queue
import sys

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException
import tritonclient.grpc as triton

address = sys.argv[1]
if len(sys.argv) > 3: # the server's certificate, which is the client's too
    certificate, key = sys.argv[2:]
    client = triton.InferenceServerClient(address, ssl=True, root_certificates=certificate,
                                          private_key=key, certificate_chain=certificate)
    with open(certificate, "rb") as c, open(key, "rb") as k:
        pem = c.read()
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(pem, k.read(), pem))
else:
    client = triton.InferenceServerClient(address)
    channel = grpc.insecure_channel(address)
passed = 0


def check(what, good):
    global passed
    if not good:
        sys.exit("FAILED: " + what)
    passed += 1


def status_of(call):
    try:
        call()
    except InferenceServerException as e:
        return e.status(), e.message()
    except grpc.RpcError as e:
        return "StatusCode." + e.code().name, e.details()
    return "StatusCode.OK", ""


def columns(n=1):
    """Inputs of n rows, as a DataFrame's columns; c is text."""
    inputs = []
    for name, value in (("a", 0.25), ("b", 1.0)):
        x = triton.InferInput(name, [n], "FP64")
        x.set_data_from_numpy(np.full(n, value))
        inputs.append(x)
    c = triton.InferInput("c", [n], "BYTES")
    c.set_data_from_numpy(np.array([b"red"] * n, dtype=object))
    return inputs + [c]


def about():
    check("live", client.is_server_live())
    check("ready", client.is_server_ready())
    check("model ready", client.is_model_ready("stable"))
    check("its version", client.is_model_ready("stable", "1"))
    check("a model that is not there", not client.is_model_ready("nothing"))
    server = client.get_server_metadata()
    check("server", server.name == "mlp-serve" and "binary_tensor_data" in server.extensions)
    model = client.get_model_metadata("stable")
    check("model", model.name == "stable" and list(model.versions) == ["1"])
    check("inputs", [(t.name, t.datatype, list(t.shape)) for t in model.inputs] ==
          [("a", "FP64", [-1, 1]), ("b", "FP64", [-1, 1]), ("c", "BYTES", [-1, 1])])
    check("outputs", [(t.name, t.datatype, list(t.shape)) for t in model.outputs] ==
          [("predict", "BOOL", [-1]), ("predict_proba", "FP64", [-1, 2])])
    index = client.get_model_repository_index().models
    check("index", [(m.name, m.version, m.state) for m in index] == [("stable", "1", "READY")])
    client.load_model("stable")
    check("load", True)
    check("load of another", status_of(lambda: client.load_model("x"))[0] == "StatusCode.NOT_FOUND")
    check("unload", status_of(lambda: client.unload_model("stable"))[0] ==
          "StatusCode.INVALID_ARGUMENT")


def infer():
    result = client.infer("stable", columns(), request_id="mine")
    proba = result.as_numpy("predict_proba")
    check("the answer is scikit-learn's", abs(proba[0, 1] - 0.3676487212410129) < 1e-15)
    check("prediction", result.as_numpy("predict").tolist() == [False])
    response = result.get_response()
    check("id, name and version", (response.id, response.model_name, response.model_version) ==
          ("mine", "stable", "1"))
    check("raw for raw", len(response.raw_output_contents) == 2)
    one = client.infer("stable", columns(3), outputs=[triton.InferRequestedOutput("predict")])
    check("one output", len(one.get_response().outputs) == 1)
    check("rows", one.as_numpy("predict").shape == (3,))
    large = client.infer("stable", columns(50000))
    check("50,000 rows", large.as_numpy("predict_proba").shape == (50000, 2))
    check("as they are alone", (large.as_numpy("predict_proba") == proba).all())


def typed():
    """Typed contents, which tritonclient never sends: by its stub."""
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    request = service_pb2.ModelInferRequest(model_name="stable")
    tensor = service_pb2.ModelInferRequest.InferInputTensor
    contents = service_pb2.InferTensorContents
    request.inputs.append(tensor(name="a", datatype="FP32", shape=[2, 1],
                                 contents=contents(fp32_contents=[0.25, 0.25])))
    request.inputs.append(tensor(name="b", datatype="INT32", shape=[2, 1],
                                 contents=contents(int_contents=[1, -1])))
    request.inputs.append(tensor(name="c", datatype="BYTES", shape=[2, 1],
                                 contents=contents(bytes_contents=[b"red", b"red"])))
    response = stub.ModelInfer(request)
    check("typed for typed", not response.raw_output_contents)
    check("typed probabilities",
          abs(response.outputs[1].contents.fp64_contents[1] - 0.3676487212410129) < 1e-15)
    check("typed predictions", len(response.outputs[0].contents.bool_contents) == 2)
    request.inputs[1].datatype = "INT64"
    code, text = status_of(lambda: stub.ModelInfer(request))
    check("contents of another type", code == "StatusCode.INVALID_ARGUMENT" and '"b"' in text)
    request.inputs[1].datatype = "INT32"
    request.raw_input_contents.append(b"x")
    check("both kinds", status_of(lambda: stub.ModelInfer(request))[0] ==
          "StatusCode.INVALID_ARGUMENT")


def stream(model="stable"):
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    for i in range(20):
        client.async_stream_infer(model if i != 7 else "nothing", columns(), request_id=str(i))
    got = [answers.get(timeout=10) for _ in range(20)]
    client.stop_stream()
    check("the stream goes on", sum(e is None for _, e in got) == 19)
    check("and tells what failed", "nothing" in str(got[7][1]))
    check("in order", [r.get_response().id for r, e in got if e is None] ==
          [str(i) for i in range(20) if i != 7])


def refusals():
    code, text = status_of(lambda: client.infer("nothing", columns()))
    check("no such model", code == "StatusCode.NOT_FOUND" and "stable" in text)
    code, text = status_of(lambda: client.infer("stable", columns(), model_version="9"))
    check("no such version", code == "StatusCode.NOT_FOUND")
    code, text = status_of(lambda: client.infer("stable", columns()[:2]))
    check("a missing feature", code == "StatusCode.INVALID_ARGUMENT" and '"c"' in text)
    other = [triton.InferRequestedOutput("other")]
    code, text = status_of(lambda: client.infer("stable", columns(), outputs=other))
    check("no such output", code == "StatusCode.INVALID_ARGUMENT" and '"other"' in text)
    code, text = status_of(lambda: client.infer("stable", columns(1000000)))
    check("a message over the limit", code == "StatusCode.RESOURCE_EXHAUSTED")
    check("a method that is not here", status_of(lambda: client.get_model_config("stable"))[0] ==
          "StatusCode.UNIMPLEMENTED")
    check("compression", status_of(lambda: client.infer(
        "stable", columns(1000), compression_algorithm="gzip"))[0] == "StatusCode.UNIMPLEMENTED")
    check("and it answers as before", client.infer("stable", columns()) is not None)


def health():
    stub = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ("", "inference.GRPCInferenceService", "stable"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        check("health of " + service, answer.status == serving)
    check("health of nothing", status_of(lambda: stub.Check(
        health_pb2.HealthCheckRequest(service="x")))[0] == "StatusCode.NOT_FOUND")


for part in ((lambda: stream("command"),) if "command" in sys.argv else
             (about, infer, typed, stream, refusals, health)):
    part()
print(passed, "checks passed")
