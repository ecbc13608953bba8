/* top.h: the parts of `mlp-serve top`: two pages of metrics, and what lies between them. */
#ifndef MLP_SERVE_CMD_TOP_H
#define MLP_SERVE_CMD_TOP_H

#include "base/buf.h"
#include "base/err.h"
#include "text/prom_read.h"

/* A page of metrics with its memory. */
struct top_page {
    struct mlp_buf text;
    struct mlp_arena arena;
    struct mlp_prom_page page;
    uint64_t at_ns;              /* monotonic: when it came; 0: none came yet */
};

void top_page_init(struct top_page *p);
void top_page_fini(struct top_page *p);
/* Reads p->text. MLP_EINPUT for what is no page. */
enum mlp_code top_page_read(struct top_page *p, struct mlp_err *e);

/* What happened between two pages of the same server. Counters that went back began anew. */
struct top_span {
    const struct top_page *before, *now;
    double seconds;
};

/* Sum of the samples of a name, now; 0 without any. */
double top_value(const struct top_span *s, const char *name);
/* How much a sample, or the sum of all of a name, went up a second. */
double top_point_rate(const struct top_span *s, const struct mlp_prom_point *p);
double top_rate(const struct top_span *s, const char *name);
/* The time in seconds that a share q of the answers in between did not exceed: within a bucket
 * straight lines are drawn, as Prometheus' histogram_quantile does. NaN without answers. */
double top_quantile(const struct top_span *s, const char *name, double q);

/* How a screen is painted. columns 0: as wide as it gets; rows 0: as long. */
struct top_style {
    unsigned rows, columns;
    bool colour;
    const char *end;             /* of each line */
};

/* Appends all of it. url: what is asked. trouble: the last question had no answer, and why; else
 * NULL. With a span whose pages are missing only the head is shown. */
void top_paint(const struct top_span *s, const char *url, const char *trouble,
               const struct top_style *style, struct mlp_buf *b);

#endif
