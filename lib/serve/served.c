#include "serve/served.h"

#include "base/map.h"
#include "base/os.h"
#include "text/num.h"

#include <stdlib.h>

#define MOST_ROWS 256u
#define CHUNK_BYTES ((size_t)2 << 20)
/* One cache line between columns: a row that is written across columns at a distance of a power of
 * two would fall into one set of the cache. */
#define COLUMN_GAP 8u
#define STRINGS_MAX ((size_t)512 << 20)
#define ARENA_MAX ((size_t)1 << 30)
#define SIGNATURE_MAX ((size_t)64 << 20)
#define HASH_SEED 0x6d6c70u

int mlp_served_find(const struct mlp_served *s, struct mlp_str key)
{
    size_t mask = s->nslots - 1;
    size_t i = (size_t)mlp_hash64(key.p, key.n, HASH_SEED) & mask;
    for (; s->slots[i]; i = (i + 1) & mask)
        if (mlp_str_eq(s->info->inputs[s->slots[i] - 1].name, key))
            return (int)(s->slots[i] - 1);
    return -1;
}

static enum mlp_code index_inputs(struct mlp_served *s, struct mlp_err *e)
{
    size_t n = s->info->ninputs;
    s->nslots = 16;
    while (s->nslots < n * 4)
        s->nslots *= 2;
    s->slots = mlp_arena_array(&s->arena, s->nslots, sizeof *s->slots);
    if (!s->slots)
        return mlp_err_nomem(e);
    for (size_t input = 0; input < n; input++) {
        struct mlp_str name = s->info->inputs[input].name;
        if (mlp_served_find(s, name) >= 0)
            return mlp_err_set(e, MLP_EINPUT, "the model has two features named \"%.*s\"",
                               MLP_STR_ARG(name));
        size_t i = (size_t)mlp_hash64(name.p, name.n, HASH_SEED) & (s->nslots - 1);
        while (s->slots[i])
            i = (i + 1) & (s->nslots - 1);
        s->slots[i] = (uint32_t)input + 1;
    }
    return MLP_OK;
}

/* A class as JSON: text in quotes, numbers and truth values as such. */
static void add_label(struct mlp_buf *b, struct mlp_str class, bool is_text)
{
    double number;
    if (!is_text && (mlp_str_is(class, "True") || mlp_str_is(class, "False")))
        mlp_buf_adds(b, class.n == 4 ? "true" : "false");
    else if (!is_text && mlp_num_f64(class, &number))
        mlp_num_add_json(b, number);
    else
        mlp_buf_addquoted(b, class);
}

static enum mlp_code name_classes(struct mlp_served *s, struct mlp_err *e)
{
    size_t n = s->info->nclasses;
    struct mlp_buf b;
    mlp_buf_init(&b, SIGNATURE_MAX);
    s->labels = mlp_arena_array(&s->arena, n + 1, sizeof *s->labels);
    s->members = mlp_arena_array(&s->arena, n + 1, sizeof *s->members);
    bool good = s->labels && s->members;
    for (size_t i = 0; good && i < n; i++) {
        mlp_buf_reset(&b);
        add_label(&b, s->info->classes[i], s->info->classes_are_text);
        s->labels[i] = mlp_arena_str(&s->arena, mlp_buf_str(&b));
        mlp_buf_reset(&b);
        mlp_buf_addquoted(&b, s->info->classes[i]);
        mlp_buf_addc(&b, ':');
        s->members[i] = mlp_arena_str(&s->arena, mlp_buf_str(&b));
        good = s->labels[i].p && s->members[i].p && !b.failed;
    }
    mlp_buf_fini(&b);
    return good ? MLP_OK : mlp_err_nomem(e);
}

static bool make_columns(const struct mlp_model_info *info, struct mlp_scratch *w)
{
    struct mlp_arena *a = &w->columns;
    size_t n = info->ninputs, rows = w->max_rows;
    size_t room = rows + COLUMN_GAP;
    bool good = true;
    for (size_t i = 0; good && i < n; i++) {
        if (info->inputs[i].type == MLP_INPUT_TEXT)
            good = (w->texts[i] = mlp_arena_array(a, room, sizeof **w->texts)) != NULL;
        else
            good = (w->numbers[i] = mlp_arena_array64(a, room, sizeof **w->numbers)) != NULL;
    }
    if (info->has_proba)
        w->proba = mlp_arena_array64(a, rows * info->nclasses, sizeof *w->proba);
    w->value = mlp_arena_array64(a, rows, sizeof *w->value);
    w->label = mlp_arena_array64(a, rows, sizeof *w->label);
    w->rows = mlp_arena_array(a, rows, sizeof *w->rows);
    return good && (w->proba || !info->has_proba) && w->value && w->label && w->rows;
}

static enum mlp_code make_scratch(const struct mlp_served *s, struct mlp_scratch *w,
                                  struct mlp_err *e)
{
    const struct mlp_model_info *info = s->info;
    size_t row = (info->ninputs + info->nclasses + 4) * sizeof(struct mlp_str);
    w->max_rows = CHUNK_BYTES / row;
    w->max_rows = w->max_rows < 1 ? 1 : w->max_rows > MOST_ROWS ? MOST_ROWS : w->max_rows;
    mlp_arena_init(&w->columns, ARENA_MAX);
    mlp_arena_init(&w->strings, STRINGS_MAX);
    w->numbers = mlp_arena_array(&w->columns, info->ninputs + 1, sizeof *w->numbers);
    w->texts = mlp_arena_array(&w->columns, info->ninputs + 1, sizeof *w->texts);
    w->next = mlp_arena_array(&w->columns, info->ninputs + 1, sizeof *w->next);
    w->seen = mlp_arena_array(&w->columns, info->ninputs + 1, sizeof *w->seen);
    w->order = mlp_arena_array(&w->columns, info->ninputs + MLP_EXTRA_COLUMNS, sizeof *w->order);
    if (!w->numbers || !w->texts || !w->next || !w->seen || !w->order || !make_columns(info, w))
        return mlp_err_nomem(e);
    for (size_t i = 0; i <= info->ninputs; i++)
        w->next[i] = i < info->ninputs ? (uint32_t)i : 0;
    return mlp_work_new(s->model, w->max_rows, &w->work, e);
}

static enum mlp_code prepare(struct mlp_served *s, unsigned threads, struct mlp_err *e)
{
    if (s->info->task == MLP_TASK_TRANSFORM)
        return mlp_err_set(e, MLP_EINPUT, "%.*s only transforms: it has nothing to predict",
                           MLP_STR_ARG(s->info->estimator));
    enum mlp_code code = index_inputs(s, e);
    if (code == MLP_OK)
        code = name_classes(s, e);
    mlp_model_signature(s->model, &s->signature);
    if (code == MLP_OK)
        code = mlp_buf_check(&s->signature, e);
    s->scratch = mlp_arena_array(&s->arena, threads, sizeof *s->scratch);
    s->tally = mlp_arena_array64(&s->arena, threads, sizeof *s->tally);
    if (code == MLP_OK && (!s->scratch || !s->tally))
        return mlp_err_nomem(e);
    for (; code == MLP_OK && s->threads < threads; s->threads++) {
        memset(&s->tally[s->threads], 0, sizeof *s->tally);
        code = make_scratch(s, &s->scratch[s->threads], e);
    }
    return code;
}

enum mlp_code mlp_served_new(struct mlp_model *model, unsigned threads, struct mlp_served **out,
                             struct mlp_err *e)
{
    struct mlp_served *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) {
        mlp_model_free(model);
        return mlp_err_nomem(e);
    }
    s->model = model;
    s->info = mlp_model_info(model);
    atomic_init(&s->users, 1);
    mlp_arena_init(&s->arena, ARENA_MAX);
    mlp_buf_init(&s->signature, SIGNATURE_MAX);
    enum mlp_code code = prepare(s, threads, e);
    if (code == MLP_OK)
        *out = s;
    else
        mlp_served_drop(s);
    return code;
}

static enum mlp_code prepare_command(struct mlp_served *s, const struct mlp_child_config *config,
                                     mlp_job_done *done, struct mlp_err *e)
{
    struct mlp_model_info *info = mlp_arena_alloc(&s->arena, sizeof *info);
    s->tally = mlp_arena_array64(&s->arena, s->threads, sizeof *s->tally);
    if (!info || !s->tally)
        return mlp_err_nomem(e);
    memset(s->tally, 0, s->threads * sizeof *s->tally);
    info->format = MLP_STR("command");
    info->estimator = mlp_str_from(config->command);
    s->info = info;
    mlp_buf_adds(&s->signature, "null");
    mlp_str_copy(MLP_STR("command"), s->name, sizeof s->name);
    snprintf(s->digest, sizeof s->digest, "command:%lld", (long long)mlp_os_now_ns());
    return mlp_command_new(config, done, &s->command, e);
}

enum mlp_code mlp_served_command(const struct mlp_child_config *config, mlp_job_done *done,
                                 unsigned threads, struct mlp_served **out, struct mlp_err *e)
{
    struct mlp_served *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return mlp_err_nomem(e);
    s->threads = threads;
    atomic_init(&s->users, 1);
    mlp_arena_init(&s->arena, ARENA_MAX);
    mlp_buf_init(&s->signature, SIGNATURE_MAX);
    if (prepare_command(s, config, done, e)) {
        mlp_served_drop(s);
        return e->code;
    }
    *out = s;
    return MLP_OK;
}

struct mlp_served *mlp_served_keep(struct mlp_served *s)
{
    if (s)
        atomic_fetch_add(&s->users, 1);
    return s;
}

void mlp_served_drop(struct mlp_served *s)
{
    if (!s || atomic_fetch_sub(&s->users, 1) != 1)
        return;
    mlp_command_free(s->command);
    mlp_live_free(s->live);
    for (unsigned i = 0; s->scratch && i < s->threads; i++) {
        mlp_work_free(s->scratch[i].work);
        mlp_arena_fini(&s->scratch[i].columns);
        mlp_arena_fini(&s->scratch[i].strings);
    }
    mlp_buf_fini(&s->signature);
    mlp_model_free(s->model);
    mlp_arena_fini(&s->arena);
    free(s);
}
