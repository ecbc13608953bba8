/* keys_against.c: keys about what a column is as a whole, and about another table. */
#include "rule/compile.h"

#include <math.h>

static const char *const tables[] = {"here", "previous", "serving", "previous_version", NULL};

/* The place of a text among names; -1 when it is not there. */
static int place_of(const struct mlp_node *n, const char *const *names)
{
    for (int i = 0; n && names[i]; i++)
        if (mlp_str_is(mlp_node_str(n, ""), names[i]))
            return i;
    return -1;
}

unsigned mlp_make_kinds(struct mlp_maker *m, const struct mlp_node *n)
{
    unsigned kinds = 0;
    bool list = n->type == MLP_DOC_LIST;
    for (const struct mlp_node *x = list ? n->child : n; x; x = list ? x->next : NULL) {
        int kind = place_of(x, mlp_kind_names);
        if (kind < 0) {
            mlp_make_fault(m, n, "int, float, text or none, or a list of them");
            return 0;
        }
        kinds |= 1u << kind;
    }
    if (!kinds)
        mlp_make_fault(m, n, "int, float, text or none, or a list of them");
    return kinds;
}

void mlp_make_kind(struct mlp_maker *m, const struct mlp_node *n)
{
    struct mlp_buf words;
    unsigned kinds = mlp_make_kinds(m, n);
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_KIND, n);
    if (!r)
        return;
    r->kinds = kinds;
    mlp_buf_init(&words, 256);
    for (unsigned i = 0; mlp_kind_names[i]; i++)
        if (kinds >> i & 1)
            mlp_buf_addf(&words, "%s%s", words.n ? " or " : "", mlp_kind_names[i]);
    r->expected = mlp_make_words(m, "values that are ", mlp_buf_str(&words));
    mlp_buf_fini(&words);
}

void mlp_make_there(struct mlp_maker *m, const struct mlp_node *n)
{
    int table = place_of(n, tables);
    struct mlp_rule *r = table < 0 ? NULL : mlp_make_rule(m, MLP_RULE_THERE, n);
    if (table < 0)
        mlp_make_fault(m, n, "here, previous, serving or previous_version");
    if (!r)
        return;
    r->against = (enum mlp_against)table;
    r->expected = mlp_make_words(m, "a column of this name ", n->text);
}

void mlp_make_never(struct mlp_maker *m, const struct mlp_node *n)
{
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_NEVER, n);
    if (r)
        r->expected = mlp_make_words(m, "", mlp_node_str(n, ""));
}

static enum mlp_against read_against(struct mlp_maker *m, const struct mlp_node *map)
{
    int table = place_of(mlp_node_get(map, "against"), tables);
    if (table > 0)
        return (enum mlp_against)table;
    mlp_make_fault(m, map, "against: previous, serving or previous_version");
    return MLP_AGAINST_NONE;
}

/* {measure: infinity_norm, against: previous, max: 0.1} */
void mlp_make_distance(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"measure", "against", "max", "bins", NULL};
    static const char *const measures[] = {"jensen_shannon_divergence", "infinity_norm",
                                           "normalized_abs_difference", NULL};
    static const char *const bins[] = {"equal_width", "equal_counts", NULL};
    const struct mlp_node *max = mlp_node_get(map, "max"), *of = mlp_node_get(map, "bins");
    int measure = place_of(mlp_node_get(map, "measure"), measures);
    int how = of ? place_of(of, bins) : 0;
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    enum mlp_against against = read_against(m, map);
    if (measure < 0 || how < 0 || !mlp_node_is_num(max)) {
        mlp_make_fault(m, map, "measure: jensen_shannon_divergence, infinity_norm or "
                               "normalized_abs_difference; max: NUMBER; bins: equal_width or "
                               "equal_counts");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_DISTANCE, map);
    if (!r)
        return;
    r->distance = (enum mlp_distance)measure;
    r->quantiles = how == 1;
    r->numbers = m->type == MLP_TYPE_INT || m->type == MLP_TYPE_FLOAT || m->type == MLP_TYPE_NUMBER;
    r->against = against;
    r->hi = mlp_node_num(max, NAN);
    r->expected = mlp_make_words(m, against == MLP_AGAINST_SERVING
                                        ? "from the serving data at most "
                                        : "from the data before at most ", max->text);
}

/* {rows_ratio: {min: 0.9, max: 1.1}, against: previous}: rows here by rows there. */
void mlp_make_rows_ratio(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "rows_ratio", "against", "severity", "description",
                                        "meta", "env", "not_env", "only_env", NULL};
    size_t before = m->rules->rules.n;
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    enum mlp_against against = read_against(m, map);
    mlp_make_interval(m, mlp_node_get(map, "rows_ratio"), MLP_RULE_ROWS_RATIO);
    if (m->rules->rules.n > before)
        ((struct mlp_rule *)mlp_vec_at(&m->rules->rules, before))->against = against;
}
