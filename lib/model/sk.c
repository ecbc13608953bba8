/* sk.c: what all readers of scikit-learn estimators share (sk.h). */
#include "model/sk_readers.h"
#include "text/num.h"
#include <math.h>
#include <stdarg.h>

#define MAX_DEPTH 40

/* --- errors and places --- */

enum mlp_code mlp_sk_bad(struct mlp_sk *s, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct mlp_str name = mlp_name_last(mlp_value_name(s->self));
    uint64_t at = s->self ? s->self->offset : 0;
    if (name.n)
        mlp_err_set(s->e, MLP_EINPUT, "%s%s%.*s: %s", s->place, s->place_n ? ": " : "",
                    MLP_STR_ARG(name), text);
    else
        mlp_err_set(s->e, MLP_EINPUT, "%s%s%s", text, s->place_n ? " in " : "", s->place);
    return mlp_err_at_byte(s->e, at);
}

static enum mlp_code unknown_class(struct mlp_sk *s, const struct mlp_value *v)
{
    struct mlp_str name = mlp_value_name(v);
    if (name.n)
        mlp_err_set(s->e, MLP_EINPUT, "%s%s%.*s is not a class that can be read", s->place,
                    s->place_n ? ": " : "", MLP_STR_ARG(name));
    else
        mlp_err_set(s->e, MLP_EINPUT, "%s%ssomething that is no estimator", s->place,
                    s->place_n ? ": " : "");
    mlp_err_hint(s->e,
                 "export the model to ONNX, or use a class that `mlp-serve inspect --classes` "
                 "lists");
    return mlp_err_at_byte(s->e, v ? v->offset : 0);
}

static const struct mlp_reader *find_reader(struct mlp_str dotted)
{
    struct mlp_str last = mlp_name_last(dotted);
    for (const struct mlp_reader *r = mlp_readers; r->name; r++) {
        const char *package = r->package ? r->package : "sklearn.";
        if (mlp_str_is(last, r->name) && mlp_str_starts(dotted, package))
            return r;
    }
    return NULL;
}

enum mlp_code mlp_sk_read(struct mlp_sk *s, const struct mlp_value *v, struct mlp_cols x,
                          struct mlp_pred *out)
{
    memset(out, 0, sizeof *out);
    const struct mlp_reader *r =
        v && v->type == MLP_VALUE_OBJECT ? find_reader(mlp_value_name(v)) : NULL;
    if (!r)
        return unknown_class(s, v);
    if (s->depth >= MAX_DEPTH || s->budget == 0)
        return mlp_sk_bad(s, "estimators are nested too deeply");
    const struct mlp_value *outer = s->self, *next = s->next;
    s->self = v;
    s->depth++;
    s->budget--;
    enum mlp_code code = r->read(s, x, out);
    s->depth--;
    s->self = outer;
    s->next = next;
    return code;
}

enum mlp_code mlp_sk_child(struct mlp_sk *s, const struct mlp_value *v, struct mlp_cols x,
                           struct mlp_pred *out, const char *what, ...)
{
    size_t before = s->place_n, room = sizeof s->place - before;
    va_list ap;
    va_start(ap, what);
    size_t n = 0;
    if (before && room > 4)
        n = (size_t)snprintf(s->place + before, room, " > ");
    int more = vsnprintf(s->place + before + n, room - n, what, ap);
    va_end(ap);
    n += more > 0 ? (size_t)more : 0;
    s->place_n = n < room ? before + n : sizeof s->place - 1;
    enum mlp_code code = mlp_sk_read(s, v, x, out);
    s->place_n = before;
    s->place[before] = '\0';
    return code;
}

/* --- attributes --- */

const struct mlp_value *mlp_sk_attr(const struct mlp_sk *s, const char *name)
{
    return mlp_value_attr(s->self, name);
}

bool mlp_sk_has(const struct mlp_sk *s, const char *name)
{
    return !mlp_value_is_none(mlp_sk_attr(s, name));
}

bool mlp_sk_is(const struct mlp_sk *s, const char *name, const char *text)
{
    return mlp_value_text_is(mlp_sk_attr(s, name), text);
}

bool mlp_sk_flag(const struct mlp_sk *s, const char *name, bool otherwise)
{
    double d;
    return mlp_value_f64(mlp_sk_attr(s, name), &d) ? d != 0 : otherwise;
}

double mlp_sk_num(const struct mlp_sk *s, const char *name, double otherwise)
{
    double d;
    return mlp_value_f64(mlp_sk_attr(s, name), &d) ? d : otherwise;
}

unsigned mlp_sk_version(const struct mlp_sk *s)
{
    const struct mlp_value *v = mlp_sk_attr(s, "_sklearn_version");
    struct mlp_str rest = v && v->type == MLP_VALUE_TEXT ? v->u.s : MLP_STR(""), part;
    unsigned version = 0;
    for (unsigned k = 0; k < 3; k++) {
        uint64_t n = 0;
        if (rest.p && mlp_str_split(&rest, '.', &part) && !mlp_str_u64(part, &n))
            n = 0;
        version = version * 1000 + (unsigned)(n < 1000 ? n : 999);
    }
    return version;
}

enum mlp_code mlp_sk_array(struct mlp_sk *s, const char *name, struct mlp_nd *nd)
{
    const struct mlp_value *v = mlp_sk_attr(s, name);
    if (mlp_value_is_none(v))
        return mlp_sk_bad(s, "it has no %s (not fitted, or of a version that is not known)", name);
    if (mlp_nd_read(v, s->tmp, nd, s->e))
        return mlp_err_wrap(s->e, "%s", name);
    return MLP_OK;
}

enum mlp_code mlp_sk_doubles(struct mlp_sk *s, const char *name, size_t want, const double **out,
                             size_t *n)
{
    struct mlp_nd nd;
    *out = NULL;
    if (mlp_sk_array(s, name, &nd))
        return s->e->code;
    *out = mlp_nd_doubles(&nd, s->keep, s->e);
    if (!*out)
        return mlp_err_wrap(s->e, "%s", name);
    if (n)
        *n = nd.count;
    if (want && nd.count != want)
        return mlp_sk_bad(s, "%s has %zu values, %zu are needed", name, nd.count, want);
    return MLP_OK;
}

/* A class as text, as str() has it: 1, 1.5, True, low. */
static struct mlp_str label_text(struct mlp_sk *s, const struct mlp_nd *nd, size_t i, double number)
{
    char text[40];
    struct mlp_str t = mlp_nd_text(nd, i, s->keep);
    if (t.p)
        return mlp_arena_str(s->keep, t);
    const struct mlp_value *object = nd->objects ? nd->objects[i] : NULL;
    bool truth = nd->type.kind == 'b' || (object && object->type == MLP_VALUE_BOOL);
    bool whole = nd->type.kind == 'i' || nd->type.kind == 'u' ||
                 (object && object->type == MLP_VALUE_INT);
    if (truth)
        return number != 0 ? MLP_STR("True") : MLP_STR("False");
    if (whole)
        snprintf(text, sizeof text, "%lld", (long long)mlp_nd_i64(nd, i, NULL));
    else
        text[mlp_num_print_f64(number, text)] = '\0';
    return mlp_arena_str(s->keep, mlp_str_from(text));
}

enum mlp_code mlp_sk_labels(struct mlp_sk *s, const struct mlp_value *v,
                            const struct mlp_labels **out)
{
    struct mlp_nd nd;
    if (mlp_nd_read(v, s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "classes_");
    struct mlp_labels *l = mlp_arena_alloc(s->keep, sizeof *l);
    if (!l)
        return mlp_err_nomem(s->e);
    l->n = nd.count;
    l->text = mlp_arena_array(s->keep, nd.count, sizeof *l->text);
    l->number = mlp_arena_array(s->keep, nd.count, sizeof *l->number);
    if (!l->text || !l->number)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < nd.count; i++) {
        bool ok;
        l->number[i] = mlp_nd_f64(&nd, i, &ok);
        l->is_text |= !ok;
        l->text[i] = label_text(s, &nd, i, l->number[i]);
        if (!l->text[i].p)
            return mlp_err_nomem(s->e);
    }
    *out = l;
    return MLP_OK;
}

enum mlp_code mlp_sk_classes(struct mlp_sk *s, const char *name, const struct mlp_labels **out)
{
    const struct mlp_value *v = mlp_sk_attr(s, name);
    if (mlp_value_is_none(v))
        return mlp_sk_bad(s, "it has no %s (not fitted?)", name);
    if (mlp_sk_labels(s, v, out))
        return s->e->code;
    return (*out)->n ? MLP_OK : mlp_sk_bad(s, "%s is empty", name);
}

/* --- nodes --- */

void *mlp_sk_params(struct mlp_sk *s, const void *p, size_t size)
{
    void *copy = mlp_arena_alloc(s->keep, size);
    if (copy)
        memcpy(copy, p, size);
    else
        mlp_err_nomem(s->e);
    return copy;
}

static enum mlp_code add(struct mlp_sk *s, const struct mlp_node_spec *spec, struct mlp_cols *out)
{
    struct mlp_err why;
    mlp_err_init(&why);
    enum mlp_code code = mlp_graph_add(s->g, spec, out, &why);
    struct mlp_gnode *made = mlp_vec_at(&s->g->nodes, s->g->nodes.n - 1);
    if (!code && s->g->explain)
        made->maker = mlp_arena_str(s->keep, mlp_name_last(mlp_value_name(s->self)));
    if (code == MLP_EINPUT)
        return mlp_sk_bad(s, "%s", why.message);
    return code ? mlp_err_nomem(s->e) : MLP_OK;
}

enum mlp_code mlp_sk_node(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                          struct mlp_cols in, size_t width, struct mlp_cols *out)
{
    struct mlp_node_spec spec = {op, params, MLP_WIRE_NUM, MLP_WIRE_NUM, in, width, false};
    return add(s, &spec, out);
}

enum mlp_code mlp_sk_finite(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                            struct mlp_cols in, size_t width, struct mlp_cols *out)
{
    struct mlp_node_spec spec = {op, params, MLP_WIRE_NUM, MLP_WIRE_NUM, in, width, true};
    return add(s, &spec, out);
}

enum mlp_code mlp_sk_map(struct mlp_sk *s, enum mlp_fn fn, struct mlp_cols in,
                         struct mlp_cols *out)
{
    struct mlp_map_fn p = {fn};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_map, params, in, in.n, out) : s->e->code;
}

static double *repeated(struct mlp_sk *s, double v, size_t n)
{
    double *p = mlp_arena_array64(s->keep, n, sizeof *p);
    for (size_t i = 0; p && i < n; i++)
        p[i] = v;
    if (!p)
        mlp_err_nomem(s->e);
    return p;
}

enum mlp_code mlp_sk_affine(struct mlp_sk *s, struct mlp_cols in, double mul, double plus,
                            struct mlp_cols *out)
{
    struct mlp_scale p = {.mul = repeated(s, mul, in.n), .add = repeated(s, plus, in.n)};
    void *params = p.mul && p.add ? mlp_sk_params(s, &p, sizeof p) : NULL;
    return params ? mlp_sk_node(s, &mlp_op_scale, params, in, in.n, out) : s->e->code;
}

enum mlp_code mlp_sk_linear(struct mlp_sk *s, struct mlp_cols in, const double *coef, size_t k,
                            const double *intercept, struct mlp_cols *out)
{
    double *w = mlp_arena_array64(s->keep, in.n * k, sizeof *w);
    if (!w)
        return mlp_err_nomem(s->e);
    for (size_t j = 0; j < k; j++)
        for (size_t i = 0; i < in.n; i++)
            w[i * k + j] = coef[j * in.n + i];
    struct mlp_linear p = {w, intercept};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_linear, params, in, k, out) : s->e->code;
}

static enum mlp_code set_label(struct mlp_sk *s, const struct mlp_labels *labels,
                               struct mlp_pred *out)
{
    out->labels = mlp_arena_array(s->keep, 1, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    out->labels[0] = labels;
    out->nlabels = 1;
    out->predict_kind = MLP_OUT_LABEL;
    return MLP_OK;
}

enum mlp_code mlp_sk_pick(struct mlp_sk *s, struct mlp_cols cols, const struct mlp_labels *labels,
                          struct mlp_pred *out)
{
    if (cols.n != labels->n)
        return mlp_sk_bad(s, "%zu classes but %zu columns of results", labels->n, cols.n);
    if (set_label(s, labels, out))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_argmax, NULL, cols, 1, &out->predict);
}

enum mlp_code mlp_sk_pick_above(struct mlp_sk *s, struct mlp_cols col, struct mlp_above above,
                                const struct mlp_labels *labels, struct mlp_pred *out)
{
    if (col.n != 1 || labels->n != 2)
        return mlp_sk_bad(s, "%zu classes but %zu columns of results", labels->n, col.n);
    void *params = mlp_sk_params(s, &above, sizeof above);
    if (!params || set_label(s, labels, out))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_above, params, col, 1, &out->predict);
}

enum mlp_code mlp_sk_width(struct mlp_sk *s, struct mlp_cols x)
{
    double n = mlp_sk_num(s, "n_features_in_", (double)x.n);
    if (n != (double)x.n)
        return mlp_sk_bad(s, "fitted on %g features, %zu flow in", n, x.n);
    return x.n ? MLP_OK : mlp_sk_bad(s, "no features flow in");
}

enum mlp_code mlp_sk_texts(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                           struct mlp_cols in, enum mlp_wire out_wire, struct mlp_cols *out)
{
    struct mlp_node_spec spec = {op, params, MLP_WIRE_TEXT, out_wire, in, in.n, false};
    return add(s, &spec, out);
}

enum mlp_code mlp_sk_text_node(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                               struct mlp_cols in, size_t width, struct mlp_cols *out)
{
    struct mlp_node_spec spec = {op, params, MLP_WIRE_TEXT, MLP_WIRE_NUM, in, width, false};
    return add(s, &spec, out);
}
