/* import_soda_shared.c: what the readers of SodaCL and of contracts share: refusals, variables,
 * conditions of SQL, types, and tables that are referred to. */
#include "rule/import_soda_inside.h"

#include "rule/sql_expr.h"

#include <stdarg.h>
#include <stdio.h>

void mlp_soda_refuse(struct mlp_soda *s, const struct mlp_node *n, const char *fmt, ...)
{
    char words[512];
    va_list ap;
    if (mlp_soda_failed(s))
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    mlp_node_error(s->in, n, s->e, "%s", words);
}

/* ---- variables */

void mlp_soda_parameter(struct mlp_soda *s, struct mlp_str name, const struct mlp_node *value)
{
    struct mlp_node *all = mlp_import_section(s->out, s->out->root, "parameters", MLP_DOC_MAP);
    if (all && !mlp_node_get_str(all, name))
        mlp_import_put_str(s->out, all, name, value ? mlp_import_copy(s->out, value)
                                                    : mlp_doc_new(s->out, MLP_DOC_NULL), value);
}

static bool is_variable(struct mlp_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '_')))
            return false;
    }
    return name.n > 0;
}

/* ${x} at the start of text: its length, and the name in *name. 0 after a fault. */
static size_t take_variable(struct mlp_soda *s, const struct mlp_node *at, struct mlp_str text,
                            struct mlp_str *name)
{
    size_t end = mlp_str_find(text, '}');
    *name = mlp_str_trim((struct mlp_str){text.p + 2, (end < text.n ? end : 2) - 2});
    if (mlp_str_starts(*name, "var."))
        *name = (struct mlp_str){name->p + 4, name->n - 4};
    if (is_variable(*name))
        return end + 1;
    mlp_soda_refuse(s, at, "\"%.*s\": a variable is ${name} here, of letters, digits and "
                    "underscores", (int)(text.n < 60 ? text.n : 60), text.p);
    return 0;
}

struct mlp_str mlp_soda_text(struct mlp_soda *s, const struct mlp_node *at, struct mlp_str text)
{
    struct mlp_buf b;
    struct mlp_str copy = {"", 0}, name;
    mlp_buf_init(&b, SODA_TEXT);
    for (size_t i = 0; i < text.n && !mlp_soda_failed(s); i++) {
        struct mlp_str rest = {text.p + i, text.n - i};
        if (mlp_str_starts(rest, "{{") || mlp_str_starts(rest, "{%"))
            mlp_soda_refuse(s, at, "templates have no counterpart: say ${name}, which is then a "
                            "parameter");
        if (!mlp_str_starts(rest, "${")) {
            mlp_buf_addc(&b, text.p[i]);
            continue;
        }
        size_t n = take_variable(s, at, rest, &name);
        if (!n)
            break;
        mlp_buf_addf(&b, "$(%.*s)", MLP_STR_ARG(name));
        mlp_soda_parameter(s, name, NULL);
        i += n - 1;
    }
    if (!mlp_soda_failed(s) && mlp_buf_check(&b, s->e) == MLP_OK && b.n) {
        copy = mlp_arena_str(&s->out->arena, mlp_buf_str(&b));
        if (!copy.p)
            mlp_err_nomem(s->e);
    }
    mlp_buf_fini(&b);
    return copy;
}

/* ---- conditions */

struct mlp_str mlp_soda_sql(struct mlp_soda *s, const struct mlp_node *n)
{
    struct mlp_buf b;
    struct mlp_sql_fault fault;
    struct mlp_str copy = {NULL, 0};
    if (!n || mlp_soda_failed(s))
        return copy;
    if (n->type != MLP_DOC_TEXT)
        mlp_soda_refuse(s, n, "%.*s: expected a condition of SQL", MLP_STR_ARG(n->key));
    struct mlp_str sql = mlp_soda_text(s, n, mlp_node_str(n, ""));
    mlp_buf_init(&b, SODA_TEXT);
    if (!mlp_soda_failed(s) && !mlp_sql_expr(sql, &b, &fault))
        mlp_soda_refuse(s, n, "%.*s, at character %zu: %s; say it as an expression of "
                        "mlp-rules(5) in a native file", MLP_STR_ARG(n->key), fault.at,
                        fault.words);
    if (!mlp_soda_failed(s) && mlp_buf_check(&b, s->e) == MLP_OK) {
        copy = mlp_arena_str(&s->out->arena, mlp_buf_str(&b));
        if (!copy.p)
            mlp_err_nomem(s->e);
    }
    mlp_buf_fini(&b);
    return copy;
}

struct mlp_str mlp_soda_both(struct mlp_soda *s, struct mlp_str a, struct mlp_str b)
{
    struct mlp_buf both;
    if (!a.n || !b.n)
        return a.n ? a : b;
    mlp_buf_init(&both, 2 * SODA_TEXT);
    mlp_buf_addf(&both, "(%.*s and %.*s)", MLP_STR_ARG(a), MLP_STR_ARG(b));
    struct mlp_str copy = mlp_arena_str(&s->out->arena, mlp_buf_str(&both));
    if ((both.failed || !copy.p) && !mlp_soda_failed(s))
        mlp_err_nomem(s->e);
    mlp_buf_fini(&both);
    return copy;
}

/* ---- types */

bool mlp_soda_type(struct mlp_str sql, const char **native)
{
    static const struct {
        const char *names, *native;
    } types[] = {
        {" int integer smallint tinyint bigint int2 int4 int8 int64 serial bigserial hugeint long "
         "uinteger ubigint usmallint utinyint ", "int"},
        {" float float4 float8 float64 real double decimal numeric number ", "float"},
        {" bool boolean ", "bool"},
        {" date ", "date"},
        {" timestamp timestamptz timestamp_tz timestamp_ntz timestamp_ltz datetime datetime2 "
         "timestamp_s timestamp_ms timestamp_ns ", "datetime"},
        {" varchar char text string nvarchar nchar character clob bpchar json jsonb uuid ", NULL},
    };
    char name[64];
    size_t n = 0;
    name[n++] = ' ';
    for (size_t i = 0; i < sql.n && n + 2 < sizeof name && sql.p[i] != '(' && sql.p[i] != ' '; i++)
        name[n++] = sql.p[i] >= 'A' && sql.p[i] <= 'Z' ? (char)(sql.p[i] | 32) : sql.p[i];
    name[n++] = ' ';
    for (size_t i = 0; i < sizeof types / sizeof *types && n > 2; i++) {
        *native = types[i].native;
        if (memmem(types[i].names, mlp_str_from(types[i].names).n, name, n))
            return true;
    }
    return false;
}

/* ---- checks */

const char *mlp_soda_aggregate(struct mlp_str metric, bool *numbers)
{
    static const struct {
        const char *metric, *key;
    } names[] = {
        {"avg", "mean"}, {"sum", "sum"}, {"min", "least"}, {"max", "greatest"},
        {"stddev", "stdev"}, {"stddev_samp", "stdev"}, {"stddev_pop", "stdev_population"},
        {"variance", "variance"}, {"var_samp", "variance"}, {"var_pop", "variance_population"},
        {"avg_length", "mean_length"}, {"min_length", "least_length"},
        {"max_length", "greatest_length"}, {"distinct_count", "distinct"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *numbers = !mlp_str_ends(metric, "_length") && !mlp_str_ends(metric, "_count");
        if (mlp_str_is(metric, names[i].metric))
            return names[i].key;
    }
    return NULL;
}

/* The parameter of a dataset: its name, what is no letter as an underscore. */
static struct mlp_str parameter_name(struct mlp_str dataset, char room[64])
{
    size_t n = 0;
    for (size_t i = 0; i < dataset.n && n < 63; i++) {
        char c = dataset.p[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z', digit = c >= '0' && c <= '9';
        if (n == 0 && !letter)
            continue;
        room[n++] = letter || digit ? c : '_';
    }
    return (struct mlp_str){room, n};
}

/* A table that is referred to is a file that -P names, else NAME.csv. */
void mlp_soda_put_reference(struct mlp_soda *s, struct mlp_node *check, struct mlp_str dataset,
                            const struct mlp_str *columns, size_t n, const struct mlp_node *from)
{
    char room[64], file[300], text[80];
    struct mlp_str name = parameter_name(dataset, room);
    struct mlp_node *map = mlp_import_put(s->out, check, "rows_in_file",
                                          mlp_doc_new(s->out, MLP_DOC_MAP), from);
    if (!name.n) {
        mlp_soda_refuse(s, from, "the dataset \"%.*s\" has a name without letters",
                        MLP_STR_ARG(dataset));
        return;
    }
    snprintf(file, sizeof file, "%.*s.csv", (int)(dataset.n < 250 ? dataset.n : 250), dataset.p);
    snprintf(text, sizeof text, "$(%.*s)", MLP_STR_ARG(name));
    struct mlp_node *value = mlp_doc_new_text(s->out, file);
    if (value)
        mlp_soda_parameter(s, name, mlp_import_place(value, from));
    mlp_import_put_text(s->out, map, "file", mlp_str_from(text), from);
    struct mlp_node *list = mlp_doc_new(s->out, MLP_DOC_LIST);
    mlp_import_put(s->out, map, "columns", list, from);
    for (size_t i = 0; i < n; i++)
        mlp_import_push(s->out, list, mlp_import_place(mlp_doc_new_str(s->out, columns[i]), from));
    mlp_import_put_text(s->out, check, "skip", MLP_STR("any"), from);
}
