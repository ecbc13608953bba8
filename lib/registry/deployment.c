#include "registry/deployment.h"

#include "base/file.h"
#include "crypt/crypt.h"
#include "text/doc.h"
#include "text/json.h"

#define FILE_MAX ((size_t)1 << 20)
#define TREE_MAX ((size_t)16 << 20)

static const char *const role_names[] = {"stable", "canary", "shadow"};

const char *mlp_arm_name(enum mlp_arm arm)
{
    return role_names[arm];
}

/* What is being read: the tree, for places, and where it goes. */
struct reader {
    const struct mlp_doc *doc;
    struct mlp_deployment *d;
    struct mlp_err *e;
};

static enum mlp_code copy_text(struct reader *r, struct mlp_str from, struct mlp_str *to)
{
    *to = mlp_arena_str(&r->d->arena, from);
    return to->p ? MLP_OK : mlp_err_nomem(r->e);
}

/* A text member, which may be absent: then *out stays empty. */
static enum mlp_code text_member(struct reader *r, const struct mlp_node *map, const char *key,
                                 struct mlp_str *out)
{
    const struct mlp_node *n = mlp_node_get(map, key);
    if (!n)
        return MLP_OK;
    if (n->type != MLP_DOC_TEXT || n->text.n == 0)
        return mlp_node_error(r->doc, n, r->e, "%s must be a text", key);
    return copy_text(r, n->text, out);
}

static enum mlp_code whole_member(struct reader *r, const struct mlp_node *map, const char *key,
                                  int64_t most, int64_t *out)
{
    const struct mlp_node *n = mlp_node_get(map, key);
    if (!n)
        return MLP_OK;
    if (n->type != MLP_DOC_INT || n->u.integer < 0 || n->u.integer > most)
        return mlp_node_error(r->doc, n, r->e, "%s must be a whole number from 0 to %lld", key,
                              (long long)most);
    *out = n->u.integer;
    return MLP_OK;
}

static enum mlp_code read_role(struct reader *r, const struct mlp_node *map, enum mlp_arm *role)
{
    const struct mlp_node *n = mlp_node_get(map, "role");
    struct mlp_str text = mlp_node_str(n, n ? "" : "stable");
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
        if (mlp_str_is(text, role_names[i])) {
            *role = (enum mlp_arm)i;
            return MLP_OK;
        }
    return mlp_node_error(r->doc, n, r->e, "role must be stable, canary or shadow");
}

/* What a target says must fit together. */
static enum mlp_code check_target(struct reader *r, const struct mlp_node *map,
                                  const struct mlp_target *t)
{
    uint8_t digest[MLP_SHA256_BYTES];
    if (t->digest.n && !mlp_digest_parse(t->digest, digest))
        return mlp_node_error(r->doc, mlp_node_get(map, "digest"), r->e,
                              "digest must be sha256: and 64 hex digits");
    if (!t->digest.n && !t->path.n)
        return mlp_node_error(r->doc, map, r->e, "a target needs a digest or a path");
    if (t->role == MLP_ARM_SHADOW && mlp_node_get(map, "weight"))
        return mlp_node_error(r->doc, mlp_node_get(map, "weight"), r->e,
                              "a shadow has no weight: it sees every request and answers none");
    return MLP_OK;
}

static enum mlp_code read_target(struct reader *r, const struct mlp_node *map,
                                 struct mlp_target *t)
{
    static const char *const known[] = {"role", "model", "version", "digest", "path", "weight",
                                        NULL};
    int64_t version = 0, weight = 0;
    if (map->type != MLP_DOC_MAP)
        return mlp_node_error(r->doc, map, r->e, "a target must be a map");
    enum mlp_code code = mlp_node_known(r->doc, map, known, r->e);
    if (code == MLP_OK)
        code = read_role(r, map, &t->role);
    if (code == MLP_OK)
        code = text_member(r, map, "model", &t->model);
    if (code == MLP_OK)
        code = text_member(r, map, "digest", &t->digest);
    if (code == MLP_OK)
        code = text_member(r, map, "path", &t->path);
    if (code == MLP_OK)
        code = whole_member(r, map, "version", INT64_MAX, &version);
    if (code == MLP_OK)
        code = whole_member(r, map, "weight", 100, &weight);
    t->version = (uint64_t)version;
    t->weight = (unsigned)weight;
    return code == MLP_OK ? check_target(r, map, t) : code;
}

/* One target alone that answers may leave its weight out. */
static enum mlp_code check_weights(struct reader *r, const struct mlp_node *list,
                                   struct mlp_route *route)
{
    unsigned sum = 0, answering = 0;
    struct mlp_target *only = NULL;
    bool given = false;
    for (size_t i = 0; i < route->ntargets; i++) {
        struct mlp_target *t = &route->targets[i];
        if (t->role == MLP_ARM_SHADOW)
            continue;
        sum += t->weight;
        answering++;
        only = t;
        given = given || mlp_node_get(mlp_node_at(list, i), "weight");
    }
    if (answering == 1 && !given)
        sum = only->weight = 100;
    if (sum != 100)
        return mlp_node_error(r->doc, list, r->e,
                              "the weights of stable and canary add up to %u, expected 100", sum);
    return MLP_OK;
}

static enum mlp_code read_targets(struct reader *r, const struct mlp_node *list,
                                  struct mlp_route *route)
{
    if (!list || list->type != MLP_DOC_LIST || !list->child)
        return mlp_node_error(r->doc, list, r->e, "route \"%.*s\" needs a list of targets",
                              MLP_STR_ARG(route->name));
    for (const struct mlp_node *n = list->child; n; n = n->next) {
        if (route->ntargets == MLP_DEPLOYMENT_TARGETS)
            return mlp_node_error(r->doc, n, r->e, "more than %d targets in one route",
                                  MLP_DEPLOYMENT_TARGETS);
        enum mlp_code code = read_target(r, n, &route->targets[route->ntargets++]);
        if (code != MLP_OK)
            return code;
    }
    return check_weights(r, list, route);
}

/* Route names stand in URLs. */
static bool good_name(struct mlp_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && !(i && (c == '.' || c == '_' || c == '-')))
            return false;
    }
    return name.n > 0 && name.n <= 127;
}

static enum mlp_code read_route(struct reader *r, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "targets", NULL};
    if (map->type != MLP_DOC_MAP)
        return mlp_node_error(r->doc, map, r->e, "a route must be a map");
    enum mlp_code code = mlp_node_known(r->doc, map, known, r->e);
    if (code != MLP_OK)
        return code;
    struct mlp_str name = mlp_node_str(mlp_node_get(map, "name"), "");
    if (!good_name(name))
        return mlp_node_error(r->doc, map, r->e,
                              "a route needs a name of letters, digits, '.', '_' and '-'");
    if (mlp_deployment_route(r->d, name))
        return mlp_node_error(r->doc, map, r->e, "two routes are named \"%.*s\"",
                              MLP_STR_ARG(name));
    if (r->d->nroutes == MLP_DEPLOYMENT_ROUTES)
        return mlp_node_error(r->doc, map, r->e, "more than %d routes", MLP_DEPLOYMENT_ROUTES);
    struct mlp_route *route = &r->d->routes[r->d->nroutes];
    code = copy_text(r, name, &route->name);
    if (code == MLP_OK)
        code = read_targets(r, mlp_node_get(map, "targets"), route);
    r->d->nroutes++;
    return code;
}

static enum mlp_code read_registry(struct reader *r, const struct mlp_node *root)
{
    const struct mlp_node *n = mlp_node_get(root, "registry");
    if (!n)
        return MLP_OK;
    if (n->type != MLP_DOC_TEXT || n->text.n == 0)
        return mlp_node_error(r->doc, n, r->e, "registry must be a folder's path");
    if (!mlp_str_copy(n->text, r->d->registry, sizeof r->d->registry))
        return mlp_node_error(r->doc, n, r->e, "the registry's path is too long");
    return MLP_OK;
}

static enum mlp_code read_root(struct reader *r)
{
    static const char *const known[] = {"version", "registry", "routes", NULL};
    const struct mlp_node *root = r->doc->root;
    if (!root || root->type != MLP_DOC_MAP) {
        mlp_node_error(r->doc, root, r->e, "this is no deployment file");
        return mlp_err_hint(r->e, "see mlp-deployment(5)");
    }
    enum mlp_code code = mlp_node_known(r->doc, root, known, r->e);
    if (code != MLP_OK)
        return code;
    if (mlp_node_int(mlp_node_get(root, "version"), 0) != 1)
        return mlp_node_error(r->doc, mlp_node_get(root, "version"), r->e,
                              "version must be 1: this program knows no other");
    code = read_registry(r, root);
    const struct mlp_node *routes = mlp_node_get(root, "routes");
    if (code == MLP_OK && (!routes || routes->type != MLP_DOC_LIST || !routes->child))
        return mlp_node_error(r->doc, routes, r->e, "routes must be a list with an entry");
    for (const struct mlp_node *n = routes ? routes->child : NULL; n && code == MLP_OK; n = n->next)
        code = read_route(r, n);
    return code;
}

bool mlp_deployment_resolve(const char *file, struct mlp_str path, char *out, size_t size)
{
    const char *slash = strrchr(file, '/');
    int folder = slash && path.n && path.p[0] != '/' ? (int)(slash - file + 1) : 0;
    int n = snprintf(out, size, "%.*s%.*s", folder, file, MLP_STR_ARG(path));
    return n >= 0 && (size_t)n < size;
}

enum mlp_code mlp_deployment_load(struct mlp_deployment *d, const char *path, struct mlp_err *e)
{
    struct mlp_doc doc;
    mlp_arena_init(&d->arena, TREE_MAX);
    mlp_doc_init(&doc, mlp_file_name(path), TREE_MAX);
    struct reader r = {&doc, d, e};
    enum mlp_code code = mlp_doc_load(&doc, path, FILE_MAX, e);
    if (code == MLP_OK)
        code = read_root(&r);
    mlp_doc_fini(&doc);
    if (code != MLP_OK)
        mlp_deployment_fini(d);
    return code;
}

void mlp_deployment_fini(struct mlp_deployment *d)
{
    mlp_arena_fini(&d->arena);
    d->nroutes = 0;
    memset(d->routes, 0, sizeof d->routes);
    d->registry[0] = '\0';
}

struct mlp_route *mlp_deployment_route(struct mlp_deployment *d, struct mlp_str name)
{
    for (size_t i = 0; i < d->nroutes; i++)
        if (mlp_str_eq(d->routes[i].name, name))
            return &d->routes[i];
    return NULL;
}

static void write_target(const struct mlp_target *t, struct mlp_buf *b)
{
    mlp_buf_addf(b, "      - {role: %s", role_names[t->role]);
    if (t->model.n) {
        mlp_buf_adds(b, ", model: ");
        mlp_json_quote(b, t->model);
    }
    if (t->version)
        mlp_buf_addf(b, ", version: %llu", (unsigned long long)t->version);
    if (t->digest.n)
        mlp_buf_addf(b, ", digest: \"%.*s\"", MLP_STR_ARG(t->digest));
    if (t->path.n) {
        mlp_buf_adds(b, ", path: ");
        mlp_json_quote(b, t->path);
    }
    if (t->role != MLP_ARM_SHADOW)
        mlp_buf_addf(b, ", weight: %u", t->weight);
    mlp_buf_adds(b, "}\n");
}

enum mlp_code mlp_deployment_save(const struct mlp_deployment *d, const char *path,
                                  struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, FILE_MAX);
    mlp_buf_adds(&b, "version: 1\n");
    if (d->registry[0]) {
        mlp_buf_adds(&b, "registry: ");
        mlp_json_quote(&b, mlp_str_from(d->registry));
        mlp_buf_addc(&b, '\n');
    }
    mlp_buf_adds(&b, "routes:\n");
    for (size_t i = 0; i < d->nroutes; i++) {
        mlp_buf_adds(&b, "  - name: ");
        mlp_json_quote(&b, d->routes[i].name);
        mlp_buf_adds(&b, "\n    targets:\n");
        for (size_t j = 0; j < d->routes[i].ntargets; j++)
            write_target(&d->routes[i].targets[j], &b);
    }
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}
