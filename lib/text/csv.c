/* Fields of csv.h: their values, their faults, writing them. */
#include "text/csv.h"

struct mlp_str mlp_csv_unquote(const struct mlp_csv_dialect *d, struct mlp_str raw,
                               struct mlp_buf *scratch)
{
    char q = d->quote;
    mlp_buf_reset(scratch);
    if (!q || raw.n < 2 || raw.p[0] != q || raw.p[raw.n - 1] != q)
        return raw;
    struct mlp_str inner = {raw.p + 1, raw.n - 2};
    size_t at = mlp_str_find(inner, q);
    if (at == inner.n)
        return inner;
    struct mlp_str rest = inner;
    while (at < rest.n) {
        if (at + 1 == rest.n || rest.p[at + 1] != q)
            return raw;
        mlp_buf_add(scratch, rest.p, at + 1);
        rest = (struct mlp_str){rest.p + at + 2, rest.n - at - 2};
        at = mlp_str_find(rest, q);
    }
    mlp_buf_addstr(scratch, rest);
    return mlp_buf_str(scratch);
}

const char *mlp_csv_fault(const struct mlp_csv_dialect *d, struct mlp_str raw)
{
    char q = d->quote;
    if (!q || raw.n == 0)
        return NULL;
    if (raw.p[0] != q)
        return memchr(raw.p, q, raw.n) ? "a quote inside an unquoted field" : NULL;
    size_t i = 1;
    while (i < raw.n) {
        if (raw.p[i] != q) {
            i++;
        } else if (i + 1 < raw.n && raw.p[i + 1] == q) {
            i += 2;
        } else {
            return i + 1 == raw.n ? NULL : "text after a closing quote";
        }
    }
    return "a quoted field that does not end";
}

static bool needs_quotes(const struct mlp_csv_dialect *d, struct mlp_str v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        if (c == d->delimiter || c == '\n' || c == '\r' || (d->quote && c == d->quote))
            return true;
    }
    return false;
}

void mlp_csv_add(const struct mlp_csv_dialect *d, struct mlp_buf *b, struct mlp_str value,
                 bool quote_empty)
{
    bool quoted = d->quote && ((value.n == 0 && quote_empty) || needs_quotes(d, value));
    if (!quoted) {
        mlp_buf_addstr(b, value);
        return;
    }
    mlp_buf_addc(b, d->quote);
    while (value.n) {
        size_t n = mlp_str_find(value, d->quote);
        mlp_buf_add(b, value.p, n);
        if (n < value.n)
            mlp_buf_add(b, (char[]){d->quote, d->quote}, 2);
        size_t skip = n < value.n ? n + 1 : n;
        value = (struct mlp_str){value.p + skip, value.n - skip};
    }
    mlp_buf_addc(b, d->quote);
}

size_t mlp_csv_lines(const char *p, size_t n)
{
    size_t count = 0;
    const char *end = p + n;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        count++;
        p++;
    }
    return count;
}
