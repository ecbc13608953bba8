/* import_csvw_check.c: are the descriptions of CSVW metadata what the specification lets them be:
 * Metadata Vocabulary for Tabular Data, 5 and 6.4 (errors and warnings), JSON-LD dialect in 5.8. */
#include "rule/import_csvw_inside.h"

enum kind { GROUP = 1, TABLE = 2, SCHEMA = 4, COLUMN = 8, DIALECT = 16, TEMPLATE = 32,
            DATATYPE = 64 };
#define INHERITS (GROUP | TABLE | SCHEMA | COLUMN)

/* What a value may be. */
enum { STRING = 1, BOOLEAN = 2, COUNT = 4, LIST = 8, MAP = 16, NOTHING = 32, NUMBER = 64 };

static unsigned kind_of_value(const struct mlp_node *n)
{
    switch (n->type) {
    case MLP_DOC_TEXT: return STRING;
    case MLP_DOC_BOOL: return BOOLEAN;
    case MLP_DOC_INT: return n->u.integer >= 0 ? COUNT | NUMBER : NUMBER;
    case MLP_DOC_LIST: return LIST;
    case MLP_DOC_MAP: return MAP;
    case MLP_DOC_NULL: return NOTHING;
    default: return NUMBER;
    }
}

static const struct {
    const char *name;
    unsigned kinds, values;
    const char *words;            /* the only ones, or NULL */
} properties[] = {
    {"url", GROUP | TABLE | TEMPLATE, STRING, NULL}, {"tables", GROUP, LIST, NULL},
    {"dialect", GROUP | TABLE, STRING | MAP, NULL}, {"notes", GROUP | TABLE, LIST, NULL},
    {"tableDirection", GROUP | TABLE, STRING, "rtl ltr auto"},
    {"tableSchema", GROUP | TABLE, STRING | MAP, NULL},
    {"transformations", GROUP | TABLE, LIST, NULL},
    {"suppressOutput", TABLE | COLUMN, BOOLEAN, NULL},
    {"columns", SCHEMA, LIST, NULL}, {"foreignKeys", SCHEMA, LIST, NULL},
    {"primaryKey", SCHEMA, STRING | LIST, NULL}, {"rowTitles", SCHEMA, STRING | LIST, NULL},
    {"name", COLUMN | DATATYPE, STRING, NULL}, {"virtual", COLUMN, BOOLEAN, NULL},
    {"titles", COLUMN | TEMPLATE, STRING | LIST | MAP, NULL},
    {"aboutUrl", INHERITS, STRING, NULL}, {"propertyUrl", INHERITS, STRING, NULL},
    {"valueUrl", INHERITS, STRING, NULL}, {"datatype", INHERITS, STRING | MAP, NULL},
    {"default", INHERITS, STRING, NULL}, {"lang", INHERITS, STRING, NULL},
    {"null", INHERITS, STRING | LIST, NULL}, {"ordered", INHERITS, BOOLEAN, NULL},
    {"required", INHERITS, BOOLEAN, NULL}, {"separator", INHERITS, STRING | NOTHING, NULL},
    {"textDirection", INHERITS, STRING, "rtl ltr auto inherit"},
    {"commentPrefix", DIALECT, STRING | NOTHING, NULL}, {"delimiter", DIALECT, STRING, NULL},
    {"doubleQuote", DIALECT, BOOLEAN, NULL}, {"encoding", DIALECT, STRING, NULL},
    {"header", DIALECT, BOOLEAN, NULL}, {"headerRowCount", DIALECT, COUNT, NULL},
    {"lineTerminators", DIALECT, STRING | LIST, NULL},
    {"quoteChar", DIALECT, STRING | NOTHING, NULL},
    {"skipBlankRows", DIALECT, BOOLEAN, NULL}, {"skipColumns", DIALECT, COUNT, NULL},
    {"skipInitialSpace", DIALECT, BOOLEAN, NULL}, {"skipRows", DIALECT, COUNT, NULL},
    {"trim", DIALECT, STRING | BOOLEAN, "true false start end"},
    {"scriptFormat", TEMPLATE, STRING, NULL}, {"targetFormat", TEMPLATE, STRING, NULL},
    {"source", TEMPLATE, STRING | NOTHING, NULL},
    {"base", DATATYPE, STRING, NULL}, {"format", DATATYPE, STRING | MAP, NULL},
    {"length", DATATYPE, COUNT, NULL}, {"minLength", DATATYPE, COUNT, NULL},
    {"maxLength", DATATYPE, COUNT, NULL}, {"minimum", DATATYPE, STRING | NUMBER, NULL},
    {"maximum", DATATYPE, STRING | NUMBER, NULL}, {"minInclusive", DATATYPE, STRING | NUMBER, NULL},
    {"maxInclusive", DATATYPE, STRING | NUMBER, NULL},
    {"minExclusive", DATATYPE, STRING | NUMBER, NULL},
    {"maxExclusive", DATATYPE, STRING | NUMBER, NULL},
};

static bool has_word(const char *words, struct mlp_str word)
{
    struct mlp_str rest = mlp_str_from(words), one;
    while (rest.p && mlp_str_split(&rest, ' ', &one))
        if (mlp_str_eq(one, word))
            return true;
    return false;
}

static const struct mlp_node *good(const struct mlp_node *n)
{
    for (size_t i = 0; n && i < sizeof properties / sizeof *properties; i++)
        if (mlp_str_is(n->key, properties[i].name))
            return kind_of_value(n) & properties[i].values ? n : NULL;
    return NULL;
}

const struct mlp_node *mlp_csvw_get(const struct mlp_node *description, const char *key)
{
    return good(mlp_node_get(description, key));
}

const struct mlp_node *mlp_csvw_inherited(const struct mlp_csvw *w, const struct mlp_node *column,
                                          const char *key)
{
    const struct mlp_node *from[] = {column, w->table.schema, w->table.node, w->in->root};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        const struct mlp_node *n = mlp_csvw_get(from[i], key);
        if (n)
            return n;
    }
    return NULL;
}

static bool is_blank_node(const struct mlp_node *n)
{
    return n->type == MLP_DOC_TEXT && mlp_str_starts(n->text, "_:");
}

/* ---- common properties: 5.8 */

static void check_common(struct mlp_csvw *w, const struct mlp_node *n, unsigned depth);

static bool is_term(const struct mlp_node *n)
{
    static const char terms[] = "Cell Column Datatype Dialect Direction ForeignKey Row Schema "
                                "Table TableGroup TableReference Template Transformation "
                                "NumericFormat";
    return n->type == MLP_DOC_TEXT && !is_blank_node(n) &&
           (mlp_str_find(n->text, ':') < n->text.n || has_word(terms, n->text));
}

static void check_types(struct mlp_csvw *w, const struct mlp_node *n)
{
    for (const struct mlp_node *x = n->type == MLP_DOC_LIST ? n->child : n; x;
         x = x == n ? NULL : x->next)
        if (!is_term(x))
            mlp_csvw_fault(w, n, "a term of CSVW, a prefixed name or an absolute URL");
}

/* {"@value": ...} with @language or @type, not both, and nothing else. */
static void check_value(struct mlp_csvw *w, const struct mlp_node *map)
{
    const struct mlp_node *value = mlp_node_get(map, "@value");
    size_t more = (mlp_node_get(map, "@language") || mlp_node_get(map, "@type")) ? 2 : 1;
    if (map->u.count != more || !(kind_of_value(value) & (STRING | NUMBER | BOOLEAN)))
        mlp_csvw_fault(w, map, "a @value with @language or @type and nothing else");
}

static void check_keyword(struct mlp_csvw *w, const struct mlp_node *n)
{
    if (mlp_str_is(n->key, "@type"))
        check_types(w, n);
    else if (!mlp_str_is(n->key, "@id") || n->type != MLP_DOC_TEXT || is_blank_node(n))
        mlp_csvw_fault(w, n, "no such keyword in a common property");
}

static void check_common(struct mlp_csvw *w, const struct mlp_node *n, unsigned depth)
{
    if (depth > 64 || mlp_csvw_failed(w))
        return;
    if (n->type == MLP_DOC_MAP && mlp_node_get(n, "@value")) {
        check_value(w, n);
        return;
    }
    for (const struct mlp_node *x = n->child; x && !mlp_csvw_failed(w); x = x->next) {
        if (n->type == MLP_DOC_MAP && mlp_str_starts(x->key, "@"))
            check_keyword(w, x);
        else
            check_common(w, x, depth + 1);
    }
}

/* ---- descriptions */

static const char *type_name(enum kind kind)
{
    return kind == GROUP      ? "TableGroup"
           : kind == TABLE    ? "Table"
           : kind == SCHEMA   ? "Schema"
           : kind == COLUMN   ? "Column"
           : kind == DIALECT  ? "Dialect"
           : kind == DATATYPE ? "Datatype"
                              : "Template";
}

static void check_identity(struct mlp_csvw *w, const struct mlp_node *n, enum kind kind)
{
    const struct mlp_node *id = mlp_node_get(n, "@id"), *type = mlp_node_get(n, "@type");
    struct mlp_str uri = mlp_node_str(id, "");
    if (id && id->type != MLP_DOC_TEXT)
        mlp_csvw_warn(w, id, "is no URL and is not used");
    else if (id && is_blank_node(id))
        mlp_csvw_fault(w, id, "an @id that does not start with _:");
    if (kind == DATATYPE && mlp_str_starts(uri, "http://www.w3.org/2001/XMLSchema#"))
        mlp_csvw_fault(w, id, "an @id that no built-in datatype has");
    if (type && !mlp_str_is(mlp_node_str(type, ""), type_name(kind)))
        mlp_csvw_fault(w, type, type_name(kind));
}

/* Letters, digits, _ and percent-encoded bytes, with dots between (RFC 6570, 2.3). */
static bool is_name(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '%' && c != '.' &&
            (unsigned char)c < 0x80)
            return false;
    }
    return s.n > 0 && s.p[0] != '_';
}

/* BCP 47, roughly: subtags of up to eight letters or digits, the first of letters, two to three or
 * five to eight. */
static bool is_language(struct mlp_str s)
{
    struct mlp_str part;
    bool first = true;
    while (s.p && mlp_str_split(&s, '-', &part)) {
        if (part.n == 0 || part.n > 8 || (first && (part.n == 4 || part.n == 1)))
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!((part.p[i] | 32) >= 'a' && (part.p[i] | 32) <= 'z') &&
                (first || part.p[i] < '0' || part.p[i] > '9'))
                return false;
        first = false;
    }
    return !first;
}

static void expect_strings(struct mlp_csvw *w, const struct mlp_node *n)
{
    for (const struct mlp_node *x = n->child; x; x = x->next) {
        if (x->type == MLP_DOC_LIST)
            expect_strings(w, x);
        else if (x->type != MLP_DOC_TEXT)
            mlp_csvw_warn(w, n, "what is no text in it is not used");
    }
}

static bool is_encoding(struct mlp_str s)
{
    static const char *const known[] = {"utf-8", "utf8", "us-ascii", "ascii"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (s.n == strlen(known[i]) && strncasecmp(s.p, known[i], s.n) == 0)
            return true;
    return false;
}

static void check_details(struct mlp_csvw *w, const struct mlp_node *n, enum kind kind)
{
    struct mlp_str text = mlp_node_str(n, "");
    if (mlp_str_is(n->key, "titles") || mlp_str_is(n->key, "null"))
        expect_strings(w, n);
    if (mlp_str_is(n->key, "name") && kind == COLUMN && !is_name(text))
        mlp_csvw_warn(w, n, "is no name of a column and is not used");
    if (mlp_str_is(n->key, "lang") && !is_language(text))
        mlp_csvw_warn(w, n, "is no language");
    if (mlp_str_is(n->key, "encoding") && !is_encoding(text))
        mlp_csvw_warn(w, n, "is no encoding that is read: UTF-8 is taken");
    for (const struct mlp_node *x = n->child; x && mlp_str_is(n->key, "titles"); x = x->next)
        if (n->type == MLP_DOC_MAP && !is_language(x->key))
            mlp_csvw_warn(w, n, "has a key that is no language");
}

static void check_property(struct mlp_csvw *w, const struct mlp_node *n, enum kind kind)
{
    if (mlp_str_starts(n->key, "@"))
        return;
    if (mlp_str_find(n->key, ':') < n->key.n) {
        check_common(w, n, 0);
        return;
    }
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        if (!mlp_str_is(n->key, properties[i].name) || !(properties[i].kinds & kind))
            continue;
        const char *words = properties[i].words;
        bool odd = words && n->type == MLP_DOC_TEXT && !has_word(words, n->text);
        if (odd || !(kind_of_value(n) & properties[i].values))
            mlp_csvw_warn(w, n, "has a value that it may not have, and is not used");
        else
            check_details(w, n, kind);
        return;
    }
    mlp_csvw_warn(w, n, "is no property here");
}

static void check_description(struct mlp_csvw *w, const struct mlp_node *n, enum kind kind)
{
    check_identity(w, n, kind);
    for (const struct mlp_node *x = n->child; x && !mlp_csvw_failed(w); x = x->next)
        check_property(w, x, kind);
    const struct mlp_node *datatype = mlp_node_get(n, "datatype");
    if (datatype && datatype->type == MLP_DOC_MAP && (kind & INHERITS))
        check_description(w, datatype, DATATYPE);
}

static void check_members(struct mlp_csvw *w, const struct mlp_node *list, enum kind kind)
{
    for (const struct mlp_node *x = list && list->type == MLP_DOC_LIST ? list->child : NULL; x;
         x = x->next) {
        if (x->type == MLP_DOC_MAP)
            check_description(w, x, kind);
        else
            mlp_csvw_warn(w, list, "what is no object in it is not used");
    }
}

/* A foreign key and its reference have their own properties only. */
static void check_foreign(struct mlp_csvw *w, const struct mlp_node *list)
{
    static const char *const known[] = {"columnReference", "reference", NULL};
    static const char *const of_reference[] = {"resource", "schemaReference", "columnReference",
                                               NULL};
    for (const struct mlp_node *x = list && list->type == MLP_DOC_LIST ? list->child : NULL;
         x && !mlp_csvw_failed(w); x = x->next) {
        const struct mlp_node *reference = mlp_node_get(x, "reference");
        if (x->type != MLP_DOC_MAP)
            mlp_csvw_warn(w, list, "what is no object in it is not used");
        else if (!reference || reference->type != MLP_DOC_MAP)
            mlp_csvw_fault(w, x, "a foreign key with a reference that is an object");
        else if (mlp_node_known(w->in, x, known, w->e) == MLP_OK)
            mlp_node_known(w->in, reference, of_reference, w->e);
    }
}

static void check_columns(struct mlp_csvw *w, const struct mlp_node *list)
{
    bool virtual = false;
    check_members(w, list, COLUMN);
    for (const struct mlp_node *x = list && list->type == MLP_DOC_LIST ? list->child : NULL;
         x && !mlp_csvw_failed(w); x = x->next) {
        bool is = mlp_node_bool(mlp_node_get(x, "virtual"), false);
        struct mlp_str name = mlp_node_str(mlp_node_get(x, "name"), "");
        if (virtual && !is)
            mlp_csvw_fault(w, x, "virtual columns after all others");
        for (const struct mlp_node *y = list->child; y != x && name.n; y = y->next)
            if (mlp_str_eq(mlp_node_str(mlp_node_get(y, "name"), ""), name))
                mlp_csvw_fault(w, x, "a name that no other column has");
        virtual = virtual || is;
    }
}

void mlp_csvw_check_schema(struct mlp_csvw *w, const struct mlp_node *schema)
{
    check_description(w, schema, SCHEMA);
    check_columns(w, mlp_node_get(schema, "columns"));
    check_foreign(w, mlp_node_get(schema, "foreignKeys"));
}

static void check_table(struct mlp_csvw *w, const struct mlp_node *n, enum kind kind)
{
    const struct mlp_node *schema = mlp_node_get(n, "tableSchema");
    const struct mlp_node *dialect = mlp_node_get(n, "dialect");
    check_description(w, n, kind);
    check_members(w, mlp_node_get(n, "transformations"), TEMPLATE);
    if (dialect && dialect->type == MLP_DOC_MAP)
        check_description(w, dialect, DIALECT);
    if (schema && schema->type == MLP_DOC_MAP && !mlp_csvw_failed(w))
        mlp_csvw_check_schema(w, schema);
}

/* The URL of the namespace, or a list of it and an object with @base and @language. */
static void check_context(struct mlp_csvw *w, const struct mlp_node *n)
{
    const struct mlp_node *first = n && n->type == MLP_DOC_LIST ? n->child : n;
    const struct mlp_node *more = n && n->type == MLP_DOC_LIST && first ? first->next : NULL;
    if (!first || !mlp_str_is(mlp_node_str(first, ""), "http://www.w3.org/ns/csvw")) {
        mlp_csvw_fault(w, n, "\"http://www.w3.org/ns/csvw\"");
        return;
    }
    for (const struct mlp_node *x = more ? more->child : NULL; x; x = x->next) {
        if (mlp_str_is(x->key, "@language") && !is_language(mlp_node_str(x, "")))
            mlp_csvw_warn(w, x, "is no language");
        else if (!mlp_str_is(x->key, "@language") && !mlp_str_is(x->key, "@base"))
            mlp_csvw_fault(w, x, "@base or @language");
    }
}

void mlp_csvw_check(struct mlp_csvw *w)
{
    const struct mlp_node *tables = mlp_node_get(w->in->root, "tables");
    check_context(w, mlp_node_get(w->in->root, "@context"));
    for (const struct mlp_node *t = tables && tables->type == MLP_DOC_LIST ? tables->child : NULL;
         t && !mlp_csvw_failed(w); t = t->next)
        check_table(w, t, TABLE);
    if (!mlp_csvw_failed(w))
        check_table(w, w->in->root, tables ? GROUP : TABLE);
}
