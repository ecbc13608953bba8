/* What every program's main() does: choose the verb, parse, run, tell, check stdout. */
#include "base/file.h"
#include "base/opt.h"

#include <errno.h>
#include <stdlib.h>

#ifndef MLP_VERSION
#define MLP_VERSION "0"
#endif

#define TEXT_MAX ((size_t)1 << 20)
#define MOST_VERBS 32

const char *mlp_version(void)
{
    return MLP_VERSION;
}

bool mlp_colour(int fd)
{
    const char *term = mlp_os_env("TERM");
    const char *none = mlp_os_env("NO_COLOR");
    return mlp_os_isatty(fd) && !(none && none[0]) && !(term && strcmp(term, "dumb") == 0);
}

static const struct mlp_verb *find_verb(const struct mlp_program *p, const char *name)
{
    for (size_t i = 0; name && p->verbs[i]; i++)
        if (strcmp(p->verbs[i]->name, name) == 0)
            return p->verbs[i];
    return NULL;
}

/* Prints a generated text on stdout. */
static enum mlp_code print_text(struct mlp_buf *text, struct mlp_err *e)
{
    enum mlp_code code = mlp_buf_check(text, e);
    if (code == MLP_OK)
        code = mlp_os_write(1, text->p, text->n, e);
    if (code == MLP_EIO)
        mlp_err_at(e, "<stdout>", 0, 0);
    return code;
}

static enum mlp_code generate(const struct mlp_program *p, const char *what, struct mlp_buf *out,
                              struct mlp_err *e)
{
    if (what && strcmp(what, "man") == 0) {
        mlp_opt_man(p, out);
        return MLP_OK;
    }
    if (what && mlp_opt_completion(p, what, out))
        return MLP_OK;
    return mlp_err_set(e, MLP_EUSAGE, "--generate takes man, bash, zsh or fish");
}

/* --help, --version and --generate work anywhere before "--". True when one of them was served. */
static bool serve_common(const struct mlp_program *p, const struct mlp_verb *verb, int argc,
                         char **argv, struct mlp_err *e)
{
    struct mlp_buf out;
    mlp_buf_init(&out, TEXT_MAX);
    bool served = true;
    const char *word = argc > 1 ? argv[1] : "";
    bool help = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
    if (help)
        mlp_opt_help(p, verb, &out);
    else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        mlp_buf_addf(&out, "%s %s\n", p->name, mlp_version());
    else if (strcmp(word, "--generate") == 0)
        generate(p, argc > 2 ? argv[2] : NULL, &out, e);
    else
        served = false;
    if (served && e->code == MLP_OK)
        print_text(&out, e);
    mlp_buf_fini(&out);
    return served;
}

/* A first word that is no verb is an operand of the default verb, unless it looks like a verb
 * typed wrong and names no file. */
static const struct mlp_verb *choose_default(const struct mlp_program *p, const char *word,
                                             struct mlp_err *e)
{
    const char *names[MOST_VERBS + 1];
    size_t n = 0;
    for (; p->verbs[n] && n < MOST_VERBS; n++)
        names[n] = p->verbs[n]->name;
    names[n] = NULL;
    struct mlp_stat st = {0};
    int near = word && word[0] != '-' ? mlp_str_closest(mlp_str_from(word), names) : -1;
    bool plain = word && word[0] != '-' && !strpbrk(word, "./@:");
    if (p->default_verb && !(plain && near >= 0 && mlp_os_stat(word, false, &st, NULL) == MLP_OK &&
                             !st.exists))
        return find_verb(p, p->default_verb);
    mlp_err_set(e, MLP_EUSAGE, "unknown verb \"%s\"", word ? word : "");
    if (near >= 0)
        mlp_err_hint(e, "did you mean \"%s %s\"?", p->name, names[near]);
    else
        mlp_err_hint(e, "%s --help lists the verbs", p->name);
    return NULL;
}

static enum mlp_code run_verb(struct mlp_cmd *cmd, int argc, char **argv, struct mlp_err *e)
{
    enum mlp_code code = mlp_opt_parse(cmd, argc, argv, e);
    if (code == MLP_OK)
        code = cmd->verb->run(cmd, e);
    free(cmd->values);
    free(cmd->operands);
    return code;
}

/* stdio buffers what verbs print; a full disk or closed pipe shows only here. */
static enum mlp_code check_stdout(enum mlp_code code, struct mlp_err *e)
{
    bool bad = fflush(stdout) != 0 || ferror(stdout);
    if (!bad || e->code != MLP_OK)
        return code;
    mlp_err_sys(e, errno, "cannot write");
    return mlp_err_at(e, "<stdout>", 0, 0);
}

/* The shortest help, for a call without anything: to stderr, and it is a usage error. */
static int short_help(const struct mlp_program *p)
{
    struct mlp_buf out;
    mlp_buf_init(&out, TEXT_MAX);
    mlp_opt_help(p, NULL, &out);
    if (!out.failed)
        mlp_os_write(2, out.p, out.n, NULL);
    mlp_buf_fini(&out);
    return MLP_EUSAGE;
}

int mlp_main(const struct mlp_program *p, int argc, char **argv)
{
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_os_hold_standard();
    mlp_os_ignore_sigpipe();
    if (argc < 2 && (!p->default_verb || mlp_os_isatty(0)))
        return short_help(p);
    struct mlp_cmd cmd = {.program = p, .verb = find_verb(p, argc > 1 ? argv[1] : NULL)};
    int skip = cmd.verb ? 2 : 1;
    enum mlp_code code = MLP_OK;
    if (!serve_common(p, cmd.verb, argc, argv, &e)) {
        if (!cmd.verb)
            cmd.verb = choose_default(p, argc > 1 ? argv[1] : NULL, &e);
        code = cmd.verb ? run_verb(&cmd, argc - skip, argv + skip, &e) : e.code;
    }
    code = check_stdout(e.code > code ? e.code : code, &e);
    if (e.code != MLP_OK && (e.code != MLP_FINDING || e.message[0]))
        mlp_err_print(&e, p->name, stderr);
    return (int)code;
}
