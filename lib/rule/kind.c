/* kind.c: what the values of a column are as a whole. */
#include "rule/internal.h"

#include "text/num.h"

const char *const mlp_kind_names[] = {"none", "int", "float", "text", NULL};

static bool fits_int64(struct mlp_str digits, bool negative)
{
    static const char most[] = "9223372036854775807", least[] = "9223372036854775808";
    while (digits.n > 1 && digits.p[0] == '0')
        digits = (struct mlp_str){digits.p + 1, digits.n - 1};
    return digits.n < 19 || (digits.n == 19 && memcmp(digits.p, negative ? least : most, 19) <= 0);
}

/* White space around a number counts for nothing. A whole number beyond 64 bits is a text. */
enum mlp_kind mlp_kind_of(struct mlp_str text)
{
    double x;
    struct mlp_str s = mlp_str_trim(text), digits = s;
    size_t n = 0;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        digits = (struct mlp_str){s.p + 1, s.n - 1};
    while (n < digits.n && digits.p[n] >= '0' && digits.p[n] <= '9')
        n++;
    if (n && n == digits.n)
        return fits_int64(digits, s.p[0] == '-') ? MLP_KIND_INT : MLP_KIND_TEXT;
    return mlp_num_f64(s, &x) ? MLP_KIND_FLOAT : MLP_KIND_TEXT;
}

void mlp_kind_add(enum mlp_kind *kind, const struct mlp_column_view *v)
{
    for (size_t r = 0; r < v->n && *kind != MLP_KIND_TEXT; r++) {
        if (v->state[r] == MLP_CELL_ABSENT || v->state[r] == MLP_CELL_BAD)
            continue;
        enum mlp_kind one = mlp_kind_of(mlp_cell_str(&v->cell[r]));
        *kind = one > *kind ? one : *kind;
    }
}
