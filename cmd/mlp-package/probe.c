/* What a model says of itself, found out in a child that can neither write files nor open
 * sockets: a model file is untrusted bytes until it is signed. */
#include "verbs.h"

#include "base/file.h"
#include "base/sandbox.h"
#include "text/json.h"

#define ANSWER_MAX ((size_t)1 << 30)
#define CHILD_MS (10u * 60 * 1000)

/* The child answers into a file that has no name any more: its error, then JSON. */
struct probe {
    const char *model_path, *golden_path;
    int fd;
};

static void add_info(struct mlp_json_out *o, const struct mlp_model *m)
{
    struct mlp_buf signature;
    const struct mlp_model_info *info = mlp_model_info(m);
    mlp_json_key(o, "format");
    mlp_json_str(o, info->format);
    mlp_json_key(o, "version");
    mlp_json_str(o, info->version);
    mlp_json_key(o, "estimator");
    mlp_json_str(o, info->estimator);
    mlp_buf_init(&signature, ANSWER_MAX);
    mlp_model_signature(m, &signature);
    mlp_json_key(o, "signature");
    mlp_json_raw(o, mlp_buf_str(&signature));
    o->b->failed = o->b->failed || signature.failed;
    mlp_buf_fini(&signature);
}

static enum mlp_code add_golden(struct mlp_json_out *o, const struct mlp_model *m,
                                const char *path, struct mlp_err *e)
{
    struct mlp_buf text;
    mlp_buf_init(&text, ANSWER_MAX / 4);
    enum mlp_code code = golden_predict(m, path, &text, e);
    if (code == MLP_OK)
        code = mlp_buf_check(&text, e);
    mlp_json_key(o, "golden");
    mlp_json_str(o, mlp_buf_str(&text));
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code describe(const struct probe *p, struct mlp_buf *out, struct mlp_err *e)
{
    struct mlp_model *m = NULL;
    struct mlp_json_out o;
    bool partial;
    enum mlp_code code = mlp_sandbox_enter(&partial, e);
    if (code == MLP_OK)
        code = mlp_model_open(p->model_path, NULL, &m, e);
    if (code != MLP_OK)
        return code;
    mlp_json_out_init(&o, out, 0);
    mlp_json_open(&o, '{');
    add_info(&o, m);
    if (p->golden_path)
        code = add_golden(&o, m, p->golden_path, e);
    mlp_json_close(&o, '}');
    mlp_model_free(m);
    return code == MLP_OK ? mlp_buf_check(out, e) : code;
}

static int child(void *ctx)
{
    const struct probe *p = ctx;
    struct mlp_buf answer;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_init(&answer, ANSWER_MAX);
    describe(p, &answer, &e);
    bool told = mlp_os_write(p->fd, &e, sizeof e, NULL) == MLP_OK &&
                (e.code != MLP_OK || mlp_os_write(p->fd, answer.p, answer.n, NULL) == MLP_OK);
    mlp_buf_fini(&answer);
    return told ? 0 : 1;
}

static enum mlp_code open_nameless(int *fd, struct mlp_err *e)
{
    char path[4096];
    uint64_t random;
    const char *dir = mlp_os_env("TMPDIR");
    enum mlp_code code = mlp_os_random(&random, sizeof random, e);
    if (code != MLP_OK)
        return code;
    snprintf(path, sizeof path, "%s/mlp-probe.%016llx", dir && dir[0] ? dir : "/tmp",
             (unsigned long long)random);
    code = mlp_os_open(path, MLP_OPEN_CREATE_NEW, fd, e);
    return code == MLP_OK ? mlp_os_unlink(path, e) : code;
}

static enum mlp_code read_at(int fd, uint64_t at, void *p, size_t n, struct mlp_err *e)
{
    char *to = p;
    while (n) {
        size_t got = 0;
        enum mlp_code code = mlp_os_pread(fd, to, n, at, &got, e);
        if (code != MLP_OK || got == 0)
            return code != MLP_OK ? code : mlp_err_set(e, MLP_EBUG, "the check ended early");
        to += got;
        at += got;
        n -= got;
    }
    return MLP_OK;
}

static enum mlp_code read_answer(int fd, struct mlp_doc *d, struct mlp_err *e)
{
    struct mlp_err told;
    struct mlp_stat st;
    struct mlp_buf text;
    enum mlp_code code = read_at(fd, 0, &told, sizeof told, e);
    if (code == MLP_OK && told.code != MLP_OK) {
        *e = told;
        return told.code;
    }
    if (code == MLP_OK)
        code = mlp_os_fstat(fd, &st, e);
    if (code != MLP_OK)
        return code;
    size_t n = (size_t)st.size - sizeof told;
    mlp_buf_init(&text, ANSWER_MAX);
    char *to = mlp_buf_reserve(&text, n);
    code = to ? read_at(fd, sizeof told, to, n, e) : mlp_err_nomem(e);
    text.n = code == MLP_OK ? n : 0;
    if (code == MLP_OK)
        code = mlp_doc_parse_json(d, mlp_buf_str(&text), e);
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code run_child(struct probe *p, struct mlp_err *e)
{
    int status = 0;
    enum mlp_code code = mlp_os_fork_run(child, p, CHILD_MS, &status, e);
    if (code != MLP_OK || status == 0)
        return code;
    if (status > 128)
        mlp_err_set(e, MLP_EINPUT, "loading the model ended with signal %d", status - 128);
    else
        mlp_err_set(e, MLP_EIO, "the check of the model could not tell its result");
    return mlp_err_at(e, p->model_path, 0, 0);
}

enum mlp_code probe_model(const char *model_path, const char *golden_path, struct mlp_doc *d,
                          struct mlp_err *e)
{
    struct probe p = {.model_path = model_path, .golden_path = golden_path, .fd = -1};
    enum mlp_code code = open_nameless(&p.fd, e);
    if (code == MLP_OK)
        code = run_child(&p, e);
    if (code == MLP_OK)
        code = read_answer(p.fd, d, e);
    if (p.fd >= 0)
        mlp_os_close(p.fd, NULL);
    return code;
}
