#include "file.h"

#include "base/os.h"
#include "crypt/crypt.h"

#include <math.h>

static void add(struct mlp_report *report, const char *type, bool holds, struct mlp_str expected,
                struct mlp_str observed)
{
    mlp_report_add(report, &(struct mlp_check){
        .id = mlp_report_text(report, "file/%s", type), .type = mlp_str_from(type),
        .severity = MLP_SEV_ERROR, .outcome = holds ? MLP_PASS : MLP_FAIL, .expected = expected,
        .observed = observed});
}

/* "sha256:<hex>", or <hex> of MD5 (Data Resource, section hash). */
static enum mlp_code check_hash(const char *path, struct mlp_str hash, struct mlp_report *report,
                                struct mlp_err *e)
{
    char algorithm[32];
    struct mlp_buf hex;
    uint64_t size;
    size_t colon = mlp_str_find(hash, ':');
    bool named = colon < hash.n;
    struct mlp_str expected = named ? (struct mlp_str){hash.p + colon + 1, hash.n - colon - 1}
                                    : hash;
    mlp_str_copy(named ? (struct mlp_str){hash.p, colon} : MLP_STR("md5"), algorithm,
                 sizeof algorithm);
    mlp_buf_init(&hex, 1024);
    enum mlp_code code = mlp_checksum_file(path, algorithm, &hex, &size, e);
    if (code == MLP_OK)
        add(report, "hash", mlp_str_eq(expected, mlp_buf_str(&hex)), hash,
            mlp_report_text(report, "%s:%.*s", algorithm, MLP_STR_ARG(mlp_buf_str(&hex))));
    mlp_buf_fini(&hex);
    return code;
}

enum mlp_code file_check(const char *path, const struct mlp_file_rule *rule,
                         struct mlp_report *report, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK)
        return code;
    bool stream = strcmp(path, "-") == 0 || (st.exists && !st.is_file);
    if (!stream && !st.exists)
        return mlp_err_set(e, MLP_ENOTFOUND, "cannot open %s: no such file", path);
    if (stream)
        return mlp_err_set(e, MLP_EUSAGE, "the rules are about a file, which %s is not: name it "
                                          "instead of piping it", path);
    double bytes = (double)st.size;
    double age = (double)(mlp_os_now_ns() / 1000000000) - (double)st.mtime_s;
    if (rule->bytes_words.n)
        add(report, "bytes", !(bytes < rule->least_bytes) && !(bytes > rule->most_bytes),
            mlp_report_text(report, "%.*s bytes", MLP_STR_ARG(rule->bytes_words)),
            mlp_report_text(report, "%llu bytes", (unsigned long long)st.size));
    if (!isnan(rule->fresh))
        add(report, "fresh", age <= rule->fresh,
            mlp_report_text(report, "not older than %.*s", MLP_STR_ARG(rule->fresh_words)),
            mlp_report_text(report, "%.0f s old", age));
    return rule->hash.n ? check_hash(path, rule->hash, report, e) : MLP_OK;
}
