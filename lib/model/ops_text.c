/* ops_text.c: operations over texts and categories (ops.h). */
#include "base/map.h"
#include "model/dict.h"
#include "model/ops.h"
#include <math.h>
#include <stdlib.h>

static bool text_missing(struct mlp_str t, struct mlp_str missing)
{
    return missing.n ? mlp_str_eq(t, missing) : t.p == NULL;
}

static enum mlp_code run_impute_text(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_impute_text *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++) {
            struct mlp_str t = c->t[r * c->ldx + i];
            c->ty[r * c->ldy + i] = text_missing(t, p->missing) ? p->value[i] : t;
        }
    return MLP_OK;
}

static enum mlp_code run_indicator_text(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_impute_text *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++)
            c->y[r * c->ldy + i] = text_missing(c->t[r * c->ldx + i], p->missing);
    return MLP_OK;
}

const struct mlp_op mlp_op_impute_text = {"imputer of texts", run_impute_text, NULL};
const struct mlp_op mlp_op_indicator_text = {"missing indicator", run_indicator_text, NULL};

/* --- categories --- */

struct mlp_dict *mlp_dict_texts(struct mlp_arena *a, const struct mlp_str *text, size_t n,
                                int32_t missing)
{
    struct mlp_dict *d = mlp_arena_alloc(a, sizeof *d);
    size_t nslots = 8;
    while (nslots < 2 * n)
        nslots *= 2;
    uint32_t *slots = mlp_arena_array(a, nslots, sizeof *slots);
    if (!d || !slots)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!text[i].p)
            continue;
        size_t s = mlp_hash64(text[i].p, text[i].n, 0) & (nslots - 1);
        while (slots[s])
            s = (s + 1) & (nslots - 1);
        slots[s] = (uint32_t)i + 1;
    }
    *d = (struct mlp_dict){.n = n, .text = text, .slots = slots, .nslots = nslots,
                           .missing = missing};
    return d;
}

int32_t mlp_dict_text(const struct mlp_dict *d, struct mlp_str t)
{
    if (!t.p)
        return d->missing;
    size_t s = mlp_hash64(t.p, t.n, 0) & (d->nslots - 1);
    for (; d->slots[s]; s = (s + 1) & (d->nslots - 1))
        if (mlp_str_eq(d->text[d->slots[s] - 1], t))
            return (int32_t)d->slots[s] - 1;
    return -1;
}

struct coded {
    double number;
    int32_t code;
};

static int by_number(const void *a, const void *b)
{
    const struct coded *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

struct mlp_dict *mlp_dict_numbers(struct mlp_arena *a, const double *v, size_t n, int32_t missing)
{
    struct mlp_dict *d = mlp_arena_alloc(a, sizeof *d);
    double *number = mlp_arena_array(a, n, sizeof *number);
    int32_t *code = mlp_arena_array(a, n, sizeof *code);
    struct coded *sorted = mlp_arena_array(a, n, sizeof *sorted);
    size_t m = 0;
    if (!d || !number || !code || !sorted)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            sorted[m++] = (struct coded){v[i], (int32_t)i};
    qsort(sorted, m, sizeof *sorted, by_number);
    for (size_t i = 0; i < m; i++) {
        number[i] = sorted[i].number;
        code[i] = sorted[i].code;
    }
    *d = (struct mlp_dict){.n = n, .number = number, .code = code, .nnumbers = m,
                           .missing = missing};
    return d;
}

int32_t mlp_dict_number(const struct mlp_dict *d, double v)
{
    if (isnan(v))
        return d->missing;
    size_t lo = 0, hi = d->nnumbers;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (d->number[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->nnumbers && d->number[lo] == v ? d->code[lo] : -1;
}

static enum mlp_code unknown(const struct mlp_gnode *n, struct mlp_call *c, size_t row, size_t i)
{
    struct mlp_str name = mlp_graph_column_name(c->g, n, i);
    char value[80] = "a missing value";
    if (c->t && c->t[row * c->ldx + i].p) {
        struct mlp_str t = c->t[row * c->ldx + i];
        snprintf(value, sizeof value, "\"%.*s\"", t.n > 60 ? 60 : (int)t.n, t.p);
    } else if (c->x && !isnan(c->x[row * c->ldx + i])) {
        snprintf(value, sizeof value, "%g", c->x[row * c->ldx + i]);
    }
    c->row = row;
    mlp_err_set(c->e, MLP_EINPUT, "%s%.*s%s%s is no category that the model knows",
                name.n ? "column " : "", MLP_STR_ARG(name), name.n ? ": " : "", value);
    return mlp_err_hint(c->e, "fit the encoder with handle_unknown=\"ignore\" to accept new "
                              "categories");
}

static enum mlp_code run_encode(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_encode *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++) {
            int32_t code = mlp_dict_number(&p->dict[i], c->x[r * c->ldx + i]);
            if (code < 0 && p->refuse)
                return unknown(n, c, r, i);
            c->y[r * c->ldy + i] = code;
        }
    return MLP_OK;
}

static enum mlp_code run_encode_text(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_encode *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++) {
            int32_t code = mlp_dict_text(&p->dict[i], c->t[r * c->ldx + i]);
            if (code < 0 && p->refuse)
                return unknown(n, c, r, i);
            c->y[r * c->ldy + i] = code;
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_encode = {"encoder", run_encode, NULL};
const struct mlp_op mlp_op_encode_text = {"encoder", run_encode_text, NULL};
