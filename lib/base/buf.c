#include "base/buf.h"

#include <stdarg.h>
#include <stdlib.h>

void mlp_buf_init(struct mlp_buf *b, size_t max)
{
    *b = (struct mlp_buf){.max = max};
}

void mlp_buf_fini(struct mlp_buf *b)
{
    free(b->p);
    mlp_buf_init(b, b->max);
}

void mlp_buf_reset(struct mlp_buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p)
        b->p[0] = '\0';
}

/* Room for n more bytes and the NUL. */
static bool grow(struct mlp_buf *b, size_t n)
{
    if (b->failed || n > b->max - b->n) {
        b->failed = true;
        return false;
    }
    size_t need = b->n + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap < 32 ? 64 : b->cap + b->cap / 2;
    if (cap < need)
        cap = need;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

char *mlp_buf_reserve(struct mlp_buf *b, size_t n)
{
    return grow(b, n) ? b->p + b->n : NULL;
}

void mlp_buf_add(struct mlp_buf *b, const void *p, size_t n)
{
    if (!grow(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void mlp_buf_adds(struct mlp_buf *b, const char *z)
{
    mlp_buf_add(b, z, strlen(z));
}

void mlp_buf_addc(struct mlp_buf *b, char c)
{
    mlp_buf_add(b, &c, 1);
}

void mlp_buf_addstr(struct mlp_buf *b, struct mlp_str s)
{
    mlp_buf_add(b, s.p, s.n);
}

void mlp_buf_addf(struct mlp_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && grow(b, (size_t)n)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void mlp_buf_addu64(struct mlp_buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    mlp_buf_add(b, digits + i, sizeof digits - i);
}

void mlp_buf_addi64(struct mlp_buf *b, int64_t v)
{
    if (v < 0)
        mlp_buf_addc(b, '-');
    mlp_buf_addu64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* One byte that JSON does not allow as it is. */
static void add_escaped(struct mlp_buf *b, unsigned char c)
{
    static const char shorts[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    const char *hit = c ? strchr(shorts, c) : NULL;
    if (hit)
        mlp_buf_addf(b, "\\%c", letters[hit - shorts]);
    else
        mlp_buf_addf(b, "\\u%04x", c);
}

void mlp_buf_addquoted(struct mlp_buf *b, struct mlp_str s)
{
    size_t i = 0, start = 0;
    mlp_buf_addc(b, '"');
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = c < 0x80 ? 1 : mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
        if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += n;
            continue;
        }
        mlp_buf_add(b, s.p + start, i - start);
        if (n == 0)
            mlp_buf_adds(b, "\xEF\xBF\xBD");
        else
            add_escaped(b, c);
        start = ++i;
    }
    if (i > start) /* an empty view may have no address to add to */
        mlp_buf_add(b, s.p + start, i - start);
    mlp_buf_addc(b, '"');
}

char *mlp_buf_take(struct mlp_buf *b)
{
    mlp_buf_add(b, "", 0);
    if (b->failed)
        return NULL;
    char *p = b->p;
    mlp_buf_init(b, b->max);
    return p;
}

enum mlp_code mlp_buf_check(const struct mlp_buf *b, struct mlp_err *e)
{
    if (!b->failed)
        return MLP_OK;
    if (b->n + 1 >= b->max / 2)
        return mlp_err_set(e, MLP_EINPUT, "over the limit of %zu bytes", b->max);
    return mlp_err_nomem(e);
}
