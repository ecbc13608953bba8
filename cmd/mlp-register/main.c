#include "verbs.h"

static const struct mlp_verb *const verbs[] = {
    &verb_init, &verb_add, &verb_list, &verb_show, &verb_get, &verb_tag,
    &verb_alias, &verb_attach, &verb_log, &verb_verify, NULL,
};

static const struct mlp_program program = {
    .name = "mlp-register",
    .summary = "versions, aliases, evidence and audit log of models in a folder",
    .about = "A registry is a folder: an OCI image layout that other tools read too, and an\n"
             "append-only, hash-chained log of events that is the truth. Versions, aliases and\n"
             "tags are derived from the log. Several writers may work at once; a writer that is\n"
             "killed loses nothing that was acknowledged.",
    .files = "log.ndjson holds one event a line, see mlp-log(5). index.json and blobs/sha256 are\n"
             "the OCI layout, see mlp-registry(5).",
    .see_also = "mlp-package(1), mlp-promote(1), mlp-log(5), mlp-registry(5), mlp(7)",
    .verbs = verbs,
};

int main(int argc, char **argv)
{
    return mlp_main(&program, argc, argv);
}
