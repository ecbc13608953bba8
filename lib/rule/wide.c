/* wide.c: which rows do not hold to a rule about several columns (wide.h). */
#include "rule/wide.h"

#include "text/num.h"

#include <math.h>

#define COUNTED_BYTES ((size_t)256 << 20)

void mlp_wide_state_fini(struct mlp_wide_state *s)
{
    mlp_hashes_fini(&s->seen);
    mlp_hashes_fini(&s->twice);
    if (s->has_counts)
        mlp_map_fini(&s->counts);
    mlp_column_sums_fini(&s->values);
}

bool mlp_wide_looks_twice(const struct mlp_rule *rule)
{
    return rule->wide &&
           (rule->wide->op == MLP_WIDE_UNIQUE || rule->wide->op == MLP_WIDE_ZSCORE ||
            rule->wide->op == MLP_WIDE_QUARTILES);
}

/* A tag and a length, so that no two rows of values have the same bytes. */
void mlp_wide_key(struct mlp_buf *b, struct mlp_str value)
{
    char text[32];
    double v;
    if (!value.p) {
        mlp_buf_adds(b, "0;");
    } else if (mlp_num_f64(value, &v)) {
        size_t n = mlp_num_print_f64(v == 0 ? 0 : v, text);
        mlp_buf_addf(b, "n%zu:%.*s", n, (int)n, text);
    } else {
        mlp_buf_addf(b, "t%zu:", value.n);
        mlp_buf_addstr(b, value);
    }
}

static struct mlp_str cell_of(const struct mlp_wide_rows *rows, size_t r, size_t k)
{
    return mlp_cell_str(mlp_cell_at(rows->b, r, (size_t)rows->index[k]));
}

/* Passes over the rows that the rule leaves out for missing values. */
static void skip_missing(const struct mlp_wide *w, const struct mlp_wide_rows *rows)
{
    for (size_t r = 0; r < rows->b->nrows && w->skip != MLP_SKIP_NEVER; r++) {
        size_t missing = 0;
        for (size_t k = 0; rows->looks[r] && k < rows->ncolumns; k++)
            missing += cell_of(rows, r, k).p == NULL;
        if (missing == rows->ncolumns || (missing && w->skip == MLP_SKIP_ANY))
            rows->looks[r] = 0;
    }
}

static void row_key(struct mlp_buf *b, const struct mlp_wide_rows *rows, size_t r)
{
    mlp_buf_reset(b);
    for (size_t k = 0; k < rows->ncolumns; k++)
        mlp_wide_key(b, cell_of(rows, r, k));
}

/* Bytes are hashed as they are: a column whose numbers are written in one way, as all that
 * programs write, costs no parsing. */
static uint64_t row_hash(const struct mlp_wide_rows *rows, size_t r)
{
    uint64_t h = 0;
    for (size_t k = 0; k < rows->ncolumns; k++) {
        struct mlp_str s = cell_of(rows, r, k);
        h = mlp_hash64(s.p ? s.p : "", s.n, h + s.n + (s.p != NULL));
    }
    return h;
}

/* ---- the first look */

static enum mlp_code survey_unique(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                   struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t r = 0; r < rows->b->nrows && code == MLP_OK; r++) {
        bool fresh = true;
        if (!rows->looks[r])
            continue;
        uint64_t hash = row_hash(rows, r);
        code = mlp_hashes_add(&s->seen, hash, &fresh, e);
        if (code == MLP_OK && !fresh)
            code = mlp_hashes_add(&s->twice, hash, &fresh, e);
    }
    return code;
}

/* What is no number has no distance from the mean. */
static enum mlp_code number_at(const struct mlp_wide_rows *rows, size_t r, double *v,
                               struct mlp_err *e)
{
    struct mlp_str s = cell_of(rows, r, 0);
    if (mlp_value_parse(MLP_TYPE_NUMBER, s, v))
        return MLP_OK;
    return mlp_err_set(e, MLP_EINPUT, "line %llu: %.*s is no number, as zscore needs",
                       (unsigned long long)rows->b->line[r], (int)(s.n < 60 ? s.n : 60), s.p);
}

static enum mlp_code survey_moments(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                    struct mlp_err *e)
{
    for (size_t r = 0; r < rows->b->nrows; r++) {
        double v;
        if (!rows->looks[r])
            continue;
        if (number_at(rows, r, &v, e) != MLP_OK)
            return e->code;
        double d = v - s->mean;
        s->n++;
        s->mean += d / (double)s->n;
        s->m2 += d * (v - s->mean);
    }
    return MLP_OK;
}

enum mlp_code mlp_wide_survey(const struct mlp_rule *rule, const struct mlp_wide_rows *rows,
                              struct mlp_wide_state *s, struct mlp_err *e)
{
    skip_missing(rule->wide, rows);
    if (rule->wide->op == MLP_WIDE_QUARTILES)
        return mlp_wide_quartiles_survey(rows, s, e);
    return rule->wide->op == MLP_WIDE_UNIQUE ? survey_unique(rows, s, e)
                                             : survey_moments(rows, s, e);
}

/* ---- the second */

static enum mlp_code mark_unique(const struct mlp_wide_rows *rows,
                                 const struct mlp_wide_state *s, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t r = 0; r < rows->b->nrows && code == MLP_OK; r++) {
        bool twice = false;
        if (rows->looks[r])
            code = mlp_hashes_has(&s->twice, row_hash(rows, r), &twice, e);
        if (twice)
            rows->looks[r] = 2;
    }
    return code;
}

static enum mlp_code mark_zscore(const struct mlp_wide *w, const struct mlp_wide_rows *rows,
                                 const struct mlp_wide_state *s, struct mlp_err *e)
{
    double deviation = sqrt(s->m2 / (double)(s->n ? s->n - 1 : 0));
    for (size_t r = 0; r < rows->b->nrows; r++) {
        double v;
        if (!rows->looks[r])
            continue;
        if (number_at(rows, r, &v, e) != MLP_OK)
            return e->code;
        double z = (v - s->mean) / deviation;
        bool holds = (w->two_sided ? fabs(z) : z) < w->number;
        rows->looks[r] = holds ? 1 : 2;
    }
    return MLP_OK;
}

static bool compare_holds(struct mlp_str op, struct mlp_str a, struct mlp_str b)
{
    double x, y;
    if (!a.p || !b.p)
        return mlp_str_is(op, "!=");
    int way = mlp_str_cmp(a, b);
    if (mlp_num_f64(a, &x) && mlp_num_f64(b, &y))
        way = (x > y) - (x < y);
    if (op.p[0] == '<')
        return way < 0 || (op.n == 2 && way == 0);
    if (op.p[0] == '>')
        return way > 0 || (op.n == 2 && way == 0);
    return (way == 0) == (op.p[0] == '=');
}

static bool within_holds(const struct mlp_wide_rows *rows, size_t r)
{
    for (size_t k = 1; k < rows->ncolumns; k++) {
        struct mlp_str a = cell_of(rows, r, k);
        for (size_t i = 0; i < k; i++) {
            struct mlp_str b = cell_of(rows, r, i);
            if (a.p && b.p ? compare_holds(MLP_STR("=="), a, b) : !a.p && !b.p)
                return false;
        }
    }
    return true;
}

static bool sum_holds(const struct mlp_wide *w, const struct mlp_wide_rows *rows, size_t r)
{
    double sum = 0, v;
    for (size_t k = 0; k < rows->ncolumns; k++) {
        struct mlp_str s = cell_of(rows, r, k);
        if (!s.p || !mlp_value_parse(MLP_TYPE_NUMBER, s, &v))
            return false;
        sum += v;
    }
    return sum == w->number;
}

static bool row_holds(const struct mlp_wide *w, const struct mlp_wide_rows *rows, size_t r,
                      struct mlp_buf *key)
{
    switch (w->op) {
    case MLP_WIDE_COMPARE:
        return compare_holds(w->compare, cell_of(rows, r, 0), cell_of(rows, r, 1));
    case MLP_WIDE_WITHIN: return within_holds(rows, r);
    case MLP_WIDE_SUM: return sum_holds(w, rows, r);
    default: break;
    }
    row_key(key, rows, r);
    const uint64_t *times = mlp_map_get(&w->pairs, mlp_buf_str(key));
    return times && (!w->once || *times == 1);
}

static enum mlp_code count_rows(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                struct mlp_buf *key, struct mlp_err *e)
{
    if (!s->has_counts)
        mlp_map_init(&s->counts, 0, COUNTED_BYTES);
    s->has_counts = true;
    for (size_t r = 0; r < rows->b->nrows; r++) {
        if (!rows->looks[r])
            continue;
        mlp_buf_reset(key);
        for (size_t k = 0; k < 2; k++) {
            struct mlp_str v = cell_of(rows, r, k);
            mlp_buf_addf(key, "%c%zu:%.*s", v.p ? '1' : '0', v.n, MLP_STR_ARG(v));
        }
        uint64_t *count = mlp_map_put(&s->counts, mlp_buf_str(key), NULL);
        if (!count)
            return mlp_err_set(e, MLP_EINPUT, "more pairs of values than %zu MB hold",
                               COUNTED_BYTES >> 20);
        ++*count;
    }
    return MLP_OK;
}

static enum mlp_code mark_rows(const struct mlp_wide *w, const struct mlp_wide_rows *rows,
                               struct mlp_wide_state *s, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    bool counts = w->op == MLP_WIDE_ASSOCIATION || w->op == MLP_WIDE_MUTUAL;
    struct mlp_buf key;
    mlp_buf_init(&key, (size_t)64 << 20);
    if (counts)
        code = count_rows(rows, s, &key, e);
    for (size_t r = 0; r < rows->b->nrows && !counts; r++)
        if (rows->looks[r] && !row_holds(w, rows, r, &key))
            rows->looks[r] = 2;
    if (code == MLP_OK)
        code = mlp_buf_check(&key, e);
    mlp_buf_fini(&key);
    return code;
}

enum mlp_code mlp_wide_mark(const struct mlp_rule *rule, const struct mlp_wide_rows *rows,
                            struct mlp_wide_state *s, struct mlp_err *e)
{
    const struct mlp_wide *w = rule->wide;
    skip_missing(w, rows);
    switch (w->op) {
    case MLP_WIDE_UNIQUE: return mark_unique(rows, s, e);
    case MLP_WIDE_ZSCORE: return mark_zscore(w, rows, s, e);
    case MLP_WIDE_DETERMINES: return mlp_wide_determines_mark(rows, s, e);
    case MLP_WIDE_QUARTILES: mlp_wide_quartiles_mark(w, rows, s); return MLP_OK;
    case MLP_WIDE_CORRELATION: mlp_wide_correlation_add(rows, s); return MLP_OK;
    case MLP_WIDE_MEANS: mlp_wide_means_add(w, rows, s); return MLP_OK;
    default: return mark_rows(w, rows, s, e);
    }
}
