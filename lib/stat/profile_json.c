#include "stat/state.h"

#include "base/file.h"
#include "base/map.h"
#include "text/json.h"
#include "text/num.h"

#include <math.h>

#define FORMAT "mlp-profile/1"
#define FILE_MAX ((size_t)256 << 20)
#define TREE_MAX ((size_t)2 << 30)
#define HASH_DIGITS 16

/* One character a register of a HyperLogLog: registers are at most 53. */
static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR";

/* --- writing -------------------------------------------------------------------------------- */

static void put_number(struct mlp_json_out *o, const char *key, double v)
{
    mlp_json_key(o, key);
    mlp_json_f64(o, v);
}

static void put_count(struct mlp_json_out *o, const char *key, uint64_t v)
{
    mlp_json_key(o, key);
    mlp_json_u64(o, v);
}

static void put_exact(struct mlp_json_out *o, const char *key, const struct mlp_exact *x)
{
    struct mlp_buf text;
    mlp_buf_init(&text, 4096);
    mlp_exact_write(x, &text);
    mlp_json_key(o, key);
    mlp_json_str(o, mlp_buf_str(&text));
    if (text.failed)
        o->b->failed = true;
    mlp_buf_fini(&text);
}

static void put_counts(struct mlp_json_out *o, const char *key, const uint64_t *v, size_t n)
{
    mlp_json_key(o, key);
    mlp_json_open(o, '[');
    for (size_t i = 0; i < n; i++)
        mlp_json_u64(o, v[i]);
    mlp_json_close(o, ']');
}

static void put_bins(struct mlp_json_out *o, const struct mlp_pcolumn *c)
{
    mlp_json_key(o, "edges");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < c->nedges; i++)
        mlp_json_f64(o, c->edges[i]);
    mlp_json_close(o, ']');
    put_counts(o, "counts", c->counts, c->nedges + 1);
    put_counts(o, "offsets", c->offsets, c->nedges + 1);
    if (c->sampled) {
        mlp_json_key(o, "sampled");
        mlp_json_bool(o, true);
    }
}

static void put_hll(struct mlp_json_out *o, const uint8_t *hll)
{
    char text[MLP_HLL_REGISTERS];
    for (size_t i = 0; i < MLP_HLL_REGISTERS; i++)
        text[i] = alphabet[hll[i] < sizeof alphabet - 1 ? hll[i] : sizeof alphabet - 2];
    mlp_json_key(o, "hll");
    mlp_json_str(o, (struct mlp_str){text, sizeof text});
}

static void put_values(struct mlp_json_out *o, const struct mlp_pcolumn *c)
{
    mlp_json_key(o, "values");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < c->nvalues; i++) {
        char hash[HASH_DIGITS + 1];
        mlp_json_open(o, '[');
        mlp_json_str(o, c->values[i].text);
        mlp_json_u64(o, c->values[i].count);
        if (!c->distinct_exact) {
            snprintf(hash, sizeof hash, "%016llx", (unsigned long long)c->values[i].hash);
            mlp_json_text(o, hash);
        }
        mlp_json_close(o, ']');
    }
    mlp_json_close(o, ']');
}

static void put_numbers(struct mlp_json_out *o, const struct mlp_pcolumn *c)
{
    put_count(o, "infinite", c->infinite);
    put_number(o, "min", c->min);
    put_number(o, "max", c->max);
    put_number(o, "mean", c->mean);
    put_number(o, "stdev", c->stdev);
    put_exact(o, "sum", c->sum);
    put_exact(o, "squares", c->squares);
    if (c->nedges)
        put_bins(o, c);
}

static void put_column(struct mlp_json_out *o, const struct mlp_pcolumn *c)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "name");
    mlp_json_str(o, c->name);
    mlp_json_key(o, "type");
    mlp_json_text(o, mlp_ptype_name(c->type));
    put_count(o, "rows", c->rows);
    put_count(o, "missing", c->missing);
    put_count(o, "bad", c->bad);
    if (mlp_ptype_numeric(c->type))
        put_numbers(o, c);
    if (c->type == MLP_P_TEXT && c->nvalues) {
        put_count(o, "min_length", c->min_length);
        put_count(o, "max_length", c->max_length);
    }
    mlp_json_key(o, "distinct");
    if (c->distinct_exact)
        mlp_json_u64(o, c->nvalues);
    else
        mlp_json_f64(o, nearbyint(c->distinct));
    mlp_json_key(o, "exact");
    mlp_json_bool(o, c->distinct_exact);
    put_values(o, c);
    if (c->hll)
        put_hll(o, c->hll);
    mlp_json_close(o, '}');
}

void mlp_profile_write(const struct mlp_profile *p, struct mlp_buf *out)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, out, 0);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "format");
    mlp_json_text(&o, FORMAT);
    put_count(&o, "rows", p->rows);
    if (p->source_digest.n) {
        mlp_json_key(&o, "source");
        mlp_json_str(&o, p->source_digest);
    }
    mlp_json_key(&o, "columns");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < p->ncols; i++)
        put_column(&o, &p->cols[i]);
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
    mlp_buf_addc(out, '\n');
}

/* --- reading -------------------------------------------------------------------------------- */

/* What the readers below share: the document for places, and the arena for arrays. */
struct reader {
    const struct mlp_doc *doc;
    struct mlp_arena *arena;
    struct mlp_err *e;
};

static enum mlp_code get_count(struct reader *r, const struct mlp_node *map, const char *key,
                               uint64_t *v)
{
    const struct mlp_node *n = mlp_node_get(map, key);
    *v = 0;
    if (!n)
        return MLP_OK;
    if (n->type == MLP_DOC_UINT)
        *v = n->u.unsigned_integer;
    else if (n->type == MLP_DOC_INT && n->u.integer >= 0)
        *v = (uint64_t)n->u.integer;
    else
        return mlp_node_error(r->doc, n, r->e, "\"%s\" must be a count", key);
    return MLP_OK;
}

static double get_number(const struct mlp_node *map, const char *key)
{
    return mlp_node_num(mlp_node_get(map, key), NAN);
}

static enum mlp_code get_exact(struct reader *r, const struct mlp_node *map, const char *key,
                               struct mlp_exact **x)
{
    const struct mlp_node *n = mlp_node_get(map, key);
    *x = mlp_arena_alloc(r->arena, sizeof **x);
    if (!*x)
        return mlp_err_nomem(r->e);
    if (!n || n->type != MLP_DOC_TEXT || !mlp_exact_parse(mlp_node_str(n, ""), *x))
        return mlp_node_error(r->doc, n ? n : map, r->e,
                              "\"%s\" must be a hexadecimal number such as \"0x1fp-3\"", key);
    return MLP_OK;
}

static enum mlp_code get_counts(struct reader *r, const struct mlp_node *map, const char *key,
                                size_t n, uint64_t **out)
{
    const struct mlp_node *list = mlp_node_get(map, key);
    if (!list || list->type != MLP_DOC_LIST || list->u.count != n)
        return mlp_node_error(r->doc, list ? list : map, r->e, "\"%s\" must list %zu counts", key,
                              n);
    *out = mlp_arena_array(r->arena, n, sizeof **out);
    if (!*out)
        return mlp_err_nomem(r->e);
    size_t i = 0;
    for (const struct mlp_node *c = list->child; c; c = c->next, i++) {
        if (c->type != MLP_DOC_INT || c->u.integer < 0)
            return mlp_node_error(r->doc, c, r->e, "\"%s\" must list counts", key);
        (*out)[i] = (uint64_t)c->u.integer;
    }
    return MLP_OK;
}

static enum mlp_code get_edges(struct reader *r, const struct mlp_node *list,
                               struct mlp_pcolumn *c)
{
    if (list->type != MLP_DOC_LIST || list->u.count == 0 || list->u.count > 65536)
        return mlp_node_error(r->doc, list, r->e, "\"edges\" must list 1 to 65536 numbers");
    c->edges = mlp_arena_array(r->arena, list->u.count, sizeof *c->edges);
    c->bin_sums = mlp_arena_array(r->arena, list->u.count + 1, sizeof *c->bin_sums);
    if (!c->edges || !c->bin_sums)
        return mlp_err_nomem(r->e);
    for (const struct mlp_node *n = list->child; n; n = n->next) {
        double x = mlp_node_num(n, NAN);
        if (!isfinite(x) || (c->nedges && !(x > c->edges[c->nedges - 1])))
            return mlp_node_error(r->doc, n, r->e, "edges must be finite numbers that rise");
        c->edges[c->nedges++] = x;
    }
    return MLP_OK;
}

static enum mlp_code get_bins(struct reader *r, const struct mlp_node *map, struct mlp_pcolumn *c)
{
    const struct mlp_node *edges = mlp_node_get(map, "edges");
    if (!edges)
        return MLP_OK;
    enum mlp_code code = get_edges(r, edges, c);
    if (code == MLP_OK)
        code = get_counts(r, map, "counts", c->nedges + 1, &c->counts);
    if (code == MLP_OK)
        code = get_counts(r, map, "offsets", c->nedges + 1, &c->offsets);
    c->sampled = mlp_node_bool(mlp_node_get(map, "sampled"), false);
    return code;
}

static enum mlp_code get_hll(struct reader *r, const struct mlp_node *n, struct mlp_pcolumn *c)
{
    struct mlp_str text = mlp_node_str(n, "");
    if (text.n != MLP_HLL_REGISTERS)
        return mlp_node_error(r->doc, n, r->e, "\"hll\" must have %d characters",
                              MLP_HLL_REGISTERS);
    c->hll = mlp_arena_alloc(r->arena, MLP_HLL_REGISTERS);
    if (!c->hll)
        return mlp_err_nomem(r->e);
    for (size_t i = 0; i < text.n; i++) {
        const char *at = memchr(alphabet, text.p[i], sizeof alphabet - 1);
        if (!at)
            return mlp_node_error(r->doc, n, r->e, "\"hll\" has a character that is no register");
        c->hll[i] = (uint8_t)(at - alphabet);
    }
    return MLP_OK;
}

static bool get_hash(struct mlp_str text, uint64_t *hash)
{
    *hash = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *digits = "0123456789abcdef", *at = memchr(digits, text.p[i], 16);
        if (!at)
            return false;
        *hash = *hash << 4 | (uint64_t)(at - digits);
    }
    return text.n == HASH_DIGITS;
}

/* The hash of a value of an exact list follows from its text. */
static bool hash_of(const struct mlp_pcolumn *c, struct mlp_str text, uint64_t *hash)
{
    double x;
    if (c->type == MLP_P_TEXT) {
        *hash = mlp_hash_text(text);
        return true;
    }
    if (mlp_value_read(c->type, text, &x) > MLP_READ_WIDER && !mlp_num_f64(text, &x))
        return false;
    *hash = mlp_hash_f64(x);
    return true;
}

static enum mlp_code get_value(struct reader *r, const struct mlp_node *n, struct mlp_pcolumn *c,
                               struct mlp_pvalue *v)
{
    const struct mlp_node *text = mlp_node_at(n, 0), *count = mlp_node_at(n, 1);
    if (!text || text->type != MLP_DOC_TEXT || !count || count->type != MLP_DOC_INT ||
        count->u.integer < 0)
        return mlp_node_error(r->doc, n, r->e, "a value must be [\"text\", count]");
    bool ok = c->distinct_exact ? hash_of(c, mlp_node_str(text, ""), &v->hash)
                                : get_hash(mlp_node_str(mlp_node_at(n, 2), ""), &v->hash);
    if (!ok)
        return mlp_node_error(r->doc, n, r->e, "a value without its hash, or of another type");
    v->text = mlp_arena_str(r->arena, mlp_node_str(text, ""));
    v->count = (uint64_t)count->u.integer;
    return v->text.p ? MLP_OK : mlp_err_nomem(r->e);
}

static enum mlp_code get_values(struct reader *r, const struct mlp_node *map,
                                struct mlp_pcolumn *c)
{
    const struct mlp_node *list = mlp_node_get(map, "values");
    size_t most = c->type != MLP_P_TEXT ? MLP_FEW_VALUES
                  : c->distinct_exact   ? MLP_TALLY_VALUES
                                        : MLP_BOTTOM_K;
    if (!list || list->type != MLP_DOC_LIST || list->u.count > most)
        return mlp_node_error(r->doc, list ? list : map, r->e,
                              "\"values\" must list at most %zu values", most);
    c->values_cap = list->u.count;
    c->values = mlp_arena_array(r->arena, c->values_cap, sizeof *c->values);
    if (!c->values)
        return mlp_err_nomem(r->e);
    enum mlp_code code = MLP_OK;
    for (const struct mlp_node *n = list->child; n && code == MLP_OK; n = n->next)
        code = get_value(r, n, c, &c->values[c->nvalues++]);
    mlp_values_sort(c->values, c->nvalues);
    return code;
}

static enum mlp_code get_distinct(struct reader *r, const struct mlp_node *map,
                                  struct mlp_pcolumn *c)
{
    const struct mlp_node *hll = mlp_node_get(map, "hll");
    c->distinct_exact = mlp_node_bool(mlp_node_get(map, "exact"), false);
    if (c->distinct_exact == (hll != NULL))
        return mlp_node_error(r->doc, map, r->e, "\"hll\" must be there unless \"exact\" is true");
    enum mlp_code code = hll ? get_hll(r, hll, c) : MLP_OK;
    return code == MLP_OK ? get_values(r, map, c) : code;
}

static enum mlp_code get_numbers(struct reader *r, const struct mlp_node *map,
                                 struct mlp_pcolumn *c)
{
    enum mlp_code code = get_count(r, map, "infinite", &c->infinite);
    c->min = get_number(map, "min");
    c->max = get_number(map, "max");
    if (code == MLP_OK)
        code = get_exact(r, map, "sum", &c->sum);
    if (code == MLP_OK)
        code = get_exact(r, map, "squares", &c->squares);
    return code == MLP_OK ? get_bins(r, map, c) : code;
}

static enum mlp_code get_counters(struct reader *r, const struct mlp_node *map,
                                  struct mlp_pcolumn *c)
{
    const struct {
        const char *key;
        uint64_t *v;
    } all[] = {{"rows", &c->rows},
               {"missing", &c->missing},
               {"bad", &c->bad},
               {"min_length", &c->min_length},
               {"max_length", &c->max_length}};
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && code == MLP_OK; i++)
        code = get_count(r, map, all[i].key, all[i].v);
    return code;
}

static enum mlp_code get_column(struct reader *r, const struct mlp_node *map,
                                struct mlp_pcolumn *c)
{
    const struct mlp_node *name = mlp_node_get(map, "name"), *type = mlp_node_get(map, "type");
    c->min = c->max = NAN;
    if (!name || name->type != MLP_DOC_TEXT || !type ||
        !mlp_ptype_parse(mlp_node_str(type, ""), &c->type))
        return mlp_node_error(r->doc, map, r->e, "a column must have a name and a known type");
    c->name = mlp_arena_str(r->arena, mlp_node_str(name, ""));
    if (!c->name.p)
        return mlp_err_nomem(r->e);
    enum mlp_code code = get_counters(r, map, c);
    if (code == MLP_OK && mlp_ptype_numeric(c->type))
        code = get_numbers(r, map, c);
    if (code == MLP_OK)
        code = get_distinct(r, map, c);
    if (code == MLP_OK)
        mlp_pcolumn_derive(c);
    return code;
}

/* The columns; names tells which were there before. */
static enum mlp_code get_columns(struct reader *r, const struct mlp_node *list,
                                 struct mlp_map *names, struct mlp_profile *p)
{
    enum mlp_code code = MLP_OK;
    p->cols = mlp_arena_array(r->arena, list->u.count, sizeof *p->cols);
    if (!p->cols)
        return mlp_err_nomem(r->e);
    for (const struct mlp_node *n = list->child; n && code == MLP_OK; n = n->next) {
        struct mlp_pcolumn *c = &p->cols[p->ncols++];
        bool fresh = true;
        code = get_column(r, n, c);
        if (code == MLP_OK && !mlp_map_put(names, c->name, &fresh))
            code = mlp_err_nomem(r->e);
        if (code == MLP_OK && !fresh)
            code = mlp_node_error(r->doc, n, r->e, "a second column \"%.*s\"",
                                  MLP_STR_ARG(c->name));
    }
    return code;
}

static enum mlp_code get_profile(struct reader *r, struct mlp_profile *p)
{
    const struct mlp_node *root = r->doc->root;
    const struct mlp_node *cols = mlp_node_get(root, "columns");
    struct mlp_map names;
    if (!mlp_str_is(mlp_node_str(mlp_node_get(root, "format"), ""), FORMAT))
        return mlp_node_error(r->doc, root, r->e, "not a profile: \"format\" is not \"%s\"",
                              FORMAT);
    if (!cols || cols->type != MLP_DOC_LIST || cols->u.count > 65536)
        return mlp_node_error(r->doc, cols ? cols : root, r->e, "\"columns\" must be a list");
    enum mlp_code code = get_count(r, root, "rows", &p->rows);
    p->source_digest = mlp_arena_str(r->arena, mlp_node_str(mlp_node_get(root, "source"), ""));
    if (!p->source_digest.p)
        code = mlp_err_nomem(r->e);
    mlp_map_init(&names, 1, FILE_MAX);
    if (code == MLP_OK)
        code = get_columns(r, cols, &names, p);
    mlp_map_fini(&names);
    return code;
}

enum mlp_code mlp_profile_parse(struct mlp_profile *p, struct mlp_str json, const char *source,
                                struct mlp_err *e)
{
    struct mlp_doc doc;
    *p = (struct mlp_profile){0};
    mlp_arena_init(&p->arena, TREE_MAX);
    mlp_doc_init(&doc, source, TREE_MAX);
    enum mlp_code code = mlp_doc_parse_json(&doc, json, e);
    struct reader r = {&doc, &p->arena, e};
    if (code == MLP_OK)
        code = get_profile(&r, p);
    mlp_doc_fini(&doc);
    if (code != MLP_OK)
        mlp_profile_fini(p);
    return code;
}

enum mlp_code mlp_profile_load(struct mlp_profile *p, const char *path, struct mlp_err *e)
{
    struct mlp_buf text;
    *p = (struct mlp_profile){0};
    mlp_buf_init(&text, FILE_MAX);
    enum mlp_code code = mlp_file_read(path, &text, e);
    if (code == MLP_OK)
        code = mlp_profile_parse(p, mlp_buf_str(&text), mlp_file_name(path), e);
    mlp_buf_fini(&text);
    return code;
}

bool mlp_profile_is(struct mlp_str start)
{
    static const char format[] = "\"mlp-profile/1\"";
    return start.n && start.p[0] == '{' &&
           memmem(start.p, start.n, format, sizeof format - 1) != NULL;
}

enum mlp_code mlp_profile_load_sum(struct mlp_profile *sum, const char *const *paths, size_t n,
                                   struct mlp_err *e)
{
    enum mlp_code code = mlp_profile_load(sum, paths[0], e);
    for (size_t i = 1; i < n && code == MLP_OK; i++) {
        struct mlp_profile p;
        code = mlp_profile_load(&p, paths[i], e);
        if (code == MLP_OK && (code = mlp_profile_merge(sum, &p, e)) != MLP_OK)
            mlp_err_at(e, paths[i], 0, 0);
        mlp_profile_fini(&p);
    }
    return code;
}

enum mlp_code mlp_profile_save(const struct mlp_profile *p, const char *path, struct mlp_err *e)
{
    struct mlp_buf text;
    mlp_buf_init(&text, FILE_MAX);
    mlp_profile_write(p, &text);
    enum mlp_code code = mlp_buf_check(&text, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&text), 0, e);
    mlp_buf_fini(&text);
    return code;
}
