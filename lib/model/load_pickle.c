/* load_pickle.c: scikit-learn's inert values, from pickle and joblib or elsewhere, into a model. */
#include "model/boost.h"
#include "model/globals.h"
#include "model/loader.h"
#include "model/sk_readers.h"

/* Estimators in one file: a bagging of a thousand pipelines is well below. */
#define MAX_ESTIMATORS 1000000

/* --- inputs --- */

struct inputs {
    size_t n;
    const struct mlp_value *names;
    size_t budget;
};

static bool find_inputs(struct inputs *in, const struct mlp_value *v, unsigned depth);

static bool own_inputs(struct inputs *in, const struct mlp_value *v)
{
    int64_t n;
    const struct mlp_value *names = mlp_value_attr(v, "feature_names_in_");
    if (!mlp_value_i64(mlp_value_attr(v, "n_features_in_"), &n) || n <= 0 || n > (1 << 24))
        return false;
    in->n = (size_t)n;
    in->names = names;
    return true;
}

static bool among(struct inputs *in, const struct mlp_values *list, unsigned depth)
{
    for (size_t i = 0; i < list->n; i++)
        if (find_inputs(in, list->p[i], depth))
            return true;
    return false;
}

/* The first estimator that says how many features it was fitted with: outer ones first, then in
 * the order of attributes, which for pipelines is the order of steps. */
static bool find_inputs(struct inputs *in, const struct mlp_value *v, unsigned depth)
{
    if (!v || depth == 0 || in->budget == 0)
        return false;
    in->budget--;
    if (v->type == MLP_VALUE_LIST || v->type == MLP_VALUE_TUPLE || v->type == MLP_VALUE_DICT)
        return among(in, &v->u.list, depth - 1);
    if (v->type != MLP_VALUE_OBJECT)
        return false;
    if (own_inputs(in, v))
        return true;
    const struct mlp_object *o = v->u.object;
    /* What is fed first, where an estimator holds several: a stack's last one sees others. */
    static const char *const inner[] = {"best_estimator_", "estimators_", "regressor_", NULL};
    for (const char *const *name = inner; *name; name++)
        if (find_inputs(in, mlp_value_attr(v, *name), depth - 1))
            return true;
    /* A vectoriser takes one column of text and counts no features. */
    if (mlp_value_attr(v, "token_pattern") || mlp_value_attr(v, "alternate_sign")) {
        in->n = 1;
        return true;
    }
    return find_inputs(in, o->state, depth - 1);
}

/* A booster's wrapper at the root: the booster itself knows. */
static enum mlp_code booster_inputs(struct mlp_load *l, const struct mlp_value *root, size_t *n,
                                    const struct mlp_str **names)
{
    struct mlp_sk s = {.keep = &l->m->arena, .tmp = l->tmp, .e = l->e};
    const struct mlp_jval *model;
    struct mlp_str text;
    *n = 0;
    if (mlp_str_starts(mlp_value_name(root), "xgboost.sklearn."))
        return mlp_xgb_pickled(&s, root, &model) ? l->e->code
                                                 : mlp_xgb_inputs(&s, model, n, names);
    if (mlp_str_starts(mlp_value_name(root), "lightgbm.sklearn."))
        return mlp_lgb_pickled(&s, root, &text) ? l->e->code : mlp_lgb_inputs(&s, text, n, names);
    return MLP_OK;
}

static enum mlp_code name_inputs(struct mlp_load *l, const struct inputs *in)
{
    struct mlp_nd nd;
    struct mlp_str *names = mlp_load_numbered(l, in->n);
    if (!names)
        return mlp_err_nomem(l->e);
    l->m->graph.names = names;
    l->m->info.named = in->names != NULL;
    if (!in->names)
        return MLP_OK;
    if (mlp_nd_read(in->names, l->tmp, &nd, l->e))
        return mlp_err_wrap(l->e, "feature_names_in_");
    if (nd.count != in->n)
        return mlp_err_set(l->e, MLP_EINPUT, "feature_names_in_ has %zu names for %zu features",
                           nd.count, in->n);
    for (size_t i = 0; i < in->n; i++) {
        struct mlp_str t = mlp_nd_text(&nd, i, l->tmp);
        names[i] = t.p ? mlp_arena_str(&l->m->arena, t) : names[i];
        if (!names[i].p)
            return mlp_err_nomem(l->e);
    }
    return MLP_OK;
}

/* --- outputs --- */


/* One column is "proba", several are "proba.0", "proba.1"; of several targets "proba.0.1". */
static enum mlp_code number_columns(struct mlp_load *l, const char *name, size_t n,
                                    struct mlp_str *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = n == 1 ? mlp_load_text(l, "%s", name) : mlp_load_text(l, "%s.%zu", name, i);
        if (!out[i].p)
            return mlp_err_nomem(l->e);
    }
    return MLP_OK;
}

static enum mlp_code number_targets(struct mlp_load *l, const struct mlp_pred *p,
                                    struct mlp_str *out)
{
    for (size_t t = 0, at = 0; t < p->nlabels; t++)
        for (size_t k = 0; k < p->labels[t]->n && at < p->proba.n; k++, at++) {
            out[at] = mlp_load_text(l, "proba.%zu.%zu", t, k);
            if (!out[at].p)
                return mlp_err_nomem(l->e);
        }
    return MLP_OK;
}

static enum mlp_code add_output(struct mlp_load *l, const char *name, struct mlp_cols cols,
                                enum mlp_out_kind kind, const struct mlp_pred *p)
{
    if (!cols.n)
        return MLP_OK;
    struct mlp_goutput o = {.name = mlp_str_from(name), .kind = kind, .cols = cols,
                            .labels = kind == MLP_OUT_LABEL ? p->labels : NULL};
    o.suffix = mlp_arena_array(&l->m->arena, cols.n, sizeof *o.suffix);
    if (!o.suffix)
        return mlp_err_nomem(l->e);
    bool targets = p->nlabels > 1 && cols.n > p->nlabels && mlp_str_is(o.name, "proba");
    if (targets ? number_targets(l, p, o.suffix) : number_columns(l, name, cols.n, o.suffix))
        return l->e->code;
    return mlp_graph_output(&l->m->graph, &o, l->e);
}

static enum mlp_code add_outputs(struct mlp_load *l, const struct mlp_pred *p)
{
    if (add_output(l, "predict", p->predict, p->predict_kind, p) ||
        add_output(l, "proba", p->proba, p->proba_kind, p) ||
        add_output(l, "decision", p->decision, MLP_OUT_F64, p) ||
        add_output(l, "score", p->score, MLP_OUT_F64, p) ||
        (p->is_transform && add_output(l, "transform", p->transform, MLP_OUT_F64, p)))
        return l->e->code;
    if (l->m->graph.noutputs == 0)
        return mlp_err_set(l->e, MLP_EINPUT, "the model neither predicts nor transforms");
    return MLP_OK;
}

/* --- description --- */

static void describe(const struct mlp_value *v, struct mlp_buf *b, unsigned depth)
{
    struct mlp_str name = mlp_name_last(mlp_value_name(v));
    const struct mlp_value *steps = mlp_value_attr(v, "steps");
    const struct mlp_value *best = mlp_value_attr(v, "best_estimator_");
    mlp_buf_addstr(b, name);
    if (depth == 0 || (!mlp_value_count(steps) && !best))
        return;
    mlp_buf_addc(b, '(');
    if (best)
        describe(best, b, depth - 1);
    for (size_t i = 0; !best && i < mlp_value_count(steps); i++) {
        mlp_buf_adds(b, i ? ", " : "");
        describe(mlp_value_at(mlp_value_at(steps, i), 1), b, depth - 1);
    }
    mlp_buf_addc(b, ')');
}

static enum mlp_code fill_info(struct mlp_load *l, const struct mlp_pickle *p,
                               const char *format)
{
    struct mlp_model_info *info = &l->m->info;
    const struct mlp_value *version = mlp_value_attr(p->root, "_sklearn_version");
    char text[400];
    struct mlp_buf b;
    mlp_buf_init(&b, sizeof text);
    describe(p->root, &b, 4);
    info->estimator = mlp_load_text(l, "%.*s", MLP_STR_ARG(mlp_buf_str(&b)));
    mlp_buf_fini(&b);
    info->format = mlp_load_text(l, "%s%s%s", format, l->codec[0] ? ", " : "", l->codec);
    if (version && version->type == MLP_VALUE_TEXT)
        info->version = mlp_arena_str(&l->m->arena, version->u.s);
    struct mlp_str *globals = mlp_arena_array(&l->m->arena, p->globals.n, sizeof *globals);
    if (!globals)
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < p->globals.n; i++) {
        const struct mlp_global *g = mlp_vec_at(&p->globals, i);
        size_t k = 0;
        while (k < info->nglobals && !mlp_str_eq(globals[k], g->name))
            k++;
        if (k == info->nglobals)
            globals[info->nglobals++] = mlp_arena_str(&l->m->arena, g->name);
    }
    info->globals = globals;
    return MLP_OK;
}

static enum mlp_code lower(struct mlp_load *l, const struct mlp_pickle *p)
{
    struct inputs in = {.budget = 100000};
    struct mlp_sk s = {.g = &l->m->graph, .keep = &l->m->arena, .tmp = l->tmp, .e = l->e,
                       .budget = MAX_ESTIMATORS};
    struct mlp_cols x;
    struct mlp_pred pred;
    const struct mlp_str *names = NULL;
    size_t n;
    if (mlp_boost_is_booster(p->root))
        return mlp_load_boost_pickled(l, p->root);
    if (booster_inputs(l, p->root, &n, &names))
        return l->e->code;
    if (n)
        in.n = n;
    else if (!find_inputs(&in, p->root, 24))
        in.n = 1;
    if (mlp_load_graph(l, in.n) || name_inputs(l, &in))
        return l->e->code;
    if (names) {
        l->m->graph.names = names;
        l->m->info.named = true;
    }
    if (mlp_graph_inputs(&l->m->graph, &x, l->e) || mlp_sk_read(&s, p->root, x, &pred) ||
        add_outputs(l, &pred))
        return l->e->code;
    return MLP_OK;
}

enum mlp_code mlp_load_values(struct mlp_load *l, const struct mlp_pickle *values,
                              enum mlp_code code, const char *format)
{
    struct mlp_err named;
    mlp_err_init(&named);
    if (mlp_globals_check(values, &named)) {
        *l->e = named;
        code = named.code;
    }
    if (!code)
        code = lower(l, values);
    return code ? code : fill_info(l, values, format);
}

enum mlp_code mlp_load_pickle(struct mlp_load *l)
{
    struct mlp_pickle p;
    enum mlp_code code = mlp_pickle_read(&p, l->tmp, l->bytes, l->e);
    code = mlp_load_values(l, &p, code, "scikit-learn pickle");
    mlp_pickle_fini(&p);
    return code;
}
