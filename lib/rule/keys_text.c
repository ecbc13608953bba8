/* keys_text.c: patterns of SQL's LIKE, as regexes over the whole value; JSON Schemas. */
#include "rule/compile.h"
#include "rule/json_schema.h"

/* SQL-92, 8.5: % is any text, _ any character, all else itself; a backslash escapes them. Classes
 * in brackets are no part of it. */
static void add_like(struct mlp_buf *b, struct mlp_str pattern)
{
    mlp_buf_adds(b, "(?s)\\A");
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        bool escaped = c == '\\' && i + 1 < pattern.n;
        c = escaped ? pattern.p[++i] : c;
        if (c == '%' && !escaped)
            mlp_buf_adds(b, ".*");
        else if (c == '_' && !escaped)
            mlp_buf_addc(b, '.');
        else if (c && strchr(".^$*+?()[]{}|\\#-", c))
            mlp_buf_addf(b, "\\%c", c);
        else
            mlp_buf_addc(b, c);
    }
    mlp_buf_adds(b, "\\z");
}

void mlp_make_like(struct mlp_maker *m, const struct mlp_node *n)
{
    bool none = mlp_str_is(n->key, "not_like"), all = mlp_str_is(n->key, "like_all");
    bool list = n->type == MLP_DOC_LIST && n->child;
    struct mlp_rule *r = mlp_make_rule(m, none  ? MLP_RULE_NOT_MATCH
                                          : all ? MLP_RULE_MATCH_ALL
                                                : MLP_RULE_MATCH, n);
    struct mlp_buf words, regex;
    mlp_buf_init(&words, 1 << 20);
    mlp_buf_init(&regex, 1 << 20);
    for (const struct mlp_node *x = list ? n->child : n; r && x && !mlp_make_failed(m);
         x = list ? x->next : NULL) {
        mlp_buf_reset(&regex);
        add_like(&regex, x->text);
        mlp_make_regex(m, r, mlp_buf_str(&regex), x);
        mlp_buf_addf(&words, "%s%.*s", r->regexes.n > 1 ? all ? " and " : " or " : "",
                     MLP_STR_ARG(x->text));
    }
    if (r)
        r->expected = mlp_make_words(m, none ? "not like " : "like ", mlp_buf_str(&words));
    mlp_buf_fini(&words);
    mlp_buf_fini(&regex);
}

/* The schema is borrowed from the document of the rules, which live as long. */
void mlp_make_cell_schema(struct mlp_maker *m, const struct mlp_node *n)
{
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_CELL_SCHEMA, n);
    if (!r)
        return;
    r->expected = MLP_STR("JSON as the schema says");
    mlp_json_schema_new(&m->rules->doc, n, NULL, &r->schema, m->e);
}
