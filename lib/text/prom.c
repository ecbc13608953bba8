#include "text/prom.h"
#include "text/num.h"

#include <math.h>

/* Backslash and line feed are escaped everywhere, the quote in label values only. Bytes that are
 * not UTF-8 would make a scraper drop the whole page. */
static void add_escaped(struct mlp_buf *b, struct mlp_str s, bool quoted)
{
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = c < 0x80 ? 1 : mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
        if (n == 0)
            mlp_buf_adds(b, "\xEF\xBF\xBD");
        else if (c == '\n')
            mlp_buf_adds(b, "\\n");
        else if (c == '\\' || (c == '"' && quoted))
            mlp_buf_addf(b, "\\%c", c);
        else
            mlp_buf_add(b, s.p + i, n);
        i += n ? n : 1;
    }
}

static void add_head(struct mlp_buf *b, struct mlp_str name, const char *type, const char *help)
{
    mlp_buf_addf(b, "# HELP %.*s ", MLP_STR_ARG(name));
    add_escaped(b, mlp_str_from(help), false);
    mlp_buf_addf(b, "\n# TYPE %.*s %s\n", MLP_STR_ARG(name), type);
}

void mlp_prom_head(struct mlp_buf *b, const char *name, const char *type, const char *help)
{
    add_head(b, mlp_str_from(name), type, help);
}

void mlp_prom_head_open(struct mlp_buf *b, const char *name, const char *type, const char *help)
{
    struct mlp_str s = mlp_str_from(name);
    if (strcmp(type, "counter") == 0 && s.n > 6 && memcmp(s.p + s.n - 6, "_total", 6) == 0)
        s.n -= 6;
    add_head(b, s, type, help);
}

static void add_labels(struct mlp_buf *b, const struct mlp_prom_label *labels)
{
    if (!labels || !labels->name)
        return;
    for (const struct mlp_prom_label *l = labels; l->name; l++) {
        mlp_buf_addc(b, l == labels ? '{' : ',');
        mlp_buf_adds(b, l->name);
        mlp_buf_adds(b, "=\"");
        add_escaped(b, l->value, true);
        mlp_buf_addc(b, '"');
    }
    mlp_buf_addc(b, '}');
}

void mlp_prom_sample(struct mlp_buf *b, const char *name, const struct mlp_prom_label *labels,
                     double value)
{
    mlp_buf_adds(b, name);
    add_labels(b, labels);
    mlp_buf_addc(b, ' ');
    if (isfinite(value))
        mlp_num_add_json(b, value);
    else
        mlp_buf_adds(b, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    mlp_buf_addc(b, '\n');
}

void mlp_prom_exemplar(struct mlp_buf *b, const struct mlp_prom_label *labels, double value,
                       double time)
{
    if (!b->n || b->p[b->n - 1] != '\n')
        return;
    b->n--;
    mlp_buf_adds(b, " # ");
    add_labels(b, labels);
    mlp_buf_addc(b, ' ');
    mlp_num_add_json(b, value);
    mlp_buf_addf(b, " %.3f\n", time);
}
