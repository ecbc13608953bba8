#include "rule/given.h"

#include "rule/import.h"

#define VALUE_BYTES ((size_t)1 << 20)
#define FILLED_BYTES ((size_t)1 << 20)

/* Names in a row, for messages. */
static void add_names(struct mlp_buf *b, const struct mlp_node *map)
{
    for (const struct mlp_node *n = map ? map->child : NULL; n; n = n->next)
        mlp_buf_addf(b, "%s%.*s", n == map->child ? "" : ", ", MLP_STR_ARG(n->key));
}

static void hint_names(struct mlp_err *e, const char *before, const struct mlp_node *map)
{
    struct mlp_buf names;
    mlp_buf_init(&names, 4096);
    add_names(&names, map);
    if (names.n)
        mlp_err_hint(e, "%s%.*s", before, MLP_STR_ARG(mlp_buf_str(&names)));
    mlp_buf_fini(&names);
}

/* ---- parameters */

/* The value of "name=value" as YAML reads it; as a text where it is no YAML. */
static struct mlp_node *read_value(struct mlp_doc *d, struct mlp_str text)
{
    struct mlp_doc value;
    struct mlp_err ignored;
    mlp_err_init(&ignored);
    mlp_doc_init(&value, "-P", VALUE_BYTES);
    bool read = mlp_doc_parse_yaml(&value, text, &ignored) == MLP_OK && value.root &&
                value.root->type != MLP_DOC_MAP && value.root->type != MLP_DOC_NULL;
    struct mlp_node *root = d->root;
    struct mlp_node *copy = read ? mlp_import_copy(d, value.root) : mlp_doc_new_str(d, text);
    d->root = root;
    mlp_doc_fini(&value);
    return copy;
}

/* Replaces what a member of a map is, not its name or its neighbours. */
static void become(struct mlp_node *n, const struct mlp_node *value)
{
    n->type = value->type;
    n->text = value->text;
    n->u = value->u;
    n->child = value->child;
    n->last = value->last;
}

static enum mlp_code take_given(struct mlp_doc *d, struct mlp_node *section, const char *given,
                                struct mlp_err *e)
{
    struct mlp_str value = mlp_str_from(given), name;
    bool has_value = memchr(value.p, '=', value.n) != NULL;
    mlp_str_split(&value, '=', &name);
    struct mlp_node *n = section ? mlp_node_get_str(section, name) : NULL;
    if (!n || !has_value) {
        mlp_err_set(e, MLP_EUSAGE, has_value ? "%s has no parameter \"%.*s\""
                                             : "%s: expected NAME=VALUE, not \"%.*s\"",
                    d->source, MLP_STR_ARG(name));
        hint_names(e, "its parameters are ", section);
        return MLP_EUSAGE;
    }
    const struct mlp_node *read = read_value(d, value);
    if (!read)
        return mlp_err_nomem(e);
    become(n, read);
    return MLP_OK;
}

/* The name in $(name) at the start of s; n = 0 when there is none. */
static struct mlp_str name_at(struct mlp_str s)
{
    size_t n = 2;
    if (!mlp_str_starts(s, "$("))
        return (struct mlp_str){NULL, 0};
    while (n < s.n && ((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z'))
        n++;
    while (n > 2 && n < s.n && (((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z') ||
                                (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '_'))
        n++;
    return n > 2 && n < s.n && s.p[n] == ')' ? (struct mlp_str){s.p + 2, n - 2}
                                             : (struct mlp_str){NULL, 0};
}

static const struct mlp_node *find_value(const struct mlp_doc *d, const struct mlp_node *section,
                                         const struct mlp_node *at, struct mlp_str name,
                                         struct mlp_err *e)
{
    const struct mlp_node *value = mlp_node_get_str(section, name);
    if (value && value->type != MLP_DOC_NULL)
        return value;
    mlp_node_error(d, at, e, value ? "the parameter \"%.*s\" has no value"
                                   : "there is no parameter \"%.*s\"", MLP_STR_ARG(name));
    if (value)
        mlp_err_hint(e, "give it with -P %.*s=VALUE", MLP_STR_ARG(name));
    else
        hint_names(e, "declared are ", section);
    return NULL;
}

/* Each $(name) among other text. */
static enum mlp_code fill_text(struct mlp_doc *d, const struct mlp_node *section,
                               struct mlp_node *n, struct mlp_err *e)
{
    struct mlp_buf b;
    enum mlp_code code = MLP_OK;
    mlp_buf_init(&b, FILLED_BYTES);
    for (size_t i = 0; i < n->text.n && code == MLP_OK; i++) {
        struct mlp_str name = name_at((struct mlp_str){n->text.p + i, n->text.n - i});
        if (!name.n) {
            mlp_buf_addc(&b, n->text.p[i]);
            continue;
        }
        const struct mlp_node *value = find_value(d, section, n, name, e);
        code = value ? MLP_OK : MLP_EINPUT;
        if (value)
            mlp_buf_addstr(&b, value->text);
        i += name.n + 2;
    }
    if (code == MLP_OK)
        code = mlp_buf_check(&b, e);
    const char *text = code == MLP_OK ? mlp_arena_strz(&d->arena, mlp_buf_str(&b)) : NULL;
    if (code == MLP_OK && !text)
        code = mlp_err_nomem(e);
    if (code == MLP_OK)
        n->text = (struct mlp_str){text, b.n};
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code fill_node(struct mlp_doc *d, const struct mlp_node *section,
                               struct mlp_node *n, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (struct mlp_node *x = n->child; x && code == MLP_OK; x = x->next)
        code = fill_node(d, section, x, e);
    if (code != MLP_OK || n->type != MLP_DOC_TEXT)
        return code;
    struct mlp_str name = name_at(n->text);
    if (!name.n || name.n + 3 != n->text.n)
        return memmem(n->text.p, n->text.n, "$(", 2) ? fill_text(d, section, n, e) : MLP_OK;
    const struct mlp_node *value = find_value(d, section, n, name, e);
    if (value)
        become(n, value);
    return value ? MLP_OK : MLP_EINPUT;
}

enum mlp_code mlp_given_fill(struct mlp_doc *d, const struct mlp_rules_given *given,
                             struct mlp_err *e)
{
    struct mlp_node *section = mlp_node_get(d->root, "parameters");
    enum mlp_code code = MLP_OK;
    if (section && section->type != MLP_DOC_MAP)
        return mlp_node_error(d, section, e, "parameters: expected a map from names to values, "
                                             "null for one that has to be given");
    for (size_t i = 0; given && i < given->nparams && code == MLP_OK; i++)
        code = take_given(d, section, given->params[i], e);
    for (struct mlp_node *n = section ? d->root->child : NULL; n && code == MLP_OK; n = n->next)
        if (n != section)
            code = fill_node(d, section, n, e);
    return code;
}

/* ---- environments */

static bool is_declared(const struct mlp_node *list, struct mlp_str name)
{
    for (const struct mlp_node *n = list->child; n; n = n->next)
        if (mlp_str_eq(n->text, name))
            return true;
    return false;
}

void mlp_given_environments(struct mlp_maker *m, const struct mlp_node *n)
{
    if (n && n->type != MLP_DOC_LIST)
        mlp_make_fault(m, n, "a list of names");
    m->envs = n;
    m->env_known = n && is_declared(n, m->env);
}

/* Whether the list, or the one name, has the environment at hand. */
static bool names_env(struct mlp_maker *m, const struct mlp_node *n)
{
    bool list = n->type == MLP_DOC_LIST, found = false;
    for (const struct mlp_node *x = list ? n->child : n; x; x = list ? x->next : NULL) {
        if (x->type != MLP_DOC_TEXT || (m->envs && !is_declared(m->envs, x->text)))
            mlp_make_fault(m, x, m->envs ? "one of the names under environments"
                                         : "the name of an environment");
        found = found || mlp_str_eq(x->text, m->env);
    }
    m->env_known = m->env_known || found;
    return found;
}

bool mlp_given_here(struct mlp_maker *m, const struct mlp_node *map)
{
    const struct mlp_node *in = mlp_node_get(map, "env"), *out = mlp_node_get(map, "not_env");
    const struct mlp_node *only = mlp_node_get(map, "only_env");
    bool named = in && names_env(m, in), excluded = out && names_env(m, out);
    if (only && !names_env(m, only))
        return false;
    return !m->env.n || ((!in || named) && !excluded);
}

void mlp_given_check(struct mlp_maker *m)
{
    if (mlp_make_failed(m) || !m->env.n || m->env_known)
        return;
    mlp_err_set(m->e, MLP_EUSAGE, "%s: no rule is about the environment \"%.*s\"",
                m->rules->doc.source, MLP_STR_ARG(m->env));
}
