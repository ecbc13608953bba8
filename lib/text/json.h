/* json.h: strict streaming JSON tokenizer and a writer (RFC 8259).
 *
 * The tokenizer accepts exactly the JSON texts of RFC 8259 in UTF-8: no byte order mark, no
 * comments, no NaN, no trailing comma, no unescaped control characters, no lone surrogates in
 * escapes (they have no UTF-8 form). It allocates nothing: strings come as raw views with a flag
 * that tells whether they hold escapes. */
#ifndef MLP_TEXT_JSON_H
#define MLP_TEXT_JSON_H

#include "base/buf.h"

enum mlp_json_type {
    MLP_JSON_END,          /* the text is complete, only white space was left */
    MLP_JSON_OBJECT, MLP_JSON_OBJECT_END,
    MLP_JSON_ARRAY, MLP_JSON_ARRAY_END,
    MLP_JSON_KEY,          /* a member's name; its value follows */
    MLP_JSON_STRING, MLP_JSON_NUMBER, MLP_JSON_TRUE, MLP_JSON_FALSE, MLP_JSON_NULL
};

/* raw: for KEY and STRING the bytes between the quotes, for NUMBER its text; a view into the
 * input. escaped: raw holds backslashes, use mlp_json_unescape. offset: where the token starts. */
struct mlp_json_token {
    enum mlp_json_type type;
    struct mlp_str raw;
    bool escaped;
    size_t offset;
};

#define MLP_JSON_MAX_DEPTH 512

/* A tokenizer over a text in memory. Embedded; nothing to free. */
struct mlp_json {
    const char *text, *p, *end;
    unsigned depth, max_depth;  /* at most MLP_JSON_MAX_DEPTH */
    bool allow_nonfinite;       /* NaN, Infinity, -Infinity are numbers too (XGBoost) */
    uint8_t state;
    uint64_t stack[MLP_JSON_MAX_DEPTH / 64]; /* one bit a level: object or array */
};

/* Starts over text, which must outlive the tokenizer. */
void mlp_json_init(struct mlp_json *j, struct mlp_str text, unsigned max_depth);

/* The next token; *t is good only after MLP_OK. MLP_EINPUT has line, column and offset; the source
 * is the caller's to add. After MLP_JSON_END comes END again; after an error, nothing certain. */
enum mlp_code mlp_json_next(struct mlp_json *j, struct mlp_json_token *t, struct mlp_err *e);

/* Passes over the value that t starts (all of an object or array; nothing for a scalar). */
enum mlp_code mlp_json_skip(struct mlp_json *j, const struct mlp_json_token *t,
                            struct mlp_err *e);

/* Line and column (1-based, in bytes) of an offset. */
void mlp_json_place(struct mlp_str text, size_t offset, uint64_t *line, uint64_t *column);

/* Appends the UTF-8 that an escaped string stands for. raw must come from the tokenizer. */
void mlp_json_unescape(struct mlp_str raw, struct mlp_buf *out);

/* Appends s as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD. */
void mlp_json_quote(struct mlp_buf *b, struct mlp_str s);

/* A writer that knows where commas and line breaks go. indent 0 writes one line. Embedded. */
struct mlp_json_out {
    struct mlp_buf *b;   /* borrowed */
    unsigned indent, depth;
    bool first, after_key;
    bool nonfinite;      /* NaN, Infinity and -Infinity as such, which is no JSON; else null */
};
void mlp_json_out_init(struct mlp_json_out *o, struct mlp_buf *b, unsigned indent);
void mlp_json_open(struct mlp_json_out *o, char bracket);  /* '{' or '[' */
void mlp_json_close(struct mlp_json_out *o, char bracket); /* '}' or ']' */
void mlp_json_key(struct mlp_json_out *o, const char *key);
void mlp_json_key_str(struct mlp_json_out *o, struct mlp_str key);
void mlp_json_str(struct mlp_json_out *o, struct mlp_str s);
void mlp_json_text(struct mlp_json_out *o, const char *z);  /* NULL writes null */
void mlp_json_i64(struct mlp_json_out *o, int64_t v);
void mlp_json_u64(struct mlp_json_out *o, uint64_t v);
void mlp_json_f64(struct mlp_json_out *o, double v);        /* null when not finite */
void mlp_json_bool(struct mlp_json_out *o, bool v);
void mlp_json_null(struct mlp_json_out *o);
void mlp_json_raw(struct mlp_json_out *o, struct mlp_str json);

#endif
