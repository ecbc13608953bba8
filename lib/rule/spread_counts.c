/* spread_counts.c: what the counts of a column's values come to. */
#include "rule/spread.h"

#include <math.h>

#define FORMS_BYTES ((size_t)256 << 20)

/* The text of a key of mlp_wide_key. */
static struct mlp_str text_of(struct mlp_str key)
{
    size_t colon = mlp_str_find(key, ':');
    return colon < key.n ? (struct mlp_str){key.p + colon + 1, key.n - colon - 1}
                         : (struct mlp_str){"", 0};
}

/* Shannon 1948, with the natural logarithm. */
static double entropy(const struct mlp_spread_state *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->counts.n; i++) {
        double p = (double)s->counts.entries[i].value / (double)s->n;
        sum -= p * log(p);
    }
    return s->n ? sum : NAN;
}

static double count_share(const struct mlp_spread_state *s, bool once, double whole)
{
    size_t n = 0;
    for (size_t i = 0; i < s->counts.n; i++)
        n += (s->counts.entries[i].value == 1) == once;
    return whole > 0 ? (double)n / whole : NAN;
}

static double balance(const struct mlp_spread_state *s)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < s->counts.n; i++) {
        uint64_t n = s->counts.entries[i].value;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    return most ? (double)least / (double)most : NAN;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* Letters and digits in lower case; other bytes of ASCII are signs, those beyond stay. */
static void plain_form(struct mlp_str text, struct mlp_buf *out)
{
    mlp_buf_reset(out);
    for (size_t i = 0; i < text.n; i++) {
        char c = lower(text.p[i]);
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        if (letter || digit || (unsigned char)c >= 0x80)
            mlp_buf_addc(out, c);
    }
}

static enum mlp_code spellings(const struct mlp_spread_state *s, double *value, struct mlp_err *e)
{
    struct mlp_map forms;
    struct mlp_buf form;
    bool whole = true;
    uint64_t most = 0;
    mlp_map_init(&forms, 0, FORMS_BYTES);
    mlp_buf_init(&form, FORMS_BYTES);
    for (size_t i = 0; i < s->counts.n && whole; i++) {
        struct mlp_str key = s->counts.entries[i].key;
        if (key.p[0] != 't')
            continue;
        plain_form(text_of(key), &form);
        uint64_t *n = form.failed ? NULL : mlp_map_put(&forms, mlp_buf_str(&form), NULL);
        whole = n != NULL;
        if (n && form.n && ++*n > most)
            most = *n;
    }
    mlp_map_fini(&forms);
    mlp_buf_fini(&form);
    *value = (double)most;
    return whole ? MLP_OK : mlp_err_nomem(e);
}

static bool means_missing(struct mlp_str text)
{
    static const char *const words[] = {"null", "nan", "none", "na", "n/a", "nil", "missing",
                                        "undefined", "unknown", "-", "--", "?", "", NULL};
    for (size_t i = 0; words[i]; i++) {
        size_t k = 0;
        while (k < text.n && words[i][k] && lower(text.p[k]) == words[i][k])
            k++;
        if (k == text.n && !words[i][k])
            return true;
    }
    return false;
}

static double null_spellings(const struct mlp_spread_state *s)
{
    size_t n = s->absent > 0;
    for (size_t i = 0; i < s->counts.n; i++)
        n += means_missing(text_of(s->counts.entries[i].key));
    return (double)n;
}

enum mlp_code mlp_spread_counted(enum mlp_spread_op op, const struct mlp_spread_state *s,
                                 double *value, struct mlp_err *e)
{
    switch (op) {
    case MLP_SPREAD_ENTROPY: *value = entropy(s); break;
    case MLP_SPREAD_SINGLES: *value = count_share(s, true, (double)s->n); break;
    case MLP_SPREAD_UNREPEATED: *value = count_share(s, true, (double)s->counts.n); break;
    case MLP_SPREAD_REPEATED: *value = count_share(s, false, (double)s->counts.n); break;
    case MLP_SPREAD_DUPLICATES: *value = count_share(s, false, 1); break;
    case MLP_SPREAD_DUPLICATE_SHARE:
        *value = s->n + s->absent ? count_share(s, false, (double)(s->n + s->absent)) : 0;
        break;
    case MLP_SPREAD_COPIES: *value = (double)(s->n - s->counts.n); break;
    case MLP_SPREAD_COPY_SHARE:
        *value = s->n ? (double)(s->n - s->counts.n) / (double)s->n : 0;
        break;
    case MLP_SPREAD_BALANCE: *value = balance(s); break;
    case MLP_SPREAD_NULL_SPELLINGS: *value = null_spellings(s); break;
    default: return spellings(s, value, e);
    }
    return MLP_OK;
}
