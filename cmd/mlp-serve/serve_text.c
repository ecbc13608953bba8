/* What the man page tells of the verb serve beyond its --help. */
#include "serve.h"

const char *const serve_details[] = {
    "POST /predict takes a JSON object of features, an array of objects or of arrays, or\n"
    "{\"instances\": [...]}, and answers {\"prediction\": X, \"probabilities\": {...}} or\n"
    "{\"predictions\": [...]}; ?probabilities=true adds them to lists. null is a missing\n"
    "value. A feature that is unknown, missing, given twice or of the wrong type is refused\n"
    "and named. GET /model tells the features, /healthz and /readyz the state, /metrics the\n"
    "counters; /docs is a page to try it, /openapi.json the same for programs. With --explain\n"
    "POST /explain tells what each feature adds; with --feedback POST /feedback takes labels,\n"
    "{\"id\": ID, \"label\": VALUE} or a list of them, by the ids of the log.",

    "Bodies may be text/csv, application/x-ndjson, Arrow or Parquet, each also in gzip or\n"
    "zstd; the answer is in kind, or as Accept says. Other servers' protocols are spoken\n"
    "beside: Open Inference Protocol (/v2, with binary tensors; gRPC), TensorFlow Serving and\n"
    "KServe V1 (/v1), MLflow and SageMaker (/invocations, /ping), Vertex AI (AIP_HTTP_PORT,\n"
    "AIP_PREDICT_ROUTE, AIP_HEALTH_ROUTE; SAGEMAKER_BIND_TO_PORT), and CloudEvents on any of\n"
    "them, one or a batch, / too. Clients cannot load or unload models.",

    "The same port speaks HTTP/2, by TLS or to clients that begin with it, and gRPC: the Open\n"
    "Inference Protocol's GRPCInferenceService with streams and the repository, and\n"
    "grpc.health.v1. --tls-cert and --tls-key ask for TLS 1.2 or 1.3, --tls-ca for\n"
    "certificates of clients; the files are read again when they change and on SIGHUP, and\n"
    "what cannot be used then is refused while the old ones go on.",

    "With --deployment each route is POST /predict/ROUTE. A changed file is loaded beside\n"
    "what serves, tested with the packages' golden rows and swapped without dropping a\n"
    "request; one that cannot be loaded is refused with the reason and what served goes on.\n"
    "The header x-request-key keeps a client on one arm, x-mlp-arm of the answer tells which.",

    "With --log every prediction is a line of NDJSON: id, time, model, version, digest, arm,\n"
    "features, output, latency_ms. A client's x-request-id is its id. Lines are dropped and\n"
    "counted, never waited for, when the disk does not keep up.",

    "With --runtime onnxruntime ONNX models are run by ONNX Runtime, as mlp-serve batch\n"
    "describes it. A confined child lets the library read the model first; then the server\n"
    "does so itself, in its own process: code of the library that a model gets the better of\n"
    "without crashing would meet the server's sockets. Serve models of people whom you trust.",

    "With --exec the model is a command, as mlp-serve batch describes it. It has a queue and\n"
    "a thread of its own: no connection waits for another's row. Rows of several requests\n"
    "go to it together; a row that it does not answer is a 503, one that it refuses a 400.\n"
    "What it writes to stderr goes to the events. SIGHUP starts it anew, after the requests\n"
    "that it has.",

    "With --auth a request needs an API key (mlp-serve keygen) or an OAuth 2 bearer token,\n"
    "as mlp-auth(5) says; without, it is a 401, and a 403 where it may not do this. With\n"
    "--rate and --quota a client (key, token's subject, else address) that asks too often\n"
    "gets 429 and Retry-After; every answer has RateLimit-Limit, RateLimit-Remaining and\n"
    "RateLimit-Reset (draft-ietf-httpapi-ratelimit-headers-06). Probes meet no\n"
    "limit. The files are read again when they change.",

    "Under systemd it takes the socket that it is passed, says when it is ready, reloads or\n"
    "stops, and shows signs of life (sd_notify(3)); examples/systemd has the units. A\n"
    "restart, as for a new version, then loses no request: the socket stays open.",

    "The server is in a sandbox of its own once it has begun (seccomp, Landlock): it can start\n"
    "no program, trace nobody, become nobody else, write and remove files only in the folders\n"
    "of its logs and unix sockets, and, but for the key sets of --auth and the traces of\n"
    "--otlp, connect to nobody. A\n"
    "command of --exec would be in it too: then, and with --sandbox off, there is none.",

    "A request with traceparent (W3C Trace Context) belongs to its trace: the log has trace_id,\n"
    "/metrics as OpenMetrics (Accept: application/openmetrics-text) shows the trace of a recent\n"
    "request in every bucket of the latency, and --otlp sends spans to a collector, once a\n"
    "second, never in the way of an answer; a collector that fails costs spans, which are\n"
    "counted. $OTEL_EXPORTER_OTLP_HEADERS and $OTEL_SERVICE_NAME are respected.",

    "A package with a profile of its training data (mlp-package create --profile), or --profile,\n"
    "gives the model a live profile: features and answers, counted into the same edges. /metrics\n"
    "has mlp_drift_effect, mlp_drift_p_value (corrected for the number of columns) and\n"
    "mlp_drift_missing_ratio of the last --live-window; GET /admin/profile[/ROUTE] is the profile\n"
    "of all rows (?window=true: of the window; ?arm=canary), which mlp-drift reads. When requests\n"
    "come too fast to count all rows, it is of a fair sample.",

    "--admin takes orders: GET /admin tells models, state and reloads; POST /admin/reload does\n"
    "what SIGHUP does and answers when it is done, 409 with the reason if it is refused; POST\n"
    "/admin/drain ends the server. All other paths are answered there too, without limits.",

    "SIGTERM and SIGINT drain: nothing more is accepted, requests in flight are answered.\n"
    "SIGHUP reloads the models and opens the prediction log anew.",
    NULL,
};
