/* ops_token.c: token patterns of vectorisers and their hash (ops_words.h). */
#include "model/ops_words.h"
#include "text/unicode.h"

static bool in_kinds(unsigned kinds, uint32_t c)
{
    unsigned is = (mlp_unicode_word(c) ? MLP_CLASS_WORD : MLP_CLASS_NOT_WORD) |
                  (mlp_unicode_digit(c) ? MLP_CLASS_DIGIT : MLP_CLASS_NOT_DIGIT) |
                  (mlp_unicode_space(c) ? MLP_CLASS_SPACE : MLP_CLASS_NOT_SPACE);
    return (kinds & is) != 0;
}

bool mlp_class_has(const struct mlp_class *k, uint32_t c)
{
    /* \w alone, the usual pattern. */
    if (k->kinds == MLP_CLASS_WORD && !k->nranges && !k->negated)
        return mlp_unicode_word(c);
    bool in = in_kinds(k->kinds, c);
    for (unsigned i = 0; i < k->nranges && !in; i++)
        in = c >= k->range[i][0] && c <= k->range[i][1];
    return in != k->negated;
}

/* --- reading a pattern --- */

static bool take(struct mlp_str *s, const char *text)
{
    struct mlp_str t = mlp_str_from(text);
    if (!mlp_str_starts(*s, text))
        return false;
    *s = (struct mlp_str){s->p + t.n, s->n - t.n};
    return true;
}

/* The kind that \w, \d, \s and their capitals name, or 0. */
static unsigned kind_of(uint32_t letter)
{
    switch (letter) {
    case 'w': return MLP_CLASS_WORD;
    case 'd': return MLP_CLASS_DIGIT;
    case 's': return MLP_CLASS_SPACE;
    case 'W': return MLP_CLASS_NOT_WORD;
    case 'D': return MLP_CLASS_NOT_DIGIT;
    case 'S': return MLP_CLASS_NOT_SPACE;
    default: return 0;
    }
}

/* One character of a class, escaped or not; *kind is set for \w and the like. False at the end and
 * for escapes that mean something else. */
static bool class_character(struct mlp_str *s, uint32_t *c, unsigned *kind)
{
    *kind = 0;
    if (!s->n)
        return false;
    *c = mlp_unicode_next(s);
    if (*c != '\\')
        return true;
    if (!s->n)
        return false;
    *c = mlp_unicode_next(s);
    *kind = kind_of(*c);
    bool letter = *c < 0x80 && mlp_unicode_word(*c);
    return *kind || !letter;
}

static bool add_range(struct mlp_class *k, uint32_t from, uint32_t to)
{
    if (k->nranges == MLP_CLASS_RANGES || from > to)
        return false;
    k->range[k->nranges][0] = from;
    k->range[k->nranges++][1] = to;
    return true;
}

/* What stands between [ and ]. */
static bool parse_set(struct mlp_str *s, struct mlp_class *k)
{
    bool first = true;
    k->negated = take(s, "^");
    while (first || !mlp_str_starts(*s, "]")) {
        uint32_t c, to;
        unsigned kind;
        first = false;
        if (!class_character(s, &c, &kind))
            return false;
        k->kinds |= kind;
        if (kind)
            continue;
        to = c;
        bool range = mlp_str_starts(*s, "-") && !mlp_str_starts(*s, "-]");
        if (range && (!take(s, "-") || !class_character(s, &to, &kind) || kind))
            return false;
        if (!add_range(k, c, to))
            return false;
    }
    return take(s, "]");
}

/* One atom: \w, [...] or a plain character. */
static bool parse_atom(struct mlp_str *s, struct mlp_class *k)
{
    uint32_t c;
    unsigned kind;
    memset(k, 0, sizeof *k);
    if (take(s, "["))
        return parse_set(s, k);
    if (s->n && memchr("().|*+?{}^$", s->p[0], 11))
        return false;
    if (!class_character(s, &c, &kind))
        return false;
    k->kinds = kind;
    return kind || add_range(k, c, c);
}

static unsigned parse_number(struct mlp_str *s)
{
    unsigned n = 0;
    while (s->n && s->p[0] >= '0' && s->p[0] <= '9' && n < 1000) {
        n = n * 10 + (unsigned)(s->p[0] - '0');
        *s = (struct mlp_str){s->p + 1, s->n - 1};
    }
    return n;
}

/* How often an atom may stand: *most is 0 for any number. */
static bool parse_times(struct mlp_str *s, unsigned *least, unsigned *most)
{
    *least = *most = 1;
    if (take(s, "+"))
        *most = 0;
    else if (take(s, "*"))
        *least = *most = 0;
    else if (take(s, "{")) {
        *least = *most = parse_number(s);
        if (take(s, ","))
            *most = parse_number(s);
        if (!take(s, "}") || (*most && *most < *least) || (!*most && !*least))
            return false;
    }
    /* Lazy and possessive forms, and ?, mean something else. */
    return !mlp_str_starts(*s, "?") && !mlp_str_starts(*s, "+");
}

/* Whether all of the class are word characters; ranges are looked at where they are ASCII. */
static bool within_words(const struct mlp_class *k)
{
    if (k->negated)
        return (k->kinds & MLP_CLASS_NOT_WORD) != 0;
    if (k->kinds & ~(unsigned)(MLP_CLASS_WORD | MLP_CLASS_DIGIT))
        return false;
    for (unsigned i = 0; i < k->nranges; i++)
        for (uint32_t c = k->range[i][0]; c <= k->range[i][1]; c++)
            if (c >= 0x3000 || !mlp_unicode_word(c))
                return false;
    return true;
}

/* Atoms, all of the same class, up to the end of s. */
static bool parse_atoms(struct mlp_str *s, struct mlp_token *out)
{
    struct mlp_class k;
    unsigned least, most;
    bool first = true, endless = false;
    for (; s->n && !mlp_str_starts(*s, "\\b") && s->p[0] != ')'; first = false) {
        if (!parse_atom(s, &k) || !parse_times(s, &least, &most) ||
            (!first && memcmp(&k, &out->characters, sizeof k) != 0))
            return false;
        out->characters = k;
        out->shortest += least;
        out->longest += most;
        endless |= most == 0;
    }
    out->longest = endless ? 0 : out->longest;
    return !first && out->shortest > 0;
}

bool mlp_token_parse(struct mlp_str pattern, struct mlp_token *out)
{
    memset(out, 0, sizeof *out);
    take(&pattern, "(?u)");
    bool outer = take(&pattern, "("), before = take(&pattern, "\\b");
    bool inner = !outer && take(&pattern, "(");
    if (!parse_atoms(&pattern, out) || (inner && !take(&pattern, ")")))
        return false;
    bool after = take(&pattern, "\\b");
    if (before != after || (outer && !take(&pattern, ")")) || pattern.n)
        return false;
    out->bounded = before;
    return before ? within_words(&out->characters) : out->longest == 0;
}

/* --- hash --- */

static uint32_t rotate(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t mixed(uint32_t k)
{
    return rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
}

int32_t mlp_murmur3(struct mlp_str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    uint32_t h = 0, k = 0;
    size_t blocks = bytes.n / 4;
    for (size_t i = 0; i < blocks; i++, p += 4) {
        uint32_t word = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        h = rotate(h ^ mixed(word), 13) * 5 + 0xe6546b64u;
    }
    for (size_t i = bytes.n & 3; i-- > 0;)
        k = k << 8 | p[i];
    h ^= k ? mixed(k) : 0;
    h ^= (uint32_t)bytes.n;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    h ^= h >> 16;
    return (int32_t)h;
}
