/* Which files `mlp-serve batch --into` and --part are about. */
#include "batch_files.h"

#define MOST_PARTS 1000000u

static enum mlp_code add_file(struct files *f, struct mlp_str path, struct mlp_err *e)
{
    struct mlp_stat st;
    struct mlp_str copy = mlp_arena_str(&f->arena, path);
    struct file *file = copy.p ? mlp_vec_push(&f->list) : NULL;
    if (!file)
        return mlp_err_nomem(e);
    if (mlp_os_stat(copy.p, false, &st, e))
        return e->code;
    if (!st.exists)
        return mlp_err_set(e, MLP_ENOTFOUND, "cannot open %.200s: no such file", copy.p);
    if (!st.is_file)
        return mlp_err_set(e, MLP_EUSAGE, "%.200s is no file: several tables, and parts, are files",
                           copy.p);
    *file = (struct file){.path = copy.p, .start = f->total, .size = st.size,
                          .mtime_s = st.mtime_s, .mtime_ns = st.mtime_ns, .inode = st.inode};
    f->total += st.size;
    return MLP_OK;
}

size_t batch_name_at(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The files of a pattern in their folder, in byte order. */
static enum mlp_code add_pattern(struct files *f, const char *pattern, struct mlp_err *e)
{
    struct mlp_list list = {NULL, 0};
    struct mlp_buf path;
    size_t at = batch_name_at(pattern), before = f->list.n;
    struct mlp_str folder = at ? (struct mlp_str){pattern, at} : MLP_STR("./");
    mlp_buf_init(&path, 1u << 16);
    mlp_buf_addstr(&path, folder);
    enum mlp_code code = mlp_buf_check(&path, e);
    if (!code)
        code = mlp_os_list(path.p, &list, e);
    for (size_t i = 0; !code && i < list.n; i++) {
        if (list.names[i][0] == '.' ||
            !mlp_str_fits(mlp_str_from(list.names[i]), mlp_str_from(pattern + at)))
            continue;
        mlp_buf_reset(&path);
        mlp_buf_addf(&path, "%.*s%s", (int)at, pattern, list.names[i]);
        code = mlp_buf_check(&path, e);
        if (!code)
            code = add_file(f, mlp_buf_str(&path), e);
    }
    mlp_buf_fini(&path);
    mlp_os_list_free(&list);
    return code || f->list.n > before
               ? code
               : mlp_err_set(e, MLP_ENOTFOUND, "no file is named %.200s", pattern);
}

static enum mlp_code add_operand(struct files *f, const char *operand, struct mlp_err *e)
{
    struct mlp_stat st;
    if (mlp_os_stat(operand, false, &st, e))
        return e->code;
    if (!st.exists && strpbrk(operand, "*?"))
        return add_pattern(f, operand, e);
    return add_file(f, mlp_str_from(operand), e);
}

static enum mlp_code read_part(struct files *f, struct mlp_err *e)
{
    const char *text = mlp_opt_text(f->b->cmd, PART);
    struct mlp_str rest = mlp_str_from(text ? text : "0/1"), part;
    mlp_str_split(&rest, '/', &part);
    if (!mlp_str_u64(part, &f->part) || !mlp_str_u64(rest, &f->parts) || !f->parts ||
        f->parts > MOST_PARTS)
        return mlp_err_set(e, MLP_EUSAGE, "--part is I/N, such as 0/10, not \"%.80s\"", text);
    if (f->part < f->parts)
        return MLP_OK;
    mlp_err_set(e, MLP_EUSAGE, "there is no part %.80s", text);
    return mlp_err_hint(e, "parts count from 0: the last of %llu is %llu/%llu",
                        (unsigned long long)f->parts, (unsigned long long)f->parts - 1,
                        (unsigned long long)f->parts);
}

enum mlp_code batch_list(struct files *f, struct mlp_err *e)
{
    const struct mlp_cmd *cmd = f->b->cmd;
    enum mlp_code code = read_part(f, e);
    if (!code && mlp_opt_given(cmd, EXEC))
        return mlp_err_set(e, MLP_EUSAGE, "--exec reads one table: give it alone");
    if (!code && cmd->noperands < 2)
        return mlp_err_set(e, MLP_EUSAGE, "--into and --part want files: give MODEL and FILE...");
    for (int i = 1; !code && i < cmd->noperands; i++)
        code = add_operand(f, cmd->operands[i], e);
    if (!code && !f->into && f->list.n > 1)
        return mlp_err_set(e, MLP_EUSAGE, "where are the predictions of %zu files to go? Give "
                                          "--into DIR", f->list.n);
    return code;
}
