/* nfa.h: regular expressions in linear time: RE2's language without flags and Unicode classes.
 *
 * For patterns that come out of files: a pattern becomes a small automaton whose states are run
 * side by side (Thompson, "Regular expression search algorithm", CACM 11, 1968), so that no text
 * makes it slow and no recursion follows the text. Matches are leftmost and longest, as RE2's
 * longest_match has them; what is greedy or lazy and what is captured makes no difference then.
 * \w \d \s \b are of ASCII, . does not match a line feed, ^ and $ are the ends of the text. */
#ifndef MLP_TEXT_NFA_H
#define MLP_TEXT_NFA_H

#include "base/arena.h"
#include "base/err.h"

/* Code points, both ends included. */
struct mlp_nfa_range {
    uint32_t first, last;
};

enum mlp_nfa_kind {
    MLP_NFA_CLASS, MLP_NFA_SPLIT, MLP_NFA_JUMP, MLP_NFA_ASSERT, MLP_NFA_MATCH
};
struct mlp_nfa_step {
    enum mlp_nfa_kind kind;
    uint32_t x, y;               /* where to go on; of ASSERT: x is what ('^', '$', 'b', 'B') */
    const struct mlp_nfa_range *ranges;
    uint32_t nranges;
    bool negated;
};

/* In an arena; not to be changed, so that any number of runs may share it. */
struct mlp_nfa {
    const struct mlp_nfa_step *steps;
    size_t n;
};

/* Reads a pattern (UTF-8; not kept). MLP_EINPUT with the byte of the pattern that is wrong or not
 * understood; also when it stands for more than 10,000 steps. MLP_EIO when the arena is full. */
enum mlp_code mlp_nfa_compile(struct mlp_nfa *a, struct mlp_arena *arena, struct mlp_str pattern,
                              struct mlp_err *e);

/* The memory of a search: one for each thread at a time. */
struct mlp_nfa_thread {
    uint32_t pc;
    size_t start;
};
struct mlp_nfa_run {
    const struct mlp_nfa *a;
    struct mlp_nfa_thread *now, *next;
    uint32_t *stack, *mark;
    uint32_t stamp;
    size_t nnow, nnext;
};
/* Room in the arena for searches with a, which is borrowed. MLP_EIO when it is full. */
enum mlp_code mlp_nfa_run_init(struct mlp_nfa_run *r, struct mlp_arena *arena,
                               const struct mlp_nfa *a, struct mlp_err *e);

/* Whether the whole text matches. */
bool mlp_nfa_full(struct mlp_nfa_run *r, struct mlp_str text);

/* The leftmost longest match from byte `from` (at most text.n) on: bytes *start to *end, which are
 * equal where nothing was enough to match. */
bool mlp_nfa_search(struct mlp_nfa_run *r, struct mlp_str text, size_t from, size_t *start,
                    size_t *end);

#endif
