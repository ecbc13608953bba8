/* nfa_parse.c: from a pattern to the steps of its automaton (nfa.h; RE2's wiki page "Syntax"). */
#include "text/nfa.h"
#include "text/unicode.h"

#define MAX_STEPS 10000
#define MAX_WORK 100000
#define MAX_REPEAT 1000
#define MAX_DEPTH 100
#define MAX_SCRATCH ((size_t)1 << 26)
#define NO_END UINT32_MAX

/* A part of the pattern; the parts of a sequence or of a choice hang together by next. */
enum part_kind { CLASS, SEQUENCE, CHOICE, REPEAT, ASSERT };
struct part {
    enum part_kind kind;
    struct part *first, *next;
    uint32_t min, max;           /* of REPEAT */
    uint32_t what;               /* of ASSERT */
    const struct mlp_nfa_range *ranges;
    uint32_t nranges;
    bool negated;
};

struct parser {
    struct mlp_str pattern;
    size_t at;
    unsigned depth;
    struct mlp_arena *arena;
    struct mlp_nfa_range *ranges; /* of all classes, one after the other */
    size_t nranges, max_ranges;
    struct mlp_nfa_step *steps;
    uint32_t nsteps, work;       /* parts that were written: empty ones make no step */
    struct mlp_err *e;
};

static enum mlp_code bad(struct parser *p, const char *what)
{
    mlp_err_set(p->e, MLP_EINPUT, "pattern '%.*s': %s", MLP_STR_ARG(p->pattern), what);
    return mlp_err_at_byte(p->e, p->at);
}

static bool more(const struct parser *p)
{
    return p->at < p->pattern.n;
}

/* The byte ahead; 0 at the end. */
static char peek(const struct parser *p)
{
    return more(p) ? p->pattern.p[p->at] : '\0';
}

static bool take(struct parser *p, const char *text)
{
    struct mlp_str rest = {p->pattern.p + p->at, p->pattern.n - p->at};
    if (!mlp_str_starts(rest, text))
        return false;
    p->at += strlen(text);
    return true;
}

static uint32_t next_code(struct parser *p)
{
    struct mlp_str rest = {p->pattern.p + p->at, p->pattern.n - p->at};
    uint32_t c = mlp_unicode_next(&rest);
    p->at = p->pattern.n - rest.n;
    return c;
}

static struct part *new_part(struct parser *p, enum part_kind kind)
{
    struct part *t = mlp_arena_alloc(p->arena, sizeof(*t));
    if (!t)
        mlp_err_nomem(p->e);
    else
        *t = (struct part){.kind = kind};
    return t;
}

/* --- classes --- */

static void add_range(struct parser *p, uint32_t first, uint32_t last)
{
    if (p->nranges < p->max_ranges)
        p->ranges[p->nranges++] = (struct mlp_nfa_range){first, last};
}

/* Ranges as pairs of ASCII characters, ascending; inverted: what lies between them. */
static void add_pairs(struct parser *p, const char *pairs, bool inverted)
{
    uint32_t from = 0;
    for (; *pairs; pairs += 2) {
        uint32_t first = (unsigned char)pairs[0], last = (unsigned char)pairs[1];
        if (!inverted)
            add_range(p, first, last);
        else if (first > from)
            add_range(p, from, first - 1);
        from = last + 1;
    }
    if (inverted)
        add_range(p, from, UINT32_MAX);
}

/* \d \s \w and their opposites. */
static bool perl_class(struct parser *p)
{
    static const char *const pairs[] = {"09", "\t\n\f\r  ", "09AZ__az"};
    static const char names[] = "dswDSW";
    if (peek(p) != '\\' || p->at + 1 >= p->pattern.n)
        return false;
    const char *name = strchr(names, p->pattern.p[p->at + 1]);
    if (!name || !*name)
        return false;
    p->at += 2;
    add_pairs(p, pairs[(name - names) % 3], name - names >= 3);
    return true;
}

/* [:alpha:] and the like, within a class. */
static bool posix_class(struct parser *p)
{
    static const char *const names[][2] = {
        {"alnum:]", "09AZaz"}, {"alpha:]", "AZaz"}, {"blank:]", "\t\t  "}, {"digit:]", "09"},
        {"lower:]", "az"}, {"punct:]", "!/:@[`{~"}, {"space:]", "\t\r  "}, {"upper:]", "AZ"},
        {"word:]", "09AZ__az"}, {"xdigit:]", "09AFaf"}, {"graph:]", "!~"}, {"print:]", " ~"}};
    size_t start = p->at;
    if (!take(p, "[:"))
        return false;
    bool inverted = take(p, "^");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (take(p, names[i][0])) {
            add_pairs(p, names[i][1], inverted);
            return true;
        }
    p->at = start;
    return false;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind \x: two digits, or any number in braces. */
static enum mlp_code hex_code(struct parser *p, uint32_t *c)
{
    bool braces = take(p, "{");
    unsigned digits = 0;
    for (*c = 0; hex_digit(peek(p)) >= 0 && digits < (braces ? 6 : 2); digits++, p->at++)
        *c = *c * 16 + (uint32_t)hex_digit(peek(p));
    return !digits || (braces && !take(p, "}")) || (!braces && digits < 2) || *c > 0x10FFFF
               ? bad(p, "a character's number is wrong")
               : MLP_OK;
}

/* One character, behind \ where that is needed. */
static enum mlp_code one_code(struct parser *p, uint32_t *c)
{
    static const char names[] = "afnrtv", codes[] = "\a\f\n\r\t\v";
    if (!take(p, "\\")) {
        *c = next_code(p);
        return MLP_OK;
    }
    if (!more(p))
        return bad(p, "it ends in a backslash");
    const char *name = strchr(names, peek(p));
    if (take(p, "x"))
        return hex_code(p, c);
    *c = next_code(p);
    if (name)
        *c = (unsigned char)codes[name - names];
    else if (*c < 0x80 && mlp_unicode_word(*c) && *c != '_')
        return bad(p, "a backslash before a letter or digit that has no meaning here");
    return MLP_OK;
}

static enum mlp_code class_item(struct parser *p)
{
    uint32_t first, last;
    if (posix_class(p) || perl_class(p))
        return MLP_OK;
    if (one_code(p, &first))
        return p->e->code;
    last = first;
    bool range = peek(p) == '-' && p->at + 1 < p->pattern.n && p->pattern.p[p->at + 1] != ']';
    p->at += range;
    if (range && one_code(p, &last))
        return p->e->code;
    if (last < first)
        return bad(p, "a range of characters that runs backwards");
    add_range(p, first, last);
    return MLP_OK;
}

/* Behind [. */
static enum mlp_code class_part(struct parser *p, struct part *t)
{
    t->negated = take(p, "^");
    do {
        if (!more(p))
            return bad(p, "a class without ]");
        if (class_item(p))
            return p->e->code;
    } while (!take(p, "]"));
    return MLP_OK;
}

/* --- parts --- */

static struct part *choice(struct parser *p);

/* Behind (. */
static struct part *group(struct parser *p)
{
    if (take(p, "?") && !take(p, ":")) {
        size_t end = mlp_str_find((struct mlp_str){p->pattern.p + p->at, p->pattern.n - p->at},
                                  '>');
        if ((!take(p, "P<") && !take(p, "<")) || end == SIZE_MAX || peek(p) == '=' ||
            peek(p) == '!') {
            bad(p, "a group with (? that is not understood");
            return NULL;
        }
        while (!take(p, ">"))
            p->at++;
    }
    if (++p->depth > MAX_DEPTH) {
        bad(p, "groups within too many groups");
        return NULL;
    }
    struct part *t = choice(p);
    p->depth--;
    if (t && !take(p, ")")) {
        bad(p, "a group without )");
        return NULL;
    }
    return t;
}

/* ^ $ \A \z \b \B; 0 where there is none. */
static uint32_t assertion(struct parser *p)
{
    static const char *const names[] = {"^", "\\A", "$", "\\z", "\\b", "\\B"};
    static const char what[] = "^^$$bB";
    for (size_t i = 0; i < 6; i++)
        if (take(p, names[i]))
            return (uint32_t)what[i];
    return 0;
}

static struct part *atom(struct parser *p)
{
    uint32_t c, what;
    size_t from = p->nranges;
    if (take(p, "("))
        return group(p);
    struct part *t = new_part(p, CLASS);
    if (!t)
        return NULL;
    t->ranges = p->ranges + from;
    if ((what = assertion(p)) != 0) {
        t->kind = ASSERT;
        t->what = what;
    } else if (take(p, "[")) {
        class_part(p, t);
    } else if (take(p, ".")) {
        add_range(p, '\n', '\n');
        t->negated = true;
    } else if (!perl_class(p)) {
        if (strchr("*+?", peek(p)))
            bad(p, "nothing is there to repeat");
        else if (!one_code(p, &c))
            add_range(p, c, c);
    }
    t->nranges = (uint32_t)(p->nranges - from);
    return p->e->code ? NULL : t;
}

static bool number(struct parser *p, uint32_t *n)
{
    size_t start = p->at;
    for (*n = 0; peek(p) >= '0' && peek(p) <= '9'; p->at++)
        *n = *n > MAX_REPEAT ? *n : *n * 10 + (uint32_t)(peek(p) - '0');
    return p->at > start;
}

/* * + ? {2} {2,} {2,5}; braces that hold something else are plain characters. */
static bool quantifier(struct parser *p, uint32_t *min, uint32_t *max)
{
    size_t start = p->at;
    *min = peek(p) == '+';
    *max = peek(p) == '?' ? 1 : NO_END;
    if (take(p, "*") || take(p, "+") || take(p, "?"))
        return true;
    if (take(p, "{") && number(p, min)) {
        *max = *min;
        if (take(p, ",") && !number(p, max))
            *max = NO_END;
        if (take(p, "}"))
            return true;
    }
    p->at = start;
    return false;
}

static struct part *repeated(struct parser *p)
{
    uint32_t min, max;
    struct part *t = atom(p);
    if (!t || !quantifier(p, &min, &max))
        return t;
    take(p, "?"); /* lazy: the same matches */
    struct part *r = new_part(p, REPEAT);
    uint32_t none, end;
    if (r && (min > MAX_REPEAT || (max != NO_END && (max > MAX_REPEAT || max < min))))
        bad(p, "a number of repetitions is wrong or over 1000");
    else if (r && quantifier(p, &none, &end))
        bad(p, "a repetition of a repetition");
    if (!r || p->e->code)
        return NULL;
    *r = (struct part){.kind = REPEAT, .first = t, .min = min, .max = max};
    return r;
}

static struct part *sequence(struct parser *p)
{
    struct part *t = new_part(p, SEQUENCE), **end = t ? &t->first : NULL;
    while (t && more(p) && peek(p) != '|' && peek(p) != ')') {
        *end = repeated(p);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
    return t;
}

static struct part *choice(struct parser *p)
{
    struct part *t = new_part(p, CHOICE), **end = t ? &t->first : NULL;
    do {
        if (!t)
            return NULL;
        *end = sequence(p);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    } while (take(p, "|"));
    return t;
}

/* --- steps --- */

static uint32_t add_step(struct parser *p, enum mlp_nfa_kind kind, uint32_t x)
{
    if (p->nsteps == MAX_STEPS) {
        bad(p, "it stands for more than 10000 steps");
        return 0;
    }
    p->steps[p->nsteps] = (struct mlp_nfa_step){.kind = kind, .x = x};
    return p->nsteps++;
}

static void emit(struct parser *p, const struct part *t);

/* Each branch but the last: split, branch, jump to the end; the jumps are chained through y. */
static void emit_choice(struct parser *p, const struct part *t)
{
    uint32_t chain = NO_END;
    for (const struct part *k = t->first; k && !p->e->code; k = k->next) {
        uint32_t split = k->next ? add_step(p, MLP_NFA_SPLIT, p->nsteps + 1) : 0;
        emit(p, k);
        if (!k->next)
            break;
        uint32_t jump = add_step(p, MLP_NFA_JUMP, 0);
        p->steps[jump].y = chain;
        chain = jump;
        p->steps[split].y = p->nsteps;
    }
    while (chain != NO_END && !p->e->code) {
        p->steps[chain].x = p->nsteps;
        chain = p->steps[chain].y;
    }
}

static void emit_repeat(struct parser *p, const struct part *t)
{
    for (uint32_t i = 0; i < t->min && !p->e->code; i++)
        emit(p, t->first);
    if (t->max == NO_END) {
        uint32_t split = add_step(p, MLP_NFA_SPLIT, p->nsteps + 1);
        emit(p, t->first);
        add_step(p, MLP_NFA_JUMP, split);
        p->steps[split].y = p->nsteps;
        return;
    }
    for (uint32_t i = t->min; i < t->max && !p->e->code; i++) {
        uint32_t split = add_step(p, MLP_NFA_SPLIT, p->nsteps + 1);
        emit(p, t->first);
        p->steps[split].y = p->nsteps;
    }
}

static void emit(struct parser *p, const struct part *t)
{
    uint32_t at;
    if (p->e->code)
        return;
    if (++p->work > MAX_WORK) {
        bad(p, "it repeats too much");
        return;
    }
    switch (t->kind) {
    case CLASS:
        at = add_step(p, MLP_NFA_CLASS, 0);
        p->steps[at].ranges = t->ranges;
        p->steps[at].nranges = t->nranges;
        p->steps[at].negated = t->negated;
        break;
    case ASSERT: add_step(p, MLP_NFA_ASSERT, t->what); break;
    case CHOICE: emit_choice(p, t); break;
    case REPEAT: emit_repeat(p, t); break;
    default:
        for (const struct part *k = t->first; k; k = k->next)
            emit(p, k);
        break;
    }
}

static enum mlp_code compile(struct parser *p, struct mlp_nfa *a, struct mlp_arena *arena)
{
    p->max_ranges = 3 * p->pattern.n + 3;
    p->ranges = mlp_arena_array(arena, p->max_ranges, sizeof(*p->ranges));
    p->steps = mlp_arena_array(p->arena, MAX_STEPS, sizeof(*p->steps));
    if (!p->ranges || !p->steps)
        return mlp_err_nomem(p->e);
    struct part *t = choice(p);
    if (t && more(p))
        return bad(p, "a ) without a group");
    if (t)
        emit(p, t);
    add_step(p, MLP_NFA_MATCH, 0);
    struct mlp_nfa_step *steps = mlp_arena_array(arena, p->nsteps, sizeof(*steps));
    if (!steps)
        return mlp_err_nomem(p->e);
    memcpy(steps, p->steps, p->nsteps * sizeof(*steps));
    *a = (struct mlp_nfa){steps, p->nsteps};
    return p->e->code;
}

enum mlp_code mlp_nfa_compile(struct mlp_nfa *a, struct mlp_arena *arena, struct mlp_str pattern,
                              struct mlp_err *e)
{
    struct mlp_arena scratch;
    struct parser p = {.pattern = pattern, .arena = &scratch, .e = e};
    mlp_arena_init(&scratch, MAX_SCRATCH);
    enum mlp_code code = compile(&p, a, arena);
    mlp_arena_fini(&scratch);
    return code;
}
