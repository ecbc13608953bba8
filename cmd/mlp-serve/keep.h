/* keep.h: the parts of the verb keep. */
#ifndef MLP_SERVE_KEEP_H
#define MLP_SERVE_KEEP_H

#include "verbs.h"

#include "base/log.h"
#include "base/vec.h"

enum { KEEP_LISTEN, KEEP_ADMIN, KEEP_START, KEEP_READY_FD, KEEP_EVENTS };

/* A server. ready_fd reads its address when it is ready; -1 when nothing more is to come. */
struct child {
    int64_t pid;                 /* 0: none */
    int ready_fd;
    bool ready;
    uint64_t since_ns;
};

struct keep {
    struct mlp_cmd *cmd;
    struct mlp_log log;
    char path[4096];             /* of this program */
    struct mlp_vec argv;         /* of char *, ends with NULL */
    int sockets[2];              /* clients', admin's or -1 */
    struct child now, next;      /* that serves; that will, once it is ready */
    unsigned leaving;            /* children that drain */
    unsigned backoff_ms;
    uint64_t start_at_ns;        /* when to start again; 0: not */
    bool begun, stopping;        /* some child was ready; no child is started any more */
    int status;                  /* of the last child that served */
    char address[300];
};

/* Starts the server and lives with it: its readiness, its end, and the signals, until it is to end
 * and has. k is filled but for its children, which have no ready_fd yet (-1). */
enum mlp_code keep_run(struct keep *k, struct mlp_err *e);

#endif
