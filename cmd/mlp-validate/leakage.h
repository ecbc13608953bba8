/* What `mlp-validate leakage` is made of: reading the files once, and its checks. */
#ifndef MLP_VALIDATE_LEAKAGE_H
#define MLP_VALIDATE_LEAKAGE_H

#include "verbs.h"

#include "base/map.h"
#include "base/rng.h"
#include "base/vec.h"
#include "stat/leak.h"
#include "stat/sketch.h"
#include "stat/values.h"

#define MOST_FILES 16
#define SAMPLE_ROWS 50000

/* What a column is for. */
enum leak_role { LEAK_FEATURE, LEAK_LABEL, LEAK_KEY, LEAK_TIME };

/* Of a column: where it is in each file (-1: not there); of the first file its kinds of values, how
 * many there are, and a sample of rows; of each later file the values that are new. */
struct leak_column {
    struct mlp_str name;
    enum leak_role role;
    int at[MOST_FILES];
    uint64_t looks[MLP_LOOKS], present;
    struct mlp_map values;         /* of the first file, while they are few */
    bool many;
    uint8_t distinct[4096];
    double *numbers;               /* SAMPLE_ROWS each, of the sampled rows */
    uint32_t *codes;
    uint64_t fresh[MOST_FILES];    /* rows with values that the first file has not */
    uint64_t fresh_line[MOST_FILES];
    char fresh_value[MOST_FILES][64];
};

/* A place and where its like was before. */
struct leak_hit {
    uint64_t line, before_line;
    uint32_t before;
    bool other_label;
};

/* A file: its rows, and those that are also somewhere else. */
struct leak_file {
    const char *path, *source;
    struct mlp_table *table;
    uint64_t rows, overlap, duplicates, conflicts, keys, early;
    struct leak_hit overlap_hits[MLP_REPORT_EXAMPLES], duplicate_hits[MLP_REPORT_EXAMPLES];
    struct leak_hit key_hits[MLP_REPORT_EXAMPLES], early_hits[MLP_REPORT_EXAMPLES];
    double first_time, last_time;
};

/* The run. columns are those of the first file, in its order. */
struct leak {
    const struct mlp_cmd *cmd;
    struct leak_column *columns;
    size_t ncolumns;
    struct leak_file files[MOST_FILES];
    size_t nfiles, sampled;
    struct mlp_seen rows, keys;
    struct mlp_rng rng;
    struct mlp_arena arena;
    int label, key, time;          /* columns, -1: none */
    struct mlp_report report;
};

/* Options, as the verb reads them. */
struct leak_limits {
    double overlap, score;
    const char *const *skip;       /* names of checks, ends with NULL */
    size_t nskip;
};

void leak_init(struct leak *l, const struct mlp_cmd *cmd, size_t memory);
void leak_fini(struct leak *l);
/* Opens all files and finds the columns; label, key and time may be NULL. */
enum mlp_code leak_open(struct leak *l, const struct mlp_table_options *options,
                        const char *const roles[3], struct mlp_err *e);
/* Reads all rows. */
enum mlp_code leak_read(struct leak *l, struct mlp_err *e);

/* Adds the checks of rows, and those of columns. skipped() tells what was not asked for. */
enum mlp_code leak_tell_rows(struct leak *l, const struct leak_limits *limits, struct mlp_err *e);
enum mlp_code leak_tell_columns(struct leak *l, const struct leak_limits *limits,
                                struct mlp_err *e);
bool leak_skipped(const struct leak_limits *limits, const char *name);

#endif
