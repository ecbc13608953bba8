#include "table/snappy.h"

struct snappy {
    const unsigned char *p, *end;
    unsigned char *out;
    size_t at, n;
};

static bool little_endian(struct snappy *s, size_t bytes, size_t *v)
{
    *v = 0;
    if ((size_t)(s->end - s->p) < bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        *v |= (size_t)*s->p++ << 8 * i;
    return true;
}

/* Lengths up to 60 are in the tag, longer ones in the one to four bytes behind it. */
static bool literal(struct snappy *s, unsigned tag)
{
    size_t n = tag >> 2;
    if (n >= 60 && !little_endian(s, n - 59, &n))
        return false;
    n++;
    if (n > (size_t)(s->end - s->p) || n > s->n - s->at)
        return false;
    memcpy(s->out + s->at, s->p, n);
    s->p += n;
    s->at += n;
    return true;
}

/* Source and target may overlap: a run repeats what it wrote itself. */
static bool copy(struct snappy *s, unsigned tag)
{
    size_t n = (tag >> 2) + 1, offset;
    bool good;
    if ((tag & 3) == 1) {
        n = (tag >> 2 & 7) + 4;
        good = little_endian(s, 1, &offset);
        offset |= (size_t)(tag >> 5) << 8;
    } else {
        good = little_endian(s, (tag & 3) == 2 ? 2 : 4, &offset);
    }
    if (!good || offset == 0 || offset > s->at || n > s->n - s->at)
        return false;
    if (offset >= n)
        memcpy(s->out + s->at, s->out + s->at - offset, n);
    else
        for (size_t i = 0; i < n; i++)
            s->out[s->at + i] = s->out[s->at + i - offset];
    s->at += n;
    return true;
}

bool mlp_snappy(struct mlp_str in, void *out, size_t n)
{
    struct snappy s = {(const unsigned char *)in.p, (const unsigned char *)in.p + in.n, out, 0, n};
    uint64_t length = 0;
    unsigned shift = 0, b = 128;
    for (; (b & 128) && shift < 35 && s.p < s.end; shift += 7) {
        b = *s.p++;
        length |= (uint64_t)(b & 127) << shift;
    }
    bool good = !(b & 128) && length == n;
    while (good && s.p < s.end) {
        unsigned tag = *s.p++;
        good = (tag & 3) == 0 ? literal(&s, tag) : copy(&s, tag);
    }
    return good && s.at == n;
}
