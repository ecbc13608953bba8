/* mlp-serve batch --into, --part: many files, or a part of them. */
#include "batch_files.h"

static enum mlp_code ask_whether_divides(struct files *f, struct file *file, struct mlp_err *e)
{
    struct mlp_table *t;
    if (file->size <= f->total / f->parts)
        return MLP_OK;
    enum mlp_code code = mlp_table_open(file->path, NULL, &t, e);
    file->divides = !code && mlp_table_divides(t);
    mlp_table_close(t);
    return code;
}

/* Where part i begins: at an even share of all bytes, unless that would cut a file that stays
 * whole: then at its nearer end. */
static uint64_t mark(const struct files *f, uint64_t i)
{
    uint64_t at = i == f->parts ? f->total
                                : f->total / f->parts * i + f->total % f->parts * i / f->parts;
    for (size_t k = 0; k < f->list.n; k++) {
        const struct file *file = mlp_vec_at(&f->list, k);
        uint64_t into = at - file->start;
        if (at <= file->start || into >= file->size || file->divides)
            continue;
        return into * 2 <= file->size ? file->start : file->start + file->size;
    }
    return at;
}

/* Whether some of the file is in the part. An empty one is where the part begins, so that it is
 * told once. */
static bool concerns(const struct files *f, const struct file *file)
{
    uint64_t end = file->start + file->size;
    if (file->size)
        return file->start < f->to && end > f->from;
    return file->start >= f->from && (file->start < f->to || f->part + 1 == f->parts);
}

/* --- predicting them --- */

/* The name without its last ending, and that of a compression behind it. */
static struct mlp_str stem(const char *name)
{
    static const char *const packed[] = {".gz", ".zst", ".xz"};
    struct mlp_str s = mlp_str_from(name);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (mlp_str_ends(s, packed[i]))
            s.n -= strlen(packed[i]);
    for (size_t n = s.n; n > 1; n--)
        if (s.p[n - 1] == '.')
            return (struct mlp_str){s.p, n - 1};
    return s;
}

/* DIR/NAME.csv, or DIR/NAME.00002-of-00007.csv for a part of the file. */
static const char *name_output(struct files *f, const struct file *file, bool whole,
                               struct mlp_err *e)
{
    struct mlp_str name = stem(file->path + batch_name_at(file->path));
    struct mlp_buf b;
    bool fresh;
    mlp_buf_init(&b, 4000);
    mlp_buf_addf(&b, "%s/%.*s", f->into, MLP_STR_ARG(name));
    if (!whole)
        mlp_buf_addf(&b, ".%05llu-of-%05llu", (unsigned long long)f->part,
                     (unsigned long long)f->parts);
    mlp_buf_adds(&b, f->b->ndjson ? ".ndjson" : ".csv");
    struct mlp_str path = {NULL, 0};
    if (!mlp_buf_check(&b, e))
        path = mlp_arena_str(&f->arena, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    if (!path.p || !mlp_map_put(&f->outputs, path, &fresh)) {
        mlp_err_nomem(e);
        return NULL;
    }
    if (!fresh)
        mlp_err_set(e, MLP_EUSAGE, "two files would have their predictions in %.200s", path.p);
    return fresh ? path.p : NULL;
}

static bool newer(const struct mlp_stat *a, int64_t s, uint32_t ns)
{
    return a->mtime_s > s || (a->mtime_s == s && a->mtime_ns >= ns);
}

/* Whether DIR is where the file lies, by another name perhaps. */
static bool is_itself(const struct file *file, const char *out)
{
    struct mlp_stat st;
    return !mlp_os_stat(out, false, &st, NULL) && st.exists && st.inode == file->inode;
}

static bool is_there(const struct files *f, const struct file *file, const char *out)
{
    struct mlp_stat st;
    return !mlp_opt_flag(f->b->cmd, FORCE) && !mlp_os_stat(out, false, &st, NULL) && st.exists &&
           newer(&st, file->mtime_s, file->mtime_ns) &&
           newer(&st, f->model.mtime_s, f->model.mtime_ns);
}

static enum mlp_code open_input(struct files *f, const struct file *file, bool whole,
                                struct mlp_err *e)
{
    struct mlp_table_options to = {.block_bytes = BATCH_BLOCK};
    uint64_t from = f->from > file->start ? f->from - file->start : 0;
    uint64_t end = f->to - file->start < file->size ? f->to - file->start : file->size;
    return whole ? mlp_table_open(file->path, &to, &f->b->t, e)
                 : mlp_table_open_part(file->path, &to, from, end, &f->b->t, e);
}

static enum mlp_code predict(struct files *f, const struct file *file, struct mlp_err *e)
{
    struct batch *b = f->b;
    bool whole = f->from <= file->start && f->to >= file->start + file->size;
    const char *out = f->into ? name_output(f, file, whole, e) : mlp_opt_text(b->cmd, OUT);
    if (!out)
        return e->code;
    if (f->into && is_itself(file, out))
        return mlp_err_set(e, MLP_EUSAGE, "the predictions of %.200s would take its place",
                           file->path);
    if (f->into && is_there(f, file, out)) {
        f->there++;
        return MLP_OK;
    }
    enum mlp_code code = open_input(f, file, whole, e);
    if (!code)
        code = mlp_out_open(&b->out, out, e);
    if (!code)
        code = batch_table(b, e);
    mlp_out_abort(&b->out);
    mlp_table_close(b->t);
    b->t = NULL;
    b->nkeep = b->nsets = b->which = 0;
    mlp_arena_reset(&b->arena);
    return code;
}

/* A part without a byte of the one file: its output is made, with nothing in it. */
static enum mlp_code write_nothing(struct files *f, struct mlp_err *e)
{
    enum mlp_code code = mlp_out_open(&f->b->out, mlp_opt_text(f->b->cmd, OUT), e);
    return code ? code : mlp_out_commit(&f->b->out, e);
}

static enum mlp_code predict_all(struct files *f, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    bool some = f->into != NULL;
    for (size_t i = 0; !code && i < f->list.n; i++)
        code = ask_whether_divides(f, mlp_vec_at(&f->list, i), e);
    f->from = mark(f, f->part);
    f->to = mark(f, f->part + 1);
    for (size_t i = 0; !code && i < f->list.n; i++)
        if (concerns(f, mlp_vec_at(&f->list, i))) {
            code = predict(f, mlp_vec_at(&f->list, i), e);
            some = true;
        }
    return code || some ? code : write_nothing(f, e);
}

static enum mlp_code open_all(struct files *f, struct mlp_err *e)
{
    char beside[4096];
    const char *model = mlp_operand(f->b->cmd, 0, ""), *out = mlp_opt_text(f->b->cmd, OUT);
    enum mlp_code code = batch_list(f, e);
    if (!code && f->into)
        code = mlp_os_mkdir_all(f->into, e);
    if (!code)
        code = mlp_os_stat(model, false, &f->model, e);
    if (!code && f->into && snprintf(beside, sizeof beside, "%s/-", f->into) >= (int)sizeof beside)
        code = mlp_err_set(e, MLP_EUSAGE, "the name of the folder --into is too long");
    return code ? code : batch_open_model(f->b, f->into ? beside : out, e);
}

enum mlp_code batch_files(struct batch *b, struct mlp_err *e)
{
    struct files f = {.b = b, .into = mlp_opt_text(b->cmd, INTO)};
    char words[200];
    mlp_arena_init(&f.arena, (size_t)1 << 30);
    mlp_vec_init(&f.list, sizeof(struct file));
    mlp_map_init(&f.outputs, 0, (size_t)1 << 30);
    enum mlp_code code = open_all(&f, e);
    if (!code)
        code = predict_all(&f, e);
    int n = snprintf(words, sizeof words,
                     "mlp-serve: %llu files have their predictions already (--force: once more)\n",
                     (unsigned long long)f.there);
    if (!code && f.there)
        mlp_os_write(2, words, (size_t)n, NULL);
    mlp_map_fini(&f.outputs);
    mlp_vec_fini(&f.list);
    mlp_arena_fini(&f.arena);
    return code;
}
