/* An ONNX file loads as a model, or is refused with words; what loads must answer. */
#include "model_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load_and_predict((struct mlp_str){(const char *)data, size});
    return 0;
}
