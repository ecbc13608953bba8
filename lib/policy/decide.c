/* From facts to a verdict: one check per requirement, gate and approval. Pure. */
#include "policy/internal.h"

#include <math.h>


/* What every rule here looks at, and the report that it adds to. */
struct judge {
    const struct mlp_policy *policy;
    const struct mlp_facts *facts;
    struct mlp_report *verdict;
    bool out_of_memory;
};

static struct mlp_check *add(struct judge *j, const struct mlp_check *check)
{
    struct mlp_check *added = mlp_report_add(j->verdict, check);
    j->out_of_memory = j->out_of_memory || !added;
    return added;
}

/* Adds a check that either holds or fails, with the words for both. */
static void judge(struct judge *j, const char *id, const char *type, bool holds,
                  struct mlp_str observed, struct mlp_str expected)
{
    struct mlp_check c = {
        .id = mlp_str_from(id),
        .type = mlp_str_from(type),
        .outcome = holds ? MLP_PASS : MLP_FAIL,
        .observed = observed,
        .expected = expected,
    };
    add(j, &c);
}

static bool contains(const struct mlp_str *list, size_t n, struct mlp_str s)
{
    for (size_t i = 0; i < n; i++)
        if (mlp_str_eq(list[i], s))
            return true;
    return false;
}

static void judge_signatures(struct judge *j, const struct mlp_texts *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        bool holds = contains(j->facts->signatures, j->facts->nsignatures, keys->p[i]);
        struct mlp_str id = mlp_report_text(j->verdict, "signature/%.*s", MLP_STR_ARG(keys->p[i]));
        judge(j, id.p, "signature", holds,
              holds ? MLP_STR("the signature holds") : MLP_STR("no signature by this key holds"),
              MLP_STR("the package is signed by this key"));
    }
}

/* A format is named by how it starts, so that "xgboost" allows "XGBoost JSON". */
static bool format_matches(struct mlp_str format, struct mlp_str pattern)
{
    if (pattern.n > format.n)
        return false;
    for (size_t i = 0; i < pattern.n; i++) {
        char a = format.p[i], b = pattern.p[i];
        a = a >= 'A' && a <= 'Z' ? (char)(a + 32) : a;
        b = b >= 'A' && b <= 'Z' ? (char)(b + 32) : b;
        if (a != b)
            return false;
    }
    return true;
}

static bool any_format(struct mlp_str format, const struct mlp_texts *patterns)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (format_matches(format, patterns->p[i]))
            return true;
    return false;
}

static void judge_format(struct judge *j)
{
    const struct mlp_texts *allow = &j->policy->formats_allow, *deny = &j->policy->formats_deny;
    if (allow->n == 0 && deny->n == 0)
        return;
    bool allowed = allow->n == 0 || any_format(j->facts->format, allow);
    bool denied = any_format(j->facts->format, deny);
    judge(j, "format", "format", allowed && !denied, j->facts->format,
          MLP_STR("a format that the policy allows"));
}

/* The newest report of a kind: evidence is listed oldest first. */
static const struct mlp_report *find_report(const struct judge *j, struct mlp_str kind)
{
    for (size_t i = j->facts->nreports; i-- > 0;)
        if (mlp_str_eq(j->facts->reports[i]->kind, kind))
            return j->facts->reports[i];
    return NULL;
}

static void judge_reports(struct judge *j)
{
    const struct mlp_texts *kinds = &j->policy->reports;
    for (size_t i = 0; i < kinds->n; i++) {
        const struct mlp_report *r = find_report(j, kinds->p[i]);
        struct mlp_str id = mlp_report_text(j->verdict, "report/%.*s", MLP_STR_ARG(kinds->p[i]));
        struct mlp_str observed =
            r ? mlp_str_from(mlp_outcome_name(r->outcome)) : MLP_STR("no such report is attached");
        judge(j, id.p, "report", r && r->outcome != MLP_FAIL, observed,
              MLP_STR("a passing report"));
    }
}

static const struct mlp_check *find_check(const struct mlp_report *r, struct mlp_str name)
{
    for (const struct mlp_check *c = r->checks; c; c = c->next)
        if (mlp_str_eq(c->id, name) || (mlp_str_eq(c->column, name) && c->slice.n == 0))
            return c;
    return NULL;
}

static double find_measure(const struct mlp_measure *m, struct mlp_str name)
{
    for (; m; m = m->next)
        if (mlp_str_eq(m->name, name))
            return m->value;
    return NAN;
}

static struct mlp_str bounds_text(struct mlp_report *r, const struct mlp_gate *g)
{
    if (g->outcome)
        return MLP_STR("pass");
    if (isnan(g->max))
        return mlp_report_text(r, "%.*s >= %.9g", MLP_STR_ARG(g->measure), g->min);
    if (isnan(g->min))
        return mlp_report_text(r, "%.*s <= %.9g", MLP_STR_ARG(g->measure), g->max);
    return mlp_report_text(r, "%.9g <= %.*s <= %.9g", g->min, MLP_STR_ARG(g->measure), g->max);
}

/* Looks the gate's number or outcome up; a fact that is not there closes the gate, and NaN does. */
static bool gate_holds(struct judge *j, const struct mlp_gate *g, struct mlp_str *observed,
                       double *value)
{
    const struct mlp_report *r = find_report(j, g->report);
    *value = NAN;
    if (!r) {
        *observed = mlp_report_text(j->verdict, "no %.*s report is attached",
                                    MLP_STR_ARG(g->report));
        return false;
    }
    const struct mlp_check *c = g->check.n ? find_check(r, g->check) : NULL;
    if (g->check.n && !c) {
        *observed = mlp_report_text(j->verdict, "the report has no check %.*s",
                                    MLP_STR_ARG(g->check));
        return false;
    }
    if (g->outcome) {
        enum mlp_outcome outcome = c ? c->outcome : r->outcome;
        *observed = mlp_str_from(mlp_outcome_name(outcome));
        return outcome != MLP_FAIL;
    }
    *value = find_measure(c ? c->measures : r->summary, g->measure);
    if (isnan(*value)) {
        *observed = mlp_report_text(j->verdict, "the report has no number %.*s",
                                    MLP_STR_ARG(g->measure));
        return false;
    }
    *observed = mlp_report_text(j->verdict, "%.9g", *value);
    return !(*value < g->min) && !(*value > g->max);
}

static void judge_gates(struct judge *j)
{
    for (const struct mlp_gate *g = j->policy->gates; g; g = g->next) {
        double value;
        struct mlp_check c = {.type = MLP_STR("gate"), .column = g->check, .severity = g->severity};
        bool holds = gate_holds(j, g, &c.observed, &value);
        c.id = mlp_report_text(j->verdict, "gate/%.*s", MLP_STR_ARG(g->name));
        c.expected = bounds_text(j->verdict, g);
        c.outcome = holds ? MLP_PASS : MLP_FAIL;
        struct mlp_check *added = add(j, &c);
        if (added && !isnan(value))
            mlp_report_measure(j->verdict, added, "value", value);
    }
}

/* Why an approval does not count, or NULL when it does. */
static const char *approval_fault(const struct judge *j, const struct mlp_approval *a)
{
    const struct mlp_policy *p = j->policy;
    if (!a->signature_holds)
        return "its signature does not hold";
    if (p->roles.n && !contains(p->roles.p, p->roles.n, a->role))
        return "its role is not one that the policy names";
    if (p->not_author && mlp_str_eq(a->actor, j->facts->author))
        return "its author registered the model";
    if (p->approval_seconds && j->facts->now - a->time > p->approval_seconds)
        return "it has expired";
    return NULL;
}

/* One person counts once, whatever the number of approvals with one key. */
static bool seen_before(const struct judge *j, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (mlp_str_eq(j->facts->approvals[k].key_id, j->facts->approvals[i].key_id) &&
            !approval_fault(j, &j->facts->approvals[k]))
            return true;
    return false;
}

static void judge_approvals(struct judge *j)
{
    unsigned good = 0;
    const char *fault = NULL;
    if (j->policy->approvals_needed == 0)
        return;
    for (size_t i = 0; i < j->facts->napprovals; i++) {
        const char *why = approval_fault(j, &j->facts->approvals[i]);
        if (why)
            fault = why;
        else if (!seen_before(j, i))
            good++;
    }
    const char *joint = fault ? "; one does not count: " : "";
    struct mlp_str observed = mlp_report_text(j->verdict, "%u%s%s", good, joint,
                                              fault ? fault : "");
    struct mlp_str expected =
        mlp_report_text(j->verdict, "at least %u", j->policy->approvals_needed);
    judge(j, "approvals", "approval", good >= j->policy->approvals_needed, observed, expected);
}

static void judge_freeze(struct judge *j)
{
    if (j->policy->freeze_days == 0)
        return;
    /* 1970-01-01 was a Thursday: day 3 when Monday is 0. */
    int64_t days = j->facts->now / 86400 - (j->facts->now % 86400 < 0);
    unsigned weekday = (unsigned)(((days % 7) + 7 + 3) % 7);
    static const char *const names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
                                        "Saturday", "Sunday"};
    bool frozen = j->policy->freeze_days >> weekday & 1u;
    judge(j, "freeze", "freeze", !frozen, mlp_str_from(names[weekday]),
          MLP_STR("a day (UTC) that is not frozen"));
}

static void judge_model(struct judge *j)
{
    struct mlp_str want = j->policy->model;
    if (want.n)
        judge(j, "model", "model", mlp_str_eq(want, j->facts->model), j->facts->model, want);
}

enum mlp_code mlp_policy_decide(const struct mlp_policy *p, const struct mlp_facts *f,
                                struct mlp_report *verdict, struct mlp_err *e)
{
    struct judge j = {p, f, verdict, false};
    verdict->subject = mlp_report_text(verdict, "%.*s@%llu", MLP_STR_ARG(f->model),
                                       (unsigned long long)f->version);
    verdict->digest = mlp_report_text(verdict, "%.*s", MLP_STR_ARG(f->digest));
    verdict->created = f->now;
    judge_model(&j);
    judge_signatures(&j, &p->keys);
    judge_signatures(&j, &p->key_ids);
    judge_format(&j);
    judge_reports(&j);
    judge_gates(&j);
    judge_approvals(&j);
    judge_freeze(&j);
    /* A policy that asks for nothing must not look like one that was satisfied. */
    if (verdict->nchecks == 0)
        judge(&j, "policy", "policy", false, MLP_STR("the policy asks for nothing"),
              MLP_STR("at least one requirement or gate"));
    const char *word = verdict->outcome == MLP_FAIL ? "closed" : "open";
    verdict->title = mlp_report_text(verdict, "Policy %.*s: the gate is %s.",
                                     MLP_STR_ARG(p->name), word);
    return j.out_of_memory ? mlp_err_nomem(e) : MLP_OK;
}
