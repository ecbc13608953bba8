/* expr_eval.c: an expression over a batch, a node at a time (expr.h): each gives one value a row,
 * or one for all rows where it is constant. */
#include "rule/expr_internal.h"

#include <math.h>

struct values {
    struct mlp_ex_value *v;
    bool constant;
};

struct evaluation {
    const struct mlp_expr_context *c;
    const struct mlp_batch *b;
    struct mlp_err *e;
};

static inline struct mlp_ex_value at(struct values v, size_t r)
{
    return v.v[v.constant ? 0 : r];
}

static enum mlp_code room(const struct evaluation *ev, bool constant, struct values *out)
{
    size_t n = constant ? 1 : ev->b->nrows;
    out->constant = constant;
    out->v = mlp_arena_array(ev->b->arena, n ? n : 1, sizeof *out->v);
    return out->v ? MLP_OK : mlp_err_nomem(ev->e);
}

static enum mlp_ex_kind kind_of(enum mlp_rule_type type)
{
    switch (type) {
    case MLP_TYPE_ANY: return MLP_EX_ANY;
    case MLP_TYPE_STRING: return MLP_EX_TEXT;
    case MLP_TYPE_INT:
    case MLP_TYPE_FLOAT:
    case MLP_TYPE_NUMBER: return MLP_EX_NUMBER;
    case MLP_TYPE_BOOL: return MLP_EX_BOOL;
    case MLP_TYPE_DATE:
    case MLP_TYPE_DATETIME: return MLP_EX_TIME;
    }
    return MLP_EX_ANY;
}

static enum mlp_code load_column(const struct evaluation *ev, const struct mlp_ex_node *n,
                                 struct values *out)
{
    const struct mlp_expr_place *place = &ev->c->places[n->column];
    enum mlp_ex_kind kind = kind_of(place->type);
    if (room(ev, false, out))
        return ev->e->code;
    for (size_t r = 0; r < ev->b->nrows; r++) {
        const struct mlp_cell *cell = mlp_cell_at(ev->b, r, place->index);
        struct mlp_ex_value *v = &out->v[r];
        *v = (struct mlp_ex_value){MLP_EX_NULL, 0, {NULL, 0}};
        if (!cell->p)
            continue;
        v->text = mlp_cell_str(cell);
        v->kind = kind;
        if (kind < MLP_EX_TEXT &&
            (!mlp_value_parse(place->type, v->text, &v->number) || isnan(v->number)))
            v->kind = MLP_EX_WRONG;
    }
    return MLP_OK;
}

static enum mlp_code eval(const struct evaluation *ev, const struct mlp_ex_node *n,
                          struct values *out);

static enum mlp_code call(const struct evaluation *ev, const struct mlp_ex_node *n,
                          struct values *out)
{
    struct values args[MLP_EX_ARGS];
    struct mlp_ex_value row[MLP_EX_ARGS];
    size_t nargs = 0;
    bool constant = true;
    for (const struct mlp_ex_node *a = n->arg; a; a = a->next, nargs++) {
        if (eval(ev, a, &args[nargs]))
            return ev->e->code;
        constant = constant && args[nargs].constant;
    }
    if (room(ev, constant, out))
        return ev->e->code;
    for (size_t r = 0; r < (constant ? 1 : ev->b->nrows); r++) {
        for (size_t i = 0; i < nargs; i++)
            row[i] = at(args[i], r);
        out->v[r] = n->function->call(row, nargs, ev->b->arena, ev->c->now);
    }
    return MLP_OK;
}

static enum mlp_truth truth_of(struct mlp_ex_value v)
{
    if (v.kind == MLP_EX_NULL)
        return MLP_NULL;
    if (v.kind == MLP_EX_ANY) {
        double x;
        return !mlp_value_parse(MLP_TYPE_BOOL, v.text, &x) ? MLP_WRONG : x != 0 ? MLP_TRUE
                                                                                : MLP_FALSE;
    }
    return v.kind != MLP_EX_BOOL ? MLP_WRONG : v.number != 0 ? MLP_TRUE : MLP_FALSE;
}

static struct mlp_ex_value value_of(enum mlp_truth t)
{
    enum mlp_ex_kind kind = t == MLP_NULL ? MLP_EX_NULL : t == MLP_WRONG ? MLP_EX_WRONG
                                                                         : MLP_EX_BOOL;
    return (struct mlp_ex_value){kind, t == MLP_TRUE, {NULL, 0}};
}

/* `decisive` decides whatever the other is; then what is wrong, then what is null. */
static enum mlp_truth join(enum mlp_truth a, enum mlp_truth b, enum mlp_truth decisive)
{
    if (a == decisive || b == decisive)
        return decisive;
    if (a == MLP_WRONG || b == MLP_WRONG)
        return MLP_WRONG;
    return a == MLP_NULL || b == MLP_NULL ? MLP_NULL : a;
}

static struct mlp_ex_value binary(enum mlp_ex_op op, struct mlp_ex_value a, struct mlp_ex_value b)
{
    if (op == MLP_EX_AND || op == MLP_EX_OR)
        return value_of(join(truth_of(a), truth_of(b), op == MLP_EX_OR ? MLP_TRUE : MLP_FALSE));
    return op >= MLP_EX_ADD ? mlp_ex_arith(op, a, b) : mlp_ex_compare(op, a, b);
}

static enum mlp_code eval_binary(const struct evaluation *ev, const struct mlp_ex_node *n,
                                 struct values *out)
{
    struct values a, b;
    if (eval(ev, n->arg, &a) || eval(ev, n->arg->next, &b) ||
        room(ev, a.constant && b.constant, out))
        return ev->e->code;
    for (size_t r = 0; r < (out->constant ? 1 : ev->b->nrows); r++)
        out->v[r] = binary(n->op, at(a, r), at(b, r));
    return MLP_OK;
}

static struct mlp_ex_value unary(enum mlp_ex_op op, struct mlp_ex_value v)
{
    static const struct mlp_ex_value zero = {MLP_EX_NUMBER, 0, {NULL, 0}};
    enum mlp_truth t = truth_of(v);
    switch (op) {
    case MLP_EX_NOT: return value_of(t == MLP_TRUE ? MLP_FALSE : t == MLP_FALSE ? MLP_TRUE : t);
    case MLP_EX_NEGATE: return mlp_ex_arith(MLP_EX_SUB, zero, v);
    default: return value_of(v.kind == MLP_EX_NULL ? MLP_TRUE : MLP_FALSE);
    }
}

static struct mlp_ex_value match(const struct evaluation *ev, const struct mlp_ex_node *n,
                                 struct mlp_ex_value v)
{
    if (v.kind == MLP_EX_NULL)
        return v;
    if (!v.text.p)
        return value_of(MLP_WRONG);
    int found = mlp_regex_find(&n->regex, v.text, ev->c->matcher);
    return value_of(found >= 0 ? MLP_TRUE : found == PCRE2_ERROR_NOMATCH ? MLP_FALSE : MLP_WRONG);
}

static enum mlp_code eval_unary(const struct evaluation *ev, const struct mlp_ex_node *n,
                                struct values *out)
{
    struct values a;
    if (eval(ev, n->arg, &a) || room(ev, a.constant, out))
        return ev->e->code;
    for (size_t r = 0; r < (out->constant ? 1 : ev->b->nrows); r++)
        out->v[r] = n->op == MLP_EX_MATCH ? match(ev, n, at(a, r)) : unary(n->op, at(a, r));
    return MLP_OK;
}

/* Equal to one of the further operands. */
static enum mlp_code eval_in(const struct evaluation *ev, const struct mlp_ex_node *n,
                             struct values *out)
{
    struct values a, item;
    if (eval(ev, n->arg, &a) || room(ev, a.constant, out))
        return ev->e->code;
    size_t rows = out->constant ? 1 : ev->b->nrows;
    for (size_t r = 0; r < rows; r++)
        out->v[r] = value_of(MLP_FALSE);
    for (const struct mlp_ex_node *i = n->arg->next; i; i = i->next) {
        if (eval(ev, i, &item))
            return ev->e->code;
        for (size_t r = 0; r < rows; r++) {
            enum mlp_truth t = truth_of(mlp_ex_compare(MLP_EX_EQ, at(a, r), at(item, r)));
            out->v[r] = value_of(join(truth_of(out->v[r]), t, MLP_TRUE));
        }
    }
    return MLP_OK;
}

static enum mlp_code eval(const struct evaluation *ev, const struct mlp_ex_node *n,
                          struct values *out)
{
    switch (n->op) {
    case MLP_EX_CONSTANT:
        if (room(ev, true, out) == MLP_OK)
            out->v[0] = n->value;
        return ev->e->code;
    case MLP_EX_COLUMN: return load_column(ev, n, out);
    case MLP_EX_CALL: return call(ev, n, out);
    case MLP_EX_IN: return eval_in(ev, n, out);
    case MLP_EX_NOT:
    case MLP_EX_NEGATE:
    case MLP_EX_MATCH:
    case MLP_EX_IS_NULL: return eval_unary(ev, n, out);
    default: return eval_binary(ev, n, out);
    }
}

enum mlp_code mlp_expr_eval(const struct mlp_expr *x, const struct mlp_expr_context *c,
                            const struct mlp_batch *b, uint8_t *truth, struct mlp_err *e)
{
    struct values v;
    struct mlp_err local;
    mlp_err_init(&local);
    struct evaluation ev = {c, b, e ? e : &local};
    if (eval(&ev, x->root, &v))
        return ev.e->code;
    for (size_t r = 0; r < b->nrows; r++)
        truth[r] = b->bad[r] ? MLP_NULL : (uint8_t)truth_of(at(v, r));
    return MLP_OK;
}
