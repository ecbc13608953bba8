/* Which cells of a column do not hold to a rule: one loop a kind, without calls where it can. */
#include "rule/internal.h"

#include "rule/field.h"
#include "text/swar.h"

#include <math.h>

#define MATCH_LIMIT 100000
#define STACK_LEAST ((size_t)32 << 10)
#define STACK_MOST ((size_t)512 << 10)
#define TEXT_MOST ((size_t)64 << 20)
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

static bool text_in_range(const struct mlp_rule *rule, struct mlp_str s)
{
    int low = rule->text_lo.p ? mlp_str_cmp(s, rule->text_lo) : 1;
    int high = rule->text_hi.p ? mlp_str_cmp(s, rule->text_hi) : -1;
    return (low > 0 || (low == 0 && !rule->open_lo)) &&
           (high < 0 || (high == 0 && !rule->open_hi));
}

/* NaN is in no range. */
static bool number_in_range(const struct mlp_rule *rule, double v)
{
    return !isnan(v) && !(v < rule->lo) && !(v > rule->hi) && !(rule->open_lo && v == rule->lo) &&
           !(rule->open_hi && v == rule->hi);
}

static size_t mark_range(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    bool texts = rule->text_lo.p || rule->text_hi.p;
    for (size_t r = 0; r < v->n; r++) {
        bool holds = v->state[r] != MLP_CELL_FITS ||
                     (texts ? text_in_range(rule, mlp_cell_str(&v->cell[r]))
                            : number_in_range(rule, v->value[r]));
        v->fails[r] = !holds;
        failed += !holds;
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

enum mlp_code mlp_regex_init(struct mlp_regex *r, struct mlp_str text, struct mlp_err *e)
{
    int number;
    PCRE2_SIZE at;
    r->code = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                            &number, &at, NULL);
    /* Without JIT (not every machine has it) matching is slower, not different. */
    r->jit = r->code && pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0;
    if (r->code)
        return MLP_OK;
    PCRE2_UCHAR words[128];
    pcre2_get_error_message(number, words, sizeof words);
    return mlp_err_set(e, MLP_EINPUT, "regular expression, at character %zu: %s", at + 1,
                       (const char *)words);
}

/* ASCII needs no check for UTF-8, which pcre2_jit_match leaves to its caller. */
int mlp_regex_find(const struct mlp_regex *r, struct mlp_str s, const struct mlp_matcher *m)
{
    PCRE2_SPTR p = (PCRE2_SPTR)s.p;
    return r->jit && is_ascii(s) ? pcre2_jit_match(r->code, p, s.n, 0, 0, m->data, m->limits)
                                 : pcre2_match(r->code, p, s.n, 0, 0, m->data, m->limits);
}

/* Any of the list, all of it, or none. A text that is not UTF-8 or that exceeds a limit neither
 * matches nor fails to match: it holds to no rule. */
static bool regex_holds(const struct mlp_rule *rule, const struct mlp_matcher *m, struct mlp_str s)
{
    size_t found = 0, missed = 0, n = rule->regexes.n;
    for (size_t i = 0; i < n; i++) {
        int at = mlp_regex_find(mlp_vec_at(&rule->regexes, i), s, m);
        found += at >= 0;
        missed += at == PCRE2_ERROR_NOMATCH;
    }
    return rule->kind == MLP_RULE_MATCH       ? found > 0
           : rule->kind == MLP_RULE_MATCH_ALL ? found == n
                                              : missed == n;
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

static size_t mark_format(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = v->state[r] == MLP_CELL_FITS &&
                      !rule->format(mlp_cell_str(&v->cell[r]), rule->pattern);
        failed += v->fails[r];
    }
    return failed;
}

/* Present, of its type or not. */
size_t mlp_rule_mark_present(const struct mlp_column_view *v)
{
    for (size_t r = 0; r < v->n; r++)
        v->fails[r] = v->state[r] == MLP_CELL_FITS || v->state[r] == MLP_CELL_WRONG;
    return v->count[MLP_CELL_FITS] + v->count[MLP_CELL_WRONG];
}

/* A value against the one before it, by number where the type has them, else by bytes. */
static int compare_last(const struct mlp_rule *rule, const struct mlp_column_view *v, size_t r,
                        const struct mlp_rule_state *s)
{
    if (!rule->numbers)
        return mlp_str_cmp(mlp_cell_str(&v->cell[r]), mlp_buf_str(&s->last_text));
    return (v->value[r] > s->last) - (v->value[r] < s->last);
}

static size_t mark_order(const struct mlp_rule *rule, const struct mlp_column_view *v,
                         struct mlp_rule_state *s, struct mlp_err *e)
{
    size_t failed = 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = 0;
        if (v->state[r] != MLP_CELL_FITS)
            continue;
        if (s->started) {
            int way = compare_last(rule, v, r, s) * rule->direction;
            v->fails[r] = rule->sequential ? v->value[r] != s->last + 1
                                           : way < 0 || (way == 0 && rule->exclusive);
            failed += v->fails[r];
        } else {
            mlp_buf_init(&s->last_text, TEXT_MOST);
        }
        s->started = true;
        s->last = v->value[r];
        if (!rule->numbers) {
            mlp_buf_reset(&s->last_text);
            mlp_buf_addstr(&s->last_text, mlp_cell_str(&v->cell[r]));
            if (s->last_text.failed)
                mlp_err_nomem(e);
        }
    }
    return failed;
}

/* Characters, not bytes: continuation bytes do not count. */
size_t mlp_text_length(struct mlp_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static bool length_holds(const struct mlp_rule *rule, struct mlp_str s)
{
    return number_in_range(rule, (double)mlp_text_length(s));
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

static size_t mark_reads(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    size_t failed = 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = v->state[r] == MLP_CELL_FITS &&
                      !mlp_field_holds(rule->field, mlp_cell_str(&v->cell[r]));
        failed += v->fails[r];
    }
    return failed;
}

/* Rules about the text of a cell. */
static size_t mark_text(const struct mlp_rule *rule, const struct mlp_column_view *v,
                        const struct mlp_matcher *m)
{
    switch (rule->kind) {
    case MLP_RULE_LENGTH: return mark_length(rule, v);
    case MLP_RULE_READS: return mark_reads(rule, v);
    case MLP_RULE_FORMAT: return mark_format(rule, v);
    default: return mark_regex(rule, v, m);
    }
}

size_t mlp_rule_mark(const struct mlp_rule *rule, const struct mlp_column_view *v,
                     const struct mlp_matcher *m, struct mlp_rule_state *state,
                     struct mlp_err *e)
{
    switch (rule->kind) {
    case MLP_RULE_REQUIRED: return mark_state(v, MLP_CELL_ABSENT);
    case MLP_RULE_TYPE: return mark_state(v, MLP_CELL_WRONG);
    case MLP_RULE_NULL: return mlp_rule_mark_present(v);
    case MLP_RULE_MIN: return mark_min(rule, v);
    case MLP_RULE_MAX: return mark_max(rule, v);
    case MLP_RULE_RANGE: return mark_range(rule, v);
    case MLP_RULE_FINITE: return mark_infinite(v);
    case MLP_RULE_IN:
    case MLP_RULE_NOT_IN: return mark_set(rule, v);
    case MLP_RULE_ORDER: return mark_order(rule, v, state, e);
    case MLP_RULE_CELL_SCHEMA: return mlp_rule_mark_cell_schema(rule, v, state, e);
    case MLP_RULE_UNIQUE: return mark_unique(v, &state->hashes, e);
    default: return mark_text(rule, v, m);
    }
}
