/* A plain file in shares: each begins at a row, which the parity of the quotes before it tells. */
#include "table/internal.h"

#include "base/os.h"
#include "base/thread.h"

#include <stdlib.h>

#define SCAN_BYTES ((size_t)1 << 20)
#define MOST_PARTS 64

/* Where a share starts: byte, and physical line. */
struct edge {
    uint64_t at, line;
};

/* The file being cut. */
struct cut {
    int fd;
    uint64_t size;
    char quote;
    char *buf;
};

static size_t count(const char *p, size_t n, char c)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += p[i] == c;
    return found;
}

static enum mlp_code scan(const struct cut *c, uint64_t at, size_t most, size_t *got,
                          struct mlp_err *e)
{
    size_t n = c->size - at < SCAN_BYTES ? (size_t)(c->size - at) : SCAN_BYTES;
    if (n > most)
        n = most;
    enum mlp_code code = mlp_os_pread(c->fd, c->buf, n, at, got, e);
    if (code == MLP_OK && *got == 0 && n)
        code = mlp_err_set(e, MLP_EIO, "the file became shorter while it was read");
    return code;
}

/* Moves *edge, which stands at a row, to the first row at or after `target`. */
static enum mlp_code advance(const struct cut *c, struct edge *edge, uint64_t target,
                             struct mlp_err *e)
{
    bool inside = false;
    size_t got;
    while (edge->at < target) {
        uint64_t left = target - edge->at;
        size_t most = left < SCAN_BYTES ? (size_t)left : SCAN_BYTES;
        enum mlp_code code = scan(c, edge->at, most, &got, e);
        if (code != MLP_OK)
            return code;
        inside ^= c->quote && count(c->buf, got, c->quote) % 2;
        edge->line += count(c->buf, got, '\n');
        edge->at += got;
    }
    while (edge->at < c->size) {
        enum mlp_code code = scan(c, edge->at, SCAN_BYTES, &got, e);
        if (code != MLP_OK)
            return code;
        for (size_t i = 0; i < got; i++) {
            edge->at++;
            inside ^= c->quote && c->buf[i] == c->quote;
            if (c->buf[i] != '\n')
                continue;
            edge->line++;
            if (!inside)
                return MLP_OK;
        }
    }
    return MLP_OK;
}

/* One run of all shares. */
struct run {
    enum mlp_code (*fn)(void *ctx, unsigned part, struct mlp_table *t, struct mlp_err *e);
    void *ctx;
    struct mlp_table *parts[MOST_PARTS];
    enum mlp_code codes[MOST_PARTS];
    struct mlp_err errors[MOST_PARTS];
};

static void run_part(void *p, size_t i)
{
    struct run *run = p;
    run->codes[i] = run->fn(run->ctx, (unsigned)i, run->parts[i], &run->errors[i]);
}

/* A table over file[from, to) with the columns of `whole`. */
static enum mlp_code make_part(const struct mlp_table *whole, const char *path,
                               const struct edge *from, uint64_t to, struct mlp_table **out,
                               struct mlp_err *e)
{
    struct mlp_table *t = mlp_table_new(whole->source, &whole->options);
    if (!t)
        return mlp_err_nomem(e);
    *out = t;
    t->format = whole->format;
    t->dialect = whole->dialect;
    t->eol = whole->eol;
    t->header = mlp_arena_str(&t->names_arena, whole->header);
    t->line = from->line;
    t->from.at = from->at;
    t->from.end = to;
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < whole->names.n && code == MLP_OK; i++)
        code = mlp_table_take_name(t, mlp_table_name(whole, i), e);
    return code == MLP_OK ? mlp_os_open(path, MLP_OPEN_READ, &t->from.fd, e) : code;
}

static enum mlp_code make_parts(const struct mlp_table *whole, const char *path, unsigned parts,
                                struct run *run, struct mlp_err *e)
{
    uint64_t begin = mlp_table_bytes(whole) - (whole->have - whole->start);
    struct cut c = {-1, mlp_table_size(whole), 0, malloc(SCAN_BYTES)};
    struct edge edge = {begin, whole->line};
    c.quote = whole->format == MLP_TABLE_NDJSON ? 0 : whole->dialect.quote;
    enum mlp_code code = c.buf ? mlp_os_open(path, MLP_OPEN_READ, &c.fd, e) : mlp_err_nomem(e);
    for (unsigned i = 0; i < parts && code == MLP_OK; i++) {
        struct edge from = edge;
        code = advance(&c, &edge, begin + (c.size - begin) / parts * (i + 1), e);
        if (i + 1 == parts)
            edge.at = c.size;
        if (code == MLP_OK)
            code = make_part(whole, path, &from, edge.at, &run->parts[i], e);
    }
    if (c.fd >= 0)
        mlp_os_close(c.fd, NULL);
    free(c.buf);
    return code;
}

static enum mlp_code run_all(struct run *run, unsigned parts, struct mlp_err *e)
{
    mlp_parallel_for(parts, parts, run_part, run);
    for (unsigned i = 0; i < parts; i++) {
        if (run->codes[i] == MLP_OK)
            continue;
        if (e && e->code == MLP_OK)
            *e = run->errors[i];
        return run->codes[i];
    }
    return MLP_OK;
}

enum mlp_code mlp_table_parallel(const char *path, const struct mlp_table_options *options,
                                 unsigned parts,
                                 enum mlp_code (*fn)(void *ctx, unsigned part, struct mlp_table *t,
                                                     struct mlp_err *e),
                                 void *ctx, struct mlp_err *e)
{
    struct mlp_table *whole;
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return mlp_err_nomem(e);
    *run = (struct run){.fn = fn, .ctx = ctx};
    if (parts > MOST_PARTS)
        parts = MOST_PARTS;
    enum mlp_code code = mlp_table_open(path, options, &whole, e);
    if (code == MLP_OK &&
        (mlp_table_size(whole) == 0 || mlp_stream_compressed(whole->from.stream)))
        code = mlp_err_set(e, MLP_EUSAGE, "%s cannot be read in parts", path);
    for (unsigned i = 0; i < parts; i++)
        mlp_err_init(&run->errors[i]);
    if (code == MLP_OK)
        code = make_parts(whole, path, parts, run, e);
    if (code == MLP_OK)
        code = run_all(run, parts, e);
    for (unsigned i = 0; i < parts; i++)
        mlp_table_close(run->parts[i]);
    mlp_table_close(whole);
    free(run);
    return code;
}
