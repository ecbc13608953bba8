#include "base/opt.h"

#include <errno.h>
#include <stdlib.h>

/* Multiplies a number by the unit that follows it; units is pairs of text and factor. */
struct unit {
    const char *text;
    double factor;
};

static const struct unit size_units[] = {
    {"", 1}, {"K", 1024}, {"M", 1048576}, {"G", 1073741824}, {NULL, 0},
};
static const struct unit second_units[] = {
    {"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0},
};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static bool with_unit(const char *text, const struct unit *units, double *number)
{
    bool may_be_negative = units == no_units;
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    if (end == text || errno || !(*number >= -1e300 && *number <= 1e300) ||
        (*number < 0 && !may_be_negative))
        return false;
    for (; units->text; units++) {
        if (strcmp(end, units->text) == 0) {
            *number *= units->factor;
            return true;
        }
    }
    return false;
}

static bool is_choice(const char *choices, const char *text)
{
    struct mlp_str rest = mlp_str_from(choices), part;
    while (mlp_str_split(&rest, '|', &part))
        if (mlp_str_is(part, text))
            return true;
    return false;
}

/* What the kind expects, when text is not that; NULL when it is. */
static const char *expectation(const struct mlp_opt *o, const char *text, double *number)
{
    uint64_t integer = 0;
    bool fits = true;
    switch (o->kind) {
    case MLP_OPT_INT:
        fits = mlp_str_u64(mlp_str_from(text), &integer) && integer <= (uint64_t)1 << 53;
        *number = (double)integer;
        return fits ? NULL : "a whole number";
    case MLP_OPT_NUMBER:
        return with_unit(text, no_units, number) ? NULL : "a number";
    case MLP_OPT_SIZE:
        fits = with_unit(text, size_units, number);
        return fits ? NULL : "a size such as 64M or 2G";
    case MLP_OPT_SECONDS:
        fits = with_unit(text, second_units, number);
        return fits ? NULL : "a duration such as 500ms, 10s or 5m";
    case MLP_OPT_CHOICE:
        return is_choice(o->choices, text) ? NULL : o->choices;
    default:
        return NULL;
    }
}

enum mlp_code mlp_opt_convert(const struct mlp_opt *o, const char *text, double *number,
                              struct mlp_err *e)
{
    *number = 0;
    const char *want = expectation(o, text, number);
    bool choice = o->kind == MLP_OPT_CHOICE;
    return want ? mlp_err_set(e, MLP_EUSAGE, "--%s: \"%s\" is not %s%s", o->name, text,
                              choice ? "one of " : "", want)
                : MLP_OK;
}

static int find_long(const struct mlp_opt *opts, struct mlp_str name)
{
    for (int i = 0; opts && opts[i].name; i++)
        if (mlp_str_is(name, opts[i].name))
            return i;
    return -1;
}

static int find_letter(const struct mlp_opt *opts, char letter)
{
    for (int i = 0; opts && opts[i].name; i++)
        if (opts[i].letter && opts[i].letter == letter)
            return i;
    return -1;
}

#define MOST_OPTIONS 64

static enum mlp_code unknown_long(const struct mlp_cmd *cmd, struct mlp_str name,
                                  struct mlp_err *e)
{
    const char *names[MOST_OPTIONS + 1];
    int n = 0;
    for (; cmd->verb->opts && cmd->verb->opts[n].name && n < MOST_OPTIONS; n++)
        names[n] = cmd->verb->opts[n].name;
    names[n] = NULL;
    int near = mlp_str_closest(name, names);
    mlp_err_set(e, MLP_EUSAGE, "unknown option --%.*s", MLP_STR_ARG(name));
    if (near >= 0)
        return mlp_err_hint(e, "did you mean --%s?", names[near]);
    return mlp_err_hint(e, "%s %s --help lists the options", cmd->program->name, cmd->verb->name);
}

/* The words of the command line; `at` is the one being looked at. */
struct words {
    int n, at;
    char **argv;
};

/* Records one option; value is what stood after '=' or the letter, or NULL. */
static enum mlp_code accept(struct mlp_cmd *cmd, int opt, const char *value, struct words *w,
                            struct mlp_err *e)
{
    const struct mlp_opt *o = &cmd->verb->opts[opt];
    if (o->kind == MLP_OPT_FLAG && value)
        return mlp_err_set(e, MLP_EUSAGE, "--%s takes no value", o->name);
    if (o->kind != MLP_OPT_FLAG && !value) {
        if (w->at + 1 >= w->n)
            return mlp_err_set(e, MLP_EUSAGE, "--%s needs a value: %s", o->name, o->value);
        value = w->argv[++w->at];
    }
    for (size_t k = 0; k < cmd->nvalues; k++)
        if (cmd->values[k].opt == opt && !o->many && o->kind != MLP_OPT_FLAG)
            return mlp_err_set(e, MLP_EUSAGE, "--%s is given twice", o->name);
    struct mlp_optval *v = &cmd->values[cmd->nvalues++];
    *v = (struct mlp_optval){.opt = opt, .text = value};
    return value ? mlp_opt_convert(o, value, &v->number, e) : MLP_OK;
}

static enum mlp_code parse_long(struct mlp_cmd *cmd, struct words *w, struct mlp_err *e)
{
    struct mlp_str word = mlp_str_from(w->argv[w->at] + 2);
    size_t equals = mlp_str_find(word, '=');
    struct mlp_str name = {word.p, equals};
    int opt = find_long(cmd->verb->opts, name);
    if (opt < 0)
        return unknown_long(cmd, name, e);
    return accept(cmd, opt, equals < word.n ? word.p + equals + 1 : NULL, w, e);
}

/* Letters may be bundled: -qv; the first that takes a value takes the rest: -j2. */
static enum mlp_code parse_letters(struct mlp_cmd *cmd, struct words *w, struct mlp_err *e)
{
    const char *p = w->argv[w->at] + 1;
    int word = w->at;
    while (*p && w->at == word) {
        int opt = find_letter(cmd->verb->opts, *p);
        if (opt < 0) {
            mlp_err_set(e, MLP_EUSAGE, "unknown option -%c", *p);
            return mlp_err_hint(e, "%s %s --help lists the options", cmd->program->name,
                                cmd->verb->name);
        }
        bool flag = cmd->verb->opts[opt].kind == MLP_OPT_FLAG;
        const char *rest = !flag && p[1] ? p + 1 : NULL;
        enum mlp_code code = accept(cmd, opt, rest, w, e);
        if (code != MLP_OK)
            return code;
        if (rest)
            return MLP_OK;
        p++;
    }
    return MLP_OK;
}

static enum mlp_code check_operands(const struct mlp_cmd *cmd, struct mlp_err *e)
{
    const struct mlp_verb *v = cmd->verb;
    if (cmd->noperands < v->min_operands)
        mlp_err_set(e, MLP_EUSAGE, "missing operand: %s %s %s", cmd->program->name, v->name,
                    v->operands);
    else if (v->max_operands >= 0 && cmd->noperands > v->max_operands)
        mlp_err_set(e, MLP_EUSAGE, "unexpected operand \"%s\"", cmd->operands[v->max_operands]);
    else
        return MLP_OK;
    return mlp_err_hint(e, "%s %s --help shows how to call it", cmd->program->name, v->name);
}

enum mlp_code mlp_opt_parse(struct mlp_cmd *cmd, int argc, char **argv, struct mlp_err *e)
{
    size_t letters = 0;
    for (int i = 0; i < argc; i++)
        letters += strlen(argv[i]) + 1;
    cmd->values = calloc(letters + 1, sizeof *cmd->values);
    cmd->operands = calloc((size_t)argc + 1, sizeof *cmd->operands);
    if (!cmd->values || !cmd->operands)
        return mlp_err_nomem(e);
    enum mlp_code code = MLP_OK;
    bool only_operands = false;
    struct words w = {.n = argc, .argv = argv};
    for (; w.at < argc && code == MLP_OK; w.at++) {
        const char *word = argv[w.at];
        if (only_operands || word[0] != '-' || word[1] == '\0')
            cmd->operands[cmd->noperands++] = word;
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (word[1] == '-')
            code = parse_long(cmd, &w, e);
        else
            code = parse_letters(cmd, &w, e);
    }
    return code == MLP_OK ? check_operands(cmd, e) : code;
}

static const struct mlp_optval *find_value(const struct mlp_cmd *cmd, int opt)
{
    for (size_t i = cmd->nvalues; i-- > 0;)
        if (cmd->values[i].opt == opt)
            return &cmd->values[i];
    return NULL;
}

bool mlp_opt_given(const struct mlp_cmd *cmd, int opt)
{
    return find_value(cmd, opt) != NULL;
}

bool mlp_opt_flag(const struct mlp_cmd *cmd, int opt)
{
    return mlp_opt_given(cmd, opt);
}

const char *mlp_opt_text(const struct mlp_cmd *cmd, int opt)
{
    const struct mlp_optval *v = find_value(cmd, opt);
    return v ? v->text : cmd->verb->opts[opt].fallback;
}

double mlp_opt_number(const struct mlp_cmd *cmd, int opt, double otherwise)
{
    const struct mlp_optval *v = find_value(cmd, opt);
    double number;
    if (v)
        return v->number;
    const struct mlp_opt *o = &cmd->verb->opts[opt];
    if (o->fallback && mlp_opt_convert(o, o->fallback, &number, NULL) == MLP_OK)
        return number;
    return otherwise;
}

int64_t mlp_opt_int(const struct mlp_cmd *cmd, int opt, int64_t otherwise)
{
    return (int64_t)mlp_opt_number(cmd, opt, (double)otherwise);
}

const char *mlp_opt_nth(const struct mlp_cmd *cmd, int opt, size_t n)
{
    for (size_t i = 0; i < cmd->nvalues; i++)
        if (cmd->values[i].opt == opt && n-- == 0)
            return cmd->values[i].text;
    return NULL;
}

const char *mlp_operand(const struct mlp_cmd *cmd, int i, const char *otherwise)
{
    return i < cmd->noperands ? cmd->operands[i] : otherwise;
}
