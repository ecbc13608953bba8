#include "verbs.h"

static const struct mlp_opt opts[] = {COMMON_OPTIONS, {0}};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    struct mlp_registry_sums sums;
    enum mlp_code code = open_registry(cmd, &r, e);
    if (code != MLP_OK)
        return code;
    code = mlp_registry_verify(r, &sums, e);
    if (code == MLP_OK) {
        printf("%llu events, %llu blobs, %llu bytes: all hold\n", (unsigned long long)sums.events,
               (unsigned long long)sums.blobs, (unsigned long long)sums.bytes);
        if (sums.unreferenced)
            fprintf(stderr, "mlp-register: %llu blobs belong to no event: an add was cut short\n",
                    (unsigned long long)sums.unreferenced);
    }
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Check everything.", "mlp-register verify --registry registry"},
    {0},
};

const struct mlp_verb verb_verify = {
    .name = "verify",
    .summary = "check every byte against the log",
    .operands = "",
    .about = "Checks the chain of the log, the digest of every blob, every reference, and what is\n"
             "derived. A changed byte anywhere is found: exit status 6, and where.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
