/* opt.h: one option table per verb, from which everything about options is made.
 *
 * A program is a table of verbs; a verb is a table of options, a synopsis, words, examples and a
 * run function. Parsing, --help, did-you-mean, the man page and the completions for bash, zsh and
 * fish all come from these tables, so that they cannot disagree.
 *
 * Every verb also takes -h/--help, -V/--version, and the program --generate man|bash|zsh|fish. */
#ifndef MLP_BASE_OPT_H
#define MLP_BASE_OPT_H

#include "base/err.h"
#include "base/buf.h"

enum mlp_opt_kind {
    MLP_OPT_FLAG,     /* no value */
    MLP_OPT_TEXT,     /* any text */
    MLP_OPT_FILE,     /* a path: completed as one */
    MLP_OPT_DIR,
    MLP_OPT_INT,      /* decimal integer >= 0 */
    MLP_OPT_NUMBER,   /* decimal number */
    MLP_OPT_SIZE,     /* bytes with optional K, M, G (powers of 1024) */
    MLP_OPT_SECONDS,  /* duration: 90, 500ms, 10s, 5m, 2h, 7d; value in seconds */
    MLP_OPT_CHOICE    /* one of `choices`, separated by '|' */
};

/* One row of a verb's table. The verb's enum of options indexes the table, in the same order. */
struct mlp_opt {
    const char *name;      /* long name without dashes; NULL ends the table */
    char letter;           /* short name, or 0 */
    enum mlp_opt_kind kind;
    const char *value;     /* name of the value in help, "FILE"; NULL for flags */
    const char *help;      /* one line, lower case, no full stop */
    const char *choices;   /* for MLP_OPT_CHOICE */
    const char *fallback;  /* default, as typed; NULL is none */
    bool many;             /* may be repeated */
};

/* An example of the man page: each one is run by the tests in a prepared folder. */
struct mlp_example {
    const char *words;     /* what it does, one sentence; NULL ends the list */
    const char *command;   /* shell text */
};

struct mlp_cmd;

struct mlp_verb {
    const char *name;      /* "check" */
    const char *summary;   /* one line for the list of verbs */
    const char *operands;  /* "[FILE|-]", "NAME@VERSION"; "" when none */
    int min_operands;
    int max_operands;      /* -1: no limit */
    const char *about;     /* a paragraph or more for --help's top and the man page; '\n' breaks */
    const char *const *details; /* more of them, for the man page alone; ends with NULL; may be
                                   NULL */
    int help_opts;         /* of opts, the first so many are told by --help; the others it names.
                              0: all */
    const struct mlp_opt *opts;
    const struct mlp_example *examples;
    enum mlp_code (*run)(struct mlp_cmd *cmd, struct mlp_err *e);
};

struct mlp_program {
    const char *name;       /* "mlp-validate" */
    const char *summary;    /* NAME line of the man page, no full stop */
    const char *about;      /* DESCRIPTION */
    const char *files;      /* FILES and formats, mdoc-free text; may be NULL */
    const char *see_also;   /* "mlp(7), mlp-rules(5)" */
    const struct mlp_verb *const *verbs; /* ends with NULL */
    const char *default_verb; /* verb when the first word is none, or NULL */
};

/* One option as typed, its number checked and converted. */
struct mlp_optval {
    int opt;                /* index into the verb's table */
    const char *text;       /* NULL for flags */
    double number;
};

/* A parsed command line. Strings are borrowed from argv. */
struct mlp_cmd {
    const struct mlp_program *program;
    const struct mlp_verb *verb;
    const char **operands;
    int noperands;
    struct mlp_optval *values; /* one per option given, in the order typed */
    size_t nvalues;
};

/* Runs the program: parses argv, calls the verb, prints the error, flushes stdout and checks it.
 * Returns the exit status. The whole main() of every tool. */
int mlp_main(const struct mlp_program *program, int argc, char **argv);

/* Values by index into the verb's table. The last one given wins; the fallback counts as given.
 * text is NULL when there is neither. The numeric ones were checked while parsing. */
bool mlp_opt_flag(const struct mlp_cmd *cmd, int opt);
const char *mlp_opt_text(const struct mlp_cmd *cmd, int opt);
int64_t mlp_opt_int(const struct mlp_cmd *cmd, int opt, int64_t otherwise);
double mlp_opt_number(const struct mlp_cmd *cmd, int opt, double otherwise);
bool mlp_opt_given(const struct mlp_cmd *cmd, int opt);

/* The i-th value of a repeated option, or NULL past the last. */
const char *mlp_opt_nth(const struct mlp_cmd *cmd, int opt, size_t i);

/* Operand i or, when fewer were given, `otherwise`. */
const char *mlp_operand(const struct mlp_cmd *cmd, int i, const char *otherwise);

/* Generated texts: help of a program or (verb not NULL) of one verb, the man page in mdoc(7), and
 * the completion script for "bash", "zsh" or "fish" (false for another shell). */
void mlp_opt_help(const struct mlp_program *p, const struct mlp_verb *verb, struct mlp_buf *out);
void mlp_opt_man(const struct mlp_program *p, struct mlp_buf *out);
bool mlp_opt_completion(const struct mlp_program *p, const char *shell, struct mlp_buf *out);

/* Parses argv after the verb into cmd, whose program and verb are set. Allocates cmd->values and
 * cmd->operands, which the caller frees. MLP_EUSAGE with did-you-mean. */
enum mlp_code mlp_opt_parse(struct mlp_cmd *cmd, int argc, char **argv, struct mlp_err *e);
/* Converts a value as its kind asks; MLP_EUSAGE says what was expected. */
enum mlp_code mlp_opt_convert(const struct mlp_opt *o, const char *text, double *number,
                              struct mlp_err *e);

/* The suite's version, "0.1.0". */
const char *mlp_version(void);

/* True when words to f may be coloured: f is a terminal, TERM is not dumb, NO_COLOR is unset. */
bool mlp_colour(int fd);

#endif
