#include "text/prom_read.h"

#include "base/map.h"
#include "text/num.h"

#define NAME_BYTES ((size_t)1 << 20) /* of all families */

/* Points are put into blocks that double: an arena gives nothing back. */
struct reader {
    struct mlp_arena *arena;
    struct mlp_prom_point *points;
    size_t n, cap;
    struct mlp_map families;     /* their type + 1, and SEEN once there was a sample */
    uint64_t line;
    const char *wanted;          /* what was expected where it went wrong */
    const char *at;
};
#define SEEN 16u

static bool expected(struct reader *r, const char *what, const char *at)
{
    if (!r->wanted) {
        r->wanted = what;
        r->at = at;
    }
    return false;
}

/* --- words --- */

static bool is_name_byte(char c, bool first, bool colon)
{
    bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || (colon && c == ':');
    return letter || (!first && c >= '0' && c <= '9');
}

/* Takes a name off the front of s; empty when there is none. */
static struct mlp_str take_name(struct mlp_str *s, bool colon)
{
    size_t n = 0;
    while (n < s->n && is_name_byte(s->p[n], n == 0, colon))
        n++;
    struct mlp_str name = {s->p, n};
    *s = (struct mlp_str){s->p + n, s->n - n};
    return name;
}

static bool take_byte(struct mlp_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = (struct mlp_str){s->p + 1, s->n - 1};
    return true;
}

static void skip_blanks(struct mlp_str *s)
{
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
        *s = (struct mlp_str){s->p + 1, s->n - 1};
}

/* A word up to a blank or the end. */
static struct mlp_str take_word(struct mlp_str *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t')
        n++;
    struct mlp_str word = {s->p, n};
    *s = (struct mlp_str){s->p + n, s->n - n};
    return word;
}

static bool take_number(struct reader *r, struct mlp_str *s, double *v)
{
    struct mlp_str word = take_word(s);
    return mlp_num_f64(word, v) || expected(r, "a number", word.p);
}

/* --- labels --- */

/* Value without its quotes and escapes: a view where there are none. */
static bool take_quoted(struct reader *r, struct mlp_str *s, struct mlp_str *out)
{
    size_t end = 0, n = 0;
    bool escaped = false;
    if (!take_byte(s, '"'))
        return expected(r, "a quote", s->p);
    for (; end < s->n && s->p[end] != '"'; end++)
        if (s->p[end] == '\\') {
            escaped = true;
            end++;
        }
    if (end >= s->n)
        return expected(r, "a quote at the end of the value", s->p);
    *out = (struct mlp_str){s->p, end};
    *s = (struct mlp_str){s->p + end + 1, s->n - end - 1};
    if (!mlp_str_utf8(*out))
        return expected(r, "a value in UTF-8", out->p);
    if (!escaped)
        return true;
    char *to = mlp_arena_alloc(r->arena, end);
    if (!to)
        return expected(r, NULL, out->p);
    for (size_t i = 0; i < end; i++) {
        char c = out->p[i];
        if (c == '\\') {
            c = out->p[++i];
            if (c != '\\' && c != '"' && c != 'n')
                return expected(r, "\\\\, \\\" or \\n", out->p + i - 1);
            c = c == 'n' ? '\n' : c;
        }
        to[n++] = c;
    }
    *out = (struct mlp_str){to, n};
    return true;
}

static bool is_new(const struct mlp_prom_pair *pairs, size_t n, struct mlp_str name)
{
    for (size_t i = 0; i < n; i++)
        if (mlp_str_eq(pairs[i].name, name))
            return false;
    return true;
}

/* The rest of "{a="b",c="d",}" behind its brace. */
static bool take_labels(struct reader *r, struct mlp_str *s, struct mlp_prom_pair *pairs,
                        size_t *n)
{
    for (*n = 0;; ++*n) {
        skip_blanks(s);
        if (take_byte(s, '}'))
            return true;
        if (*n == MLP_PROM_MAX_LABELS)
            return expected(r, "at most 64 labels", s->p);
        struct mlp_prom_pair *pair = &pairs[*n];
        pair->name = take_name(s, false);
        if (!pair->name.n)
            return expected(r, "a label or }", s->p);
        if (!is_new(pairs, *n, pair->name))
            return expected(r, "each label once", pair->name.p);
        skip_blanks(s);
        if (!take_byte(s, '='))
            return expected(r, "=", s->p);
        skip_blanks(s);
        if (!take_quoted(r, s, &pair->value))
            return false;
        skip_blanks(s);
        if (!take_byte(s, ',') && (s->n == 0 || s->p[0] != '}'))
            return expected(r, ", or }", s->p);
    }
}

/* --- lines --- */

static bool is_part(struct mlp_str name, const char *const *suffixes, struct mlp_str *family)
{
    for (; *suffixes; suffixes++)
        if (mlp_str_ends(name, *suffixes)) {
            family->n = name.n - strlen(*suffixes);
            return family->n > 0;
        }
    return false;
}

/* What a sample's name belongs to: its family when that has a TYPE, else itself. */
static uint64_t *find_family(struct reader *r, struct mlp_str name)
{
    static const char *const parts[] = {"_bucket", "_sum", "_count", "_total", "_created", NULL};
    struct mlp_str family = name;
    uint64_t *known = mlp_map_get(&r->families, name);
    if (!known && is_part(name, parts, &family))
        known = mlp_map_get(&r->families, family);
    return known ? known : mlp_map_put(&r->families, name, NULL);
}

static struct mlp_prom_point *new_point(struct reader *r)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        struct mlp_prom_point *more = mlp_arena_array(r->arena, cap, sizeof *more);
        if (!more)
            return NULL;
        if (r->n)
            memcpy(more, r->points, r->n * sizeof *more);
        r->points = more;
        r->cap = cap;
    }
    return &r->points[r->n++];
}

/* Behind the value: a time, an exemplar, nothing. */
static bool take_tail(struct reader *r, struct mlp_str *s)
{
    struct mlp_prom_pair pairs[MLP_PROM_MAX_LABELS];
    size_t n;
    double v;
    skip_blanks(s);
    if (s->n && s->p[0] != '#' && !take_number(r, s, &v))
        return false;
    skip_blanks(s);
    if (take_byte(s, '#')) {
        skip_blanks(s);
        if (!take_byte(s, '{'))
            return expected(r, "an exemplar's {", s->p);
        if (!take_labels(r, s, pairs, &n))
            return false;
        skip_blanks(s);
        if (!take_number(r, s, &v))
            return false;
        skip_blanks(s);
        if (s->n && !take_number(r, s, &v))
            return false;
    }
    skip_blanks(s);
    return s->n == 0 || expected(r, "the end of the line", s->p);
}

static bool keep_labels(struct reader *r, struct mlp_prom_point *p,
                        const struct mlp_prom_pair *pairs, size_t n)
{
    struct mlp_prom_pair *own = mlp_arena_array(r->arena, n, sizeof *own);
    if (!own)
        return expected(r, NULL, NULL);
    if (n)
        memcpy(own, pairs, n * sizeof *own);
    p->labels = own;
    p->nlabels = n;
    return true;
}

static bool take_sample(struct reader *r, struct mlp_str s)
{
    struct mlp_prom_pair pairs[MLP_PROM_MAX_LABELS];
    struct mlp_prom_point p = {.name = take_name(&s, true)};
    size_t n = 0;
    if (!p.name.n)
        return expected(r, "the name of a metric", s.p);
    uint64_t *family = find_family(r, p.name);
    if (!family)
        return expected(r, NULL, s.p);
    p.type = *family % SEEN ? (enum mlp_prom_type)(*family % SEEN - 1) : MLP_PROM_UNTYPED;
    *family |= SEEN;
    skip_blanks(&s);
    if (take_byte(&s, '{') && !take_labels(r, &s, pairs, &n))
        return false;
    if (p.type == MLP_PROM_HISTOGRAM && mlp_str_ends(p.name, "_bucket") &&
        is_new(pairs, n, MLP_STR("le")))
        return expected(r, "the label le", p.name.p);
    skip_blanks(&s);
    if (!take_number(r, &s, &p.value) || !take_tail(r, &s) || !keep_labels(r, &p, pairs, n))
        return false;
    struct mlp_prom_point *to = new_point(r);
    if (!to)
        return expected(r, NULL, s.p);
    *to = p;
    return true;
}

static bool type_of(struct mlp_str word, enum mlp_prom_type *type)
{
    static const char *const words[] = {"untyped", "counter", "gauge", "histogram", "summary"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (mlp_str_is(word, words[i])) {
            *type = (enum mlp_prom_type)i;
            return true;
        }
    *type = MLP_PROM_UNTYPED; /* kinds of OpenMetrics that we do not look into */
    return mlp_str_is(word, "unknown") || mlp_str_is(word, "info") ||
           mlp_str_is(word, "stateset") || mlp_str_is(word, "gaugehistogram");
}

/* "# TYPE name type": the other comments say nothing. */
static bool take_comment(struct reader *r, struct mlp_str s)
{
    enum mlp_prom_type type;
    skip_blanks(&s);
    if (!mlp_str_is(take_word(&s), "TYPE"))
        return true;
    skip_blanks(&s);
    struct mlp_str name = take_name(&s, true);
    if (!name.n)
        return expected(r, "the name of a metric", s.p);
    skip_blanks(&s);
    struct mlp_str word = take_word(&s);
    skip_blanks(&s);
    if (!type_of(word, &type) || s.n)
        return expected(r, "counter, gauge, histogram, summary or untyped", word.p);
    uint64_t *family = mlp_map_put(&r->families, name, NULL);
    if (!family)
        return expected(r, NULL, s.p);
    if (*family)
        return expected(r, "TYPE once, before the samples", name.p);
    *family = (uint64_t)type + 1;
    return true;
}

static bool take_line(struct reader *r, struct mlp_str s)
{
    skip_blanks(&s);
    if (s.n == 0)
        return true;
    return take_byte(&s, '#') ? take_comment(r, s) : take_sample(r, s);
}

static enum mlp_code fail(const struct reader *r, struct mlp_str line, struct mlp_err *e)
{
    if (!r->wanted)
        return mlp_err_nomem(e);
    size_t column = r->at && r->at >= line.p ? (size_t)(r->at - line.p) + 1 : 1;
    return mlp_err_set(e, MLP_EINPUT, "metrics, line %llu, column %zu: expected %s",
                       (unsigned long long)r->line, column, r->wanted);
}

enum mlp_code mlp_prom_read(struct mlp_str text, struct mlp_arena *arena,
                            struct mlp_prom_page *page, struct mlp_err *e)
{
    struct reader r = {.arena = arena};
    struct mlp_str rest = text, line = {0};
    enum mlp_code code = MLP_OK;
    *page = (struct mlp_prom_page){0};
    if (text.n && text.p[text.n - 1] != '\n')
        return mlp_err_set(e, MLP_EINPUT, "metrics: expected a line feed at the end");
    mlp_map_init(&r.families, 0, NAME_BYTES);
    while (code == MLP_OK && rest.n && mlp_str_split(&rest, '\n', &line)) {
        r.line++;
        if (!take_line(&r, line))
            code = fail(&r, line, e);
    }
    mlp_map_fini(&r.families);
    if (code == MLP_OK)
        *page = (struct mlp_prom_page){r.points, r.n};
    return code;
}

struct mlp_str mlp_prom_get(const struct mlp_prom_point *p, const char *name)
{
    for (size_t i = 0; i < p->nlabels; i++)
        if (mlp_str_is(p->labels[i].name, name))
            return p->labels[i].value;
    return (struct mlp_str){0};
}
