#include "verbs.h"

#include "text/json.h"

enum { OPT_FORMAT = OPT_FIRST_OWN };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the page", "text|json",
                    "text", false},
    {0},
};

#define SHOW_MAX ((size_t)64 << 20)

/* All that a page needs. */
struct page {
    struct mlp_registry *r;
    struct mlp_version v;
    struct mlp_package *p;
    struct mlp_buf out;
};

static void add_line(struct page *g, const char *name, struct mlp_str value)
{
    mlp_buf_addf(&g->out, "%-10s %.*s\n", name, MLP_STR_ARG(value));
}

static void text_head(struct page *g)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 16);
    mlp_buf_addf(&g->out, "%-10s %.*s@%llu\n", "model", MLP_STR_ARG(g->v.model),
                 (unsigned long long)g->v.version);
    add_line(g, "digest", g->v.digest);
    add_line(g, "created", g->v.created);
    add_line(g, "actor", g->v.actor);
    add_alias_names(g->r, &g->v, ", ", &b);
    add_line(g, "aliases", mlp_buf_str(&b));
    mlp_buf_reset(&b);
    add_tags(&g->v, ", ", &b);
    add_line(g, "tags", mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static void text_body(struct page *g)
{
    mlp_buf_adds(&g->out, "\nfiles\n");
    for (size_t i = 0; i < mlp_package_nlayers(g->p); i++) {
        const struct mlp_blob *b = mlp_package_layer(g->p, i);
        mlp_buf_addf(&g->out, "  %-10.*s %12llu  %.*s\n", MLP_STR_ARG(b->role),
                     (unsigned long long)b->size, MLP_STR_ARG(b->name));
    }
    if (mlp_package_nreferrers(g->p))
        mlp_buf_adds(&g->out, "\nevidence\n");
    for (size_t i = 0; i < mlp_package_nreferrers(g->p); i++) {
        const struct mlp_referrer *f = mlp_package_referrer(g->p, i);
        mlp_buf_addf(&g->out, "  %.19s %9llu  %.*s\n", f->digest.p, (unsigned long long)f->size,
                     MLP_STR_ARG(f->artifact_type));
    }
    mlp_buf_adds(&g->out, "\nhistory\n");
    for (size_t i = 0; i < mlp_registry_nevents(g->r); i++) {
        const struct mlp_event *v = mlp_registry_event(g->r, i);
        if (v->version != g->v.version || !mlp_str_eq(v->model, g->v.model))
            continue;
        struct mlp_str alias = mlp_registry_member(g->r, v, "alias");
        mlp_buf_addf(&g->out, "  %5llu  %.*s  %.*s  %.*s %.*s\n", (unsigned long long)v->seq,
                     MLP_STR_ARG(v->time), MLP_STR_ARG(v->actor), MLP_STR_ARG(v->type),
                     MLP_STR_ARG(alias));
    }
}

static void json_files(struct page *g, struct mlp_json_out *o)
{
    mlp_json_key(o, "files");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < mlp_package_nlayers(g->p); i++) {
        const struct mlp_blob *b = mlp_package_layer(g->p, i);
        mlp_json_open(o, '{');
        mlp_json_key(o, "name");
        mlp_json_str(o, b->name);
        mlp_json_key(o, "role");
        mlp_json_str(o, b->role);
        mlp_json_key(o, "digest");
        mlp_json_str(o, b->digest);
        mlp_json_key(o, "size");
        mlp_json_u64(o, b->size);
        mlp_json_close(o, '}');
    }
    mlp_json_close(o, ']');
    mlp_json_key(o, "evidence");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < mlp_package_nreferrers(g->p); i++) {
        const struct mlp_referrer *f = mlp_package_referrer(g->p, i);
        mlp_json_open(o, '{');
        mlp_json_key(o, "digest");
        mlp_json_str(o, f->digest);
        mlp_json_key(o, "artifactType");
        mlp_json_str(o, f->artifact_type);
        mlp_json_close(o, '}');
    }
    mlp_json_close(o, ']');
}

static void json_page(struct page *g)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, &g->out, 2);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "model");
    mlp_json_str(&o, g->v.model);
    mlp_json_key(&o, "version");
    mlp_json_u64(&o, g->v.version);
    mlp_json_key(&o, "digest");
    mlp_json_str(&o, g->v.digest);
    mlp_json_key(&o, "aliases");
    mlp_json_open(&o, '{');
    for (size_t i = 0; i < mlp_registry_naliases(g->r); i++) {
        const struct mlp_alias *a = mlp_registry_alias_at(g->r, i);
        if (a->version != g->v.version || !mlp_str_eq(a->model, g->v.model))
            continue;
        mlp_json_key_str(&o, a->name);
        mlp_json_u64(&o, a->seq);
    }
    mlp_json_close(&o, '}');
    json_files(g, &o);
    mlp_json_key(&o, "events");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < mlp_registry_nevents(g->r); i++) {
        const struct mlp_event *v = mlp_registry_event(g->r, i);
        if (v->version == g->v.version && mlp_str_eq(v->model, g->v.model))
            mlp_json_raw(&o, v->line);
    }
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
    mlp_buf_addc(&g->out, '\n');
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct page g = {0};
    const struct mlp_version *v;
    enum mlp_code code = open_version(cmd, 0, &g.r, &v, e);
    if (code != MLP_OK)
        return code;
    g.v = *v;
    mlp_buf_init(&g.out, SHOW_MAX);
    code = mlp_registry_package(g.r, v, &g.p, e);
    if (code == MLP_OK) {
        if (strcmp(mlp_opt_text(cmd, OPT_FORMAT), "json") == 0) {
            json_page(&g);
        } else {
            text_head(&g);
            text_body(&g);
        }
        code = print_buf(&g.out, e);
    }
    mlp_package_close(g.p);
    mlp_buf_fini(&g.out);
    mlp_registry_close(g.r);
    return code;
}

static const struct mlp_example examples[] = {
    {"All about the newest version.", "mlp-register show --registry registry flights"},
    {0},
};

const struct mlp_verb verb_show = {
    .name = "show",
    .summary = "one version: files, evidence, aliases, history",
    .operands = "MODEL[@REF]",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Shows what is known of a version. REF is a number, an alias or latest.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
