/* LightGBM text, UBJSON, CatBoost JSON and XGBoost's binary files: the first byte says which, the
 * rest follows a good beginning, so that mutations reach past the sniffing. */
#include "model_rows.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char catboost[] =
        "{\"features_info\":{\"float_features\":[{\"borders\":[0.5],\"feature_index\":0,"
        "\"flat_feature_index\":0}],";
    static const char lightgbm[] =
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=1\n";
    static const char *const starts[] = {"", "binf", lightgbm, catboost};
    const char *start = starts[size ? data[0] % 4 : 0];
    size_t n = strlen(start), rest = size ? size - 1 : 0;
    char *text = malloc(n + rest + 1);
    if (!text)
        return 0;
    memcpy(text, start, n);
    if (rest)
        memcpy(text + n, data + 1, rest);
    load_and_predict((struct mlp_str){text, n + rest});
    free(text);
    return 0;
}
