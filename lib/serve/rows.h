/* rows.h: request bodies into the columns that a model reads, straight from the tokenizer.
 *
 * Taken: {"a":1,"b":"x"} (one row), [{...},{...}] or [[1,"x"],[...]] (rows; arrays follow the
 * model's order of features; of a model with one feature bare values are rows too), and a wrapper:
 *   {"instances": rows}, {"dataframe_records": rows}, {"inputs": rows}
 *   {"inputs": {"a": [1, 2], "b": ["x", "y"]}}                  columns
 *   {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}}
 * beside which signature_name, parameters and params are passed over. Or, as lines, a row a line.
 * A key is found by what followed the key before it last time; a hash only helps when that fails.
 * null is a missing value, {"b64": "..."} a text. Everything else about a row is strict: a feature
 * that is unknown, missing, given twice or of the wrong type is MLP_EINPUT and named, with its
 * row. */
#ifndef MLP_SERVE_ROWS_H
#define MLP_SERVE_ROWS_H

#include "serve/tensors.h"
#include "text/json.h"

struct mlp_rows {
    struct mlp_json json;
    const struct mlp_served *served;
    struct mlp_scratch *w;
    bool ignore_extra;           /* set before: unknown features are passed over */
    bool nonfinite;              /* set before: NaN is a missing value (no JSON, but Python's) */
    bool single;                 /* one row, not a list of them */
    bool wrapped;                /* inside of {"instances": ...} */
    bool split;                  /* of a dataframe_split: arrays are in the order of w->order */
    bool inputs;                 /* the wrapper is {"inputs": ...} */
    bool by_columns;             /* and holds columns */
    bool odd;                    /* the row holds NaN */
    bool ended;
    bool by_lines;               /* a row a line */
    struct mlp_str lines;        /* what is left of them */
    struct mlp_tensors columns;
    size_t ncolumns;             /* in w->order */
    uint64_t row;                /* rows read before this chunk */
    struct mlp_json_token token; /* looked at, not used yet */
};

/* Looks at the body's shape. body must outlive r, whose first members the caller has set. */
enum mlp_code mlp_rows_begin(struct mlp_rows *r, const struct mlp_served *s,
                             struct mlp_scratch *w, struct mlp_str body, struct mlp_err *e);

/* The same for lines: each holds an object or an array; blank ones are no rows. */
void mlp_rows_begin_lines(struct mlp_rows *r, const struct mlp_served *s, struct mlp_scratch *w,
                          struct mlp_str lines);

/* Reads up to w->max_rows rows into the columns of w; *n is 0 at the end, when everything behind
 * the rows has been checked as well. Texts are views into the body or into w->strings. */
enum mlp_code mlp_rows_next(struct mlp_rows *r, size_t *n, struct mlp_err *e);

#endif
