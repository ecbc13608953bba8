#include "top_canvas.h"

void canvas_add_safe(struct mlp_buf *b, struct mlp_str s)
{
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = c < 0x80 ? 1 : mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
        bool control = c < ' ' || c == 0x7f || n == 0 || (c == 0xC2 && (s.p[i + 1] & 0xE0) == 0x80);
        if (control)
            mlp_buf_addc(b, '?');
        else
            mlp_buf_add(b, s.p + i, n);
        i += n ? n : 1;
    }
}

void canvas_add_column(struct mlp_buf *b, struct mlp_str s, size_t width)
{
    size_t start = b->n, shown = 0, end = start;
    canvas_add_safe(b, s);
    if (b->failed)
        return;
    while (end < b->n && shown < width) {
        for (end++; end < b->n && ((unsigned char)b->p[end] & 0xC0) == 0x80;)
            end++;
        shown++;
    }
    b->n = end;
    mlp_buf_addf(b, "%*s", (int)(width - shown) + 2, "");
}

/* Bytes of s that fill the columns. */
static size_t fit(struct mlp_str s, unsigned columns)
{
    size_t at = 0, shown = 0;
    while (at < s.n && (columns == 0 || shown < columns)) {
        for (at++; at < s.n && ((unsigned char)s.p[at] & 0xC0) == 0x80;)
            at++;
        shown++;
    }
    return at;
}

void canvas_put(struct top_canvas *c, const char *colour)
{
    struct mlp_str line = mlp_buf_str(&c->line);
    bool room = c->style->rows == 0 || c->used + 1 < c->style->rows;
    while (line.n && line.p[line.n - 1] == ' ')
        line.n--;
    if (room) {
        line.n = fit(line, c->style->columns);
        mlp_buf_adds(c->out, colour && c->style->colour ? colour : "");
        mlp_buf_addstr(c->out, line);
        mlp_buf_adds(c->out, colour && c->style->colour ? "\x1b[0m" : "");
        mlp_buf_adds(c->out, c->style->end);
        c->used++;
    }
    mlp_buf_reset(&c->line);
}

void canvas_add_bytes(struct mlp_buf *b, double n)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t i = 0;
    for (; n >= 1000 && i < 4; i++)
        n /= 1000;
    mlp_buf_addf(b, i ? "%.1f %s" : "%.0f %s", n, units[i]);
}

void canvas_add_ms(struct mlp_buf *b, const char *name, double seconds)
{
    if (seconds == seconds)
        mlp_buf_addf(b, "  %s %.3g ms", name, seconds * 1e3);
    else
        mlp_buf_addf(b, "  %s -", name);
}

void canvas_add_time(struct mlp_buf *b, double seconds)
{
    uint64_t s = seconds > 0 ? (uint64_t)seconds : 0;
    if (s >= 86400)
        mlp_buf_addf(b, "%llu d ", (unsigned long long)(s / 86400));
    mlp_buf_addf(b, "%02llu:%02llu:%02llu", (unsigned long long)(s / 3600 % 24),
                 (unsigned long long)(s / 60 % 60), (unsigned long long)(s % 60));
}
