/* cast.c: numbers and texts as other types (cast.h). */
#include "net/cast.h"

#include <float.h>
#include <stdlib.h>

#include "net/element.h"
#include "net/tiny.h"

enum round { UP, DOWN, NEAREST };
struct cast {
    int64_t to;                  /* 0: the type of input 1 */
    int64_t saturate;
    enum round round;            /* FLOAT8E8M0 only */
};

static enum mlp_code read_round(struct mlp_net_build *b, struct cast *p)
{
    static const char *const names[] = {[UP] = "up", [DOWN] = "down", [NEAREST] = "nearest"};
    struct mlp_str mode;
    if (mlp_net_attr_str(b, "round_mode", "up", &mode))
        return b->e->code;
    for (int i = 0; i < 3; i++)
        if (mlp_str_is(mode, names[i])) {
            p->round = (enum round)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "round_mode '%.*s' is none that is known", MLP_STR_ARG(mode));
}

enum mlp_code mlp_net_prepare_cast_like(struct mlp_net_build *b, const void **params)
{
    struct cast *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "to", 0, &p->to) || mlp_net_attr_int(b, "saturate", 1, &p->saturate))
        return b->e->code;
    return read_round(b, p);
}

enum mlp_code mlp_net_prepare_cast(struct mlp_net_build *b, const void **params)
{
    if (mlp_net_prepare_cast_like(b, params))
        return b->e->code;
    const struct cast *p = *params;
    return p->to > 0 && p->to <= MLP_DT_INT2 && mlp_dtype_size((enum mlp_dtype)p->to)
               ? MLP_OK
               : mlp_net_bad(b, "a cast to type %lld is not understood", (long long)p->to);
}

/* A number as the text that numpy's and onnxruntime's casts give: shortest that reads back. */
static enum mlp_code number_text(const struct mlp_net_call *c, const struct mlp_tensor *x, size_t i,
                                 struct mlp_str *to)
{
    char text[40];
    if (mlp_dtype_is_whole(x->type)) {
        snprintf(text, sizeof(text), "%lld", (long long)mlp_tensor_integer(x, i));
    } else {
        double v = mlp_tensor_number(x, i);
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof(text), "%.*g", digits, v);
            if (x->type == MLP_DT_DOUBLE ? strtod(text, NULL) == v
                                         : (double)strtof(text, NULL) == v)
                break;
        }
    }
    *to = mlp_arena_str(c->arena, mlp_str_from(text));
    return to->p ? MLP_OK : mlp_err_nomem(c->e);
}

static enum mlp_code text_number(const struct mlp_net_call *c, struct mlp_str s,
                                 struct mlp_tensor *y, size_t to)
{
    char text[64], *end;
    int64_t whole;
    if (mlp_dtype_is_whole(y->type) && mlp_str_i64(s, &whole)) {
        mlp_tensor_set_integer(y, to, whole);
        return MLP_OK;
    }
    if (!mlp_str_copy(s, text, sizeof(text)))
        return mlp_net_fail(c, "a text that is no number");
    double x = strtod(text, &end);
    if (!s.n || *end)
        return mlp_net_fail(c, "text '%.40s' is no number", text);
    mlp_tensor_set_number(y, to, x);
    return MLP_OK;
}

enum mlp_code mlp_cast_element(const struct mlp_net_call *c, const struct mlp_tensor *x,
                               size_t from, struct mlp_tensor *y, size_t to)
{
    if (x->type == y->type)
        mlp_tensor_copy_element(y, to, x, from);
    else if (y->type == MLP_DT_STRING)
        return number_text(c, x, from, &y->str[to]);
    else if (x->type == MLP_DT_STRING)
        return text_number(c, x->str[from], y, to);
    else if (mlp_dtype_is_whole(x->type) && x->type != MLP_DT_UINT64)
        mlp_tensor_set_integer(y, to, mlp_tensor_integer(x, from));
    else
        mlp_tensor_set_number(y, to, mlp_tensor_number(x, from));
    return MLP_OK;
}

/* --- floats of 8 bits, which say what becomes of numbers that are too large --- */

/* The power of two that x is rounded to; itself where there is nothing to round. */
static double power_below(double x, bool nearest)
{
    uint32_t bits;
    float f = (float)x;
    memcpy(&bits, &f, sizeof(bits));
    bits = (bits & 0x7F800000) + (nearest && (bits & 0x400000) ? 0x800000 : 0);
    if (bits > 0x7F000000 && x <= (double)FLT_MAX)
        bits = 0x7F000000;
    memcpy(&f, &bits, sizeof(f));
    return x == x ? (double)f : x;
}

static void to_tiny(const struct cast *p, const struct mlp_tensor *x, struct mlp_tensor *y)
{
    for (size_t i = 0; i < x->n; i++) {
        double v = mlp_tensor_number(x, i);
        if (y->type == MLP_DT_FLOAT8E8M0 && p->round != UP)
            v = power_below(v, p->round == NEAREST);
        y->u8[i] = mlp_tiny_bits(y->type, v, p->saturate != 0);
    }
}

enum mlp_code mlp_net_run_cast(const struct mlp_net_call *c)
{
    const struct cast *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    enum mlp_dtype type = p->to ? (enum mlp_dtype)p->to : c->in[1]->type;
    if (type == x->type) {
        c->out[0] = *x;
        return MLP_OK;
    }
    if (mlp_tensor_like(&c->out[0], c->arena, type, x, c->e))
        return c->e->code;
    if (mlp_dtype_is_tiny(type) && x->type != MLP_DT_STRING) {
        to_tiny(p, x, &c->out[0]);
        return MLP_OK;
    }
    for (size_t i = 0; i < x->n; i++)
        if (mlp_cast_element(c, x, i, &c->out[0], i))
            return c->e->code;
    return MLP_OK;
}
