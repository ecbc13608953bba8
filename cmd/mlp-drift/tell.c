#include "verbs.h"

#include "base/time.h"
#include "base/os.h"
#include "text/num.h"

#include <math.h>

#define HTML_BYTES ((size_t)4 << 20)

static const char *const verdicts[] = {
    [SAME] = "same", [UNKNOWN] = "too few", [MAYBE] = "unsure", [SLIGHT] = "slight",
    [DRIFT] = "drift",
};
static const char *const questions[] = {
    [ASK_LOST] = "lost",       [ASK_NEW] = "new",           [ASK_TYPE] = "type",
    [ASK_VALUES] = "values",   [ASK_MISSING] = "missing",   [ASK_INFINITE] = "infinite",
    [ASK_UNSEEN] = "unseen",
};
static const char *const tests[] = {
    [MLP_SHIFT_NONE] = "none", [MLP_SHIFT_KS] = "ks", [MLP_SHIFT_CHI2] = "chi2",
    [MLP_SHIFT_SHARE] = "proportions",
};

const char *verdict_name(enum verdict v)
{
    return verdicts[v];
}

static double percent(uint64_t part, double of)
{
    return of > 0 ? 100 * (double)part / of : 0;
}

static struct mlp_str p_text(struct mlp_report *r, double p)
{
    if (p < 1e-12)
        return mlp_report_text(r, "p < 1e-12");
    return mlp_report_text(r, "p %.2g", p);
}

/* "dropped from 12.3 % to 4.5 % of 1000 and 2000 rows" */
static struct mlp_str share_text(struct mlp_report *r, const struct finding *f, const char *what)
{
    struct mlp_str p = p_text(r, f->adjusted);
    if (f->question == ASK_UNSEEN)
        return mlp_report_text(r, "%.3g %% of %.0f values are %s (%.*s)",
                               percent(f->after, f->shift.m), f->shift.m, what, MLP_STR_ARG(p));
    return mlp_report_text(r, "%.3g %% %s, %.3g %% in the reference (%.*s)",
                           percent(f->after, f->shift.m), what,
                           percent(f->before, f->shift.n), MLP_STR_ARG(p));
}

static struct mlp_str values_text(struct mlp_report *r, const struct finding *f)
{
    const char *unit = f->shift.effect_name ? f->shift.effect_name : "";
    struct mlp_str p = p_text(r, f->adjusted);
    if (f->shift.test == MLP_SHIFT_NONE)
        return mlp_report_text(r, "no values to compare");
    if (strcmp(unit, "wasserstein/sd") == 0)
        return mlp_report_text(r, "moved by %.3f sd (%.*s)", f->shift.effect, MLP_STR_ARG(p));
    return mlp_report_text(r, "%s distance %.3f (%.*s)", unit, f->shift.effect, MLP_STR_ARG(p));
}

static struct mlp_str observed(struct mlp_report *r, const struct finding *f)
{
    switch (f->question) {
    case ASK_LOST: return mlp_report_text(r, "the column is gone");
    case ASK_NEW: return mlp_report_text(r, "the reference has no such column");
    case ASK_MISSING: return share_text(r, f, "missing");
    case ASK_INFINITE: return share_text(r, f, "infinite");
    case ASK_UNSEEN: return share_text(r, f, "new to the reference");
    case ASK_VALUES: return values_text(r, f);
    case ASK_TYPE:
        if (f->shift.test == MLP_SHIFT_NONE)
            return mlp_report_text(r, "the column is %s", mlp_ptype_name(f->cur->type));
        return share_text(r, f, "of another type");
    }
    return (struct mlp_str){"", 0};
}

static struct mlp_str expected(struct mlp_report *r, const struct finding *f,
                               const struct judging *j)
{
    switch (f->shift.test) {
    case MLP_SHIFT_SHARE:
        return mlp_report_text(r, "h below %.3g", 2 * j->effect);
    case MLP_SHIFT_NONE:
        if (f->question == ASK_TYPE)
            return mlp_report_text(r, "%s", mlp_ptype_name(f->ref->type));
        return (struct mlp_str){"", 0};
    default:
        return mlp_report_text(r, "below %.3g", j->effect);
    }
}

/* The value whose share changed most, both shares in percent. */
struct mover {
    struct mlp_str text;
    double before, after;
};

static double share_of(const struct mlp_pcolumn *c, uint64_t hash)
{
    for (size_t i = 0; i < c->nvalues; i++)
        if (c->values[i].hash == hash)
            return percent(c->values[i].count, (double)mlp_pcolumn_values(c));
    return 0;
}

static void look_for_mover(const struct mlp_pcolumn *from, const struct mlp_pcolumn *to,
                           bool turned, struct mover *m)
{
    double all = (double)mlp_pcolumn_values(from);
    /* The values are in order of their counts: the first hundred hold the largest change. */
    for (size_t i = 0; i < from->nvalues && i < 100; i++) {
        double here = percent(from->values[i].count, all);
        double there = share_of(to, from->values[i].hash);
        if (fabs(here - there) > fabs(m->before - m->after))
            *m = (struct mover){from->values[i].text, turned ? there : here,
                                turned ? here : there};
    }
}

static struct mlp_str what_changed(struct mlp_report *r, const struct finding *f)
{
    struct mover m = {{"", 0}, 0, 0};
    if (f->question != ASK_VALUES || f->shift.test == MLP_SHIFT_NONE)
        return (struct mlp_str){"", 0};
    if (f->ref->type == MLP_P_TEXT) {
        if (!f->ref->distinct_exact || !f->cur->distinct_exact)
            return (struct mlp_str){"", 0};
        look_for_mover(f->ref, f->cur, false, &m);
        look_for_mover(f->cur, f->ref, true, &m);
        return mlp_report_text(r, "\"%.*s\" was %.3g %%, is %.3g %%",
                               (int)(m.text.n < 64 ? m.text.n : 64), m.text.p, m.before, m.after);
    }
    char a[48], b[48];
    if (f->ref->type == MLP_P_DATE || f->ref->type == MLP_P_DATETIME) {
        mlp_ptype_print(MLP_P_DATETIME, floor(f->ref->mean), a);
        mlp_ptype_print(MLP_P_DATETIME, floor(f->cur->mean), b);
        return mlp_report_text(r, "mean %s -> %s", a, b);
    }
    return mlp_report_text(r, "mean %.4g -> %.4g, sd %.4g -> %.4g", f->ref->mean, f->cur->mean,
                           f->ref->stdev, f->cur->stdev);
}

/* A sentence where the verdict needs one. */
static struct mlp_str message(struct mlp_report *r, const struct finding *f,
                              const struct side *cur)
{
    struct mlp_str changed = what_changed(r, f);
    switch (f->verdict) {
    case UNKNOWN:
        if (f->shift.test == MLP_SHIFT_NONE)
            return changed;
        return mlp_report_text(r, "too few values to tell: with %.0f and %.0f, the smallest shift "
                                  "that shows is %.2g", f->shift.n, f->shift.m, f->visible);
    case MAYBE:
        return mlp_report_text(r, "may be chance: with %.0f and %.0f values, the smallest shift "
                                  "that shows is %.2g", f->shift.n, f->shift.m, f->visible);
    case SLIGHT:
        if (f->question == ASK_LOST && cur->log)
            return mlp_report_text(r, "not among the features of the log: a label, or a feature "
                                      "that is no longer sent?");
        if (f->shift.test == MLP_SHIFT_NONE)
            return changed;
        return mlp_report_text(r, "certain but small%s%.*s", changed.n ? ": " : "",
                               MLP_STR_ARG(changed));
    default:
        return f->verdict == DRIFT ? changed : (struct mlp_str){"", 0};
    }
}

static void add_measures(struct mlp_report *r, struct mlp_check *c, const struct finding *f)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"p_value", f->shift.p},         {"p_adjusted", f->adjusted},
               {"effect", f->shift.effect},     {"smallest_visible", f->visible},
               {"n_reference", f->shift.n},     {"n_current", f->shift.m},
               {"statistic", f->shift.statistic}, {"wasserstein", f->shift.wasserstein},
               {"ks", f->shift.ks},             {"psi", f->shift.psi},
               {"js", f->shift.js},             {"cramers_v", f->shift.v}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (f->shift.test != MLP_SHIFT_NONE && isfinite(all[i].value))
            mlp_report_measure(r, c, all[i].name, all[i].value);
}

static enum mlp_outcome outcome_of(const struct finding *f, const struct judging *j)
{
    if (f->verdict == DRIFT || (f->verdict == UNKNOWN && j->strict))
        return MLP_FAIL;
    return f->verdict == SAME ? MLP_PASS : MLP_WARNED;
}

static enum mlp_code add_finding(struct mlp_report *r, const struct finding *f,
                                 const struct side *cur, const struct judging *j,
                                 struct mlp_err *e)
{
    struct mlp_check c = {
        .id = mlp_report_text(r, "%.*s/%s", MLP_STR_ARG(f->column), questions[f->question]),
        .type = mlp_str_from(f->shift.test ? tests[f->shift.test] : questions[f->question]),
        .column = f->column,
        .severity = outcome_of(f, j) == MLP_FAIL ? MLP_SEV_ERROR : MLP_SEV_WARN,
        .outcome = outcome_of(f, j),
        .observed = observed(r, f),
        .expected = expected(r, f, j),
        .message = message(r, f, cur),
    };
    struct mlp_check *added = mlp_report_add(r, &c);
    if (!added)
        return mlp_err_set(e, MLP_EIO, "the report has no room for more checks");
    add_measures(r, added, f);
    return MLP_OK;
}

/* Malformed rows were left out of every comparison: that must not go unsaid. */
static enum mlp_code add_malformed(struct mlp_report *r, const struct side *cur,
                                   struct mlp_err *e)
{
    if (cur->malformed == 0)
        return MLP_OK;
    uint64_t total = cur->profile.rows + cur->malformed;
    struct mlp_check c = {
        .id = MLP_STR("rows/malformed"), .type = MLP_STR("malformed"),
        .severity = MLP_SEV_WARN, .outcome = MLP_WARNED,
        .observed = mlp_report_text(r, "%llu of %llu rows were left out",
                                    (unsigned long long)cur->malformed,
                                    (unsigned long long)total),
        .message = mlp_report_text(r, "the first one is on line %llu",
                                   (unsigned long long)cur->first_malformed),
        .failed = cur->malformed, .total = total,
    };
    return mlp_report_add(r, &c) ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code add_html(struct mlp_report *r, const struct mlp_vec *findings,
                              struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, HTML_BYTES);
    add_plots(findings, &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        r->extra_html = mlp_arena_str(&r->arena, mlp_buf_str(&b));
    if (code == MLP_OK && !r->extra_html.p)
        code = mlp_err_nomem(e);
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code tell(struct mlp_report *r, const struct side *ref, const struct side *cur,
                   const struct judging *j, const struct mlp_vec *findings, struct mlp_err *e)
{
    enum mlp_code code = mlp_time_epoch(mlp_os_now_ns() / 1000000000, &r->created, e);
    r->subject = mlp_report_text(r, "%s", cur->name);
    r->digest = mlp_report_text(r, "%s", ref->digest);
    if (code == MLP_OK)
        code = add_malformed(r, cur, e);
    for (size_t i = 0; i < findings->n && code == MLP_OK; i++)
        code = add_finding(r, mlp_vec_at(findings, i), cur, j, e);
    add_summary(r, ref, cur, findings);
    return code == MLP_OK ? add_html(r, findings, e) : code;
}
