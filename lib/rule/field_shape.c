/* field_shape.c: durations, points and shapes on the globe, and JSON in a cell. */
#include "rule/field.h"

#include "text/num.h"

#include <math.h>

#define CELL_BYTES ((size_t)64 << 20)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Numbers with their units, which keep their order; fractions too. False for anything else. */
static bool take_units(struct mlp_str s, const char *units, size_t *n)
{
    while (s.n) {
        size_t i = 0;
        while (i < s.n && (is_digit(s.p[i]) || s.p[i] == '.' || s.p[i] == ','))
            i++;
        const char *unit = i && i < s.n ? strchr(units, s.p[i]) : NULL;
        if (!unit || !is_digit(s.p[0]))
            return false;
        units = unit + 1;
        s = (struct mlp_str){s.p + i + 1, s.n - i - 1};
        ++*n;
    }
    return true;
}

/* ISO 8601, 4.4.3.2: P1Y2M3W4DT5H6M7S. */
bool mlp_field_duration(struct mlp_str s)
{
    size_t n = 0, clock = 0;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s.p++, s.n--;
    if (!s.n || s.p[0] != 'P')
        return false;
    s.p++, s.n--;
    size_t t = mlp_str_find(s, 'T');
    if (!take_units((struct mlp_str){s.p, t}, "YMWD", &n))
        return false;
    if (t < s.n && (!take_units((struct mlp_str){s.p + t + 1, s.n - t - 1}, "HMS", &clock) ||
                    clock == 0))
        return false;
    return n + clock > 0;
}

/* Parses the cell and hands its root to `holds`. */
static bool with_json(struct mlp_str s, bool (*holds)(const struct mlp_node *root,
                                                      const void *more), const void *more)
{
    struct mlp_doc d;
    mlp_doc_init(&d, "cell", CELL_BYTES);
    bool ok = mlp_doc_parse_json(&d, s, NULL) == MLP_OK && d.root && holds(d.root, more);
    mlp_doc_fini(&d);
    return ok;
}

static bool has_type(const struct mlp_node *root, const void *more)
{
    return root->type == *(const enum mlp_doc_type *)more;
}

bool mlp_field_json(struct mlp_str s, enum mlp_doc_type type)
{
    return with_json(s, has_type, &type);
}

static bool on_globe(double longitude, double latitude)
{
    return fabs(longitude) <= 180 && fabs(latitude) <= 90;
}

static bool point_of_json(const struct mlp_node *root, const void *more)
{
    bool list = *(const bool *)more;
    if (root->type != (list ? MLP_DOC_LIST : MLP_DOC_MAP) || root->u.count != 2)
        return false;
    return list ? on_globe(mlp_node_num(mlp_node_at(root, 0), NAN),
                           mlp_node_num(mlp_node_at(root, 1), NAN))
                : on_globe(mlp_node_num(mlp_node_get(root, "lon"), NAN),
                           mlp_node_num(mlp_node_get(root, "lat"), NAN));
}

bool mlp_field_geopoint(struct mlp_str format, struct mlp_str s)
{
    bool list = mlp_str_is(format, "array");
    double longitude, latitude;
    if (list || mlp_str_is(format, "object"))
        return with_json(s, point_of_json, &list);
    size_t comma = mlp_str_find(s, ',');
    if (comma == s.n)
        return false;
    struct mlp_str a = {s.p, comma}, b = {s.p + comma + 1, s.n - comma - 1};
    return mlp_num_f64(mlp_str_trim(a), &longitude) && mlp_num_f64(mlp_str_trim(b), &latitude) &&
           on_globe(longitude, latitude);
}

static bool is_list(const struct mlp_node *n)
{
    return n && n->type == MLP_DOC_LIST;
}

/* RFC 7946: the members that each type must have. */
static bool geojson_of(const struct mlp_node *root, const void *more)
{
    static const char *const shapes[] = {"Point", "MultiPoint", "LineString", "MultiLineString",
                                         "Polygon", "MultiPolygon", NULL};
    struct mlp_str type = mlp_node_str(mlp_node_get(root, "type"), "");
    const struct mlp_node *geometry = mlp_node_get(root, "geometry");
    (void)more;
    if (mlp_str_is(type, "Feature"))
        return mlp_node_get(root, "properties") && geometry &&
               (geometry->type == MLP_DOC_NULL || geojson_of(geometry, NULL));
    if (mlp_str_is(type, "FeatureCollection"))
        return is_list(mlp_node_get(root, "features"));
    if (mlp_str_is(type, "GeometryCollection"))
        return is_list(mlp_node_get(root, "geometries"));
    for (size_t i = 0; shapes[i]; i++)
        if (mlp_str_is(type, shapes[i]))
            return is_list(mlp_node_get(root, "coordinates"));
    return false;
}

bool mlp_field_geojson(struct mlp_str format, struct mlp_str s)
{
    static const enum mlp_doc_type map = MLP_DOC_MAP;
    return mlp_str_is(format, "topojson") ? with_json(s, has_type, &map)
                                          : with_json(s, geojson_of, NULL);
}
