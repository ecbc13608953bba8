/* A skops file: the zip reader, .npy and the kinds of nodes; what loads must answer. Other inputs
 * are taken as schema.json alone, wrapped into an archive with a right CRC, so that the fuzzer need
 * not find one. */
#include "model/container.h"
#include "model_rows.h"
#include "table/unpack.h"

#include <string.h>

#define MOST_SCHEMA 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(uint8_t *to, size_t at, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[at + i] = (uint8_t)(v >> 8 * i);
}

/* Fields that local header and directory share: from the flags to the name's length. */
static void put_common(uint8_t *to, size_t at, uint32_t crc, size_t size)
{
    put(to, at + 8, crc, 4);
    put(to, at + 12, (uint32_t)size, 4);
    put(to, at + 16, (uint32_t)size, 4);
    put(to, at + 20, 11, 2);
}

static size_t wrap(uint8_t *to, const uint8_t *data, size_t size)
{
    uint32_t crc = mlp_crc32((struct mlp_str){(const char *)data, size});
    size_t central = 41 + size, end = central + 57;
    memset(to, 0, end + 22);
    memcpy(to, "PK\3\4", 4);
    put_common(to, 6, crc, size);
    memcpy(to + 30, "schema.json", 11);
    memcpy(to + 41, data, size);
    memcpy(to + central, "PK\1\2", 4);
    put_common(to, central + 8, crc, size);
    memcpy(to + central + 46, "schema.json", 11);
    memcpy(to + end, "PK\5\6", 4);
    put(to, end + 8, 1, 2);
    put(to, end + 10, 1, 2);
    put(to, end + 12, 57, 4);
    put(to, end + 16, (uint32_t)central, 4);
    return end + 22;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 && data[0] == '{' && size <= MOST_SCHEMA) {
        uint8_t *archive = malloc(size + 128);
        if (archive)
            load_and_predict((struct mlp_str){(const char *)archive, wrap(archive, data, size)});
        free(archive);
    } else if (size > 1 && data[0] == 'P') {
        load_and_predict((struct mlp_str){(const char *)data, size});
    }
    return 0;
}
