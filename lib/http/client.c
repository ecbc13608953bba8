#include "http/client_net.h"

#include "base/os.h"

#include <stdlib.h>
#include <strings.h>

#define LINE_MAX_BYTES 16384u
#define MOST_FIELDS 200u
#define USUAL_BODY ((uint64_t)16 << 20)
#define JOINED_BYTES 16384u /* content that goes with the head: one packet, one wake-up there */

struct mlp_client {
    struct mlp_client_config config;
    struct mlp_link link;
    struct mlp_buf line;
};

/* What the head of an answer says. */
struct answer {
    int status;
    bool chunked, close, sized;
    uint64_t length;
    char location[4096];
};

enum mlp_code mlp_client_new(const struct mlp_client_config *config, struct mlp_client **out,
                             struct mlp_err *e)
{
    struct mlp_client *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return mlp_err_nomem(e);
    c->config = *config;
    c->config.timeout_ms = config->timeout_ms ? config->timeout_ms : 30000;
    c->config.redirects = config->redirects ? config->redirects : 5;
    c->link.fd = -1;
    mlp_buf_init(&c->line, LINE_MAX_BYTES);
    c->link.tls = SSL_CTX_new(TLS_client_method());
    bool fine = c->link.tls && SSL_CTX_set_min_proto_version(c->link.tls, TLS1_2_VERSION) == 1;
    if (fine)
        SSL_CTX_set_verify(c->link.tls, SSL_VERIFY_PEER, NULL);
    if (fine && config->ca && SSL_CTX_load_verify_file(c->link.tls, config->ca) != 1) {
        mlp_client_free(c);
        return mlp_err_set(e, MLP_EIO, "%s: no certificates in PEM", config->ca);
    }
    if (fine && !config->ca)
        fine = SSL_CTX_set_default_verify_paths(c->link.tls) == 1;
    if (fine)
        *out = c;
    else
        mlp_client_free(c);
    return fine ? MLP_OK : mlp_err_set(e, MLP_EIO, "cannot start TLS");
}

void mlp_client_free(struct mlp_client *c)
{
    if (!c)
        return;
    mlp_link_close(&c->link);
    SSL_CTX_free(c->link.tls);
    mlp_buf_fini(&c->line);
    free(c);
}

/* --- the request --- */

static bool has_content(const struct mlp_fetch *f)
{
    return f->method && (strcmp(f->method, "POST") == 0 || strcmp(f->method, "PUT") == 0 ||
                         strcmp(f->method, "PATCH") == 0);
}

static bool is_secret(struct mlp_str line)
{
    return (line.n > 14 && strncasecmp(line.p, "authorization:", 14) == 0) ||
           (line.n > 7 && strncasecmp(line.p, "cookie:", 7) == 0);
}

/* The caller's lines; secrets stay behind when another host is asked. */
static void add_lines(struct mlp_buf *b, const char *headers, bool elsewhere)
{
    struct mlp_str rest = mlp_str_from(headers), line;
    while (mlp_str_split(&rest, '\n', &line)) {
        line = mlp_str_trim(line);
        if (line.n && !(elsewhere && is_secret(line))) {
            mlp_buf_addstr(b, line);
            mlp_buf_adds(b, "\r\n");
        }
    }
}

static void add_host(struct mlp_buf *b, const struct mlp_url *u)
{
    bool six = strchr(u->host, ':') != NULL;
    bool usual = strcmp(u->port, u->tls ? "443" : "80") == 0;
    mlp_buf_addf(b, six ? "[%s]" : "%s", u->host);
    if (!usual)
        mlp_buf_addf(b, ":%s", u->port);
}

static enum mlp_code ask(struct mlp_client *c, const struct mlp_fetch *f, const struct mlp_url *u,
                         bool elsewhere, struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 65536 + JOINED_BYTES);
    mlp_buf_addf(&b, "%s ", f->method ? f->method : "GET");
    if (c->link.proxied) {
        mlp_buf_adds(&b, "http://");
        add_host(&b, u);
    }
    mlp_buf_addf(&b, "%s HTTP/1.1\r\nHost: ", u->target);
    add_host(&b, u);
    mlp_buf_adds(&b, "\r\nUser-Agent: mlp/" MLP_VERSION "\r\n");
    if (has_content(f))
        mlp_buf_addf(&b, "Content-Length: %zu\r\n", f->content.n);
    add_lines(&b, f->headers, elsewhere);
    mlp_buf_adds(&b, "\r\n");
    bool joined = has_content(f) && f->content.n <= JOINED_BYTES;
    if (joined)
        mlp_buf_addstr(&b, f->content);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_link_write(&c->link, mlp_buf_str(&b), e);
    if (code == MLP_OK && has_content(f) && !joined)
        code = mlp_link_write(&c->link, f->content, e);
    mlp_buf_fini(&b);
    return code;
}

/* --- the answer's head --- */

static enum mlp_code malformed(const struct mlp_client *c, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EREMOTE, "%s answers, but not in HTTP/1.1", c->link.to.host);
}

static bool is_redirect(const struct mlp_fetch *f, int status)
{
    bool safe = !f->method || strcmp(f->method, "GET") == 0 || strcmp(f->method, "HEAD") == 0;
    return safe && (status == 301 || status == 302 || status == 303 || status == 307 ||
                    status == 308);
}

static bool named(struct mlp_str name, const char *text)
{
    return name.n == strlen(text) && strncasecmp(name.p, text, name.n) == 0;
}

/* One field; false when it makes the length of the body ambiguous. */
static bool take_field(struct answer *a, struct mlp_str name, struct mlp_str value)
{
    uint64_t n;
    if (named(name, "content-length")) {
        if (!mlp_str_u64(value, &n) || (a->sized && n != a->length))
            return false;
        a->sized = true;
        a->length = n;
    } else if (named(name, "transfer-encoding")) {
        a->chunked = true;
        return named(value, "chunked");
    } else if (named(name, "connection")) {
        a->close = a->close || named(value, "close");
    } else if (named(name, "location")) {
        return mlp_str_copy(value, a->location, sizeof a->location);
    }
    return true;
}

static enum mlp_code take_fields(struct mlp_client *c, const struct mlp_fetch *f,
                                 struct answer *a, struct mlp_err *e)
{
    for (unsigned i = 0; i < MOST_FIELDS; i++) {
        enum mlp_code code = mlp_link_line(&c->link, &c->line, e);
        if (code != MLP_OK || c->line.n == 0)
            return code;
        struct mlp_str line = mlp_buf_str(&c->line);
        size_t colon = mlp_str_find(line, ':');
        struct mlp_str name = {line.p, colon}, value = {line.p + colon + 1, line.n - colon - 1};
        if (colon == 0 || colon == line.n || !take_field(a, name, mlp_str_trim(value)))
            return malformed(c, e);
        if (f->field && a->status >= 200 && !is_redirect(f, a->status))
            f->field(f->ctx, name, mlp_str_trim(value));
    }
    return mlp_err_set(e, MLP_EREMOTE, "%s answers with too many fields", c->link.to.host);
}

/* 1xx are passed over. */
static enum mlp_code take_head(struct mlp_client *c, const struct mlp_fetch *f, struct answer *a,
                               struct mlp_err *e)
{
    int64_t status = 0;
    do {
        *a = (struct answer){0};
        enum mlp_code code = mlp_link_line(&c->link, &c->line, e);
        if (code != MLP_OK)
            return code;
        struct mlp_str line = mlp_buf_str(&c->line);
        if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || line.p[8] != ' ' ||
            !mlp_str_i64((struct mlp_str){line.p + 9, 3}, &status) || status < 100)
            return malformed(c, e);
        a->close = line.p[7] == '0';
        a->status = (int)status;
        code = take_fields(c, f, a, e);
        if (code != MLP_OK)
            return code;
    } while (status < 200);
    return a->chunked && a->sized ? malformed(c, e) : MLP_OK;
}

/* --- the answer's body --- */

struct body {
    const struct mlp_fetch *f;
    uint64_t left;  /* of the maximum */
    bool wanted;    /* it is no redirect's */
};

/* Hands on up to `most` bytes; *end as of fill. */
static enum mlp_code take_some(struct mlp_client *c, struct body *b, uint64_t *most, bool *end,
                               struct mlp_err *e)
{
    enum mlp_code code = mlp_link_fill(&c->link, end, e);
    if (code != MLP_OK || *end)
        return code;
    size_t n = c->link.n - c->link.at;
    n = n > *most ? (size_t)*most : n;
    if (n > b->left)
        return mlp_err_set(e, MLP_EREMOTE, "%s answers with more than the maximum",
                           c->link.to.host);
    b->left -= n;
    *most -= n;
    if (b->wanted && b->f->body && !b->f->body(b->f->ctx, c->link.in + c->link.at, n))
        return mlp_err_set(e, MLP_EIO, "the answer could not be kept");
    c->link.at += n;
    return MLP_OK;
}

static enum mlp_code take_sized(struct mlp_client *c, struct body *b, uint64_t n,
                                struct mlp_err *e)
{
    bool end = false;
    enum mlp_code code = MLP_OK;
    while (n && !end && code == MLP_OK)
        code = take_some(c, b, &n, &end, e);
    return code == MLP_OK && end
               ? mlp_err_set(e, MLP_EREMOTE, "%s stops within an answer", c->link.to.host)
               : code;
}

static bool chunk_size(struct mlp_str line, uint64_t *size)
{
    size_t n = mlp_str_find(line, ';'), i = 0;
    n = mlp_str_trim((struct mlp_str){line.p, n}).n;
    for (*size = 0; i < n && i < 15; i++) {
        char x = line.p[i];
        int digit = x >= '0' && x <= '9' ? x - '0' : (x | 32) >= 'a' && (x | 32) <= 'f'
                                                         ? (x | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        *size = *size * 16 + (unsigned)digit;
    }
    return i == n && n > 0;
}

static enum mlp_code take_chunks(struct mlp_client *c, struct body *b, struct mlp_err *e)
{
    uint64_t size;
    for (;;) {
        enum mlp_code code = mlp_link_line(&c->link, &c->line, e);
        if (code == MLP_OK && !chunk_size(mlp_buf_str(&c->line), &size))
            code = malformed(c, e);
        if (code != MLP_OK)
            return code;
        if (size == 0)
            break;
        code = take_sized(c, b, size, e);
        if (code == MLP_OK)
            code = mlp_link_line(&c->link, &c->line, e);
        if (code == MLP_OK && c->line.n)
            code = malformed(c, e);
        if (code != MLP_OK)
            return code;
    }
    struct answer trailer = {0};
    const struct mlp_fetch nobody = {0};
    return take_fields(c, &nobody, &trailer, e);
}

static enum mlp_code take_body(struct mlp_client *c, struct body *b, const struct answer *a,
                               struct mlp_err *e)
{
    bool end = false;
    uint64_t all = UINT64_MAX;
    enum mlp_code code = MLP_OK;
    if ((b->f->method && strcmp(b->f->method, "HEAD") == 0) || a->status == 204 ||
        a->status == 304)
        return MLP_OK;
    if (a->chunked)
        return take_chunks(c, b, e);
    if (a->sized)
        return take_sized(c, b, a->length, e);
    while (!end && code == MLP_OK)
        code = take_some(c, b, &all, &end, e);
    mlp_link_close(&c->link);
    return code;
}

/* --- a fetch --- */

/* Where a redirect leads; https never to http, none to a unix socket. */
static enum mlp_code follow(const struct answer *a, struct mlp_url *u, struct mlp_err *e)
{
    struct mlp_url next = *u;
    bool fine;
    if (a->location[0] == '/' && a->location[1] != '/')
        fine = mlp_str_copy(mlp_str_from(a->location), next.target, sizeof next.target) &&
               !strpbrk(next.target, " \t");
    else
        fine = mlp_url_parse(a->location, &next) && !next.path[0];
    if (!fine || (u->tls && !next.tls))
        return mlp_err_set(e, MLP_EREMOTE, "%s redirects to where we do not go: %.100s", u->host,
                           a->location);
    *u = next;
    return MLP_OK;
}

/* Sends and takes a head, on the kept connection or, when that had ended, on a new one. */
static enum mlp_code exchange(struct mlp_client *c, const struct mlp_fetch *f,
                              const struct mlp_url *u, bool elsewhere, struct answer *a,
                              struct mlp_err *e)
{
    struct mlp_err first;
    mlp_err_init(&first);
    if (c->link.fd >= 0 && mlp_url_same_host(u, &c->link.to) &&
        (f->repeatable || !has_content(f))) {
        if (ask(c, f, u, elsewhere, &first) == MLP_OK && take_head(c, f, a, &first) == MLP_OK)
            return MLP_OK;
    }
    enum mlp_code code = mlp_link_open(&c->link, u, e);
    if (code == MLP_OK)
        code = ask(c, f, u, elsewhere, e);
    return code == MLP_OK ? take_head(c, f, a, e) : code;
}

static enum mlp_code fetch(struct mlp_client *c, const struct mlp_fetch *f, struct mlp_url *u,
                           int *status, struct mlp_err *e)
{
    const struct mlp_url first = *u;
    struct answer a;
    for (unsigned i = 0; i <= c->config.redirects; i++) {
        enum mlp_code code = exchange(c, f, u, !mlp_url_same_host(u, &first), &a, e);
        struct body b = {f, f->max_bytes ? f->max_bytes : USUAL_BODY, true};
        bool onwards = code == MLP_OK && is_redirect(f, a.status) && a.location[0];
        b.wanted = !onwards;
        if (code == MLP_OK)
            code = take_body(c, &b, &a, e);
        if (code != MLP_OK || a.close)
            mlp_link_close(&c->link);
        *status = a.status;
        if (code != MLP_OK || !onwards)
            return code;
        code = follow(&a, u, e);
        if (code != MLP_OK)
            return code;
    }
    return mlp_err_set(e, MLP_EREMOTE, "%s redirects too often", first.host);
}

enum mlp_code mlp_client_fetch(struct mlp_client *c, const struct mlp_fetch *f, int *status,
                               struct mlp_err *e)
{
    struct mlp_url u;
    struct mlp_err own;
    *status = 0;
    mlp_err_init(&own);
    if (!mlp_url_parse(f->url, &u))
        return mlp_err_set(e, MLP_EUSAGE, "\"%.200s\" is no http, https or unix URL", f->url);
    c->link.deadline_ns = mlp_os_monotonic_ns() + c->config.timeout_ms * 1000000ull;
    return fetch(c, f, &u, status, e ? e : &own);
}
