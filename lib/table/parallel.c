/* A plain file in shares. Whether a line feed ends a row depends on all quotes before it, so the
 * file is scanned first, in pieces by all threads, each with a guess of the state it starts in. A
 * wrong guess (the piece starts inside quotes) costs a second scan of that piece. */
#include "table/internal.h"

#include "base/file.h"
#include "base/os.h"
#include "base/thread.h"

#include <stdlib.h>

#define SCAN_BYTES ((size_t)256 << 10)
#define PIECES 4u /* of a share, so that threads and repeated scans are balanced */
#define MOST_PARTS 64u

/* Where a share starts: byte, and physical line. */
struct edge {
    uint64_t at, line;
};

/* A piece of the file: [from, to), the state before it (guessed, then known) and behind it. */
struct piece {
    uint64_t from, to;
    enum mlp_csv_at before, after;
    uint64_t feeds;
    enum mlp_code code;
    struct mlp_err error;
};

/* The file being cut. */
struct cut {
    int fd;
    uint64_t begin, size;
    struct mlp_csv_dialect dialect; /* quote 0: each line feed ends a row */
    struct piece *pieces;
    size_t n;
};

/* p has MLP_CSV_PAD bytes behind the n: zeros, as the index looks at whole words. */
static enum mlp_code read_at(const struct cut *c, char *p, size_t n, uint64_t at, size_t *got,
                             struct mlp_err *e)
{
    enum mlp_code code = mlp_os_pread(c->fd, p, n, at, got, e);
    if (code == MLP_OK)
        memset(p + *got, 0, MLP_CSV_PAD);
    if (code == MLP_OK && *got == 0 && n)
        code = mlp_err_set(e, MLP_EIO, "became shorter while it was read");
    return code;
}

/* Scans a piece from its state `before`. */
static enum mlp_code scan_piece(const struct cut *c, struct piece *p, char *buf,
                                struct mlp_err *e)
{
    p->after = p->before;
    p->feeds = 0;
    for (uint64_t at = p->from; at < p->to;) {
        size_t got, most = p->to - at < SCAN_BYTES ? (size_t)(p->to - at) : SCAN_BYTES;
        enum mlp_code code = read_at(c, buf, most, at, &got, e);
        if (code != MLP_OK)
            return code;
        struct mlp_csv_scan s = {.at = p->after};
        mlp_csv_index(&c->dialect, buf, got, NULL, &s);
        p->after = s.at;
        p->feeds += s.feeds;
        at += got;
    }
    return MLP_OK;
}

/* The likeliest state behind a byte: not inside quotes. */
static enum mlp_csv_at guess(const struct mlp_csv_dialect *d, char last)
{
    if (last == '\n' || last == d->delimiter)
        return MLP_CSV_START;
    return d->quote && last == d->quote ? MLP_CSV_CLOSED : MLP_CSV_PLAIN;
}

static void scan_guessed(void *ctx, size_t i)
{
    const struct cut *c = ctx;
    struct piece *p = &c->pieces[i];
    size_t got;
    char *buf = malloc(SCAN_BYTES + MLP_CSV_PAD);
    p->code = buf ? MLP_OK : mlp_err_nomem(&p->error);
    if (buf && p->from > c->begin) {
        p->code = read_at(c, buf, 1, p->from - 1, &got, &p->error);
        p->before = p->code == MLP_OK ? guess(&c->dialect, buf[0]) : MLP_CSV_START;
    }
    if (p->code == MLP_OK)
        p->code = scan_piece(c, p, buf, &p->error);
    free(buf);
}

/* Gives each piece the state that the one before it leaves. */
static enum mlp_code settle(const struct cut *c, char *buf, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < c->n && code == MLP_OK; i++) {
        struct piece *p = &c->pieces[i];
        if (p->code != MLP_OK) {
            if (e && e->code == MLP_OK)
                *e = p->error;
            return p->code;
        }
        if (i == 0 || c->pieces[i - 1].after == p->before)
            continue;
        p->before = c->pieces[i - 1].after;
        code = scan_piece(c, p, buf, e);
    }
    return code;
}

/* The first row that starts behind the end of piece i. */
static enum mlp_code find_edge(const struct cut *c, size_t i, char *buf, struct edge *edge,
                               struct mlp_err *e)
{
    struct mlp_csv_scan s = {.at = c->pieces[i].after};
    edge->at = c->pieces[i].to;
    while (edge->at < c->size) {
        size_t got;
        enum mlp_code code = read_at(c, buf, 4096, edge->at, &got, e);
        if (code != MLP_OK)
            return code;
        for (size_t k = 0; k < got; k++) {
            mlp_csv_index_isa(MLP_CSV_PORTABLE, &c->dialect, (struct mlp_str){buf + k, 1}, NULL,
                              &s);
            edge->at++;
            edge->line += s.feeds;
            if (s.rows)
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

/* Divides the rows into parts * PIECES pieces of about the same size. The last share need not be
 * scanned: it ends where the file does. */
static enum mlp_code cut_pieces(struct cut *c, unsigned parts, struct mlp_err *e)
{
    size_t all = (size_t)parts * PIECES;
    uint64_t bytes = (c->size - c->begin) / all;
    c->n = all - PIECES;
    c->pieces = calloc(all, sizeof *c->pieces);
    if (!c->pieces)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < c->n; i++) {
        c->pieces[i].from = c->begin + bytes * i;
        c->pieces[i].to = c->begin + bytes * (i + 1);
    }
    return MLP_OK;
}

static enum mlp_code make_parts(const struct mlp_table *whole, const char *path, struct cut *c,
                                unsigned parts, struct run *run, struct mlp_err *e)
{
    char *buf = malloc(SCAN_BYTES + MLP_CSV_PAD);
    enum mlp_code code = buf ? settle(c, buf, e) : mlp_err_nomem(e);
    struct edge edge = {c->begin, whole->line}, next = edge;
    uint64_t line = whole->line;
    for (unsigned i = 0; i < parts && code == MLP_OK; i++) {
        for (size_t k = 0; i + 1 < parts && k < PIECES; k++)
            line += c->pieces[i * PIECES + k].feeds;
        next = (struct edge){c->size, line};
        if (i + 1 < parts)
            code = find_edge(c, i * PIECES + PIECES - 1, buf, &next, e);
        /* A row that is longer than a share leaves shares empty. */
        if (next.at < edge.at)
            next = edge;
        if (code == MLP_OK)
            code = make_part(whole, path, &edge, next.at, &run->parts[i], e);
        edge = next;
    }
    free(buf);
    return code;
}

/* Opens the file behind `whole`, scans it and makes the shares. */
static enum mlp_code cut_file(const struct mlp_table *whole, const char *path, unsigned parts,
                              struct run *run, struct mlp_err *e)
{
    struct cut c = {.fd = -1, .size = mlp_table_size(whole), .dialect = whole->dialect};
    c.begin = whole->taken - (whole->have - whole->start);
    if (whole->format == MLP_TABLE_NDJSON)
        c.dialect.quote = 0;
    if (c.size < c.begin)
        c.size = c.begin;
    enum mlp_code code = mlp_os_open(path, MLP_OPEN_READ, &c.fd, e);
    if (code == MLP_OK)
        code = cut_pieces(&c, parts, e);
    if (code == MLP_OK)
        mlp_parallel_for(c.n, parts, scan_guessed, &c);
    if (code == MLP_OK)
        code = make_parts(whole, path, &c, parts, run, e);
    if (c.fd >= 0)
        mlp_os_close(c.fd, NULL);
    free(c.pieces);
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, whole->source, 0, 0);
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
    struct mlp_table *whole = NULL;
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return mlp_err_nomem(e);
    run->fn = fn;
    run->ctx = ctx;
    parts = parts < 1 ? 1 : parts > MOST_PARTS ? MOST_PARTS : parts;
    for (unsigned i = 0; i < parts; i++)
        mlp_err_init(&run->errors[i]);
    enum mlp_code code = MLP_OK;
    if (strcmp(path, "-") != 0)
        code = mlp_table_open(path, options, &whole, e);
    if (code == MLP_OK && (!whole || mlp_table_size(whole) == 0 ||
                           mlp_stream_compressed(whole->from.stream) || whole->nrecodes))
        code = mlp_err_set(e, MLP_EUSAGE, "%s cannot be read in parts", mlp_file_name(path));
    if (code == MLP_OK)
        code = cut_file(whole, path, parts, run, e);
    if (code == MLP_OK)
        code = run_all(run, parts, e);
    for (unsigned i = 0; i < parts; i++)
        mlp_table_close(run->parts[i]);
    mlp_table_close(whole);
    free(run);
    return code;
}
