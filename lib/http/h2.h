/* h2.h: inside of HTTP/2: connections and streams, between h2.c (what comes) and h2_answer.c (what
 * goes). Nobody else looks in. Everything belongs to the connection's loop. */
#ifndef MLP_HTTP_H2_H
#define MLP_HTTP_H2_H

#include "http/conn.h"
#include "http/grpc.h"

#include <nghttp2/nghttp2.h>

/* Most bytes of an answer, and of answers to one connection that wait to be sent: over the latter,
 * bodies are no longer taken. */
#define MLP_H2_ANSWER_MAX ((size_t)256 << 20)
#define MLP_H2_OWED_MAX ((size_t)64 << 20)

struct mlp_h2_stream {
    struct mlp_late late;       /* first: mlp_http_answer has its address */
    struct mlp_h2 *h;           /* NULL: an orphan */
    struct mlp_h2_stream *next, **link;
    int32_t id;
    unsigned nth;               /* messages taken */
    unsigned nfields;
    int refused;                /* status, once it is clear that the request is not to be had */
    struct mlp_buf head;        /* fields: two 32-bit lengths, name, value */
    struct mlp_buf body;        /* what came and is not handled yet */
    struct mlp_buf out;         /* what is to be sent */
    size_t sent;                /* of out */
    size_t passed;              /* bytes that came after it was refused */
    uint64_t deadline;          /* of a call, loop time; 0: none */
    enum mlp_grpc_status status;
    struct mlp_buf message;     /* of the status, escaped */
    bool grpc, no_body, began, last, complete;
    bool ended;                 /* the client has sent everything */
    bool late_more;             /* the answer that comes later is not the last of the call */
};

struct mlp_h2 {
    nghttp2_session *session;
    struct mlp_conn *c;
    struct mlp_h2_stream *streams;
    size_t held, owed;          /* bytes of bodies that came; of answers not sent */
    unsigned open, incomplete, unsent, continuations;
    size_t block;               /* bytes of the block of fields at hand */
    unsigned allowance;
    uint64_t filled;            /* loop time at which the allowance was last looked at */
    int32_t latest;             /* stream that the client opened */
    int32_t skipped, skipped_end; /* it left out the numbers between these, last */
    uint32_t error;             /* why a callback ends the connection */
    bool in_head;               /* a block of fields has begun and not ended */
    bool noticed, final, flood;
};

/* Forgets the bytes of a stream's buffer, and a large one's memory. */
void mlp_h2_empty(struct mlp_buf *b);

/* Forgets the body that came so far: its memory counts against the connection. */
void mlp_h2_drop_body(struct mlp_h2_stream *s);

/* All of these hand frames to nghttp2, which the caller sends (mlp_h2_input); false: no memory,
 * the connection is to end.
 *
 * Answers with the loop's response (RFC 9113, 8.1). */
bool mlp_h2_answer(struct mlp_h2_stream *s);
/* Answers with an error of the server's own; reason is static. The rest of the request is passed
 * over. */
bool mlp_h2_refuse(struct mlp_h2_stream *s, int status, const char *reason);
/* Leave to send the body ("100 Continue", RFC 9110, 10.1.1). */
bool mlp_h2_continue(struct mlp_h2_stream *s);
/* Adds the loop's response to a call as its next message, or ends the call as that says. */
bool mlp_h2_answer_call(struct mlp_h2_stream *s);
/* Ends a call, behind the messages that are not sent yet; why is copied. */
bool mlp_h2_end_call(struct mlp_h2_stream *s, enum mlp_grpc_status status, struct mlp_str why);

#endif
