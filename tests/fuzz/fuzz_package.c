/* Packages from anywhere: opening, verifying, reading and unpacking must end with an answer. The
 * input is laid into a file, as users get it; unpacked files must stay inside their folder. */
#include "base/os.h"
#include "oci/package.h"
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct mlp_package *p)
{
    struct mlp_err e;
    mlp_err_init(&e);
    if (mlp_package_verify(p, NULL, &e) == MLP_OK) {
        struct mlp_buf text;
        mlp_buf_init(&text, 1 << 20);
        mlp_package_statement(p, &text, NULL);
        mlp_buf_fini(&text);
    }
    for (size_t i = 0; i < mlp_package_nlayers(p); i++) {
        const struct mlp_blob *layer = mlp_package_layer(p, i);
        if (layer->name.n && (layer->name.p[0] == '/' || mlp_str_starts(layer->name, "../")))
            __builtin_trap();
    }
    mlp_package_check_archive(p, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/mlp-fuzz-XXXXXX";
    struct mlp_package *p;
    struct mlp_err e;
    int fd = mkstemp(path);
    if (fd < 0)
        return 0;
    mlp_err_init(&e);
    if (mlp_os_write(fd, data, size, NULL) == MLP_OK &&
        mlp_package_open(path, &p, &e) == MLP_OK) {
        use(p);
        mlp_package_close(p);
    }
    close(fd);
    unlink(path);
    return 0;
}
