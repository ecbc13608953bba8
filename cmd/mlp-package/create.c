/* mlp-package create: a model and its evidence become one file. */
#include "verbs.h"

#include "oci/describe.h"
#include "text/json.h"
#include <stdlib.h>

#define SMALL_FILE ((size_t)64 << 20) /* reports, cards: read whole */
#define TREE_MAX ((size_t)4 << 30)
#define MOST_NOTES 64

enum { OUTPUT, KEY, PASSPHRASE, PROFILE, SCHEMA, RULES, EVIDENCE, GOLDEN, CARD, CODE, DATASET,
       ANNOTATION, NO_LOAD, NO_SBOM };

static const struct mlp_opt options[] = {
    [OUTPUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_FILE, .value = "FILE",
                .help = "package to write; without it NAME.mlp"},
    [KEY] = {.name = "key", .letter = 'k', .kind = MLP_OPT_FILE, .value = "KEY",
             .help = "sign with this private key"},
    [PASSPHRASE] = {.name = "passphrase-file", .kind = MLP_OPT_FILE, .value = "FILE",
                    .help = "file whose first line opens the key"},
    [PROFILE] = {.name = "profile", .letter = 'p', .kind = MLP_OPT_FILE, .value = "FILE",
                 .help = "profile of the training data, mlp-profile(5)"},
    [SCHEMA] = {.name = "schema", .kind = MLP_OPT_FILE, .value = "FILE",
                .help = "schema of the input"},
    [RULES] = {.name = "rules", .letter = 'r', .kind = MLP_OPT_FILE, .value = "FILE",
               .help = "rules that the input must pass, mlp-rules(5)"},
    [EVIDENCE] = {.name = "evidence", .letter = 'e', .kind = MLP_OPT_FILE, .value = "REPORT",
                  .help = "report to pack, mlp-report(5)", .many = true},
    [GOLDEN] = {.name = "golden", .letter = 'g', .kind = MLP_OPT_FILE, .value = "CSV",
                .help = "rows to predict now and pack with their answers"},
    [CARD] = {.name = "card", .kind = MLP_OPT_FILE, .value = "FILE",
              .help = "model card; without it one is made"},
    [CODE] = {.name = "code", .kind = MLP_OPT_FILE, .value = "FILE",
              .help = "training code to pack", .many = true},
    [DATASET] = {.name = "dataset", .kind = MLP_OPT_FILE, .value = "FILE",
                 .help = "data to pack", .many = true},
    [ANNOTATION] = {.name = "annotation", .letter = 'a', .kind = MLP_OPT_TEXT,
                    .value = "KEY=VALUE", .help = "annotation of the manifest", .many = true},
    [NO_LOAD] = {.name = "no-load", .help = "do not load the model: pack what cannot be served"},
    [NO_SBOM] = {.name = "no-sbom", .help = "leave out the bill of materials"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Pack a model with the profile of its training data and the report of its evaluation, "
     "signed by the build server; the digest is printed.",
     "mlp-package create flights model.json --profile profile.json --evidence report.json "
     "--key ci.key"},
    {"Pack a file that mlp-serve cannot load, without looking into it.",
     "mlp-package create other model.json --no-load -o other.mlp"},
    {0},
};

/* Everything that lives until the package is written. */
struct job {
    struct mlp_cmd *cmd;
    struct gathered g;
    struct mlp_doc model;       /* what probing told; root NULL with --no-load */
    struct mlp_buf sbom, card, config, signature;
    const char *notes[2 * MOST_NOTES + 4];
    size_t nnotes;
};

/* Options that name files: what they are, under which name they are packed (ending in '/': a
 * folder for the file's own name), and whether they are small. */
static const struct packed_option {
    int opt;
    enum mlp_role role;
    const char *name;
    bool small;
} packed_options[] = {
    {PROFILE, MLP_ROLE_PROFILE, "profile.json", true},
    {SCHEMA, MLP_ROLE_SCHEMA, "schema/", true},
    {RULES, MLP_ROLE_RULES, "rules/", true},
    {EVIDENCE, MLP_ROLE_REPORT, "evidence/", true},
    {CARD, MLP_ROLE_CARD, "README.md", true},
    {CODE, MLP_ROLE_CODE, "code/", true},
    {DATASET, MLP_ROLE_DATASET, "data/", false},
};

static enum mlp_code add_option(struct job *j, const struct packed_option *o, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; code == MLP_OK && mlp_opt_nth(j->cmd, o->opt, i); i++) {
        const char *path = mlp_opt_nth(j->cmd, o->opt, i);
        bool folder = o->name[strlen(o->name) - 1] == '/';
        const char *name = folder ? inner_name(&j->g, o->name, path) : o->name;
        code = o->small ? gather_small(&j->g, o->role, name, path, e)
                        : gather_large(&j->g, o->role, name, path, e);
    }
    return code;
}

static enum mlp_code probe(struct job *j, struct mlp_err *e)
{
    const char *golden = mlp_opt_text(j->cmd, GOLDEN);
    const char *path = mlp_operand(j->cmd, 1, "");
    if (mlp_opt_flag(j->cmd, NO_LOAD)) {
        if (!golden)
            return MLP_OK;
        mlp_err_set(e, MLP_EUSAGE, "--golden needs the model loaded, --no-load forbids it");
        return mlp_err_hint(e, "leave out one of the two");
    }
    enum mlp_code code = probe_model(path, golden, &j->model, e);
    if (code == MLP_EINPUT && strcmp(e->source, path) == 0)
        mlp_err_hint(e, "--no-load packs a model that cannot be served");
    if (code == MLP_OK && golden)
        code = gather_bytes(&j->g, MLP_ROLE_GOLDEN, "golden.csv",
                         mlp_node_str(mlp_node_get(j->model.root, "golden"), ""), e);
    return code;
}

static enum mlp_code add_files(struct job *j, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (int i = 1; code == MLP_OK && i < j->cmd->noperands; i++) {
        const char *path = mlp_operand(j->cmd, i, "");
        code = gather_large(&j->g, MLP_ROLE_MODEL, inner_name(&j->g, "", path), path, e);
    }
    if (code == MLP_OK)
        code = probe(j, e);
    for (size_t i = 0; code == MLP_OK && i < sizeof packed_options / sizeof *packed_options; i++)
        code = add_option(j, &packed_options[i], e);
    return code;
}

static enum mlp_code add_papers(struct job *j, const char *name, struct mlp_err *e)
{
    const struct mlp_described what = {.name = name, .model = j->model.root, .files = j->g.files.p,
                                       .nfiles = j->g.files.n};
    if (!mlp_opt_flag(j->cmd, NO_SBOM))
        mlp_describe_sbom(&what, &j->sbom);
    if (!mlp_opt_given(j->cmd, CARD))
        mlp_describe_card(&what, &j->card);
    enum mlp_code code = mlp_buf_check(&j->sbom, e);
    if (code == MLP_OK)
        code = mlp_buf_check(&j->card, e);
    if (code == MLP_OK && j->sbom.n)
        code = gather_bytes(&j->g, MLP_ROLE_SBOM, "sbom.cdx.json", mlp_buf_str(&j->sbom), e);
    if (code == MLP_OK && j->card.n)
        code = gather_bytes(&j->g, MLP_ROLE_CARD, "README.md", mlp_buf_str(&j->card), e);
    return code;
}

static enum mlp_code add_notes(struct job *j, struct mlp_err *e)
{
    for (size_t i = 0; mlp_opt_nth(j->cmd, ANNOTATION, i); i++) {
        struct mlp_str text = mlp_str_from(mlp_opt_nth(j->cmd, ANNOTATION, i));
        size_t equals = mlp_str_find(text, '=');
        if (equals == 0 || equals == text.n || !mlp_str_utf8(text))
            return mlp_err_set(e, MLP_EUSAGE, "--annotation \"%.80s\": expected KEY=VALUE", text.p);
        if (j->nnotes >= 2 * MOST_NOTES)
            return mlp_err_set(e, MLP_EUSAGE, "more than %d annotations", MOST_NOTES);
        j->notes[j->nnotes] = mlp_arena_strz(&j->g.arena, (struct mlp_str){text.p, equals});
        if (!j->notes[j->nnotes])
            return mlp_err_nomem(e);
        j->notes[j->nnotes + 1] = text.p + equals + 1;
        j->nnotes += 2;
    }
    const struct mlp_node *signature = mlp_node_get(j->model.root, "signature");
    if (signature) {
        mlp_node_write_json(signature, &j->signature, 0, true);
        j->notes[j->nnotes++] = "org.mlp.signature";
        j->notes[j->nnotes++] = j->signature.p;
    }
    return mlp_buf_check(&j->signature, e);
}

/* The members that ModelPack's configuration knows; the signature is an annotation. */
static enum mlp_code write_config(struct job *j, struct mlp_err *e)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, &j->config, 0);
    mlp_json_open(&o, '{');
    if (j->model.root) {
        mlp_json_key(&o, "architecture");
        mlp_json_str(&o, mlp_node_str(mlp_node_get(j->model.root, "estimator"), ""));
        mlp_json_key(&o, "format");
        mlp_json_str(&o, mlp_node_str(mlp_node_get(j->model.root, "format"), ""));
    }
    mlp_json_close(&o, '}');
    return mlp_buf_check(&j->config, e);
}

static enum mlp_code write_package(struct job *j, const char *name, const struct mlp_key *key,
                                   struct mlp_err *e)
{
    char digest[MLP_DIGEST_TEXT], path[256];
    const char *output = mlp_opt_text(j->cmd, OUTPUT);
    const struct mlp_package_spec spec = {
        .name = name, .files = j->g.files.p, .nfiles = j->g.files.n, .annotations = j->notes,
        .config_json = mlp_buf_str(&j->config), .key = key};
    snprintf(path, sizeof path, "%.200s.mlp", name);
    enum mlp_code code = mlp_package_create(&spec, output ? output : path, digest, e);
    if (code == MLP_OK)
        printf("%s\n", digest);
    return code;
}

static enum mlp_code make(struct job *j, const struct mlp_key *key, struct mlp_err *e)
{
    const char *name = mlp_operand(j->cmd, 0, "");
    enum mlp_code code = add_files(j, e);
    if (code == MLP_OK)
        code = add_papers(j, name, e);
    if (code == MLP_OK)
        code = add_notes(j, e);
    if (code == MLP_OK)
        code = write_config(j, e);
    return code == MLP_OK ? write_package(j, name, key, e) : code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_key *key = NULL;
    const char *output = mlp_opt_text(cmd, OUTPUT);
    if (output && strcmp(output, "-") == 0)
        return mlp_err_set(e, MLP_EUSAGE, "a package is a file: stdout tells its digest");
    enum mlp_code code = mlp_opt_text(cmd, KEY)
                             ? load_key(mlp_opt_text(cmd, KEY), mlp_opt_text(cmd, PASSPHRASE),
                                        &key, e)
                             : MLP_OK;
    if (code != MLP_OK)
        return code;
    struct job *j = calloc(1, sizeof *j);
    if (!j) {
        mlp_key_free(key);
        return mlp_err_nomem(e);
    }
    j->cmd = cmd;
    mlp_arena_init(&j->g.arena, TREE_MAX);
    mlp_vec_init(&j->g.files, sizeof(struct mlp_package_file));
    mlp_doc_init(&j->model, mlp_operand(cmd, 1, ""), TREE_MAX);
    mlp_buf_init(&j->sbom, SMALL_FILE);
    mlp_buf_init(&j->card, SMALL_FILE);
    mlp_buf_init(&j->config, SMALL_FILE);
    mlp_buf_init(&j->signature, SMALL_FILE);
    code = make(j, key, e);
    mlp_buf_fini(&j->sbom);
    mlp_buf_fini(&j->card);
    mlp_buf_fini(&j->config);
    mlp_buf_fini(&j->signature);
    mlp_doc_fini(&j->model);
    mlp_vec_fini(&j->g.files);
    mlp_arena_fini(&j->g.arena);
    free(j);
    mlp_key_free(key);
    return code;
}

const struct mlp_verb verb_create = {
    .name = "create",
    .summary = "pack a model with its evidence",
    .operands = "NAME MODEL...",
    .min_operands = 2,
    .max_operands = -1,
    .about = "Writes NAME.mlp and prints its digest. The first MODEL is loaded in a\n"
             "sandboxed process, to record its inputs, classes and estimator; what\n"
             "mlp-serve could not serve is refused. A model card and a CycloneDX bill of\n"
             "materials are made from what is known. The same files give the same digest\n"
             "at any time, on any machine; SOURCE_DATE_EPOCH sets the times in the\n"
             "archive, which are 1970 otherwise.",
    .opts = options,
    .examples = examples,
    .run = run,
};
