/* ops_words.h: texts to counts of words or character n-grams, and their weighing (see ops.h for
 * the rules). */
#ifndef MLP_MODEL_OPS_WORDS_H
#define MLP_MODEL_OPS_WORDS_H

#include "model/ops.h"

enum mlp_analyzer { MLP_ANALYZE_WORDS, MLP_ANALYZE_CHARS, MLP_ANALYZE_CHARS_IN_WORDS };

/* strip_accents: no, "unicode", "ascii". */
enum mlp_strip { MLP_STRIP_NONE, MLP_STRIP_MARKS, MLP_STRIP_ASCII };

/* A class of characters as a regular expression names it: [a-z\d], \w, [^\W_]. */
enum { MLP_CLASS_WORD = 1, MLP_CLASS_DIGIT = 2, MLP_CLASS_SPACE = 4, MLP_CLASS_NOT_WORD = 8,
       MLP_CLASS_NOT_DIGIT = 16, MLP_CLASS_NOT_SPACE = 32 };
#define MLP_CLASS_RANGES 12
struct mlp_class {
    bool negated;
    unsigned kinds;
    unsigned nranges;
    uint32_t range[MLP_CLASS_RANGES][2];
};

/* A token: a longest run of characters of a class, of `shortest` to `longest` characters (0: no
 * limit); bounded: no word character stands beside it. */
struct mlp_token {
    struct mlp_class characters;
    unsigned shortest, longest;
    bool bounded;
};

/* Reads a token_pattern of that form: an optional (?u), \b on both sides or none, one group, and
 * atoms of one class with + or {m,n}. False for any other regular expression. */
bool mlp_token_parse(struct mlp_str pattern, struct mlp_token *out);

/* True when c is in the class. */
bool mlp_class_has(const struct mlp_class *k, uint32_t c);

/* Words that stop_words="english" leaves out; ends with NULL. */
extern const char *const mlp_english_stop_words[];

/* MurmurHash3_x86_32 (Austin Appleby, public domain) of some bytes with seed 0. */
int32_t mlp_murmur3(struct mlp_str bytes);

/* CountVectorizer. A term is looked up in vocabulary; its code is its column. Terms longer than
 * `longest` bytes match nothing, which bounds the memory that a text needs. HashingVectorizer has
 * no vocabulary: the column is the hash modulo `buckets`, alternate takes its sign into account,
 * and longer terms refuse the row. */
struct mlp_words {
    enum mlp_analyzer analyzer;
    unsigned lo, hi;             /* n-grams */
    struct mlp_token token;      /* of MLP_ANALYZE_WORDS */
    uint32_t buckets;
    bool alternate;
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
    bool narrow;                 /* every step is rounded to float32 */
    enum mlp_tfidf_norm norm;
};
extern const struct mlp_op mlp_op_tfidf;

#endif
