/* A part of a plain file. Whether a line feed ends a row depends on all quotes before it, so the
 * file is scanned up to the part's end first, in pieces by all threads, each with a guess of the
 * state it starts in. A wrong guess (the piece starts inside quotes) costs a second scan of that
 * piece. */
#include "table/internal.h"

#include "base/file.h"
#include "base/os.h"
#include "base/thread.h"

#include <stdlib.h>

#define SCAN_BYTES ((size_t)256 << 10)
#define MOST_THREADS 64u

/* Where a part starts: byte, and physical line. */
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
    struct piece *pieces;       /* n before the part, then n of the part */
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
    for (size_t i = 0; i < 2 * c->n && code == MLP_OK; i++) {
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

/* The first row that starts behind the end of piece i; the file's first row when that is where its
 * rows begin. */
static enum mlp_code find_edge(const struct cut *c, size_t i, char *buf, struct edge *edge,
                               struct mlp_err *e)
{
    struct mlp_csv_scan s = {.at = c->pieces[i].after};
    edge->at = c->pieces[i].to;
    for (size_t k = 0; k <= i; k++)
        edge->line += c->pieces[k].feeds;
    if (edge->at == c->begin)
        return MLP_OK;
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

/* Pieces of about the same size up to `from`, and from there to `to`. */
static enum mlp_code cut_pieces(struct cut *c, uint64_t from, uint64_t to, struct mlp_err *e)
{
    const uint64_t edges[] = {c->begin, from, to};
    c->pieces = calloc(2 * c->n, sizeof *c->pieces);
    if (!c->pieces)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < 2 * c->n; i++) {
        uint64_t start = edges[i / c->n], end = edges[i / c->n + 1], k = i % c->n;
        uint64_t bytes = (end - start) / c->n;
        c->pieces[i].from = start + bytes * k;
        c->pieces[i].to = k + 1 < c->n ? start + bytes * (k + 1) : end;
    }
    return MLP_OK;
}

static enum mlp_code open_cut(const struct mlp_table *whole, const char *path, struct cut *c,
                              struct mlp_table **t, struct mlp_err *e)
{
    char *buf = malloc(SCAN_BYTES + MLP_CSV_PAD);
    struct edge first = {c->begin, whole->line}, end = first;
    enum mlp_code code = buf ? settle(c, buf, e) : mlp_err_nomem(e);
    if (code == MLP_OK)
        code = find_edge(c, c->n - 1, buf, &first, e);
    if (code == MLP_OK)
        code = find_edge(c, 2 * c->n - 1, buf, &end, e);
    if (code == MLP_OK)
        code = make_part(whole, path, &first, end.at, t, e);
    free(buf);
    return code;
}

static uint64_t within(uint64_t at, const struct cut *c)
{
    return at < c->begin ? c->begin : at > c->size ? c->size : at;
}

/* Scans the file behind `whole` up to `to` and opens the part. */
static enum mlp_code cut_file(const struct mlp_table *whole, const char *path, uint64_t from,
                              uint64_t to, struct mlp_table **t, struct mlp_err *e)
{
    unsigned cpus = mlp_os_cpus(), threads = cpus < MOST_THREADS ? cpus : MOST_THREADS;
    struct cut c = {.fd = -1, .size = mlp_table_size(whole), .dialect = whole->dialect,
                    .n = threads};
    c.begin = whole->taken - (whole->have - whole->start);
    if (whole->format == MLP_TABLE_NDJSON)
        c.dialect.quote = 0;
    if (c.size < c.begin)
        c.size = c.begin;
    enum mlp_code code = mlp_os_open(path, MLP_OPEN_READ, &c.fd, e);
    if (code == MLP_OK)
        code = cut_pieces(&c, within(from, &c), within(to, &c), e);
    if (code == MLP_OK)
        mlp_parallel_for(2 * c.n, threads, scan_guessed, &c);
    if (code == MLP_OK)
        code = open_cut(whole, path, &c, t, e);
    if (c.fd >= 0)
        mlp_os_close(c.fd, NULL);
    free(c.pieces);
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, whole->source, 0, 0);
}

bool mlp_table_divides(const struct mlp_table *t)
{
    return mlp_table_size(t) != 0 && !mlp_stream_compressed(t->from.stream) && !t->nrecodes;
}

enum mlp_code mlp_table_open_part(const char *path, const struct mlp_table_options *options,
                                  uint64_t from, uint64_t to, struct mlp_table **t,
                                  struct mlp_err *e)
{
    struct mlp_table *whole = NULL;
    enum mlp_code code = MLP_OK;
    *t = NULL;
    if (strcmp(path, "-") != 0)
        code = mlp_table_open(path, options, &whole, e);
    if (code == MLP_OK && (!whole || !mlp_table_divides(whole)))
        code = mlp_err_set(e, MLP_EUSAGE, "%s cannot be read in parts", mlp_file_name(path));
    if (code == MLP_OK)
        code = cut_file(whole, path, from, to < from ? from : to, t, e);
    if (code != MLP_OK) {
        mlp_table_close(*t);
        *t = NULL;
    }
    mlp_table_close(whole);
    return code;
}
