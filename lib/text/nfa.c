/* nfa.c: runs an automaton over a text, all its states side by side (nfa.h). */
#include "text/nfa.h"

#include "text/unicode.h"

#define NO_CODE UINT32_MAX

enum mlp_code mlp_nfa_run_init(struct mlp_nfa_run *r, struct mlp_arena *arena,
                               const struct mlp_nfa *a, struct mlp_err *e)
{
    *r = (struct mlp_nfa_run){.a = a};
    r->now = mlp_arena_array(arena, a->n, sizeof(*r->now));
    r->next = mlp_arena_array(arena, a->n, sizeof(*r->next));
    r->stack = mlp_arena_array(arena, a->n, sizeof(*r->stack));
    r->mark = mlp_arena_array(arena, a->n, sizeof(*r->mark));
    return r->now && r->next && r->stack && r->mark ? MLP_OK : mlp_err_nomem(e);
}

static bool in_class(const struct mlp_nfa_step *s, uint32_t c)
{
    bool in = false;
    for (uint32_t i = 0; i < s->nranges && !in; i++)
        in = c >= s->ranges[i].first && c <= s->ranges[i].last;
    return in != s->negated;
}

static bool is_word(uint32_t c)
{
    return c < 0x80 && mlp_unicode_word(c);
}

static bool holds(uint32_t what, uint32_t before, uint32_t after)
{
    bool edge = is_word(before) != is_word(after);
    return what == '^' ? before == NO_CODE
           : what == '$' ? after == NO_CODE : edge == (what == 'b');
}

static void push(struct mlp_nfa_run *r, size_t *n, uint32_t pc)
{
    if (r->mark[pc] == r->stamp)
        return;
    r->mark[pc] = r->stamp;
    r->stack[(*n)++] = pc;
}

/* Adds the states to be reached from pc without a character, between two of the text, to next.
 * Each is there once, from the leftmost start, as starts come in order. */
static void add(struct mlp_nfa_run *r, uint32_t pc, size_t start, uint32_t before, uint32_t after)
{
    size_t n = 0;
    for (push(r, &n, pc); n;) {
        uint32_t at = r->stack[--n];
        const struct mlp_nfa_step *s = &r->a->steps[at];
        if (s->kind == MLP_NFA_JUMP || s->kind == MLP_NFA_SPLIT)
            push(r, &n, s->x);
        if (s->kind == MLP_NFA_SPLIT)
            push(r, &n, s->y);
        if (s->kind == MLP_NFA_ASSERT && holds(s->x, before, after))
            push(r, &n, at + 1);
        if (s->kind == MLP_NFA_CLASS || s->kind == MLP_NFA_MATCH)
            r->next[r->nnext++] = (struct mlp_nfa_thread){at, start};
    }
}

/* Starts a place in the text: what was next is now. */
static void turn(struct mlp_nfa_run *r)
{
    struct mlp_nfa_thread *t = r->now;
    r->now = r->next;
    r->nnow = r->nnext;
    r->next = t;
    r->nnext = 0;
    if (++r->stamp == 0) { /* marks of 2^32 places ago */
        memset(r->mark, 0, r->a->n * sizeof(*r->mark));
        r->stamp = 1;
    }
}

struct found {
    size_t start, end;           /* start SIZE_MAX: nothing yet */
};

/* Takes the matches among the states of now, and moves the others over character c. */
static void step(struct mlp_nfa_run *r, const uint32_t around[3], size_t at, struct found *f)
{
    for (size_t i = 0; i < r->nnow; i++) {
        const struct mlp_nfa_thread *t = &r->now[i];
        const struct mlp_nfa_step *s = &r->a->steps[t->pc];
        if (t->start > f->start)
            break;
        if (s->kind == MLP_NFA_MATCH)
            *f = (struct found){t->start, at};
        else if (around[1] != NO_CODE && in_class(s, around[1]))
            add(r, t->pc + 1, t->start, around[1], around[2]);
    }
}

static uint32_t code_at(struct mlp_str text, size_t at, size_t *next)
{
    struct mlp_str rest = {text.p + at, text.n - at};
    if (!rest.n)
        return NO_CODE;
    uint32_t c = mlp_unicode_next(&rest);
    *next = text.n - rest.n;
    return c;
}

/* from is at a character's start, or the one before it does not count. */
static struct found walk(struct mlp_nfa_run *r, struct mlp_str text, size_t from, bool anchored)
{
    struct found f = {SIZE_MAX, 0};
    size_t at = from, next = from, behind = from;
    uint32_t before = from ? (unsigned char)text.p[from - 1] : NO_CODE; /* is_word: ASCII only */
    uint32_t around[3] = {before, code_at(text, at, &next), NO_CODE};
    r->nnext = 0;
    turn(r);
    add(r, 0, at, before, around[1]);
    for (;;) {
        turn(r);
        behind = next;
        around[2] = around[1] == NO_CODE ? NO_CODE : code_at(text, next, &behind);
        step(r, around, at, &f);
        if (around[1] == NO_CODE)
            return f;
        at = next;
        next = behind;
        if (!anchored && f.start == SIZE_MAX)
            add(r, 0, at, around[1], around[2]);
        else if (!r->nnext)
            return f;
        around[0] = around[1];
        around[1] = around[2];
    }
}

bool mlp_nfa_full(struct mlp_nfa_run *r, struct mlp_str text)
{
    struct found f = walk(r, text, 0, true);
    return f.start == 0 && f.end == text.n;
}

bool mlp_nfa_search(struct mlp_nfa_run *r, struct mlp_str text, size_t from, size_t *start,
                    size_t *end)
{
    struct found f = walk(r, text, from, false);
    *start = f.start;
    *end = f.end;
    return f.start != SIZE_MAX;
}
