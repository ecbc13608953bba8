/* Labels that come after the predictions: both joined by id into one table, which is read instead.
 * It is in a file without a name, so that of the two only the labels are held in memory. */
#include "model.h"

#include "base/file.h"
#include "table/flatten.h"

#define LABEL "label"
#define OUTPUT "output."
#define PROBABILITIES "probabilities."
#define PROBA "proba_"
#define CHUNK ((size_t)1 << 20)
#define TEXT_BYTES ((size_t)1 << 28)

struct join {
    const struct join_from *from;
    struct mlp_map labels;        /* of ids; the place in texts */
    struct mlp_vec texts;         /* of struct label */
    struct mlp_arena arena;
    struct mlp_csv_dialect csv;
    struct mlp_buf out;
    int fd;
    struct joined *counts;
};

struct label {
    struct mlp_str text;
    bool used;
};

/* ---- labels */

static int find_label(const struct mlp_table *t, const char *wanted, int key)
{
    static const char *const usual[] = {"label", "target", "y", NULL};
    if (wanted)
        return mlp_table_find(t, mlp_str_from(wanted));
    for (size_t i = 0; usual[i]; i++)
        if (mlp_table_find(t, mlp_str_from(usual[i])) >= 0)
            return mlp_table_find(t, mlp_str_from(usual[i]));
    return mlp_table_ncols(t) == 2 ? 1 - key : -1;
}

/* A later label of an id takes the place of an earlier one, as when it is corrected. */
static enum mlp_code put_label(struct join *j, struct mlp_str id, struct mlp_str text,
                               struct mlp_err *e)
{
    bool fresh = false;
    uint64_t *at = mlp_map_put(&j->labels, id, &fresh);
    struct label *slot = NULL;
    if (at && fresh) {
        *at = j->texts.n;
        slot = mlp_vec_push(&j->texts);
    } else if (at) {
        slot = mlp_vec_at(&j->texts, (size_t)*at);
        j->counts->replaced++;
    }
    if (slot)
        slot->text = mlp_arena_str(&j->arena, text);
    if (slot && slot->text.p)
        return MLP_OK;
    mlp_err_set(e, MLP_EINPUT, "the labels take more memory than --memory allows");
    return mlp_err_hint(e, "join them beforehand, or say a larger --memory");
}

static enum mlp_code read_label(struct join *j, const struct mlp_table *t,
                                const struct mlp_batch *b, size_t r, const int columns[2],
                                struct mlp_err *e)
{
    const struct mlp_cell *id = mlp_cell_at(b, r, (size_t)columns[0]);
    const struct mlp_cell *label = mlp_cell_at(b, r, (size_t)columns[1]);
    if (b->bad[r] || !id->p) {
        mlp_err_set(e, MLP_EINPUT, "%s", b->bad[r] ? b->bad[r] : "a label without an id");
        return mlp_err_at(e, mlp_table_source(t), b->line[r], 0);
    }
    return label->p ? put_label(j, mlp_cell_str(id), mlp_cell_str(label), e) : MLP_OK;
}

static enum mlp_code read_labels(struct join *j, struct mlp_err *e)
{
    struct mlp_table *t = NULL;
    struct mlp_batch *b;
    int columns[2] = {-1, -1};
    enum mlp_code code = mlp_table_open(j->from->labels, j->from->options, &t, e);
    if (code != MLP_OK)
        return code;
    columns[0] = mlp_table_find(t, mlp_str_from(j->from->key));
    if (columns[0] >= 0)
        columns[1] = find_label(t, j->from->label, columns[0]);
    if (columns[0] < 0 || columns[1] < 0)
        code = no_column(t, columns[0] < 0 ? "no column of ids: say --key"
                                           : "which column is the label? Say --label", e);
    while (code == MLP_OK && (code = mlp_table_next(t, &b, e)) == MLP_OK && b)
        for (size_t r = 0; r < b->nrows && code == MLP_OK; r++)
            code = read_label(j, t, b, r, columns, e);
    mlp_table_close(t);
    return code;
}

/* ---- predictions */

static enum mlp_code flush(struct join *j, size_t from, struct mlp_err *e)
{
    enum mlp_code code = mlp_buf_check(&j->out, e);
    if (code == MLP_OK && j->out.n >= from)
        code = mlp_os_write(j->fd, j->out.p, j->out.n, e);
    if (j->out.n >= from)
        mlp_buf_reset(&j->out);
    return code;
}

/* What a column is called in the joined table: outputs as mlp-serve's batches call them. n = 0: it
 * is left out, or there is no memory. */
static struct mlp_str joined_name(struct join *j, struct mlp_str name, bool log)
{
    bool proba = log && mlp_str_starts(name, OUTPUT PROBABILITIES);
    size_t cut = !log || !mlp_str_starts(name, OUTPUT) ? 0
                 : proba ? strlen(OUTPUT PROBABILITIES) : strlen(OUTPUT);
    char *out = mlp_arena_alloc(&j->arena, name.n + sizeof PROBA);
    if (!out || mlp_str_is(name, LABEL))
        return (struct mlp_str){NULL, 0};
    int n = snprintf(out, name.n + sizeof PROBA, "%s%.*s", proba ? PROBA : "", (int)(name.n - cut),
                     name.p + cut);
    return (struct mlp_str){out, (size_t)n};
}

/* A feature that has the name of an output gives way to it. */
static void drop_hidden(struct mlp_str *names, const struct mlp_str *old, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n && !mlp_str_starts(old[i], OUTPUT); k++)
            if (k != i && mlp_str_starts(old[k], OUTPUT) && mlp_str_eq(names[k], names[i]))
                names[i].n = 0;
}

/* The columns, once the first batch has shown which there are: their new names. */
static enum mlp_code start_table(struct join *j, const struct mlp_table *t,
                                 const struct mlp_flat *flat, size_t n, struct mlp_str **names,
                                 struct mlp_err *e)
{
    struct mlp_str *old = mlp_arena_array(&j->arena, n, sizeof *old);
    struct mlp_str *new = *names = mlp_arena_array(&j->arena, n, sizeof *new);
    if (!old || !new)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        old[i] = flat ? mlp_flat_names(flat)[i] : mlp_table_name(t, i);
        new[i] = joined_name(j, old[i], flat != NULL);
    }
    if (flat)
        drop_hidden(new, old, n);
    mlp_buf_adds(&j->out, LABEL);
    for (size_t i = 0; i < n; i++) {
        if (!new[i].n)
            continue;
        mlp_buf_addc(&j->out, ',');
        mlp_csv_add(&j->csv, &j->out, new[i], false);
    }
    mlp_buf_addc(&j->out, '\n');
    return MLP_OK;
}

/* The rows whose id has a label. ids is the batch with the ids, rows the one with the columns. */
static void add_rows(struct join *j, const struct mlp_batch *ids, int key,
                     const struct mlp_batch *rows, const struct mlp_str *names)
{
    for (size_t r = 0; r < rows->nrows; r++) {
        const struct mlp_cell *id = mlp_cell_at(ids, r, (size_t)key);
        uint64_t *at = id->p && !rows->bad[r] ? mlp_map_get(&j->labels, mlp_cell_str(id)) : NULL;
        j->counts->matched += at != NULL;
        j->counts->unlabelled += at == NULL;
        if (!at)
            continue;
        struct label *label = mlp_vec_at(&j->texts, (size_t)*at);
        label->used = true;
        mlp_csv_add(&j->csv, &j->out, label->text, false);
        for (size_t c = 0; c < rows->ncols; c++) {
            struct mlp_str cell = mlp_cell_str(mlp_cell_at(rows, r, c));
            if (!names[c].n)
                continue;
            mlp_buf_addc(&j->out, ',');
            mlp_csv_add(&j->csv, &j->out, cell.p ? cell : (struct mlp_str){"", 0}, false);
        }
        mlp_buf_addc(&j->out, '\n');
    }
}

static enum mlp_code join_rows(struct join *j, struct mlp_table *t, struct mlp_flat *flat,
                               int key, struct mlp_err *e)
{
    struct mlp_batch *in, flattened, *rows;
    struct mlp_str *names = NULL;
    enum mlp_code code;
    while ((code = mlp_table_next(t, &in, e)) == MLP_OK && in) {
        rows = flat ? &flattened : in;
        if (flat)
            code = mlp_flat_batch(flat, in, &flattened, e);
        if (code == MLP_OK && !names)
            code = start_table(j, t, flat, rows->ncols, &names, e);
        if (code == MLP_OK) {
            add_rows(j, in, key, rows, names);
            code = flush(j, CHUNK, e);
        }
        if (code != MLP_OK)
            return code;
    }
    return code == MLP_OK ? flush(j, 1, e) : code;
}

static enum mlp_code join_table(struct join *j, struct mlp_err *e)
{
    struct mlp_table *t = NULL;
    struct mlp_flat *flat = NULL;
    enum mlp_code code = mlp_table_open(j->from->predictions, j->from->options, &t, e);
    int key = code == MLP_OK ? mlp_table_find(t, mlp_str_from(j->from->key)) : -1;
    if (code == MLP_OK && key < 0)
        code = no_column(t, "no column of ids: say --key", e);
    if (code == MLP_OK && mlp_flat_wanted(t))
        code = mlp_flat_new(t, &flat, e);
    if (code == MLP_OK)
        code = join_rows(j, t, flat, key, e);
    if (code == MLP_OK && j->counts->matched == 0) {
        mlp_err_set(e, MLP_EINPUT, "no row has an id that has a label");
        code = mlp_err_at(e, mlp_table_source(t), 0, 0);
    }
    mlp_flat_free(flat);
    mlp_table_close(t);
    return code;
}

enum mlp_code labels_join(const struct join_from *from, struct joined *out, struct mlp_err *e)
{
    struct join j = {.from = from, .csv = {.delimiter = ',', .quote = '"'}, .fd = -1,
                     .counts = out};
    *out = (struct joined){.fd = -1};
    mlp_map_init(&j.labels, 1, from->memory / 2);
    mlp_vec_init(&j.texts, sizeof(struct label));
    mlp_arena_init(&j.arena, from->memory / 2);
    mlp_buf_init(&j.out, TEXT_BYTES);
    enum mlp_code code = mlp_file_scratch(&j.fd, e);
    if (code == MLP_OK)
        code = read_labels(&j, e);
    if (code == MLP_OK)
        code = join_table(&j, e);
    for (size_t i = 0; i < j.texts.n; i++)
        out->unmatched += !((struct label *)mlp_vec_at(&j.texts, i))->used;
    if (code == MLP_OK) {
        out->fd = j.fd;
        snprintf(out->path, sizeof out->path, "/dev/fd/%d", j.fd);
    } else if (j.fd >= 0) {
        mlp_os_close(j.fd, NULL);
    }
    mlp_map_fini(&j.labels);
    mlp_vec_fini(&j.texts);
    mlp_arena_fini(&j.arena);
    mlp_buf_fini(&j.out);
    return code;
}
