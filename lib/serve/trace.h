/* trace.h: the traces that requests belong to, and spans for a collector.
 *
 * W3C Trace Context (Recommendation, 2021) says which trace a request belongs to, by the field
 * traceparent; OTLP/HTTP with JSON (opentelemetry-proto 1, docs/specification.md) is how the spans
 * are handed over. Names of attributes are OpenTelemetry's semantic conventions for HTTP, and
 * mlp.route, mlp.arm, mlp.model, mlp.digest.
 *
 * A span is put into a ring of its thread and sent by a thread of the tracer's own, once a second
 * or sooner: no answer waits for a collector. What a full ring or a collector that fails loses is
 * counted. */
#ifndef MLP_SERVE_TRACE_H
#define MLP_SERVE_TRACE_H

#include "base/log.h"
#include "base/str.h"

#include <stdint.h>

/* Where a request belongs. Zeroed: to no trace. */
struct mlp_trace {
    uint8_t trace[16], span[8], parent[8];
    bool known;                  /* trace and span are set */
    bool parented;               /* so is parent */
    bool sampled;                /* whoever began it wants to see it */
};

/* Reads a traceparent. False, and *t zeroed, for what is none. span is the parent until a tracer
 * gives another. */
bool mlp_trace_parse(struct mlp_str traceparent, struct mlp_trace *t);

/* What a span tells besides; views are copied, and cut to what has room. */
struct mlp_span {
    struct mlp_str method, path;     /* path is the pattern of the route, not what was asked */
    struct mlp_str route, arm, model, digest; /* empty: no prediction */
    int status;                      /* of HTTP */
    int64_t start_ns;                /* since 1970 */
    uint64_t duration_ns;
};

struct mlp_tracer_config {
    const char *url;             /* of the collector; "/v1/traces" is added unless it is there */
    const char *service;         /* name of the service; NULL: "mlp-serve" */
    const char *headers;         /* "name=value,name=value" (OTEL_EXPORTER_OTLP_HEADERS); NULL */
    double share;                /* of the requests that belong to no trace, which begin one: 0-1 */
};

struct mlp_tracer;

/* Starts the thread that sends. config's texts and log outlive it. MLP_EUSAGE for headers that are
 * none. Heap. */
enum mlp_code mlp_tracer_new(const struct mlp_tracer_config *config, unsigned threads,
                             const struct mlp_log *log, struct mlp_tracer **out,
                             struct mlp_err *e);
/* Sends what is left, two seconds at most. NULL is fine. */
void mlp_tracer_free(struct mlp_tracer *t);

/* From thread `thread`, when a request begins: gives it a span of its own, in the trace that it
 * brought or, by the configured share, a new one. */
void mlp_tracer_begin(struct mlp_tracer *t, unsigned thread, struct mlp_trace *trace);

/* When it ends: keeps the span of a sampled trace. Never waits. */
void mlp_tracer_end(struct mlp_tracer *t, unsigned thread, const struct mlp_trace *trace,
                    const struct mlp_span *span);

/* Spans sent, and spans lost. */
void mlp_tracer_counts(const struct mlp_tracer *t, uint64_t *sent, uint64_t *lost);

#endif
