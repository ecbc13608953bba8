/* prom.h: Prometheus text exposition format, version 0.0.4; OpenMetrics 1.0 where it differs. */
#ifndef MLP_TEXT_PROM_H
#define MLP_TEXT_PROM_H

#include "base/buf.h"

/* One label; arrays end with a NULL name. */
struct mlp_prom_label {
    const char *name;
    struct mlp_str value;
};

/* "# HELP name help" and "# TYPE name type"; once before a metric's first sample. */
void mlp_prom_head(struct mlp_buf *b, const char *name, const char *type, const char *help);

/* The same in OpenMetrics, where a counter's name lacks the "_total" that its samples have. */
void mlp_prom_head_open(struct mlp_buf *b, const char *name, const char *type, const char *help);

/* Behind the sample just written: an exemplar of OpenMetrics, an event that it counted, with its
 * time in seconds since 1970. */
void mlp_prom_exemplar(struct mlp_buf *b, const struct mlp_prom_label *labels, double value,
                       double time);

/* One sample; labels may be NULL; values are escaped as the format asks. */
void mlp_prom_sample(struct mlp_buf *b, const char *name, const struct mlp_prom_label *labels,
                     double value);

#endif
