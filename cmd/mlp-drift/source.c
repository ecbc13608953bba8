#include "verbs.h"

#include "base/file.h"
#include "base/progress.h"
#include "registry/registry.h"

#include <stdlib.h>

#define PROFILE_BYTES ((size_t)256 << 20)
#define KEPT_VALUES ((size_t)2 << 20)  /* over all columns, on each side */

void side_fini(struct side *s)
{
    mlp_profile_fini(&s->profile);
    mlp_vec_fini(&s->extra);
    free(s->seen);
    *s = (struct side){0};
}

/* One pass over a table, into a builder. */
struct pass {
    struct side *side;
    struct mlp_table *table;
    struct mlp_profiler *profiler;
    struct mlp_flat *flat;
    uint64_t batches, rows;
    struct mlp_progress progress;
};

static void note_malformed(struct side *s, const struct mlp_batch *b)
{
    for (size_t r = 0; b->bad && r < b->nrows; r++) {
        if (!b->bad[r])
            continue;
        if (s->malformed++ == 0)
            s->first_malformed = b->line[r];
    }
}

static enum mlp_code read_rows(struct pass *p, struct mlp_err *e)
{
    struct mlp_batch *in, flat, *b;
    enum mlp_code code;
    while ((code = mlp_table_next(p->table, &in, e)) == MLP_OK && in) {
        b = in;
        p->batches++;
        if (p->flat) {
            code = mlp_flat_batch(p->flat, in, &flat, e);
            b = &flat;
        }
        if (code == MLP_OK && p->flat)
            code = mlp_profiler_add_named(p->profiler, mlp_flat_names(p->flat), b, NULL, e);
        else if (code == MLP_OK)
            code = mlp_profiler_add(p->profiler, p->table, b, NULL, e);
        if (code != MLP_OK)
            return code;
        note_malformed(p->side, b);
        p->rows += b->nrows;
        mlp_progress_tell(&p->progress, &(struct mlp_progress_at){
            .rows = p->rows, .bytes = mlp_table_bytes(p->table), .size = mlp_table_size(p->table)});
    }
    mlp_progress_wipe(&p->progress);
    return code;
}

/* A table without rows has columns all the same. */
static enum mlp_code name_columns(struct pass *p, struct mlp_err *e)
{
    struct mlp_batch none = {.ncols = mlp_table_ncols(p->table)};
    if (p->flat || p->batches)
        return MLP_OK;
    return mlp_profiler_add(p->profiler, p->table, &none, NULL, e);
}

static enum mlp_code note_extra(struct side *s, struct mlp_str name, struct mlp_err *e)
{
    struct mlp_str *slot = mlp_vec_push(&s->extra);
    if (!slot)
        return mlp_err_nomem(e);
    *slot = mlp_arena_str(&s->profile.arena, name);
    return slot->p ? MLP_OK : mlp_err_nomem(e);
}

/* What the builder and the log know besides the profile. */
static enum mlp_code finish_pass(struct pass *p, struct mlp_err *e)
{
    struct side *s = p->side;
    enum mlp_code code = mlp_profiler_finish(p->profiler, &s->profile, e);
    if (code != MLP_OK)
        return code;
    mlp_vec_init(&s->extra, sizeof(struct mlp_str));
    s->seen = calloc(s->profile.ncols + 1, sizeof *s->seen);
    if (!s->seen)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < s->profile.ncols; i++)
        s->seen[i] = mlp_profiler_seen(p->profiler, i);
    for (size_t i = 0; i < mlp_profiler_nextra(p->profiler) && code == MLP_OK; i++)
        code = note_extra(s, mlp_profiler_extra(p->profiler, i), e);
    for (size_t i = 0; p->flat && i < mlp_flat_nlate(p->flat) && code == MLP_OK; i++)
        code = note_extra(s, mlp_flat_late(p->flat, i), e);
    return code;
}

static enum mlp_code one_pass(struct side *s, const char *path, const struct mlp_profile *ref,
                              const struct mlp_input *r, size_t keep, struct mlp_err *e)
{
    struct pass p = {.side = s};
    enum mlp_code code = mlp_table_open(path, &r->table, &p.table, e);
    if (code == MLP_OK)
        code = mlp_profiler_new(ref, &p.profiler, e);
    if (code == MLP_OK && keep)
        mlp_profiler_keep(p.profiler, keep / (mlp_table_ncols(p.table) + 1));
    if (code == MLP_OK && mlp_flat_wanted(p.table))
        code = mlp_flat_new(p.table, &p.flat, e);
    mlp_progress_init(&p.progress, true);
    s->rows = true;
    s->log = p.flat != NULL;
    if (code == MLP_OK)
        code = read_rows(&p, e);
    if (code == MLP_OK)
        code = name_columns(&p, e);
    if (code == MLP_OK)
        code = finish_pass(&p, e);
    mlp_flat_free(p.flat);
    mlp_profiler_free(p.profiler);
    mlp_table_close(p.table);
    return code;
}

static bool sampled(const struct mlp_profile *p)
{
    for (size_t i = 0; i < p->ncols; i++)
        if (p->cols[i].sampled)
            return true;
    return false;
}

static bool readable_twice(const char *path)
{
    struct mlp_stat st = {0};
    return strcmp(path, "-") != 0 && mlp_os_stat(path, false, &st, NULL) == MLP_OK && st.is_file;
}

enum mlp_code profile_rows(struct side *s, const char *path, const struct mlp_profile *ref,
                           const struct mlp_input *r, bool keep, struct mlp_err *e)
{
    size_t kept = keep ? KEPT_VALUES : 0;
    snprintf(s->name, sizeof s->name, "%s", mlp_file_name(path));
    enum mlp_code code = one_pass(s, path, ref, r, kept, e);
    if (code != MLP_OK || ref || !sampled(&s->profile) || !readable_twice(path))
        return code;
    /* Too many values to hold: the edges are those of a sample, the counts need not be. */
    struct side first = *s;
    *s = (struct side){0};
    memcpy(s->name, first.name, sizeof s->name);
    code = one_pass(s, path, &first.profile, r, 0, e);
    side_fini(&first);
    return code;
}

/* --- what a name stands for ----------------------------------------------------------------- */

enum kind { IS_ROWS, IS_PROFILE, IS_PACKAGE, IS_ABSENT };

static enum mlp_code kind_of(const char *path, enum kind *kind, struct mlp_err *e)
{
    struct mlp_stat st = {0};
    char start[4096];
    size_t got = 0;
    int fd;
    *kind = IS_ROWS;
    if (strcmp(path, "-") == 0)
        return MLP_OK;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK || !st.exists || st.is_dir || !st.is_file) {
        *kind = !st.exists ? IS_ABSENT : st.is_dir ? IS_PACKAGE : IS_ROWS;
        return code;
    }
    code = mlp_os_open(path, MLP_OPEN_READ, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_os_read(fd, start, sizeof start, &got, e);
    mlp_os_close(fd, NULL);
    if (got > 262 && memcmp(start + 257, "ustar", 5) == 0)
        *kind = IS_PACKAGE;
    else if (mlp_profile_is((struct mlp_str){start, got}))
        *kind = IS_PROFILE;
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, path, 0, 0);
}

/* The profile among the files of a package. */
static enum mlp_code load_package(struct side *s, struct mlp_package *p, const char *path,
                                  struct mlp_err *e)
{
    const struct mlp_blob *blob = mlp_package_find(p, MLP_ROLE_PROFILE);
    struct mlp_buf text;
    if (!blob) {
        mlp_err_set(e, MLP_ENOTFOUND, "the package holds no profile");
        mlp_err_hint(e, "make it with mlp-package create --profile");
        return mlp_err_at(e, path, 0, 0);
    }
    mlp_str_copy(mlp_package_digest(p), s->digest, sizeof s->digest);
    mlp_buf_init(&text, PROFILE_BYTES);
    enum mlp_code code = mlp_package_read(p, blob->digest, &text, e);
    if (code == MLP_OK)
        code = mlp_profile_parse(&s->profile, mlp_buf_str(&text), path, e);
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code from_registry(struct side *s, const char *ref, const char *registry,
                                   struct mlp_err *e)
{
    char dir[4096];
    struct mlp_registry *r = NULL;
    const struct mlp_version *v;
    struct mlp_package *p = NULL;
    enum mlp_code code = mlp_registry_path(registry, dir, sizeof dir, e);
    if (code == MLP_OK)
        code = mlp_registry_open(dir, &r, e);
    if (code == MLP_OK)
        code = mlp_registry_resolve(r, ref, &v, e);
    if (code == MLP_OK)
        code = mlp_registry_package(r, v, &p, e);
    if (code == MLP_OK)
        code = load_package(s, p, ref, e);
    mlp_package_close(p);
    mlp_registry_close(r);
    return code;
}

static enum mlp_code from_package(struct side *s, const char *path, struct mlp_err *e)
{
    struct mlp_package *p = NULL;
    enum mlp_code code = mlp_package_open(path, &p, e);
    if (code == MLP_OK)
        code = load_package(s, p, path, e);
    mlp_package_close(p);
    return code;
}

enum mlp_code side_reference(struct side *s, const char *ref, const char *registry,
                             const struct mlp_input *r, struct mlp_err *e)
{
    enum kind kind;
    enum mlp_code code = kind_of(ref, &kind, e);
    if (code != MLP_OK)
        return code;
    snprintf(s->name, sizeof s->name, "%s", mlp_file_name(ref));
    if (kind == IS_PROFILE)
        return mlp_profile_load(&s->profile, ref, e);
    if (kind == IS_PACKAGE)
        return from_package(s, ref, e);
    if (kind == IS_ROWS)
        return profile_rows(s, ref, NULL, r, true, e);
    if (!registry && !strchr(ref, '@') && strncmp(ref, "sha256:", 7) != 0) {
        mlp_err_set(e, MLP_ENOTFOUND, "%s: no such file", ref);
        return mlp_err_hint(e, "a registered model is NAME@VERSION or NAME@ALIAS");
    }
    return from_registry(s, ref, registry, e);
}

enum mlp_code side_current(struct side *s, const char *path, const struct side *ref,
                           const struct mlp_input *r, struct mlp_err *e)
{
    enum kind kind;
    enum mlp_code code = kind_of(path, &kind, e);
    if (code != MLP_OK)
        return code;
    if (kind == IS_PROFILE) {
        snprintf(s->name, sizeof s->name, "%s", path);
        return mlp_profile_load(&s->profile, path, e);
    }
    return profile_rows(s, path, &ref->profile, r, ref->rows, e);
}
