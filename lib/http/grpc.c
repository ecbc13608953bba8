#include "http/grpc.h"

#define DAY_MS (24ull * 3600 * 1000)
#define MESSAGE_MOST 1000u

bool mlp_grpc_is(struct mlp_str t)
{
    static const char name[] = "application/grpc";
    size_t n = sizeof name - 1;
    if (t.n < n || memcmp(t.p, name, n) != 0)
        return false;
    struct mlp_str rest = {t.p + n, t.n - n};
    return rest.n == 0 || rest.p[0] == ';' || mlp_str_starts(rest, "+proto");
}

enum mlp_grpc_status mlp_grpc_from_http(int status)
{
    switch (status) {
    case 200:
        return MLP_GRPC_OK;
    case 400: case 415: case 422:
        return MLP_GRPC_INVALID;
    case 401:
        return MLP_GRPC_UNAUTHENTICATED;
    case 403:
        return MLP_GRPC_DENIED;
    case 404:
        return MLP_GRPC_NOT_FOUND;
    case 405: case 501:
        return MLP_GRPC_UNIMPLEMENTED;
    case 413: case 429:
        return MLP_GRPC_EXHAUSTED;
    case 408: case 504:
        return MLP_GRPC_DEADLINE;
    case 503:
        return MLP_GRPC_UNAVAILABLE;
    default:
        return MLP_GRPC_INTERNAL;
    }
}

bool mlp_grpc_timeout(struct mlp_str text, uint64_t *ms)
{
    static const struct {
        char unit;
        uint64_t micros;
    } units[] = {{'n', 0}, {'u', 1}, {'m', 1000}, {'S', 1000000}, {'M', 60000000},
                 {'H', 3600000000u}};
    uint64_t n;
    if (text.n < 2 || text.n > 9 || !mlp_str_u64((struct mlp_str){text.p, text.n - 1}, &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit != text.p[text.n - 1])
            continue;
        uint64_t micros = i ? n * units[i].micros : (n + 999) / 1000;
        *ms = (micros + 999) / 1000;
        *ms = *ms < DAY_MS ? *ms : DAY_MS;
        return true;
    }
    return false;
}

int mlp_grpc_take(struct mlp_str bytes, size_t most, struct mlp_str *message, size_t *used,
                  enum mlp_grpc_status *status, const char **why)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    if (bytes.n < MLP_GRPC_PREFIX)
        return 0;
    size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
    *status = p[0] == 1 ? MLP_GRPC_UNIMPLEMENTED : MLP_GRPC_INTERNAL;
    *why = p[0] == 1 ? "messages are taken uncompressed" : "a bad byte before a message";
    if (p[0])
        return -1;
    *status = MLP_GRPC_EXHAUSTED;
    *why = "the message is over the limit";
    if (n > most)
        return -1;
    if (bytes.n - MLP_GRPC_PREFIX < n)
        return 0;
    *message = (struct mlp_str){bytes.p + MLP_GRPC_PREFIX, n};
    *used = MLP_GRPC_PREFIX + n;
    return 1;
}

void mlp_grpc_prefix(struct mlp_buf *out, size_t n)
{
    const char prefix[MLP_GRPC_PREFIX] = {0, (char)(n >> 24), (char)(n >> 16), (char)(n >> 8),
                                          (char)n};
    mlp_buf_add(out, prefix, sizeof prefix);
}

void mlp_grpc_escape(struct mlp_buf *out, struct mlp_str message)
{
    size_t n = message.n < MESSAGE_MOST ? message.n : MESSAGE_MOST;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)message.p[i];
        if (c >= 0x20 && c < 0x7F && c != '%')
            mlp_buf_addc(out, (char)c);
        else
            mlp_buf_addf(out, "%%%02X", c);
    }
}
