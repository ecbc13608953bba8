/* mlp-package verify: every digest, every byte, and who signed. */
#include "verbs.h"

#include "report/report.h"

enum { KEY, REPACKED, FORMAT, OUTPUT };

static const struct mlp_opt options[] = {
    [KEY] = {.name = "key", .letter = 'k', .kind = MLP_OPT_FILE, .value = "PUB",
             .help = "public key that must have signed"},
    [REPACKED] = {.name = "repacked",
                  .help = "accept an archive that another tool rewrote: check contents only"},
    [FORMAT] = {.name = "format", .kind = MLP_OPT_CHOICE, .value = "FORMAT",
                .choices = MLP_REPORT_CHOICES, .fallback = "text", .help = "how to tell it"},
    [OUTPUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_TEXT, .value = "[FORMAT:]FILE",
                .help = "also write the report to a file", .many = true},
    {0},
};

static const struct mlp_example examples[] = {
    {"Check digests and the signature of the build server.",
     "mlp-package verify --key ci.pub flights.mlp"},
    {"The same as a report for other programs.",
     "mlp-package verify --key ci.pub --format json flights.mlp"},
    {0},
};

/* One check of the report. The first error is kept for stderr and the exit status. */
static void add_check(struct mlp_report *r, const char *id, const struct mlp_err *result,
                      const char *good, struct mlp_err *first)
{
    bool failed = result->code != MLP_OK;
    struct mlp_check check = {
        .id = mlp_str_from(id), .type = MLP_STR("verify"), .severity = MLP_SEV_ERROR,
        .outcome = failed ? MLP_FAIL : MLP_PASS,
        .observed = mlp_str_from(failed ? "does not hold" : good),
        .message = mlp_str_from(failed ? result->message : "")};
    mlp_report_add(r, &check);
    if (failed && first->code == MLP_OK)
        *first = *result;
}

static void check_digests(struct mlp_package *p, struct mlp_report *r, struct mlp_err *first)
{
    struct mlp_err e;
    char words[96], size[32];
    uint64_t bytes = 0;
    for (size_t i = 0; i < mlp_package_nlayers(p); i++)
        bytes += mlp_package_layer(p, i)->size;
    size_words(bytes, size);
    snprintf(words, sizeof words, "%zu files of %s, %zu referrer%s", mlp_package_nlayers(p), size,
             mlp_package_nreferrers(p), mlp_package_nreferrers(p) == 1 ? "" : "s");
    mlp_err_init(&e);
    mlp_package_check_digests(p, &e);
    add_check(r, "digests", &e, words, first);
    mlp_report_summary(r, "files", (double)mlp_package_nlayers(p));
    mlp_report_summary(r, "bytes", (double)bytes);
}

static void check_archive(struct mlp_package *p, struct mlp_report *r, struct mlp_err *first)
{
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_package_check_archive(p, &e);
    add_check(r, "archive", &e, "byte for byte as written", first);
}

static void check_signature(struct mlp_package *p, const struct mlp_key *k, struct mlp_report *r,
                            struct mlp_err *first)
{
    struct mlp_err e;
    char id[MLP_DIGEST_TEXT] = "";
    char words[MLP_DIGEST_TEXT + 8];
    mlp_err_init(&e);
    mlp_key_id(k, id, &e);
    mlp_package_check_signature(p, k, &e);
    snprintf(words, sizeof words, "by %s", id);
    add_check(r, "signature", &e, words, first);
}

static enum mlp_code show(const struct mlp_cmd *cmd, const struct mlp_report *r,
                          struct mlp_err *e)
{
    struct mlp_buf out;
    enum mlp_report_format format = MLP_REPORT_TEXT;
    mlp_report_format_parse(mlp_str_from(mlp_opt_text(cmd, FORMAT)), &format);
    mlp_buf_init(&out, (size_t)1 << 20);
    mlp_report_render(r, format, mlp_colour(1), &out);
    enum mlp_code code = say(&out, e);
    mlp_buf_fini(&out);
    for (size_t i = 0; code == MLP_OK && mlp_opt_nth(cmd, OUTPUT, i); i++)
        code = mlp_report_save(r, mlp_opt_nth(cmd, OUTPUT, i), e);
    return code;
}

static enum mlp_code verify(const struct mlp_cmd *cmd, struct mlp_package *p,
                            const struct mlp_key *k, struct mlp_err *e)
{
    struct mlp_report r;
    struct mlp_err first;
    mlp_err_init(&first);
    mlp_report_init(&r, "mlp-package", "verify");
    r.subject = mlp_package_name(p);
    r.digest = mlp_package_digest(p);
    check_digests(p, &r, &first);
    if (!mlp_opt_flag(cmd, REPACKED) && first.code == MLP_OK)
        check_archive(p, &r, &first);
    if (k)
        check_signature(p, k, &r, &first);
    r.title = first.code != MLP_OK ? MLP_STR("The package does not hold.")
              : k ? MLP_STR("Everything holds.")
                  : MLP_STR("The digests hold; no key was given, so nobody vouches for them.");
    enum mlp_code code = show(cmd, &r, e);
    if (code == MLP_OK && first.code != MLP_OK) {
        *e = first;
        code = mlp_err_at(e, mlp_operand(cmd, 0, ""), 0, 0);
    }
    mlp_report_fini(&r);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_key *k = NULL;
    struct mlp_package *p;
    const char *key = mlp_opt_text(cmd, KEY);
    enum mlp_code code = key ? load_key(key, NULL, &k, e) : MLP_OK;
    if (code == MLP_OK) {
        code = mlp_package_open(mlp_operand(cmd, 0, ""), &p, e);
        if (code == MLP_OK) {
            code = verify(cmd, p, k, e);
            mlp_package_close(p);
        }
    }
    mlp_key_free(k);
    return code;
}

const struct mlp_verb verb_verify = {
    .name = "verify",
    .summary = "check every digest, every byte of the archive, and a signature",
    .operands = "PACKAGE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Reads all blobs and compares them with their digests; compares the archive\n"
             "with what mlp-package would write, so that a changed padding byte is found\n"
             "too; with --key, wants a signature by that key over exactly these files.\n"
             "What does not hold ends with status 6, or 3 when the archive cannot even be\n"
             "read.",
    .opts = options,
    .examples = examples,
    .run = run,
};
