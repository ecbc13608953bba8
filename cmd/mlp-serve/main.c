#include "verbs.h"

#include <string.h>

static const struct mlp_verb *const verbs[] = {&verb_serve, &verb_batch, &verb_kafka,
                                               &verb_convert, &verb_inspect, &verb_keygen,
                                               &verb_bench, &verb_top, &verb_keep, NULL};

static const struct mlp_program program = {
    .name = "mlp-serve",
    .summary = "predictions of saved models over HTTP and from tables",
    .about = "Loads scikit-learn and XGBoost models without running code of theirs and answers\n"
             "what those libraries answer.",
    .files = "The deployment file is mlp-deployment(5), a package mlp-package(5), who may ask\n"
             "mlp-auth(5).",
    .see_also = "mlp-drift(1), mlp-package(1), mlp-promote(1), mlp-auth(5),"
                "mlp-deployment(5), mlp(7)",
    .verbs = verbs,
    .default_verb = "serve",
};

int main(int argc, char **argv)
{
    static char batch[] = "batch";
    /* `mlp-serve --batch MODEL` reads well in a pipeline: it is the verb, with all its options. */
    if (argc > 1 && strcmp(argv[1], "--batch") == 0)
        argv[1] = batch;
    return mlp_main(&program, argc, argv);
}
