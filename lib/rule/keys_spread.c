/* keys_spread.c: keys whose rules look at all values of a column. */
#include "rule/spread.h"

#include "rule/compile.h"
#include "rule/wide.h"

#include <math.h>

/* Values into the set, in order; null is no value. */
static void read_values(struct mlp_maker *m, const struct mlp_node *list, struct mlp_spread *x)
{
    struct mlp_buf key;
    mlp_buf_init(&key, 1 << 20);
    if (!list || list->type != MLP_DOC_LIST)
        mlp_make_fault(m, list, "a list of values");
    for (const struct mlp_node *n = list ? list->child : NULL; n && !mlp_make_failed(m);
         n = n->next) {
        if (n->type == MLP_DOC_NULL)
            continue;
        if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
            mlp_make_fault(m, n, "a value");
        mlp_buf_reset(&key);
        mlp_wide_key(&key, n->text);
        if (!mlp_make_failed(m) && !mlp_map_put(&x->set, mlp_buf_str(&key), NULL))
            mlp_err_nomem(m->e);
    }
    mlp_buf_fini(&key);
}

static void read_most_common(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    static const char *const known[] = {"in", "ties", NULL};
    bool list = n->type == MLP_DOC_LIST;
    if (!list && mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    x->ties = mlp_node_bool(mlp_node_get(n, "ties"), false);
    read_values(m, list ? n : mlp_node_get(n, "in"), x);
}

static void read_dtype(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    for (const struct mlp_node *name = n->type == MLP_DOC_LIST ? n->child : n;
         name && !mlp_make_failed(m); name = n->type == MLP_DOC_LIST ? name->next : NULL) {
        if (name->type != MLP_DOC_TEXT)
            mlp_make_fault(m, name, "the name of a type, such as int64");
        else if (!mlp_map_put(&x->set, name->text, NULL))
            mlp_err_nomem(m->e);
    }
}

static void read_extreme(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    static const char *const known[] = {"min", "max", "above", "below", NULL};
    const struct mlp_node *low = mlp_node_get(n, "min"), *high = mlp_node_get(n, "max");
    if (n->type != MLP_DOC_MAP) {
        mlp_make_fault(m, n, "{min: TEXT, max: TEXT}");
        return;
    }
    if (mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    x->open_lo = !low && (low = mlp_node_get(n, "above"));
    x->open_hi = !high && (high = mlp_node_get(n, "below"));
    x->lo = low ? low->text : (struct mlp_str){NULL, 0};
    x->hi = high ? high->text : (struct mlp_str){NULL, 0};
}

/* [{at: 0.5, min: 1, max: 2}]: several as one rule. */
static void read_quantiles(struct mlp_maker *m, const struct mlp_node *list, struct mlp_spread *x)
{
    static const char *const known[] = {"at", "min", "max", NULL};
    size_t room = list->type == MLP_DOC_LIST ? list->u.count : 0;
    x->quantiles = mlp_arena_array(&m->rules->arena, room, sizeof *x->quantiles);
    if (room == 0)
        mlp_make_fault(m, list, "a list such as [{at: 0.5, min: 1, max: 2}]");
    if (!x->quantiles)
        mlp_err_nomem(m->e);
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next) {
        struct mlp_spread_quantile *q = &x->quantiles[x->nquantiles++];
        if (mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
            return;
        q->at = mlp_node_num(mlp_node_get(n, "at"), NAN);
        q->lo = mlp_node_num(mlp_node_get(n, "min"), NAN);
        q->hi = mlp_node_num(mlp_node_get(n, "max"), NAN);
        if (!(q->at >= 0 && q->at <= 1))
            mlp_make_fault(m, n, "{at: a number from 0 to 1, min: ..., max: ...}");
    }
}

/* ---- distributions */

static double *read_numbers(struct mlp_maker *m, const struct mlp_node *list, size_t *n)
{
    size_t room = list && list->type == MLP_DOC_LIST ? list->u.count : 0;
    double *out = mlp_arena_array(&m->rules->arena, room, sizeof *out);
    *n = 0;
    if (room == 0)
        mlp_make_fault(m, list, "a list of numbers");
    if (!out)
        mlp_err_nomem(m->e);
    for (const struct mlp_node *x = list ? list->child : NULL; x && !mlp_make_failed(m);
         x = x->next) {
        if (!mlp_node_is_num(x))
            mlp_make_fault(m, x, "a number");
        else
            out[(*n)++] = mlp_node_num(x, 0);
    }
    return out;
}

/* Edges rise; there is one more of them than of shares; the shares make one. */
static bool is_partition(const struct mlp_spread *x, size_t nedges)
{
    double sum = x->tails[0] + x->tails[1];
    for (size_t i = 0; i < x->nweights; i++)
        sum += x->weights[i];
    for (size_t i = 1; i < nedges; i++)
        if (!(x->edges[i - 1] < x->edges[i]))
            return false;
    bool fits = x->edges ? nedges == x->nweights + 1 : x->set.n == x->nweights;
    return fits && fabs(sum - 1) < 1e-5;
}

static void read_tails(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    size_t count = 0;
    if (!n)
        return;
    const double *tails = read_numbers(m, n, &count);
    x->has_tails = true;
    if (!mlp_make_failed(m) && count != 2)
        mlp_make_fault(m, n, "two shares, below and above the edges");
    for (size_t i = 0; i < 2 && !mlp_make_failed(m); i++)
        x->tails[i] = tails[i];
}

static double read_holdout(struct mlp_maker *m, const struct mlp_node *n)
{
    double v = n ? mlp_node_num(n, NAN) : 0;
    if (!(v >= 0 && v <= 1))
        mlp_make_fault(m, n, "a share from 0 to 1");
    return v;
}

/* Held out tails belong to ends that are not at infinity and have no share already. */
static bool holds_out_right(const struct mlp_spread *x)
{
    bool low = x->edges && isinf(x->edges[0]), high = x->edges && isinf(x->edges[x->nweights]);
    if (x->has_tails)
        return x->edges && x->tail_holdout == 0 && !low && !high;
    return !(x->tail_holdout > 0 && low && high) && (x->edges || x->internal_holdout == 0);
}

static void read_partition(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    static const char *const known[] = {"values", "edges", "weights", "tails", "tail_holdout",
                                        "internal_holdout", "max", "p", NULL};
    const struct mlp_node *edges = mlp_node_get(n, "edges");
    size_t nedges = 0;
    if (mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    if (edges)
        x->edges = read_numbers(m, edges, &nedges);
    else
        read_values(m, mlp_node_get(n, "values"), x);
    if (!mlp_make_failed(m))
        x->weights = read_numbers(m, mlp_node_get(n, "weights"), &x->nweights);
    read_tails(m, mlp_node_get(n, "tails"), x);
    x->tail_holdout = read_holdout(m, mlp_node_get(n, "tail_holdout"));
    x->internal_holdout = read_holdout(m, mlp_node_get(n, "internal_holdout"));
    x->bound = mlp_node_num(mlp_node_get(n, x->op == MLP_SPREAD_KL ? "max" : "p"), NAN);
    if (mlp_make_failed(m))
        return;
    if (!is_partition(x, nedges))
        mlp_make_fault(m, n, "values or rising edges with weights that make 1, one for each value "
                             "or between two edges");
    else if (!holds_out_right(x) || x->bound < 0)
        mlp_make_fault(m, n, "tail_holdout where an end is open and has no share in tails, "
                             "internal_holdout for edges only, and a bound of at least 0");
}

static void read_ks(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    static const char *const known[] = {"law", "params", "p", NULL};
    static const struct {
        const char *name;
        size_t nparams, scale;
    } laws[] = {{"norm", 2, 1}, {"beta", 4, 3}, {"gamma", 3, 2},
                {"uniform", 2, 1}, {"chi2", 3, 2}, {"expon", 2, 1}};
    size_t count = 0, law = 0;
    if (mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    const double *params = read_numbers(m, mlp_node_get(n, "params"), &count);
    while (law < 6 && !mlp_str_is(mlp_node_str(mlp_node_get(n, "law"), ""), laws[law].name))
        law++;
    x->bound = mlp_node_num(mlp_node_get(n, "p"), NAN);
    if (mlp_make_failed(m))
        return;
    if (law == 6 || count != laws[law].nparams || !(params[laws[law].scale] > 0)) {
        mlp_make_fault(m, n, "a law with its params: norm [mean, deviation], uniform and expon "
                             "[loc, scale], gamma and chi2 [shape, loc, scale], beta [a, b, loc, "
                             "scale]; a scale above 0");
        return;
    }
    x->law = (enum mlp_spread_law)law;
    for (size_t i = 0; i < count; i++)
        x->params[i] = params[i];
}

/* The interval is the rule's own, see mlp_make_spread. */
static void read_interval(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x)
{
    mlp_make_number_bounds(m, mlp_vec_at(&m->rules->rules, m->rules->rules.n - 1), n);
    (void)x;
}

static const struct {
    const char *key;
    enum mlp_spread_op op;
    void (*read)(struct mlp_maker *m, const struct mlp_node *n, struct mlp_spread *x);
    const char *expected;
    bool numbers;
} ops[] = {
    {"distinct_in", MLP_SPREAD_DISTINCT_IN, read_values, "no other values", false},
    {"distinct_contains", MLP_SPREAD_DISTINCT_CONTAINS, read_values, "all these values", false},
    {"distinct_equals", MLP_SPREAD_DISTINCT_EQUALS, read_values, "these values, all", false},
    {"most_common", MLP_SPREAD_MOST_COMMON, read_most_common, "the most common in a set", false},
    {"least", MLP_SPREAD_LEAST, read_extreme, "the first text within bounds", false},
    {"greatest", MLP_SPREAD_GREATEST, read_extreme, "the last text within bounds", false},
    {"entropy", MLP_SPREAD_ENTROPY, read_interval, "", false},
    {"singles", MLP_SPREAD_SINGLES, read_interval, "", false},
    {"unrepeated", MLP_SPREAD_UNREPEATED, read_interval, "", false},
    {"repeated", MLP_SPREAD_REPEATED, read_interval, "", false},
    {"duplicates", MLP_SPREAD_DUPLICATES, read_interval, "", false},
    {"duplicate_share", MLP_SPREAD_DUPLICATE_SHARE, read_interval, "", false},
    {"copies", MLP_SPREAD_COPIES, read_interval, "", false},
    {"copy_share", MLP_SPREAD_COPY_SHARE, read_interval, "", false},
    {"balance", MLP_SPREAD_BALANCE, read_interval, "", false},
    {"spellings", MLP_SPREAD_SPELLINGS, read_interval, "", false},
    {"null_spellings", MLP_SPREAD_NULL_SPELLINGS, read_interval, "", false},
    {"quantiles", MLP_SPREAD_QUANTILES, read_quantiles, "quantiles within bounds", true},
    {"kl", MLP_SPREAD_KL, read_partition, "a divergence within its bound", false},
    {"chi_square", MLP_SPREAD_CHI_SQUARE, read_partition, "a p-value above its bound", false},
    {"ks", MLP_SPREAD_KS, read_ks, "a p-value above its bound", true},
    {"dtype", MLP_SPREAD_DTYPE, read_dtype, "a type of the list", false},
};

void mlp_make_spread(struct mlp_maker *m, const struct mlp_node *n)
{
    size_t i = 0;
    while (i + 1 < sizeof ops / sizeof *ops && !mlp_str_is(n->key, ops[i].key))
        i++;
    bool numbers = ops[i].numbers || (ops[i].op == MLP_SPREAD_KL && mlp_node_get(n, "edges"));
    if (numbers && m->type != MLP_TYPE_INT && m->type != MLP_TYPE_FLOAT &&
        m->type != MLP_TYPE_NUMBER) {
        mlp_make_fault(m, n, "the column to have the type int, float or number");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_SPREAD, n);
    struct mlp_spread *x = r ? mlp_arena_alloc(&m->rules->arena, sizeof *x) : NULL;
    if (!x) {
        mlp_err_nomem(m->e);
        return;
    }
    *x = (struct mlp_spread){.op = ops[i].op, .bound = NAN};
    mlp_map_init(&x->set, 0, MLP_RULES_BYTES);
    r->spread = x;
    r->expected = mlp_str_from(ops[i].expected);
    ops[i].read(m, n, x);
}
