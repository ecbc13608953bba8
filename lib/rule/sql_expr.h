/* sql_expr.h: conditions of SQL, as other tools' rules have them, said as expressions of rules.
 *
 *     or        = and { OR and }                    and = not { AND not }
 *     not       = [ NOT ] predicate
 *     predicate = sum [ op sum | IS [NOT] NULL | [NOT] IN (list) | [NOT] BETWEEN sum AND sum
 *                     | [NOT] LIKE text | [NOT] ILIKE text | [NOT] RLIKE text | ~ text ]
 *     op        = "=" "==" "<>" "!=" "<" "<=" ">" ">="
 *     value     = number | 'text' | name | "name" | `name` | [name] | call | "(" or ")" | DATE
 *                 'text' | TIMESTAMP 'text' | INTERVAL 'n unit' | NULL | TRUE | FALSE | $(name)
 *
 * Calls are length (and its other names), lower, upper, trim, abs, floor, ceil, round, sqrt, ln,
 * coalesce, year, month, day, now, current_timestamp, starts_with, ends_with, contains and
 * regexp_like. There are no subqueries, casts, CASE and names with a table: they are refused with
 * their place, as every word that is not known. SQL's null and the language's are the same. */
#ifndef MLP_RULE_SQL_EXPR_H
#define MLP_RULE_SQL_EXPR_H

#include "base/buf.h"

/* Why a condition cannot be said: at is the character from 1. */
struct mlp_sql_fault {
    size_t at;
    char words[200];
};

/* Appends the expression, in brackets. False with *fault filled in. A failure of out is out's. */
bool mlp_sql_expr(struct mlp_str sql, struct mlp_buf *out, struct mlp_sql_fault *fault);

/* ---- pieces of expressions, for readers: names, texts and patterns as the language quotes them */

void mlp_expr_add_name(struct mlp_buf *out, struct mlp_str name);
void mlp_expr_add_text(struct mlp_buf *out, struct mlp_str text);
/* Appends a regular expression that matches what is like the pattern of SQL's LIKE. */
void mlp_expr_add_like(struct mlp_buf *out, struct mlp_str pattern, bool any_case);

#endif
