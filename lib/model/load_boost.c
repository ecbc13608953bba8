/* load_boost.c: booster files into a model. */
#include "model/boost.h"
#include "model/catboost.h"
#include "model/xgboost_binary.h"

/* --- outputs --- */

static enum mlp_code add_output(struct mlp_load *l, const char *name, struct mlp_cols cols,
                                enum mlp_out_kind kind, const struct mlp_labels *labels)
{
    struct mlp_goutput o = {.name = mlp_str_from(name), .kind = kind, .cols = cols};
    if (!cols.n)
        return MLP_OK;
    if (kind == MLP_OUT_LABEL && (cols.n != 1 || !labels))
        return mlp_err_set(l->e, MLP_EINPUT, "the booster's classes do not fit its scores");
    o.suffix = mlp_arena_array(&l->m->arena, cols.n, sizeof *o.suffix);
    o.labels = mlp_arena_array(&l->m->arena, 1, sizeof *o.labels);
    if (!o.suffix || !o.labels)
        return mlp_err_nomem(l->e);
    o.labels[0] = labels;
    /* leaf is numbered even when there is one tree: the library gives a matrix. */
    bool plain = cols.n == 1 && !mlp_str_is(o.name, "leaf");
    for (size_t i = 0; i < cols.n; i++) {
        o.suffix[i] = plain ? mlp_load_text(l, "%s", name) : mlp_load_text(l, "%s.%zu", name, i);
        if (!o.suffix[i].p)
            return mlp_err_nomem(l->e);
    }
    return mlp_graph_output(&l->m->graph, &o, l->e);
}

enum mlp_code mlp_boost_outputs(struct mlp_load *l, const struct mlp_boost *b)
{
    enum mlp_out_kind number = b->predict_kind;
    enum mlp_code code =
        b->is_classifier
            ? add_output(l, "predict", b->label, b->labels ? MLP_OUT_LABEL : MLP_OUT_INT, b->labels)
            : add_output(l, "predict", b->predict, number, NULL);
    /* What callers who ask for a class and its probabilities get. */
    if (!code && !b->is_classifier && b->labels)
        code = add_output(l, "label", b->label, MLP_OUT_LABEL, b->labels);
    if (!code)
        code = add_output(l, "proba", b->proba, number, NULL);
    if (!code)
        code = add_output(l, b->margin_name, b->margin, b->margin_kind, NULL);
    return code ? code : add_output(l, "leaf", b->leaf, MLP_OUT_INT, NULL);
}

/* --- XGBoost --- */

static enum mlp_code start_graph(struct mlp_load *l, size_t n, const struct mlp_str *names)
{
    if (mlp_load_graph(l, n))
        return l->e->code;
    l->m->info.named = names != NULL;
    l->m->graph.names = names ? names : mlp_load_numbered(l, n);
    return l->m->graph.names ? MLP_OK : mlp_err_nomem(l->e);
}

static enum mlp_code read_xgboost(struct mlp_load *l, const struct mlp_jval *root)
{
    struct mlp_sk s = {.g = &l->m->graph, .keep = &l->m->arena, .tmp = l->tmp, .e = l->e};
    struct mlp_boost b;
    struct mlp_cols x;
    const struct mlp_str *names;
    size_t n;
    if (mlp_xgb_inputs(&s, root, &n, &names) || start_graph(l, n, names) ||
        mlp_graph_inputs(&l->m->graph, &x, l->e) || mlp_xgb_read(&s, root, x, false, &b))
        return l->e->code;
    const struct mlp_jval *version = mlp_jval_get(root, "version");
    const struct mlp_jval *objective = mlp_jval_get(mlp_jval_get(root, "learner"), "objective");
    struct mlp_str name = mlp_jval_text(mlp_jval_get(objective, "name"));
    if (version && version->type == MLP_J_NUMBERS && version->n == 3)
        l->m->info.version = mlp_load_text(l, "%g.%g.%g", version->numbers[0],
                                           version->numbers[1], version->numbers[2]);
    l->m->info.estimator = mlp_load_text(l, "%.*s, %zu trees", MLP_STR_ARG(name), b.ntrees);
    return mlp_boost_outputs(l, &b);
}

static enum mlp_code not_xgboost(struct mlp_load *l)
{
    mlp_err_set(l->e, MLP_EINPUT, "the document has no learner: it is no XGBoost model");
    return mlp_err_hint(l->e, "save it with booster.save_model(\"model.json\")");
}

enum mlp_code mlp_load_xgboost_json(struct mlp_load *l)
{
    struct mlp_jval *root;
    if (mlp_jdoc_json(l->bytes, l->tmp, &root, l->e))
        return l->e->code;
    if (mlp_is_catboost(root))
        return mlp_load_catboost(l);
    l->m->info.format = MLP_STR("XGBoost JSON");
    return mlp_jval_get(root, "learner") ? read_xgboost(l, root) : not_xgboost(l);
}

enum mlp_code mlp_load_xgboost_ubjson(struct mlp_load *l)
{
    struct mlp_jval *root;
    if (mlp_jdoc_ubjson(l->bytes, l->tmp, &root, l->e))
        return l->e->code;
    l->m->info.format = MLP_STR("XGBoost UBJSON");
    return mlp_jval_get(root, "learner") ? read_xgboost(l, root) : not_xgboost(l);
}

enum mlp_code mlp_load_xgboost_binary(struct mlp_load *l)
{
    struct mlp_jval *root;
    if (mlp_jdoc_xgboost_binary(l->bytes, l->tmp, &root, l->e))
        return l->e->code;
    l->m->info.format = MLP_STR("XGBoost binary (deprecated)");
    return read_xgboost(l, root);
}

/* --- LightGBM --- */

/* rounds, when not 0, are those that early stopping found best. */
static enum mlp_code read_lightgbm(struct mlp_load *l, struct mlp_str text, size_t rounds)
{
    struct mlp_sk s = {.g = &l->m->graph, .keep = &l->m->arena, .tmp = l->tmp, .e = l->e};
    struct mlp_boost b;
    struct mlp_cols x;
    const struct mlp_str *names;
    size_t n;
    if (mlp_lgb_inputs(&s, text, &n, &names) || start_graph(l, n, names) ||
        mlp_graph_inputs(&l->m->graph, &x, l->e) || mlp_lgb_read(&s, text, x, rounds, &b))
        return l->e->code;
    l->m->info.estimator = mlp_load_text(l, "%zu trees", b.ntrees);
    return mlp_boost_outputs(l, &b);
}

enum mlp_code mlp_load_lightgbm(struct mlp_load *l)
{
    l->m->info.format = MLP_STR("LightGBM text");
    return read_lightgbm(l, l->bytes, 0);
}

/* --- boosters in pickles --- */

enum mlp_code mlp_load_boost_pickled(struct mlp_load *l, const struct mlp_value *root)
{
    struct mlp_sk s = {.g = &l->m->graph, .keep = &l->m->arena, .tmp = l->tmp, .e = l->e,
                       .self = root};
    const struct mlp_jval *model;
    struct mlp_str text;
    double best = 0;
    if (mlp_str_starts(mlp_value_name(root), "xgboost."))
        return mlp_xgb_pickled(&s, root, &model) ? l->e->code : read_xgboost(l, model);
    if (!mlp_value_f64(mlp_value_attr(root, "best_iteration"), &best))
        best = 0;
    return mlp_lgb_pickled(&s, root, &text) ? l->e->code
                                            : read_lightgbm(l, text, best > 0 ? (size_t)best : 0);
}
