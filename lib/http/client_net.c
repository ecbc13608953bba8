#include "http/client_net.h"

#include "base/os.h"
#include "crypt/crypt.h"

#include <errno.h>
#include <strings.h>
#include <uv.h>

#define MS 1000000ull

/* --- URLs --- */

/* "host", "host:port" or "[v6]:port" into u. */
static bool parse_host(struct mlp_str s, struct mlp_url *u)
{
    struct mlp_str host = s, port = mlp_str_from(u->tls ? "443" : "80");
    uint64_t n;
    if (s.n && s.p[0] == '[') {
        size_t end = mlp_str_find(s, ']');
        if (end == s.n)
            return false;
        host = (struct mlp_str){s.p + 1, end - 1};
        s = (struct mlp_str){s.p + end + 1, s.n - end - 1};
    } else {
        host.n = mlp_str_find(s, ':');
        s = (struct mlp_str){s.p + host.n, s.n - host.n};
    }
    if (s.n)
        port = (struct mlp_str){s.p + 1, s.n - 1};
    return (s.n == 0 || s.p[0] == ':') && mlp_str_u64(port, &n) && n > 0 && n < 65536 && host.n &&
           mlp_str_copy(host, u->host, sizeof u->host) &&
           mlp_str_copy(port, u->port, sizeof u->port);
}

/* "/path/of.sock:/target"; without a target it is "/". */
static bool parse_local(struct mlp_str s, struct mlp_url *u)
{
    size_t n = mlp_str_find(s, ':');
    struct mlp_str target = n < s.n ? (struct mlp_str){s.p + n + 1, s.n - n - 1} : MLP_STR("/");
    s.n = n;
    return target.n && target.p[0] == '/' && s.n && mlp_str_copy(s, u->path, sizeof u->path) &&
           mlp_str_copy(target, u->target, sizeof u->target) &&
           mlp_str_copy(MLP_STR("localhost"), u->host, sizeof u->host) &&
           mlp_str_copy(MLP_STR("80"), u->port, sizeof u->port);
}

static bool parse_remote(const char *text, struct mlp_url *u)
{
    struct mlp_str s = mlp_str_from(text);
    u->tls = s.n > 8 && strncasecmp(s.p, "https://", 8) == 0;
    if (!u->tls && !(s.n > 7 && strncasecmp(s.p, "http://", 7) == 0))
        return false;
    s = (struct mlp_str){s.p + 7 + u->tls, s.n - 7 - u->tls};
    s.n = mlp_str_find(s, '#');
    size_t end = strcspn(s.p, "/?#");
    struct mlp_str target = {s.p + end, s.n > end ? s.n - end : 0};
    bool slash = target.n && target.p[0] == '/';
    int n = snprintf(u->target, sizeof u->target, "%s%.*s", slash ? "" : "/", MLP_STR_ARG(target));
    s.n = end;
    return n > 0 && (size_t)n < sizeof u->target && !memchr(s.p, '@', s.n) && parse_host(s, u);
}

bool mlp_url_parse(const char *text, struct mlp_url *u)
{
    struct mlp_str s = mlp_str_from(text);
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    u->tls = false;
    u->path[0] = '\0';
    return mlp_str_starts(s, "unix:") ? parse_local((struct mlp_str){s.p + 5, s.n - 5}, u)
                                      : parse_remote(text, u);
}

bool mlp_url_same_host(const struct mlp_url *a, const struct mlp_url *b)
{
    return a->tls == b->tls && strcasecmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0 &&
           strcmp(a->path, b->path) == 0;
}

/* --- the proxy --- */

static const char *env_of(const char *lower, const char *upper)
{
    const char *value = mlp_os_env(lower);
    if (!value && upper)
        value = mlp_os_env(upper);
    return value && value[0] ? value : NULL;
}

/* "*", or a host, or the end of one after a dot. */
static bool exempt(const char *host)
{
    struct mlp_str rest = mlp_str_from(env_of("no_proxy", "NO_PROXY")), item;
    size_t n = strlen(host);
    while (mlp_str_split(&rest, ',', &item)) {
        item = mlp_str_trim(item);
        while (item.n && item.p[0] == '.')
            item = (struct mlp_str){item.p + 1, item.n - 1};
        if (mlp_str_is(item, "*"))
            return true;
        if (item.n && item.n <= n && strncasecmp(host + n - item.n, item.p, item.n) == 0 &&
            (item.n == n || host[n - item.n - 1] == '.'))
            return true;
    }
    return false;
}

static bool find_proxy(const struct mlp_url *u, struct mlp_url *proxy)
{
    char text[512];
    const char *value = u->tls ? env_of("https_proxy", "HTTPS_PROXY") : env_of("http_proxy", NULL);
    if (!value || u->path[0] || exempt(u->host))
        return false;
    snprintf(text, sizeof text, "%s%s", strstr(value, "://") ? "" : "http://", value);
    return mlp_url_parse(text, proxy) && !proxy->tls;
}

/* --- connecting --- */

static enum mlp_code wait_for(struct mlp_link *l, bool want_write, struct mlp_err *e)
{
    struct mlp_ready r = {.fd = l->fd, .want_write = want_write};
    uint64_t now = mlp_os_monotonic_ns();
    enum mlp_code code = MLP_OK;
    if (now < l->deadline_ns)
        code = mlp_os_poll(&r, 1, (unsigned)((l->deadline_ns - now) / MS) + 1, e);
    if (code == MLP_OK && !r.ready)
        return mlp_err_set(e, MLP_EREMOTE, "%s:%s does not answer in time", l->to.host,
                           l->to.port);
    return code;
}

/* 0, or an errno value. */
static int try_address(struct mlp_link *l, const struct addrinfo *at)
{
    int number = 0;
    socklen_t n = sizeof number;
    l->fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return errno;
    /* A request's second part does not wait for the first one's ACK. */
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(l->fd, at->ai_addr, at->ai_addrlen) != 0)
        number = errno;
    if (number == EINPROGRESS)
        number = wait_for(l, true, NULL) != MLP_OK ? ETIMEDOUT
                 : getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &number, &n) != 0 ? errno : number;
    if (number) {
        mlp_os_close(l->fd, NULL);
        l->fd = -1;
    }
    return number;
}

static enum mlp_code dial(struct mlp_link *l, const struct mlp_url *to, struct mlp_err *e)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    if (to->path[0])
        return mlp_os_dial(to->path, &l->fd, e);
    int status = getaddrinfo(to->host, to->port, &hints, &list), number = 0;
    if (status != 0)
        return mlp_err_set(e, MLP_EREMOTE, "no address of %s: %s", to->host, gai_strerror(status));
    for (const struct addrinfo *at = list; at && l->fd < 0; at = at->ai_next)
        number = try_address(l, at);
    freeaddrinfo(list);
    if (l->fd >= 0)
        return MLP_OK;
    mlp_err_sys(e, number, "cannot connect to %s:%s", to->host, to->port);
    if (e)
        e->code = MLP_EREMOTE;
    return MLP_EREMOTE;
}

static enum mlp_code tls_error(const struct mlp_link *l, struct mlp_err *e)
{
    long why = l->ssl ? SSL_get_verify_result(l->ssl) : X509_V_OK;
    const char *reason = mlp_crypt_reason();
    if (why != X509_V_OK)
        reason = X509_verify_cert_error_string(why);
    return mlp_err_set(e, MLP_EREMOTE, "TLS with %s fails: %s", l->to.host,
                       reason ? reason : "the connection ended");
}

/* What an SSL call wants next: waits for it; false when there is nothing to wait for. */
static bool again(struct mlp_link *l, int result, enum mlp_code *code, struct mlp_err *e)
{
    int what = SSL_get_error(l->ssl, result);
    if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE)
        return false;
    *code = wait_for(l, what == SSL_ERROR_WANT_WRITE, e);
    return *code == MLP_OK;
}

static enum mlp_code shake_hands(struct mlp_link *l, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    uint8_t number[16];
    bool numeric = uv_inet_pton(AF_INET, l->to.host, number) == 0 ||
                   uv_inet_pton(AF_INET6, l->to.host, number) == 0;
    l->ssl = SSL_new(l->tls);
    if (!l->ssl || SSL_set_fd(l->ssl, l->fd) != 1)
        return tls_error(l, e);
    X509_VERIFY_PARAM *verify = SSL_get0_param(l->ssl);
    int set = numeric ? X509_VERIFY_PARAM_set1_ip_asc(verify, l->to.host)
                      : SSL_set1_host(l->ssl, l->to.host);
    if (set != 1 || (!numeric && SSL_set_tlsext_host_name(l->ssl, l->to.host) != 1))
        return tls_error(l, e);
    int done;
    do
        done = SSL_connect(l->ssl);
    while (done != 1 && again(l, done, &code, e));
    return done == 1 ? MLP_OK : code != MLP_OK ? code : tls_error(l, e);
}

/* Asks the proxy for a way through. */
static enum mlp_code tunnel(struct mlp_link *l, struct mlp_err *e)
{
    struct mlp_buf b;
    bool six = strchr(l->to.host, ':') != NULL, fine = false;
    mlp_buf_init(&b, 8192);
    for (int i = 0; i < 2; i++)
        mlp_buf_addf(&b, six ? "%s[%s]:%s%s" : "%s%s:%s%s", i ? "Host: " : "CONNECT ", l->to.host,
                     l->to.port, i ? "\r\n\r\n" : " HTTP/1.1\r\n");
    enum mlp_code code = mlp_link_write(l, mlp_buf_str(&b), e);
    if (code == MLP_OK)
        code = mlp_link_line(l, &b, e);
    if (code == MLP_OK)
        fine = b.n >= 12 && memcmp(b.p, "HTTP/1.", 7) == 0 && b.p[9] == '2';
    if (code == MLP_OK && !fine)
        code = mlp_err_set(e, MLP_EREMOTE, "the proxy refuses %s: %.60s", l->to.host, b.p);
    while (code == MLP_OK && b.n)
        code = mlp_link_line(l, &b, e);
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code mlp_link_open(struct mlp_link *l, const struct mlp_url *u, struct mlp_err *e)
{
    struct mlp_url proxy;
    mlp_link_close(l);
    l->to = *u;
    bool by_proxy = find_proxy(u, &proxy);
    l->proxied = by_proxy && !u->tls;
    enum mlp_code code = dial(l, by_proxy ? &proxy : u, e);
    if (code == MLP_OK && by_proxy && u->tls)
        code = tunnel(l, e);
    if (code == MLP_OK && u->tls)
        code = shake_hands(l, e);
    if (code != MLP_OK)
        mlp_link_close(l);
    return code;
}

void mlp_link_close(struct mlp_link *l)
{
    SSL_free(l->ssl);
    l->ssl = NULL;
    if (l->fd >= 0)
        mlp_os_close(l->fd, NULL);
    l->fd = -1;
    l->at = l->n = 0;
}

/* --- bytes --- */

static enum mlp_code broken(const struct mlp_link *l, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EREMOTE, "the connection to %s broke", l->to.host);
}

enum mlp_code mlp_link_write(struct mlp_link *l, struct mlp_str s, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    while (s.n && code == MLP_OK) {
        size_t done = 0;
        int most = s.n > 65536 ? 65536 : (int)s.n;
        if (l->ssl) {
            int r = SSL_write(l->ssl, s.p, most);
            if (r > 0)
                done = (size_t)r;
            else if (!again(l, r, &code, e))
                return code != MLP_OK ? code : tls_error(l, e);
        } else if (mlp_os_write_now(l->fd, s.p, s.n, &done, NULL) != MLP_OK) {
            return broken(l, e);
        } else if (!done) {
            code = wait_for(l, true, e);
        }
        s = (struct mlp_str){s.p + done, s.n - done};
    }
    return code;
}

enum mlp_code mlp_link_fill(struct mlp_link *l, bool *end, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    *end = false;
    if (l->at < l->n)
        return MLP_OK;
    l->at = l->n = 0;
    while (code == MLP_OK && l->n == 0 && !*end) {
        if (l->ssl) {
            int r = SSL_read(l->ssl, l->in, sizeof l->in);
            if (r > 0)
                l->n = (size_t)r;
            else if (SSL_get_error(l->ssl, r) == SSL_ERROR_ZERO_RETURN)
                *end = true;
            else if (!again(l, r, &code, e))
                return code != MLP_OK ? code : tls_error(l, e);
        } else if (mlp_os_read_now(l->fd, l->in, sizeof l->in, &l->n, end, NULL) != MLP_OK) {
            return broken(l, e);
        } else if (!l->n && !*end) {
            code = wait_for(l, false, e);
        }
    }
    return code;
}

enum mlp_code mlp_link_line(struct mlp_link *l, struct mlp_buf *b, struct mlp_err *e)
{
    bool end, whole = false;
    mlp_buf_reset(b);
    while (!whole) {
        enum mlp_code code = mlp_link_fill(l, &end, e);
        if (code != MLP_OK || end)
            return code != MLP_OK ? code : broken(l, e);
        struct mlp_str rest = {l->in + l->at, l->n - l->at};
        size_t n = mlp_str_find(rest, '\n');
        whole = n < rest.n;
        mlp_buf_add(b, rest.p, n);
        l->at += n + whole;
        if (b->failed)
            return mlp_err_set(e, MLP_EREMOTE, "%s answers with too long a line", l->to.host);
    }
    if (b->n && b->p[b->n - 1] == '\r')
        b->p[--b->n] = 0;
    return MLP_OK;
}
