#include "text/html.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* What a byte below 0x80 becomes, or NULL when it stays. */
static const char *entity(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t': case '\n': case '\r':
        return NULL;
    default:
        return c < 0x20 || c == 0x7F ? REPLACEMENT : NULL;
    }
}

/* U+FFFE and U+FFFF are well-formed UTF-8 but no characters of XML 1.0 (section 2.2). */
static bool is_xml(struct mlp_str sequence)
{
    return sequence.n != 3 || (memcmp(sequence.p, "\xEF\xBF\xBE", 3) != 0 &&
                               memcmp(sequence.p, "\xEF\xBF\xBF", 3) != 0);
}

void mlp_html_add(struct mlp_buf *b, struct mlp_str s)
{
    size_t i = 0, start = 0;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = 1;
        const char *instead = c < 0x80 ? entity(c) : NULL;
        if (c >= 0x80) {
            n = mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
            if (n == 0 || !is_xml((struct mlp_str){s.p + i, n}))
                instead = REPLACEMENT;
            n += n == 0;
        }
        if (instead) {
            mlp_buf_add(b, s.p + start, i - start);
            mlp_buf_adds(b, instead);
            start = i + n;
        }
        i += n;
    }
    mlp_buf_add(b, s.p + start, i - start);
}
