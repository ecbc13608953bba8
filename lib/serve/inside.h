/* inside.h: the parts of a running server: what each thread keeps, counts and owes. */
#ifndef MLP_SERVE_INSIDE_H
#define MLP_SERVE_INSIDE_H

#include "base/vec.h"
#include "serve/guard.h"
#include "serve/predict.h"
#include "serve/predlog.h"
#include "serve/set.h"
#include "serve/trace.h"

/* Where a request went, for the counters. */
enum mlp_kind { MLP_KIND_PREDICT, MLP_KIND_V1, MLP_KIND_V2, MLP_KIND_INVOCATIONS,
                MLP_KIND_EXPLAIN, MLP_KIND_GRPC, MLP_KIND_MODEL, MLP_KIND_HEALTHZ,
                MLP_KIND_READYZ, MLP_KIND_METRICS, MLP_KIND_ADMIN, MLP_KIND_OTHER, MLP_KINDS };
#define MLP_KIND_LAST MLP_KIND_GRPC            /* up to it they predict: their time is counted */

/* The form of an error: {"error","hint"}; {"error"} alone (V1, V2); MLflow's {"error_code",
 * "message"}; text, which gRPC sends with a status. */
enum mlp_dialect { MLP_DIALECT_OWN, MLP_DIALECT_ERROR, MLP_DIALECT_MLFLOW, MLP_DIALECT_GRPC };

/* Upper ends of the latency buckets in ns; one more for what is slower. */
#define MLP_BUCKETS 17
extern const uint64_t mlp_bucket_ns[MLP_BUCKETS];

/* Statuses that are counted apart; the last stands for all others. */
#define MLP_CODES 10
extern const int mlp_codes[MLP_CODES];

/* A request that a bucket counted: its trace and span, time and when. Read while it is written: see
 * meter.c. */
struct mlp_exemplar {
    _Atomic uint64_t turn, id[3], ns, time_ms;
};

/* Counters of one thread. Written by that thread alone. */
struct mlp_meter {
    _Atomic uint64_t requests[MLP_KINDS][MLP_CODES];
    _Atomic uint64_t latency[MLP_BUCKETS + 1]; /* of predictions */
    _Atomic uint64_t latency_ns;               /* their sum */
    _Atomic uint64_t in_flight;
    _Atomic uint64_t shadow_dropped;
    struct mlp_exemplar exemplars[MLP_BUCKETS + 1];
};

/* A request that a shadow model has yet to see. Offsets are into mlp_debts.bytes. */
struct mlp_debt {
    struct mlp_served *shadow;   /* counted */
    size_t id_at, id_n, body_at, body_n;
    size_t first, rows;          /* outcomes of the arm that answered */
};

/* Bounded: what does not fit is dropped and counted. */
struct mlp_debts {
    struct mlp_buf bytes;
    struct mlp_vec items;        /* of struct mlp_debt */
    struct mlp_vec outcomes;     /* of double */
    struct mlp_vec own;          /* outcomes of the shadow at hand */
};

/* A thread of the server. */
struct mlp_agent {
    _Alignas(64) struct mlp_meter meter;
    struct mlp_debts debts;
    struct mlp_buf spare, lines; /* second half of an answer; lines for the log */
    struct mlp_buf plain;        /* a body that came compressed */
    struct mlp_buf replay;       /* rows as JSON, for shadows */
    uint64_t nlines;
    uint64_t turn;               /* requests without a key */
    uint64_t ids;                /* ids given out */
};

struct mlp_keeper;

struct mlp_serve {
    struct mlp_serve_config config;
    struct mlp_http *http;
    struct mlp_sets *sets;
    struct mlp_predlog *predlog, *feedback; /* NULL: none */
    struct mlp_keeper *keeper;
    struct mlp_tracer *tracer;   /* NULL: none */
    struct mlp_guard *guard;     /* NULL: everybody may */
    struct mlp_agent *agents;
    unsigned threads;
    bool watched;                /* a service manager waits for signs of life */
    uint32_t salt;               /* makes ids of this process differ from others' */
    uint64_t started_ns;         /* monotonic */
    int64_t started_s;           /* since 1970 */
    _Atomic uint64_t reloads, refusals;
};

/* What one request is about, on its way through the parts. */
struct mlp_asking {
    struct mlp_serve *serve;
    struct mlp_agent *agent;
    unsigned thread;
    const struct mlp_set *set;
    const struct mlp_http_request *request;
    struct mlp_http_response *response;
    struct mlp_str body;         /* of the request, decompressed */
    struct mlp_str content_type; /* of the body */
    bool foreign;                /* the body is not our JSON: shadows get the rows written anew */
    struct mlp_str part[2];      /* of the path: name and version, say */
    enum mlp_dialect dialect;
    bool logged;                 /* its rows go to the log */
    bool event;                  /* it came as a CloudEvent and is answered as one */
    bool by_label;               /* part[1] is an arm's name, not a version */
    struct mlp_str id;           /* given by the client, or made when somebody needs one */
    char made[48];
    enum mlp_arm arm;
    struct mlp_trace trace;
    const char *pattern;         /* of the path; NULL: of none that is known */
    const struct mlp_lanes *route; /* of a prediction; NULL: none began */
    const struct mlp_served *served;
    uint64_t start_ns, row;      /* row: of a list, logged so far */
    size_t first;                /* outcomes owed to shadows before this request */
};

/* Adds to a counter that only this thread writes. */
static inline void mlp_meter_add(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

/* record.c: log lines of n predicted rows, and rows for the shadows when the body is foreign; fits
 * mlp_predict.seen with a struct mlp_asking. */
void mlp_record_rows(void *asking, const struct mlp_served *s, const struct mlp_scratch *w,
                     size_t n);
/* record.c: hands the lines to the log, or forgets them. */
void mlp_record_commit(struct mlp_asking *q, bool keep);
/* record.c: fills q->id, and decides by it whether the request is logged: shadows agree. */
void mlp_record_id(struct mlp_asking *q);
bool mlp_record_chosen(const struct mlp_serve *s, struct mlp_str id);

/* shadow.c: remembers the request for the shadows of its route. */
void mlp_shadow_owe(struct mlp_asking *q, const struct mlp_lanes *route);
/* shadow.c: pays: predicts and compares, after the answers are on their way. */
void mlp_shadow_pay(struct mlp_serve *s, unsigned thread);

/* meter.c: counts an answer; trace (may be NULL) is where to find it when it was slow. */
void mlp_meter_request(struct mlp_meter *m, enum mlp_kind kind, int status, uint64_t ns,
                       const struct mlp_trace *trace);
/* meter.c: the /metrics page; open: as OpenMetrics, with exemplars. */
void mlp_meter_page(struct mlp_serve *s, const struct mlp_set *set, bool open, struct mlp_buf *out);

/* keeper.c: the thread that reloads. start makes it; stop waits for it (NULL is fine). */
enum mlp_code mlp_keeper_start(struct mlp_serve *s, struct mlp_err *e);
void mlp_keeper_stop(struct mlp_serve *s);
/* keeper.c: from the loop: look whether the files changed; or reload whatever they say. */
void mlp_keeper_tick(struct mlp_serve *s);
void mlp_keeper_force(struct mlp_serve *s);
/* keeper.c: the same for a request, which is answered when it is done. False: another one waits. */
bool mlp_keeper_ask(struct mlp_serve *s, void *connection);
/* serve.c: opens the logs anew and has keys read again, as on SIGHUP. */
void mlp_serve_reopen(struct mlp_serve *s);
/* keeper.c: a line of the event log for every model of a set ("serving", "swap"). */
void mlp_keeper_tell(const struct mlp_serve *s, const struct mlp_set *set, const char *event);

#endif
