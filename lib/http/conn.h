/* conn.h: inside of the server: loops, connections, and the seam between them and the protocol.
 *
 * conn.c moves bytes and watches time; h1.c turns bytes into answers and knows no socket. TLS goes
 * between the two, another protocol beside h1.c. Everything here belongs to one loop's thread,
 * except the counters (atomic, written by that thread alone) and `stopping`. */
#ifndef MLP_HTTP_CONN_H
#define MLP_HTTP_CONN_H

#include "http/parse.h"
#include "http/tls.h"

#include <stdatomic.h>
#include <uv.h>

struct mlp_monitor;
struct mlp_thread;
struct mlp_loop;
struct mlp_h2;

/* What a connection waits for: each phase has its time-out. */
enum mlp_phase { MLP_CONN_NEW, MLP_CONN_IDLE, MLP_CONN_HEAD, MLP_CONN_BODY, MLP_CONN_WRITE,
                 MLP_CONN_LINGER, MLP_CONN_WAIT };

/* How the connection ends once its answers are sent. LINGER says good-bye first and reads on for
 * a moment: closing with unread bytes would reset the connection, and the peer could lose the
 * answer (RFC 9112, 9.6). */
enum mlp_ending { MLP_END_NOT, MLP_END_CLOSE, MLP_END_LINGER };

/* An answer that comes from another thread: of a connection, or of a stream of one. */
struct mlp_late {
    struct mlp_loop *loop;
    struct mlp_conn *conn;          /* good while its handler runs */
    struct mlp_late *next;          /* in loop->late */
    bool of_stream;
    bool waiting;                   /* the answer comes later (guarded by http->late as `orphan`) */
    bool orphan;                    /* the owner is closed meanwhile: the answer frees it */
    int status;
    uint64_t cookie;
    struct mlp_buf body;
};

/* A socket that connections come from; of a loop. */
struct mlp_listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct mlp_loop *loop;
    bool is_unix;
    bool admin;                     /* who comes here may give orders, in clear text */
    bool open;                      /* of the admin's: there is one */
    bool starved;                   /* a client waits at it for memory */
};

struct mlp_conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct mlp_loop *loop;
    const struct mlp_listener *from;
    struct mlp_conn *next, **link;  /* neighbours in the wheel's slot */
    uint64_t deadline;              /* loop time, ms */
    uint64_t entered, got;          /* when its phase began; bytes of content since */
    uint64_t slot;                  /* tick at which the wheel looks at this connection */
    struct mlp_buf in;              /* an incomplete request; no memory when there is none */
    struct mlp_http_parser parser;
    unsigned served;                /* requests answered */
    uint8_t phase, ending;
    bool writing, continued, closing;
    bool late_ready;                /* its answer came while earlier ones were being written */
    bool late_keep, late_named, late_head; /* what the request said */
    struct mlp_late late;
    struct mlp_tls_conn *tls;       /* NULL: none */
    struct mlp_h2 *h2;              /* NULL: HTTP/1 */
    bool moved;                     /* HTTP/2: bytes of an answer went out */
};

/* Connections by the tick at which to look at them next. A deadline that moves away (each request
 * moves it) costs nothing: the connection is put back when its slot comes. */
#define MLP_WHEEL_SLOTS 128u
#define MLP_WHEEL_TICK_MS 500u

struct mlp_counters {
    _Atomic uint64_t connections, open, requests, refused, cut, bytes_in, bytes_out;
};

struct mlp_loop {
    struct mlp_http *http;
    unsigned index;
    uv_loop_t uv;
    struct mlp_listener listener;
    struct mlp_listener admin;      /* loop 0 only */
    uv_async_t wake;
    uv_timer_t timer;
    uv_signal_t signals[3];         /* loop 0 only: TERM, INT, HUP */
    struct mlp_thread *thread;      /* NULL for loop 0 */
    char *in;                       /* where idle connections read into */
    char *plain;                    /* where their TLS is decrypted to; NULL without TLS */
    struct mlp_buf sealed;          /* what TLS wants to be sent */
    struct mlp_buf out;             /* answers of the connection at hand */
    struct mlp_http_request request;
    struct mlp_http_response response;
    struct mlp_conn *wheel[MLP_WHEEL_SLOTS];
    uint64_t tick;                  /* the wheel's hand */
    uint64_t second;                /* of loop time, when config.tick was last called */
    uint64_t drain_at, drain_end;   /* loop time: when idle ones close, when all close */
    struct mlp_counters counters;
    char date[48];                  /* "Date: ...\r\n" */
    unsigned open;
    bool draining, finished, opened;
    bool told;                      /* the last GOAWAY is sent */
    struct mlp_late *late;          /* answers that came, newest first; guarded by http->late */
    bool dead;                      /* takes no more of them; guarded too */
    struct mlp_late *spare;         /* streams that ended, for reuse: h2.c's */
    unsigned nspare;
};

/* A unix socket that was made, to be removed at the end; path empty: none. */
struct mlp_made {
    char path[108];
    uint64_t inode;
};

struct mlp_http {
    struct mlp_http_config config;  /* limits filled in */
    struct mlp_loop *loops;
    unsigned nloops;
    char address[280];
    struct mlp_made made[2];
    atomic_int stopping;            /* 0, 1 drain, 2 cut */
    atomic_uint others;             /* loops but the first that still run */
    struct mlp_monitor *late;       /* guards what other threads answer */
    struct mlp_tls *tls;            /* NULL: none */
};

#define MLP_IN_BYTES 65536u

/* Adds to a counter that only this thread writes. */
static inline void mlp_count(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

/* h1.c: takes complete requests off the front of *view, appends their answers to loop->out, and
 * leaves the rest in *view. Returns true when it stopped because the answers fill up, with
 * requests left to look at. Sets c->ending where the connection has to end. */
struct mlp_view {
    char *p;
    size_t n;
};
bool mlp_h1_input(struct mlp_conn *c, struct mlp_view *view);

/* h1.c: appends an error answer made by the server itself, and ends the connection. */
void mlp_h1_refuse(struct mlp_conn *c, int status, const char *reason);

/* h1.c: appends the late answer of c, and says how the connection goes on. */
void mlp_h1_late(struct mlp_conn *c);

/* h1.c: makes the loop's response an empty one; one that tells of an error. */
void mlp_h1_reset(struct mlp_loop *l);
void mlp_h1_error(struct mlp_loop *l, int status, const char *reason);

/* h2.c: as mlp_h1_input, for HTTP/2 (RFC 9113): takes all of *view and appends what is to be sent.
 * Called with an empty view it goes on sending. */
bool mlp_h2_input(struct mlp_conn *c, struct mlp_view *view);

/* h2.c: begins HTTP/2 on c. False: no memory. */
bool mlp_h2_open(struct mlp_conn *c);

/* h2.c: ends it; streams whose answers are still to come are left to these. NULL is fine. */
void mlp_h2_close(struct mlp_h2 *h);

/* h2.c: what c waits for now, for its time-out. */
enum mlp_phase mlp_h2_phase(const struct mlp_conn *c);

/* h2.c: tells the client that the server ends (GOAWAY); at once: takes no stream any more. The
 * caller sends. */
void mlp_h2_goaway(struct mlp_conn *c, bool at_once);

/* h2.c: the late answer of a stream. Returns its connection when that has something to send. */
struct mlp_conn *mlp_h2_late(struct mlp_late *late);
void mlp_h2_free_stream(struct mlp_late *late);

/* h2.c: frees the streams that l keeps for reuse. */
void mlp_h2_free_spares(struct mlp_loop *l);

/* h1.c: refreshes the loop's Date line. */
void mlp_h1_date(struct mlp_loop *l);

/* conn.c: a client is waiting at the listener. */
void mlp_conn_accept(struct mlp_listener *from, int status);

/* conn.c: ends at once; the memory goes when libuv lets go of the handle. */
void mlp_conn_close(struct mlp_conn *c);

/* conn.c: the late answer of c has come. */
void mlp_conn_late(struct mlp_conn *c);

/* conn.c: c has something to send that no input caused (HTTP/2). */
void mlp_conn_push(struct mlp_conn *c);

/* conn.c: frees what is left of a closed connection. */
void mlp_conn_free(struct mlp_conn *c);

/* conn.c: the deadline of c has passed: it is closed, or has another one. */
void mlp_conn_expire(struct mlp_conn *c);

/* loop.c: gives c at most ms from now. */
void mlp_loop_deadline(struct mlp_conn *c, unsigned ms);

/* loop.c: takes c out of the wheel; the last one to go ends a drain. */
void mlp_loop_forget(struct mlp_conn *c);

/* loop.c: makes a loop with its timer and wake-up, and undoes that. The listener is server.c's. */
enum mlp_code mlp_loop_open(struct mlp_loop *l, struct mlp_http *h, unsigned index,
                            struct mlp_err *e);
void mlp_loop_close(struct mlp_loop *l);

/* loop.c: runs until drained. Fits mlp_thread_start. */
void mlp_loop_run(void *loop);

/* loop.c: watches TERM, INT and HUP on this loop. */
enum mlp_code mlp_loop_signals(struct mlp_loop *l, struct mlp_err *e);

/* loop.c: MLP_EIO with libuv's words for a negative status. */
enum mlp_code mlp_loop_error(struct mlp_err *e, int status, const char *what);

#endif
