/* platform.h: the environment of the platforms that start servers. */
#ifndef MLP_SERVE_PLATFORM_H
#define MLP_SERVE_PLATFORM_H

#include "serve/serve.h"

/* The memory of what config borrows. */
struct platform {
    char address[32];
};

/* Fills in address (unless the command line said where to listen: listens), predict_route and
 * health_route. MLP_EUSAGE for a port that is none. */
enum mlp_code serve_platform(struct mlp_serve_config *config, bool listens, struct platform *p,
                             struct mlp_err *e);

#endif
