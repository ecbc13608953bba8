#include "verbs.h"

static const struct mlp_verb *const verbs[] = {&verb_check, &verb_profile, &verb_merge, NULL};

static const struct mlp_program program = {
    .name = "mlp-drift",
    .summary = "tell whether data have moved away from what a model was trained on",
    .about = "Compares data with a reference, column by column: a p-value that is corrected for\n"
             "the number of tests, and an effect that says how far the column moved. Both must\n"
             "speak before a column has drifted. The reference is a profile, a package or a\n"
             "registered model that carries one, or another table.",
    .files = "Profiles are mlp-profile(5), reports mlp-report(5).",
    .see_also = "mlp-promote(1), mlp-serve(1), mlp-validate(1), mlp-profile(5), mlp-report(5), "
                "mlp(7)",
    .verbs = verbs,
    .default_verb = "check",
};

int main(int argc, char **argv)
{
    return mlp_main(&program, argc, argv);
}
