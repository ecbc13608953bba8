/* For people at a terminal: what failed first, with examples; then the verdict, which is last
 * because that is where the eye is. */
#include "report/internal.h"

#define SHOWN_EXAMPLES 5
#define SHOWN_PASSES 24 /* of a longer report only what needs a look is shown */

static const char *const marks[] = {"ok", "warn", "FAIL"};
static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};

/* Text from data, where it may do no harm to a terminal: control characters (C0, DEL, C1) are shown
 * as escapes, bytes that are not UTF-8 as U+FFFD. */
static void add_shown(struct mlp_buf *out, struct mlp_str s)
{
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = c < 0x80 ? 1 : mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
        unsigned control = n == 2 && c == 0xC2 ? (unsigned char)s.p[i + 1] : c;
        if (n == 0)
            mlp_buf_adds(out, "\xEF\xBF\xBD");
        else if (c == '\n')
            mlp_buf_adds(out, "\\n");
        else if (n <= 2 && (control < 0x20 || (control >= 0x7F && control < 0xA0)))
            mlp_buf_addf(out, "\\x%02X", control);
        else
            mlp_buf_add(out, s.p + i, n);
        i += n ? n : 1;
    }
}

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
        mlp_buf_adds(out, "        ");
        if (x->line)
            mlp_buf_addf(out, "line %llu: ", (unsigned long long)x->line);
        mlp_buf_addc(out, '"');
        add_shown(out, x->value);
        mlp_buf_adds(out, "\"\n");
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
    add_shown(out, c->id);
    for (size_t n = c->id.n < width ? c->id.n : width; n < width + 2; n++)
        mlp_buf_addc(out, ' ');
    add_shown(out, c->observed);
    if (c->expected.n) {
        mlp_buf_adds(out, c->observed.n ? "; expected " : "expected ");
        add_shown(out, c->expected);
    }
    if (c->slice.n) {
        mlp_buf_adds(out, " (");
        add_shown(out, c->slice);
        mlp_buf_addc(out, ')');
    }
    mlp_buf_addc(out, '\n');
    if (c->message.n) {
        mlp_buf_adds(out, "        ");
        add_shown(out, c->message);
        mlp_buf_addc(out, '\n');
    }
    if (c->outcome != MLP_PASS)
        add_examples(c, out);
}

void mlp_render_text(const struct mlp_report *r, bool colour, struct mlp_buf *out)
{
    size_t counts[3], width = id_width(r);
    mlp_report_counts(r, counts);
    /* The figures of a model are what its report is for. */
    bool all = r->nchecks <= SHOWN_PASSES || mlp_str_is(r->kind, "model");
    for (int outcome = MLP_FAIL; outcome >= MLP_PASS; outcome--)
        for (const struct mlp_check *c = r->checks; c; c = c->next)
            if ((int)c->outcome == outcome && (outcome != MLP_PASS || all || c->message.n))
                add_check(c, width, colour, out);
    if (r->title.n) {
        add_shown(out, r->title);
        mlp_buf_addc(out, '\n');
    }
    const char *gap = "";
    for (const struct mlp_measure *m = r->summary; m; m = m->next) {
        mlp_buf_addf(out, "%s%.*s %.10g", gap, MLP_STR_ARG(m->name), m->value);
        gap = ", ";
    }
    if (gap[0])
        mlp_buf_addc(out, '\n');
    if (colour)
        mlp_buf_adds(out, colours[r->outcome]);
    add_shown(out, r->subject);
    mlp_buf_addf(out, "%s%s: %zu passed, %zu warned, %zu failed", r->subject.n ? ": " : "",
                 mlp_outcome_name(r->outcome), counts[MLP_PASS], counts[MLP_WARNED],
                 counts[MLP_FAIL]);
    mlp_buf_adds(out, colour ? "\033[0m\n" : "\n");
}
