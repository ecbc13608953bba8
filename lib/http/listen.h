/* listen.h: where connections come from: addresses, sockets that were passed, and the admin's. */
#ifndef MLP_HTTP_LISTEN_H
#define MLP_HTTP_LISTEN_H

#include "http/conn.h"

/* Binds what h's configuration says, one listener a loop (TCP ports are shared by SO_REUSEPORT, so
 * that the kernel spreads the connections), and fills h->address. The admin's socket belongs to
 * the first loop alone. */
enum mlp_code mlp_listen(struct mlp_http *h, struct mlp_err *e);

/* Removes the unix sockets that mlp_listen made, unless others have made them anew. */
void mlp_listen_forget(struct mlp_http *h);

#endif
