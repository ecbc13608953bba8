#include "top.h"

#include "text/num.h"

#include <math.h>

#define PAGE_BYTES ((size_t)16 << 20)
#define PAGE_MEMORY ((size_t)64 << 20)

void top_page_init(struct top_page *p)
{
    *p = (struct top_page){0};
    mlp_buf_init(&p->text, PAGE_BYTES);
    mlp_arena_init(&p->arena, PAGE_MEMORY);
}

void top_page_fini(struct top_page *p)
{
    mlp_buf_fini(&p->text);
    mlp_arena_fini(&p->arena);
}

enum mlp_code top_page_read(struct top_page *p, struct mlp_err *e)
{
    mlp_arena_reset(&p->arena);
    return mlp_prom_read(mlp_buf_str(&p->text), &p->arena, &p->page, e);
}

static bool same_series(const struct mlp_prom_point *a, const struct mlp_prom_point *b)
{
    if (!mlp_str_eq(a->name, b->name) || a->nlabels != b->nlabels)
        return false;
    for (size_t i = 0; i < a->nlabels; i++)
        if (!mlp_str_eq(a->labels[i].name, b->labels[i].name) ||
            !mlp_str_eq(a->labels[i].value, b->labels[i].value))
            return false;
    return true;
}

static double before(const struct top_span *s, const struct mlp_prom_point *p)
{
    const struct mlp_prom_page *old = &s->before->page;
    size_t guess = (size_t)(p - s->now->page.points); /* pages of one server are alike */
    if (guess < old->n && same_series(&old->points[guess], p))
        return old->points[guess].value;
    for (size_t i = 0; i < old->n; i++)
        if (same_series(&old->points[i], p))
            return old->points[i].value;
    return 0;
}

static double went_up(const struct top_span *s, const struct mlp_prom_point *p)
{
    double old = before(s, p);
    return p->value >= old ? p->value - old : p->value;
}

double top_point_rate(const struct top_span *s, const struct mlp_prom_point *p)
{
    return s->seconds > 0 ? went_up(s, p) / s->seconds : 0;
}

double top_value(const struct top_span *s, const char *name)
{
    double sum = 0;
    for (size_t i = 0; i < s->now->page.n; i++)
        if (mlp_str_is(s->now->page.points[i].name, name))
            sum += s->now->page.points[i].value;
    return sum;
}

double top_rate(const struct top_span *s, const char *name)
{
    double sum = 0;
    for (size_t i = 0; i < s->now->page.n; i++)
        if (mlp_str_is(s->now->page.points[i].name, name))
            sum += top_point_rate(s, &s->now->page.points[i]);
    return sum;
}

/* Buckets with equal ends, of several series, are one: counts of what is not above an end. */
static double upto(const struct top_span *s, const char *name, double end)
{
    double sum = 0, le;
    for (size_t i = 0; i < s->now->page.n; i++) {
        const struct mlp_prom_point *p = &s->now->page.points[i];
        if (mlp_str_is(p->name, name) && mlp_num_f64(mlp_prom_get(p, "le"), &le) && le == end)
            sum += went_up(s, p);
    }
    return sum;
}

/* The lowest end above `than`; NaN when there is none. */
static double next_end(const struct top_span *s, const char *name, double than)
{
    double next = NAN, le;
    for (size_t i = 0; i < s->now->page.n; i++) {
        const struct mlp_prom_point *p = &s->now->page.points[i];
        if (mlp_str_is(p->name, name) && mlp_num_f64(mlp_prom_get(p, "le"), &le) && le > than &&
            !(le >= next))
            next = le;
    }
    return next;
}

double top_quantile(const struct top_span *s, const char *name, double q)
{
    double all = upto(s, name, INFINITY), low = 0, below = 0;
    double end = next_end(s, name, -INFINITY);
    if (!(all > 0))
        return NAN;
    for (; end == end; end = next_end(s, name, end)) {
        double n = upto(s, name, end);
        if (n >= q * all && n > below)
            return isinf(end) ? low : low + (end - low) * (q * all - below) / (n - below);
        below = n;
        low = end;
    }
    return NAN;
}
