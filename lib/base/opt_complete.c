/* Completion scripts for bash, zsh and fish, from the option tables. */
#include "base/opt.h"

/* Shell function names take no dashes. */
static void add_identifier(struct mlp_buf *b, const char *name)
{
    for (; *name; name++)
        mlp_buf_addc(b, *name == '-' ? '_' : *name);
}

/* Text inside single quotes of any of the three shells. */
static void add_quoted(struct mlp_buf *b, const char *text, const char *also)
{
    for (; *text; text++) {
        if (*text == '\'')
            mlp_buf_adds(b, "'\\''");
        else if (also && strchr(also, *text))
            mlp_buf_addf(b, "\\%c", *text);
        else
            mlp_buf_addc(b, *text);
    }
}

static void add_words(struct mlp_buf *b, const char *choices)
{
    for (; *choices; choices++)
        mlp_buf_addc(b, *choices == '|' ? ' ' : *choices);
}

static bool is_default(const struct mlp_program *p, const struct mlp_verb *v)
{
    return p->default_verb && strcmp(p->default_verb, v->name) == 0;
}

/* ---- bash */

static void bash_verb(struct mlp_buf *b, const struct mlp_program *p, const struct mlp_verb *v)
{
    const char *others = is_default(p, v) ? "|*" : "";
    mlp_buf_addf(b, "    %s%s)\n        case \"$prev\" in\n", v->name, others);
    for (const struct mlp_opt *o = v->opts; o && o->name; o++) {
        if (o->kind != MLP_OPT_CHOICE && o->kind != MLP_OPT_DIR)
            continue;
        mlp_buf_addf(b, "        --%s", o->name);
        if (o->letter)
            mlp_buf_addf(b, "|-%c", o->letter);
        mlp_buf_adds(b, ") mapfile -t COMPREPLY < <(compgen -");
        if (o->kind == MLP_OPT_DIR) {
            mlp_buf_adds(b, "d");
        } else {
            mlp_buf_adds(b, "W '");
            add_words(b, o->choices);
            mlp_buf_addc(b, '\'');
        }
        mlp_buf_adds(b, " -- \"$cur\"); return ;;\n");
    }
    mlp_buf_adds(b, "        esac\n        opts='--help");
    for (const struct mlp_opt *o = v->opts; o && o->name; o++)
        mlp_buf_addf(b, " --%s", o->name);
    mlp_buf_adds(b, "' ;;\n");
}

static void bash(const struct mlp_program *p, struct mlp_buf *b)
{
    mlp_buf_addf(b, "# bash completion, made by `%s --generate bash`\n_", p->name);
    add_identifier(b, p->name);
    mlp_buf_adds(b, "() {\n    local cur=${COMP_WORDS[COMP_CWORD]}\n"
                    "    local prev=${COMP_WORDS[COMP_CWORD-1]} opts=\n    local verbs='");
    for (size_t i = 0; p->verbs[i]; i++)
        mlp_buf_addf(b, "%s%s", i ? " " : "", p->verbs[i]->name);
    mlp_buf_adds(b, "'\n    COMPREPLY=()\n    case \"${COMP_WORDS[1]}\" in\n");
    /* The default verb also matches everything else, so it goes last. */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; p->verbs[i]; i++)
            if (is_default(p, p->verbs[i]) == (pass == 1))
                bash_verb(b, p, p->verbs[i]);
    mlp_buf_adds(b,
                 "    esac\n"
                 "    if [[ $cur == -* ]]; then\n"
                 "        mapfile -t COMPREPLY < <(compgen -W \"$opts\" -- \"$cur\")\n"
                 "    elif ((COMP_CWORD == 1)); then\n"
                 "        mapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$cur\"; "
                 "compgen -f -- \"$cur\")\n"
                 "    else\n"
                 "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                 "    fi\n"
                 "}\n"
                 "complete -o filenames -F _");
    add_identifier(b, p->name);
    mlp_buf_addf(b, " %s\n", p->name);
}

/* ---- zsh */

static void zsh_action(struct mlp_buf *b, const struct mlp_opt *o)
{
    mlp_buf_adds(b, ":");
    add_quoted(b, o->value, ":[]");
    switch (o->kind) {
    case MLP_OPT_FILE: mlp_buf_adds(b, ":_files"); break;
    case MLP_OPT_DIR: mlp_buf_adds(b, ":_files -/"); break;
    case MLP_OPT_CHOICE:
        mlp_buf_adds(b, ":(");
        add_words(b, o->choices);
        mlp_buf_adds(b, ")");
        break;
    default: mlp_buf_adds(b, ":"); break;
    }
}

static void zsh_option(struct mlp_buf *b, const struct mlp_opt *o)
{
    mlp_buf_addf(b, " \\\n            '%s--%s%s[", o->many ? "*" : "", o->name,
                 o->kind == MLP_OPT_FLAG ? "" : "=");
    add_quoted(b, o->help, "[]");
    mlp_buf_adds(b, "]");
    if (o->kind != MLP_OPT_FLAG)
        zsh_action(b, o);
    mlp_buf_addc(b, '\'');
}

static void zsh(const struct mlp_program *p, struct mlp_buf *b)
{
    mlp_buf_addf(b, "#compdef %s\n# made by `%s --generate zsh`\n\nlocal -a verbs\nverbs=(\n",
                 p->name, p->name);
    for (size_t i = 0; p->verbs[i]; i++) {
        mlp_buf_addf(b, "    '%s:", p->verbs[i]->name);
        add_quoted(b, p->verbs[i]->summary, ":");
        mlp_buf_adds(b, "'\n");
    }
    mlp_buf_adds(b, ")\nif (( CURRENT == 2 )); then\n    _describe verb verbs\n    _files\n"
                    "    return\nfi\ncase $words[2] in\n");
    for (size_t i = 0; p->verbs[i]; i++) {
        mlp_buf_addf(b, "    %s)\n        _arguments", p->verbs[i]->name);
        for (const struct mlp_opt *o = p->verbs[i]->opts; o && o->name; o++)
            zsh_option(b, o);
        mlp_buf_adds(b, " \\\n            '--help[this text]' '*:file:_files' ;;\n");
    }
    mlp_buf_adds(b, "esac\n");
}

/* ---- fish */

static void fish_option(struct mlp_buf *b, const struct mlp_program *p, const struct mlp_verb *v,
                        const struct mlp_opt *o)
{
    mlp_buf_addf(b, "complete -c %s", p->name);
    if (!is_default(p, v))
        mlp_buf_addf(b, " -n '__fish_seen_subcommand_from %s'", v->name);
    mlp_buf_addf(b, " -l %s", o->name);
    if (o->letter)
        mlp_buf_addf(b, " -s %c", o->letter);
    if (o->kind == MLP_OPT_CHOICE) {
        mlp_buf_adds(b, " -x -a '");
        add_words(b, o->choices);
        mlp_buf_adds(b, "'");
    } else if (o->kind != MLP_OPT_FLAG) {
        mlp_buf_adds(b, o->kind == MLP_OPT_FILE || o->kind == MLP_OPT_DIR ? " -r" : " -x");
    }
    mlp_buf_adds(b, " -d '");
    /* fish escapes a quote inside quotes with a backslash. */
    for (const char *t = o->help; *t; t++)
        mlp_buf_addf(b, *t == '\'' || *t == '\\' ? "\\%c" : "%c", *t);
    mlp_buf_adds(b, "'\n");
}

static void fish(const struct mlp_program *p, struct mlp_buf *b)
{
    mlp_buf_addf(b, "# fish completion, made by `%s --generate fish`\n", p->name);
    for (size_t i = 0; p->verbs[i]; i++) {
        mlp_buf_addf(b, "complete -c %s -n __fish_use_subcommand -a %s -d '", p->name,
                     p->verbs[i]->name);
        for (const char *t = p->verbs[i]->summary; *t; t++)
            mlp_buf_addf(b, *t == '\'' || *t == '\\' ? "\\%c" : "%c", *t);
        mlp_buf_adds(b, "'\n");
    }
    for (size_t i = 0; p->verbs[i]; i++)
        for (const struct mlp_opt *o = p->verbs[i]->opts; o && o->name; o++)
            fish_option(b, p, p->verbs[i], o);
}

bool mlp_opt_completion(const struct mlp_program *p, const char *shell, struct mlp_buf *out)
{
    if (strcmp(shell, "bash") == 0)
        bash(p, out);
    else if (strcmp(shell, "zsh") == 0)
        zsh(p, out);
    else if (strcmp(shell, "fish") == 0)
        fish(p, out);
    else
        return false;
    return true;
}
