/* What a package is: a descriptor, or what is found beside a table. */
#include "package.h"

#include "base/os.h"

static bool is_descriptor(const char *path)
{
    struct mlp_str s = mlp_str_from(path);
    return strcmp(path, "-") == 0 || mlp_str_ends(s, ".json") || mlp_str_ends(s, ".yaml") ||
           mlp_str_ends(s, ".yml");
}

static bool describes(const struct mlp_datapackage *p, const char *table)
{
    for (size_t i = 0; i < mlp_datapackage_count(p); i++)
        if (strcmp(mlp_datapackage_resource(p, i)->path, table) == 0)
            return true;
    return false;
}

/* Opens metadata when it is there and describes the table: else *p is NULL. */
static enum mlp_code try_place(const char *place, const char *table, struct mlp_datapackage **p,
                               struct mlp_err *e)
{
    struct mlp_stat st;
    *p = NULL;
    enum mlp_code code = mlp_os_stat(place, false, &st, e);
    if (code != MLP_OK || !st.is_file)
        return code;
    code = mlp_datapackage_open(place, p, e);
    if (code != MLP_OK || describes(*p, table))
        return code;
    fprintf(stderr, "mlp-validate: %s: note: does not describe %s, and is not used\n", place,
            table);
    mlp_datapackage_free(*p);
    *p = NULL;
    return MLP_OK;
}

enum mlp_code package_find(const char *operand, const char *first, struct mlp_datapackage **p,
                           struct mlp_err *e)
{
    char beside[1024], in_folder[1024];
    const char *slash = strrchr(operand, '/');
    int folder = slash ? (int)(slash + 1 - operand) : 0;
    if (is_descriptor(operand))
        return mlp_datapackage_open(operand, p, e);
    if (strlen(operand) > sizeof beside - sizeof "-metadata.json")
        return mlp_err_set(e, MLP_EUSAGE, "the name of the table is too long");
    snprintf(beside, sizeof beside, "%s-metadata.json", operand);
    snprintf(in_folder, sizeof in_folder, "%.*scsv-metadata.json", folder, operand);
    const char *const places[] = {first, beside, in_folder};
    enum mlp_code code = MLP_OK;
    *p = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && code == MLP_OK && !*p; i++)
        if (places[i])
            code = try_place(places[i], operand, p, e);
    return code == MLP_OK && !*p ? mlp_datapackage_bare(operand, p, e) : code;
}
