/* Who is at the other end of a connection. */
#include "http/conn.h"

bool mlp_http_peer(const struct mlp_http_request *r, char out[MLP_HTTP_PEER])
{
    const struct mlp_late *late = r->connection;
    const struct mlp_conn *c = late ? late->conn : NULL;
    struct sockaddr_storage at;
    void *any = &at;
    int length = sizeof at;
    out[0] = 0;
    if (!c || c->from->is_unix || uv_tcp_getpeername(&c->uv.tcp, any, &length) != 0)
        return false;
    if (at.ss_family == AF_INET)
        return uv_ip4_name(any, out, MLP_HTTP_PEER) == 0;
    struct sockaddr_in6 *six = any;
    const uint8_t *a = six->sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        snprintf(out, MLP_HTTP_PEER, "%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
    else
        snprintf(out, MLP_HTTP_PEER, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", a[0], a[1], a[2],
                 a[3], a[4], a[5], a[6], a[7]);
    return true;
}
