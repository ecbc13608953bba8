/* What `mlp-validate invariance` is made of: reading two files of predictions, and telling. */
#ifndef MLP_VALIDATE_INVARIANCE_H
#define MLP_VALIDATE_INVARIANCE_H

#include "model.h"

/* What became of one column. */
struct drift {
    int column;
    uint64_t changed;
    double most, sum;
    uint64_t line[MLP_REPORT_EXAMPLES];
    struct mlp_str value[MLP_REPORT_EXAMPLES];
    size_t n;
};

struct pair {
    const struct mlp_cmd *cmd;
    const char *key;               /* NULL: rows match by order */
    int at;                        /* the key's column in the second file */
    int columns;                   /* the option that names columns */
    struct predictions first;      /* keys and facets alone */
    struct mlp_vec drifts;         /* struct drift, one a facet */
    struct mlp_vec seen;           /* bool: rows of the first that were matched */
    struct mlp_report report;
    uint64_t rows;
    double eps, relative, allowed;
};

/* Reads the first file, then compares the second with it, row by row. */
enum mlp_code pair_read(struct pair *p, const char *const paths[2],
                        const struct mlp_table_options *options, struct mlp_err *e);

#endif
