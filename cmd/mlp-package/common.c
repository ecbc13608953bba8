/* What the verbs of mlp-package share. */
#include "verbs.h"

#include "base/file.h"

#define PASSPHRASE_MAX 4096

enum mlp_code load_passphrase(const char *path, struct mlp_buf *b, struct mlp_err *e)
{
    enum mlp_code code = mlp_file_read(path, b, e);
    if (code != MLP_OK)
        return code;
    b->n = strcspn(b->p, "\r\n");
    b->p[b->n] = '\0';
    if (b->n)
        return MLP_OK;
    mlp_err_set(e, MLP_EINPUT, "the first line is empty, expected a passphrase");
    return mlp_err_at(e, mlp_file_name(path), 1, 0);
}

enum mlp_code load_key(const char *path, const char *passphrase_file, struct mlp_key **k,
                       struct mlp_err *e)
{
    struct mlp_buf pass;
    *k = NULL;
    mlp_buf_init(&pass, PASSPHRASE_MAX);
    enum mlp_code code = passphrase_file ? load_passphrase(passphrase_file, &pass, e) : MLP_OK;
    if (code == MLP_OK)
        code = mlp_key_load(path, passphrase_file ? pass.p : NULL, k, e);
    mlp_buf_fini(&pass);
    return code;
}

void size_words(uint64_t bytes, char out[32])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes / 1000;
    size_t unit = 0;
    if (bytes < 1000) {
        snprintf(out, 32, "%llu bytes", (unsigned long long)bytes);
        return;
    }
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 32, "%.1f %s", value, units[unit]);
}

enum mlp_code say(const struct mlp_buf *text, struct mlp_err *e)
{
    enum mlp_code code = mlp_buf_check(text, e);
    return code == MLP_OK ? mlp_file_write("-", mlp_buf_str(text), 0, e) : code;
}
