/* A text of protocol buffers is read; what is refused has a place; what is accepted goes through
 * the reader of data validation's schemas, whose rules compile or are refused with a place. */
#include "rule/import.h"
#include "rule/rule.h"
#include "text/textproto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_place(const struct mlp_err *e)
{
    if (!e->source[0] || !e->message[0] || (e->code == MLP_EINPUT && !e->line))
        abort();
}

static void import(struct mlp_str text)
{
    struct mlp_doc native;
    struct mlp_rules *rules = NULL;
    struct mlp_err e;
    mlp_err_init(&e);
    const struct mlp_rules_format *f = mlp_rules_format_find(MLP_STR("tfdv"));
    if (mlp_rules_import_text(text, "fuzz", f, &native, NULL, &e) != MLP_OK) {
        expect_place(&e);
        mlp_doc_fini(&native);
    } else if (mlp_rules_parse(&native, &rules, &e) != MLP_OK) {
        expect_place(&e);
    }
    mlp_rules_free(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_str text = {(const char *)data, size};
    struct mlp_doc d;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_doc_init(&d, "fuzz", (size_t)4 << 20);
    if (mlp_doc_parse_textproto(&d, text, &e) != MLP_OK)
        expect_place(&e);
    else
        import(text);
    mlp_doc_fini(&d);
    return 0;
}
