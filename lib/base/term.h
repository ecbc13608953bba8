/* term.h: a terminal that a program repaints: its size, its keys for "end", waiting.
 *
 * No signal handler is set: the signals that matter are held back from the process and taken by
 * mlp_term_wait, so that nothing is interrupted half-way and the screen is always put back. */
#ifndef MLP_BASE_TERM_H
#define MLP_BASE_TERM_H

#include <stdbool.h>

enum mlp_term_event { MLP_TERM_TIME, MLP_TERM_RESIZED, MLP_TERM_END };

/* Rows and columns of the terminal behind fd; false (nothing set) when it is none or tells none. */
bool mlp_term_size(int fd, unsigned *rows, unsigned *columns);

/* From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH wait for mlp_term_wait. For a process
 * of one thread, or before the others begin: they inherit it. */
void mlp_term_hold(void);

/* Waits for one of these signals, or ms: SIGWINCH is RESIZED, the others are END. */
enum mlp_term_event mlp_term_wait(unsigned ms);

#endif
