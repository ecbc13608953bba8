#include "http/head.h"

enum chunk_state { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };

#define CHUNK_LINE_MAX 256

/* One look for the end of a line that starts at `from`. */
enum found { FOUND, NOT_YET, BROKEN };

/* Finds the CRLF that ends the line p[from..): *lf is the place of its LF. BROKEN: a CR or LF
 * alone, *lf is where it shows. NOT_YET: *lf is where to look on. No other byte is looked at. */
static enum found find_crlf(const char *p, size_t from, size_t n, size_t *lf)
{
    const char *cr = n > from ? memchr(p + from, '\r', n - from) : NULL;
    size_t end = cr ? (size_t)(cr - p) : n;
    const char *bare = end > from ? memchr(p + from, '\n', end - from) : NULL;
    *lf = bare ? (size_t)(bare - p) : end;
    if (bare)
        return BROKEN;
    if (!cr || end + 1 >= n)
        return NOT_YET;
    *lf = end + 1;
    return p[end + 1] == '\n' ? FOUND : BROKEN;
}

/* Over-long parts are refused before they are complete. */
static bool head_fits(struct mlp_http_parser *s, size_t upto)
{
    if (!s->fields_at)
        return upto - s->start <= s->limits->line_bytes + 1 ||
               mlp_http_refuse(s, 414, "the request line is over the limit");
    return upto - s->fields_at <= s->limits->header_bytes ||
           mlp_http_refuse(s, 431, "the header fields are over the limit");
}

/* A complete line of the head ended at lf. */
static bool head_line(struct mlp_http_parser *s, size_t lf)
{
    size_t length = lf - 1 - s->line;
    if (length == 0 && !s->fields_at) {
        if (s->start)
            return mlp_http_refuse(s, 400, "empty lines instead of a request");
        s->start = 2; /* RFC 9112, 2.2: one empty line before a request is passed over */
    } else if (length == 0) {
        s->head_bytes = lf + 1;
    } else if (!s->fields_at) {
        s->fields_at = lf + 1;
    }
    s->line = s->scanned = lf + 1;
    return true;
}

/* Finds the end of the head. MORE, DONE (head_bytes is set) or BAD. */
static enum mlp_parse scan_head(struct mlp_http_parser *s, const char *p, size_t n)
{
    while (!s->head_bytes) {
        size_t lf;
        if (s->line == s->start && n > s->line && p[s->line] != '\r' &&
            !mlp_http_is_tchar(p[s->line])) {
            mlp_http_refuse(s, 400, "this is not HTTP");
            return MLP_PARSE_BAD;
        }
        enum found found = find_crlf(p, s->scanned, n, &lf);
        if (!head_fits(s, lf))
            return MLP_PARSE_BAD;
        if (found == NOT_YET) {
            s->scanned = lf;
            return MLP_PARSE_MORE;
        }
        if (found == BROKEN) {
            mlp_http_refuse(s, 400, "a line that does not end in CRLF");
            return MLP_PARSE_BAD;
        }
        if (!head_line(s, lf))
            return MLP_PARSE_BAD;
    }
    return MLP_PARSE_DONE;
}

/* chunk-size [ chunk-ext ] (RFC 9112, 7.1). Extensions are passed over, but must be clean. */
static bool chunk_size(struct mlp_http_parser *s, struct mlp_str line)
{
    uint64_t size = 0;
    size_t i = 0;
    for (int d; i < line.n && (d = mlp_http_hex(line.p[i])) >= 0; i++) {
        if (size >> 60)
            return mlp_http_refuse(s, 400, "chunk size overflows");
        size = size * 16 + (uint64_t)d;
    }
    if (i == 0 || (i < line.n && line.p[i] != ';'))
        return mlp_http_refuse(s, 400, "bad chunk size");
    for (; i < line.n; i++)
        if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F)
            return mlp_http_refuse(s, 400, "bad chunk extension");
    if (size > s->limits->body_bytes - s->body_out)
        return mlp_http_refuse(s, 413, "the body is over the limit");
    s->chunk_left = size;
    s->chunk_state = size ? CHUNK_DATA : CHUNK_TRAILER;
    return true;
}

/* A trailer field is checked and forgotten; the empty line ends the body. */
static bool trailer_line(struct mlp_http_parser *s, struct mlp_str line)
{
    struct mlp_http_field field;
    s->trailer_bytes += line.n + 2;
    if (s->trailer_bytes > s->limits->header_bytes)
        return mlp_http_refuse(s, 431, "the trailer fields are over the limit");
    return mlp_http_field_line(line, &field) ||
           mlp_http_refuse(s, 400, "malformed trailer field");
}

/* Takes one line of the chunked framing. DONE: the body ended. */
static enum mlp_parse chunk_line(struct mlp_http_parser *s, const char *p, size_t n)
{
    size_t lf, limit = s->chunk_state == CHUNK_TRAILER ? s->limits->line_bytes : CHUNK_LINE_MAX;
    enum found found = find_crlf(p, s->body_at, n, &lf);
    struct mlp_str line = {p + s->body_at, 0};
    if (found == BROKEN || lf - s->body_at > limit) {
        mlp_http_refuse(s, 400, "bad line in the chunked body");
        return MLP_PARSE_BAD;
    }
    if (found == NOT_YET)
        return MLP_PARSE_MORE;
    line.n = lf - 1 - s->body_at;
    s->body_at = lf + 1;
    if (s->chunk_state == CHUNK_TRAILER && line.n == 0)
        return MLP_PARSE_DONE;
    bool good = s->chunk_state == CHUNK_TRAILER ? trailer_line(s, line) : chunk_size(s, line);
    return good ? MLP_PARSE_MORE : MLP_PARSE_BAD;
}

/* Moves what is there of the chunk's data behind what was decoded. True when it is all there. */
static bool chunk_data(struct mlp_http_parser *s, char *p, size_t n)
{
    size_t there = n - s->body_at;
    size_t take = s->chunk_left < there ? (size_t)s->chunk_left : there;
    memmove(p + s->head_bytes + s->body_out, p + s->body_at, take);
    s->body_out += take;
    s->body_at += take;
    s->chunk_left -= take;
    if (s->chunk_left == 0)
        s->chunk_state = CHUNK_END;
    return s->chunk_left == 0;
}

/* The CRLF behind a chunk's data. */
static enum mlp_parse chunk_end(struct mlp_http_parser *s, const char *p, size_t n)
{
    size_t there = n - s->body_at;
    size_t look = there < 2 ? there : 2;
    if (memcmp(p + s->body_at, "\r\n", look) != 0) {
        mlp_http_refuse(s, 400, "chunk data does not end where its size says");
        return MLP_PARSE_BAD;
    }
    if (look < 2)
        return MLP_PARSE_MORE;
    s->body_at += 2;
    s->chunk_state = CHUNK_SIZE;
    return MLP_PARSE_DONE;
}

static enum mlp_parse chunked_body(struct mlp_http_parser *s, char *p, size_t n)
{
    for (;;) {
        if (s->chunk_state == CHUNK_DATA && !chunk_data(s, p, n))
            return MLP_PARSE_MORE;
        if (s->chunk_state == CHUNK_END) {
            enum mlp_parse end = chunk_end(s, p, n);
            if (end != MLP_PARSE_DONE)
                return end;
        }
        size_t before = s->body_at;
        enum mlp_parse line = chunk_line(s, p, n);
        if (line != MLP_PARSE_MORE || s->body_at == before)
            return line;
    }
}

static enum mlp_parse body(struct mlp_http_parser *s, char *p, size_t n, size_t *used)
{
    if (s->chunked) {
        enum mlp_parse outcome = chunked_body(s, p, n);
        *used = s->body_at;
        return outcome;
    }
    *used = s->head_bytes + (size_t)s->content_length;
    return n < *used ? MLP_PARSE_MORE : MLP_PARSE_DONE;
}

enum mlp_parse mlp_http_parse(struct mlp_http_parser *s, char *p, size_t n,
                              struct mlp_http_request *r, size_t *used)
{
    bool fresh = !s->head_done;
    if (fresh) {
        enum mlp_parse outcome = scan_head(s, p, n);
        if (outcome != MLP_PARSE_DONE)
            return outcome;
        if (!mlp_http_head(s, p, r))
            return MLP_PARSE_BAD;
        s->head_done = true;
        s->body_at = s->head_bytes;
    }
    enum mlp_parse outcome = body(s, p, n, used);
    if (outcome != MLP_PARSE_DONE)
        return outcome;
    if (!fresh && !mlp_http_head(s, p, r)) /* the bytes have moved since: views anew */
        return MLP_PARSE_BAD;
    r->body = (struct mlp_str){p + s->head_bytes,
                               s->chunked ? s->body_out : (size_t)s->content_length};
    if (memchr(r->path.p, '%', r->path.n) && !mlp_http_decode(&r->path, p + (r->path.p - p))) {
        mlp_http_refuse(s, 400, "bad % escape in the path");
        return MLP_PARSE_BAD;
    }
    return MLP_PARSE_DONE;
}

size_t mlp_http_compact(struct mlp_http_parser *s, char *p, size_t n)
{
    size_t to = s->head_bytes + s->body_out;
    if (!s->head_done || !s->chunked || s->body_at <= to)
        return n;
    memmove(p + to, p + s->body_at, n - s->body_at);
    n -= s->body_at - to;
    s->body_at = to;
    return n;
}

size_t mlp_http_wanted(const struct mlp_http_parser *s, size_t n)
{
    uint64_t all = s->head_bytes + s->content_length;
    return s->head_done && !s->chunked && all > n ? (size_t)(all - n) : 0;
}
