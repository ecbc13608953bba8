/* convert_codes.c: categories and texts as ONNX operators (convert_lower.h; ops_text.c and
 * ops_num.c run them). */
#include "model/convert_lower.h"
#include "model/ops_est.h"
#include "model/ops_shape.h"
#include "model/ops_words.h"
#include <math.h>

/* --- texts --- */

static uint32_t text_mask(struct mlp_lower *l)
{
    const struct mlp_impute_text *p = l->n->params;
    struct mlp_str missing = p->missing.n ? p->missing : l->c->missing_text;
    return mlp_emit2(l->w, "Equal", l->x, mlp_emit_texts(l->w, &missing, 1));
}

static enum mlp_code write_impute_text(struct mlp_lower *l)
{
    const struct mlp_impute_text *p = l->n->params;
    for (size_t i = 0; i < l->n->in.n; i++)
        if (!p->value[i].p)
            return mlp_lower_refuse(l, "its value is a missing text, which ONNX has not");
    l->y = mlp_emit3(l->w, "Where", text_mask(l), mlp_emit_texts(l->w, p->value, l->n->in.n),
                     l->x);
    return MLP_OK;
}

static enum mlp_code write_indicator_text(struct mlp_lower *l)
{
    l->y = mlp_emit_cast(l->w, text_mask(l), MLP_DT_DOUBLE);
    return MLP_OK;
}

/* --- encoders --- */

/* An encoder's texts and codes, and whether what stands for a missing text is among them. */
struct keys {
    struct mlp_str *text;
    int64_t *code;
    size_t n;
    bool has_missing;
};

/* Whether a column comes from an imputer that has replaced what stands for a missing text. */
static bool is_imputed(const struct mlp_lower *l, size_t i)
{
    const struct mlp_gnode *from = mlp_vec_at(&l->c->g->nodes, l->n->in.p[i].node);
    return from->op == &mlp_op_impute_text &&
           !((const struct mlp_impute_text *)from->params)->missing.n;
}

static enum mlp_code ambiguous(struct mlp_lower *l)
{
    mlp_err_set(l->c->e, MLP_EINPUT, "an %s of %.*s knows \"%.*s\" as a category and missing texts "
                "as well, which ONNX has not", l->n->op->name,
                MLP_STR_ARG(l->c->m->info.estimator), MLP_STR_ARG(l->c->missing_text));
    return mlp_err_hint(l->c->e, "choose with --missing-text what stands for a missing text");
}

static enum mlp_code take_texts(struct mlp_lower *l, const struct mlp_dict *d, size_t column,
                                struct keys *k)
{
    k->text = mlp_lower_array(l, d->n + 1, sizeof *k->text);
    k->code = mlp_lower_array(l, d->n + 1, sizeof *k->code);
    if (!k->text || !k->code)
        return l->c->e->code;
    for (size_t i = 0; i < d->n; i++) {
        if (!d->text[i].p)
            continue;
        k->has_missing |= mlp_str_eq(d->text[i], l->c->missing_text);
        k->text[k->n] = d->text[i];
        k->code[k->n++] = (int64_t)i;
    }
    if (k->has_missing && (d->missing >= 0 || is_imputed(l, column)))
        return ambiguous(l);
    if (d->missing >= 0) {
        k->text[k->n] = l->c->missing_text;
        k->code[k->n++] = d->missing;
    }
    return MLP_OK;
}

/* What the encoder gives for what it does not know: -1, or a place beyond the table below, which
 * the runtime refuses. */
static int64_t unknown_code(const struct mlp_lower *l, const struct mlp_dict *d)
{
    const struct mlp_encode *p = l->n->params;
    return p->refuse ? (int64_t)d->n : -1;
}

static uint32_t checked(struct mlp_lower *l, const struct mlp_dict *d, uint32_t code)
{
    const struct mlp_encode *p = l->n->params;
    if (!p->refuse)
        return mlp_emit_cast(l->w, code, MLP_DT_DOUBLE);
    return mlp_emit_gather(l->w, mlp_lower_iota(l, d->n), code, 0);
}

static uint32_t one_column(struct mlp_lower *l, size_t i)
{
    return l->n->in.n > 1 ? mlp_lower_column(l, l->x, i) : l->x;
}

/* What no table of texts can know: it has none. */
static uint32_t all_unknown(struct mlp_lower *l, const struct mlp_dict *d)
{
    double v = (double)unknown_code(l, d);
    return mlp_emit_cast(l->w, mlp_lower_constant(l, &v, 1), MLP_DT_INT64);
}

static enum mlp_code encode_text(struct mlp_lower *l, size_t i, uint32_t *out)
{
    const struct mlp_dict *d = &((const struct mlp_encode *)l->n->params)->dict[i];
    struct keys k = {NULL, NULL, 0, false};
    uint32_t x = one_column(l, i);
    if (take_texts(l, d, i, &k))
        return l->c->e->code;
    if (k.n) {
        mlp_emit_attr_texts(l->w, "keys_strings", k.text, k.n);
        mlp_emit_attr_ints(l->w, "values_int64s", k.code, k.n);
        mlp_emit_attr_int(l->w, "default_int64", unknown_code(l, d));
        x = mlp_emit1(l->w, "ml:LabelEncoder", x);
    }
    *out = checked(l, d, k.n ? x : all_unknown(l, d));
    return MLP_OK;
}

static enum mlp_code write_encode_text(struct mlp_lower *l)
{
    uint32_t *parts = mlp_lower_array(l, l->n->in.n, sizeof *parts);
    for (size_t i = 0; parts && i < l->n->in.n; i++)
        if (encode_text(l, i, &parts[i]))
            return l->c->e->code;
    if (parts)
        l->y = mlp_emit_concat(l->w, parts, l->n->in.n, 1);
    return l->c->e->code;
}

static uint32_t number_codes(struct mlp_lower *l, const struct mlp_dict *d, uint32_t x)
{
    double other = (double)unknown_code(l, d);
    double *code = mlp_lower_array(l, d->nnumbers, sizeof *code);
    for (size_t i = 0; code && i < d->nnumbers; i++)
        code[i] = d->code[i];
    if (!code)
        return MLP_EMIT_NONE;
    mlp_emit_attr_tensor(l->w, "keys_tensor", MLP_DT_DOUBLE, d->number, d->nnumbers);
    mlp_emit_attr_tensor(l->w, "values_tensor", MLP_DT_DOUBLE, code, d->nnumbers);
    mlp_emit_attr_tensor(l->w, "default_tensor", MLP_DT_DOUBLE, &other, 1);
    return mlp_emit1(l->w, "ml:LabelEncoder", x);
}

static uint32_t encode_number(struct mlp_lower *l, size_t i)
{
    const struct mlp_dict *d = &((const struct mlp_encode *)l->n->params)->dict[i];
    double missing = d->missing >= 0 ? d->missing : (double)unknown_code(l, d);
    uint32_t x = one_column(l, i);
    uint32_t code = d->nnumbers ? number_codes(l, d, x) : all_unknown(l, d);
    code = mlp_emit_cast(l->w, code, MLP_DT_DOUBLE);
    code = mlp_emit3(l->w, "Where", mlp_emit1(l->w, "IsNaN", x), mlp_emit_num(l->w, missing),
                     code);
    return checked(l, d, mlp_emit_cast(l->w, code, MLP_DT_INT64));
}

static enum mlp_code write_encode(struct mlp_lower *l)
{
    uint32_t *parts = mlp_lower_array(l, l->n->in.n, sizeof *parts);
    for (size_t i = 0; parts && i < l->n->in.n; i++)
        parts[i] = encode_number(l, i);
    if (parts)
        l->y = mlp_emit_concat(l->w, parts, l->n->in.n, 1);
    return l->c->e->code;
}

/* --- what codes become --- */

static size_t leaf_codes(const struct mlp_forest *f, size_t tree)
{
    uint32_t most = 0;
    for (uint32_t i = f->root[tree]; i < f->root[tree + 1]; i++) {
        uint32_t id = f->leaf_id ? f->leaf_id[i] : i - f->root[tree];
        most = id > most ? id : most;
    }
    return (size_t)most + 1;
}

static size_t table_codes(const struct mlp_convert *c, const struct mlp_gnode *n, size_t i)
{
    const struct mlp_lookup *p = n->params;
    size_t codes = mlp_convert_codes(c, n->in.p[i]);
    double most = 0;
    for (size_t k = 0; codes && k <= codes; k++)
        most = p->table[i][k] > most ? p->table[i][k] : most;
    return codes ? (size_t)most + 1 : 0;
}

size_t mlp_convert_codes(const struct mlp_convert *c, struct mlp_col col)
{
    const struct mlp_gnode *n = mlp_vec_at(&c->g->nodes, col.node);
    const void *p = n->params;
    if (n->op == &mlp_op_encode || n->op == &mlp_op_encode_text)
        return ((const struct mlp_encode *)p)->dict[col.index].n;
    if (n->op == &mlp_op_bins)
        return ((const struct mlp_bins *)p)->n[col.index] + 1;
    if (n->op == &mlp_op_argmax || n->op == &mlp_op_argmax_last)
        return n->in.n;
    if (n->op == &mlp_op_above)
        return 2;
    if (n->op == &mlp_op_pair_votes)
        return ((const struct mlp_pairs *)p)->k;
    if (n->op == &mlp_op_leaves)
        return leaf_codes(((const struct mlp_trees *)p)->forest, col.index);
    return n->op == &mlp_op_lookup ? table_codes(c, n, col.index) : 0;
}

/* Output columns that one input of an expansion sets. */
struct span {
    size_t codes, from, to;
};

static enum mlp_code find_span(struct mlp_lower *l, size_t i, struct span *s)
{
    const struct mlp_expand *p = l->n->params;
    *s = (struct span){mlp_convert_codes(l->c, l->n->in.p[i]), l->n->out_width, 0};
    if (!s->codes)
        return mlp_lower_refuse(l, "the codes of its column %zu are not bounded", i);
    for (size_t c = 0; c <= s->codes; c++) {
        int32_t to = p->map[i][c];
        if (to < 0)
            continue;
        s->from = (size_t)to < s->from ? (size_t)to : s->from;
        s->to = (size_t)to + 1 > s->to ? (size_t)to + 1 : s->to;
    }
    return MLP_OK;
}

/* Columns from .. to of a span: the code equal to what sets the column. */
static uint32_t expand_span(struct mlp_lower *l, size_t i, const struct span *s)
{
    const int32_t *map = ((const struct mlp_expand *)l->n->params)->map[i];
    double *row = mlp_lower_array(l, s->to - s->from, sizeof *row);
    double *target = mlp_lower_array(l, s->codes + 1, sizeof *target);
    bool shared = false;
    uint32_t code = one_column(l, i);
    if (!row || !target)
        return MLP_EMIT_NONE;
    for (size_t k = 0; k < s->to - s->from; k++)
        row[k] = NAN;
    for (size_t c = 0; c <= s->codes; c++) {
        target[c] = map[c];
        if (map[c] < 0)
            continue;
        shared |= !isnan(row[(size_t)map[c] - s->from]);
        row[(size_t)map[c] - s->from] = (double)c - 1;
    }
    if (shared) {
        for (size_t k = 0; k < s->to - s->from; k++)
            row[k] = (double)(s->from + k);
        code = mlp_lower_table(l, target, s->codes + 1, 1,
                               mlp_emit2(l->w, "Add", code, mlp_emit_num(l->w, 1)));
    }
    return mlp_lower_flag(l, "Equal", code, mlp_emit_row(l->w, row, s->to - s->from));
}

/* Spans that follow each other lie side by side, filled up to the next; others are laid over each
 * other in full width. */
static bool in_order(const struct mlp_lower *l, struct span *s, size_t *n)
{
    size_t next = 0, last = SIZE_MAX;
    for (size_t i = 0; i < l->n->in.n; i++) {
        if (s[i].to <= s[i].from)
            continue;
        if (s[i].from < next)
            return false;
        s[i].from = next;
        next = s[i].to;
        last = i;
        (*n)++;
    }
    if (last != SIZE_MAX)
        s[last].to = l->n->out_width;
    return true;
}

static enum mlp_code write_expand(struct mlp_lower *l)
{
    struct span *s = mlp_lower_array(l, l->n->in.n, sizeof *s);
    uint32_t *parts = mlp_lower_array(l, l->n->in.n, sizeof *parts);
    size_t n = 0, k = 0;
    for (size_t i = 0; s && i < l->n->in.n; i++)
        if (find_span(l, i, &s[i]))
            return l->c->e->code;
    if (!s || !parts)
        return l->c->e->code;
    bool side_by_side = in_order(l, s, &n);
    for (size_t i = 0; i < l->n->in.n; i++) {
        if (s[i].to <= s[i].from)
            continue;
        if (!side_by_side)
            s[i] = (struct span){s[i].codes, 0, l->n->out_width};
        parts[k++] = expand_span(l, i, &s[i]);
    }
    if (!k)
        return mlp_lower_refuse(l, "it has no output columns");
    l->y = side_by_side ? mlp_emit_concat(l->w, parts, k, 1) : mlp_emitn(l->w, "Max", parts, k);
    return l->c->e->code;
}

static enum mlp_code write_lookup(struct mlp_lower *l)
{
    const struct mlp_lookup *p = l->n->params;
    uint32_t *parts = mlp_lower_array(l, l->n->in.n, sizeof *parts);
    uint32_t codes = mlp_emit2(l->w, "Add", l->x, mlp_emit_num(l->w, 1));
    for (size_t i = 0; parts && i < l->n->in.n; i++) {
        size_t n = mlp_convert_codes(l->c, l->n->in.p[i]);
        if (!n)
            return mlp_lower_refuse(l, "the codes of its column %zu are not bounded", i);
        uint32_t code = l->n->in.n > 1 ? mlp_lower_column(l, codes, i) : codes;
        parts[i] = mlp_lower_table(l, p->table[i], n + 1, 1, code);
    }
    if (parts)
        l->y = mlp_emit_concat(l->w, parts, l->n->in.n, 1);
    return l->c->e->code;
}

const struct mlp_lowering mlp_lower_codes[] = {
    {&mlp_op_impute_text, write_impute_text}, {&mlp_op_indicator_text, write_indicator_text},
    {&mlp_op_encode, write_encode}, {&mlp_op_encode_text, write_encode_text},
    {&mlp_op_expand, write_expand}, {&mlp_op_lookup, write_lookup},
    {NULL, NULL},
};
