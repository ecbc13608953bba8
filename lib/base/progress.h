/* progress.h: the line that tells a person who waits how far a program is: rows, share, rate and
 * time left, rewritten in place on stderr. It is there only where stderr is a terminal, and is made
 * of printable characters and carriage returns alone: no escape sequence, whatever NO_COLOR is. */
#ifndef MLP_BASE_PROGRESS_H
#define MLP_BASE_PROGRESS_H

#include "base/err.h"
#include <stdbool.h>

/* Embedded. Zeroed, it tells nothing. */
struct mlp_progress {
    bool on;
    uint64_t began, told;         /* monotonic ns */
    int width;                    /* of the line that stands there */
};

/* How far: rows (0: not told), those of them rejected, bytes of input read and in all (0: not
 * known, as of a pipe). what: a word before the numbers, or NULL. */
struct mlp_progress_at {
    const char *what;
    uint64_t rows, rejected, bytes, size;
};

/* Starts the clock; wanted false (as for --quiet): tells nothing. */
void mlp_progress_init(struct mlp_progress *p, bool wanted);
/* Writes the line, twice a second at most and from half a second on: short runs tell nothing. */
void mlp_progress_tell(struct mlp_progress *p, const struct mlp_progress_at *at);
/* Wipes it, for what is written next; it may go on. */
void mlp_progress_wipe(struct mlp_progress *p);

/* The line itself, for `seconds` of work, into out; its length, below size. */
size_t mlp_progress_words(const struct mlp_progress_at *at, double seconds, char *out, size_t size);

#endif
