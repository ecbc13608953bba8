/* export_walk.c: which native rules a writer is asked to say, and notes on the rest. */
#include "rule/export_walk.h"

void mlp_export_put(struct mlp_export *x, struct mlp_node *map, const char *key,
                    const struct mlp_node *value)
{
    if (value && value->type != MLP_DOC_NULL)
        mlp_import_put(&x->d, map, key, mlp_import_copy(&x->d, value), NULL);
}

void mlp_export_text(struct mlp_export *x, struct mlp_node *map, const char *key,
                     const char *text)
{
    mlp_import_put(&x->d, map, key, mlp_doc_new_text(&x->d, text), NULL);
}

void mlp_export_flag(struct mlp_export *x, struct mlp_node *map, const char *key, bool value)
{
    mlp_import_put(&x->d, map, key, mlp_doc_new_bool(&x->d, value), NULL);
}

struct mlp_str mlp_export_mode(const struct mlp_export *x)
{
    return mlp_node_str(mlp_node_path(x->native, "input", "columns", NULL), "any");
}

struct mlp_export_bounds mlp_export_bounds_of(const struct mlp_node *n)
{
    struct mlp_export_bounds b = {n, n, false, false};
    if (n->type == MLP_DOC_LIST) {
        b.lo = mlp_node_at(n, 0);
        b.hi = mlp_node_at(n, 1);
    } else if (n->type == MLP_DOC_MAP) {
        const struct mlp_node *above = mlp_node_get(n, "above"), *below = mlp_node_get(n, "below");
        b = (struct mlp_export_bounds){above ? above : mlp_node_get(n, "min"),
                                       below ? below : mlp_node_get(n, "max"), above != NULL,
                                       below != NULL};
    }
    b.lo = b.lo && b.lo->type != MLP_DOC_NULL ? b.lo : NULL;
    b.hi = b.hi && b.hi->type != MLP_DOC_NULL ? b.hi : NULL;
    return b;
}

static bool is_one_of(struct mlp_str name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (mlp_str_is(name, names[i]))
            return true;
    return false;
}

/* What makes a rule hold for less than all rows, which these formats know nothing of. */
static const struct mlp_node *narrows(const struct mlp_node *map)
{
    static const char *const names[] = {"when", "by", "env", "not_env", "only_env", "of_kind",
                                        "mostly", "unfit", "numbers", NULL};
    for (const struct mlp_node *n = map->child; n; n = n->next)
        if (is_one_of(n->key, names))
            return n;
    const struct mlp_node *severity = mlp_node_get(map, "severity");
    return mlp_str_is(mlp_node_str(severity, "error"), "error") ? NULL : severity;
}

static void left_out(struct mlp_export *x, const struct mlp_node *n)
{
    struct mlp_str column = mlp_node_str(mlp_node_get(x->map, "column"), "");
    column = column.n ? column : x->map->key;
    mlp_import_note(x->notes, n, "left out: %s cannot say %.*s%s%.*s", x->to->name,
                    MLP_STR_ARG(column), column.n ? "/" : "", MLP_STR_ARG(n->key));
}

static void say_rules(struct mlp_export *x, struct mlp_node *column, bool check)
{
    static const char *const about[] = {"type", "optional", "required", "description", "severity",
                                        "missing_values", "column", "name", "meta", NULL};
    static const char *const of_checks[] = {"type", "missing_values", "required", NULL};
    for (const struct mlp_node *n = x->map->child; n; n = n->next) {
        bool own = is_one_of(n->key, about);
        if (own ? check && is_one_of(n->key, of_checks) : !x->to->rule(x, column, n))
            left_out(x, n);
    }
}

/* A column that a writer made. */
struct made {
    struct mlp_str name;
    struct mlp_node *node;
};

static struct mlp_node *column_of(const struct mlp_export *x, struct mlp_str name)
{
    for (size_t i = 0; i < x->columns.n; i++) {
        const struct made *m = mlp_vec_at(&x->columns, i);
        if (mlp_str_eq(m->name, name))
            return m->node;
    }
    return NULL;
}

static struct mlp_node *make_column(struct mlp_export *x, struct mlp_str name,
                                    const struct mlp_node *map)
{
    struct made *m = mlp_vec_push(&x->columns);
    if (!m) {
        x->d.root = NULL;
        return NULL;
    }
    *m = (struct made){name, x->to->column(x, name, map)};
    return m->node;
}

static void say_column(struct mlp_export *x, const struct mlp_node *map)
{
    const struct mlp_node *less = narrows(map);
    struct mlp_node *column = make_column(x, map->key, map);
    x->map = map;
    if (less)
        left_out(x, less);
    else if (column)
        say_rules(x, column, false);
}

static void say_check(struct mlp_export *x, const struct mlp_node *check)
{
    const struct mlp_node *column = mlp_node_get(check, "column"), *less = narrows(check);
    struct mlp_str name = mlp_node_str(mlp_node_get(check, "name"), "");
    x->map = check;
    if (!column || less) {
        mlp_import_note(x->notes, check, "left out: %s cannot say %s%.*s%s%.*s", x->to->name,
                        name.n ? "the check " : "this check", MLP_STR_ARG(name),
                        less ? ", because of " : "", less ? (int)less->key.n : 0,
                        less ? less->key.p : "");
        return;
    }
    struct mlp_node *to = column_of(x, column->text);
    bool fresh = !to;
    if (fresh)
        to = make_column(x, column->text, check);
    if (to)
        say_rules(x, to, !fresh);
}

static void say_rest(struct mlp_export *x)
{
    static const char *const said[] = {"version", "description", "columns", "checks", "keys",
                                       "input", NULL};
    static const struct mlp_node none = {.type = MLP_DOC_MAP};
    const struct mlp_node *keys = mlp_node_get(x->native, "keys");
    x->map = &none;
    for (const struct mlp_node *n = keys ? keys->child : NULL; n; n = n->next)
        if (!x->to->key(x, n))
            mlp_import_note(x->notes, n, "left out: %s cannot say this key", x->to->name);
    for (const struct mlp_node *n = x->native->child; n; n = n->next)
        if (!is_one_of(n->key, said))
            left_out(x, n);
}

void mlp_export_walk(struct mlp_export *x)
{
    const struct mlp_node *columns = mlp_node_get(x->native, "columns");
    const struct mlp_node *checks = mlp_node_get(x->native, "checks");
    mlp_vec_init(&x->columns, sizeof(struct made));
    for (const struct mlp_node *n = columns ? columns->child : NULL; n && x->d.root; n = n->next)
        say_column(x, n);
    for (const struct mlp_node *n = checks ? checks->child : NULL; n && x->d.root; n = n->next)
        say_check(x, n);
    say_rest(x);
    mlp_vec_fini(&x->columns);
}
