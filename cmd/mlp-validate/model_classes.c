/* Classes: texts that mean the same are one. */
#include "model.h"

#include "text/num.h"

#include <ctype.h>
#include <math.h>

void classes_init(struct classes *c)
{
    mlp_map_init(&c->names, 1, (size_t)16 << 20);
    c->overflow = false;
}

void classes_fini(struct classes *c)
{
    mlp_map_fini(&c->names);
}

bool is_word(struct mlp_str s, const char *word)
{
    size_t i = 0;
    while (i < s.n && word[i] && tolower((unsigned char)s.p[i]) == word[i])
        i++;
    return i == s.n && !word[i];
}

/* The name that equal values share; a number is its shortest text. */
static struct mlp_str class_name(struct mlp_str text, double number, char digits[32])
{
    if (is_word(text, "true"))
        return MLP_STR("1");
    if (is_word(text, "false"))
        return MLP_STR("0");
    if (isnan(number))
        return text;
    struct mlp_str s = {digits, mlp_num_print_f64(number, digits)};
    if (mlp_str_ends(s, ".0"))
        s.n -= 2;
    return mlp_str_is(s, "-0") ? MLP_STR("0") : s;
}

uint32_t classes_find(const struct classes *c, struct mlp_str text)
{
    char digits[32];
    const uint64_t *found = mlp_map_get(&c->names, class_name(text, number_of(text), digits));
    return found ? (uint32_t)(*found >> 1) : NO_CLASS;
}

uint32_t classes_add(struct classes *c, struct mlp_str text, double number, bool label)
{
    char digits[32];
    bool fresh = false;
    struct mlp_str name = class_name(text, number, digits);
    uint64_t *value = mlp_map_get(&c->names, name);
    if (!value && c->names.n < MOST_CLASSES)
        value = mlp_map_put(&c->names, name, &fresh);
    if (!value) {
        c->overflow = true;
        return NO_CLASS;
    }
    if (fresh)
        *value = (uint64_t)(c->names.n - 1) << 1;
    *value |= label;
    return (uint32_t)(*value >> 1);
}
