/* Operators of networks on texts, small types, quantized tensors and sequences: one node at a time,
 * built in memory. Expected numbers are those of onnxruntime 1.32 and of ONNX's own reference. */
#include <math.h>

#include "net/net.h"
#include "net/tiny.h"
#include "suites.h"
#include "text/nfa.h"
#include "text/unicode.h"

#define MOST 8

/* A node as a network of its own. */
struct one {
    const char *domain, *op;
    int64_t opset;
    struct mlp_onnx_attr attrs[10];
    struct mlp_tensor in[MOST];
    struct mlp_tensor out[MOST];
    struct mlp_arena arena;
    struct mlp_net_run run;
    struct mlp_err e;
};

static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                    "p", "q", "r", "s", "t", "u", "v", "w"};

static void describe(struct mlp_onnx_value *v, const struct mlp_tensor *t, size_t name)
{
    *v = (struct mlp_onnx_value){.name = mlp_str_from(NAMES[name]), .rank = -1,
                                 .type = t ? t->type : MLP_DT_FLOAT};
    if (t && t->type == MLP_DT_SEQUENCE) {
        v->sequence = true;
        v->type = t->n ? t->items[0].type : MLP_DT_FLOAT;
    }
}

/* Runs the node with the inputs up to the first without a type; nout outputs. */
static enum mlp_code run(struct one *o, size_t nout)
{
    struct mlp_onnx_value in[MOST], out[MOST];
    struct mlp_str names[2 * MOST];
    struct mlp_onnx_opset opsets[2] = {{MLP_STR(""), o->opset ? o->opset : 21},
                                       {mlp_str_from(o->domain ? o->domain : "x"), 1}};
    struct mlp_onnx_node node = {.name = MLP_STR("n"), .op_type = mlp_str_from(o->op),
                                 .domain = mlp_str_from(o->domain ? o->domain : ""),
                                 .nout = nout, .attrs = o->attrs, .in = names,
                                 .out = names + MOST};
    struct mlp_onnx_model m = {.nopsets = 2, .opsets = opsets};
    struct mlp_net *net;
    while (node.nattrs < 10 && o->attrs[node.nattrs].type)
        node.nattrs++;
    while (node.nin < MOST && o->in[node.nin].type) {
        describe(&in[node.nin], &o->in[node.nin], node.nin);
        names[node.nin] = in[node.nin].name;
        node.nin++;
    }
    for (size_t i = 0; i < nout; i++) {
        describe(&out[i], NULL, MOST + i);
        names[MOST + i] = out[i].name;
    }
    m.graph = (struct mlp_onnx_graph){.nnodes = 1, .ninputs = node.nin, .noutputs = nout,
                                      .nodes = &node, .inputs = in, .outputs = out};
    mlp_arena_init(&o->arena, 1 << 24);
    mlp_err_init(&o->e);
    o->run = (struct mlp_net_run){0};
    if (mlp_net_load(&m, &o->arena, &net, &o->e) ||
        mlp_net_run_init(&o->run, net, 1 << 24, &o->e))
        return o->e.code;
    return mlp_net_run(&o->run, o->in, o->out, &o->e);
}

static void done(struct one *o)
{
    mlp_net_run_fini(&o->run);
    mlp_arena_fini(&o->arena);
}

static struct mlp_onnx_attr number(const char *name, int64_t i)
{
    return (struct mlp_onnx_attr){.name = mlp_str_from(name), .type = MLP_ATTR_INT, .i = i};
}

static struct mlp_onnx_attr text(const char *name, const char *s)
{
    return (struct mlp_onnx_attr){.name = mlp_str_from(name), .type = MLP_ATTR_STRING,
                                  .s = mlp_str_from(s)};
}

static struct mlp_onnx_attr numbers(const char *name, const int64_t *p, size_t n)
{
    return (struct mlp_onnx_attr){.name = mlp_str_from(name), .type = MLP_ATTR_INTS, .n = n,
                                  .ints = p};
}

static struct mlp_onnx_attr texts(const char *name, const struct mlp_str *p, size_t n)
{
    return (struct mlp_onnx_attr){.name = mlp_str_from(name), .type = MLP_ATTR_STRINGS, .n = n,
                                  .strings = p};
}

/* A vector; its elements are the caller's. */
static struct mlp_tensor vector(enum mlp_dtype type, const void *p, size_t n)
{
    struct mlp_tensor t = {.type = type, .rank = 1, .dims = {(int64_t)n}, .n = n};
    memcpy(&t.data, &p, sizeof(p));
    return t;
}

static bool says(const struct mlp_tensor *t, size_t i, const char *text_)
{
    return i < t->n && t->type == MLP_DT_STRING && mlp_str_is(t->str[i], text_);
}

/* --- small floats --- */

START_TEST(small_floats_read_back)
{
    for (enum mlp_dtype t = MLP_DT_FLOAT8E4M3FN; t <= MLP_DT_FLOAT8E5M2FNUZ; t++)
        for (unsigned b = 0; b < 256; b++) {
            float x = mlp_tiny_number(t, (uint8_t)b);
            ck_assert(isnan(x) || mlp_tiny_bits(t, (double)x, false) == b);
        }
    for (unsigned b = 0; b < 16; b++)
        ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT4E2M1,
                                        (double)mlp_tiny_number(MLP_DT_FLOAT4E2M1, (uint8_t)b),
                                        true), b);
    ck_assert(mlp_tiny_number(MLP_DT_FLOAT8E4M3FN, 0x7E) == 448);
    ck_assert(mlp_tiny_number(MLP_DT_FLOAT8E5M2, 0x7B) == 57344);
    ck_assert(mlp_tiny_number(MLP_DT_FLOAT8E4M3FNUZ, 0x7F) == 240);
    ck_assert(isnan(mlp_tiny_number(MLP_DT_FLOAT8E5M2FNUZ, 0x80)));
    ck_assert(isinf(mlp_tiny_number(MLP_DT_FLOAT8E5M2, 0x7C)));
}
END_TEST

START_TEST(small_floats_round_to_even_and_saturate)
{
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E4M3FN, 464, false), 0x7E); /* a tie: down */
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E4M3FN, 465, true), 0x7E);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E4M3FN, 465, false), 0x7F);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E5M2, -1e9, false), 0xFC);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E5M2, -INFINITY, true), 0xFB);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E4M3FNUZ, -0.0, true), 0);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E4M3FN, 1.0625, true), 0x38);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E4M3FN, 1.1875, true), 0x3A);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT4E2M1, 100, true), 7);
    ck_assert_uint_eq(mlp_tiny_bits(MLP_DT_FLOAT8E8M0, 3, true), 129);
    uint8_t packed[5] = {0x8F, 0x07, 0, 0, 0};
    mlp_tiny_unpack(MLP_DT_INT4, packed, 3);
    ck_assert(packed[0] == 0xFF && packed[1] == 0xF8 && packed[2] == 7 && packed[3] == 0);
}
END_TEST

START_TEST(casts_go_through_small_types)
{
    const float x[4] = {1.3F, -500, 7, NAN};
    struct one o = {.op = "Cast", .attrs = {number("to", MLP_DT_FLOAT8E4M3FN)}};
    o.in[0] = vector(MLP_DT_FLOAT, x, 4);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].u8[0] == 0x3A && o.out[0].u8[1] == 0xFE && o.out[0].u8[2] == 0x4E);
    ck_assert(isnan(mlp_tensor_number(&o.out[0], 3)));
    done(&o);
    o.attrs[0] = number("to", 64);
    ck_assert_int_eq(run(&o, 1), MLP_EINPUT);
    done(&o);
}
END_TEST

/* --- texts --- */

START_TEST(letters_change_one_by_one)
{
    ck_assert(mlp_unicode_upper('a') == 'A' && mlp_unicode_upper(0xE9) == 0xC9);
    ck_assert(mlp_unicode_upper(0xDF) == 0xDF && mlp_unicode_upper(0xB5) == 0x39C);
}
END_TEST

START_TEST(texts_are_normalized)
{
    struct mlp_str x[4] = {MLP_STR("Monday"), MLP_STR("tuesday"), MLP_STR("\xC3\x89t\xC3\xA9"),
                           MLP_STR("monday")};
    struct mlp_str stop[1] = {MLP_STR("mOnday")};
    struct one o = {.op = "StringNormalizer",
                    .attrs = {text("case_change_action", "UPPER"), texts("stopwords", stop, 1)}};
    o.in[0] = vector(MLP_DT_STRING, x, 4);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].n == 2 && says(&o.out[0], 0, "TUESDAY"));
    ck_assert(says(&o.out[0], 1, "\xC3\x89T\xC3\x89"));
    done(&o);
    o.in[0].n = 1;
    o.in[0].dims[0] = 1;
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].n == 1 && says(&o.out[0], 0, ""));
    done(&o);
}
END_TEST

START_TEST(texts_are_split_and_joined)
{
    struct mlp_str x[3] = {MLP_STR("a,,b"), MLP_STR(""), MLP_STR("c")};
    struct one o = {.op = "StringSplit", .attrs = {text("delimiter", ",")}};
    o.in[0] = vector(MLP_DT_STRING, x, 3);
    ck_assert_int_eq(run(&o, 2), MLP_OK);
    ck_assert(o.out[0].rank == 2 && o.out[0].dims[1] == 3 && o.out[1].i64[0] == 3);
    ck_assert(says(&o.out[0], 2, "b") && says(&o.out[0], 7, ""));
    done(&o);
    struct one c = {.op = "StringConcat"};
    c.in[0] = c.in[1] = o.in[0];
    c.in[1].n = 1;
    c.in[1].dims[0] = 1;
    ck_assert_int_eq(run(&c, 1), MLP_OK);
    ck_assert(says(&c.out[0], 2, "ca,,b") && c.out[0].n == 3);
    done(&c);
}
END_TEST

static bool matches(const char *pattern, const char *s)
{
    struct mlp_arena a;
    struct mlp_err e;
    struct mlp_nfa n;
    struct mlp_nfa_run r;
    mlp_arena_init(&a, 1 << 22);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_nfa_compile(&n, &a, mlp_str_from(pattern), &e), MLP_OK);
    ck_assert_int_eq(mlp_nfa_run_init(&r, &a, &n, &e), MLP_OK);
    bool is = mlp_nfa_full(&r, mlp_str_from(s));
    mlp_arena_fini(&a);
    return is;
}

START_TEST(patterns_match_as_re2_has_them)
{
    ck_assert(matches("www\\.[\\w.-]+\\.\\bcom\\b", "www.a-b.com"));
    ck_assert(!matches("www\\.[\\w.-]+\\.\\bcom\\b", "www.a-b.comx"));
    ck_assert(matches("(\\W|^)[\\w.\\-]{0,25}@(yahoo|gmail)\\.com(\\W|$)", "a.b@gmail.com"));
    ck_assert(matches("(a|ab)(c|bcd)(d*)", "abcd") && matches("", "") && !matches("", "a"));
    ck_assert(matches("[^a]x{2,3}", "\xC3\xA9xx") && !matches("x{2,3}", "xxxx"));
    ck_assert(matches("[[:alpha:]]+\\d\\x41", "zz9A") && !matches(".", "\n"));
    ck_assert(matches("(?:a|)(?P<n>b)+", "abb") && matches("[]a]+", "]a"));
    ck_assert(matches("a{,2}", "a{,2}"));
    ck_assert(matches("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
}
END_TEST

START_TEST(patterns_that_make_no_sense_are_refused)
{
    static const char *const bad[] = {"(", ")", "a**", "*", "[a", "[b-a]", "\\", "a{2000}",
                                      "\\pL", "(?i)a", "x{5,2}", "\\x{110000}", "(?=a)",
                                      "((((a{99}){99}){99}){99})", "((((){999}){999}){999}){999}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct mlp_arena a;
        struct mlp_err e;
        struct mlp_nfa n;
        mlp_arena_init(&a, 1 << 24);
        mlp_err_init(&e);
        ck_assert_msg(mlp_nfa_compile(&n, &a, mlp_str_from(bad[i]), &e) == MLP_EINPUT, "%s",
                      bad[i]);
        mlp_arena_fini(&a);
    }
}
END_TEST

START_TEST(a_search_is_leftmost_longest)
{
    struct mlp_arena a;
    struct mlp_err e;
    struct mlp_nfa n;
    struct mlp_nfa_run r;
    size_t start, end;
    mlp_arena_init(&a, 1 << 22);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_nfa_compile(&n, &a, MLP_STR("ab|abcd|cde+"), &e), MLP_OK);
    ck_assert_int_eq(mlp_nfa_run_init(&r, &a, &n, &e), MLP_OK);
    ck_assert(mlp_nfa_search(&r, MLP_STR("xxabcdeee"), 0, &start, &end));
    ck_assert(start == 2 && end == 6);
    ck_assert(mlp_nfa_search(&r, MLP_STR("xxabcdeee"), 3, &start, &end));
    ck_assert(start == 4 && end == 9);
    ck_assert(!mlp_nfa_search(&r, MLP_STR("xxabcdeee"), 5, &start, &end));
    mlp_arena_fini(&a);
}
END_TEST

START_TEST(ngrams_are_counted_and_weighed)
{
    static const int64_t starts[] = {0, 3}, columns[] = {3, 0, 1, 2};
    static const float weights[] = {2, 3, 5, 7};
    struct mlp_str pool[] = {MLP_STR("a"), MLP_STR("b"), MLP_STR("c"), MLP_STR("a"), MLP_STR("b")};
    struct mlp_str x[] = {MLP_STR("a"), MLP_STR("b"), MLP_STR("b"), MLP_STR("c"), MLP_STR("c"),
                          MLP_STR("c")};
    struct mlp_onnx_attr w = {.name = MLP_STR("weights"), .type = MLP_ATTR_FLOATS, .n = 4,
                              .floats = weights};
    struct one o = {.op = "TfIdfVectorizer",
                    .attrs = {text("mode", "TFIDF"), number("min_gram_length", 1),
                              number("max_gram_length", 2), number("max_skip_count", 0),
                              numbers("ngram_counts", starts, 2),
                              numbers("ngram_indexes", columns, 4),
                              texts("pool_strings", pool, 5), w}};
    o.in[0] = vector(MLP_DT_STRING, x, 6);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    const float *y = o.out[0].f32;
    ck_assert(o.out[0].n == 4 && y[0] == 6 && y[1] == 15 && y[2] == 7 && y[3] == 2);
    done(&o);
    o.attrs[6].n = 4; /* a pool that does not hold whole pairs */
    ck_assert_int_eq(run(&o, 1), MLP_EINPUT);
    done(&o);
}
END_TEST

START_TEST(tokens_are_cut_and_padded)
{
    struct mlp_str x[] = {MLP_STR("the fox, x"), MLP_STR("a")};
    struct one o = {.domain = "com.microsoft", .op = "Tokenizer",
                    .attrs = {text("tokenexp", "[a-zA-Z0-9_]+"), number("mincharnum", 2),
                              text("pad_value", "#")}};
    o.in[0] = vector(MLP_DT_STRING, x, 2);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].rank == 2 && o.out[0].dims[1] == 2 && says(&o.out[0], 0, "the"));
    ck_assert(says(&o.out[0], 1, "fox") && says(&o.out[0], 2, "#"));
    done(&o);
}
END_TEST

/* --- quantized tensors --- */

START_TEST(numbers_are_quantized_and_back)
{
    const float x[6] = {0.5F, 1.5F, -2.5F, 1e9F, -INFINITY, 10}, scale[1] = {1};
    const uint8_t zero[1] = {3};
    struct one o = {.op = "QuantizeLinear"};
    o.in[0] = vector(MLP_DT_FLOAT, x, 6);
    o.in[1] = vector(MLP_DT_FLOAT, scale, 1);
    o.in[2] = vector(MLP_DT_UINT8, zero, 1);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    const uint8_t want[6] = {3, 5, 1, 255, 0, 13};
    ck_assert_mem_eq(o.out[0].u8, want, 6);
    done(&o);
    const int8_t q[4] = {-128, 0, 5, 127}, zeros[2] = {1, -1};
    const float scales[2] = {0.5F, 2};
    struct one d = {.op = "DequantizeLinear", .attrs = {number("axis", 0)}};
    d.in[0] = vector(MLP_DT_INT8, q, 4);
    d.in[0].rank = 2;
    d.in[0].dims[0] = d.in[0].dims[1] = 2;
    d.in[1] = vector(MLP_DT_FLOAT, scales, 2);
    d.in[2] = vector(MLP_DT_INT8, zeros, 2);
    ck_assert_int_eq(run(&d, 1), MLP_OK);
    const float *y = d.out[0].f32;
    ck_assert(y[0] == -64.5F && y[1] == -0.5F && y[2] == 12 && y[3] == 256);
    done(&d);
    d.attrs[0] = number("axis", 2);
    ck_assert_int_eq(run(&d, 1), MLP_EINPUT);
    done(&d);
}
END_TEST

START_TEST(blocks_have_scales_of_their_own)
{
    const float x[5] = {1, 2, 3, 4, 5}, scales[3] = {1, 0.5F, 0.25F};
    struct one o = {.op = "QuantizeLinear",
                    .attrs = {number("axis", 0), number("block_size", 2),
                              number("output_dtype", MLP_DT_INT4)}};
    o.in[0] = vector(MLP_DT_FLOAT, x, 5);
    o.in[1] = vector(MLP_DT_FLOAT, scales, 3);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].type == MLP_DT_INT4 && o.out[0].i8[1] == 2 && o.out[0].i8[2] == 6);
    ck_assert(o.out[0].i8[3] == 7 && o.out[0].i8[4] == 7);
    done(&o);
    o.attrs[1] = number("block_size", 3);
    ck_assert_int_eq(run(&o, 1), MLP_EINPUT);
    done(&o);
}
END_TEST

START_TEST(a_tensor_finds_its_own_scale)
{
    const float x[3] = {-1, 0, 4};
    struct one o = {.op = "DynamicQuantizeLinear"};
    o.in[0] = vector(MLP_DT_FLOAT, x, 3);
    ck_assert_int_eq(run(&o, 3), MLP_OK);
    ck_assert(o.out[0].u8[0] == 0 && o.out[0].u8[1] == 51 && o.out[0].u8[2] == 255);
    ck_assert(o.out[1].f32[0] == 5.0F / 255 && o.out[2].u8[0] == 51);
    done(&o);
}
END_TEST

static struct mlp_tensor matrix(enum mlp_dtype type, const void *p, int64_t rows, int64_t cols)
{
    struct mlp_tensor t = vector(type, p, (size_t)(rows * cols));
    t.rank = 2;
    t.dims[0] = rows;
    t.dims[1] = cols;
    return t;
}

START_TEST(bytes_are_multiplied)
{
    const uint8_t a[4] = {11, 7, 3, 255}, za[1] = {12};
    const int8_t b[4] = {1, -128, 2, 127};
    struct one o = {.op = "MatMulInteger"};
    o.in[0] = matrix(MLP_DT_UINT8, a, 2, 2);
    o.in[1] = matrix(MLP_DT_INT8, b, 2, 2);
    o.in[2] = vector(MLP_DT_UINT8, za, 1);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].i32[0] == -11 && o.out[0].i32[1] == 128 - 635);
    ck_assert(o.out[0].i32[2] == -9 + 486 && o.out[0].i32[3] == 1152 + 30861);
    done(&o);
    o.in[1].dims[0] = 1;
    o.in[1].dims[1] = 4;
    ck_assert_int_eq(run(&o, 1), MLP_EINPUT);
    done(&o);
}
END_TEST

START_TEST(products_of_bytes_saturate)
{
    const int8_t a[2] = {100, -100}, b[1] = {100}, zero[1] = {0};
    const float scale[1] = {0.1F};
    struct one o = {.op = "QLinearMatMul"};
    o.in[0] = matrix(MLP_DT_INT8, a, 2, 1);
    o.in[3] = matrix(MLP_DT_INT8, b, 1, 1);
    for (size_t i = 0; i < 8; i++)
        if (i % 3)
            o.in[i] = i == 2 || i == 5 || i == 7 ? vector(MLP_DT_INT8, zero, 1)
                                                 : vector(MLP_DT_FLOAT, scale, 1);
    o.in[6] = vector(MLP_DT_FLOAT, scale, 1);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].i8[0] == 127 && o.out[0].i8[1] == -128);
    done(&o);
}
END_TEST

START_TEST(bytes_are_convolved)
{
    const uint8_t x[9] = {2, 3, 4, 5, 6, 7, 8, 9, 10}, w[4] = {1, 1, 1, 1}, zero[1] = {1};
    struct one o = {.op = "ConvInteger"};
    o.in[0] = vector(MLP_DT_UINT8, x, 9);
    o.in[0].rank = 4;
    memcpy(o.in[0].dims, (int64_t[]){1, 1, 3, 3}, 4 * sizeof(int64_t));
    o.in[1] = vector(MLP_DT_UINT8, w, 4);
    o.in[1].rank = 4;
    memcpy(o.in[1].dims, (int64_t[]){1, 1, 2, 2}, 4 * sizeof(int64_t));
    o.in[2] = vector(MLP_DT_UINT8, zero, 1);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    const int32_t want[4] = {12, 16, 24, 28};
    ck_assert(o.out[0].n == 4);
    ck_assert_mem_eq(o.out[0].i32, want, sizeof want);
    done(&o);
}
END_TEST

/* --- sequences, optional values, maps --- */

START_TEST(sequences_are_cut_and_joined)
{
    const float x[5] = {1, 2, 3, 4, 5};
    const int64_t two[1] = {2}, minus[1] = {-1};
    struct one o = {.op = "SplitToSequence"};
    o.in[0] = vector(MLP_DT_FLOAT, x, 5);
    o.in[1] = vector(MLP_DT_INT64, two, 1);
    o.in[1].rank = 0;
    ck_assert_int_eq(run(&o, 1), MLP_EINPUT); /* a sequence that is declared as a tensor */
    ck_assert_ptr_nonnull(strstr(o.e.message, "sequence"));
    done(&o);
    const struct mlp_tensor items[2] = {vector(MLP_DT_FLOAT, x, 2), vector(MLP_DT_FLOAT, x + 2, 3)};
    struct mlp_tensor s = {.type = MLP_DT_SEQUENCE, .n = 2};
    s.items = items;
    struct one c = {.op = "ConcatFromSequence", .attrs = {number("axis", 0)}};
    c.in[0] = s;
    ck_assert_int_eq(run(&c, 1), MLP_OK);
    ck_assert(c.out[0].n == 5 && c.out[0].f32[4] == 5);
    done(&c);
    struct one at = {.op = "SequenceAt"};
    at.in[0] = s;
    at.in[1] = vector(MLP_DT_INT64, minus, 1);
    ck_assert_int_eq(run(&at, 1), MLP_OK);
    ck_assert(at.out[0].n == 3 && at.out[0].f32[0] == 3);
    done(&at);
    at.in[1] = vector(MLP_DT_INT64, two, 1);
    ck_assert_int_eq(run(&at, 1), MLP_EINPUT);
    done(&at);
    struct one relu = {.op = "Relu"};
    relu.in[0] = s;
    ck_assert_int_eq(run(&relu, 1), MLP_EINPUT);
    done(&relu);
}
END_TEST

START_TEST(values_differ_once)
{
    const int64_t x[6] = {2, 1, 1, 3, 4, 3};
    struct one o = {.op = "Unique", .attrs = {number("sorted", 0)}};
    o.in[0] = vector(MLP_DT_INT64, x, 6);
    ck_assert_int_eq(run(&o, 4), MLP_OK);
    const int64_t y[4] = {2, 1, 3, 4}, first[4] = {0, 1, 3, 4}, where[6] = {0, 1, 1, 2, 3, 2};
    ck_assert(o.out[0].n == 4 && o.out[3].i64[2] == 2);
    ck_assert_mem_eq(o.out[0].i64, y, sizeof y);
    ck_assert_mem_eq(o.out[1].i64, first, sizeof first);
    ck_assert_mem_eq(o.out[2].i64, where, sizeof where);
    done(&o);
}
END_TEST

START_TEST(losses_are_weighed)
{
    const float x[6] = {-1, -2, -3, -4, -5, -6}, w[3] = {1, 2, 3};
    const int64_t classes[2] = {2, 0};
    struct one o = {.op = "NegativeLogLikelihoodLoss"};
    o.in[0] = matrix(MLP_DT_FLOAT, x, 2, 3);
    o.in[1] = vector(MLP_DT_INT64, classes, 2);
    o.in[2] = vector(MLP_DT_FLOAT, w, 3);
    ck_assert_int_eq(run(&o, 1), MLP_OK);
    ck_assert(o.out[0].rank == 0 && o.out[0].f32[0] == 13.0F / 4);
    done(&o);
    const int64_t bad[2] = {3, 0};
    o.in[1] = vector(MLP_DT_INT64, bad, 2);
    ck_assert_int_eq(run(&o, 1), MLP_EINPUT);
    done(&o);
}
END_TEST

static void add_quantized(TCase *t)
{
    tcase_add_test(t, numbers_are_quantized_and_back);
    tcase_add_test(t, blocks_have_scales_of_their_own);
    tcase_add_test(t, a_tensor_finds_its_own_scale);
    tcase_add_test(t, bytes_are_multiplied);
    tcase_add_test(t, products_of_bytes_saturate);
    tcase_add_test(t, bytes_are_convolved);
    tcase_add_test(t, sequences_are_cut_and_joined);
    tcase_add_test(t, values_differ_once);
    tcase_add_test(t, losses_are_weighed);
}

static void add_texts(TCase *t)
{
    tcase_add_test(t, letters_change_one_by_one);
    tcase_add_test(t, texts_are_normalized);
    tcase_add_test(t, texts_are_split_and_joined);
    tcase_add_test(t, patterns_match_as_re2_has_them);
    tcase_add_test(t, patterns_that_make_no_sense_are_refused);
    tcase_add_test(t, a_search_is_leftmost_longest);
    tcase_add_test(t, ngrams_are_counted_and_weighed);
    tcase_add_test(t, tokens_are_cut_and_padded);
}

Suite *suite_net_types(void)
{
    Suite *s = suite_create("net_types");
    TCase *t = tcase_create("net_types");
    tcase_add_test(t, small_floats_read_back);
    tcase_add_test(t, small_floats_round_to_even_and_saturate);
    tcase_add_test(t, casts_go_through_small_types);
    add_texts(t);
    add_quantized(t);
    suite_add_tcase(s, t);
    return s;
}
