/* serve.h: predictions over HTTP: models, routes, roll-outs without a dropped request.
 *
 *   POST /predict           the only route of a deployment, or the model that was named
 *   POST /predict/ROUTE     a route by name
 *   POST /explain[/ROUTE]   what each feature adds (proto_explain.c)
 *   GET  /docs /openapi.json  a page to read and try it, and the same for programs
 *   GET  /model[/ROUTE]     signature: features, classes, digest (also GET /)
 *   GET  /healthz /readyz   the process lives; the models are loaded and no drain has begun
 *   GET  /metrics           Prometheus text
 *   /v2...                  Open Inference Protocol (proto_v2.c)
 *   POST /invocations       MLflow, SageMaker (proto_invoke.c); GET /ping, /health, /version
 *   /v1...                  TensorFlow Serving and KServe V1 (proto_v1.c)
 *
 * By the admin's socket also: GET /admin, POST /admin/reload, POST /admin/drain.
 *
 * What serves is an immutable set. A new one is loaded beside it, tested with its golden rows and
 * swapped in one step; requests that run keep the old one, which goes when the last of them is
 * done. A set that cannot be loaded is refused and the old one stays. */
#ifndef MLP_SERVE_SERVE_H
#define MLP_SERVE_SERVE_H

#include "crypt/crypt.h"
#include "http/http.h"
#include "serve/guard.h"

/* What to serve and how. Exactly one of exec, model and deployment is set. Texts are borrowed and
 * outlive the server. Zero is the usual of everything else. */
struct mlp_serve_config {
    const char *exec;            /* instead of model and deployment: a command (child.h) */
    unsigned row_timeout_ms;     /* that it has for a row; 0: 30 s */
    const char *model;           /* model file, package, layout folder, or NAME@ALIAS, NAME@3,
                                    sha256:... of the registry */
    const char *deployment;      /* mlp-deployment(5) file, followed when it is replaced */
    const char *predict_route;   /* another path that predicts, as AIP_PREDICT_ROUTE says; NULL */
    const char *health_route;    /* another path of /readyz; NULL */
    const char *registry;        /* folder; NULL: the file's own or the default one */
    const struct mlp_key *key;   /* packages must be signed by it; NULL: not asked for */
    bool explain;                /* models keep what POST /explain needs, or are refused */
    const char *onnxruntime;     /* library that runs ONNX models (model.h); NULL: our own engine */
    const char *log_path;        /* prediction log, appended to; NULL: none */
    double log_share;            /* of the requests that are in it, by their ids; 0: all */
    uint64_t log_bytes;          /* it is rotated before it is larger (predlog.h); 0: never */
    unsigned log_keep;           /* older files to keep */
    const char *feedback_path;   /* where POST /feedback appends labels; NULL: nowhere */
    const char *reference;       /* mlp-profile(5) of models whose package has none; NULL: none */
    uint64_t live_window_ns;     /* of live profiles (live.h); 0: none are kept */
    const char *otlp_url;        /* traces go there (trace.h); NULL: nowhere */
    const char *otlp_headers, *otlp_service; /* what they are sent with, and under; NULL: usual */
    double trace_share;          /* of the requests that begin a trace of their own */
    bool ignore_extra;           /* unknown features are passed over instead of refused */
    uint64_t max_rows;           /* of one request; 0: 100,000 */
    const char *address;         /* "127.0.0.1:8080" */
    const char *admin;           /* "unix:/path", for orders (admin.c); NULL: none */
    unsigned threads;            /* 0: one a CPU */
    struct mlp_http_tls tls;     /* zero: none */
    struct mlp_http_limits limits;
    unsigned drain_ms;
    struct mlp_guard_config guard; /* who may, and how often */
    const struct mlp_log *log;   /* events: serving, swap, swap_refused, drain; NULL: none */
};

struct mlp_serve;

/* Loads what is to be served and binds the address. Nothing is answered before run. */
enum mlp_code mlp_serve_new(const struct mlp_serve_config *config, struct mlp_serve **s,
                            struct mlp_err *e);

/* The address bound, with the port that the system chose. Borrowed from s. */
const char *mlp_serve_address(const struct mlp_serve *s);

/* Serves until SIGTERM, SIGINT or stop, then drains. SIGHUP reloads (and opens the prediction log
 * anew). Once per s. */
enum mlp_code mlp_serve_run(struct mlp_serve *s, struct mlp_err *e);

/* From any thread while run runs: begin to drain. */
void mlp_serve_stop(struct mlp_serve *s);

/* Loads again now, on the caller's thread, as SIGHUP does while run runs (call this only while it
 * does not). The error says why a set was refused; *changed tells whether another one serves. */
enum mlp_code mlp_serve_reload(struct mlp_serve *s, bool *changed, struct mlp_err *e);

/* NULL is fine; not while run runs. */
void mlp_serve_free(struct mlp_serve *s);

#endif
