/* expr.h: row expressions of rules: 'status == "paid"', 'start <= end and amount > 0'.
 *
 *     or      = and { "or" and }                    comparison = sum [ op sum ]
 *     and     = not { "and" not }                              | sum ["not"] "in" list
 *     not     = [ "not" ] comparison                           | sum ["not"] "match" text
 *     op      = "==" "!=" "<" "<=" ">" ">="                    | sum "is" ["not"] "null"
 *     sum     = product { "+" | "-" product }       list       = "[" literal { "," literal } "]"
 *     product = sign { "*" | "/" | "%" sign }       sign       = [ "-" ] value
 *     value   = number | text | "null" | "true" | "false" | column | call | "(" or ")"
 *     call    = name "(" [ or { "," or } ] ")"
 *
 * A column is a name, in `backquotes` when it is no word. Texts stand in "..." or '...', the quote
 * doubled inside. 90s, 5m, 24h, 7d are seconds. Functions: length lower upper trim abs floor ceil
 * round sqrt ln number year month day weekday now starts ends contains coalesce least greatest.
 *
 * Values are numbers, times, booleans, texts or null. Columns with a declared type have it; others
 * are texts that become what they are compared with, numbers among each other where both are. What
 * is null makes the result null, as in SQL; `and`, `or`, `is null` and coalesce know better. A text
 * that is no number where one is needed, and a division by zero, make the result "wrong", which is
 * neither true nor null. There are no loops, no definitions and no effects: an expression of n
 * nodes costs n steps a row. */
#ifndef MLP_RULE_EXPR_H
#define MLP_RULE_EXPR_H

#include "rule/rule.h"

struct mlp_expr;

/* Parses text into the arena. MLP_EINPUT tells the character, what was found and what could stand
 * there. Regular expressions are compiled: mlp_expr_fini frees them. */
enum mlp_code mlp_expr_parse(struct mlp_str text, struct mlp_arena *a, struct mlp_expr **out,
                             struct mlp_err *e);
void mlp_expr_fini(struct mlp_expr *x);

/* The columns that it names, each once. */
size_t mlp_expr_ncolumns(const struct mlp_expr *x);
struct mlp_str mlp_expr_column(const struct mlp_expr *x, size_t i);

enum mlp_truth { MLP_FALSE, MLP_TRUE, MLP_NULL, MLP_WRONG };

/* Where a column of an expression is in the batch, and its declared type. */
struct mlp_expr_place {
    size_t index;
    enum mlp_rule_type type;
};

struct mlp_matcher;

/* What evaluation needs besides the rows: a place for each column, what matches regular
 * expressions, and the seconds since 1970 that now() gives. */
struct mlp_expr_context {
    const struct mlp_expr_place *places;
    const struct mlp_matcher *matcher;
    double now;
};

/* The truth of every row of a batch; rows that are not well formed are MLP_NULL. Takes memory from
 * the batch's arena. */
enum mlp_code mlp_expr_eval(const struct mlp_expr *x, const struct mlp_expr_context *c,
                            const struct mlp_batch *b, uint8_t *truth, struct mlp_err *e);

/* "90s", "5m", "24h", "7d", "2w" in seconds; NaN for anything else. */
double mlp_expr_seconds(struct mlp_str text);

#endif
