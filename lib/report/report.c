/* Building a report in its arena. */
#include "report/report.h"

#include <stdarg.h>
#include <stdio.h>

#define REPORT_MEMORY ((size_t)256 << 20)
#define MOST_CHECKS 100000

static const char *const outcome_names[] = {"pass", "warn", "fail"};

const char *mlp_outcome_name(enum mlp_outcome o)
{
    return outcome_names[o];
}

static struct mlp_str copy(struct mlp_report *r, struct mlp_str s)
{
    struct mlp_str kept = s.n ? mlp_arena_str(&r->arena, s) : (struct mlp_str){"", 0};
    r->failed = r->failed || !kept.p;
    return kept;
}

void mlp_report_init(struct mlp_report *r, const char *tool, const char *kind)
{
    *r = (struct mlp_report){.outcome = MLP_PASS};
    mlp_arena_init(&r->arena, REPORT_MEMORY);
    r->tool = copy(r, mlp_str_from(tool));
    r->kind = copy(r, mlp_str_from(kind));
}

void mlp_report_fini(struct mlp_report *r)
{
    mlp_arena_fini(&r->arena);
    *r = (struct mlp_report){0};
}

struct mlp_str mlp_report_text(struct mlp_report *r, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n >= 0 ? mlp_arena_alloc(&r->arena, (size_t)n + 1) : NULL;
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    r->failed = r->failed || !p;
    return (struct mlp_str){p ? p : "", p ? (size_t)n : 0};
}

/* A failing check of severity error fails the report, one of severity warn makes it warn. */
static enum mlp_outcome weight(const struct mlp_check *c)
{
    if (c->outcome == MLP_PASS || c->severity == MLP_SEV_INFO)
        return MLP_PASS;
    return c->outcome == MLP_FAIL && c->severity == MLP_SEV_ERROR ? MLP_FAIL : MLP_WARNED;
}

struct mlp_check *mlp_report_add(struct mlp_report *r, const struct mlp_check *check)
{
    struct mlp_check *c = NULL;
    if (r->nchecks < MOST_CHECKS)
        c = mlp_arena_alloc(&r->arena, sizeof *c);
    r->failed = r->failed || !c;
    if (!c)
        return NULL;
    *c = *check;
    c->id = copy(r, check->id);
    c->type = copy(r, check->type);
    c->column = copy(r, check->column);
    c->slice = copy(r, check->slice);
    c->observed = copy(r, check->observed);
    c->expected = copy(r, check->expected);
    c->message = copy(r, check->message);
    c->examples = NULL;
    c->measures = NULL;
    c->next = NULL;
    if (r->last)
        r->last->next = c;
    else
        r->checks = c;
    r->last = c;
    r->nchecks++;
    if (weight(c) > r->outcome)
        r->outcome = weight(c);
    return c;
}

void mlp_report_example(struct mlp_report *r, struct mlp_check *c, uint64_t line, uint64_t row,
                        struct mlp_str value)
{
    size_t n = 0;
    if (!c)
        return;
    struct mlp_example_row **tail = &c->examples;
    for (; *tail && n < MLP_REPORT_EXAMPLES; n++)
        tail = &(*tail)->next;
    if (n == MLP_REPORT_EXAMPLES)
        return;
    struct mlp_example_row *x = mlp_arena_alloc(&r->arena, sizeof *x);
    r->failed = r->failed || !x;
    if (!x)
        return;
    *x = (struct mlp_example_row){line, row, copy(r, value), NULL};
    *tail = x;
}

static void add_measure(struct mlp_report *r, struct mlp_measure **tail, struct mlp_str name,
                        double value)
{
    while (*tail)
        tail = &(*tail)->next;
    struct mlp_measure *m = mlp_arena_alloc(&r->arena, sizeof *m);
    r->failed = r->failed || !m;
    if (!m)
        return;
    *m = (struct mlp_measure){copy(r, name), value, NULL};
    *tail = m;
}

void mlp_report_measure(struct mlp_report *r, struct mlp_check *c, const char *name, double value)
{
    if (c)
        add_measure(r, &c->measures, mlp_str_from(name), value);
}

void mlp_report_summary(struct mlp_report *r, const char *name, double value)
{
    add_measure(r, &r->summary, mlp_str_from(name), value);
}

void mlp_report_add_all(struct mlp_report *r, const struct mlp_report *part, struct mlp_str slice)
{
    r->failed = r->failed || part->failed;
    for (const struct mlp_check *x = part->checks; x; x = x->next) {
        struct mlp_check *c = mlp_report_add(r, x);
        if (c)
            c->slice = copy(r, slice);
        for (const struct mlp_example_row *row = x->examples; row; row = row->next)
            mlp_report_example(r, c, row->line, row->row, row->value);
        for (const struct mlp_measure *m = x->measures; m && c; m = m->next)
            add_measure(r, &c->measures, m->name, m->value);
    }
}
