#include "table/columnar.h"

#include "base/os.h"
#include "base/time.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define TEXT_MEMORY ((size_t)1 << 30)
#define RUN_ROWS ((size_t)1024)
#define RUN_CELLS ((size_t)1 << 16)

struct mlp_columnar {
    const struct mlp_columnar_ops *ops;
    void *self;
    struct mlp_bytes bytes;
    const struct mlp_columnar_field *fields;
    size_t nfields, most;       /* rows of a run */
    struct mlp_scalar *cells;   /* column-major: most of each */
    struct mlp_buf text;        /* not yet handed out: text[at..n) */
    size_t at;
    bool ended;
};

enum mlp_code mlp_bytes_read(const struct mlp_bytes *b, uint64_t at, void *p, size_t n,
                             struct mlp_err *e)
{
    size_t done = 0;
    if (at > b->size || n > b->size - at) {
        mlp_err_set(e, MLP_EINPUT, "ends too early");
        return mlp_err_hint(e, "was it copied whole?");
    }
    if (b->fd < 0 && n)
        memcpy(p, b->p + at, n);
    while (b->fd >= 0 && done < n) {
        size_t got = 0;
        enum mlp_code code = mlp_os_pread(b->fd, (char *)p + done, n - done, at + done, &got, e);
        if (code == MLP_OK && got == 0)
            code = mlp_err_set(e, MLP_EIO, "became shorter while it was read");
        if (code != MLP_OK)
            return code;
        done += got;
    }
    return MLP_OK;
}

const struct mlp_columnar_ops *mlp_columnar_sniff(const void *p, size_t n)
{
    static const unsigned char stream[] = {0xFF, 0xFF, 0xFF, 0xFF};
    if (n >= 4 && memcmp(p, "PAR1", 4) == 0)
        return &mlp_parquet;
    bool arrow = n >= 6 && memcmp(p, "ARROW1", 6) == 0;
    return arrow || (n >= 4 && memcmp(p, stream, 4) == 0) ? &mlp_arrow : NULL;
}

double mlp_columnar_half(unsigned bits)
{
    unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v = exponent ? 1 + fraction / 1024.0 : fraction / 1024.0;
    double power = 1.0 / 16384;
    for (unsigned i = 1; i < exponent; i++)
        power *= 2;
    if (exponent == 31)
        v = fraction ? (double)NAN : (double)INFINITY;
    return bits >> 15 & 1 ? -v * power : v * power;
}

/* ---- cells */

static void add_text(struct mlp_str s, struct mlp_buf *out)
{
    bool quote = s.n == 0;
    for (size_t i = 0; i < s.n && !quote; i++)
        quote = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
    if (!quote) {
        mlp_buf_addstr(out, s);
        return;
    }
    mlp_buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            mlp_buf_addc(out, '"');
        mlp_buf_addc(out, s.p[i]);
    }
    mlp_buf_addc(out, '"');
}

static void add_hex(struct mlp_str s, struct mlp_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        mlp_buf_addc(out, digits[c >> 4]);
        mlp_buf_addc(out, digits[c & 15]);
    }
}

static void add_uuid(struct mlp_str s, struct mlp_buf *out)
{
    static const size_t parts[] = {4, 2, 2, 2, 6};
    for (size_t i = 0; i < 5; i++) {
        if (i)
            mlp_buf_addc(out, '-');
        add_hex((struct mlp_str){s.p, parts[i]}, out);
        s.p += parts[i];
    }
}

static int64_t power10(int n)
{
    int64_t p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

/* Floors, so that what is before 1970 has a fraction that counts upward as well. */
static int64_t split(int64_t v, int64_t unit, int64_t *rest)
{
    int64_t whole = v / unit;
    *rest = v % unit;
    if (*rest < 0) {
        *rest += unit;
        whole--;
    }
    return whole;
}

/* Digits with zeros before them; dates are too many for printf. */
static void add_padded(uint64_t v, int digits, struct mlp_buf *out)
{
    char text[20];
    for (int i = digits; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    mlp_buf_add(out, text, (size_t)digits);
}

/* In as many groups of three digits as it needs. */
static void add_fraction(int64_t fraction, int digits, struct mlp_buf *out)
{
    for (; digits > 3 && fraction % 1000 == 0; digits -= 3)
        fraction /= 1000;
    if (fraction == 0)
        return;
    mlp_buf_addc(out, '.');
    add_padded((uint64_t)fraction, digits, out);
}

static void add_date(int64_t days, struct mlp_buf *out)
{
    struct mlp_civil c;
    if (days > 20000000 || days < -20000000) { /* no year of five digits comes from a clock */
        mlp_buf_addi64(out, days);
        return;
    }
    mlp_civil_from_unix(days * 86400, &c);
    if (c.year < 0 || c.year > 9999) {
        mlp_buf_addf(out, "%05d-%02u-%02u", c.year, c.month, c.day);
        return;
    }
    add_padded((uint64_t)c.year, 4, out);
    mlp_buf_addc(out, '-');
    add_padded(c.month, 2, out);
    mlp_buf_addc(out, '-');
    add_padded(c.day, 2, out);
}

static void add_clock(int64_t v, int scale, struct mlp_buf *out)
{
    int64_t fraction, s = split(v, power10(scale), &fraction);
    if (s < 0 || s >= 360000) { /* no time of a day */
        mlp_buf_addi64(out, v);
        return;
    }
    add_padded((uint64_t)(s / 3600), 2, out);
    mlp_buf_addc(out, ':');
    add_padded((uint64_t)(s / 60 % 60), 2, out);
    mlp_buf_addc(out, ':');
    add_padded((uint64_t)(s % 60), 2, out);
    add_fraction(fraction, scale, out);
}

static void add_timestamp(const struct mlp_cell_type *type, int64_t v, struct mlp_buf *out)
{
    int64_t inside, day = split(v, 86400 * power10(type->scale), &inside);
    add_date(day, out);
    mlp_buf_addc(out, 'T');
    add_clock(inside, type->scale, out);
    if (type->utc)
        mlp_buf_addc(out, 'Z');
}

/* Divides a big-endian magnitude by ten and returns what is left over. */
static unsigned divide10(unsigned char *p, size_t n)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        rest = rest << 8 | p[i];
        p[i] = (unsigned char)(rest / 10);
        rest %= 10;
    }
    return rest;
}

static bool is_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* The bytes of a number's magnitude, big-endian, into p, which has room for 32; returns how many,
 * and whether there is a minus before it. */
static size_t magnitude(const struct mlp_scalar *v, bool little, unsigned char *p, bool *negative)
{
    size_t n = v->s.n < 32 ? v->s.n : 32;
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)v->s.p[little ? n - 1 - i : i];
    for (size_t i = 0; v->s.n == 0 && i < 8; i++)
        p[n++] = (unsigned char)((uint64_t)v->i >> (56 - 8 * i));
    *negative = p[0] & 128;
    unsigned carry = 1;
    for (size_t i = n; *negative && i-- > 0;) {
        carry += (unsigned char)~p[i];
        p[i] = (unsigned char)carry;
        carry >>= 8;
    }
    return n;
}

static void add_decimal(const struct mlp_cell_type *type, const struct mlp_scalar *v,
                        struct mlp_buf *out)
{
    int scale = type->scale;
    unsigned char p[32];
    char digits[80 + 78];
    bool negative;
    size_t at = sizeof digits, n = magnitude(v, type->little, p, &negative);
    for (int k = 0; at > 1 && (k <= scale || !is_zero(p, n)); k++) {
        if (k == scale && k)
            digits[--at] = '.';
        digits[--at] = (char)('0' + divide10(p, n));
    }
    if (negative)
        mlp_buf_addc(out, '-');
    mlp_buf_add(out, digits + at, sizeof digits - at);
}

static void add_number(bool narrow, double v, struct mlp_buf *out)
{
    char text[32];
    size_t n = narrow ? mlp_num_print_f32((float)v, text) : mlp_num_print_f64(v, text);
    mlp_buf_add(out, text, n);
}

static void add_clocked(const struct mlp_cell_type *type, int64_t v, struct mlp_buf *out)
{
    int64_t rest;
    if (type->kind == MLP_CELL_DATE)
        add_date(type->scale ? split(v, 86400000, &rest) : v, out);
    else if (type->kind == MLP_CELL_TIME)
        add_clock(v, type->scale, out);
    else
        add_timestamp(type, v, out);
}

static void add_plain(const struct mlp_cell_type *type, const struct mlp_scalar *v,
                      struct mlp_buf *out)
{
    if (type->kind == MLP_CELL_BOOL)
        mlp_buf_adds(out, v->i ? "true" : "false");
    else if (type->kind == MLP_CELL_INT)
        mlp_buf_addi64(out, v->i);
    else if (type->kind == MLP_CELL_UINT)
        mlp_buf_addu64(out, (uint64_t)v->i);
    else if (type->kind != MLP_CELL_NULL)
        add_number(type->kind == MLP_CELL_FLOAT, v->f, out);
}

void mlp_columnar_print(const struct mlp_cell_type *type, const struct mlp_scalar *v,
                        struct mlp_buf *out)
{
    if (v->null)
        return;
    switch (type->kind) {
    case MLP_CELL_TEXT:
        add_text(v->s, out);
        break;
    case MLP_CELL_BYTES:
        add_hex(v->s, out);
        break;
    case MLP_CELL_UUID:
        add_uuid(v->s, out);
        break;
    case MLP_CELL_DECIMAL:
        add_decimal(type, v, out);
        break;
    case MLP_CELL_DATE:
    case MLP_CELL_TIME:
    case MLP_CELL_TIMESTAMP:
        add_clocked(type, v->i, out);
        break;
    default:
        add_plain(type, v, out);
        break;
    }
}

/* ---- rows */

static void add_header(struct mlp_columnar *c)
{
    for (size_t i = 0; i < c->nfields; i++) {
        if (i)
            mlp_buf_addc(&c->text, ',');
        add_text(c->fields[i].name, &c->text);
    }
    mlp_buf_addc(&c->text, '\n');
}

/* A row of one column that is missing would be a blank line, which is no row. */
static void add_row(struct mlp_columnar *c, size_t r)
{
    for (size_t i = 0; i < c->nfields; i++) {
        if (i)
            mlp_buf_addc(&c->text, ',');
        mlp_columnar_print(&c->fields[i].type, &c->cells[i * c->most + r], &c->text);
    }
    mlp_buf_addc(&c->text, '\n');
}

static enum mlp_code add_run(struct mlp_columnar *c, struct mlp_err *e)
{
    size_t n = 0;
    enum mlp_code code = c->ops->ready(c->self, &n, e);
    n = n < c->most ? n : c->most;
    c->ended = code != MLP_OK || n == 0;
    for (size_t i = 0; code == MLP_OK && n && i < c->nfields; i++)
        code = c->ops->take(c->self, i, n, c->cells + i * c->most, e);
    for (size_t r = 0; code == MLP_OK && r < n; r++)
        add_row(c, r);
    return code == MLP_OK ? mlp_buf_check(&c->text, e) : code;
}

enum mlp_code mlp_columnar_open(const struct mlp_columnar_ops *ops, const struct mlp_bytes *b,
                                struct mlp_columnar **out, struct mlp_err *e)
{
    struct mlp_columnar *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return mlp_err_nomem(e);
    c->ops = ops;
    c->bytes = *b;
    mlp_buf_init(&c->text, TEXT_MEMORY);
    enum mlp_code code = ops->open(&c->bytes, &c->self, e);
    if (code == MLP_OK) {
        c->nfields = ops->fields(c->self, &c->fields);
        c->most = RUN_CELLS / (c->nfields + 1) + 1;
        c->most = c->most < RUN_ROWS ? c->most : RUN_ROWS;
        c->cells = calloc(c->nfields * c->most + 1, sizeof *c->cells);
        code = c->cells ? MLP_OK : mlp_err_nomem(e);
    }
    if (code != MLP_OK) {
        mlp_columnar_close(c);
        return code;
    }
    add_header(c);
    *out = c;
    return MLP_OK;
}

void mlp_columnar_close(struct mlp_columnar *c)
{
    if (!c)
        return;
    if (c->self)
        c->ops->close(c->self);
    mlp_buf_fini(&c->text);
    free(c->cells);
    free(c);
}

enum mlp_code mlp_columnar_read(struct mlp_columnar *c, void *p, size_t n, size_t *got,
                                struct mlp_err *e)
{
    *got = 0;
    while (c->at == c->text.n && !c->ended) {
        c->at = 0;
        mlp_buf_reset(&c->text);
        enum mlp_code code = add_run(c, e);
        if (code != MLP_OK)
            return code;
    }
    *got = c->text.n - c->at < n ? c->text.n - c->at : n;
    if (*got)
        memcpy(p, c->text.p + c->at, *got);
    c->at += *got;
    return MLP_OK;
}
