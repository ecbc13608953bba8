#include "verbs.h"

#include "text/csv.h"
#include "text/json.h"

enum { OPT_FORMAT = OPT_FIRST_OWN };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the list", "text|json|csv",
                    "text", false},
    {0},
};

#define LIST_MAX ((size_t)1 << 30)

enum { NAME, VERSION, ALIASES, CREATED, ACTOR, DIGEST, TAGS, COLUMNS };
static const char *const heads[COLUMNS] = {"MODEL",  "VERSION", "ALIASES", "CREATED",
                                           "ACTOR", "DIGEST",  "TAGS"};

/* The cells of one row, as texts in one buffer each. */
struct row {
    struct mlp_buf cell[COLUMNS];
    bool failed;
};

static void note_failure(struct row *row)
{
    for (int i = 0; i < COLUMNS; i++)
        row->failed = row->failed || row->cell[i].failed;
}

static void fill_row(const struct mlp_registry *r, const struct mlp_version *v, struct row *row,
                     bool brief)
{
    for (int i = 0; i < COLUMNS; i++)
        mlp_buf_reset(&row->cell[i]);
    mlp_buf_addstr(&row->cell[NAME], v->model);
    mlp_buf_addu64(&row->cell[VERSION], v->version);
    add_alias_names(r, v, " ", &row->cell[ALIASES]);
    mlp_buf_addstr(&row->cell[CREATED], v->created);
    mlp_buf_addstr(&row->cell[ACTOR], v->actor);
    mlp_buf_add(&row->cell[DIGEST], v->digest.p, brief && v->digest.n > 19 ? 19 : v->digest.n);
    add_tags(v, " ", &row->cell[TAGS]);
    note_failure(row);
}

/* Versions of the model asked for, or all. */
static bool wanted(const struct mlp_cmd *cmd, const struct mlp_version *v)
{
    const char *name = mlp_operand(cmd, 0, NULL);
    return !name || mlp_str_is(v->model, name);
}

static void measure(const struct row *row, size_t width[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++)
        if (row->cell[i].n > width[i])
            width[i] = row->cell[i].n;
}

static void add_text_row(const struct row *row, const size_t width[COLUMNS], struct mlp_buf *out)
{
    for (int i = 0; i < COLUMNS; i++) {
        bool last = i == COLUMNS - 1;
        mlp_buf_addf(out, "%-*s%s", last ? 0 : (int)width[i], row->cell[i].p ? row->cell[i].p : "",
                     last ? "" : "  ");
    }
    while (out->n && out->p[out->n - 1] == ' ')
        out->n--;
    mlp_buf_addc(out, '\n');
}

/* A table for people: widths first, then the rows, newest version last. */
static void write_text(const struct mlp_cmd *cmd, const struct mlp_registry *r, struct row *row,
                       struct mlp_buf *out)
{
    size_t width[COLUMNS] = {0};
    for (int i = 0; i < COLUMNS; i++)
        width[i] = strlen(heads[i]);
    for (size_t i = 0; i < mlp_registry_nversions(r); i++) {
        const struct mlp_version *v = mlp_registry_version(r, i);
        if (!wanted(cmd, v))
            continue;
        fill_row(r, v, row, true);
        measure(row, width);
    }
    for (int i = 0; i < COLUMNS; i++) {
        mlp_buf_reset(&row->cell[i]);
        mlp_buf_adds(&row->cell[i], heads[i]);
    }
    note_failure(row);
    add_text_row(row, width, out);
    for (size_t i = 0; i < mlp_registry_nversions(r); i++) {
        const struct mlp_version *v = mlp_registry_version(r, i);
        if (!wanted(cmd, v))
            continue;
        fill_row(r, v, row, true);
        add_text_row(row, width, out);
    }
}

static void write_csv(const struct mlp_cmd *cmd, const struct mlp_registry *r, struct row *row,
                      struct mlp_buf *out)
{
    const struct mlp_csv_dialect dialect = {',', '"'};
    mlp_buf_adds(out, "model,version,aliases,created,actor,digest,tags\n");
    for (size_t i = 0; i < mlp_registry_nversions(r); i++) {
        const struct mlp_version *v = mlp_registry_version(r, i);
        if (!wanted(cmd, v))
            continue;
        fill_row(r, v, row, false);
        for (int k = 0; k < COLUMNS; k++) {
            mlp_csv_add(&dialect, out, mlp_buf_str(&row->cell[k]), false);
            mlp_buf_addc(out, k == COLUMNS - 1 ? '\n' : ',');
        }
    }
}

static void json_version(struct mlp_json_out *o, const struct mlp_registry *r,
                         const struct mlp_version *v)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "model");
    mlp_json_str(o, v->model);
    mlp_json_key(o, "version");
    mlp_json_u64(o, v->version);
    mlp_json_key(o, "digest");
    mlp_json_str(o, v->digest);
    mlp_json_key(o, "created");
    mlp_json_str(o, v->created);
    mlp_json_key(o, "actor");
    mlp_json_str(o, v->actor);
    mlp_json_key(o, "aliases");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < mlp_registry_naliases(r); i++) {
        const struct mlp_alias *a = mlp_registry_alias_at(r, i);
        if (a->version == v->version && mlp_str_eq(a->model, v->model))
            mlp_json_str(o, a->name);
    }
    mlp_json_close(o, ']');
    mlp_json_key(o, "tags");
    mlp_json_open(o, '{');
    for (size_t i = 0; i < v->tags.n; i++) {
        const struct mlp_pair *tag = mlp_vec_at(&v->tags, i);
        if (!tag->value.p)
            continue;
        mlp_json_key_str(o, tag->key);
        mlp_json_str(o, tag->value);
    }
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

static void write_json(const struct mlp_cmd *cmd, const struct mlp_registry *r,
                       struct mlp_buf *out)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, out, 2);
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < mlp_registry_nversions(r); i++)
        if (wanted(cmd, mlp_registry_version(r, i)))
            json_version(&o, r, mlp_registry_version(r, i));
    mlp_json_close(&o, ']');
    mlp_buf_addc(out, '\n');
}

static void write_list(const struct mlp_cmd *cmd, const struct mlp_registry *r,
                       struct mlp_buf *out)
{
    const char *format = mlp_opt_text(cmd, OPT_FORMAT);
    struct row row = {.failed = false};
    for (int i = 0; i < COLUMNS; i++)
        mlp_buf_init(&row.cell[i], 1 << 16);
    if (strcmp(format, "json") == 0)
        write_json(cmd, r, out);
    else if (strcmp(format, "csv") == 0)
        write_csv(cmd, r, &row, out);
    else
        write_text(cmd, r, &row, out);
    for (int i = 0; i < COLUMNS; i++) {
        out->failed = out->failed || row.failed;
        mlp_buf_fini(&row.cell[i]);
    }
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    const struct mlp_version *v;
    struct mlp_buf out;
    enum mlp_code code = open_registry(cmd, &r, e);
    if (code != MLP_OK)
        return code;
    /* A name that is not there is an error, not an empty list. */
    if (cmd->noperands)
        code = mlp_registry_resolve(r, cmd->operands[0], &v, e);
    mlp_buf_init(&out, LIST_MAX);
    if (code == MLP_OK) {
        write_list(cmd, r, &out);
        code = print_buf(&out, e);
    }
    mlp_buf_fini(&out);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Everything, as a table.", "mlp-register list --registry registry"},
    {"The versions of one model, for a script.",
     "mlp-register list --registry registry --format csv flights"},
    {0},
};

const struct mlp_verb verb_list = {
    .name = "list",
    .summary = "list versions with their aliases and tags",
    .operands = "[MODEL]",
    .max_operands = 1,
    .about = "Lists the versions of one model or of all, oldest first.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
