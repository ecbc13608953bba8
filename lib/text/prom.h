/* prom.h: Prometheus text exposition format, version 0.0.4. */
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

/* One sample; labels may be NULL; values are escaped as the format asks. */
void mlp_prom_sample(struct mlp_buf *b, const char *name, const struct mlp_prom_label *labels,
                     double value);

#endif
