/* served.h: one model that is loaded and ready to answer, and the memory each thread needs for it.
 *
 * Shared by sets (a deployment that only moves weights loads nothing again), hence counted. Only
 * the counters change after loading. */
#ifndef MLP_SERVE_SERVED_H
#define MLP_SERVE_SERVED_H

#include "crypt/crypt.h"
#include "model/model.h"
#include "registry/deployment.h"
#include "serve/command.h"
#include "serve/live.h"

#include <stdatomic.h>

/* Columns that a data frame may have beyond the model's features. */
#define MLP_EXTRA_COLUMNS 256u

/* One thread's memory for one model: columns for up to max_rows rows, results, and what the last
 * request taught about the order of keys. Nothing here is allocated per request, except texts
 * with escapes (in an arena that is kept). */
struct mlp_scratch {
    struct mlp_work *work;
    size_t max_rows;
    double **numbers;            /* per input; NULL for texts */
    struct mlp_str **texts;      /* per input; NULL for numbers */
    double *proba, *value;       /* results; proba NULL when the model has none */
    int32_t *label;
    struct mlp_str *rows;        /* the JSON text of each row, for the log */
    uint32_t *next;              /* next[i]: input that followed input i - 1 last time */
    int32_t *order;              /* of a data frame: input of each column, or -1 */
    uint32_t *seen, stamp;       /* seen[i] == stamp: input i is in this row */
    struct mlp_arena columns;    /* all of the above */
    struct mlp_arena strings;    /* unescaped texts of one chunk */
};

/* Rows and outcomes of one thread; one cache line, so that threads do not share. */
struct mlp_tally {
    _Alignas(64) _Atomic uint64_t rows[3]; /* by enum mlp_arm */
    _Atomic uint64_t same, different, failed; /* shadow against the arm that answered */
};

struct mlp_served {
    atomic_uint users;
    struct mlp_model *model;             /* NULL: a command */
    struct mlp_command *command;         /* or NULL */
    const struct mlp_model_info *info;   /* borrowed from model */
    char name[128];                      /* of the model; the file's name when it has none */
    uint64_t version;                    /* 0: not from a registry */
    char digest[MLP_DIGEST_TEXT];        /* of the package's manifest, or of the model file */
    uint32_t *slots;                     /* key table: index + 1 of an input, 0 is free */
    size_t nslots;                       /* a power of two */
    struct mlp_str *labels;              /* each class as a JSON value */
    struct mlp_str *members;             /* each class as a JSON member name with colon */
    struct mlp_buf signature;            /* JSON of mlp_model_signature */
    struct mlp_live *live;               /* its live profile; NULL: there is no reference */
    unsigned threads;
    struct mlp_scratch *scratch;         /* one a thread */
    struct mlp_tally *tally;             /* one a thread */
    struct mlp_arena arena;              /* slots, labels, members, scratch, tally */
};

/* Where a model comes from: path (model file, package file, layout folder), or digest in
 * registry_dir. */
struct mlp_origin {
    const char *path;
    const char *registry_dir;
    struct mlp_str digest;       /* asked for; with a path it must match; may be empty */
    const char *name;            /* for logs; NULL: the package's name or the file's */
    uint64_t version;
    const struct mlp_key *key;   /* the package must be signed by it; NULL: not asked for */
    bool explain;                /* keep what POST /explain needs (model.h) */
    const char *onnxruntime;     /* library that runs ONNX models (model.h); NULL: our own engine */
    const char *reference;       /* profile of a model whose package has none; NULL: none */
    uint64_t live_window_ns;     /* of the live profile (live.h); 0: there is none */
};

/* Loads a model, checks its digest (and signature) before its bytes are looked at, and runs the
 * package's golden rows. MLP_ETRUST when a digest, signature or golden answer does not hold. */
enum mlp_code mlp_served_load(const struct mlp_origin *from, unsigned threads,
                              struct mlp_served **out, struct mlp_err *e);

/* Wraps a model that is open already (owned from here on, also on failure). For tests and for
 * load; name and digest are the caller's to fill. */
enum mlp_code mlp_served_new(struct mlp_model *model, unsigned threads, struct mlp_served **out,
                             struct mlp_err *e);

/* A command as the model: it has no inputs that are known, and no scratch. Every load is another
 * one (its digest tells), so that a reload starts it anew. */
enum mlp_code mlp_served_command(const struct mlp_child_config *config, mlp_job_done *done,
                                 unsigned threads, struct mlp_served **out, struct mlp_err *e);

/* Counting: keep returns s; drop frees with the last user. NULL is fine. */
struct mlp_served *mlp_served_keep(struct mlp_served *s);
void mlp_served_drop(struct mlp_served *s);

/* Index of the input that a key names, or -1. */
int mlp_served_find(const struct mlp_served *s, struct mlp_str key);

/* golden.c: answers of the rows in a table (CSV or NDJSON) with the model's inputs. Columns
 * "prediction" and "probability_CLASS" are compared when they are there; MLP_ETRUST with the
 * first row that differs. *rows counts. */
enum mlp_code mlp_golden_check(struct mlp_served *s, struct mlp_str table, uint64_t *rows,
                               struct mlp_err *e);

#endif
