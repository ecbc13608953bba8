/* metrics_inside.h: what the files of metrics share. For lib/stat only. */
#ifndef MLP_STAT_METRICS_INSIDE_H
#define MLP_STAT_METRICS_INSIDE_H

#include "stat/metrics.h"

/* Of row i, 1 where rows have none. */
static inline double weight(const struct mlp_binary *b, size_t i)
{
    return b->w ? b->w[i] : 1;
}

#endif
