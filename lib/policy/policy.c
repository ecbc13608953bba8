/* Reading a policy: each key has one place, what is not known is an error with its line. */
#include "policy/internal.h"

#include <math.h>
#include <stdlib.h>

#define POLICY_MEMORY ((size_t)4 << 20)
#define MOST_STEPS 100

/* The document, the policy being filled and the error, which every reader here needs. */
struct reader {
    struct mlp_doc *doc;
    struct mlp_policy *policy;
    struct mlp_err *e;
};

static bool failed(const struct reader *r)
{
    return r->e->code != MLP_OK;
}

static void read_text(struct reader *r, const struct mlp_node *n, struct mlp_str *out)
{
    if (!n || failed(r))
        return;
    if (n->type != MLP_DOC_TEXT || n->text.n == 0)
        mlp_node_error(r->doc, n, r->e, "expected a text");
    else
        *out = n->text;
}

static void read_number(struct reader *r, const struct mlp_node *n, double *out)
{
    if (!n || failed(r))
        return;
    if (!mlp_node_is_num(n))
        mlp_node_error(r->doc, n, r->e, "expected a number");
    else
        *out = mlp_node_num(n, 0);
}

/* "72h", "10m", "30s", "7d" or a number of seconds. */
static bool duration(const struct mlp_node *n, int64_t *seconds)
{
    static const struct {
        char letter;
        int64_t factor;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    if (mlp_node_is_num(n)) {
        *seconds = (int64_t)mlp_node_num(n, 0);
        return *seconds >= 0;
    }
    struct mlp_str s = mlp_node_str(n, "");
    for (size_t i = 0; s.n > 1 && i < sizeof units / sizeof *units; i++) {
        int64_t v;
        if (s.p[s.n - 1] != units[i].letter)
            continue;
        bool good = mlp_str_i64((struct mlp_str){s.p, s.n - 1}, &v) && v >= 0 && v < 1000000000;
        *seconds = v * units[i].factor;
        return good;
    }
    return false;
}

static void read_duration(struct reader *r, const struct mlp_node *n, int64_t *seconds)
{
    if (n && !failed(r) && !duration(n, seconds))
        mlp_node_error(r->doc, n, r->e, "expected a duration such as 30s, 10m, 72h or 7d");
}

static void read_texts(struct reader *r, const struct mlp_node *list, struct mlp_texts *out)
{
    if (!list || failed(r))
        return;
    if (list->type != MLP_DOC_LIST) {
        mlp_node_error(r->doc, list, r->e, "expected a list");
        return;
    }
    out->p = mlp_arena_array(&r->policy->arena, list->u.count, sizeof *out->p);
    if (!out->p && list->u.count) {
        mlp_err_nomem(r->e);
        return;
    }
    for (const struct mlp_node *n = list->child; n && !failed(r); n = n->next)
        read_text(r, n, &out->p[out->n++]);
}

/* signatures: [keys/ci.pub] or [{key: keys/ci.pub}]; a key may be named by its sha256 instead. */
static void read_signatures(struct reader *r, const struct mlp_node *list)
{
    static const char *const known[] = {"key", "what", NULL};
    struct mlp_policy *p = r->policy;
    if (!list || failed(r))
        return;
    if (list->type != MLP_DOC_LIST) {
        mlp_node_error(r->doc, list, r->e, "expected a list of public keys");
        return;
    }
    p->keys.p = mlp_arena_array(&p->arena, list->u.count, sizeof *p->keys.p);
    p->key_ids.p = mlp_arena_array(&p->arena, list->u.count, sizeof *p->key_ids.p);
    if (!p->keys.p || !p->key_ids.p)
        mlp_err_nomem(r->e);
    for (const struct mlp_node *n = list->child; n && !failed(r); n = n->next) {
        struct mlp_str key = {NULL, 0};
        if (n->type == MLP_DOC_MAP && mlp_node_known(r->doc, n, known, r->e) == MLP_OK)
            read_text(r, mlp_node_get(n, "key"), &key);
        else
            read_text(r, n, &key);
        struct mlp_texts *to = mlp_str_starts(key, "sha256:") ? &p->key_ids : &p->keys;
        if (!failed(r) && key.n == 0)
            mlp_node_error(r->doc, n, r->e, "expected the path of a public key");
        else
            to->p[to->n++] = key;
    }
}

static void read_require(struct reader *r, const struct mlp_node *n)
{
    static const char *const known[] = {"signatures", "formats", "reports", NULL};
    static const char *const known_formats[] = {"allow", "deny", NULL};
    if (!n || failed(r) || mlp_node_known(r->doc, n, known, r->e) != MLP_OK)
        return;
    read_signatures(r, mlp_node_get(n, "signatures"));
    read_texts(r, mlp_node_get(n, "reports"), &r->policy->reports);
    const struct mlp_node *formats = mlp_node_get(n, "formats");
    if (!formats || failed(r))
        return;
    if (mlp_node_known(r->doc, formats, known_formats, r->e) != MLP_OK)
        return;
    read_texts(r, mlp_node_get(formats, "allow"), &r->policy->formats_allow);
    read_texts(r, mlp_node_get(formats, "deny"), &r->policy->formats_deny);
}

static void read_severity(struct reader *r, const struct mlp_node *n, enum mlp_severity *out)
{
    struct mlp_str word = mlp_node_str(n, "error");
    if (failed(r))
        return;
    if (mlp_str_is(word, "error"))
        *out = MLP_SEV_ERROR;
    else if (mlp_str_is(word, "warn"))
        *out = MLP_SEV_WARN;
    else
        mlp_node_error(r->doc, n, r->e, "expected error or warn");
}

static void read_gate(struct reader *r, const struct mlp_node *n, struct mlp_gate *g)
{
    static const char *const known[] = {"name", "report", "metric", "check", "measure", "min",
                                        "max", "outcome", "severity", NULL};
    if (mlp_node_known(r->doc, n, known, r->e) != MLP_OK)
        return;
    *g = (struct mlp_gate){.min = NAN, .max = NAN, .measure = MLP_STR("value")};
    const struct mlp_node *metric = mlp_node_get(n, "metric");
    /* A metric is a check of the report on the model, unless another report is named. */
    g->report = metric ? MLP_STR("model") : (struct mlp_str){NULL, 0};
    read_text(r, metric ? metric : mlp_node_get(n, "check"), &g->check);
    read_text(r, mlp_node_get(n, "name"), &g->name);
    read_text(r, mlp_node_get(n, "report"), &g->report);
    read_text(r, mlp_node_get(n, "measure"), &g->measure);
    read_number(r, mlp_node_get(n, "min"), &g->min);
    read_number(r, mlp_node_get(n, "max"), &g->max);
    read_severity(r, mlp_node_get(n, "severity"), &g->severity);
    g->outcome = mlp_node_get(n, "outcome") != NULL;
    if (failed(r))
        return;
    if (g->name.n == 0 || g->report.n == 0)
        mlp_node_error(r->doc, n, r->e, "a gate needs a name, and a metric or a report");
    else if (g->outcome && !mlp_str_is(mlp_node_str(mlp_node_get(n, "outcome"), ""), "pass"))
        mlp_node_error(r->doc, n, r->e, "outcome can only be: pass");
    else if (!g->outcome && isnan(g->min) && isnan(g->max))
        mlp_node_error(r->doc, n, r->e, "gate \"%.*s\" needs min, max or outcome: pass",
                       MLP_STR_ARG(g->name));
}

static void read_gates(struct reader *r, const struct mlp_node *list)
{
    struct mlp_gate **tail = &r->policy->gates;
    if (!list || failed(r))
        return;
    if (list->type != MLP_DOC_LIST) {
        mlp_node_error(r->doc, list, r->e, "expected a list of gates");
        return;
    }
    for (const struct mlp_node *n = list->child; n && !failed(r); n = n->next) {
        struct mlp_gate *g = mlp_arena_alloc(&r->policy->arena, sizeof *g);
        if (!g) {
            mlp_err_nomem(r->e);
            return;
        }
        read_gate(r, n, g);
        *tail = g;
        tail = &g->next;
    }
}

static void read_approvals(struct reader *r, const struct mlp_node *n)
{
    static const char *const known[] = {"needed",     "keys",    "roles",
                                        "not_author", "expires", NULL};
    struct mlp_policy *p = r->policy;
    if (!n || failed(r) || mlp_node_known(r->doc, n, known, r->e) != MLP_OK)
        return;
    double needed = 1;
    read_number(r, mlp_node_get(n, "needed"), &needed);
    if (!failed(r) && (needed < 0 || needed > 100 || needed != floor(needed)))
        mlp_node_error(r->doc, mlp_node_get(n, "needed"), r->e, "expected 0 to 100");
    p->approvals_needed = (unsigned)needed;
    read_texts(r, mlp_node_get(n, "keys"), &p->approvers);
    read_texts(r, mlp_node_get(n, "roles"), &p->roles);
    p->not_author = mlp_node_bool(mlp_node_get(n, "not_author"), false);
    read_duration(r, mlp_node_get(n, "expires"), &p->approval_seconds);
    if (!failed(r) && p->approvals_needed > p->approvers.n)
        mlp_node_error(r->doc, n, r->e, "needs %u approvals, but keys names %zu people",
                       p->approvals_needed, p->approvers.n);
}

static void read_step(struct reader *r, const struct mlp_node *n, struct mlp_step *step)
{
    static const char *const known[] = {"weight", "for", NULL};
    double weight = -1;
    int64_t hold = 0;
    if (mlp_node_known(r->doc, n, known, r->e) != MLP_OK)
        return;
    read_number(r, mlp_node_get(n, "weight"), &weight);
    read_duration(r, mlp_node_get(n, "for"), &hold);
    if (!failed(r) && (weight < 1 || weight > 100 || weight != floor(weight)))
        mlp_node_error(r->doc, n, r->e, "a step needs a weight from 1 to 100");
    else if (!failed(r))
        *step = (struct mlp_step){(unsigned)weight, (unsigned)hold};
}

/* Weights rise, and the last step is everything, also when the file leaves it out. */
static void read_rollout(struct reader *r, const struct mlp_node *n)
{
    static const char *const known[] = {"strategy", "steps", NULL};
    struct mlp_policy *p = r->policy;
    if (failed(r) || (n && mlp_node_known(r->doc, n, known, r->e) != MLP_OK))
        return;
    const struct mlp_node *steps = mlp_node_get(n, "steps");
    size_t count = steps && steps->type == MLP_DOC_LIST ? steps->u.count : 0;
    if (count > MOST_STEPS) {
        mlp_node_error(r->doc, steps, r->e, "more than %d steps", MOST_STEPS);
        return;
    }
    p->steps = mlp_arena_array(&p->arena, count + 1, sizeof *p->steps);
    if (!p->steps) {
        mlp_err_nomem(r->e);
        return;
    }
    unsigned before = 0;
    for (const struct mlp_node *s = steps ? steps->child : NULL; s && !failed(r); s = s->next) {
        read_step(r, s, &p->steps[p->nsteps]);
        if (!failed(r) && p->steps[p->nsteps].weight <= before)
            mlp_node_error(r->doc, s, r->e, "weights must rise from step to step");
        before = p->steps[p->nsteps++].weight;
    }
    if (before < 100)
        p->steps[p->nsteps++] = (struct mlp_step){100, 0};
}

static void read_freeze(struct reader *r, const struct mlp_node *list)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
    for (const struct mlp_node *n = list ? list->child : NULL; n && !failed(r); n = n->next) {
        struct mlp_str rest = mlp_node_str(n, "");
        int day = mlp_str_closest(rest, days);
        if (day < 0 || !mlp_str_is(rest, days[day]))
            mlp_node_error(r->doc, n, r->e, "expected a day: mon tue wed thu fri sat sun");
        else
            r->policy->freeze_days |= 1u << day;
    }
}

static void read_policy(struct reader *r)
{
    static const char *const known[] = {"policy", "model", "to", "require", "gates", "approvals",
                                        "rollout", "freeze", NULL};
    static const char *const known_to[] = {"alias", NULL};
    const struct mlp_node *root = r->doc->root;
    if (!root || root->type != MLP_DOC_MAP) {
        mlp_node_error(r->doc, root, r->e, "expected a map with \"policy\" and \"gates\"");
        return;
    }
    if (mlp_node_known(r->doc, root, known, r->e) != MLP_OK)
        return;
    read_text(r, mlp_node_get(root, "policy"), &r->policy->name);
    read_text(r, mlp_node_get(root, "model"), &r->policy->model);
    const struct mlp_node *to = mlp_node_get(root, "to");
    if (to && mlp_node_known(r->doc, to, known_to, r->e) == MLP_OK)
        read_text(r, mlp_node_get(to, "alias"), &r->policy->alias);
    read_require(r, mlp_node_get(root, "require"));
    read_gates(r, mlp_node_get(root, "gates"));
    read_approvals(r, mlp_node_get(root, "approvals"));
    read_rollout(r, mlp_node_get(root, "rollout"));
    read_freeze(r, mlp_node_get(root, "freeze"));
    if (!failed(r) && r->policy->name.n == 0)
        mlp_node_error(r->doc, root, r->e, "a policy needs a name: policy: NAME");
}

enum mlp_code mlp_policy_parse(struct mlp_doc *d, struct mlp_policy **out, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct mlp_policy *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p)
        return mlp_err_nomem(e);
    mlp_arena_init(&p->arena, POLICY_MEMORY);
    struct reader r = {d, p, e ? e : &local};
    read_policy(&r);
    if (failed(&r)) {
        mlp_policy_free(p);
        return r.e->code;
    }
    *out = p;
    return MLP_OK;
}

void mlp_policy_free(struct mlp_policy *p)
{
    if (!p)
        return;
    mlp_arena_fini(&p->arena);
    free(p);
}

struct mlp_str mlp_policy_name(const struct mlp_policy *p)
{
    return p->name;
}

struct mlp_str mlp_policy_alias(const struct mlp_policy *p)
{
    return p->alias;
}

size_t mlp_policy_nsteps(const struct mlp_policy *p)
{
    return p->nsteps;
}

const struct mlp_step *mlp_policy_step(const struct mlp_policy *p, size_t i)
{
    return &p->steps[i];
}

size_t mlp_policy_nkeys(const struct mlp_policy *p)
{
    return p->keys.n;
}

struct mlp_str mlp_policy_key(const struct mlp_policy *p, size_t i)
{
    return p->keys.p[i];
}

size_t mlp_policy_napprovers(const struct mlp_policy *p)
{
    return p->approvers.n;
}

struct mlp_str mlp_policy_approver(const struct mlp_policy *p, size_t i)
{
    return p->approvers.p[i];
}
