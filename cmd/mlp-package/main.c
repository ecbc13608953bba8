/* mlp-package: one model with its evidence as one signed, reproducible file. */
#include "verbs.h"

static const struct mlp_verb *const verbs[] = {
    &verb_keygen, &verb_create, &verb_sign, &verb_attach, &verb_verify, &verb_inspect,
    &verb_unpack, NULL,
};

static const struct mlp_program program = {
    .name = "mlp-package",
    .summary = "pack a model with its evidence into one signed, reproducible file",
    .about = "Packs a model file with its schema, profile, reports, rules, golden\n"
             "predictions, model card and bill of materials into NAME.mlp: an OCI image\n"
             "layout in a tar archive, as mlp-package(5) tells. The same inputs give the\n"
             "same bytes on every machine, and the digest of the manifest is the package's\n"
             "identity everywhere.",
    .files = NULL,
    .see_also = "mlp-register(1), mlp-serve(1), mlp-package(5), mlp-report(5), mlp(7)",
    .verbs = verbs,
};

int main(int argc, char **argv)
{
    return mlp_main(&program, argc, argv);
}
