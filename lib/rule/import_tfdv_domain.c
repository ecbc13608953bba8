/* import_tfdv_domain.c: domains of features. Whether one fits the feature's type is the schema's
 * own matter; what it asks of values depends on what they turn out to be. */
#include "rule/import_tfdv_inside.h"

#include "base/map.h"
#include "text/textproto.h"

#define MOST_VALUES 400 /* of a string domain, the reference's own limit */

static void read_string_domain(struct mlp_tfdv *t, const struct mlp_node *domain)
{
    const struct mlp_node *values = mlp_tfdv_texts(t, domain, "value"), *mass;
    struct mlp_map seen;
    bool repeated = false;
    mlp_map_init(&seen, 0, (size_t)64 << 20);
    struct mlp_node *check = mlp_tfdv_typed(t, "ENUM_TYPE_UNEXPECTED_STRING_VALUES", TFDV_TEXT,
                                            "string", domain);
    struct mlp_node *list = mlp_import_put(t->out, check, "in", mlp_doc_new(t->out, MLP_DOC_LIST),
                                           domain);
    for (const struct mlp_node *n = values ? values->child : NULL; n; n = n->next) {
        bool fresh = false;
        mlp_map_put(&seen, n->text, &fresh);
        repeated = repeated || !fresh;
        mlp_import_push(t->out, list, mlp_import_copy(t->out, n));
    }
    mass = mlp_tfdv_number(t, mlp_tfdv_message(t, t->feature, "distribution_constraints"),
                           "min_domain_mass");
    mlp_tfdv_put_copy(t, check, "mostly", mass);
    if (repeated)
        mlp_tfdv_never(t, "INVALID_DOMAIN_SPECIFICATION", 0, domain, "a value comes twice");
    if (seen.n > MOST_VALUES)
        mlp_tfdv_never(t, "INVALID_DOMAIN_SPECIFICATION", TFDV_SOME, domain,
                       "more than 400 values in a string domain");
    mlp_map_fini(&seen);
}

/* One that stands in the schema, by its name. */
static void read_domain(struct mlp_tfdv *t, const struct mlp_node *feature)
{
    const struct mlp_node *name = mlp_tfdv_text(t, feature, "domain");
    const struct mlp_node *list = mlp_textproto_all(t->schema, "string_domain");
    for (const struct mlp_node *n = list && name ? list->child : NULL; n; n = n->next) {
        const struct mlp_node *own = mlp_tfdv_text(t, n, "name");
        if (own && mlp_str_eq(own->text, name->text)) {
            read_string_domain(t, n);
            return;
        }
    }
    if (name)
        mlp_tfdv_never(t, "INVALID_DOMAIN_SPECIFICATION", 0, name,
                       "the domain is not in the schema");
}

static void read_int_domain(struct mlp_tfdv *t, const struct mlp_node *domain)
{
    const struct mlp_node *least = mlp_tfdv_whole(t, domain, "min");
    const struct mlp_node *most = mlp_tfdv_whole(t, domain, "max");
    if (least)
        mlp_tfdv_put_copy(t, mlp_tfdv_typed(t, "INT_TYPE_SMALL_INT", TFDV_INT, "int", least), "min",
                          least);
    if (most)
        mlp_tfdv_put_copy(t, mlp_tfdv_typed(t, "INT_TYPE_BIG_INT", TFDV_INT, "int", most), "max",
                          most);
    mlp_tfdv_never(t, "INT_TYPE_NOT_INT_STRING", TFDV_TEXT, domain,
                   "some values are no whole numbers");
}

/* NaN is neither small nor big. */
static void put_float_bound(struct mlp_tfdv *t, const char *anomaly, const char *key,
                            const struct mlp_node *bound)
{
    static const char *const nan[] = {"", "nan", "NaN", "NAN", "-nan", "+nan"};
    struct mlp_node *check = bound ? mlp_tfdv_typed(t, anomaly, TFDV_FLOAT, "float", bound) : NULL;
    if (!check)
        return;
    mlp_tfdv_put_copy(t, check, key, bound);
    struct mlp_node *list = mlp_import_put(t->out, check, "missing_values",
                                           mlp_doc_new(t->out, MLP_DOC_LIST), bound);
    for (size_t i = 0; i < sizeof nan / sizeof *nan; i++)
        mlp_import_push(t->out, list, mlp_doc_new_text(t->out, nan[i]));
}

static void put_without(struct mlp_tfdv *t, const char *anomaly, unsigned kinds, const char *words,
                        const struct mlp_node *domain)
{
    mlp_tfdv_put_text(t, mlp_tfdv_check(t, anomaly, kinds, domain), "not_match", words, domain);
}

static void read_float_domain(struct mlp_tfdv *t, const struct mlp_node *domain)
{
    put_float_bound(t, "FLOAT_TYPE_SMALL_FLOAT", "min", mlp_tfdv_number(t, domain, "min"));
    put_float_bound(t, "FLOAT_TYPE_BIG_FLOAT", "max", mlp_tfdv_number(t, domain, "max"));
    if (mlp_tfdv_flag(t, domain, "disallow_nan"))
        put_without(t, "FLOAT_TYPE_HAS_NAN", TFDV_FLOAT | TFDV_TEXT, "(?i)^\\s*[+-]?nan\\s*$",
                    domain);
    if (mlp_tfdv_flag(t, domain, "disallow_inf"))
        put_without(t, "FLOAT_TYPE_HAS_INF", TFDV_FLOAT, "(?i)^\\s*[+-]?inf", domain);
    mlp_tfdv_never(t, "FLOAT_TYPE_STRING_NOT_FLOAT", TFDV_TEXT, domain,
                   "some values are no numbers");
}

static void put_words(struct mlp_tfdv *t, const struct mlp_node *domain)
{
    const struct mlp_node *words[] = {mlp_tfdv_text(t, domain, "true_value"),
                                      mlp_tfdv_text(t, domain, "false_value")};
    const char *const anomaly = "BOOL_TYPE_UNEXPECTED_STRING";
    if (!words[0] && !words[1]) {
        mlp_tfdv_never(t, anomaly, TFDV_TEXT, domain, "the domain names no values");
        return;
    }
    struct mlp_node *list = mlp_import_put(
        t->out, mlp_tfdv_typed(t, anomaly, TFDV_TEXT, "string", domain), "in",
        mlp_doc_new(t->out, MLP_DOC_LIST), domain);
    for (size_t i = 0; i < 2; i++)
        if (words[i])
            mlp_import_push(t->out, list, mlp_import_copy(t->out, words[i]));
    if (words[0] && words[1] && mlp_str_eq(words[0]->text, words[1]->text))
        mlp_tfdv_never(t, "INVALID_DOMAIN_SPECIFICATION", 0, domain,
                       "true_value and false_value are equal");
}

static void read_bool_domain(struct mlp_tfdv *t, const struct mlp_node *domain)
{
    static const struct mlp_node ends[] = {
        {.type = MLP_DOC_INT, .text = {"0", 1}},
        {.type = MLP_DOC_INT, .text = {"1", 1}, .u.integer = 1}};
    mlp_tfdv_put_copy(t, mlp_tfdv_typed(t, "BOOL_TYPE_SMALL_INT", TFDV_INT, "int", domain), "min",
                      &ends[0]);
    mlp_tfdv_put_copy(t, mlp_tfdv_typed(t, "BOOL_TYPE_BIG_INT", TFDV_INT, "int", domain), "max",
                      &ends[1]);
    struct mlp_node *check = mlp_tfdv_typed(t, "BOOL_TYPE_UNEXPECTED_FLOAT", TFDV_FLOAT, "float",
                                            domain);
    struct mlp_node *list = mlp_import_put(t->out, check, "in", mlp_doc_new(t->out, MLP_DOC_LIST),
                                           domain);
    for (size_t i = 0; i < 2; i++)
        mlp_import_push(t->out, list, mlp_import_copy(t->out, &ends[i]));
    put_words(t, domain);
}

/* Values of these domains are texts or numbers that are not looked at. */
static void note_domain(struct mlp_tfdv *t, const struct mlp_node *domain)
{
    mlp_import_note(t->notes, domain, "values of this domain are not looked at");
}

#define BIT(type) (1u << TFDV_TYPE_##type)
static const struct {
    const char *field;
    unsigned types;               /* of features that may have it */
    void (*read)(struct mlp_tfdv *t, const struct mlp_node *domain);
} domains[] = {
    {"int_domain", BIT(INT) | BIT(BYTES), read_int_domain},
    {"float_domain", BIT(FLOAT) | BIT(BYTES), read_float_domain},
    {"string_domain", BIT(BYTES), read_string_domain},
    {"bool_domain", BIT(INT) | BIT(BYTES) | BIT(FLOAT), read_bool_domain},
    {"struct_domain", BIT(STRUCT), note_domain},
    {"natural_language_domain", BIT(INT) | BIT(BYTES), note_domain},
    {"image_domain", BIT(BYTES), note_domain},
    {"mid_domain", BIT(BYTES), note_domain},
    {"url_domain", BIT(BYTES), note_domain},
    {"time_domain", BIT(INT) | BIT(BYTES), note_domain},
    {"time_of_day_domain", BIT(INT) | BIT(BYTES), note_domain},
};
#define NDOMAINS (sizeof domains / sizeof *domains)

static bool fits_type(struct mlp_tfdv *t, unsigned types, const char *field,
                      const struct mlp_node *at)
{
    static const char *const names[] = {"TYPE_UNKNOWN", "BYTES", "INT", "FLOAT", "STRUCT"};
    char words[128];
    if (types >> t->type & 1)
        return true;
    snprintf(words, sizeof words, "the domain \"%s\" does not match the type %s", field,
             names[t->type]);
    mlp_tfdv_never(t, "DOMAIN_INVALID_FOR_TYPE", 0, at, words);
    return false;
}

static void check_constraints(struct mlp_tfdv *t, bool texts)
{
    const struct mlp_node *n = mlp_tfdv_message(t, t->feature, "distribution_constraints");
    if (n && !texts)
        mlp_tfdv_never(t, "INVALID_SCHEMA_SPECIFICATION", 0, n,
                       "distribution_constraints need a domain of strings");
}

void mlp_tfdv_domain(struct mlp_tfdv *t)
{
    const struct mlp_node *name = mlp_textproto_last(t->feature, "domain");
    bool texts = false;
    if (name && fits_type(t, BIT(BYTES), "domain", name)) {
        read_domain(t, t->feature);
        texts = true;
    }
    for (size_t i = 0; i < NDOMAINS && !mlp_tfdv_failed(t); i++) {
        const struct mlp_node *domain = mlp_tfdv_message(t, t->feature, domains[i].field);
        if (!domain || !fits_type(t, domains[i].types, domains[i].field, domain))
            continue;
        domains[i].read(t, domain);
        texts = texts || domains[i].read == read_string_domain;
    }
    check_constraints(t, texts);
}
