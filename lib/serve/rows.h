/* rows.h: request bodies into the columns that a model reads, straight from the tokenizer.
 *
 * Taken: {"a":1,"b":"x"} (one row), [{...},{...}] or [[1,"x"],[...]] (rows; arrays follow the
 * model's order of features), and {"instances":[...]} around either. A key is found by what
 * followed the key before it last time; a hash only helps when that fails. null is a missing
 * value. Everything else about a row is strict: a feature that is unknown, missing, given twice or
 * of the wrong type is MLP_EINPUT and named, with its row. */
#ifndef MLP_SERVE_ROWS_H
#define MLP_SERVE_ROWS_H

#include "serve/served.h"
#include "text/json.h"

struct mlp_rows {
    struct mlp_json json;
    const struct mlp_served *served;
    struct mlp_scratch *w;
    bool ignore_extra;           /* unknown features are passed over */
    bool single;                 /* one row, not a list of them */
    bool wrapped;                /* inside of {"instances": ...} */
    bool ended;
    uint64_t row;                /* rows read before this chunk */
    struct mlp_json_token token; /* looked at, not used yet */
};

/* Looks at the body's shape. body must outlive r. */
enum mlp_code mlp_rows_begin(struct mlp_rows *r, const struct mlp_served *s,
                             struct mlp_scratch *w, struct mlp_str body, struct mlp_err *e);

/* Reads up to w->max_rows rows into the columns of w; *n is 0 at the end, when everything behind
 * the rows has been checked as well. Texts are views into the body or into w->strings. */
enum mlp_code mlp_rows_next(struct mlp_rows *r, size_t *n, struct mlp_err *e);

#endif
