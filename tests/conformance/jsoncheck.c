/* jsoncheck [--print] FILE: whether FILE ("-" is stdin) is JSON: exit status 0 or 3. --print reads
 * it into a document, where names must be unique, and writes that on one line. */
#include "base/file.h"
#include "text/doc.h"
#include "text/json.h"

#define LIMIT ((size_t)64 << 20)

static enum mlp_code check(struct mlp_str text, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_json_init(&j, text, MLP_JSON_MAX_DEPTH);
    do {
        enum mlp_code code = mlp_json_next(&j, &t, e);
        if (code != MLP_OK)
            return code;
    } while (t.type != MLP_JSON_END);
    return MLP_OK;
}

static enum mlp_code print(struct mlp_str text, const char *name, struct mlp_err *e)
{
    struct mlp_doc d;
    struct mlp_buf out;
    mlp_doc_init(&d, name, LIMIT);
    mlp_buf_init(&out, LIMIT);
    enum mlp_code code = mlp_doc_parse_json(&d, text, e);
    if (code == MLP_OK) {
        mlp_node_write_json(d.root, &out, 0, false);
        code = mlp_buf_check(&out, e);
    }
    if (code == MLP_OK && (puts(out.p) == EOF || fflush(stdout) != 0))
        code = mlp_err_set(e, MLP_EIO, "cannot write");
    mlp_buf_fini(&out);
    mlp_doc_fini(&d);
    return code;
}

int main(int argc, char **argv)
{
    struct mlp_err e;
    struct mlp_buf text;
    bool printing = argc == 3 && strcmp(argv[1], "--print") == 0;
    if (argc != 2 + printing) {
        fputs("usage: jsoncheck [--print] FILE\n", stderr);
        return MLP_EUSAGE;
    }
    const char *path = argv[argc - 1];
    mlp_err_init(&e);
    mlp_buf_init(&text, LIMIT);
    enum mlp_code code = mlp_file_read(path, &text, &e);
    if (code == MLP_OK)
        code = printing ? print(mlp_buf_str(&text), path, &e) : check(mlp_buf_str(&text), &e);
    mlp_err_at(&e, path, 0, 0);
    if (code != MLP_OK)
        mlp_err_print(&e, "jsoncheck", stderr);
    mlp_buf_fini(&text);
    return (int)code;
}
