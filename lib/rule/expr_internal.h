/* expr_internal.h: the tree of an expression, between its parser and its evaluation. */
#ifndef MLP_RULE_EXPR_INTERNAL_H
#define MLP_RULE_EXPR_INTERNAL_H

#include "rule/expr.h"
#include "rule/internal.h"

enum mlp_ex_op {
    MLP_EX_CONSTANT, MLP_EX_COLUMN, MLP_EX_CALL,
    MLP_EX_OR, MLP_EX_AND, MLP_EX_NOT, MLP_EX_NEGATE,
    MLP_EX_EQ, MLP_EX_NE, MLP_EX_LT, MLP_EX_LE, MLP_EX_GT, MLP_EX_GE,
    MLP_EX_ADD, MLP_EX_SUB, MLP_EX_MUL, MLP_EX_DIV, MLP_EX_MOD,
    MLP_EX_IN, MLP_EX_MATCH, MLP_EX_IS_NULL
};

/* What a value is. ANY: a text that becomes what it meets. */
enum mlp_ex_kind { MLP_EX_NULL, MLP_EX_WRONG, MLP_EX_BOOL, MLP_EX_NUMBER, MLP_EX_TIME, MLP_EX_TEXT,
                   MLP_EX_ANY };

struct mlp_ex_value {
    enum mlp_ex_kind kind;
    double number;                /* and bool, and seconds since 1970 */
    struct mlp_str text;
};

struct mlp_ex_function;

struct mlp_ex_node {
    enum mlp_ex_op op;
    struct mlp_ex_node *arg, *next; /* operands are a list */
    struct mlp_ex_value value;      /* of a constant */
    size_t column;                  /* index among the expression's columns */
    const struct mlp_ex_function *function;
    struct mlp_regex regex;
};

/* A function over the values of one row. */
struct mlp_ex_function {
    const char *name;
    unsigned least, most;         /* how many arguments */
    struct mlp_ex_value (*call)(const struct mlp_ex_value *args, size_t n, struct mlp_arena *a,
                                double now);
};
/* NULL for an unknown name. */
const struct mlp_ex_function *mlp_ex_function_find(struct mlp_str name);
/* All names in a row, for messages. */
void mlp_ex_function_names(struct mlp_buf *b);

/* A value as a number: numbers, and texts that are one; else WRONG. Null stays null. */
struct mlp_ex_value mlp_ex_number(struct mlp_ex_value v);
struct mlp_ex_value mlp_ex_time(struct mlp_ex_value v);

/* Arithmetic and order of two values: op is ADD .. MOD or EQ .. GE. */
struct mlp_ex_value mlp_ex_arith(enum mlp_ex_op op, struct mlp_ex_value a, struct mlp_ex_value b);
struct mlp_ex_value mlp_ex_compare(enum mlp_ex_op op, struct mlp_ex_value a,
                                   struct mlp_ex_value b);

#define MLP_EX_DEPTH 64
#define MLP_EX_NODES 4096
#define MLP_EX_ARGS 16

struct mlp_expr {
    struct mlp_ex_node *root;
    struct mlp_arena *arena;
    struct mlp_vec columns;       /* of struct mlp_str */
    struct mlp_vec regexes;       /* of struct mlp_regex */
};

#endif
