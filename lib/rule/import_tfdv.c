/* import_tfdv.c: schemas of TensorFlow Data Validation as native rules: features, their presence,
 * shape and type, and what is about the table. Domains are in import_tfdv_domain.c. */
#include "rule/import_tfdv.h"

#include "rule/import_tfdv_inside.h"
#include "text/textproto.h"

static size_t skip_blank(struct mlp_str s, size_t i, bool colon)
{
    bool comment = false;
    for (; i < s.n; i++) {
        comment = s.p[i] != '\n' && (comment || s.p[i] == '#');
        if (!comment && !memchr(" \t\r\n", s.p[i], 4) && !(colon && s.p[i] == ':'))
            break;
    }
    return i;
}

bool mlp_import_sniffs_tfdv(struct mlp_str text)
{
    static const char *const fields[] = {
        "feature", "string_domain", "default_environment", "dataset_constraints", "sparse_feature",
        "weighted_feature", "int_domain", "float_domain", "tensor_representation_group", NULL};
    size_t from = skip_blank(text, mlp_str_starts(text, "\xEF\xBB\xBF") ? 3 : 0, false), to = from;
    while (to < text.n && (text.p[to] == '_' || (text.p[to] >= 'a' && text.p[to] <= 'z')))
        to++;
    struct mlp_str word = {text.p + from, to - from};
    size_t next = skip_blank(text, to, true);
    bool follows = next < text.n && memchr("{<[\"'", text.p[next], 5);
    for (size_t i = 0; fields[i] && follows; i++)
        if (mlp_str_is(word, fields[i]))
            return true;
    return mlp_str_is(word, "generate_legacy_feature_spec");
}

/* ---- checks */

void mlp_tfdv_put_text(struct mlp_tfdv *t, struct mlp_node *map, const char *key,
                       const char *text, const struct mlp_node *from)
{
    mlp_import_put(t->out, map, key, mlp_doc_new_text(t->out, text), from);
}

void mlp_tfdv_put_copy(struct mlp_tfdv *t, struct mlp_node *map, const char *key,
                       const struct mlp_node *n)
{
    if (n)
        mlp_import_put(t->out, map, key, mlp_import_copy(t->out, n), n);
}

static void put_kinds(struct mlp_tfdv *t, struct mlp_node *check, const char *key, unsigned kinds,
                      const struct mlp_node *from)
{
    static const char *const names[] = {"none", "int", "float", "text"};
    struct mlp_node *list = mlp_import_put(t->out, check, key, mlp_doc_new(t->out, MLP_DOC_LIST),
                                           from);
    for (unsigned i = 0; i < 4; i++)
        if (kinds >> i & 1)
            mlp_import_push(t->out, list, mlp_doc_new_text(t->out, names[i]));
}

struct mlp_node *mlp_tfdv_check(struct mlp_tfdv *t, const char *anomaly, unsigned kinds,
                                const struct mlp_node *from)
{
    struct mlp_node *check = mlp_import_check(t->out, from);
    mlp_import_put(t->out, check, "column", mlp_doc_new_str(t->out, t->name), from);
    mlp_tfdv_put_text(t, check, "name", anomaly, from);
    if (kinds)
        put_kinds(t, check, "of_kind", kinds, from);
    return check;
}

void mlp_tfdv_never(struct mlp_tfdv *t, const char *anomaly, unsigned kinds,
                    const struct mlp_node *from, const char *words)
{
    mlp_tfdv_put_text(t, mlp_tfdv_check(t, anomaly, kinds, from), "never", words, from);
}

void mlp_tfdv_bound(struct mlp_tfdv *t, const char *anomaly, unsigned kinds, const char *key,
                    const struct mlp_node *bound, const char *end)
{
    struct mlp_node *check = mlp_tfdv_check(t, anomaly, kinds, bound);
    struct mlp_node *map = mlp_import_put(t->out, check, key, mlp_doc_new(t->out, MLP_DOC_MAP),
                                          bound);
    mlp_tfdv_put_copy(t, map, end, bound);
}

struct mlp_node *mlp_tfdv_typed(struct mlp_tfdv *t, const char *anomaly, unsigned kinds,
                                const char *type, const struct mlp_node *from)
{
    struct mlp_node *check = mlp_tfdv_check(t, anomaly, kinds, from);
    mlp_tfdv_put_text(t, check, "type", type, from);
    mlp_tfdv_put_text(t, check, "unfit", "skip", from);
    return check;
}

/* ---- environments */

static bool is_listed(const struct mlp_node *list, struct mlp_str name)
{
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_eq(n->text, name))
            return true;
    return false;
}

/* Those that the schema knows and where the feature is not; NULL: none. */
static struct mlp_node *foreign_environments(struct mlp_tfdv *t)
{
    const struct mlp_node *all = mlp_tfdv_texts(t, t->schema, "default_environment");
    const struct mlp_node *in = mlp_tfdv_texts(t, t->feature, "in_environment");
    const struct mlp_node *out = mlp_tfdv_texts(t, t->feature, "not_in_environment");
    struct mlp_node *list = NULL;
    for (const struct mlp_node *n = all ? all->child : NULL; n; n = n->next) {
        if (!is_listed(out, n->text) || is_listed(in, n->text))
            continue;
        list = list ? list : mlp_doc_new(t->out, MLP_DOC_LIST);
        mlp_import_push(t->out, list, mlp_doc_new_str(t->out, n->text));
    }
    return list;
}

static void put_environments(struct mlp_tfdv *t, struct mlp_node *check, const char *key)
{
    struct mlp_node *list = foreign_environments(t);
    if (list)
        mlp_import_put(t->out, check, key, list, t->feature);
}

/* ---- presence */

static const struct mlp_node zero = {.type = MLP_DOC_INT, .text = {"0", 1}};
static const struct mlp_node one = {.type = MLP_DOC_INT, .text = {"1", 1}, .u.integer = 1};

/* Of columns that have to be there, and of those that have to be somewhere else. */
static void read_existence(struct mlp_tfdv *t)
{
    const struct mlp_node *presence = mlp_tfdv_message(t, t->feature, "presence");
    const struct mlp_node *count = mlp_tfdv_whole(t, presence, "min_count");
    const struct mlp_node *share = mlp_tfdv_number(t, presence, "min_fraction");
    struct mlp_node *list = foreign_environments(t), *check, *map;
    if (mlp_node_num(count, 0) > 0 || mlp_node_num(share, 0) > 0) {
        check = mlp_tfdv_check(t, "SCHEMA_MISSING_COLUMN", 0, presence);
        mlp_tfdv_put_text(t, check, "there", "here", presence);
        put_environments(t, check, "not_env");
        check = mlp_tfdv_check(t, "FEATURE_TYPE_NOT_PRESENT", 0, presence);
        map = mlp_import_put(t->out, check, "values", mlp_doc_new(t->out, MLP_DOC_MAP), presence);
        mlp_tfdv_put_copy(t, map, "min", &one);
        put_environments(t, check, "not_env");
    }
    if (!list)
        return;
    check = mlp_tfdv_check(t, "SCHEMA_NEW_COLUMN", 0, t->feature);
    map = mlp_import_put(t->out, check, "values", mlp_doc_new(t->out, MLP_DOC_MAP), t->feature);
    mlp_tfdv_put_copy(t, map, "max", &zero);
    put_environments(t, check, "only_env");
}

static void read_presence(struct mlp_tfdv *t)
{
    const struct mlp_node *presence = mlp_tfdv_message(t, t->feature, "presence");
    const struct mlp_node *count = mlp_tfdv_whole(t, presence, "min_count");
    const struct mlp_node *share = mlp_tfdv_number(t, presence, "min_fraction");
    if (mlp_node_num(share, 0) < 0 || mlp_node_num(share, 0) > 1)
        mlp_tfdv_never(t, "INVALID_SCHEMA_SPECIFICATION", 0, share,
                       "min_fraction is not from 0 to 1");
    if (mlp_node_num(count, 0) > 0)
        mlp_tfdv_bound(t, "FEATURE_TYPE_LOW_NUMBER_PRESENT", TFDV_SOME, "values", count, "min");
    if (mlp_node_num(share, 0) > 0)
        mlp_tfdv_bound(t, "FEATURE_TYPE_LOW_FRACTION_PRESENT", TFDV_SOME, "present",
                       mlp_node_num(share, 0) > 1 ? &one : share, "min");
}

/* ---- shape: in a table a row has one value of a column, or none */

static void read_value_count(struct mlp_tfdv *t, const struct mlp_node *counts)
{
    const struct mlp_node *least = mlp_tfdv_whole(t, counts, "min");
    const struct mlp_node *most = mlp_tfdv_whole(t, counts, "max");
    double lo = mlp_node_num(least, 0), hi = mlp_node_num(most, 1);
    if (lo < 0)
        mlp_tfdv_never(t, "INVALID_SCHEMA_SPECIFICATION", 0, least,
                       "value_count: min is negative");
    if (most && hi < (lo < 0 ? 0 : lo)) {
        mlp_tfdv_never(t, "INVALID_SCHEMA_SPECIFICATION", 0, most,
                       "value_count: max is less than min");
        hi = lo;
    }
    if (lo > 1)
        mlp_tfdv_never(t, "FEATURE_TYPE_LOW_NUMBER_VALUES", TFDV_SOME, least,
                       "a row has one value here");
    if (most && hi < 1)
        mlp_tfdv_never(t, "FEATURE_TYPE_HIGH_NUMBER_VALUES", TFDV_SOME, most,
                       "a row has one value here");
}

static void read_value_counts(struct mlp_tfdv *t)
{
    const struct mlp_node *counts = mlp_tfdv_message(t, t->feature, "value_counts");
    const struct mlp_node *list = mlp_textproto_all(counts, "value_count");
    if (counts && list && list->u.count == 1)
        read_value_count(t, mlp_tfdv_message(t, counts, "value_count"));
    else if (counts)
        mlp_tfdv_never(t, "VALUE_NESTEDNESS_MISMATCH", TFDV_SOME, counts,
                       "a table has one level of values");
    read_value_count(t, mlp_tfdv_message(t, t->feature, "value_count"));
}

static void read_shape(struct mlp_tfdv *t)
{
    const struct mlp_node *shape = mlp_tfdv_message(t, t->feature, "shape");
    const struct mlp_node *dims = mlp_tfdv_messages(t, shape, "dim");
    double size = 1;
    for (const struct mlp_node *n = dims ? dims->child : NULL; n; n = n->next) {
        const struct mlp_node *x = mlp_tfdv_whole(t, n, "size");
        size *= mlp_node_num(x, 0);
        if (mlp_tfdv_failed(t))
            return;
        if (mlp_node_num(x, 0) <= 0) {
            mlp_tfdv_never(t, "INVALID_SCHEMA_SPECIFICATION", 0, n, "the size of a dim is not "
                                                                    "above 0");
            return;
        }
    }
    if (!shape)
        return;
    if (size > 1)
        mlp_tfdv_never(t, "INVALID_FEATURE_SHAPE", TFDV_SOME, shape, "a row has one value here");
    else if (!mlp_tfdv_flag(t, t->schema, "generate_legacy_feature_spec"))
        mlp_import_put(t->out, mlp_tfdv_check(t, "INVALID_FEATURE_SHAPE", TFDV_SOME, shape),
                       "required", mlp_doc_new_bool(t->out, true), shape);
}

/* ---- type */

/* Values that are no numbers are rejected as rows; that all are whole where they should not be is
 * known at the end. */
static void put_type(struct mlp_tfdv *t)
{
    const char *const name = "UNEXPECTED_DATA_TYPE";
    const struct mlp_node *from = mlp_textproto_last(t->feature, "type");
    struct mlp_node *check;
    if (t->type == TFDV_TYPE_INT || t->type == TFDV_TYPE_FLOAT) {
        bool whole = t->type == TFDV_TYPE_INT;
        check = mlp_tfdv_check(t, name, TFDV_TEXT | (whole ? TFDV_FLOAT : 0), from);
        mlp_tfdv_put_text(t, check, "type", whole ? "int" : "float", from);
    }
    if (t->type == TFDV_TYPE_FLOAT)
        put_kinds(t, mlp_tfdv_check(t, name, TFDV_INT, from), "kind", TFDV_FLOAT, from);
    else if (t->type == TFDV_TYPE_BYTES)
        put_kinds(t, mlp_tfdv_check(t, name, TFDV_SOME, from), "kind", TFDV_TEXT, from);
    else if (t->type != TFDV_TYPE_INT)
        mlp_tfdv_never(t, name, TFDV_SOME, from ? from : t->feature, "a table has no such values");
}

/* False when there is none to go on with. */
static bool read_type(struct mlp_tfdv *t)
{
    static const char *const names[] = {"TYPE_UNKNOWN", "BYTES", "INT", "FLOAT", "STRUCT", NULL};
    bool texts = mlp_textproto_all(t->feature, "domain") ||
                 mlp_textproto_all(t->feature, "string_domain");
    t->type = (enum mlp_tfdv_type)mlp_tfdv_choice(t, t->feature, "type", names);
    if (mlp_textproto_all(t->feature, "type"))
        return true;
    mlp_tfdv_never(t, "FEATURE_MISSING_TYPE", 0, t->feature, "the feature has no type");
    t->type = TFDV_TYPE_BYTES;
    return texts;
}

/* ---- unique values, comparators */

static void read_unique(struct mlp_tfdv *t)
{
    const struct mlp_node *unique = mlp_tfdv_message(t, t->feature, "unique_constraints");
    const struct mlp_node *least = mlp_tfdv_whole(t, unique, "min");
    const struct mlp_node *most = mlp_tfdv_whole(t, unique, "max");
    if (!unique)
        return;
    mlp_tfdv_never(t, "FEATURE_TYPE_NO_UNIQUE", TFDV_INT | TFDV_FLOAT, unique,
                   "only texts are counted");
    if (least)
        mlp_tfdv_bound(t, "FEATURE_TYPE_LOW_UNIQUE", TFDV_TEXT, "distinct", least, "min");
    if (!most)
        mlp_import_note(t->notes, unique, "max is not given, and 0 then, as in the reference");
    mlp_tfdv_bound(t, "FEATURE_TYPE_HIGH_UNIQUE", TFDV_TEXT, "distinct", most ? most : &zero,
                   "max");
}

static const struct {
    const char *field, *anomaly;
} measures[] = {
    {"infinity_norm", "COMPARATOR_L_INFTY_HIGH"},
    {"normalized_abs_difference", "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH"},
    {"jensen_shannon_divergence", "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"},
};

static bool put_distance(struct mlp_tfdv *t, size_t measure, const struct mlp_node *comparator,
                         const char *against)
{
    static const char *const bins[] = {"UNKNOWN", "STANDARD", "QUANTILES", NULL};
    const struct mlp_node *m = mlp_tfdv_message(t, comparator, measures[measure].field);
    const struct mlp_node *threshold = mlp_tfdv_number(t, m, "threshold");
    const struct mlp_node *source = mlp_tfdv_message(t, m, "source");
    bool numbers = t->type == TFDV_TYPE_INT || t->type == TFDV_TYPE_FLOAT;
    if (!threshold)
        return false;
    struct mlp_node *check = mlp_tfdv_typed(t, measures[measure].anomaly, TFDV_SOME,
                                            numbers ? "float" : "string", threshold);
    struct mlp_node *map = mlp_import_put(t->out, check, "distance",
                                          mlp_doc_new(t->out, MLP_DOC_MAP), threshold);
    mlp_tfdv_put_text(t, map, "measure", measures[measure].field, threshold);
    mlp_tfdv_put_text(t, map, "against", against, threshold);
    mlp_tfdv_put_copy(t, map, "max", threshold);
    if (mlp_tfdv_choice(t, source, "type", bins) == 2)
        mlp_tfdv_put_text(t, map, "bins", "equal_counts", source);
    return true;
}

static void read_comparator(struct mlp_tfdv *t, const char *field, const char *against)
{
    const struct mlp_node *comparator = mlp_tfdv_message(t, t->feature, field);
    bool any = false;
    if (!comparator)
        return;
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        any = put_distance(t, i, comparator, against) || any;
    if (any)
        mlp_tfdv_put_text(t, mlp_tfdv_check(t, "COMPARATOR_CONTROL_DATA_MISSING", TFDV_SOME,
                                            comparator), "there", against, comparator);
}

/* ---- features */

static bool is_deprecated(struct mlp_tfdv *t)
{
    static const char *const stages[] = {"UNKNOWN_STAGE", "PLANNED", "ALPHA", "BETA", "PRODUCTION",
                                         "DEPRECATED", "DEBUG_ONLY", "DISABLED",
                                         "VALIDATION_DERIVED", NULL};
    unsigned stage = mlp_tfdv_choice(t, t->feature, "lifecycle_stage", stages);
    return mlp_tfdv_flag(t, t->feature, "deprecated") || stage == 1 || stage == 2 ||
           (stage >= 5 && stage <= 7);
}

/* Fields of which a message may have one. */
static void check_choice(struct mlp_tfdv *t, const char *const *fields)
{
    const char *seen = NULL;
    for (size_t i = 0; fields[i]; i++) {
        const struct mlp_node *n = mlp_textproto_all(t->feature, fields[i]);
        if (n && seen)
            mlp_node_error(t->in, n, t->e, "%s: a feature has this or %s", fields[i], seen);
        seen = n ? fields[i] : seen;
    }
}

static void check_fields(struct mlp_tfdv *t)
{
    static const char *const known[] = {
        "name", "deprecated", "presence", "group_presence", "shape", "value_count", "value_counts",
        "type", "domain", "int_domain", "float_domain", "string_domain", "bool_domain",
        "struct_domain", "natural_language_domain", "image_domain", "mid_domain", "url_domain",
        "time_domain", "time_of_day_domain", "distribution_constraints", "annotation",
        "skew_comparator", "drift_comparator", "in_environment", "not_in_environment",
        "lifecycle_stage", "unique_constraints", "validation_derived_source", NULL};
    static const char *const shapes[] = {"shape", "value_count", "value_counts", NULL};
    static const char *const presences[] = {"presence", "group_presence", NULL};
    static const char *const domains[] = {
        "domain", "int_domain", "float_domain", "string_domain", "bool_domain", "struct_domain",
        "natural_language_domain", "image_domain", "mid_domain", "url_domain", "time_domain",
        "time_of_day_domain", NULL};
    if (t->feature->type != MLP_DOC_MAP) {
        mlp_node_error(t->in, t->feature, t->e, "feature: expected { name: ... }");
        return;
    }
    mlp_node_known(t->in, t->feature, known, t->e);
    check_choice(t, shapes);
    check_choice(t, presences);
    check_choice(t, domains);
}

static void read_rules(struct mlp_tfdv *t)
{
    if (is_deprecated(t))
        return;
    read_existence(t);
    if (!read_type(t) || mlp_tfdv_failed(t))
        return;
    read_value_counts(t);
    read_shape(t);
    read_presence(t);
    put_type(t);
    mlp_tfdv_domain(t);
    read_unique(t);
    read_comparator(t, "drift_comparator", "previous");
    read_comparator(t, "skew_comparator", "serving");
}

/* Of two with the same name the first counts. */
static void read_feature(struct mlp_tfdv *t, struct mlp_node *names)
{
    check_fields(t);
    const struct mlp_node *name = mlp_tfdv_failed(t) ? NULL : mlp_tfdv_text(t, t->feature, "name");
    if (mlp_tfdv_failed(t))
        return;
    if (!name) {
        mlp_node_error(t->in, t->feature, t->e, "a feature needs a name");
        return;
    }
    t->name = name->text;
    if (is_listed(names, t->name)) {
        mlp_import_note(t->notes, t->feature, "a feature of the same name came before");
        return;
    }
    mlp_import_push(t->out, names, mlp_doc_new_str(t->out, t->name));
    mlp_import_put(t->out, mlp_import_column(t->out, t->name, t->feature), "optional",
                   mlp_doc_new_bool(t->out, true), t->feature);
    read_rules(t);
}

/* ---- the table */

static void put_rows(struct mlp_tfdv *t, const char *anomaly, const char *end,
                     const struct mlp_node *bound, const char *against)
{
    struct mlp_node *check = bound ? mlp_import_check(t->out, bound) : NULL;
    if (!check)
        return;
    mlp_tfdv_put_text(t, check, "name", anomaly, bound);
    struct mlp_node *map = mlp_import_put(t->out, check, against ? "rows_ratio" : "rows",
                                          mlp_doc_new(t->out, MLP_DOC_MAP), bound);
    mlp_tfdv_put_copy(t, map, end, bound);
    if (against)
        mlp_tfdv_put_text(t, check, "against", against, bound);
}

static void read_dataset(struct mlp_tfdv *t)
{
    static const char *const comparators[] = {"num_examples_drift_comparator",
                                              "num_examples_version_comparator"};
    static const char *const against[] = {"previous", "previous_version"};
    const struct mlp_node *d = mlp_tfdv_message(t, t->schema, "dataset_constraints");
    for (size_t i = 0; i < 2; i++) {
        const struct mlp_node *x = mlp_tfdv_message(t, d, comparators[i]);
        put_rows(t, "COMPARATOR_HIGH_NUM_EXAMPLES", "max",
                 mlp_tfdv_number(t, x, "max_fraction_threshold"), against[i]);
        put_rows(t, "COMPARATOR_LOW_NUM_EXAMPLES", "min",
                 mlp_tfdv_number(t, x, "min_fraction_threshold"), against[i]);
    }
    put_rows(t, "DATASET_LOW_NUM_EXAMPLES", "min", mlp_tfdv_whole(t, d, "min_examples_count"),
             NULL);
    put_rows(t, "DATASET_HIGH_NUM_EXAMPLES", "max", mlp_tfdv_whole(t, d, "max_examples_count"),
             NULL);
}

static void read_environments(struct mlp_tfdv *t)
{
    const struct mlp_node *all = mlp_tfdv_texts(t, t->schema, "default_environment");
    mlp_tfdv_put_copy(t, t->out->root, "environments", all);
}

static void refuse(struct mlp_tfdv *t, const char *field)
{
    const struct mlp_node *list = mlp_textproto_all(t->schema, field);
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        mlp_node_error(t->in, n, t->e, "%s: features made of several columns cannot be checked",
                       field);
}

static void read_schema(struct mlp_tfdv *t)
{
    static const char *const known[] = {
        "feature", "sparse_feature", "weighted_feature", "string_domain", "float_domain",
        "int_domain", "default_environment", "annotation", "dataset_constraints",
        "tensor_representation_group", "generate_legacy_feature_spec",
        "represent_variable_length_as_ragged", NULL};
    struct mlp_node *header, *names;
    if (mlp_node_known(t->in, t->schema, known, t->e) != MLP_OK)
        return;
    mlp_tfdv_messages(t, t->schema, "string_domain");
    refuse(t, "sparse_feature");
    refuse(t, "weighted_feature");
    read_environments(t);
    header = mlp_import_check(t->out, t->schema);
    mlp_tfdv_put_text(t, header, "name", "SCHEMA_NEW_COLUMN", t->schema);
    mlp_tfdv_put_text(t, header, "header", "known", t->schema);
    names = mlp_import_put(t->out, header, "names", mlp_doc_new(t->out, MLP_DOC_LIST), t->schema);
    const struct mlp_node *list = mlp_textproto_all(t->schema, "feature");
    for (const struct mlp_node *n = list ? list->child : NULL; n && !mlp_tfdv_failed(t);
         n = n->next) {
        t->feature = n;
        read_feature(t, names);
    }
    read_dataset(t);
}

enum mlp_code mlp_import_tfdv(const struct mlp_doc *in, struct mlp_doc *out,
                              struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct mlp_tfdv t = {.in = in, .out = out, .notes = notes, .e = e ? e : &local,
                         .schema = in->root};
    mlp_import_start(out);
    read_schema(&t);
    return mlp_tfdv_failed(&t) ? t.e->code : mlp_import_done(out, t.e);
}
