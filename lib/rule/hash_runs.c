#include "rule/hash_runs.h"

#include "base/file.h"

#include <stdlib.h>

#define PAGE 512u        /* hashes: what one look reads */
#define FAN 8u           /* runs of a level that become one */
#define MOST_RUNS 128u
#define OUT_PAGES 16u    /* that are written at once */
#define LINE 8u          /* words of a cache line */
#define BITS_A_KEY 10u

/* lines 0: no filter, every look reads. */
struct run {
    int fd;
    unsigned level, probes;
    uint64_t n;
    uint64_t *first;     /* hash of each page */
    uint64_t *filter;
    size_t lines;
};

struct mlp_hash_runs {
    struct run run[MOST_RUNS]; /* levels fall */
    size_t n;
    size_t filter_bytes, filtered;
};

enum mlp_code mlp_hash_runs_new(size_t filter_bytes, struct mlp_hash_runs **r, struct mlp_err *e)
{
    *r = calloc(1, sizeof **r);
    if (!*r)
        return mlp_err_nomem(e);
    (*r)->filter_bytes = filter_bytes;
    return MLP_OK;
}

static void drop_filter(struct mlp_hash_runs *r, struct run *x)
{
    r->filtered -= x->lines * LINE * sizeof *x->filter;
    free(x->filter);
    x->filter = NULL;
    x->lines = 0;
}

static void free_run(struct mlp_hash_runs *r, struct run *x)
{
    drop_filter(r, x);
    free(x->first);
    if (x->fd >= 0)
        mlp_os_close(x->fd, NULL);
}

void mlp_hash_runs_free(struct mlp_hash_runs *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        free_run(r, &r->run[i]);
    free(r);
}

uint64_t mlp_hash_runs_count(const struct mlp_hash_runs *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->run[i].n;
    return n;
}

/* ---- order */

static void insertion_sort(uint64_t *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t x = p[i];
        size_t k = i;
        for (; k > 0 && p[k - 1] > x; k--)
            p[k] = p[k - 1];
        p[k] = x;
    }
}

/* Hashes are evenly spread: after two or three bytes their groups are a handful. In place, as the
 * American flag sort (McIlroy, Bostic and McIlroy, Engineering Radix Sort, 1993). */
static void sort(uint64_t *p, size_t n, unsigned shift)
{
    size_t at[256], end[256] = {0};
    if (n < 48) {
        insertion_sort(p, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        end[p[i] >> shift & 255]++;
    for (size_t b = 0, sum = 0; b < 256; b++) {
        at[b] = sum;
        end[b] = sum += end[b];
    }
    for (size_t b = 0, from = 0; b < 256; from = end[b++]) {
        while (at[b] < end[b]) {
            uint64_t x = p[at[b]];
            for (size_t to; (to = x >> shift & 255) != b;) {
                uint64_t y = p[at[to]];
                p[at[to]++] = x;
                x = y;
            }
            p[at[b]++] = x;
        }
        if (shift)
            sort(p + from, end[b] - from, shift - 8);
    }
}

/* ---- filters */

/* The line by the high bits, the bits in it by nine of the low ones each. */
static uint64_t *line_of(const struct run *x, uint64_t hash)
{
    return x->filter + (size_t)((hash >> 32) * x->lines >> 32) * LINE;
}

static unsigned bit_of(uint64_t mixed, unsigned k)
{
    return (unsigned)(mixed >> 9 * k & 511);
}

static uint64_t mix(uint64_t hash)
{
    hash *= 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static void filter_add(struct run *x, uint64_t hash)
{
    uint64_t *line = line_of(x, hash), mixed = mix(hash);
    for (unsigned k = 0; k < x->probes; k++)
        line[bit_of(mixed, k) / 64] |= (uint64_t)1 << bit_of(mixed, k) % 64;
}

static bool filter_may_have(const struct run *x, uint64_t hash)
{
    const uint64_t *line = line_of(x, hash);
    uint64_t mixed = mix(hash);
    for (unsigned k = 0; k < x->probes; k++)
        if (!(line[bit_of(mixed, k) / 64] >> bit_of(mixed, k) % 64 & 1))
            return false;
    return true;
}

/* A filter as good as there is memory for; none where it would say yes to nearly everything. */
static enum mlp_code make_filter(struct mlp_hash_runs *r, struct run *x, uint64_t n,
                                 struct mlp_err *e)
{
    size_t room = r->filter_bytes - r->filtered, line = LINE * sizeof *x->filter;
    uint64_t wanted = (n * BITS_A_KEY / 8 + line) / line, lines = room / line;
    lines = lines < wanted ? lines : wanted;
    uint64_t bits = lines * line * 8 / (n ? n : 1);
    if (bits < 2)
        return MLP_OK;
    x->filter = calloc((size_t)lines, line);
    if (!x->filter)
        return mlp_err_nomem(e);
    x->lines = (size_t)lines;
    x->probes = bits < 4 ? 2 : bits < 7 ? 3 : 6;
    r->filtered += x->lines * line;
    return MLP_OK;
}

/* ---- a run being written */

struct writer {
    struct mlp_hash_runs *r;
    struct run *run;
    uint64_t out[OUT_PAGES * PAGE];
    size_t nout;
};

static enum mlp_code begin(struct writer *w, uint64_t n, struct mlp_err *e)
{
    w->nout = 0;
    w->run->first = malloc((size_t)(n / PAGE + 1) * sizeof *w->run->first);
    if (!w->run->first)
        return mlp_err_nomem(e);
    enum mlp_code code = make_filter(w->r, w->run, n, e);
    return code == MLP_OK ? mlp_file_scratch(&w->run->fd, e) : code;
}

static enum mlp_code flush(struct writer *w, struct mlp_err *e)
{
    size_t n = w->nout;
    w->nout = 0;
    enum mlp_code code = mlp_os_write(w->run->fd, w->out, n * sizeof *w->out, e);
    return code == MLP_OK ? code : mlp_err_hint(e, "TMPDIR says where the values of unique go");
}

static enum mlp_code put(struct writer *w, uint64_t hash, struct mlp_err *e)
{
    struct run *x = w->run;
    if (x->n % PAGE == 0)
        x->first[x->n / PAGE] = hash;
    if (x->lines)
        filter_add(x, hash);
    x->n++;
    w->out[w->nout++] = hash;
    return w->nout == OUT_PAGES * PAGE ? flush(w, e) : MLP_OK;
}

/* ---- merging */

struct reader {
    const struct run *run;
    uint64_t page[PAGE], at, left;
};

static enum mlp_code read_page(const struct run *x, uint64_t page, uint64_t *to, size_t *n,
                               struct mlp_err *e)
{
    uint64_t left = x->n - page * PAGE;
    *n = left < PAGE ? (size_t)left : PAGE;
    size_t bytes = *n * sizeof *to, got = 1;
    enum mlp_code code = MLP_OK;
    for (size_t at = 0; at < bytes && code == MLP_OK && got; at += got)
        code = mlp_os_pread(x->fd, (char *)to + at, bytes - at, page * PAGE * sizeof *to + at,
                            &got, e);
    return code == MLP_OK && !got ? mlp_err_set(e, MLP_EIO, "a file of ours was cut") : code;
}

static enum mlp_code next_of(struct reader *s, struct mlp_err *e)
{
    size_t n;
    s->at++;
    s->left--;
    return s->left && s->at % PAGE == 0 ? read_page(s->run, s->at / PAGE, s->page, &n, e) : MLP_OK;
}

static enum mlp_code merge_into(struct writer *w, struct reader *s, size_t n, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (;;) {
        struct reader *least = NULL;
        for (size_t i = 0; i < n; i++)
            if (s[i].left && (!least || s[i].page[s[i].at % PAGE] < least->page[least->at % PAGE]))
                least = &s[i];
        if (!least || code != MLP_OK)
            return code == MLP_OK ? flush(w, e) : code;
        code = put(w, least->page[least->at % PAGE], e);
        if (code == MLP_OK)
            code = next_of(least, e);
    }
}

/* The last FAN runs, all of a level, become one of the next. */
static enum mlp_code merge(struct mlp_hash_runs *r, struct mlp_err *e)
{
    struct reader *s = calloc(FAN, sizeof *s);
    struct writer *w = calloc(1, sizeof *w);
    struct run *old = &r->run[r->n - FAN], made = {.fd = -1, .level = old->level + 1};
    enum mlp_code code = s && w ? MLP_OK : mlp_err_nomem(e);
    uint64_t n = 0;
    for (size_t i = 0; i < FAN && code == MLP_OK; i++) {
        size_t got;
        drop_filter(r, &old[i]);
        s[i] = (struct reader){.run = &old[i], .left = old[i].n};
        code = read_page(&old[i], 0, s[i].page, &got, e);
        n += old[i].n;
    }
    if (code == MLP_OK) {
        w->r = r;
        w->run = &made;
        code = begin(w, n, e);
    }
    if (code == MLP_OK)
        code = merge_into(w, s, FAN, e);
    for (size_t i = 0; i < FAN; i++)
        free_run(r, &old[i]);
    r->n -= FAN;
    r->run[r->n++] = made;
    free(s);
    free(w);
    return code;
}

static bool is_due(const struct mlp_hash_runs *r)
{
    return r->n >= FAN && r->run[r->n - FAN].level == r->run[r->n - 1].level;
}

enum mlp_code mlp_hash_runs_add(struct mlp_hash_runs *r, uint64_t *hashes, size_t n,
                                struct mlp_err *e)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return mlp_err_nomem(e);
    struct run *x = &r->run[r->n++];
    *x = (struct run){.fd = -1};
    *w = (struct writer){.r = r, .run = x};
    sort(hashes, n, 56);
    enum mlp_code code = begin(w, n, e);
    for (size_t i = 0; i < n && code == MLP_OK; i++)
        code = put(w, hashes[i], e);
    if (code == MLP_OK)
        code = flush(w, e);
    free(w);
    while (code == MLP_OK && is_due(r))
        code = merge(r, e);
    return code;
}

/* ---- looking */

/* Index of the last of n ascending numbers that is at most x, or SIZE_MAX. */
static size_t last_upto(const uint64_t *p, size_t n, uint64_t x)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (p[mid] <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo - 1;
}

enum mlp_code mlp_hash_runs_has(const struct mlp_hash_runs *r, uint64_t hash, bool *has,
                                struct mlp_err *e)
{
    uint64_t page[PAGE];
    enum mlp_code code = MLP_OK;
    *has = false;
    for (size_t i = 0; i < r->n && !*has && code == MLP_OK; i++) {
        const struct run *x = &r->run[i];
        size_t n, at;
        if (x->lines && !filter_may_have(x, hash))
            continue;
        at = last_upto(x->first, (size_t)((x->n + PAGE - 1) / PAGE), hash);
        if (at == SIZE_MAX)
            continue;
        code = read_page(x, at, page, &n, e);
        at = code == MLP_OK ? last_upto(page, n, hash) : SIZE_MAX;
        *has = at != SIZE_MAX && page[at] == hash;
    }
    return code;
}
