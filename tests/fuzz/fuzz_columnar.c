/* Parquet and Arrow files: whatever the bytes are, there is an error or a text that has at least a
 * header. */
#include "table/columnar.h"

#include <stdlib.h>

#define MOST_TEXT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mlp_columnar_ops *ops = mlp_columnar_sniff(data, size);
    const struct mlp_bytes bytes = {-1, (const char *)data, size};
    struct mlp_columnar *c = NULL;
    struct mlp_err e;
    static char text[4096];
    size_t got = 1, all = 0;
    mlp_err_init(&e);
    if (!ops || mlp_columnar_open(ops, &bytes, &c, &e) != MLP_OK)
        return 0;
    while (got && all < MOST_TEXT && mlp_columnar_read(c, text, sizeof text, &got, &e) == MLP_OK)
        all += got;
    if (all == 0 && e.code == MLP_OK)
        abort();
    mlp_columnar_close(c);
    return 0;
}
