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
    suite_add_tcase(s, t);
    return s;
}
