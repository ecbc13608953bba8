/* ops_words.h: texts to counts of words or character n-grams, and their weighing (see ops.h for
 * the rules). */
#ifndef MLP_MODEL_OPS_WORDS_H
#define MLP_MODEL_OPS_WORDS_H

#include "model/ops.h"

enum mlp_analyzer { MLP_ANALYZE_WORDS, MLP_ANALYZE_CHARS, MLP_ANALYZE_CHARS_IN_WORDS };

/* strip_accents: no, "unicode", "ascii". */
enum mlp_strip { MLP_STRIP_NONE, MLP_STRIP_MARKS, MLP_STRIP_ASCII };

/* CountVectorizer. A term is looked up in vocabulary; its code is its column. Terms longer than
 * `longest` bytes match nothing, which bounds the memory that a text needs. */
struct mlp_words {
    enum mlp_analyzer analyzer;
    unsigned lo, hi;             /* n-grams */
    unsigned shortest;           /* characters of a word */
    bool lower, binary;
    enum mlp_strip strip;
    const struct mlp_dict *vocabulary;
    const struct mlp_dict *stop; /* words left out, or NULL */
    size_t longest;
};
extern const struct mlp_op mlp_op_words;
#define MLP_WORDS_MAX_N 32

/* TfidfTransformer. */
enum mlp_tfidf_norm { MLP_TFIDF_NONE, MLP_TFIDF_L1, MLP_TFIDF_L2 };
struct mlp_tfidf {
    const double *idf;           /* one a column, or NULL */
    bool sublinear;
    enum mlp_tfidf_norm norm;
};
extern const struct mlp_op mlp_op_tfidf;

#endif
