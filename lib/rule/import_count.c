/* import_count.c: numbers and what they must be, as rules. */
#include "rule/import_count.h"

#include "text/num.h"

#define MOST_TEXT ((size_t)1 << 20)

bool mlp_import_bounds_by(struct mlp_import_bounds *b, struct mlp_str op, struct mlp_str value)
{
    static const struct {
        const char *op;
        bool lo, hi, open, outside;
    } ops[] = {
        {"<", false, true, true, false},  {"<=", false, true, false, false},
        {">", true, false, true, false},  {">=", true, false, false, false},
        {"=", true, true, false, false},  {"!=", true, true, false, true},
        {"<>", true, true, false, true},
    };
    size_t i = 0, n = sizeof ops / sizeof *ops;
    while (i < n && !mlp_str_is(op, ops[i].op))
        i++;
    if (i == n)
        return false;
    *b = (struct mlp_import_bounds){.outside = ops[i].outside, .open_lo = ops[i].lo && ops[i].open,
                                    .open_hi = ops[i].hi && ops[i].open};
    b->lo = ops[i].lo ? value : b->lo;
    b->hi = ops[i].hi ? value : b->hi;
    return true;
}

static bool is_zero(struct mlp_str s)
{
    double x;
    return s.p && mlp_num_f64(s, &x) && x == 0;
}

bool mlp_import_bounds_zero(const struct mlp_import_bounds *b, bool whole)
{
    double hi;
    bool low = !b->lo.p || (is_zero(b->lo) && !b->open_lo);
    bool high = is_zero(b->hi) && !b->open_hi;
    if (whole && b->open_hi && b->hi.p && mlp_num_f64(b->hi, &hi))
        high = hi > 0 && hi <= 1;
    return low && high && !b->outside;
}

bool mlp_import_bounds_any(const struct mlp_import_bounds *b)
{
    return !b->outside && !b->hi.p && (!b->lo.p || (is_zero(b->lo) && !b->open_lo));
}

void mlp_import_put_text(struct mlp_doc *d, struct mlp_node *map, const char *key,
                         struct mlp_str text, const struct mlp_node *from)
{
    mlp_import_put(d, map, key, mlp_doc_new_str(d, text), from);
}

/* A number, a percentage or a parameter that will be one. */
static void put_end(struct mlp_doc *d, struct mlp_node *map, const char *key, struct mlp_str text,
                    bool percent, const struct mlp_node *from)
{
    double x;
    struct mlp_buf b;
    if (!percent && mlp_num_f64(text, &x)) {
        mlp_import_put(d, map, key, mlp_import_num(d, x), from);
        return;
    }
    mlp_buf_init(&b, MOST_TEXT);
    mlp_buf_addf(&b, "%.*s%s", MLP_STR_ARG(text), percent ? "%" : "");
    mlp_import_put_text(d, map, key, mlp_buf_str(&b), from);
    mlp_buf_fini(&b);
}

void mlp_import_bounds_put(struct mlp_doc *d, struct mlp_node *map, const char *key,
                           const struct mlp_import_bounds *b, const struct mlp_node *from)
{
    struct mlp_node *x = mlp_import_put(d, map, key, mlp_doc_new(d, MLP_DOC_MAP), from);
    if (b->outside)
        x = mlp_import_put(d, x, "not", mlp_doc_new(d, MLP_DOC_MAP), from);
    if (b->lo.p)
        put_end(d, x, b->open_lo ? "above" : "min", b->lo, b->percent, from);
    if (b->hi.p)
        put_end(d, x, b->open_hi ? "below" : "max", b->hi, b->percent, from);
}

/* ---- checks */

struct mlp_node *mlp_import_head_check(const struct mlp_import_head *h, bool when)
{
    struct mlp_node *check = mlp_import_check(h->out, h->from);
    mlp_import_put_text(h->out, check, "name", h->name, h->from);
    if (h->severity)
        mlp_import_put_text(h->out, check, "severity", mlp_str_from(h->severity), h->from);
    if (h->env)
        mlp_import_put(h->out, check, "only_env", mlp_import_copy(h->out, h->env), h->from);
    if (when && h->filter.n)
        mlp_import_put_text(h->out, check, "when", h->filter, h->from);
    return check;
}

struct mlp_node *mlp_import_head_column(const struct mlp_import_head *h, struct mlp_str column,
                                        const char *type)
{
    struct mlp_node *check = mlp_import_head_check(h, true);
    mlp_import_put_text(h->out, check, "column", column, h->from);
    if (type) {
        mlp_import_put_text(h->out, check, "type", mlp_str_from(type), h->from);
        mlp_import_put_text(h->out, check, "unfit", MLP_STR("trouble"), h->from);
    }
    return check;
}

struct mlp_node *mlp_import_head_columns(const struct mlp_import_head *h,
                                         const struct mlp_str *columns, size_t n)
{
    struct mlp_doc *d = h->out;
    struct mlp_node *check = mlp_import_head_check(h, true);
    struct mlp_node *list = mlp_import_put(d, check, "columns", mlp_doc_new(d, MLP_DOC_LIST),
                                           h->from);
    for (size_t i = 0; i < n; i++)
        mlp_import_push(d, list, mlp_import_place(mlp_doc_new_str(d, columns[i]), h->from));
    return check;
}

/* "(FILTER) and (WHICH)" */
static void put_both(const struct mlp_import_head *h, struct mlp_node *check, struct mlp_str which)
{
    struct mlp_buf b;
    mlp_buf_init(&b, MOST_TEXT);
    if (h->filter.n && which.n)
        mlp_buf_addf(&b, "%.*s and ", MLP_STR_ARG(h->filter));
    mlp_buf_addstr(&b, which.n ? which : h->filter);
    if (b.n)
        mlp_import_put_text(h->out, check, "when", mlp_buf_str(&b), h->from);
    mlp_buf_fini(&b);
}

void mlp_import_head_expect(const struct mlp_import_head *h, struct mlp_str expect)
{
    mlp_import_put_text(h->out, mlp_import_head_check(h, true), "expect", expect, h->from);
}

/* Nothing of which there may be any is a rule on rows. */
static bool put_none(const struct mlp_import_head *h, struct mlp_str which,
                     const struct mlp_import_bounds *b, bool whole)
{
    struct mlp_buf none;
    if (!which.n || !mlp_import_bounds_zero(b, whole))
        return false;
    mlp_buf_init(&none, MOST_TEXT);
    mlp_buf_addf(&none, "not %.*s", MLP_STR_ARG(which));
    mlp_import_head_expect(h, mlp_buf_str(&none));
    mlp_buf_fini(&none);
    return true;
}

void mlp_import_head_count(const struct mlp_import_head *h, struct mlp_str which,
                           const struct mlp_import_bounds *b)
{
    if (put_none(h, which, b, true))
        return;
    struct mlp_node *check = mlp_import_head_check(h, false);
    mlp_import_bounds_put(h->out, check, "rows", b, h->from);
    put_both(h, check, which);
}

void mlp_import_head_share(const struct mlp_import_head *h, struct mlp_str which,
                           const struct mlp_import_bounds *b)
{
    if (put_none(h, which, b, false))
        return;
    struct mlp_node *check = mlp_import_head_check(h, false);
    mlp_import_bounds_put(h->out, check, "share", b, h->from);
    mlp_import_put_text(h->out, check, "when", which, h->from);
    if (h->filter.n)
        mlp_import_put_text(h->out, check, "of", h->filter, h->from);
}
