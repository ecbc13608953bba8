/* import.c: which formats there are, which of them a file is, and what their readers share. */
#include "rule/import.h"

#include "base/file.h"
#include "rule/compile.h"
#include "rule/import_list.h"
#include "text/num.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define MOST_NOTES 1000
#define NATIVE_BYTES (MLP_RULES_BYTES * 8)

static enum mlp_code copy_native(const struct mlp_doc *in, struct mlp_doc *out,
                                 struct mlp_import_notes *notes, struct mlp_err *e)
{
    (void)notes;
    if (!in->root)
        return MLP_OK;
    out->root = mlp_import_copy(out, in->root);
    return out->root ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code write_native(const struct mlp_doc *native, struct mlp_buf *out,
                                  struct mlp_import_notes *notes, struct mlp_err *e)
{
    (void)notes;
    mlp_node_write_yaml(native->root, out);
    return mlp_buf_check(out, e);
}

const struct mlp_rules_format mlp_rules_formats[] = {
    MLP_RULES_FORMATS
    {"native", "rules of mlp-rules(5)", NULL, NULL, NULL, copy_native, write_native},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct mlp_rules_format *mlp_rules_format_find(struct mlp_str name)
{
    for (const struct mlp_rules_format *f = mlp_rules_formats; f->name; f++)
        if (mlp_str_is(name, f->name))
            return f;
    return NULL;
}

void mlp_rules_format_names(bool writers, struct mlp_buf *out)
{
    size_t n = 0;
    for (const struct mlp_rules_format *f = mlp_rules_formats; f->name; f++)
        if (writers ? f->write != NULL : f->read != NULL)
            mlp_buf_addf(out, "%s%s", n++ ? ", " : "", f->name);
}

enum mlp_code mlp_rules_format_unknown(const char *name, bool writers, struct mlp_err *e)
{
    struct mlp_buf names;
    mlp_buf_init(&names, 4096);
    mlp_rules_format_names(writers, &names);
    mlp_err_set(e, MLP_EUSAGE, "no rules format \"%s\"", name);
    mlp_err_hint(e, "known are %.*s", MLP_STR_ARG(mlp_buf_str(&names)));
    mlp_buf_fini(&names);
    return MLP_EUSAGE;
}

/* ---- notes */

void mlp_import_notes_init(struct mlp_import_notes *notes)
{
    *notes = (struct mlp_import_notes){0};
    mlp_arena_init(&notes->arena, (size_t)1 << 22);
}

void mlp_import_notes_fini(struct mlp_import_notes *notes)
{
    mlp_arena_fini(&notes->arena);
    *notes = (struct mlp_import_notes){0};
}

void mlp_import_note(struct mlp_import_notes *notes, const struct mlp_node *at, const char *fmt,
                     ...)
{
    char words[512];
    va_list ap;
    if (!notes)
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    struct mlp_import_note *note = NULL;
    if (notes->n < MOST_NOTES)
        note = mlp_arena_alloc(&notes->arena, sizeof *note);
    if (note)
        note->words = mlp_arena_str(&notes->arena, mlp_str_from(words));
    if (!note || !note->words.p) {
        notes->more++;
        return;
    }
    note->line = at ? at->line : 0;
    note->column = at ? at->column : 0;
    if (notes->last)
        notes->last->next = note;
    else
        notes->first = note;
    notes->last = note;
    notes->n++;
}

/* ---- building */

struct mlp_node *mlp_import_place(struct mlp_node *n, const struct mlp_node *from)
{
    if (n && from) {
        n->line = from->line;
        n->column = from->column;
    }
    return n;
}

/* Without memory the document has no root: nothing half built is taken for the whole. */
static struct mlp_node *kept(struct mlp_doc *d, struct mlp_node *n)
{
    if (!n)
        d->root = NULL;
    return n;
}

struct mlp_node *mlp_import_copy(struct mlp_doc *d, const struct mlp_node *n)
{
    struct mlp_node *copy = n ? mlp_doc_new(d, n->type) : NULL;
    if (!copy)
        return kept(d, NULL);
    copy->text = n->text.p ? mlp_arena_str(&d->arena, n->text) : (struct mlp_str){NULL, 0};
    if (n->text.p && !copy->text.p)
        return kept(d, NULL);
    copy->u = n->u;
    mlp_import_place(copy, n);
    if (n->type == MLP_DOC_LIST || n->type == MLP_DOC_MAP)
        copy->u.count = 0;
    for (const struct mlp_node *x = n->child; x && copy; x = x->next) {
        struct mlp_node *child = mlp_import_copy(d, x);
        bool in = n->type == MLP_DOC_MAP ? mlp_import_put_str(d, copy, x->key, child, x) != NULL
                                         : mlp_node_push(copy, child) != NULL;
        if (!in)
            return kept(d, NULL);
    }
    return copy;
}

struct mlp_node *mlp_import_num(struct mlp_doc *d, double v)
{
    struct mlp_buf text;
    struct mlp_node *x = v == floor(v) && fabs(v) < 0x1p53 ? mlp_doc_new_int(d, (int64_t)v)
                                                           : mlp_doc_new_num(d, v);
    mlp_buf_init(&text, 64);
    if (isfinite(v))
        mlp_num_add_json(&text, v);
    else
        mlp_buf_adds(&text, v > 0 ? ".inf" : v < 0 ? "-.inf" : ".nan");
    if (x)
        x->text = mlp_arena_str(&d->arena, mlp_buf_str(&text));
    mlp_buf_fini(&text);
    return kept(d, x && x->text.p ? x : NULL);
}

struct mlp_node *mlp_import_put_str(struct mlp_doc *d, struct mlp_node *map, struct mlp_str key,
                                    struct mlp_node *value, const struct mlp_node *from)
{
    char *name = map && value ? mlp_arena_strz(&d->arena, key) : NULL;
    struct mlp_node *put = name ? mlp_node_put(d, map, name, value) : NULL;
    if (put)
        put->key.n = key.n;
    return kept(d, mlp_import_place(put, from));
}

struct mlp_node *mlp_import_put(struct mlp_doc *d, struct mlp_node *map, const char *key,
                                struct mlp_node *value, const struct mlp_node *from)
{
    return mlp_import_put_str(d, map, mlp_str_from(key), value, from);
}

struct mlp_node *mlp_import_push(struct mlp_doc *d, struct mlp_node *list, struct mlp_node *value)
{
    return kept(d, mlp_node_push(list, value));
}

struct mlp_node *mlp_import_start(struct mlp_doc *out)
{
    out->root = mlp_doc_new(out, MLP_DOC_MAP);
    mlp_import_put(out, out->root, "version", mlp_import_num(out, 1), NULL);
    return out->root;
}

struct mlp_node *mlp_import_section(struct mlp_doc *d, struct mlp_node *map, const char *key,
                                    enum mlp_doc_type type)
{
    struct mlp_node *n = mlp_node_get(map, key);
    return n ? n : mlp_import_put(d, map, key, mlp_doc_new(d, type), NULL);
}

struct mlp_node *mlp_import_column(struct mlp_doc *d, struct mlp_str name,
                                   const struct mlp_node *from)
{
    struct mlp_node *columns = mlp_import_section(d, d->root, "columns", MLP_DOC_MAP);
    struct mlp_node *n = mlp_node_get_str(columns, name);
    return n ? n : mlp_import_put_str(d, columns, name, mlp_doc_new(d, MLP_DOC_MAP), from);
}

struct mlp_node *mlp_import_check(struct mlp_doc *d, const struct mlp_node *from)
{
    struct mlp_node *checks = mlp_import_section(d, d->root, "checks", MLP_DOC_LIST);
    struct mlp_node *n = mlp_node_push(checks, mlp_doc_new(d, MLP_DOC_MAP));
    return kept(d, mlp_import_place(n, from));
}

void mlp_import_when_there(struct mlp_doc *d, struct mlp_node *check, const struct mlp_node *from)
{
    struct mlp_buf b;
    const struct mlp_node *columns = mlp_node_get(check, "columns");
    mlp_buf_init(&b, 1 << 16);
    for (const struct mlp_node *n = columns ? columns->child : NULL; n; n = n->next) {
        const struct mlp_node *missing =
            mlp_node_get(mlp_import_column(d, n->text, n), "missing_values");
        for (const struct mlp_node *x = missing ? missing->child : NULL; x; x = x->next) {
            if (!x->text.n || mlp_str_find(x->text, '"') < x->text.n)
                continue;
            mlp_buf_addf(&b, "%s`%.*s` != \"%.*s\"", b.n ? " and " : "", MLP_STR_ARG(n->text),
                         MLP_STR_ARG(x->text));
        }
    }
    if (b.n)
        mlp_import_put(d, check, "when", mlp_doc_new_str(d, mlp_buf_str(&b)), from);
    mlp_buf_fini(&b);
}

enum mlp_code mlp_import_done(const struct mlp_doc *d, struct mlp_err *e)
{
    if (d->root)
        return MLP_OK;
    mlp_err_nomem(e);
    return mlp_err_at(e, d->source, 0, 0);
}

/* ---- reading */

static const struct mlp_rules_format *sniff(struct mlp_str text)
{
    for (const struct mlp_rules_format *f = mlp_rules_formats; f->name; f++)
        if (f->sniff && f->sniff(text))
            return f;
    return NULL;
}

static const struct mlp_rules_format *detect(const struct mlp_node *root)
{
    const struct mlp_rules_format *f = mlp_rules_formats;
    while (f[1].name && !(f->detect && f->detect(root)))
        f++;
    return f;
}

/* As mlp_doc_load tells JSON from YAML; infinities are ends of open bins. */
static enum mlp_code parse(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e)
{
    struct mlp_str start = mlp_str_trim(text);
    struct mlp_str name = mlp_str_from(d->source);
    bool json = start.n && (start.p[0] == '{' || start.p[0] == '[') &&
                !mlp_str_ends(name, ".yaml") && !mlp_str_ends(name, ".yml");
    return json ? mlp_doc_parse_json_python(d, text, e) : mlp_doc_parse_yaml(d, text, e);
}

static enum mlp_code import(struct mlp_str text, const struct mlp_rules_format **format,
                            struct mlp_doc *native, struct mlp_import_notes *notes,
                            struct mlp_err *e)
{
    struct mlp_doc in;
    const struct mlp_rules_format *f = *format ? *format : sniff(text);
    mlp_doc_init(&in, native->source, NATIVE_BYTES);
    enum mlp_code code = f && f->parse ? f->parse(&in, text, e) : parse(&in, text, e);
    f = code == MLP_OK && !f ? detect(in.root) : f;
    if (code == MLP_OK && !f->read)
        code = mlp_err_set(e, MLP_EUSAGE, "%s (%s) can be written, but not read", f->name, f->what);
    if (code == MLP_OK)
        code = f->read(&in, native, notes, e);
    *format = f;
    mlp_doc_fini(&in);
    return code;
}

enum mlp_code mlp_rules_import_text(struct mlp_str text, const char *source,
                                    const struct mlp_rules_format *format,
                                    struct mlp_doc *native, struct mlp_import_notes *notes,
                                    struct mlp_err *e)
{
    mlp_doc_init(native, source, NATIVE_BYTES);
    return import(text, &format, native, notes, e);
}

enum mlp_code mlp_rules_import(const char *path, const struct mlp_rules_format *format,
                               struct mlp_doc *native, const struct mlp_rules_format **found,
                               struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_buf text;
    mlp_buf_init(&text, MLP_RULES_BYTES);
    mlp_doc_init(native, mlp_file_name(path), NATIVE_BYTES);
    enum mlp_code code = mlp_file_read(path, &text, e);
    if (code == MLP_OK)
        code = import(mlp_buf_str(&text), &format, native, notes, e);
    if (found)
        *found = format;
    mlp_buf_fini(&text);
    return code;
}
