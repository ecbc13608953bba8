/* mutants [-k KIND] [-n N] [-s SEED] [-q] FILE...: damages files in N ways a format and loads them:
 * models (the default), rules, tables or expressions.
 *
 * Files are put together by format (the ending of the name, and how it is compressed); each format
 * gets N mutants (2,000 unless told) of its files in turn: flipped bits, other bytes, numbers
 * changed, lengths set to extremes, pieces cut, repeated, swapped, truncation. Each is loaded, and
 * what loads predicts, in a child with a bound of 1 GiB of address space and 8 s. A signal, a hang
 * or a refusal without words is a failure; of rules and tables also one that does not name the
 * file. The ending of a rules file is the name of its format, where there is one of that name. The
 * seed makes every run the same. */
#include "base/file.h"
#include "base/rng.h"
#include "model/container.h"
#include "model/zip.h"
#include "rule/expr.h"
#include "rule/import.h"
#include "rule/rule.h"
#include "table/table.h"
#include "table/unpack.h"
#include "../fuzz/model_rows.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FILES 4096
#define CHUNK 50                 /* mutants a child */
#define SECONDS 8
#define MEMORY ((rlim_t)1 << 30)
#define MOST_BYTES (1u << 18)    /* larger files are left out: mutants of them are slow */

struct file {
    const char *path;
    char format[24];
    char *bytes;
    size_t n;
};

struct tally {
    unsigned number;             /* of the mutant that runs */
    unsigned loaded, refused;
    unsigned placeless;          /* of those refused, without a line */
};

enum kind { MODEL, RULES, TABLE, EXPRESSION };

struct run {
    struct file files[MOST_FILES];
    size_t nfiles;
    struct tally *t;             /* shared with the children */
    unsigned per_format, seed;
    bool quiet;
    enum kind kind;
};

/* --- mutation --- */

static size_t pick(struct mlp_rng *r, size_t n)
{
    return n ? (size_t)mlp_rng_below(r, n) : 0;
}

static size_t flip(struct mlp_rng *r, char *b, size_t n)
{
    size_t i = pick(r, n);
    b[i] = (char)(b[i] ^ 1 << pick(r, 8));
    return n;
}

static size_t other(struct mlp_rng *r, char *b, size_t n)
{
    b[pick(r, n)] = (char)pick(r, 256);
    return n;
}

/* A field of 1, 2, 4 or 8 bytes becomes an extreme, or a little more or less than it was. */
static size_t extreme(struct mlp_rng *r, char *b, size_t n)
{
    static const unsigned char fills[] = {0x00, 0xff, 0x7f, 0x80};
    size_t width = (size_t)1 << pick(r, 4), at = pick(r, n);
    if (at + width > n)
        return n;
    if (pick(r, 3) == 0) {
        b[at] = (char)(b[at] + (pick(r, 2) ? 1 : -1));
        return n;
    }
    memset(b + at, fills[pick(r, 4)], width);
    return n;
}

/* A digit of a text becomes another number. b has room for what is added. */
static size_t number(struct mlp_rng *r, char *b, size_t n)
{
    static const char *const numbers[] = {"9", "-1", "99999", "4294967296", "-2147483648", "1e308",
                                          "", "nan"};
    const char *z = numbers[pick(r, 8)];
    size_t at = pick(r, n), w = strlen(z);
    while (at < n && (b[at] < '0' || b[at] > '9'))
        at++;
    if (at == n)
        return extreme(r, b, n);
    memmove(b + at + w, b + at + 1, n - at - 1);
    memcpy(b + at, z, w);
    return n - 1 + w;
}

static size_t cut(struct mlp_rng *r, char *b, size_t n)
{
    size_t at = pick(r, n), w = 1 + pick(r, 63);
    w = w > n - at ? n - at : w;
    memmove(b + at, b + at + w, n - at - w);
    return n - w;
}

/* A piece appears once more somewhere else; b has room. */
static size_t repeat(struct mlp_rng *r, char *b, size_t n)
{
    char piece[256];
    size_t from = pick(r, n), to = pick(r, n), w = 1 + pick(r, sizeof piece - 1);
    w = w > n - from ? n - from : w;
    memcpy(piece, b + from, w);
    memmove(b + to + w, b + to, n - to);
    memcpy(b + to, piece, w);
    return n + w;
}

/* A piece overwrites another. */
static size_t splice(struct mlp_rng *r, char *b, size_t n)
{
    size_t from = pick(r, n), to = pick(r, n), w = 1 + pick(r, 127);
    w = w > n - from ? n - from : w;
    w = w > n - to ? n - to : w;
    memmove(b + to, b + from, w);
    return n;
}

static size_t truncate_at(struct mlp_rng *r, char *b, size_t n)
{
    (void)b;
    return 1 + pick(r, n);
}

/* Changes that keep the length. */
static void disturb(struct mlp_rng *r, char *b, size_t n)
{
    static size_t (*const ways[])(struct mlp_rng *, char *, size_t) = {flip, other, extreme,
                                                                      splice};
    for (size_t i = (size_t)1 << pick(r, 4); i > 0 && n; i--)
        ways[pick(r, 4)](r, b, n);
}

/* Puts the new CRC of an entry where the old one stands, in its header and in the directory. */
static void mend(char *out, size_t n, uint32_t old, uint32_t new)
{
    char from[4], to[4];
    for (unsigned i = 0; i < 4; i++) {
        from[i] = (char)(old >> 8 * i & 0xff);
        to[i] = (char)(new >> 8 * i & 0xff);
    }
    for (size_t i = 0; i + 4 <= n; i++)
        if (memcmp(out + i, from, 4) == 0)
            memcpy(out + i, to, 4);
}

/* Changes what a stored entry of a zip holds and mends its CRC, which would end most tries at the
 * door. False when the file is no zip or the entry is packed. */
static bool mutate_entry(struct mlp_rng *r, const struct file *f, char *out)
{
    struct mlp_arena a;
    struct mlp_zip z;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_arena_init(&a, (size_t)16 << 20);
    bool ok = memcmp(f->bytes, "PK", 2) == 0 && pick(r, 8) &&
              !mlp_zip_open(&z, &a, (struct mlp_str){f->bytes, f->n}, &e) && z.n > 0;
    const struct mlp_zip_entry *entry = ok ? &z.entries[pick(r, z.n)] : NULL;
    if (ok && pick(r, 2))
        entry = mlp_zip_find(&z, MLP_STR("schema.json"));
    ok = entry && !entry->deflated && entry->size;
    if (ok) {
        char *data = out + (entry->data.p - f->bytes);
        memcpy(out, f->bytes, f->n);
        disturb(r, data, entry->size);
        mend(out, f->n, entry->crc, mlp_crc32((struct mlp_str){data, entry->size}));
    }
    mlp_arena_fini(&a);
    return ok;
}

/* 1, 2 or 4 changes; out has room for 2 KiB more than the file. */
static size_t mutate(struct mlp_rng *r, const struct file *f, char *out)
{
    static size_t (*const ways[])(struct mlp_rng *, char *, size_t) = {
        flip, flip, other, extreme, extreme, number, number, cut, repeat, splice, truncate_at};
    size_t n = f->n, changes = (size_t)1 << pick(r, 3);
    if (mutate_entry(r, f, out))
        return n;
    memcpy(out, f->bytes, n);
    for (size_t i = 0; i < changes && n > 2; i++)
        n = ways[pick(r, sizeof ways / sizeof ways[0])](r, out, n);
    return n;
}

/* --- children --- */

/* What was read is read to its end; e tells what is wrong. */
static void try_rules(struct mlp_str text, const char *format, struct mlp_err *e)
{
    struct mlp_import_notes notes;
    struct mlp_doc native;
    struct mlp_rules *rules = NULL;
    struct mlp_buf words;
    mlp_import_notes_init(&notes);
    mlp_buf_init(&words, (size_t)16 << 20);
    if (mlp_rules_import_text(text, "mutant", mlp_rules_format_find(mlp_str_from(format)), &native,
                              &notes, e) != MLP_OK)
        mlp_doc_fini(&native);
    else if (mlp_rules_parse(&native, &rules, e) == MLP_OK)
        mlp_rules_describe(rules, &words);
    mlp_rules_free(rules);
    mlp_buf_fini(&words);
    mlp_import_notes_fini(&notes);
}

static void try_table(struct mlp_str text, struct mlp_err *e)
{
    char path[64];
    int fd = memfd_create("mutant", MFD_CLOEXEC);
    struct mlp_table *t = NULL;
    struct mlp_batch *b = NULL;
    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum mlp_code code = mlp_table_open(path, NULL, &t, e);
    while (code == MLP_OK && (code = mlp_table_next(t, &b, e)) == MLP_OK && b)
        continue;
    mlp_table_close(t);
    close(fd);
}

static void try_expression(struct mlp_str text, struct mlp_err *e)
{
    struct mlp_arena a;
    struct mlp_expr *x = NULL;
    mlp_arena_init(&a, (size_t)16 << 20);
    if (mlp_expr_parse(text, &a, &x, e) == MLP_OK)
        mlp_expr_fini(x);
    mlp_arena_fini(&a);
}

/* Whether it was taken. */
static bool try_text(struct run *run, const struct file *f, struct mlp_str text)
{
    struct mlp_err e;
    mlp_err_init(&e);
    if (run->kind == RULES)
        try_rules(text, f->format, &e);
    else if (run->kind == TABLE)
        try_table(text, &e);
    else
        try_expression(text, &e);
    if (e.code == MLP_OK)
        return true;
    bool placed = run->kind == EXPRESSION || e.source[0];
    if (!e.message[0] || e.code == MLP_EBUG || !placed)
        abort();
    run->t->placeless += e.line == 0;
    return false;
}

static bool try_model(const char *bytes, size_t n)
{
    struct mlp_model_limits limits = {.memory_bytes = (size_t)256 << 20};
    struct mlp_model *m;
    struct mlp_err e;
    mlp_err_init(&e);
    if (mlp_model_open_mem((struct mlp_str){bytes, n}, "mutant", &limits, &m, &e)) {
        if (!e.message[0] || e.code == MLP_EBUG)
            abort();
        return false;
    }
    predict_rows(m);
    mlp_model_free(m);
    return true;
}

/* Mutants first to last of one format, from their numbers alone. */
static void work(struct run *run, struct file *const *files, size_t n, unsigned first,
                 unsigned last)
{
    struct rlimit memory = {MEMORY, MEMORY}, core = {0, 0};
    char *out = malloc(MOST_BYTES + 4096);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_AS, &memory);
#else
    (void)memory;
#endif
    setrlimit(RLIMIT_CORE, &core);
    for (unsigned i = first; out && i < last; i++) {
        struct mlp_rng r;
        mlp_rng_init(&r, (uint64_t)run->seed << 32 | i);
        size_t length = mutate(&r, files[i % n], out);
        run->t->number = i;
        alarm(SECONDS);
        bool taken = run->kind == MODEL
                         ? try_model(out, length)
                         : try_text(run, files[i % n], (struct mlp_str){out, length});
        if (taken)
            run->t->loaded++;
        else
            run->t->refused++;
    }
    _exit(out ? 0 : 1);
}

static void keep(struct run *run, struct file *const *files, size_t n, unsigned i, int status)
{
    char name[64];
    struct mlp_rng r;
    struct mlp_err e;
    char *out = malloc(MOST_BYTES + 4096);
    const struct file *f = files[i % n];
    mlp_err_init(&e);
    snprintf(name, sizeof name, "mutant-%s-%u", f->format, i);
    printf("mutants: FAILED: %s number %u of %s: %s %d; kept as %s\n", f->format, i, f->path,
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), name);
    mlp_rng_init(&r, (uint64_t)run->seed << 32 | i);
    if (out && mlp_file_write(name, (struct mlp_str){out, mutate(&r, f, out)}, 0, &e))
        printf("mutants: %s\n", e.message);
    free(out);
}

/* Failures of one format. */
static unsigned run_format(struct run *run, struct file *const *files, size_t n)
{
    unsigned failed = 0;
    memset(run->t, 0, sizeof *run->t);
    for (unsigned i = 0; i < run->per_format;) {
        unsigned last = i + CHUNK < run->per_format ? i + CHUNK : run->per_format;
        int status = 0;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            work(run, files, n, i, last);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            return failed + 1;
        if (status != 0) {
            failed++;
            keep(run, files, n, run->t->number, status);
            last = run->t->number + 1;
        }
        i = last;
    }
    if (!run->quiet || failed)
        printf("mutants: %-12s %4zu files, %u mutants: %u refused (%u without a line), %u loaded, "
               "%u failed\n", files[0]->format, n, run->per_format, run->t->refused,
               run->t->placeless, run->t->loaded, failed);
    return failed;
}

/* --- files --- */

/* The ending of the name; what a joblib file is compressed with is a format of its own. */
static void name_format(struct file *f)
{
    const char *dot = strrchr(f->path, '.');
    unsigned char first = (unsigned char)f->bytes[0];
    bool joblib = dot && strcmp(dot, ".joblib") == 0;
    snprintf(f->format, sizeof f->format, "%.15s%s", dot ? dot + 1 : "file",
             joblib && first != 0x80 ? "-packed" : "");
}

static void add_file(struct run *run, const char *path)
{
    struct mlp_buf b;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_init(&b, MOST_BYTES);
    if (run->nfiles < MOST_FILES && !mlp_file_read(path, &b, &e) && b.n > 2) {
        struct file *f = &run->files[run->nfiles];
        f->path = path;
        f->n = b.n;
        f->bytes = malloc(b.n);
        if (f->bytes) {
            memcpy(f->bytes, b.p, b.n);
            name_format(f);
            run->nfiles++;
        }
    }
    mlp_buf_fini(&b);
}

/* Runs the format of file i with all files of it; 0 when an earlier file had it. */
static unsigned run_group(struct run *run, size_t i, struct file **group, unsigned *formats)
{
    size_t n = 0;
    for (size_t k = 0; k < run->nfiles; k++) {
        if (strcmp(run->files[k].format, run->files[i].format) != 0)
            continue;
        if (k < i)
            return 0;
        group[n++] = &run->files[k];
    }
    ++*formats;
    return run_format(run, group, n);
}

static int usage(void)
{
    fputs("usage: mutants [-k model|rules|table|expression] [-n MUTANTS] [-s SEED] [-q] FILE...\n",
          stderr);
    return 2;
}

static bool read_kind(const char *name, enum kind *kind)
{
    static const char *const names[] = {"model", "rules", "table", "expression"};
    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            *kind = (enum kind)i;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct run *run = calloc(1, sizeof *run);
    struct file **group = calloc(MOST_FILES, sizeof(struct file *));
    unsigned failed = 0, formats = 0;
    int option;
    if (!run || !group)
        return 1;
    run->per_format = 2000;
    run->seed = 11;
    while ((option = getopt(argc, argv, "k:n:s:q")) != -1) {
        if (option == 'n')
            run->per_format = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            run->seed = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'k' && read_kind(optarg, &run->kind))
            continue;
        else if (option == 'q')
            run->quiet = true;
        else
            return usage();
    }
    run->t = mmap(NULL, sizeof *run->t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = optind; i < argc; i++)
        add_file(run, argv[i]);
    if (run->t == MAP_FAILED || run->nfiles == 0)
        return usage();
    for (size_t i = 0; i < run->nfiles; i++)
        failed += run_group(run, i, group, &formats);
    unsigned bad = failed < formats ? failed : formats;
    printf("mutants: %u passed, %u failed\n", formats - bad, failed);
    for (size_t i = 0; i < run->nfiles; i++)
        free(run->files[i].bytes);
    free(group);
    free(run);
    return failed > 0;
}
