/* The request parser: however the bytes are cut into reads, the outcome must be the same, and
 * views must lie inside of the bytes. */
#include "http/parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mlp_http_limits limits = {
    .line_bytes = 200, .header_bytes = 600, .body_bytes = 300, .connections = 1,
};

struct outcome {
    enum mlp_parse verdict;
    int status;
    size_t used;
    uint64_t seen; /* a sum over all that was parsed */
};

static uint64_t mix(uint64_t sum, struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        sum = sum * 31 + (unsigned char)s.p[i];
    return sum * 31 + s.n;
}

static uint64_t sum_of(const struct mlp_http_request *r)
{
    uint64_t sum = mix(mix(mix(mix(7, r->method), r->path), r->query), r->body);
    for (size_t i = 0; i < r->nfields; i++)
        sum = mix(mix(sum, r->fields[i].name), r->fields[i].value);
    return sum;
}

/* Gives `step` bytes at a time, each time in fresh memory, so that a stale view is a use after
 * free; closes the holes of chunked bodies as the server does. */
static struct outcome feed(const uint8_t *data, size_t size, size_t step)
{
    struct mlp_http_parser s = {.limits = &limits};
    struct mlp_http_request *r = calloc(1, sizeof *r);
    struct outcome o = {.verdict = MLP_PARSE_MORE};
    char *have = NULL;
    size_t n = 0, given = 0, returned = 0;
    while (o.verdict == MLP_PARSE_MORE && given < size) {
        size_t part = size - given < step ? size - given : step;
        char *p = malloc(n + part);
        if (n)
            memcpy(p, have, n);
        memcpy(p + n, data + given, part);
        free(have);
        have = p;
        n += part;
        given += part;
        o.verdict = mlp_http_parse(&s, have, n, r, &o.used);
        if (o.verdict == MLP_PARSE_MORE) {
            size_t now = mlp_http_compact(&s, have, n);
            returned += n - now;
            n = now;
            if (mlp_http_wanted(&s, n) > limits.body_bytes)
                abort();
        }
    }
    o.status = o.verdict == MLP_PARSE_BAD ? s.status : 0;
    if (o.verdict == MLP_PARSE_BAD && (s.status < 400 || !s.reason))
        abort();
    if (o.verdict == MLP_PARSE_DONE) {
        if (o.used > n)
            abort();
        o.used += returned;
        o.seen = sum_of(r);
    }
    free(have);
    free(r);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole = feed(data, size, size ? size : 1);
    static const size_t steps[] = {1, 2, 7, 64};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct outcome o = feed(data, size, steps[i]);
        if (o.verdict != whole.verdict || o.status != whole.status)
            abort();
        if (o.verdict == MLP_PARSE_DONE && (o.used != whole.used || o.seen != whole.seen))
            abort();
    }
    return 0;
}
