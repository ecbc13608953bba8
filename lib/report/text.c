/* For people at a terminal: what failed first, with examples; then the verdict, which is last
 * because that is where the eye is. */
#include "report/internal.h"

#define SHOWN_EXAMPLES 5
#define SHOWN_PASSES 24 /* of a longer report only what needs a look is shown */

static const char *const marks[] = {"ok", "warn", "FAIL"};
static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};

static void add_mark(const struct mlp_check *c, bool colour, struct mlp_buf *out)
{
    const char *mark = c->severity == MLP_SEV_INFO ? "-" : marks[c->outcome];
    if (c->outcome == MLP_FAIL && c->severity == MLP_SEV_WARN)
        mark = marks[MLP_WARNED];
    if (colour)
        mlp_buf_addf(out, "%s%-4s\033[0m  ", colours[c->outcome], mark);
    else
        mlp_buf_addf(out, "%-4s  ", mark);
}

static void add_examples(const struct mlp_check *c, struct mlp_buf *out)
{
    size_t n = 0;
    for (const struct mlp_example_row *x = c->examples; x && n < SHOWN_EXAMPLES; x = x->next, n++) {
        if (x->line)
            mlp_buf_addf(out, "        line %llu: \"%.*s\"\n", (unsigned long long)x->line,
                         MLP_STR_ARG(x->value));
        else
            mlp_buf_addf(out, "        \"%.*s\"\n", MLP_STR_ARG(x->value));
    }
}

static size_t id_width(const struct mlp_report *r)
{
    size_t width = 8;
    for (const struct mlp_check *c = r->checks; c; c = c->next)
        if (c->id.n > width)
            width = c->id.n;
    return width < 40 ? width : 40;
}

static void add_check(const struct mlp_check *c, size_t width, bool colour, struct mlp_buf *out)
{
    add_mark(c, colour, out);
    mlp_buf_addf(out, "%-*.*s  %.*s", (int)width, MLP_STR_ARG(c->id), MLP_STR_ARG(c->observed));
    if (c->expected.n)
        mlp_buf_addf(out, "%s%.*s", c->observed.n ? "; expected " : "expected ",
                     MLP_STR_ARG(c->expected));
    if (c->slice.n)
        mlp_buf_addf(out, " (%.*s)", MLP_STR_ARG(c->slice));
    mlp_buf_addc(out, '\n');
    if (c->message.n)
        mlp_buf_addf(out, "        %.*s\n", MLP_STR_ARG(c->message));
    if (c->outcome != MLP_PASS)
        add_examples(c, out);
}

void mlp_render_text(const struct mlp_report *r, bool colour, struct mlp_buf *out)
{
    size_t counts[3], width = id_width(r);
    mlp_report_counts(r, counts);
    bool all = r->nchecks <= SHOWN_PASSES;
    for (int outcome = MLP_FAIL; outcome >= MLP_PASS; outcome--)
        for (const struct mlp_check *c = r->checks; c; c = c->next)
            if ((int)c->outcome == outcome && (outcome != MLP_PASS || all || c->message.n))
                add_check(c, width, colour, out);
    if (r->title.n)
        mlp_buf_addf(out, "%.*s\n", MLP_STR_ARG(r->title));
    const char *gap = "";
    for (const struct mlp_measure *m = r->summary; m; m = m->next) {
        mlp_buf_addf(out, "%s%.*s %.10g", gap, MLP_STR_ARG(m->name), m->value);
        gap = ", ";
    }
    if (gap[0])
        mlp_buf_addc(out, '\n');
    if (colour)
        mlp_buf_adds(out, colours[r->outcome]);
    mlp_buf_addf(out, "%.*s%s%s: %zu passed, %zu warned, %zu failed", MLP_STR_ARG(r->subject),
                 r->subject.n ? ": " : "", mlp_outcome_name(r->outcome), counts[MLP_PASS],
                 counts[MLP_WARNED], counts[MLP_FAIL]);
    mlp_buf_adds(out, colour ? "\033[0m\n" : "\n");
}
