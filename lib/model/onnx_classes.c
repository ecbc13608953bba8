/* onnx_classes.c: the classes of an ONNX classifier, in the order of its probabilities.
 *
 * No field of the format tells them. They are the list, as long as there are probabilities, that
 * the nodes on the way to the label choose from: an attribute of classifiers and LabelEncoder, or
 * a constant from which an index picks. */
#include "model/loader.h"
#include "net/onnx.h"
#include "text/num.h"

#define DEEPEST 8

struct search {
    const struct mlp_onnx_graph *g;
    enum mlp_dtype type;         /* of the label: string or int64 */
    size_t n;                    /* classes wanted */
    const struct mlp_str *texts;
    const int64_t *ints;
    const struct mlp_tensor *constant;
};

static bool found(const struct search *s)
{
    return s->texts || s->ints || s->constant;
}

static bool lists_classes(struct mlp_str name)
{
    return mlp_str_is(name, "classlabels_strings") || mlp_str_is(name, "classlabels_int64s") ||
           mlp_str_is(name, "classlabels_ints") || mlp_str_is(name, "values_strings") ||
           mlp_str_is(name, "values_int64s");
}

static void look_at_attrs(struct search *s, const struct mlp_onnx_node *n)
{
    for (size_t i = 0; i < n->nattrs && !found(s); i++) {
        const struct mlp_onnx_attr *a = &n->attrs[i];
        if (a->n != s->n || !lists_classes(a->name))
            continue;
        if (s->type == MLP_DT_STRING)
            s->texts = a->strings;
        else
            s->ints = a->ints;
    }
}

static void look_at_constant(struct search *s, const struct mlp_onnx_node *n)
{
    bool picks = mlp_str_is(n->op_type, "ArrayFeatureExtractor") ||
                 mlp_str_is(n->op_type, "Gather");
    for (size_t i = 0; i < s->g->ninits && picks && n->nin && !found(s); i++) {
        const struct mlp_tensor *t = &s->g->inits[i];
        bool fits = t->n == s->n && (t->type == MLP_DT_STRING) == (s->type == MLP_DT_STRING);
        if (fits && mlp_str_eq(s->g->init_names[i], n->in[0]))
            s->constant = t;
    }
}

/* From a value to the nodes that it comes from, the nearest first along each path. */
static void look(struct search *s, struct mlp_str value, unsigned depth)
{
    for (size_t i = 0; i < s->g->nnodes && depth < DEEPEST && !found(s); i++) {
        const struct mlp_onnx_node *n = &s->g->nodes[i];
        bool makes = false;
        for (size_t k = 0; k < n->nout && !makes; k++)
            makes = mlp_str_eq(n->out[k], value);
        if (!makes)
            continue;
        look_at_attrs(s, n);
        look_at_constant(s, n);
        for (size_t k = 0; k < n->nin && !found(s); k++)
            look(s, n->in[k], depth + 1);
        return;
    }
}

static struct mlp_str text_of(struct mlp_load *l, const struct search *s, size_t i)
{
    if (s->texts || (s->constant && s->type == MLP_DT_STRING))
        return mlp_arena_str(&l->m->arena, s->texts ? s->texts[i] : s->constant->str[i]);
    return mlp_load_text(l, "%lld", (long long)(s->ints ? s->ints[i]
                                                        : mlp_tensor_integer(s->constant, i)));
}

enum mlp_code mlp_onnx_classes(struct mlp_load *l, const struct mlp_onnx_graph *g,
                               const struct mlp_onnx_value *label, size_t n,
                               const struct mlp_labels **classes)
{
    struct search s = {.g = g, .type = label->type, .n = n};
    *classes = NULL;
    if (n < 2 || (label->type != MLP_DT_STRING && label->type != MLP_DT_INT64))
        return MLP_OK;
    look(&s, label->name, 0);
    if (!found(&s))
        return MLP_OK;
    struct mlp_labels *made = mlp_arena_alloc(&l->m->arena, sizeof *made);
    if (!made)
        return mlp_err_nomem(l->e);
    *made = (struct mlp_labels){.n = n, .is_text = label->type == MLP_DT_STRING};
    made->text = mlp_arena_array(&l->m->arena, n, sizeof *made->text);
    made->number = mlp_arena_array(&l->m->arena, n, sizeof *made->number);
    for (size_t i = 0; made->text && made->number && i < n; i++) {
        made->text[i] = text_of(l, &s, i);
        if (!made->text[i].p)
            return mlp_err_nomem(l->e);
        if (!made->is_text)
            mlp_num_f64(made->text[i], &made->number[i]);
    }
    *classes = made;
    return made->text && made->number ? MLP_OK : mlp_err_nomem(l->e);
}
