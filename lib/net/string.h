/* string.h: operators on texts that have files of their own, for the table in string.c. */
#ifndef MLP_NET_STRING_H
#define MLP_NET_STRING_H

#include "net/op.h"

/* TfIdfVectorizer: counts n-grams of a pool, with tokens left out in between; the rules that the
 * specification leaves open are onnxruntime's. */
enum mlp_code mlp_net_tfidf_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_tfidf_run(const struct mlp_net_call *c);

/* Tokenizer of com.microsoft, which skl2onnx writes in front of TfIdfVectorizer. */
enum mlp_code mlp_net_tokenizer_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_tokenizer_run(const struct mlp_net_call *c);

#endif
