/* Where models come from: files, packages, registries. Bytes are verified before they are read. */
#include "serve/served.h"

#include "base/file.h"
#include "model/guard.h"
#include "oci/package.h"

#define MODEL_MAX ((size_t)2 << 30)
#define GOLDEN_MAX ((size_t)64 << 20)
#define PROFILE_MAX ((size_t)256 << 20)
#define USTAR_AT 257

static enum mlp_code check_folder(const char *path, struct mlp_err *e)
{
    char index[4160];
    struct mlp_stat st;
    snprintf(index, sizeof index, "%s/index.json", path);
    enum mlp_code code = mlp_os_stat(index, false, &st, e);
    if (code != MLP_OK || st.exists)
        return code;
    mlp_err_set(e, MLP_EINPUT, "%s is a folder without index.json, so no OCI layout", path);
    return mlp_err_hint(e, "give a model file, a package or NAME@ALIAS");
}

/* A package is a folder (OCI layout) or a tar archive; everything else is a model file. */
static enum mlp_code is_package(const char *path, bool *package, struct mlp_err *e)
{
    struct mlp_stat st;
    char head[512];
    size_t got = 0;
    int fd;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    *package = st.is_dir;
    if (code != MLP_OK || st.is_dir)
        return code == MLP_OK ? check_folder(path, e) : code;
    if (!st.exists)
        return mlp_err_set(e, MLP_ENOTFOUND, "cannot open %s: no such file", path);
    code = mlp_os_open(path, MLP_OPEN_READ, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_os_pread(fd, head, sizeof head, 0, &got, e);
    mlp_os_close(fd, NULL);
    *package = got == sizeof head && memcmp(head + USTAR_AT, "ustar", 5) == 0;
    return code;
}

static enum mlp_code check_digest(struct mlp_str want, struct mlp_str have, struct mlp_err *e)
{
    if (want.n == 0 || mlp_str_eq(want, have))
        return MLP_OK;
    mlp_err_set(e, MLP_ETRUST, "the digest is %.*s, expected %.*s", MLP_STR_ARG(have),
                MLP_STR_ARG(want));
    return mlp_err_hint(e, "the file was changed, or it is another version");
}

/* Text of a package's first layer of a role; *found is false when it has none. */
static enum mlp_code read_role(struct mlp_package *p, enum mlp_role role, struct mlp_buf *out,
                               bool *found, struct mlp_err *e)
{
    const struct mlp_blob *layer = mlp_package_find(p, role);
    *found = layer != NULL;
    return layer ? mlp_package_read(p, layer->digest, out, e) : MLP_OK;
}

static void name_model(struct mlp_served *s, const struct mlp_origin *from, struct mlp_str name,
                       struct mlp_str digest)
{
    mlp_str_copy(from->name ? mlp_str_from(from->name) : name, s->name, sizeof s->name);
    mlp_str_copy(digest, s->digest, sizeof s->digest);
    s->version = from->version;
}

static enum mlp_code run_golden(struct mlp_package *p, struct mlp_served *s, struct mlp_err *e)
{
    struct mlp_buf golden;
    uint64_t rows = 0;
    bool found;
    mlp_buf_init(&golden, GOLDEN_MAX);
    enum mlp_code code = read_role(p, MLP_ROLE_GOLDEN, &golden, &found, e);
    if (code == MLP_OK && found)
        code = mlp_golden_check(s, mlp_buf_str(&golden), &rows, e);
    mlp_buf_fini(&golden);
    return code == MLP_OK ? MLP_OK : mlp_err_wrap(e, "self-test");
}

/* Begins the live profile, where the package or the user has a profile to compare with. text may be
 * NULL. */
static enum mlp_code begin_live(const struct mlp_origin *from, const struct mlp_buf *text,
                                struct mlp_served *s, struct mlp_err *e)
{
    struct mlp_profile reference = {0};
    enum mlp_code code = MLP_OK;
    if (!from->live_window_ns || (!text && !from->reference))
        return MLP_OK;
    if (text)
        code = mlp_profile_parse(&reference, mlp_buf_str(text), "profile.json", e);
    else
        code = mlp_profile_load(&reference, from->reference, e);
    if (code != MLP_OK)
        return code;
    return mlp_live_new(&reference, from->live_window_ns, mlp_os_monotonic_ns(), &s->live, e);
}

static enum mlp_code begin_live_of(const struct mlp_origin *from, struct mlp_package *p,
                                   struct mlp_served *s, struct mlp_err *e)
{
    struct mlp_buf text;
    bool found;
    mlp_buf_init(&text, PROFILE_MAX);
    enum mlp_code code = read_role(p, MLP_ROLE_PROFILE, &text, &found, e);
    if (code == MLP_OK)
        code = begin_live(from, found ? &text : NULL, s, e);
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code load_layer(const struct mlp_origin *from, struct mlp_package *p,
                                unsigned threads, struct mlp_served **out, struct mlp_err *e)
{
    const struct mlp_model_limits limits = {.onnxruntime = from->onnxruntime,
                                            .explain = from->explain};
    struct mlp_buf bytes;
    struct mlp_model *model = NULL;
    bool found;
    mlp_buf_init(&bytes, MODEL_MAX);
    enum mlp_code code = read_role(p, MLP_ROLE_MODEL, &bytes, &found, e);
    if (code == MLP_OK && !found)
        code = mlp_err_set(e, MLP_EINPUT, "the package holds no model file");
    if (code == MLP_OK)
        code = mlp_model_open_guarded(mlp_buf_str(&bytes), from->path ? from->path : "model",
                                      &limits, &model, e);
    mlp_buf_fini(&bytes);
    if (code == MLP_OK)
        code = mlp_served_new(model, threads, out, e);
    if (code != MLP_OK)
        return code;
    name_model(*out, from, mlp_package_name(p), mlp_package_digest(p));
    code = run_golden(p, *out, e);
    return code == MLP_OK ? begin_live_of(from, p, *out, e) : code;
}

static enum mlp_code load_package(const struct mlp_origin *from, unsigned threads,
                                  struct mlp_served **out, struct mlp_err *e)
{
    struct mlp_package *p = NULL;
    enum mlp_code code = from->path
                             ? mlp_package_open(from->path, &p, e)
                             : mlp_package_open_digest(from->registry_dir, from->digest, &p, e);
    if (code != MLP_OK)
        return code;
    code = check_digest(from->digest, mlp_package_digest(p), e);
    if (code == MLP_OK && from->key)
        code = mlp_package_verify(p, from->key, e);
    if (code == MLP_OK)
        code = load_layer(from, p, threads, out, e);
    mlp_package_close(p);
    return code;
}

/* "models/churn.joblib" is called "churn". */
static struct mlp_str base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t n = strcspn(name, ".");
    return (struct mlp_str){name, n ? n : strlen(name)};
}

static enum mlp_code digest_of(struct mlp_str bytes, char digest[MLP_DIGEST_TEXT],
                               struct mlp_err *e)
{
    uint8_t hash[MLP_SHA256_BYTES];
    enum mlp_code code = mlp_sha256(bytes, hash, e);
    if (code == MLP_OK)
        mlp_digest_text(hash, digest);
    return code;
}

/* A digest that is asked for holds before anybody looks at the bytes; one that only names the model
 * is computed while the child looks at them. */
static enum mlp_code open_bytes(const struct mlp_origin *from, struct mlp_str bytes,
                                char digest[MLP_DIGEST_TEXT], struct mlp_model **model,
                                struct mlp_err *e)
{
    const struct mlp_model_limits limits = {.onnxruntime = from->onnxruntime,
                                            .explain = from->explain};
    struct mlp_guard guard;
    enum mlp_code code = MLP_OK;
    if (from->digest.n)
        code = digest_of(bytes, digest, e);
    if (code == MLP_OK && from->digest.n)
        code = check_digest(from->digest, mlp_str_from(digest), e);
    if (code == MLP_OK)
        code = mlp_guard_start(&guard, bytes, from->path, &limits, e);
    if (code != MLP_OK)
        return code;
    if (!from->digest.n)
        code = digest_of(bytes, digest, e);
    enum mlp_code loaded = mlp_guard_end(&guard, code == MLP_OK ? model : NULL, e);
    return code == MLP_OK ? loaded : code;
}

static enum mlp_code load_file(const struct mlp_origin *from, unsigned threads,
                               struct mlp_served **out, struct mlp_err *e)
{
    struct mlp_buf bytes;
    struct mlp_model *model = NULL;
    char digest[MLP_DIGEST_TEXT];
    if (from->key) {
        mlp_err_set(e, MLP_ETRUST, "%s is a bare model file, which carries no signature",
                    from->path);
        return mlp_err_hint(e, "serve a package: mlp-package create NAME %s --key ...", from->path);
    }
    mlp_buf_init(&bytes, MODEL_MAX);
    enum mlp_code code = mlp_file_read(from->path, &bytes, e);
    if (code == MLP_OK)
        code = open_bytes(from, mlp_buf_str(&bytes), digest, &model, e);
    mlp_buf_fini(&bytes);
    if (code == MLP_OK)
        code = mlp_served_new(model, threads, out, e);
    if (code == MLP_OK)
        name_model(*out, from, base_name(from->path), mlp_str_from(digest));
    return code == MLP_OK ? begin_live(from, NULL, *out, e) : code;
}

enum mlp_code mlp_served_load(const struct mlp_origin *from, unsigned threads,
                              struct mlp_served **out, struct mlp_err *e)
{
    bool package = true;
    *out = NULL;
    enum mlp_code code = from->path ? is_package(from->path, &package, e) : MLP_OK;
    if (code == MLP_OK)
        code = package ? load_package(from, threads, out, e) : load_file(from, threads, out, e);
    if (code == MLP_OK)
        return MLP_OK;
    mlp_served_drop(*out);
    *out = NULL;
    return mlp_err_at(e, from->path, 0, 0);
}
