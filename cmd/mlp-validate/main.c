#include "verbs.h"

static const struct mlp_verb *const verbs[] = {
    &verb_check, &verb_infer, &verb_profile, &verb_merge, &verb_model,
    &verb_invariance, &verb_leakage, &verb_package, &verb_convert, &verb_lint, NULL,
};

static const struct mlp_program program = {
    .name = "mlp-validate",
    .summary = "check data and model quality in a pipe",
    .about = "Reads CSV, TSV, NDJSON, Parquet or Arrow once, in bounded memory. Rows that\n"
             "hold to the rules go to stdout untouched, byte for byte; every other row is told\n"
             "with its line, column, rule and value. A report says how each rule fared; the\n"
             "exit status sums it up.",
    .files = "Rules are mlp-rules(5), reports mlp-report(5), profiles mlp-profile(5).",
    .see_also = "mlp-drift(1), mlp-serve(1), mlp-profile(5), mlp-report(5), mlp-rules(5), mlp(7)",
    .verbs = verbs,
    .default_verb = "check",
};

int main(int argc, char **argv)
{
    return mlp_main(&program, argc, argv);
}
