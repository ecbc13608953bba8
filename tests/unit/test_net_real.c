/* Operators of networks over real numbers: recurrent cells, attention, convolutions, resizing, sums
 * of products. One node at a time, built in memory, on sines; what they give is what onnxruntime
 * 1.32 gives. */
#include <math.h>

#include "net/net.h"
#include "suites.h"

#define MOST 8

/* A node as a network of its own. The data of the inputs lie in `arena` too. */
struct fixture {
    struct mlp_arena arena;
    struct mlp_err e;
    struct mlp_onnx_attr attrs[8];
    struct mlp_tensor in[MOST], out[MOST];
    struct mlp_str names[2 * MOST];
    struct mlp_net_run run;
    size_t nin, nattrs;
};

static void setup(struct fixture *f)
{
    *f = (struct fixture){.nin = 0};
    mlp_arena_init(&f->arena, 1 << 24);
    mlp_err_init(&f->e);
}

static void teardown(struct fixture *f)
{
    mlp_net_run_fini(&f->run);
    mlp_arena_fini(&f->arena);
}

static struct mlp_tensor *add(struct fixture *f, enum mlp_dtype type, uint32_t rank,
                              const int64_t *dims)
{
    struct mlp_tensor *t = &f->in[f->nin++];
    ck_assert_int_eq(mlp_tensor_make(t, &f->arena, type, rank, dims, &f->e), MLP_OK);
    return t;
}

#define DIMS(...) (sizeof((const int64_t[]){__VA_ARGS__}) / 8), (const int64_t[]){__VA_ARGS__}

/* An input of sines: scale * sin(0.7 i + seed). */
static void sines(struct fixture *f, double seed, double scale, uint32_t rank,
                  const int64_t *dims)
{
    struct mlp_tensor *t = add(f, MLP_DT_FLOAT, rank, dims);
    for (size_t i = 0; i < t->n; i++)
        t->f32[i] = (float)(scale * sin((double)i * 0.7 + seed));
}

static void whole(struct fixture *f, enum mlp_dtype type, size_t n, const int64_t *from)
{
    struct mlp_tensor *t = add(f, type, 1, (const int64_t[]){(int64_t)n});
    for (size_t i = 0; i < n; i++)
        if (type == MLP_DT_INT32)
            t->i32[i] = (int32_t)from[i];
        else
            t->i64[i] = from[i];
}

static void leave_out(struct fixture *f)
{
    f->in[f->nin++].type = MLP_DT_NONE;
}

static struct mlp_onnx_attr *attr(struct fixture *f, const char *name,
                                  enum mlp_onnx_attr_type type)
{
    struct mlp_onnx_attr *a = &f->attrs[f->nattrs++];
    a->name = mlp_str_from(name);
    a->type = type;
    return a;
}

static void number(struct fixture *f, const char *name, int64_t i)
{
    attr(f, name, MLP_ATTR_INT)->i = i;
}

static void real(struct fixture *f, const char *name, float x)
{
    attr(f, name, MLP_ATTR_FLOAT)->f = x;
}

static void text(struct fixture *f, const char *name, const char *s)
{
    attr(f, name, MLP_ATTR_STRING)->s = mlp_str_from(s);
}

static void list(struct fixture *f, const char *name, size_t n, const int64_t *p)
{
    struct mlp_onnx_attr *a = attr(f, name, MLP_ATTR_INTS);
    a->ints = p;
    a->n = n;
}

/* Runs the node; inputs 1 and 2 are constants where `fixed`. */
static enum mlp_code run(struct fixture *f, const char *op, int64_t opset, size_t nout, bool fixed)
{
    static const char *const letters[] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                          "p", "q", "r", "s", "t", "u", "v", "w"};
    struct mlp_onnx_value in[MOST], out[MOST];
    struct mlp_tensor given[MOST], inits[MOST];
    struct mlp_str init_names[MOST];
    struct mlp_onnx_opset version = {MLP_STR(""), opset};
    struct mlp_onnx_node node = {.name = MLP_STR("n"), .op_type = mlp_str_from(op), .nout = nout,
                                 .nin = f->nin, .attrs = f->attrs, .nattrs = f->nattrs,
                                 .in = f->names, .out = f->names + MOST};
    struct mlp_onnx_model m = {.nopsets = 1, .opsets = &version};
    struct mlp_onnx_graph *g = &m.graph;
    struct mlp_net *net;
    *g = (struct mlp_onnx_graph){.nnodes = 1, .nodes = &node, .noutputs = nout, .inputs = in,
                                 .outputs = out, .init_names = init_names, .inits = inits};
    for (size_t i = 0; i < f->nin; i++) {
        const struct mlp_tensor *t = &f->in[i];
        f->names[i] = mlp_str_from(t->type ? letters[i] : "");
        if (t->type && fixed && (i == 1 || i == 2)) {
            init_names[g->ninits] = f->names[i];
            inits[g->ninits++] = *t;
        } else if (t->type) {
            in[g->ninputs] = (struct mlp_onnx_value){.name = f->names[i], .type = t->type,
                                                     .rank = -1};
            given[g->ninputs++] = *t;
        }
    }
    for (size_t i = 0; i < nout; i++) {
        f->names[MOST + i] = mlp_str_from(letters[MOST + i]);
        out[i] = (struct mlp_onnx_value){.name = f->names[MOST + i], .type = MLP_DT_FLOAT,
                                         .rank = -1};
    }
    if (mlp_net_load(&m, &f->arena, &net, &f->e) ||
        mlp_net_run_init(&f->run, net, 1 << 24, &f->e))
        return f->e.code;
    return mlp_net_run(&f->run, given, f->out, &f->e);
}

static void expect(const struct fixture *f, size_t i, size_t n, const float *want)
{
    ck_assert_uint_eq(f->out[i].n, n);
    for (size_t k = 0; k < n; k++)
        ck_assert_double_eq_tol((double)f->out[i].f32[k], (double)want[k], 2e-6);
}

#define EXPECT(f, i, ...) \
    expect(f, i, sizeof((const float[]){__VA_ARGS__}) / 4, (const float[]){__VA_ARGS__})

/* --- recurrent --- */

static void give_lstm(struct fixture *f, int64_t second_length)
{
    sines(f, 0, 0.5, DIMS(3, 2, 2));
    sines(f, 1, 0.5, DIMS(2, 8, 2));
    sines(f, 2, 0.5, DIMS(2, 8, 2));
    sines(f, 3, 0.5, DIMS(2, 16));
    whole(f, MLP_DT_INT32, 2, (const int64_t[]){3, second_length});
    sines(f, 4, 0.5, DIMS(2, 2, 2));
    sines(f, 5, 0.5, DIMS(2, 2, 2));
    sines(f, 6, 0.5, DIMS(2, 6));
    number(f, "hidden_size", 2);
    text(f, "direction", "bidirectional");
}

START_TEST(an_lstm_goes_both_ways)
{
    struct fixture f;
    setup(&f);
    give_lstm(&f, 2);
    ck_assert_int_eq(run(&f, "LSTM", 14, 3, _i == 1), MLP_OK);
    EXPECT(&f, 0, 0.1091618F, 0.05814712F, 0.1155028F, 0.1207341F, -0.3354965F, -0.01724955F,
           -0.2322001F, -0.04331486F, 0.1272177F, 0.128813F, 0.1516599F, 0.2033387F, -0.3130108F,
           0.007792339F, -0.2787213F, -0.1047068F, 0.1220521F, 0.1752893F, 0, 0, -0.1677467F,
           -0.04693883F, 0, 0);
    EXPECT(&f, 1, 0.1220521F, 0.1752893F, 0.1516599F, 0.2033387F, -0.3354965F, -0.01724955F,
           -0.2322001F, -0.04331486F);
    EXPECT(&f, 2, 0.3597609F, 0.5115085F, 0.3742288F, 0.5436047F, -0.5562987F, -0.03907019F,
           -0.3502464F, -0.1093226F);
    teardown(&f);
}
END_TEST

static void give_gru(struct fixture *f, int64_t seq, int64_t batch)
{
    sines(f, 0, 2, DIMS(seq, batch, 2));
    sines(f, 1, 0.5, DIMS(1, 9, 2));
    sines(f, 2, 0.5, DIMS(1, 9, 3));
    sines(f, 3, 0.5, DIMS(1, 18));
}

START_TEST(a_gru_resets_before_or_after)
{
    struct fixture f;
    setup(&f);
    give_gru(&f, 3, 1);
    text(&f, "direction", "reverse");
    number(&f, "linear_before_reset", 1);
    real(&f, "clip", 0.3F);
    ck_assert_int_eq(run(&f, "GRU", 14, 2, false), MLP_OK);
    EXPECT(&f, 0, 0.1372668F, 0.04936373F, 0.2688617F, 0.116283F, -0.06604242F, 0.2385561F,
           0.1407924F, 0.1673423F, 0.1673423F);
    EXPECT(&f, 1, 0.1372668F, 0.04936373F, 0.2688617F);
    teardown(&f);

    setup(&f);
    give_gru(&f, 3, 1);
    ck_assert_int_eq(run(&f, "GRU", 14, 2, false), MLP_OK);
    EXPECT(&f, 1, 0.4428555F, 0.3112411F, 0.6479349F);
    teardown(&f);
}
END_TEST

START_TEST(a_sequence_or_batch_may_be_empty)
{
    struct fixture f;
    setup(&f);
    give_gru(&f, _i ? 0 : 5, _i ? 2 : 0);
    ck_assert_int_eq(run(&f, "GRU", 14, 2, false), MLP_OK);
    ck_assert_uint_eq(f.out[0].n, 0);
    ck_assert_uint_eq(f.out[1].n, _i ? 6 : 0);
    teardown(&f);
}
END_TEST

static const struct mlp_str LEAKY[] = {{"LeakyRelu", 9}};
static const float THIRD[] = {0.3F};

START_TEST(an_rnn_takes_its_activation)
{
    struct fixture f;
    struct mlp_onnx_attr *a;
    setup(&f);
    sines(&f, 0, 0.5, DIMS(2, 2, 2));
    sines(&f, 1, 0.5, DIMS(1, 3, 2));
    sines(&f, 2, 0.5, DIMS(1, 3, 3));
    a = attr(&f, "activations", MLP_ATTR_STRINGS);
    a->strings = LEAKY;
    a->n = 1;
    a = attr(&f, "activation_alpha", MLP_ATTR_FLOATS);
    a->floats = THIRD;
    a->n = 1;
    ck_assert_int_eq(run(&f, "RNN", 14, 2, false), MLP_OK);
    EXPECT(&f, 1, 0.06358442F, 0.000903286F, 0.006927906F, -0.0552083F, -0.1136529F, 0.3541218F);
    teardown(&f);
}
END_TEST

START_TEST(recurrent_inputs_that_do_not_fit_are_refused)
{
    struct fixture f;
    setup(&f);
    give_lstm(&f, _i == 0 ? 4 : 2);  /* a sequence longer than the longest */
    if (_i == 1)
        f.in[2].dims[2] = 1;         /* R of another hidden size */
    if (_i == 2)
        f.in[1].rank = 2;
    if (_i == 3)
        f.in[7].dims[1] = 5;
    if (_i == 4)
        f.attrs[0].i = 3;
    if (_i == 5)
        f.attrs[1].s = MLP_STR("sideways");
    ck_assert_int_eq(run(&f, "LSTM", 14, 3, false), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(f.e.message, "LSTM"));
    teardown(&f);
}
END_TEST

/* --- attention --- */

static void give_attention(struct fixture *f)
{
    sines(f, 0, 2, DIMS(1, 2, 8));
    sines(f, 1, 2, DIMS(1, 2, 4));
    sines(f, 2, 0.5, DIMS(1, 2, 4));
    leave_out(f);
    sines(f, 3, 0.5, DIMS(1, 2, 1, 2));
    sines(f, 4, 0.5, DIMS(1, 2, 1, 2));
    number(f, "q_num_heads", 4);
    number(f, "kv_num_heads", 2);
    number(f, "is_causal", 1);
    real(f, "softcap", 1.5F);
}

START_TEST(heads_share_keys_and_see_the_past)
{
    struct fixture f;
    setup(&f);
    give_attention(&f);
    ck_assert_int_eq(run(&f, "Attention", 23, 3, false), MLP_OK);
    EXPECT(&f, 0, 0.3016682F, 0.08263561F, 0.3279381F, 0.1051404F, -0.2215123F, -0.2938489F,
           -0.3618779F, -0.1212182F, -0.3850008F, -0.3401908F, 0.3006027F, 0.09220447F,
           -0.1533763F, -0.3287092F, -0.167159F, 0.1035157F);
    EXPECT(&f, 2, -0.3784012F, -0.4999616F, 0.4546487F, 0.2136899F, -0.4980823F, -0.3527701F,
           -0.3863823F, -0.09108125F, -0.1277706F, -0.4091386F, -0.0415447F, 0.2892199F);
    teardown(&f);
}
END_TEST

START_TEST(heads_that_do_not_fit_are_refused)
{
    struct fixture f;
    setup(&f);
    give_attention(&f);
    f.attrs[0].i = _i == 0 ? 3 : _i == 1 ? -1 : 4;
    if (_i == 2)
        f.in[4].dims[3] = 1; /* a past of narrower heads */
    ck_assert_int_eq(run(&f, "Attention", 23, 3, false), MLP_EINPUT);
    teardown(&f);
}
END_TEST

/* --- convolutions --- */

static const int64_t TWO_ONE[] = {2, 1}, ONE_TWO[] = {1, 2}, TWOS[] = {2, 2}, ONE_ZERO[] = {1, 0};
static const int64_t CORNERS[] = {1, 0, 0, 1}, SIDES[] = {0, 1, 1, 0};
static const int64_t HUGE_LIST[] = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};

START_TEST(a_convolution_has_groups_strides_and_gaps)
{
    struct fixture f;
    setup(&f);
    sines(&f, 0, 0.5, DIMS(1, 4, 3, 5));
    sines(&f, 1, 0.5, DIMS(2, 2, 2, 3));
    sines(&f, 2, 0.5, DIMS(2));
    number(&f, "group", 2);
    list(&f, "strides", 2, TWO_ONE);
    list(&f, "pads", 4, CORNERS);
    list(&f, "dilations", 2, ONE_TWO);
    ck_assert_int_eq(run(&f, "Conv", 11, 1, _i == 1), MLP_OK);
    EXPECT(&f, 0, -0.00690043F, 0.1294393F, -0.2408661F, -0.03474173F, -0.2347948F, 0.1019856F,
           -0.4587358F, -0.1348291F);
    teardown(&f);
}
END_TEST

static void give_transposed(struct fixture *f)
{
    sines(f, 0, 0.5, DIMS(1, 2, 2, 2));
    sines(f, 1, 0.5, DIMS(2, 1, 2, 3));
    sines(f, 2, 0.5, DIMS(1));
    list(f, "strides", 2, TWOS);
    list(f, "pads", 4, SIDES);
    list(f, "output_padding", 2, ONE_ZERO);
}

START_TEST(a_transposed_convolution_pads_its_output)
{
    struct fixture f;
    setup(&f);
    give_transposed(&f);
    ck_assert_int_eq(run(&f, "ConvTranspose", 11, 1, false), MLP_OK);
    EXPECT(&f, 0, 0.4233376F, 0.6937373F, 0.6471481F, 0.5361142F, 0.5375046F, 0.4422874F,
           0.2693437F, 0.2390735F, 0.7804232F, 0.951754F, 0.7604814F, 0.5238966F, 0.08833474F,
           -0.1305402F, 0.07960895F, 0.08086145F);
    teardown(&f);
}
END_TEST

START_TEST(windows_beyond_memory_are_refused)
{
    struct fixture f;
    setup(&f);
    give_transposed(&f);
    f.attrs[_i % 3].ints = HUGE_LIST;
    ck_assert_int_ne(run(&f, _i < 3 ? "ConvTranspose" : "Conv", 11, 1, false), MLP_OK);
    teardown(&f);

    setup(&f);
    sines(&f, 0, 1, DIMS(0, 1, 4, 4)); /* nothing to compute, yet sizes are looked at */
    list(&f, "kernel_shape", 2, HUGE_LIST);
    list(&f, "pads", 4, HUGE_LIST);
    ck_assert_int_ne(run(&f, "MaxPool", 12, 1, false), MLP_OK);
    teardown(&f);
}
END_TEST

/* --- others --- */

START_TEST(cubic_resizing_goes_by_axes)
{
    struct fixture f;
    setup(&f);
    sines(&f, 0, 2, DIMS(1, 1, 3, 3));
    leave_out(&f);
    leave_out(&f);
    whole(&f, MLP_DT_INT64, 4, (const int64_t[]){1, 1, 2, 5});
    text(&f, "mode", "cubic");
    ck_assert_int_eq(run(&f, "Resize", 19, 1, false), MLP_OK);
    EXPECT(&f, 0, 0.4432474F, 0.7851347F, 1.240948F, 1.381598F, 1.398983F, -0.8490261F,
           -1.099324F, -1.389683F, -1.327103F, -1.214006F);
    teardown(&f);
}
END_TEST

START_TEST(einsum_sums_what_its_equation_says)
{
    static const struct {
        const char *equation;
        enum mlp_code code;
    } cases[] = {{"bij,bjk->ik", MLP_OK},     {" b i j , b j k -> i k ", MLP_OK},
                 {"bij,bjk->iz", MLP_EINPUT}, {"bij,bj->ik", MLP_EINPUT},
                 {"bij->ij", MLP_EINPUT},     {"bij,jbk->ik", MLP_EINPUT},
                 {"b.j,bjk->ik", MLP_EINPUT}, {"bij,bjk->ii", MLP_EINPUT}};
    struct fixture f;
    setup(&f);
    sines(&f, 0, 0.5, DIMS(2, 3, 2));
    sines(&f, 1, 0.5, DIMS(2, 2, 2));
    if (_i == 5)
        f.in[1].dims[1] = 4, f.in[1].dims[0] = 1;
    text(&f, "equation", cases[_i].equation);
    ck_assert_int_eq(run(&f, "Einsum", 12, 1, false), cases[_i].code);
    if (cases[_i].code == MLP_OK)
        EXPECT(&f, 0, 0.4590946F, 0.3115237F, 0.4459212F, 0.4059811F, -0.3075107F, -0.1735168F);
    teardown(&f);
}
END_TEST

START_TEST(groups_of_channels_are_normalised)
{
    struct fixture f;
    setup(&f);
    sines(&f, 0, 2, DIMS(1, 4, 2));
    sines(&f, 1, 0.5, DIMS(4));
    sines(&f, 2, 0.5, DIMS(4));
    number(&f, "num_groups", 2);
    ck_assert_int_eq(run(&f, "GroupNormalization", 21, 1, false), MLP_OK);
    EXPECT(&f, 0, -0.2353433F, 0.477897F, 0.6863121F, 0.5268183F, 0.3923293F, -0.05214979F,
           -0.4252625F, -0.4296864F);
    teardown(&f);
}
END_TEST

Suite *suite_net_real(void)
{
    Suite *s = suite_create("net_real");
    TCase *t = tcase_create("net_real");
    tcase_add_loop_test(t, an_lstm_goes_both_ways, 0, 2);
    tcase_add_test(t, a_gru_resets_before_or_after);
    tcase_add_loop_test(t, a_sequence_or_batch_may_be_empty, 0, 2);
    tcase_add_test(t, an_rnn_takes_its_activation);
    tcase_add_loop_test(t, recurrent_inputs_that_do_not_fit_are_refused, 0, 6);
    tcase_add_test(t, heads_share_keys_and_see_the_past);
    tcase_add_loop_test(t, heads_that_do_not_fit_are_refused, 0, 3);
    tcase_add_loop_test(t, a_convolution_has_groups_strides_and_gaps, 0, 2);
    tcase_add_test(t, a_transposed_convolution_pads_its_output);
    tcase_add_loop_test(t, windows_beyond_memory_are_refused, 0, 6);
    tcase_add_test(t, cubic_resizing_goes_by_axes);
    tcase_add_loop_test(t, einsum_sums_what_its_equation_says, 0, 8);
    tcase_add_test(t, groups_of_channels_are_normalised);
    suite_add_tcase(s, t);
    return s;
}
