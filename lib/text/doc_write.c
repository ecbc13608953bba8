#include "text/doc_internal.h"
#include "text/json.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

/* JSON. */

static int compare_keys(const void *a, const void *b)
{
    const struct mlp_node *x = *(struct mlp_node *const *)a, *y = *(struct mlp_node *const *)b;
    return mlp_str_cmp(x->key, y->key);
}

static void write_json(struct mlp_json_out *o, const struct mlp_node *n, bool sorted);

static void write_member(struct mlp_json_out *o, const struct mlp_node *m, bool sorted)
{
    mlp_json_key_str(o, m->key);
    write_json(o, m, sorted);
}

static void write_sorted(struct mlp_json_out *o, const struct mlp_node *map)
{
    size_t n = 0;
    const struct mlp_node **members = malloc((map->u.count + 1) * sizeof *members);
    if (!members) {
        o->b->failed = true;
        return;
    }
    for (const struct mlp_node *m = map->child; m; m = m->next)
        members[n++] = m;
    qsort(members, n, sizeof *members, compare_keys);
    for (size_t i = 0; i < n; i++)
        write_member(o, members[i], true);
    free(members);
}

static void write_map(struct mlp_json_out *o, const struct mlp_node *map, bool sorted)
{
    mlp_json_open(o, '{');
    if (sorted)
        write_sorted(o, map);
    else
        for (const struct mlp_node *m = map->child; m; m = m->next)
            write_member(o, m, false);
    mlp_json_close(o, '}');
}

static void write_list(struct mlp_json_out *o, const struct mlp_node *list, bool sorted)
{
    mlp_json_open(o, '[');
    for (const struct mlp_node *i = list->child; i; i = i->next)
        write_json(o, i, sorted);
    mlp_json_close(o, ']');
}

static void write_json(struct mlp_json_out *o, const struct mlp_node *n, bool sorted)
{
    switch (n->type) {
    case MLP_DOC_NULL:
        mlp_json_null(o);
        break;
    case MLP_DOC_BOOL:
        mlp_json_bool(o, n->u.boolean);
        break;
    case MLP_DOC_INT:
        mlp_json_i64(o, n->u.integer);
        break;
    case MLP_DOC_UINT:
        mlp_json_u64(o, n->u.unsigned_integer);
        break;
    case MLP_DOC_REAL:
        mlp_json_f64(o, n->u.real);
        break;
    case MLP_DOC_TEXT:
        mlp_json_str(o, n->text);
        break;
    case MLP_DOC_LIST:
        write_list(o, n, sorted);
        break;
    case MLP_DOC_MAP:
        write_map(o, n, sorted);
        break;
    }
}

void mlp_node_write_json(const struct mlp_node *n, struct mlp_buf *b, unsigned indent,
                         bool sorted)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, b, indent);
    if (n)
        write_json(&o, n, sorted);
    else
        mlp_json_null(&o);
}

void mlp_node_write_json_python(const struct mlp_node *n, struct mlp_buf *b, unsigned indent)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, b, indent);
    o.nonfinite = true;
    write_json(&o, n, false);
}

/* YAML. */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
}

/* Words that some YAML reader, 1.1 or 1.2, takes for something else than text. */
static bool is_reserved(struct mlp_str s)
{
    static const char *const reserved[] = {"null", "true", "false", "yes", "no",
                                           "on",   "off",  "y",     "n"};
    char lower[8];
    if (s.n >= sizeof lower)
        return false;
    for (size_t i = 0; i < s.n; i++)
        lower[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (mlp_str_eq((struct mlp_str){lower, s.n}, mlp_str_from(reserved[i])))
            return true;
    return false;
}

/* Whether text needs no quotes: starts with a letter and holds nothing that means something. */
static bool is_plain(struct mlp_str s)
{
    if (s.n == 0 || !is_letter(s.p[0]) || s.p[s.n - 1] == ':' || s.p[s.n - 1] == ' ')
        return false;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];
        bool word = is_letter(c) || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || !strchr("-.@+: ", c)))
            return false;
        /* A colon before a space makes a name; of two spaces one is lost. */
        if (c == ' ' && (s.p[i - 1] == ':' || s.p[i - 1] == ' '))
            return false;
    }
    return !is_reserved(s);
}

/* Whether a sequence of two or three bytes must be escaped for YAML (1.2.2, section 5.1) though
 * JSON lets it stand: C1 controls, line breaks beyond ASCII, the byte order mark, no characters. */
static bool is_special(const unsigned char *p, size_t n)
{
    if (n == 2)
        return p[0] == 0xC2 && p[1] < 0xA0;
    return n == 3 && ((p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9)) ||
                      (p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF) ||
                      (p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE));
}

/* One sequence of n bytes (1: ASCII) inside double quotes. */
static void yaml_escape(struct mlp_buf *b, const unsigned char *p, size_t n)
{
    if (n == 1 && (*p == '"' || *p == '\\'))
        mlp_buf_addf(b, "\\%c", *p);
    else if (n == 1 && (*p == '\n' || *p == '\t'))
        mlp_buf_adds(b, *p == '\n' ? "\\n" : "\\t");
    else if (n == 1 && (*p < ' ' || *p == 0x7F))
        mlp_buf_addf(b, "\\x%02x", *p);
    else if (n == 2 && is_special(p, n))
        mlp_buf_addf(b, "\\x%02x", p[1]);
    else if (n == 3 && is_special(p, n))
        mlp_buf_addf(b, "\\u%x%02x%x", p[0] & 0xFu, (p[1] & 0x3Fu) << 2 | (p[2] >> 4 & 3u),
                     p[2] & 0xFu);
    else
        mlp_buf_add(b, p, n);
}

static void yaml_text(struct mlp_buf *b, struct mlp_str s)
{
    if (is_plain(s)) {
        mlp_buf_addstr(b, s);
        return;
    }
    mlp_buf_addc(b, '"');
    for (size_t i = 0; i < s.n;) {
        const unsigned char *p = (const unsigned char *)s.p + i;
        size_t n = *p < 0x80 ? 1 : mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
        if (n)
            yaml_escape(b, p, n);
        else
            mlp_buf_adds(b, "\xEF\xBF\xBD");
        i += n ? n : 1;
    }
    mlp_buf_addc(b, '"');
}

static void yaml_real(struct mlp_buf *b, double v)
{
    char text[32];
    if (isfinite(v))
        mlp_buf_add(b, text, mlp_num_print_f64(v, text));
    else
        mlp_buf_adds(b, isnan(v) ? ".nan" : v > 0 ? ".inf" : "-.inf");
}

static void yaml_scalar(struct mlp_buf *b, const struct mlp_node *n)
{
    switch (n->type) {
    case MLP_DOC_BOOL:
        mlp_buf_adds(b, n->u.boolean ? "true" : "false");
        break;
    case MLP_DOC_INT:
        mlp_buf_addi64(b, n->u.integer);
        break;
    case MLP_DOC_UINT:
        mlp_buf_addu64(b, n->u.unsigned_integer);
        break;
    case MLP_DOC_REAL:
        yaml_real(b, n->u.real);
        break;
    case MLP_DOC_TEXT:
        yaml_text(b, n->text);
        break;
    case MLP_DOC_LIST:
        mlp_buf_adds(b, "[]");
        break;
    case MLP_DOC_MAP:
        mlp_buf_adds(b, "{}");
        break;
    default:
        mlp_buf_adds(b, "null");
        break;
    }
}

static void yaml_indent(struct mlp_buf *b, unsigned depth)
{
    while (depth--)
        mlp_buf_adds(b, "  ");
}

static bool is_block(const struct mlp_node *n)
{
    return (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST) && n->child;
}

/* Readers take a name on its colon's line for at most 1024 characters; an escape has six. */
#define SIMPLE_KEY (1024 / 6 - 4)

/* A name and its colon; long ones in the explicit form. */
static void yaml_key(struct mlp_buf *b, struct mlp_str key, unsigned depth)
{
    bool simple = key.n <= SIMPLE_KEY;
    if (!simple)
        mlp_buf_adds(b, "? ");
    yaml_text(b, key);
    if (!simple) {
        mlp_buf_addc(b, '\n');
        yaml_indent(b, depth);
    }
    mlp_buf_addc(b, ':');
}

/* A block map or list at a depth; its first line stands where the caller is already. */
static void yaml_block(struct mlp_buf *b, const struct mlp_node *n, unsigned depth)
{
    for (const struct mlp_node *c = n->child; c; c = c->next) {
        bool block = is_block(c);
        if (c != n->child)
            yaml_indent(b, depth);
        if (n->type == MLP_DOC_MAP)
            yaml_key(b, c->key, depth);
        else
            mlp_buf_addc(b, '-');
        if (block && n->type == MLP_DOC_MAP) {
            mlp_buf_addc(b, '\n');
            yaml_indent(b, depth + 1);
        } else {
            mlp_buf_addc(b, ' ');
        }
        if (block) {
            yaml_block(b, c, depth + 1);
        } else {
            yaml_scalar(b, c);
            mlp_buf_addc(b, '\n');
        }
    }
}

void mlp_node_write_yaml(const struct mlp_node *n, struct mlp_buf *b)
{
    if (n && is_block(n)) {
        yaml_block(b, n, 0);
        return;
    }
    if (n)
        yaml_scalar(b, n);
    mlp_buf_addc(b, '\n');
}
