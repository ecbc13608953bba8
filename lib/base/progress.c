#include "base/progress.h"

#include "base/os.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define PAUSE_NS 500000000u
#define LINE 79                   /* columns: a longer line would wrap and not be rewritten */

void mlp_progress_init(struct mlp_progress *p, bool wanted)
{
    *p = (struct mlp_progress){.on = wanted && mlp_os_isatty(2)};
    p->began = p->told = p->on ? mlp_os_monotonic_ns() : 0;
}

/* Text being written into a fixed place. */
struct text {
    char *p;
    size_t n, size;
};

MLP_PRINTF(2, 3)
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->p + t->n, t->size - t->n, fmt, ap);
    va_end(ap);
    size_t room = t->size - t->n - 1;
    t->n += n > 0 ? (size_t)n < room ? (size_t)n : room : 0;
}

/* 1,234,567 */
static void add_count(struct text *t, uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, v);
    for (int i = 0; i < n; i++)
        add(t, "%s%c", i && (n - i) % 3 == 0 ? "," : "", digits[i]);
}

static void add_time(struct text *t, double seconds)
{
    unsigned long long s = (unsigned long long)(seconds + 0.5);
    if (s < 3600)
        add(t, "%llu:%02llu", s / 60, s % 60);
    else
        add(t, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
}

size_t mlp_progress_words(const struct mlp_progress_at *at, double seconds, char *out, size_t size)
{
    struct text t = {out, 0, size};
    double rate = seconds > 0 ? (double)at->bytes / seconds : 0;
    uint64_t bytes = at->bytes < at->size || !at->size ? at->bytes : at->size;
    if (at->what)
        add(&t, "%s: ", at->what);
    if (at->rows) {
        add_count(&t, at->rows);
        add(&t, " rows, ");
    }
    if (at->rejected) {
        add_count(&t, at->rejected);
        add(&t, " rejected, ");
    }
    if (at->size)
        add(&t, "%.0f %%, ", 100 * (double)bytes / (double)at->size);
    else
        add(&t, "%.0f MB, ", (double)at->bytes / 1e6);
    add(&t, "%.1f MB/s", rate / 1e6);
    if (at->size && rate > 0) {
        add(&t, ", ");
        add_time(&t, (double)(at->size - bytes) / rate);
        add(&t, " left");
    }
    return t.n;
}

/* The line, and blanks over what is left of the one before. */
static void write_line(struct mlp_progress *p, const char *text, int n)
{
    fprintf(stderr, "\r%.*s%*s", n, text, p->width > n ? p->width - n : 0, "");
    if (n == 0)
        fputc('\r', stderr);
    fflush(stderr);
    p->width = n;
}

void mlp_progress_tell(struct mlp_progress *p, const struct mlp_progress_at *at)
{
    char line[LINE + 1];
    uint64_t now = p->on ? mlp_os_monotonic_ns() : 0;
    if (!p->on || now - p->told < PAUSE_NS)
        return;
    p->told = now;
    size_t n = mlp_progress_words(at, (double)(now - p->began) * 1e-9, line, sizeof line);
    write_line(p, line, (int)n);
}

void mlp_progress_wipe(struct mlp_progress *p)
{
    if (p->on && p->width)
        write_line(p, "", 0);
}
