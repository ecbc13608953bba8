/* json_schema_uri.c: references against a base: RFC 3986, 5.2. */
#include "rule/json_schema_inside.h"

/* The five parts; p NULL where one is absent. */
struct uri {
    struct mlp_str scheme, authority, path, query, fragment;
};

/* Cuts off what stands before the first of the bytes of `stops`. */
static struct mlp_str cut(struct mlp_str *rest, const char *stops)
{
    struct mlp_str part = {rest->p, 0};
    while (part.n < rest->n && !strchr(stops, rest->p[part.n]))
        part.n++;
    rest->p += part.n;
    rest->n -= part.n;
    return part;
}

static bool takes(struct mlp_str *rest, const char *prefix)
{
    if (!mlp_str_starts(*rest, prefix))
        return false;
    rest->p += strlen(prefix);
    rest->n -= strlen(prefix);
    return true;
}

static struct uri parse(struct mlp_str s)
{
    struct uri u = {0};
    struct mlp_str rest = s, scheme = cut(&rest, ":/?#");
    if (scheme.n && rest.n && rest.p[0] == ':') {
        u.scheme = scheme;
        takes(&rest, ":");
    } else {
        rest = s;
    }
    if (takes(&rest, "//"))
        u.authority = cut(&rest, "/?#");
    u.path = cut(&rest, "?#");
    if (takes(&rest, "?"))
        u.query = cut(&rest, "#");
    if (takes(&rest, "#"))
        u.fragment = rest;
    return u;
}

/* Removes the last segment of what was written so far, down to `from`. */
static void drop_segment(struct mlp_buf *out, size_t from)
{
    while (out->n > from && out->p[out->n - 1] != '/')
        out->n--;
    if (out->n > from)
        out->n--;
}

/* RFC 3986, 5.2.4. */
static void add_without_dots(struct mlp_buf *out, struct mlp_str path)
{
    size_t from = out->n;
    struct mlp_str rest = path, part;
    bool rooted = takes(&rest, "/"), first = true;
    if (!path.n)
        return;
    while (mlp_str_split(&rest, '/', &part)) {
        bool up = mlp_str_is(part, ".."), dot = up || mlp_str_is(part, ".");
        if (up)
            drop_segment(out, from);
        if (!dot || !rest.p) {
            if (rooted || !first)
                mlp_buf_adds(out, "/");
            if (!dot)
                mlp_buf_addstr(out, part);
        }
        first = first && dot;
    }
}

static void add_path(struct mlp_buf *out, const struct uri *base, const struct uri *ref)
{
    struct mlp_buf merged;
    mlp_buf_init(&merged, (size_t)1 << 16);
    if (ref->path.n && ref->path.p[0] != '/') {
        size_t n = base->path.n;
        while (n && base->path.p[n - 1] != '/')
            n--;
        if (base->authority.p && !base->path.n)
            mlp_buf_adds(&merged, "/");
        mlp_buf_addstr(&merged, (struct mlp_str){base->path.p, n});
    }
    mlp_buf_addstr(&merged, ref->path);
    add_without_dots(out, mlp_buf_str(&merged));
    mlp_buf_fini(&merged);
}

static void add_part(struct mlp_buf *out, const char *before, struct mlp_str part)
{
    if (part.p) {
        mlp_buf_adds(out, before);
        mlp_buf_addstr(out, part);
    }
}

/* With an authority or a scheme of its own the reference has the path; else the base has a part in
 * it. The path of a URN has no dots to remove. */
static void add_resolved_path(struct mlp_buf *out, const struct uri *base, const struct uri *ref)
{
    bool own = ref->scheme.p || ref->authority.p;
    bool urn = ref->scheme.p && !ref->authority.p && !mlp_str_starts(ref->path, "/");
    if (own && urn)
        mlp_buf_addstr(out, ref->path);
    else if (own)
        add_without_dots(out, ref->path);
    else if (ref->path.n)
        add_path(out, base, ref);
    else
        mlp_buf_addstr(out, base->path);
}

struct mlp_str mlp_js_uri_resolve(struct mlp_arena *a, struct mlp_str base, struct mlp_str ref)
{
    struct uri b = parse(base), r = parse(ref);
    struct mlp_str scheme = r.scheme.p ? r.scheme : b.scheme;
    bool own = r.scheme.p || r.authority.p;
    struct mlp_buf out;
    mlp_buf_init(&out, (size_t)1 << 16);
    if (scheme.p) {
        mlp_buf_addstr(&out, scheme);
        mlp_buf_adds(&out, ":");
    }
    add_part(&out, "//", own ? r.authority : b.authority);
    add_resolved_path(&out, &b, &r);
    add_part(&out, "?", r.query.p || r.path.n || own ? r.query : b.query);
    add_part(&out, "#", r.fragment);
    struct mlp_str whole = {NULL, 0};
    if (!out.failed)
        whole = mlp_arena_str(a, mlp_buf_str(&out));
    mlp_buf_fini(&out);
    return whole;
}
