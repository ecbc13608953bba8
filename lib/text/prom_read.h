/* prom_read.h: reads a page of metrics: Prometheus text format 0.0.4, and what OpenMetrics 1.0 adds
 * to it (exemplars, UNIT, EOF).
 *
 * Strict, as a scraper is: names, escapes and numbers have the grammar's form and nothing else, a
 * TYPE is given once and before its samples, a bucket has its `le`, no label comes twice, a page
 * ends with a line feed. Not checked: that no series comes twice. Source: prometheus.io,
 * "Exposition formats"; OpenMetrics 1.0, "Text format". */
#ifndef MLP_TEXT_PROM_READ_H
#define MLP_TEXT_PROM_READ_H

#include "base/arena.h"
#include "base/err.h"

#define MLP_PROM_MAX_LABELS 64u

enum mlp_prom_type { MLP_PROM_UNTYPED, MLP_PROM_COUNTER, MLP_PROM_GAUGE, MLP_PROM_HISTOGRAM,
                     MLP_PROM_SUMMARY };

struct mlp_prom_pair {
    struct mlp_str name, value;  /* without escapes */
};

/* A sample. The name is as written: "x_bucket" of a histogram x. */
struct mlp_prom_point {
    struct mlp_str name;
    enum mlp_prom_type type;     /* of its family */
    const struct mlp_prom_pair *labels;
    size_t nlabels;
    double value;                /* may be NaN or infinite */
};

struct mlp_prom_page {
    const struct mlp_prom_point *points; /* in the order of the page */
    size_t n;
};

/* Reads all of text. Points and what they hold are views into text or memory of the arena, whose
 * maximum bounds the page. MLP_EINPUT with the line and what was expected there; MLP_EIO without
 * memory. */
enum mlp_code mlp_prom_read(struct mlp_str text, struct mlp_arena *arena,
                            struct mlp_prom_page *page, struct mlp_err *e);

/* Value of a label; p is NULL when p has none of the name. Borrowed. */
struct mlp_str mlp_prom_get(const struct mlp_prom_point *p, const char *name);

#endif
