#include "table/recode.h"

#define MEMORY ((size_t)1 << 30)

void mlp_recode_init(struct mlp_recode *r, enum mlp_recode_kind kind)
{
    *r = (struct mlp_recode){.kind = kind};
    mlp_buf_init(&r->out, MEMORY);
}

void mlp_recode_fini(struct mlp_recode *r)
{
    mlp_buf_fini(&r->out);
}

static enum mlp_code bad(const struct mlp_recode *r, struct mlp_err *e, const char *why)
{
    mlp_err_set(e, MLP_EINPUT, "%s", why);
    return mlp_err_at_byte(e, r->taken);
}

static void add_utf8(struct mlp_buf *out, uint32_t c)
{
    char p[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6)
        p[i] = (char)(0x80 | (c & 0x3F));
    p[0] = (char)(lead[n] | c);
    mlp_buf_add(out, p, n);
}

/* ---- single bytes */

static void add_bytes(struct mlp_recode *r, const unsigned char *p, size_t n)
{
    /* 0x80 to 0x9F of windows-1252. */
    static const uint16_t middle[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    for (size_t i = 0; i < n; i++) {
        bool special = r->kind == MLP_RECODE_WINDOWS1252 && p[i] >= 0x80 && p[i] < 0xA0;
        if (p[i] < 0x80)
            mlp_buf_addc(&r->out, (char)p[i]);
        else
            add_utf8(&r->out, special ? middle[p[i] - 0x80] : p[i]);
    }
}

/* ---- UTF-16 (RFC 2781) */

static enum mlp_code add_unit(struct mlp_recode *r, uint16_t unit, struct mlp_err *e)
{
    bool low = unit >= 0xDC00 && unit < 0xE000, high = unit >= 0xD800 && unit < 0xDC00;
    bool mark = !r->started && unit == 0xFEFF;
    r->started = true;
    if (low != (r->high != 0))
        return bad(r, e, "half a character in UTF-16");
    if (low) {
        add_utf8(&r->out, 0x10000 + ((uint32_t)(r->high - 0xD800) << 10) + (unit - 0xDC00u));
        r->high = 0;
    } else if (high) {
        r->high = unit;
    } else if (!mark) {
        add_utf8(&r->out, unit);
    }
    return MLP_OK;
}

static enum mlp_code add_units(struct mlp_recode *r, const unsigned char *p, size_t n, bool last,
                               struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; code == MLP_OK && i < n; i++, r->taken++) {
        r->has_odd = !r->has_odd;
        if (r->has_odd) {
            r->odd = p[i];
            continue;
        }
        unsigned first = r->odd, second = p[i];
        if (!r->started && first == 0xFE && second == 0xFF)
            r->kind = MLP_RECODE_UTF16BE;
        bool big = r->kind == MLP_RECODE_UTF16BE;
        code = add_unit(r, (uint16_t)(big ? first << 8 | second : second << 8 | first), e);
    }
    if (code == MLP_OK && last && (r->has_odd || r->high))
        code = bad(r, e, "half a character in UTF-16");
    return code;
}

/* ---- a JSON array */

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A byte between the elements: blanks, the commas, the array's brackets. */
static enum mlp_code between(struct mlp_recode *r, unsigned char c, struct mlp_err *e)
{
    if (is_blank(c))
        return MLP_OK;
    if (r->closed || (r->depth == 0 && c != '['))
        return bad(r, e, "more than one JSON array");
    if (c == ',' && !r->after)
        return bad(r, e, "a comma without an element before it");
    r->depth += c == '[' && r->depth == 0;
    r->closed = c == ']';
    if (c == ',')
        mlp_buf_addc(&r->out, '\n');
    r->after = false;
    return MLP_OK;
}

/* A byte of an element; line feeds between its tokens would end its line. */
static void within(struct mlp_recode *r, unsigned char c)
{
    if (r->escaped) {
        r->escaped = false;
    } else if (r->in_text) {
        r->escaped = c == '\\';
        r->in_text = c != '"';
    } else {
        r->in_text = c == '"';
        r->depth += c == '{' || c == '[';
        r->depth -= c == '}' || c == ']';
        c = is_blank(c) ? ' ' : c;
    }
    mlp_buf_addc(&r->out, (char)c);
    r->after = r->depth == 1 && !r->in_text;
}

/* Whether a byte is of an element: in the array, anything but what stands between them. */
static bool is_within(const struct mlp_recode *r, unsigned char c)
{
    if (r->depth > 1 || r->in_text)
        return true;
    return r->depth == 1 && !r->closed && !is_blank(c) && c != ',' && c != ']';
}

static enum mlp_code add_array(struct mlp_recode *r, const unsigned char *p, size_t n, bool last,
                               struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; code == MLP_OK && i < n; i++, r->taken++) {
        if (is_within(r, p[i]))
            within(r, p[i]);
        else
            code = between(r, p[i], e);
    }
    if (code == MLP_OK && last && !r->closed)
        code = bad(r, e, "the JSON array is not closed by the end of the input");
    else if (code == MLP_OK && last)
        mlp_buf_addc(&r->out, '\n');
    return code;
}

enum mlp_code mlp_recode_add(struct mlp_recode *r, const void *p, size_t n, bool last,
                             struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    if (r->at == r->out.n) {
        mlp_buf_reset(&r->out);
        r->at = 0;
    }
    if (r->kind == MLP_RECODE_JSON_ARRAY)
        code = add_array(r, p, n, last, e);
    else if (r->kind == MLP_RECODE_UTF16 || r->kind == MLP_RECODE_UTF16BE)
        code = add_units(r, p, n, last, e);
    else
        add_bytes(r, p, n);
    code = code == MLP_OK ? mlp_buf_check(&r->out, e) : code;
    r->failed = code != MLP_OK;
    r->ended = last && !r->failed;
    return code;
}
