/* limit.h: how often each client may ask: token buckets in a table of a fixed size.
 *
 * A bucket is one 64-bit time, the "theoretical arrival time" of the generic cell rate algorithm
 * (ITU-T I.371, annex A), which says the same as a token bucket: it holds `burst` tokens, and n of
 * them come back every window. Threads share the table without locks.
 *
 * The table never grows. Where a set of it is full, the client that owes least gives up its place,
 * which loses nothing when that bucket was full again; else the newcomer takes over what the other
 * owed, so that nobody gets a full bucket by asking under many names. */
#ifndef MLP_HTTP_LIMIT_H
#define MLP_HTTP_LIMIT_H

#include "base/err.h"
#include "base/str.h"

/* n requests in window_s seconds, burst at once. n 0: no limit. */
struct mlp_rate {
    uint64_t n;
    uint32_t window_s;
    uint64_t burst;
};

/* Reads "100/s", "6000/m", "10/h" or "1000/d"; burst becomes n, whoever wants another sets it.
 * False on anything else, on 0 and beyond 1e9. */
bool mlp_rate_parse(struct mlp_str text, struct mlp_rate *rate);

/* What a client has: the fields RateLimit-Limit, -Remaining and -Reset of
 * draft-ietf-httpapi-ratelimit-headers-06 (the last with three fields), and Retry-After. */
struct mlp_limit_state {
    bool admitted;
    uint64_t limit;      /* tokens of a full bucket */
    uint64_t remaining;  /* whole tokens now */
    uint64_t reset_s;    /* until the bucket is full, rounded up */
    uint64_t retry_s;    /* until there is a token, rounded up; 0 when admitted */
};

struct mlp_limit;

/* A table for that many clients (rounded up to a power of two; 16 bytes each). Heap; MLP_EIO
 * without memory. */
enum mlp_code mlp_limit_new(size_t clients, struct mlp_limit **l, struct mlp_err *e);
void mlp_limit_free(struct mlp_limit *l); /* NULL is fine */

/* Takes a token from the client's bucket, if there is one. rate.n is not 0 and the same on each
 * call for a client; now_ns only grows. From any thread. Two threads that meet a client for the
 * first time in the same moment may give it two buckets, of which one is forgotten. */
void mlp_limit_take(struct mlp_limit *l, struct mlp_str client, const struct mlp_rate *rate,
                    uint64_t now_ns, struct mlp_limit_state *state);

#endif
