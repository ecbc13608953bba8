#include "verbs.h"

enum { OPT_FORMAT = OPT_FIRST_OWN };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the events", "text|json",
                    "text", false},
    {0},
};

#define LOG_MAX ((size_t)1 << 30)

/* What the event says beyond its common members, in words. */
static void add_detail(struct mlp_registry *r, const struct mlp_event *v, struct mlp_buf *b)
{
    static const char *const names[] = {"alias", "key", "value", "policy", "role", "outcome",
                                        "reason"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mlp_str value = mlp_registry_member(r, v, names[i]);
        if (mlp_str_starts(value, "sha256:") && value.n > 19)
            value.n = 19;
        if (value.n)
            mlp_buf_addf(b, "  %s=%.*s", names[i], MLP_STR_ARG(value));
    }
}

static void add_event(struct mlp_registry *r, const struct mlp_event *v, bool json,
                      struct mlp_buf *b)
{
    if (json) {
        mlp_buf_addstr(b, v->line);
        mlp_buf_addc(b, '\n');
        return;
    }
    char subject[200] = "";
    if (v->version)
        snprintf(subject, sizeof subject, "%.*s@%llu", MLP_STR_ARG(v->model),
                 (unsigned long long)v->version);
    else
        snprintf(subject, sizeof subject, "%.*s", MLP_STR_ARG(v->model));
    mlp_buf_addf(b, "%5llu  %.*s  %-20.*s  %-8.*s  %s", (unsigned long long)v->seq,
                 MLP_STR_ARG(v->time), MLP_STR_ARG(v->actor), MLP_STR_ARG(v->type), subject);
    add_detail(r, v, b);
    mlp_buf_addc(b, '\n');
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    struct mlp_buf out;
    enum mlp_code code = open_registry(cmd, &r, e);
    if (code != MLP_OK)
        return code;
    bool json = strcmp(mlp_opt_text(cmd, OPT_FORMAT), "json") == 0;
    const char *model = mlp_operand(cmd, 0, NULL);
    mlp_buf_init(&out, LOG_MAX);
    for (size_t i = 0; i < mlp_registry_nevents(r); i++) {
        const struct mlp_event *v = mlp_registry_event(r, i);
        if (!model || mlp_str_is(v->model, model))
            add_event(r, v, json, &out);
    }
    code = print_buf(&out, e);
    mlp_buf_fini(&out);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Who did what, when.", "mlp-register log --registry registry"},
    {0},
};

const struct mlp_verb verb_log = {
    .name = "log",
    .summary = "the audit log, of one model or all",
    .operands = "[MODEL]",
    .max_operands = 1,
    .about = "Prints the events in their order; --format json prints the lines of the log as they\n"
             "are. The chain of hashes is checked on the way.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
