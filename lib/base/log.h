/* log.h: NDJSON lines for long-running programs, words for short ones.
 *
 * A logger is a value that is passed around: no global state. One write(2) a line, so that lines
 * of several threads do not mix. */
#ifndef MLP_BASE_LOG_H
#define MLP_BASE_LOG_H

#include "base/err.h"
#include <stdbool.h>

enum mlp_level { MLP_DEBUG, MLP_INFO, MLP_WARN, MLP_ERROR };

struct mlp_log {
    int fd;                 /* usually 2 */
    enum mlp_level level;   /* lines below it are dropped */
    bool ndjson;            /* {"time":...,"level":...,"event":...} or "tool: event k=v" */
    const char *tool;       /* borrowed */
};

/* A field of a line. Exactly one of text and number is meant: text when not NULL. */
struct mlp_log_field {
    const char *key;
    const char *text;
    double number;
};

/* Writes one line: event is a short stable word ("ready", "swap", "drain"); fields end with a
 * NULL key; NULL is no fields. A failing write is ignored: logging must not stop work. */
void mlp_log_line(const struct mlp_log *l, enum mlp_level level, const char *event,
                  const struct mlp_log_field *fields);

#endif
