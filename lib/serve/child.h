/* child.h: a model that is a command: it reads rows from stdin and writes predictions to stdout.
 *
 * The contract, in any language: a row is one line of JSON (an object by column; an array when the
 * client sent one); the answer is one line of JSON, in the same order, flushed: a number, text or
 * truth value, or {"prediction": X, "probabilities": {"CLASS": P, ...}}, or {"error": "why"} for a
 * row that cannot be answered. stderr is free. When stdin ends, the command ends.
 *
 * A command that dies, closes its stdout, is silent for too long, writes a line without a row or
 * one that is too long is killed with its process group and started again. The row that it owed
 * longest gets the reason as its answer; the others in flight are sent again. Starts that follow
 * each other without an answer wait longer each time, and there is a limit to them. */
#ifndef MLP_SERVE_CHILD_H
#define MLP_SERVE_CHILD_H

#include "base/buf.h"
#include "base/log.h"

struct mlp_child_config {
    const char *command;         /* run by /bin/sh; borrowed */
    unsigned timeout_ms;         /* for one row; 0: 30 s */
    unsigned starts;             /* in a row without an answer, at most; 0: 5 */
    size_t window;               /* rows that may be in flight; 0: 256 */
    size_t line_bytes;           /* of an answer, at most; 0: 1 MiB */
    const struct mlp_log *log;   /* its stderr ("child"), starts and ends; NULL: stderr as it is */
};

/* An answer: `line` without its line end, or what became of the row (failed). Texts are good until
 * the next ask. */
struct mlp_answer {
    struct mlp_str line;
    bool failed;
    size_t at;                   /* of child.c: where the text lies until all have come */
};

struct mlp_child;

/* Starts the command. From the thread that will ask; it ends with that thread. */
enum mlp_code mlp_child_open(const struct mlp_child_config *config, struct mlp_child **c,
                             struct mlp_err *e);

/* Sends n rows (one line each, without line ends) and waits for n answers. MLP_EREMOTE when the
 * command is not started again, or wrote more lines than it got rows (so that its answers may
 * belong to other rows); the answers so far are *done. */
enum mlp_code mlp_child_ask(struct mlp_child *c, const struct mlp_str *rows, size_t n,
                            struct mlp_answer *answers, size_t *done, struct mlp_err *e);

/* Reads what the command writes while nothing is asked: stderr goes to the log. Waits at most
 * timeout_ms. */
void mlp_child_idle(struct mlp_child *c, unsigned timeout_ms);

/* Ends stdin and waits for the command to end. MLP_EREMOTE when it wrote more lines than it got
 * rows: then none of its answers can be trusted, since they may belong to other rows. */
enum mlp_code mlp_child_finish(struct mlp_child *c, struct mlp_err *e);

/* How often it was started again. */
uint64_t mlp_child_restarts(const struct mlp_child *c);

/* Kills the command, with its group. NULL is fine. */
void mlp_child_close(struct mlp_child *c);

/* What an answer says. prediction and probabilities are the JSON of them as it stands, the second
 * empty without one; error is the text that the command gave, or why the line is no answer. */
struct mlp_reply {
    struct mlp_str prediction, probabilities;
    char error[200];
};
bool mlp_reply_read(const struct mlp_answer *a, struct mlp_reply *r);

#endif
