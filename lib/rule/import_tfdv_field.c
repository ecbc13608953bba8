/* import_tfdv_field.c: fields of messages, by their types in schema.proto. */
#include "rule/import_tfdv_inside.h"

#include "text/textproto.h"

/* The value of a field that comes once at most. */
static const struct mlp_node *single(struct mlp_tfdv *t, const struct mlp_node *m,
                                     const char *field)
{
    const struct mlp_node *list = mlp_textproto_all(m, field);
    if (!list)
        return NULL;
    if (list->u.count > 1)
        mlp_node_error(t->in, list->child->next, t->e, "%s comes twice", field);
    return list->child;
}

static const struct mlp_node *expect(struct mlp_tfdv *t, const struct mlp_node *n, bool fits,
                                     const char *field, const char *what)
{
    if (!n || fits)
        return n;
    mlp_node_error(t->in, n, t->e, "%s: expected %s", field, what);
    return NULL;
}

/* The fields of messages whose name tells what they are. */
static const struct {
    const char *message, *fields[8];
} known[] = {
    {"presence", {"min_fraction", "min_count"}},
    {"shape", {"dim"}},
    {"dim", {"size", "name"}},
    {"value_count", {"min", "max"}},
    {"value_counts", {"value_count"}},
    {"string_domain", {"name", "value"}},
    {"int_domain", {"name", "min", "max", "is_categorical"}},
    {"float_domain", {"name", "min", "max", "disallow_nan", "disallow_inf", "is_embedding",
                      "is_categorical"}},
    {"bool_domain", {"name", "true_value", "false_value"}},
    {"distribution_constraints", {"min_domain_mass"}},
    {"unique_constraints", {"min", "max"}},
    {"drift_comparator", {"infinity_norm", "jensen_shannon_divergence",
                          "normalized_abs_difference"}},
    {"skew_comparator", {"infinity_norm", "jensen_shannon_divergence",
                         "normalized_abs_difference"}},
    {"infinity_norm", {"threshold"}},
    {"normalized_abs_difference", {"threshold"}},
    {"jensen_shannon_divergence", {"threshold", "source"}},
    {"source", {"type"}},
    {"dataset_constraints", {"num_examples_drift_comparator", "num_examples_version_comparator",
                             "min_examples_count", "max_examples_count"}},
    {"num_examples_drift_comparator", {"min_fraction_threshold", "max_fraction_threshold"}},
    {"num_examples_version_comparator", {"min_fraction_threshold", "max_fraction_threshold"}},
};

static const struct mlp_node *check_message(struct mlp_tfdv *t, const struct mlp_node *n,
                                            const char *field)
{
    if (!expect(t, n, n && n->type == MLP_DOC_MAP, field, "{ ... }"))
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].message, field) == 0)
            mlp_node_known(t->in, n, known[i].fields, t->e);
    return n;
}

const struct mlp_node *mlp_tfdv_message(struct mlp_tfdv *t, const struct mlp_node *m,
                                        const char *field)
{
    return check_message(t, single(t, m, field), field);
}

const struct mlp_node *mlp_tfdv_messages(struct mlp_tfdv *t, const struct mlp_node *m,
                                         const char *field)
{
    const struct mlp_node *list = mlp_textproto_all(m, field);
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (!check_message(t, n, field))
            return NULL;
    return list;
}

const struct mlp_node *mlp_tfdv_number(struct mlp_tfdv *t, const struct mlp_node *m,
                                       const char *field)
{
    const struct mlp_node *n = single(t, m, field);
    return expect(t, n, mlp_node_is_num(n), field, "a number");
}

const struct mlp_node *mlp_tfdv_whole(struct mlp_tfdv *t, const struct mlp_node *m,
                                      const char *field)
{
    const struct mlp_node *n = single(t, m, field);
    return expect(t, n, n && n->type == MLP_DOC_INT, field, "a whole number");
}

const struct mlp_node *mlp_tfdv_text(struct mlp_tfdv *t, const struct mlp_node *m,
                                     const char *field)
{
    const struct mlp_node *n = single(t, m, field);
    return expect(t, n, n && n->type == MLP_DOC_TEXT, field, "a string");
}

bool mlp_tfdv_flag(struct mlp_tfdv *t, const struct mlp_node *m, const char *field)
{
    static const char *const words[] = {"False", "True", "f", "t", "0", "1"};
    const struct mlp_node *n = single(t, m, field);
    if (n && n->type == MLP_DOC_BOOL)
        return n->u.boolean;
    for (size_t i = 0; n && i < sizeof words / sizeof *words; i++)
        if (mlp_str_is(n->text, words[i]))
            return i % 2;
    expect(t, n, false, field, "true or false");
    return false;
}

unsigned mlp_tfdv_choice(struct mlp_tfdv *t, const struct mlp_node *m, const char *field,
                         const char *const *names)
{
    const struct mlp_node *n = single(t, m, field);
    unsigned i = 0;
    for (; n && names[i]; i++)
        if (n->type == MLP_DOC_INT ? mlp_node_int(n, -1) == (int64_t)i
                                   : mlp_str_is(n->text, names[i]))
            return i;
    if (n)
        mlp_node_error(t->in, n, t->e, "%s: \"%.*s\" is not one of its values", field,
                       MLP_STR_ARG(n->text));
    return 0;
}

const struct mlp_node *mlp_tfdv_texts(struct mlp_tfdv *t, const struct mlp_node *m,
                                      const char *field)
{
    const struct mlp_node *list = mlp_textproto_all(m, field);
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (!expect(t, n, n->type == MLP_DOC_TEXT, field, "a string"))
            return NULL;
    return list;
}
