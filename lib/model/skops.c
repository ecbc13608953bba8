/* skops.c: skops files: a zip of schema.json and arrays, into the inert values that a pickle of the
 * same object gives, so that one set of readers serves both.
 *
 * schema.json is a tree of nodes {"__class__", "__module__", "__loader__", ...}; "__loader__" tells
 * how the node is written (skops.io, protocols 0 to 2). Names are noted and checked as those of a
 * pickle are. */
#include "base/map.h"
#include "model/loader.h"
#include "model/ndarray.h"
#include "model/npy.h"
#include "model/pickle.h"
#include "model/zip.h"
#include "text/doc.h"
#include "text/json.h"
#include "text/num.h"

#define MOST_DEPTH 160
#define NEWEST_PROTOCOL 2

struct skops {
    struct mlp_load *l;
    struct mlp_arena *a;         /* l->tmp */
    struct mlp_err *e;
    struct mlp_zip zip;
    struct mlp_doc doc;
    struct mlp_pickle out;
    struct mlp_map ids;          /* "__id__" to value, for CachedNode */
    unsigned depth;
};

/* Lowers one node of a kind. */
typedef enum mlp_code lower_fn(struct skops *k, const struct mlp_node *n, struct mlp_value **out);

static enum mlp_code lower(struct skops *k, const struct mlp_node *n, struct mlp_value **out);

static enum mlp_code bad(struct skops *k, const struct mlp_node *n, const char *what)
{
    return mlp_node_error(&k->doc, n, k->e, "%s", what);
}

/* --- values --- */

static enum mlp_code make(struct skops *k, enum mlp_value_type type, struct mlp_value **out)
{
    *out = mlp_value_new(k->a, type, MLP_NO_OFFSET);
    return *out ? MLP_OK : mlp_err_nomem(k->e);
}

static enum mlp_code add(struct skops *k, struct mlp_values *list, struct mlp_value *v)
{
    return mlp_values_add(k->a, list, &v, 1) ? MLP_OK : mlp_err_nomem(k->e);
}

static enum mlp_code make_text(struct skops *k, struct mlp_str s, struct mlp_value **out)
{
    if (make(k, MLP_VALUE_TEXT, out))
        return k->e->code;
    (*out)->u.s = s;
    return MLP_OK;
}

/* The global module.name, noted for the check. */
static enum mlp_code make_name(struct skops *k, struct mlp_str module, struct mlp_str name,
                               bool called, struct mlp_value **out)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1024);
    mlp_buf_addstr(&b, module);
    mlp_buf_addc(&b, '.');
    mlp_buf_addstr(&b, name);
    struct mlp_str dotted = mlp_arena_str(k->a, mlp_buf_str(&b));
    bool failed = b.failed;
    mlp_buf_fini(&b);
    if (failed)
        return mlp_err_set(k->e, MLP_EINPUT, "a class's name is too long");
    if (!dotted.p || make(k, MLP_VALUE_GLOBAL, out))
        return mlp_err_nomem(k->e);
    (*out)->u.s = dotted;
    (*out)->called = called;
    struct mlp_global *g = mlp_vec_push(&k->out.globals);
    if (!g)
        return mlp_err_nomem(k->e);
    *g = (struct mlp_global){dotted, MLP_NO_OFFSET, *out};
    return MLP_OK;
}

static enum mlp_code node_name(struct skops *k, const struct mlp_node *n, bool called,
                               struct mlp_value **out)
{
    struct mlp_str class = mlp_node_str(mlp_node_get(n, "__class__"), "");
    struct mlp_str module = mlp_node_str(mlp_node_get(n, "__module__"), "");
    if (!class.n || !module.n)
        return bad(k, n, "a node has no class and module");
    return make_name(k, module, class, called, out);
}

/* The call class(*args) of the node's class; args NULL for none. */
static enum mlp_code make_object(struct skops *k, const struct mlp_node *n, struct mlp_value *args,
                                 struct mlp_value **out)
{
    struct mlp_value *fn;
    if (node_name(k, n, true, &fn) || make(k, MLP_VALUE_OBJECT, out) ||
        (!args && make(k, MLP_VALUE_TUPLE, &args)))
        return k->e->code;
    (*out)->u.object = mlp_arena_alloc(k->a, sizeof *(*out)->u.object);
    if (!(*out)->u.object)
        return mlp_err_nomem(k->e);
    (*out)->u.object->fn = fn;
    (*out)->u.object->args = args;
    return MLP_OK;
}

static bool is_class(const struct mlp_node *n, const char *name)
{
    return mlp_str_is(mlp_node_str(mlp_node_get(n, "__class__"), ""), name);
}

/* Members of `map` that are nodes, as a dict by their names. Absent ones are left out. */
static enum mlp_code lower_members(struct skops *k, const struct mlp_node *map,
                                   const char *const *names, struct mlp_value **out)
{
    struct mlp_value *key, *v;
    if (make(k, MLP_VALUE_DICT, out))
        return k->e->code;
    for (; *names; names++) {
        const struct mlp_node *n = mlp_node_get(map, *names);
        if (n && (make_text(k, mlp_str_from(*names), &key) || lower(k, n, &v) ||
                  add(k, &(*out)->u.list, key) || add(k, &(*out)->u.list, v)))
            return k->e->code;
    }
    return MLP_OK;
}

/* --- scalars --- */

static enum mlp_code json_number(struct skops *k, struct mlp_str text, struct mlp_value *v)
{
    if (mlp_str_i64(text, &v->u.i)) {
        v->type = MLP_VALUE_INT;
        return MLP_OK;
    }
    v->type = memchr(text.p, '.', text.n) || memchr(text.p, 'e', text.n) ||
                      memchr(text.p, 'N', text.n) || memchr(text.p, 'I', text.n)
                  ? MLP_VALUE_FLOAT
                  : MLP_VALUE_BIGINT;
    if (v->type == MLP_VALUE_FLOAT && !mlp_num_f64(text, &v->u.f))
        return mlp_err_set(k->e, MLP_EINPUT, "a number cannot be read");
    return MLP_OK;
}

static enum mlp_code json_string(struct skops *k, const struct mlp_json_token *t,
                                 struct mlp_value *v)
{
    struct mlp_buf b;
    v->u.s = t->raw;
    if (!t->escaped)
        return MLP_OK;
    mlp_buf_init(&b, t->raw.n + 16);
    mlp_json_unescape(t->raw, &b);
    v->u.s = mlp_arena_str(k->a, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    return v->u.s.p ? MLP_OK : mlp_err_nomem(k->e);
}

/* A JSON text of one scalar. */
static enum mlp_code scalar(struct skops *k, const struct mlp_node *n, struct mlp_str text,
                            struct mlp_value **out)
{
    struct mlp_json j;
    struct mlp_json_token t, end;
    mlp_json_init(&j, text, 1);
    j.allow_nonfinite = true;
    if (mlp_json_next(&j, &t, k->e) || make(k, MLP_VALUE_NONE, out))
        return k->e->code;
    switch (t.type) {
    case MLP_JSON_NULL:
        break;
    case MLP_JSON_TRUE:
    case MLP_JSON_FALSE:
        (*out)->type = MLP_VALUE_BOOL;
        (*out)->u.b = t.type == MLP_JSON_TRUE;
        break;
    case MLP_JSON_NUMBER:
        if (json_number(k, t.raw, *out))
            return k->e->code;
        break;
    case MLP_JSON_STRING:
        (*out)->type = MLP_VALUE_TEXT;
        if (json_string(k, &t, *out))
            return k->e->code;
        break;
    default:
        return bad(k, n, "a JsonNode holds no single value");
    }
    return mlp_json_next(&j, &end, k->e);
}

static enum mlp_code lower_json(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    if (!content || content->type != MLP_DOC_TEXT)
        return bad(k, n, "a JsonNode has no content");
    return scalar(k, n, content->text, out) ? mlp_err_wrap(k->e, "JsonNode") : MLP_OK;
}

/* --- containers --- */

static enum mlp_code lower_items(struct skops *k, const struct mlp_node *n,
                                 enum mlp_value_type type, struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    struct mlp_value *v;
    if (!content || content->type != MLP_DOC_LIST)
        return bad(k, n, "a node's content is no list");
    if (make(k, type, out))
        return k->e->code;
    for (const struct mlp_node *c = content->child; c; c = c->next)
        if (lower(k, c, &v) || add(k, &(*out)->u.list, v))
            return k->e->code;
    return MLP_OK;
}

static enum mlp_code lower_list(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    return lower_items(k, n, MLP_VALUE_LIST, out);
}

static enum mlp_code lower_set(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    return lower_items(k, n, MLP_VALUE_SET, out);
}

/* A named tuple is a call of its class. */
static enum mlp_code lower_tuple(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    struct mlp_value *items;
    if (lower_items(k, n, MLP_VALUE_TUPLE, &items))
        return k->e->code;
    *out = items;
    return is_class(n, "tuple") ? MLP_OK : make_object(k, n, items, out);
}

/* JSON has text keys only; key_types says what they were. */
static enum mlp_code lower_key(struct skops *k, const struct mlp_node *n, struct mlp_str type,
                               struct mlp_value **out)
{
    if (mlp_str_is(type, "str") || mlp_str_is(type, "str_"))
        return make_text(k, n->key, out);
    return scalar(k, n, n->key, out);
}

static enum mlp_code lower_pairs(struct skops *k, const struct mlp_node *n,
                                 struct mlp_values *pairs)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    const struct mlp_node *types = mlp_node_get(mlp_node_get(n, "key_types"), "content");
    const struct mlp_node *type = types && types->type == MLP_DOC_LIST ? types->child : NULL;
    struct mlp_value *key, *v;
    if (!content || content->type != MLP_DOC_MAP)
        return bad(k, n, "a DictNode's content is no map");
    for (const struct mlp_node *c = content->child; c; c = c->next, type = type->next) {
        if (!type)
            return bad(k, n, "a DictNode has fewer types of keys than keys");
        struct mlp_str name = mlp_node_str(mlp_node_get(type, "__class__"), "str");
        if (lower_key(k, c, name, &key) || lower(k, c, &v) || add(k, pairs, key) ||
            add(k, pairs, v))
            return k->e->code;
    }
    return MLP_OK;
}

static enum mlp_code lower_dict(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    if (is_class(n, "dict"))
        return make(k, MLP_VALUE_DICT, out) ? k->e->code : lower_pairs(k, n, &(*out)->u.list);
    return make_object(k, n, NULL, out) ? k->e->code : lower_pairs(k, n, &(*out)->u.object->pairs);
}

static enum mlp_code lower_defaultdict(struct skops *k, const struct mlp_node *n,
                                       struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    struct mlp_value *args = NULL, *factory;
    const struct mlp_node *made = mlp_node_get(content, "default_factory");
    if (made && (make(k, MLP_VALUE_TUPLE, &args) || lower(k, made, &factory) ||
                 add(k, &args->u.list, factory)))
        return k->e->code;
    if (make_object(k, n, args, out))
        return k->e->code;
    return lower_pairs(k, mlp_node_get(content, "main"), &(*out)->u.object->pairs);
}

/* scikit-learn's Bunch whose old keys warn. */
static enum mlp_code lower_main(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    return lower(k, mlp_node_get(mlp_node_get(n, "content"), "main"), out);
}

/* --- objects and names --- */

/* Neighbour trees are made by newObj(class) in a pickle, and readers look for the class there. */
static bool is_neighbour_tree(const struct mlp_value *v)
{
    struct mlp_str name = mlp_value_name(v), last = mlp_name_last(name);
    return mlp_str_starts(name, "sklearn.neighbors.") &&
           (mlp_str_starts(last, "KDTree") || mlp_str_starts(last, "BallTree"));
}

static enum mlp_code lower_object(struct skops *k, const struct mlp_node *n,
                                  struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    if (make_object(k, n, NULL, out))
        return k->e->code;
    struct mlp_object *o = (*out)->u.object;
    if (is_neighbour_tree(*out) && add(k, &o->args->u.list, o->fn))
        return k->e->code;
    return content ? lower(k, content, &(*out)->u.object->state) : MLP_OK;
}

/* Trees and losses: the arguments that __reduce__ gives to the class, and a state. */
static enum mlp_code lower_reduce(struct skops *k, const struct mlp_node *n,
                                  struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    struct mlp_value *args;
    if (lower(k, mlp_node_path(n, "__reduce__", "args", NULL), &args) ||
        make_object(k, n, args, out))
        return k->e->code;
    return content ? lower(k, content, &(*out)->u.object->state) : MLP_OK;
}

static enum mlp_code lower_constructor(struct skops *k, const struct mlp_node *n,
                                       struct mlp_value **out)
{
    struct mlp_value *args;
    return lower(k, mlp_node_get(n, "content"), &args) ? k->e->code : make_object(k, n, args, out);
}

static enum mlp_code lower_name(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    return node_name(k, n, false, out);
}

/* Protocol 0 has a function's name in the content. */
static enum mlp_code lower_function(struct skops *k, const struct mlp_node *n,
                                    struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    if (!content)
        return node_name(k, n, false, out);
    return make_name(k, mlp_node_str(mlp_node_get(content, "module_path"), ""),
                     mlp_node_str(mlp_node_get(content, "function"), ""), false, out);
}

/* A bound method is a name below its class; its object is looked through, too. */
static enum mlp_code lower_method(struct skops *k, const struct mlp_node *n,
                                  struct mlp_value **out)
{
    const struct mlp_node *content = mlp_node_get(n, "content");
    struct mlp_value *class, *owner;
    if (node_name(k, n, false, &class) || lower(k, mlp_node_get(content, "obj"), &owner))
        return k->e->code;
    return make_name(k, class->u.s, mlp_node_str(mlp_node_get(content, "func"), ""), false, out);
}

static enum mlp_code lower_operator(struct skops *k, const struct mlp_node *n,
                                    struct mlp_value **out)
{
    struct mlp_value *args;
    return lower(k, mlp_node_get(n, "attrs"), &args) ? k->e->code : make_object(k, n, args, out);
}

/* functools.partial as a pickle has it: called with func, and told all of it as its state. */
static enum mlp_code lower_partial(struct skops *k, const struct mlp_node *n,
                                   struct mlp_value **out)
{
    static const char *const names[] = {"func", "args", "kwds", "namespace", NULL};
    struct mlp_value *members, *args, *state;
    if (lower_members(k, mlp_node_get(n, "content"), names, &members) ||
        make(k, MLP_VALUE_TUPLE, &args) || make(k, MLP_VALUE_TUPLE, &state))
        return k->e->code;
    for (size_t i = 1; i < mlp_value_count(members); i += 2)
        if (add(k, &state->u.list, members->u.list.p[i]))
            return k->e->code;
    struct mlp_value *fn = mlp_value_at(state, 0);
    if (!fn)
        return bad(k, n, "a PartialNode has no function");
    if (add(k, &args->u.list, fn) || make_object(k, n, args, out))
        return k->e->code;
    (*out)->u.object->state = state;
    return MLP_OK;
}

static enum mlp_code lower_slice(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    static const char *const names[] = {"start", "stop", "step"};
    struct mlp_value *args, *v;
    if (make(k, MLP_VALUE_TUPLE, &args))
        return k->e->code;
    for (size_t i = 0; i < 3; i++) {
        const struct mlp_node *c = mlp_node_get(mlp_node_get(n, "content"), names[i]);
        if (make(k, MLP_VALUE_NONE, &v) || add(k, &args->u.list, v))
            return k->e->code;
        if (c && c->type == MLP_DOC_TEXT)
            v->type = MLP_VALUE_TEXT, v->u.s = c->text;
        else if (c && c->type == MLP_DOC_INT)
            v->type = MLP_VALUE_INT, v->u.i = c->u.integer;
        else if (c && c->type != MLP_DOC_NULL)
            return bad(k, c, "a slice has a bound that is no index and no name");
    }
    return make_object(k, n, args, out);
}

/* Random generators are never asked to predict; what they hold is looked through. */
static enum mlp_code lower_generator(struct skops *k, const struct mlp_node *n,
                                     struct mlp_value **out)
{
    static const char *const names[] = {"bit_generator", "seed_seq", NULL};
    if (make_object(k, n, NULL, out))
        return k->e->code;
    return lower_members(k, mlp_node_get(n, "content"), names, &(*out)->u.object->state);
}

static enum mlp_code lower_masked(struct skops *k, const struct mlp_node *n,
                                  struct mlp_value **out)
{
    static const char *const names[] = {"data", "mask", NULL};
    if (make_object(k, n, NULL, out))
        return k->e->code;
    return lower_members(k, mlp_node_get(n, "content"), names, &(*out)->u.object->state);
}

/* --- files beside the schema --- */

static enum mlp_code read_member(struct skops *k, const struct mlp_node *n, struct mlp_str *out)
{
    struct mlp_str name = mlp_node_str(mlp_node_get(n, "file"), "");
    const struct mlp_zip_entry *entry = mlp_zip_find(&k->zip, name);
    if (!entry)
        return bad(k, n, "a node names a file that the archive does not hold");
    return mlp_zip_read(&k->zip, entry, out, k->e);
}

static enum mlp_code lower_bytes(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    return make(k, MLP_VALUE_BYTES, out) ? k->e->code : read_member(k, n, &(*out)->u.s);
}

/* Items of an object array of `ndim` dimensions, in C order: lists in lists. */
static enum mlp_code flatten(struct skops *k, const struct mlp_node *list, size_t ndim,
                             struct mlp_value *out)
{
    struct mlp_value *v;
    if (!list || list->type != MLP_DOC_LIST)
        return bad(k, list, "an array of objects is no list");
    for (const struct mlp_node *c = list->child; c; c = c->next)
        if (ndim > 1 ? flatten(k, mlp_node_get(c, "content"), ndim - 1, out)
                     : lower(k, c, &v) || add(k, &out->u.list, v))
            return k->e->code ? k->e->code : MLP_EINPUT;
    return MLP_OK;
}

/* The form of multiarray._reconstruct: state (1, shape, 'O', fortran, items). */
static enum mlp_code lower_object_array(struct skops *k, const struct mlp_node *n,
                                        struct mlp_value **out)
{
    struct mlp_value *state, *version, *shape, *type, *order, *items, *fn;
    if (make(k, MLP_VALUE_TUPLE, &state) || make(k, MLP_VALUE_INT, &version) ||
        lower(k, mlp_node_get(n, "shape"), &shape) || make_text(k, MLP_STR("O8"), &type) ||
        make(k, MLP_VALUE_BOOL, &order) || make(k, MLP_VALUE_LIST, &items))
        return k->e->code;
    size_t ndim = mlp_value_count(shape);
    if (ndim > MLP_ND_MAX_DIMS)
        return bad(k, n, "an array has too many dimensions");
    if (flatten(k, mlp_node_get(n, "content"), ndim, items) || make_object(k, n, NULL, out) ||
        make(k, MLP_VALUE_GLOBAL, &fn))
        return k->e->code;
    struct mlp_value *all[] = {version, shape, type, order, items};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (add(k, &state->u.list, all[i]))
            return k->e->code;
    fn->u.s = MLP_STR("numpy._core.multiarray._reconstruct");
    (*out)->u.object->fn = fn;
    (*out)->u.object->state = state;
    return MLP_OK;
}

static enum mlp_code lower_array(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    struct mlp_str bytes, type = mlp_node_str(mlp_node_get(n, "type"), "");
    struct mlp_value *name;
    if (mlp_str_is(type, "json"))
        return lower_object_array(k, n, out);
    if (!mlp_str_is(type, "numpy"))
        return bad(k, n, "an NdArrayNode is of a type that is not known");
    if (node_name(k, n, true, &name) || read_member(k, n, &bytes))
        return k->e->code;
    if (mlp_npy_read(bytes, k->a, out, k->e))
        return mlp_err_wrap(k->e, "%.*s", 80, mlp_node_str(mlp_node_get(n, "file"), "").p);
    if (is_class(n, "ndarray"))
        return MLP_OK;
    *out = mlp_npy_scalar(*out, k->a);
    return *out ? MLP_OK : mlp_err_nomem(k->e);
}

/* An empty array stands for its type. */
static enum mlp_code lower_dtype(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    struct mlp_value *array;
    if (lower(k, mlp_node_get(n, "content"), &array))
        return k->e->code;
    bool objects = mlp_value_is_a(array, "_reconstruct");
    if (!objects && !mlp_value_is_a(array, "_frombuffer"))
        return bad(k, n, "a DTypeNode holds no array");
    *out = objects ? mlp_value_at(array->u.object->state, 2)
                   : mlp_value_at(array->u.object->args, 1);
    return MLP_OK;
}

/* SciPy's .npz: an archive in the archive, of arrays by name. */
static enum mlp_code lower_sparse(struct skops *k, const struct mlp_node *n,
                                  struct mlp_value **out)
{
    struct mlp_zip inner;
    struct mlp_str bytes;
    struct mlp_value *key, *v, *state;
    if (make_object(k, n, NULL, out) || read_member(k, n, &bytes) ||
        mlp_zip_open(&inner, k->a, bytes, k->e) || make(k, MLP_VALUE_DICT, &state))
        return k->e->code;
    for (size_t i = 0; i < inner.n; i++) {
        struct mlp_str name = inner.entries[i].name;
        if (!mlp_str_ends(name, ".npy"))
            return bad(k, n, "a sparse matrix holds something else than arrays");
        if (make_text(k, (struct mlp_str){name.p, name.n - 4}, &key) ||
            mlp_zip_read(&inner, &inner.entries[i], &bytes, k->e) ||
            mlp_npy_read(bytes, k->a, &v, k->e) || add(k, &state->u.list, key) ||
            add(k, &state->u.list, v))
            return k->e->code;
    }
    (*out)->u.object->state = state;
    return MLP_OK;
}

/* --- nodes --- */

static enum mlp_code lower_cached(struct skops *k, const struct mlp_node *n,
                                  struct mlp_value **out)
{
    const struct mlp_node *id = mlp_node_get(n, "__id__");
    const uint64_t *found = id ? mlp_map_get(&k->ids, id->text) : NULL;
    if (!found)
        return bad(k, n, "a CachedNode stands for no node before it");
    *out = (struct mlp_value *)(uintptr_t)*found;
    return MLP_OK;
}

static enum mlp_code remember(struct skops *k, const struct mlp_node *n, struct mlp_value *v)
{
    const struct mlp_node *id = mlp_node_get(n, "__id__");
    if (!id || id->text.n == 0)
        return MLP_OK;
    uint64_t *place = mlp_map_put(&k->ids, id->text, NULL);
    if (!place)
        return mlp_err_nomem(k->e);
    *place = (uintptr_t)v;
    return MLP_OK;
}

static const struct {
    const char *name;
    lower_fn *fn;
} kinds[] = {
    {"JsonNode", lower_json},
    {"NdArrayNode", lower_array},
    {"DictNode", lower_dict},
    {"ListNode", lower_list},
    {"TupleNode", lower_tuple},
    {"ObjectNode", lower_object},
    {"TypeNode", lower_name},
    {"TreeNode", lower_reduce},
    {"LossNode", lower_reduce},
    {"SGDNode", lower_reduce},
    {"ReduceNode", lower_reduce},
    {"QuantileForestNode", lower_reduce},
    {"FunctionNode", lower_function},
    {"SliceNode", lower_slice},
    {"SetNode", lower_set},
    {"BytesNode", lower_bytes},
    {"BytearrayNode", lower_bytes},
    {"DTypeNode", lower_dtype},
    {"RandomStateNode", lower_object},
    {"RandomGeneratorNode", lower_generator},
    {"MaskedArrayNode", lower_masked},
    {"SparseMatrixNode", lower_sparse},
    {"PartialNode", lower_partial},
    {"MethodNode", lower_method},
    {"OperatorFuncNode", lower_operator},
    {"ConstructorFromReduceNode", lower_constructor},
    {"DefaultDictNode", lower_defaultdict},
    {"_DictWithDeprecatedKeysNode", lower_main},
    {"CachedNode", lower_cached},
};

static lower_fn *find_kind(struct mlp_str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (mlp_str_is(name, kinds[i].name))
            return kinds[i].fn;
    return NULL;
}

static enum mlp_code lower(struct skops *k, const struct mlp_node *n, struct mlp_value **out)
{
    if (!n || n->type != MLP_DOC_MAP)
        return bad(k, n, "a node of the object tree was expected");
    if (k->depth >= MOST_DEPTH)
        return bad(k, n, "objects are nested too deeply");
    struct mlp_str name = mlp_node_str(mlp_node_get(n, "__loader__"), "");
    lower_fn *fn = find_kind(name);
    if (!fn)
        return mlp_node_error(&k->doc, n, k->e, "\"%.*s\" is no kind of node that can be read",
                              name.n > 80 ? 80 : (int)name.n, name.p);
    k->depth++;
    enum mlp_code code = fn(k, n, out);
    k->depth--;
    return code ? code : remember(k, n, *out);
}

/* --- the file --- */

static enum mlp_code read_schema(struct skops *k)
{
    struct mlp_str text;
    const struct mlp_zip_entry *schema = mlp_zip_find(&k->zip, MLP_STR("schema.json"));
    if (!schema) {
        mlp_err_set(k->e, MLP_EINPUT, "the zip archive is no skops file: it has no schema.json");
        return mlp_err_hint(k->e, "archives of PyTorch, Keras and .npz are no models that can be "
                                  "read; export them to ONNX");
    }
    if (mlp_zip_read(&k->zip, schema, &text, k->e) ||
        mlp_doc_parse_json(&k->doc, text, k->e))
        return k->e->code;
    int64_t protocol = mlp_node_int(mlp_node_get(k->doc.root, "protocol"), -1);
    if (protocol >= 0 && protocol <= NEWEST_PROTOCOL)
        return MLP_OK;
    return mlp_node_error(&k->doc, k->doc.root, k->e, "skops protocol %lld is not known (0 to %d)",
                          (long long)protocol, NEWEST_PROTOCOL);
}

/* The place in the schema becomes part of the message: the file is the archive. */
static enum mlp_code name_schema(struct mlp_err *e)
{
    uint64_t line = e->line, column = e->column;
    if (e->code == MLP_OK || !e->source[0])
        return e->code;
    e->source[0] = '\0';
    e->line = e->column = 0;
    return mlp_err_wrap(e, "schema.json:%llu:%llu", (unsigned long long)line,
                        (unsigned long long)column);
}

enum mlp_code mlp_load_skops(struct mlp_load *l)
{
    struct skops k = {.l = l, .a = l->tmp, .e = l->e, .out = {.arena = l->tmp}};
    mlp_doc_init(&k.doc, "schema.json", l->tmp->max);
    mlp_map_init(&k.ids, 1, (size_t)1 << 30);
    mlp_vec_init(&k.out.globals, sizeof(struct mlp_global));
    enum mlp_code code = mlp_zip_open(&k.zip, l->tmp, l->bytes, l->e);
    if (!code)
        code = read_schema(&k);
    if (!code)
        code = lower(&k, k.doc.root, &k.out.root);
    name_schema(l->e);
    code = mlp_load_values(l, &k.out, code, "scikit-learn skops");
    mlp_pickle_fini(&k.out);
    mlp_map_fini(&k.ids);
    mlp_doc_fini(&k.doc);
    return code;
}
