/* import_csvw_type.c: datatypes of CSVW metadata as the rule `reads` with as: xsd. */
#include "rule/import_csvw_inside.h"

#include "rule/xsd.h"

#include <math.h>

/* A datatype: its name, or a description with a base. */
static const struct mlp_xsd_base *base_of(struct mlp_csvw *w, const struct mlp_node *datatype)
{
    const struct mlp_node *base = datatype && datatype->type == MLP_DOC_MAP
                                      ? mlp_csvw_get(datatype, "base") : datatype;
    struct mlp_str name = mlp_node_str(base, "string");
    const struct mlp_xsd_base *found = mlp_xsd_find(name);
    if (found)
        return found;
    mlp_csvw_warn(w, base, "is no datatype: string is taken");
    return mlp_xsd_find(MLP_STR("string"));
}

/* ---- formats */

static void put_text(struct mlp_csvw *w, struct mlp_node *reads, const char *key,
                     struct mlp_str text, const struct mlp_node *from)
{
    mlp_import_put(w->out, reads, key, mlp_doc_new_str(w->out, text), from);
}

/* The format of numbers is a pattern, or a map of one with its signs. */
static void put_number(struct mlp_csvw *w, struct mlp_node *reads, struct mlp_xsd *d,
                       const struct mlp_node *format)
{
    bool map = format->type == MLP_DOC_MAP;
    const struct mlp_node *pattern = map ? mlp_node_get(format, "pattern") : format;
    struct mlp_str decimal = mlp_node_str(map ? mlp_node_get(format, "decimalChar") : NULL, ".");
    struct mlp_str group = mlp_node_str(map ? mlp_node_get(format, "groupChar") : NULL,
                                        pattern ? "," : "");
    d->format = mlp_node_str(pattern, "");
    d->decimal = decimal.n == 1 ? decimal.p[0] : '.';
    d->group = group.n == 1 ? group.p[0] : '\0';
    if (decimal.n != 1 || group.n > 1)
        mlp_csvw_warn(w, format, "has signs that are not one character, which are not used");
    if (d->group)
        put_text(w, reads, "group", group, format);
    put_text(w, reads, "decimal", (struct mlp_str){&d->decimal, 1}, format);
    if (d->format.n && mlp_xsd_takes(d))
        put_text(w, reads, "format", d->format, format);
    else if (d->format.n)
        mlp_csvw_warn(w, format, "is no pattern of numbers, and is not used");
}

/* Texts, binaries and durations have a regular expression of the whole value. */
static void put_expression(struct mlp_csvw *w, struct mlp_node *column, bool many,
                           const struct mlp_node *format)
{
    struct mlp_buf b;
    struct mlp_regex regex = {0};
    struct mlp_err ignored;
    mlp_err_init(&ignored);
    mlp_buf_init(&b, MLP_RULES_BYTES);
    mlp_buf_addf(&b, "\\A(?:%.*s)\\z", MLP_STR_ARG(format->text));
    if (many || format->type != MLP_DOC_TEXT)
        mlp_csvw_warn(w, format, "of several values in a cell is not used");
    else if (mlp_regex_init(&regex, mlp_buf_str(&b), &ignored) != MLP_OK)
        mlp_csvw_warn(w, format, "is no regular expression, and is not used");
    else
        put_text(w, column, "match", mlp_buf_str(&b), format);
    pcre2_code_free(regex.code);
    mlp_buf_fini(&b);
}

static void put_format(struct mlp_csvw *w, struct mlp_node *column, struct mlp_node *reads,
                       struct mlp_xsd *d, const struct mlp_node *format)
{
    switch (d->base->class) {
    case MLP_XSD_FLOAT:
    case MLP_XSD_DECIMAL:
    case MLP_XSD_INTEGER: put_number(w, reads, d, format); return;
    case MLP_XSD_BOOLEAN:
    case MLP_XSD_TIME:
        d->format = mlp_node_str(format, "");
        if (mlp_xsd_takes(d))
            put_text(w, reads, "format", d->format, format);
        else
            mlp_csvw_warn(w, format, "is no format of the datatype, and is not used");
        return;
    default: put_expression(w, column, mlp_node_get(reads, "separator") != NULL, format);
    }
}

/* ---- constraints */

/* Lengths that contradict each other or the datatype. */
static void check_length(struct mlp_csvw *w, const struct mlp_xsd *d, const struct mlp_node *exact,
                         const struct mlp_node *least, const struct mlp_node *most)
{
    int64_t lo = mlp_node_int(least, 0), hi = mlp_node_int(most, INT64_MAX);
    int64_t n = mlp_node_int(exact, lo);
    if (d->base->class != MLP_XSD_TEXT && d->base->class != MLP_XSD_BINARY)
        mlp_csvw_fault(w, exact ? exact : least ? least : most, "a datatype that has a length");
    else if (lo > hi)
        mlp_csvw_fault(w, most, "a maxLength that is not below minLength");
    else if (n < lo || n > hi)
        mlp_csvw_fault(w, exact, "a length between minLength and maxLength");
}

static void put_length(struct mlp_csvw *w, struct mlp_node *reads, const struct mlp_xsd *d,
                       const struct mlp_node *datatype)
{
    const struct mlp_node *exact = mlp_csvw_get(datatype, "length");
    const struct mlp_node *least = mlp_csvw_get(datatype, "minLength");
    const struct mlp_node *most = mlp_csvw_get(datatype, "maxLength");
    const struct mlp_node *any = exact ? exact : least ? least : most;
    if (any)
        check_length(w, d, exact, least, most);
    if (!any || mlp_csvw_failed(w))
        return;
    struct mlp_node *length = mlp_import_put(w->out, reads, "length",
                                             mlp_doc_new(w->out, MLP_DOC_MAP), any);
    least = exact ? exact : least;
    most = exact ? exact : most;
    if (least)
        mlp_import_put(w->out, length, "min", mlp_import_copy(w->out, least), least);
    if (most)
        mlp_import_put(w->out, length, "max", mlp_import_copy(w->out, most), most);
}

/* One end: inclusive by either of two names, or exclusive. *value is NaN where it is open. */
static const struct mlp_node *read_end(struct mlp_csvw *w, const struct mlp_xsd *d,
                                       const struct mlp_node *datatype, const char *const names[3],
                                       bool *open, double *value)
{
    const struct mlp_node *in = mlp_csvw_get(datatype, names[0]);
    const struct mlp_node *out = mlp_csvw_get(datatype, names[2]);
    struct mlp_xsd plain = {d->base, {"", 0}, '.', '\0'};
    in = in ? in : mlp_csvw_get(datatype, names[1]);
    *value = NAN;
    *open = out != NULL;
    if (in && out)
        mlp_csvw_fault(w, out, "an end that is inclusive or exclusive, not both");
    const struct mlp_node *n = in ? in : out;
    if (n && (d->base->class <= MLP_XSD_BOOLEAN))
        mlp_csvw_fault(w, n, "a datatype of numbers, times or durations");
    else if (n && !mlp_xsd_read(d, n->text, value) &&
             !mlp_xsd_read(&plain, n->text, value))
        mlp_csvw_fault(w, n, "a value of the datatype");
    return n;
}

/* A bound as the column writes its values: those without a format are taken as well. */
static void put_bounds(struct mlp_csvw *w, struct mlp_node *reads, const struct mlp_xsd *d,
                       const struct mlp_node *datatype)
{
    static const char *const low[] = {"minimum", "minInclusive", "minExclusive"};
    static const char *const high[] = {"maximum", "maxInclusive", "maxExclusive"};
    bool open_lo, open_hi;
    double lo, hi;
    const struct mlp_node *least = read_end(w, d, datatype, low, &open_lo, &lo);
    const struct mlp_node *most = read_end(w, d, datatype, high, &open_hi, &hi);
    if (least && most && (lo > hi || (lo == hi && (open_lo || open_hi))))
        mlp_csvw_fault(w, most, "ends between which there is a value");
    if (mlp_csvw_failed(w))
        return;
    if (least)
        put_text(w, reads, open_lo ? "above" : "min", least->text, least);
    if (most)
        put_text(w, reads, open_hi ? "below" : "max", most->text, most);
}

void mlp_csvw_put_type(struct mlp_csvw *w, struct mlp_node *column, const struct mlp_node *from)
{
    const struct mlp_node *datatype = mlp_csvw_inherited(w, from, "datatype");
    const struct mlp_node *separator = mlp_csvw_inherited(w, from, "separator");
    struct mlp_xsd d = {base_of(w, datatype), {"", 0}, '.', '\0'};
    struct mlp_node *reads = mlp_import_put(w->out, column, "reads",
                                            mlp_doc_new(w->out, MLP_DOC_MAP), from);
    bool map = datatype && datatype->type == MLP_DOC_MAP;
    const struct mlp_node *format = map ? mlp_csvw_get(datatype, "format") : NULL;
    put_text(w, reads, "as", MLP_STR("xsd"), from);
    put_text(w, reads, "base", mlp_str_from(d.base->name), datatype);
    if (separator && separator->type == MLP_DOC_TEXT)
        put_text(w, reads, "separator", separator->text, separator);
    if (format)
        put_format(w, column, reads, &d, format);
    if (map && !mlp_csvw_failed(w))
        put_length(w, reads, &d, datatype);
    if (map && !mlp_csvw_failed(w))
        put_bounds(w, reads, &d, datatype);
}
