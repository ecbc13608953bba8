/* --help, from the option tables: it fits a screen and ends with an example. */
#include "base/opt.h"

static void add_option(struct mlp_buf *b, const struct mlp_opt *o)
{
    struct mlp_buf left;
    mlp_buf_init(&left, 256);
    if (o->letter)
        mlp_buf_addf(&left, "  -%c, --%s", o->letter, o->name);
    else
        mlp_buf_addf(&left, "      --%s", o->name);
    if (o->kind != MLP_OPT_FLAG)
        mlp_buf_addf(&left, " %s", o->value);
    /* A long left side gets a line of its own. */
    if (left.n > 29)
        mlp_buf_addf(b, "%s\n%32s", left.p, "");
    else
        mlp_buf_addf(b, "%-32s", left.p);
    mlp_buf_adds(b, o->help);
    if (o->kind == MLP_OPT_CHOICE)
        mlp_buf_addf(b, ": %s", o->choices);
    if (o->fallback)
        mlp_buf_addf(b, " (default %s)", o->fallback);
    mlp_buf_addc(b, '\n');
    mlp_buf_fini(&left);
}

/* Names the options that the man page alone tells about. */
static void add_others(const struct mlp_program *p, const struct mlp_opt *o, struct mlp_buf *b)
{
    size_t column = 0;
    mlp_buf_addf(b, "\nothers, in man %s:\n", p->name);
    for (; o->name; o++) {
        size_t n = strlen(o->name) + 3;
        bool fresh = column == 0 || column + n > 78;
        mlp_buf_addf(b, "%s --%s", column == 0 ? " " : fresh ? "\n " : "", o->name);
        column = fresh ? n + 1 : column + n;
    }
    mlp_buf_addc(b, '\n');
}

static void add_verb_help(const struct mlp_program *p, const struct mlp_verb *v, struct mlp_buf *b)
{
    bool is_default = p->default_verb && strcmp(p->default_verb, v->name) == 0;
    mlp_buf_addf(b, "usage: %s %s%s%s [OPTION...]%s%s\n\n%s\n\n", p->name, is_default ? "[" : "",
                 v->name, is_default ? "]" : "", v->operands[0] ? " " : "", v->operands, v->about);
    const struct mlp_opt *o = v->opts;
    for (int i = 0; o && o->name && (i < v->help_opts || !v->help_opts); i++)
        add_option(b, o++);
    mlp_buf_adds(b, "  -h, --help                    this text\n");
    if (o && o->name)
        add_others(p, o, b);
    for (const struct mlp_example *x = v->examples; x && x->words; x++)
        mlp_buf_addf(b, "%s  %s\n", x == v->examples ? "\nexample:\n" : "", x->command);
}

void mlp_opt_help(const struct mlp_program *p, const struct mlp_verb *verb, struct mlp_buf *b)
{
    if (verb) {
        add_verb_help(p, verb, b);
        return;
    }
    mlp_buf_addf(b, "%s: %s\n\nusage: %s VERB [OPTION...] [OPERAND...]\n\n", p->name, p->summary,
                 p->name);
    for (size_t i = 0; p->verbs[i]; i++) {
        bool is_default = p->default_verb && strcmp(p->default_verb, p->verbs[i]->name) == 0;
        mlp_buf_addf(b, "  %-10s %s%s\n", p->verbs[i]->name, p->verbs[i]->summary,
                     is_default ? " (the default)" : "");
    }
    const struct mlp_example *x = p->verbs[0]->examples;
    if (x && x->words)
        mlp_buf_addf(b, "\nexample:\n  %s\n", x->command);
    mlp_buf_addf(b, "\n%s VERB --help tells about a verb; man %s tells all.\n", p->name, p->name);
}
