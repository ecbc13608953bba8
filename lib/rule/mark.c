/* Which cells of a column do not hold to a rule: one loop a kind, without calls where it can. */
#include "rule/internal.h"

#include "text/swar.h"

#include <math.h>

#define MATCH_LIMIT 100000
#define STACK_LEAST ((size_t)32 << 10)
#define STACK_MOST ((size_t)512 << 10)
#define AHEAD 64 /* hashes whose places are fetched before they are looked at */

enum mlp_code mlp_matcher_init(struct mlp_matcher *m, struct mlp_err *e)
{
    m->data = pcre2_match_data_create(1, NULL);
    m->limits = pcre2_match_context_create(NULL);
    m->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, NULL);
    if (!m->data || !m->limits)
        return mlp_err_nomem(e);
    pcre2_set_match_limit(m->limits, MATCH_LIMIT);
    if (m->stack)
        pcre2_jit_stack_assign(m->limits, NULL, m->stack);
    return MLP_OK;
}

void mlp_matcher_fini(struct mlp_matcher *m)
{
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->limits);
    pcre2_jit_stack_free(m->stack);
}

static size_t mark_state(const struct mlp_column_view *v, enum mlp_cell_state state)
{
    if (v->count[state])
        for (size_t r = 0; r < v->n; r++)
            v->fails[r] = v->state[r] == state;
    return v->count[state];
}

/* NaN holds to no bound. */
static size_t mark_min(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    double lo = rule->lo;
    for (size_t r = 0; r < v->n; r++) {
        bool holds = rule->exclusive ? v->value[r] > lo : v->value[r] >= lo;
        v->fails[r] = !holds & (v->state[r] == MLP_CELL_FITS);
        failed += v->fails[r];
    }
    return failed;
}

static size_t mark_max(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    double hi = rule->hi;
    for (size_t r = 0; r < v->n; r++) {
        bool holds = rule->exclusive ? v->value[r] < hi : v->value[r] <= hi;
        v->fails[r] = !holds & (v->state[r] == MLP_CELL_FITS);
        failed += v->fails[r];
    }
    return failed;
}

static size_t mark_set(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    bool wanted = rule->kind == MLP_RULE_IN, numbers = rule->set.n > 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = 0;
        if (v->state[r] != MLP_CELL_FITS)
            continue;
        bool in = numbers ? mlp_set_has_number(&rule->set, v->value[r])
                          : mlp_set_has_text(&rule->set, mlp_cell_str(&v->cell[r]));
        v->fails[r] = in != wanted;
        failed += v->fails[r];
    }
    return failed;
}

static bool is_ascii(struct mlp_str s)
{
    uint64_t high = 0;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8)
        high |= mlp_swar_load(s.p + i);
    for (; i < s.n; i++)
        high |= (unsigned char)s.p[i];
    return (high & MLP_SWAR_ALL(0x80)) == 0;
}

/* ASCII needs no check for UTF-8, which pcre2_jit_match leaves to its caller. */
int mlp_regex_find(const pcre2_code *regex, bool jit, struct mlp_str s,
                   const struct mlp_matcher *m)
{
    PCRE2_SPTR p = (PCRE2_SPTR)s.p;
    return jit && is_ascii(s) ? pcre2_jit_match(regex, p, s.n, 0, 0, m->data, m->limits)
                              : pcre2_match(regex, p, s.n, 0, 0, m->data, m->limits);
}

/* A text that is not UTF-8 or that exceeds a limit neither matches nor fails to match: it holds to
 * no rule. */
static bool regex_holds(const struct mlp_rule *rule, const struct mlp_matcher *m, struct mlp_str s)
{
    int found = mlp_regex_find(rule->regex, rule->jit, s, m);
    return rule->kind == MLP_RULE_MATCH ? found >= 0 : found == PCRE2_ERROR_NOMATCH;
}

static size_t mark_regex(const struct mlp_rule *rule, const struct mlp_column_view *v,
                         const struct mlp_matcher *m)
{
    size_t failed = 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = v->state[r] == MLP_CELL_FITS &&
                      !regex_holds(rule, m, mlp_cell_str(&v->cell[r]));
        failed += v->fails[r];
    }
    return failed;
}

/* Characters, not bytes: continuation bytes do not count. */
static bool length_holds(const struct mlp_rule *rule, struct mlp_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return !((double)n < rule->lo) && !((double)n > rule->hi);
}

static size_t mark_length(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = v->state[r] == MLP_CELL_FITS &&
                      !length_holds(rule, mlp_cell_str(&v->cell[r]));
        failed += v->fails[r];
    }
    return failed;
}

static size_t mark_infinite(const struct mlp_column_view *v)
{
    size_t failed = 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = !isfinite(v->value[r]) & (v->state[r] == MLP_CELL_FITS);
        failed += v->fails[r];
    }
    return failed;
}

/* The table of hashes is larger than the cache: its places are asked for some cells ahead. */
static size_t mark_unique(const struct mlp_column_view *v, struct mlp_hashes *h, struct mlp_err *e)
{
    uint64_t hash[AHEAD] = {0};
    size_t failed = 0;
    for (size_t from = 0; from < v->n; from += AHEAD) {
        size_t to = v->n - from < AHEAD ? v->n : from + AHEAD;
        for (size_t r = from; r < to; r++) {
            if (v->state[r] != MLP_CELL_FITS)
                continue;
            hash[r - from] = mlp_hash64(v->cell[r].p, v->cell[r].n, 0);
            mlp_hashes_soon(h, hash[r - from]);
        }
        for (size_t r = from; r < to; r++) {
            bool fresh = true;
            if (v->state[r] == MLP_CELL_FITS)
                mlp_hashes_add(h, hash[r - from], &fresh, e);
            v->fails[r] = !fresh;
            failed += v->fails[r];
        }
    }
    return failed;
}

size_t mlp_rule_mark(const struct mlp_rule *rule, const struct mlp_column_view *v,
                     const struct mlp_matcher *m, struct mlp_hashes *hashes, struct mlp_err *e)
{
    switch (rule->kind) {
    case MLP_RULE_REQUIRED: return mark_state(v, MLP_CELL_ABSENT);
    case MLP_RULE_TYPE: return mark_state(v, MLP_CELL_WRONG);
    case MLP_RULE_MIN: return mark_min(rule, v);
    case MLP_RULE_MAX: return mark_max(rule, v);
    case MLP_RULE_IN:
    case MLP_RULE_NOT_IN: return mark_set(rule, v);
    case MLP_RULE_MATCH:
    case MLP_RULE_NOT_MATCH: return mark_regex(rule, v, m);
    case MLP_RULE_LENGTH: return mark_length(rule, v);
    case MLP_RULE_FINITE: return mark_infinite(v);
    case MLP_RULE_UNIQUE: return mark_unique(v, hashes, e);
    default: return 0;
    }
}
