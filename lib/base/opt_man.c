/* The man page of a program in mdoc(7), from the option tables. */
#include "base/opt.h"

#define PAGE_DATE "November 23, 2026"

#define COLUMNS 78

/* Backslashes escaped; no line starts with a control character. */
static void add_escaped(struct mlp_buf *b, struct mlp_str s, bool starts_line)
{
    if (starts_line && s.n && (s.p[0] == '.' || s.p[0] == '\''))
        mlp_buf_adds(b, "\\&");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            mlp_buf_adds(b, "\\e");
        else
            mlp_buf_addc(b, s.p[i]);
    }
}

static bool ends_sentence(struct mlp_str word)
{
    while (word.n && (word.p[word.n - 1] == ')' || word.p[word.n - 1] == '"'))
        word.n--;
    return word.n && strchr(".!?", word.p[word.n - 1]) != NULL;
}

/* Words of one paragraph, filled; mdoc wants every sentence to start a line. */
static void add_words(struct mlp_buf *b, struct mlp_str line, size_t *column)
{
    struct mlp_str rest = line, word;
    while (mlp_str_split(&rest, ' ', &word)) {
        if (word.n == 0)
            continue;
        if (*column && *column + 1 + word.n > COLUMNS) {
            mlp_buf_addc(b, '\n');
            *column = 0;
        } else if (*column) {
            mlp_buf_addc(b, ' ');
        }
        add_escaped(b, word, *column == 0);
        *column += word.n + 1;
        if (ends_sentence(word)) {
            mlp_buf_addc(b, '\n');
            *column = 0;
        }
    }
}

/* Running text; a blank line starts a paragraph. */
static void add_text(struct mlp_buf *b, const char *text)
{
    struct mlp_str rest = mlp_str_from(text), line;
    size_t column = 0;
    while (mlp_str_split(&rest, '\n', &line)) {
        line = mlp_str_trim(line);
        if (line.n)
            add_words(b, line, &column);
        if (column && (line.n == 0 || !rest.p))
            mlp_buf_addc(b, '\n');
        if (line.n == 0 || !rest.p)
            column = 0;
        if (line.n == 0)
            mlp_buf_adds(b, ".Pp\n");
    }
}

/* Commands: lines stay as they are. */
static void add_literal(struct mlp_buf *b, const char *text)
{
    struct mlp_str rest = mlp_str_from(text), line;
    while (mlp_str_split(&rest, '\n', &line)) {
        add_escaped(b, line, true);
        mlp_buf_addc(b, '\n');
    }
}

static void add_upper(struct mlp_buf *b, const char *text)
{
    for (; *text; text++)
        mlp_buf_addc(b, *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text);
}

/* Operands as one argument word each; brackets and bars are not mdoc macros when escaped. */
static void add_operands(struct mlp_buf *b, const char *operands)
{
    struct mlp_str rest = mlp_str_from(operands), word;
    while (operands[0] && mlp_str_split(&rest, ' ', &word))
        mlp_buf_addf(b, ".Ar %s%.*s\n", word.n && word.p[0] == '[' ? "\\&" : "",
                     MLP_STR_ARG(word));
}

static void add_synopsis(struct mlp_buf *b, const struct mlp_program *p)
{
    mlp_buf_adds(b, ".Sh SYNOPSIS\n");
    for (size_t i = 0; p->verbs[i]; i++) {
        const struct mlp_verb *v = p->verbs[i];
        bool is_default = p->default_verb && strcmp(p->default_verb, v->name) == 0;
        mlp_buf_addf(b, ".Nm\n.%s %s\n.Op Ar option ...\n", is_default ? "Op Cm" : "Cm", v->name);
        add_operands(b, v->operands);
    }
}

static void add_option(struct mlp_buf *b, const struct mlp_opt *o)
{
    mlp_buf_adds(b, ".It ");
    if (o->letter)
        mlp_buf_addf(b, "Fl %c , ", o->letter);
    mlp_buf_addf(b, "Fl Fl %s", o->name);
    if (o->kind != MLP_OPT_FLAG)
        mlp_buf_addf(b, " Ar %s", o->value);
    mlp_buf_addc(b, '\n');
    struct mlp_buf text;
    mlp_buf_init(&text, 4096);
    mlp_buf_adds(&text, o->help);
    if (o->kind == MLP_OPT_CHOICE)
        mlp_buf_addf(&text, ": %s", o->choices);
    if (o->fallback)
        mlp_buf_addf(&text, " (default %s)", o->fallback);
    if (o->many)
        mlp_buf_adds(&text, "; may be repeated");
    mlp_buf_adds(&text, ".");
    add_text(b, text.p);
    mlp_buf_fini(&text);
}

static void add_verb(struct mlp_buf *b, const struct mlp_verb *v)
{
    mlp_buf_addf(b, ".Ss %s\n", v->name);
    add_text(b, v->about);
    for (const char *const *more = v->details; more && *more; more++) {
        mlp_buf_adds(b, ".Pp\n");
        add_text(b, *more);
    }
    if (!v->opts || !v->opts[0].name)
        return;
    mlp_buf_adds(b, ".Bl -tag -width Ds\n");
    for (const struct mlp_opt *o = v->opts; o->name; o++)
        add_option(b, o);
    mlp_buf_adds(b, ".El\n");
}

static void add_examples(struct mlp_buf *b, const struct mlp_program *p)
{
    mlp_buf_adds(b, ".Sh EXAMPLES\n");
    const char *gap = "";
    for (size_t i = 0; p->verbs[i]; i++) {
        for (const struct mlp_example *x = p->verbs[i]->examples; x && x->words; x++) {
            mlp_buf_adds(b, gap);
            gap = ".Pp\n";
            add_text(b, x->words);
            mlp_buf_adds(b, ".Bd -literal -offset indent\n");
            add_literal(b, x->command);
            mlp_buf_adds(b, ".Ed\n");
        }
    }
}

static const char exit_status[] =
    ".Sh EXIT STATUS\n"
    ".Bl -tag -width Ds -compact\n"
    ".It 0\nPass, or done.\n"
    ".It 1\nA finding: rows rejected, a check failed, drift, a closed gate.\n"
    ".It 2\nWrong options or arguments.\n"
    ".It 3\nInput that cannot be read as what it should be, or over a limit.\n"
    ".It 4\nInput or output failed: disk full, no memory, closed pipe.\n"
    ".It 5\nNot found, or a conflict with what is there.\n"
    ".It 6\nA signature or digest does not hold.\n"
    ".It 7\nA remote failed or timed out.\n"
    ".It 70\nA fault of the program: please report it.\n"
    ".El\n";

static const char environment[] =
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width SOURCE_DATE_EPOCH\n"
    ".It Ev MLP_REGISTRY\nThe registry directory when no option names one.\n"
    ".It Ev SOURCE_DATE_EPOCH\nSeconds since 1970 that stand for \"now\" in what is written.\n"
    ".It Ev NO_COLOR\nWhen set and not empty, text is never coloured.\n"
    ".El\n";

static void add_see_also(struct mlp_buf *b, const char *pages)
{
    struct mlp_str rest = mlp_str_from(pages), page;
    mlp_buf_adds(b, ".Sh SEE ALSO\n");
    while (mlp_str_split(&rest, ',', &page)) {
        page = mlp_str_trim(page);
        size_t open = mlp_str_find(page, '(');
        if (open + 2 < page.n)
            mlp_buf_addf(b, ".Xr %.*s %c%s\n", (int)open, page.p, page.p[open + 1],
                         rest.p ? " ," : "");
    }
}

void mlp_opt_man(const struct mlp_program *p, struct mlp_buf *b)
{
    mlp_buf_addf(b, ".\\\" Made by `%s --generate man`; edit the option tables instead.\n"
                    ".Dd " PAGE_DATE "\n.Dt ", p->name);
    add_upper(b, p->name);
    mlp_buf_addf(b, " 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", p->name, p->summary);
    add_synopsis(b, p);
    mlp_buf_adds(b, ".Sh DESCRIPTION\n");
    add_text(b, p->about);
    for (size_t i = 0; p->verbs[i]; i++)
        add_verb(b, p->verbs[i]);
    mlp_buf_adds(b, environment);
    if (p->files) {
        mlp_buf_adds(b, ".Sh FILES\n");
        add_text(b, p->files);
    }
    mlp_buf_adds(b, exit_status);
    add_examples(b, p);
    add_see_also(b, p->see_also);
}
