#include "oci/describe.h"

#include "text/json.h"

#define REFERENCE "file:" /* in front of a file's name: how the bill refers to it */
#define MOST_INPUTS 200 /* rows of the card's table */

static const char *const libraries[][2] = {
    {"scikit-learn", "scikit-learn"}, {"XGBoost", "xgboost"}, {"LightGBM", "lightgbm"},
    {"ONNX", "onnx"}, {"CatBoost", "catboost"},
};

const char *mlp_format_library(struct mlp_str format)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (mlp_str_starts(format, libraries[i][0]))
            return libraries[i][1];
    return NULL;
}

static struct mlp_str fact(const struct mlp_described *f, const char *name)
{
    const struct mlp_node *found = mlp_node_get(f->model, name);
    return mlp_node_str(found ? found : mlp_node_path(f->model, "signature", name, NULL), "");
}

static const struct mlp_node *first_of(const struct mlp_described *f, const char *name)
{
    const struct mlp_node *list = mlp_node_path(f->model, "signature", name, NULL);
    return list && list->type == MLP_DOC_LIST ? list->child : NULL;
}

static const char *file_name(const struct mlp_package_file *file)
{
    return file->name ? file->name : file->path;
}

static void member(struct mlp_json_out *o, const char *key, struct mlp_str value)
{
    if (value.n == 0)
        return;
    mlp_json_key(o, key);
    mlp_json_str(o, value);
}

static void member_text(struct mlp_json_out *o, const char *key, const char *value)
{
    member(o, key, mlp_str_from(value));
}

/* A member from a scratch buffer, which is empty after; its failure becomes the output's. */
static void member_buf(struct mlp_json_out *o, const char *key, struct mlp_buf *text)
{
    o->b->failed = o->b->failed || text->failed;
    member(o, key, mlp_buf_str(text));
    mlp_buf_reset(text);
}

/* [{"format": "..."}] of CycloneDX's modelParameters. */
static void write_ports(struct mlp_json_out *o, const char *key, const struct mlp_node *first,
                        const char *type)
{
    if (!first)
        return;
    mlp_json_key(o, key);
    mlp_json_open(o, '[');
    for (const struct mlp_node *n = first; n; n = n->next) {
        struct mlp_buf text;
        struct mlp_str name = mlp_node_str(type ? n : mlp_node_get(n, "name"), "");
        struct mlp_str kind = type ? mlp_str_from(type)
                                   : mlp_node_str(mlp_node_get(n, "type"), "value");
        mlp_buf_init(&text, 4096);
        mlp_buf_addf(&text, "%.*s: %.*s", MLP_STR_ARG(name), MLP_STR_ARG(kind));
        mlp_json_open(o, '{');
        member_buf(o, "format", &text);
        mlp_json_close(o, '}');
        mlp_buf_fini(&text);
    }
    mlp_json_close(o, ']');
}

static void write_model_card(struct mlp_json_out *o, const struct mlp_described *f)
{
    if (!f->model)
        return;
    mlp_json_key(o, "modelCard");
    mlp_json_open(o, '{');
    mlp_json_key(o, "modelParameters");
    mlp_json_open(o, '{');
    member(o, "task", fact(f, "task"));
    member(o, "modelArchitecture", fact(f, "estimator"));
    write_ports(o, "inputs", first_of(f, "inputs"), NULL);
    write_ports(o, "outputs", first_of(f, "classes"), "class");
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

static void write_metadata(struct mlp_json_out *o, const struct mlp_described *f)
{
    mlp_json_key(o, "metadata");
    mlp_json_open(o, '{');
    mlp_json_key(o, "tools");
    mlp_json_open(o, '{');
    mlp_json_key(o, "components");
    mlp_json_open(o, '[');
    mlp_json_open(o, '{');
    member_text(o, "type", "application");
    member_text(o, "name", "mlp-package");
    mlp_json_close(o, '}');
    mlp_json_close(o, ']');
    mlp_json_close(o, '}');
    mlp_json_key(o, "component");
    mlp_json_open(o, '{');
    member_text(o, "type", "machine-learning-model");
    member_text(o, "bom-ref", "model");
    member_text(o, "name", f->name);
    write_model_card(o, f);
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

static void write_file(struct mlp_json_out *o, const struct mlp_package_file *file)
{
    struct mlp_buf text;
    mlp_buf_init(&text, 8192);
    bool is_data = file->role == MLP_ROLE_DATASET || file->role == MLP_ROLE_GOLDEN;
    mlp_json_open(o, '{');
    member_text(o, "type", is_data ? "data" : "file");
    mlp_buf_addf(&text, REFERENCE "%s", file_name(file));
    member_buf(o, "bom-ref", &text);
    member_text(o, "name", file_name(file));
    mlp_json_key(o, "hashes");
    mlp_json_open(o, '[');
    mlp_json_open(o, '{');
    member_text(o, "alg", "SHA-256");
    mlp_hex_add(&text, file->sum, MLP_SHA256_BYTES);
    member_buf(o, "content", &text);
    mlp_json_close(o, '}');
    mlp_json_close(o, ']');
    mlp_json_close(o, '}');
    mlp_buf_fini(&text);
}

static void write_library(struct mlp_json_out *o, const struct mlp_described *f)
{
    const char *library = mlp_format_library(fact(f, "format"));
    struct mlp_str version = fact(f, "version");
    if (!library || version.n == 0)
        return;
    char purl[256];
    snprintf(purl, sizeof purl, "pkg:pypi/%s@%.*s", library, MLP_STR_ARG(version));
    mlp_json_open(o, '{');
    member_text(o, "type", "library");
    member_text(o, "bom-ref", "library");
    member_text(o, "name", library);
    member(o, "version", version);
    member_text(o, "purl", purl);
    mlp_json_close(o, '}');
}

static void write_components(struct mlp_json_out *o, const struct mlp_described *f)
{
    mlp_json_key(o, "components");
    mlp_json_open(o, '[');
    write_library(o, f);
    for (size_t i = 0; i < f->nfiles; i++)
        write_file(o, &f->files[i]);
    mlp_json_close(o, ']');
}

static void write_dependencies(struct mlp_json_out *o, const struct mlp_described *f)
{
    struct mlp_buf text;
    mlp_buf_init(&text, 8192);
    mlp_json_key(o, "dependencies");
    mlp_json_open(o, '[');
    mlp_json_open(o, '{');
    member_text(o, "ref", "model");
    mlp_json_key(o, "dependsOn");
    mlp_json_open(o, '[');
    if (mlp_format_library(fact(f, "format")) && fact(f, "version").n)
        mlp_json_text(o, "library");
    for (size_t i = 0; i < f->nfiles; i++) {
        mlp_buf_reset(&text);
        mlp_buf_addf(&text, REFERENCE "%s", file_name(&f->files[i]));
        mlp_json_str(o, mlp_buf_str(&text));
        o->b->failed = o->b->failed || text.failed;
    }
    mlp_json_close(o, ']');
    mlp_json_close(o, '}');
    mlp_json_close(o, ']');
    mlp_buf_fini(&text);
}

void mlp_describe_sbom(const struct mlp_described *f, struct mlp_buf *out)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, out, 1);
    mlp_json_open(&o, '{');
    member_text(&o, "bomFormat", "CycloneDX");
    member_text(&o, "specVersion", "1.6");
    mlp_json_key(&o, "version");
    mlp_json_u64(&o, 1);
    write_metadata(&o, f);
    write_components(&o, f);
    write_dependencies(&o, f);
    mlp_json_close(&o, '}');
    mlp_buf_addc(out, '\n');
}

/* One cell of a Markdown table: bars, line ends and markup of the text must not act. */
static void add_cell(struct mlp_buf *out, struct mlp_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (memchr("\\`*{}[]<>#|!", c, 12))
            mlp_buf_addc(out, '\\');
        mlp_buf_addc(out, c == '\n' || c == '\r' ? ' ' : c);
    }
}

static void add_front_matter(const struct mlp_described *f, struct mlp_buf *out)
{
    const char *library = mlp_format_library(fact(f, "format"));
    mlp_buf_adds(out, "---\n");
    if (library)
        mlp_buf_addf(out, "library_name: %s\n", strcmp(library, "scikit-learn") == 0 ? "sklearn"
                                                                                    : library);
    mlp_buf_addf(out, "tags:\n- tabular\n- mlp\n---\n\n# %s\n\n", f->name);
}

static void add_model(const struct mlp_described *f, struct mlp_buf *out)
{
    static const char *const rows[][2] = {{"estimator", "Estimator"}, {"format", "Format"},
                                          {"version", "Library version"}, {"task", "Task"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mlp_str value = fact(f, rows[i][0]);
        if (value.n == 0)
            continue;
        mlp_buf_addf(out, "- %s: ", rows[i][1]);
        add_cell(out, value);
        mlp_buf_addc(out, '\n');
    }
    const struct mlp_node *first = first_of(f, "classes");
    for (const struct mlp_node *n = first; n; n = n->next) {
        mlp_buf_adds(out, n == first ? "- Classes: " : ", ");
        add_cell(out, mlp_node_str(n, ""));
    }
    mlp_buf_adds(out, first ? "\n" : "");
}

static void add_inputs(const struct mlp_described *f, struct mlp_buf *out)
{
    const struct mlp_node *n = first_of(f, "inputs");
    size_t shown = 0, left = 0;
    if (!n)
        return;
    mlp_buf_adds(out, "\n## Inputs\n\n| name | type |\n|---|---|\n");
    for (; n; n = n->next) {
        if (shown == MOST_INPUTS) {
            left++;
            continue;
        }
        shown++;
        mlp_buf_adds(out, "| ");
        add_cell(out, mlp_node_str(mlp_node_get(n, "name"), ""));
        mlp_buf_adds(out, " | ");
        add_cell(out, mlp_node_str(mlp_node_get(n, "type"), ""));
        mlp_buf_adds(out, " |\n");
    }
    if (left)
        mlp_buf_addf(out, "\nand %zu more.\n", left);
}

static void add_files(const struct mlp_described *f, struct mlp_buf *out)
{
    mlp_buf_adds(out, "\n## Files\n\n| role | name | bytes | SHA-256 |\n|---|---|---|---|\n");
    for (size_t i = 0; i < f->nfiles; i++) {
        const struct mlp_package_file *file = &f->files[i];
        mlp_buf_addf(out, "| %s | ", mlp_role_name(file->role));
        add_cell(out, mlp_str_from(file_name(file)));
        mlp_buf_adds(out, " | ");
        mlp_buf_addu64(out, file->size);
        mlp_buf_adds(out, " | ");
        mlp_hex_add(out, file->sum, MLP_SHA256_BYTES);
        mlp_buf_adds(out, " |\n");
    }
}

static void add_report(const struct mlp_package_file *file, bool first, struct mlp_buf *out)
{
    struct mlp_doc d;
    struct mlp_err unused;
    mlp_err_init(&unused);
    mlp_doc_init(&d, file_name(file), file->bytes.n * 32 + ((size_t)4 << 20));
    enum mlp_code code = mlp_doc_parse_json(&d, file->bytes, &unused);
    out->failed = out->failed || code == MLP_EIO; /* no memory: not the same as no JSON */
    if (code == MLP_OK) {
        mlp_buf_adds(out, first ? "\n## Evidence\n\n| report | kind | outcome |\n|---|---|---|\n"
                                : "");
        mlp_buf_adds(out, "| ");
        add_cell(out, mlp_str_from(file_name(file)));
        mlp_buf_adds(out, " | ");
        add_cell(out, mlp_node_str(mlp_node_get(d.root, "kind"), ""));
        mlp_buf_adds(out, " | ");
        add_cell(out, mlp_node_str(mlp_node_get(d.root, "outcome"), "unknown"));
        mlp_buf_adds(out, " |\n");
    }
    mlp_doc_fini(&d);
}

void mlp_describe_card(const struct mlp_described *f, struct mlp_buf *out)
{
    bool first = true;
    add_front_matter(f, out);
    add_model(f, out);
    add_inputs(f, out);
    for (size_t i = 0; i < f->nfiles; i++) {
        if (f->files[i].role != MLP_ROLE_REPORT || !f->files[i].bytes.p)
            continue;
        add_report(&f->files[i], first, out);
        first = false;
    }
    add_files(f, out);
}
