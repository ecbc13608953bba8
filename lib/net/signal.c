/* signal.c: DFT, STFT, the windows and MelWeightMatrix (onnx.ai/onnx/operators). A length that is a
 * power of two is transformed by halving (Cooley and Tukey, 1965), another by the sum itself. */
#include <math.h>

#include "net/real.h"

#define PI 3.14159265358979323846
#define MOST_POINTS ((size_t)1 << 26)

struct signal {
    int64_t axis, inverse, onesided, type, periodic;
};

static enum mlp_code prepare_signal(struct mlp_net_build *b, const void **params)
{
    struct signal *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    bool frames = mlp_str_is(b->node->op_type, "STFT");
    if (mlp_net_attr_int(b, "axis", b->opset < 20 ? 1 : -2, &p->axis) ||
        mlp_net_attr_int(b, "inverse", 0, &p->inverse) ||
        mlp_net_attr_int(b, "onesided", frames, &p->onesided) ||
        mlp_net_attr_int(b, "output_datatype", MLP_DT_FLOAT, &p->type) ||
        mlp_net_attr_int(b, "periodic", 1, &p->periodic))
        return b->e->code;
    if (p->type <= 0 || p->type > MLP_DT_BFLOAT16 || p->type == MLP_DT_STRING ||
        !mlp_dtype_size((enum mlp_dtype)p->type))
        return mlp_net_bad(b, "output_datatype is %lld", (long long)p->type);
    return MLP_OK;
}

/* A whole number that an input of one element gives. */
static enum mlp_code take_whole(const struct mlp_net_call *c, uint32_t i, int64_t least,
                                int64_t most, int64_t *out)
{
    const struct mlp_tensor *t = mlp_net_in(c, i);
    if (!t)
        return MLP_OK;
    if (!mlp_dtype_is_whole(t->type) || t->n != 1)
        return mlp_net_fail(c, "input %u is no whole number", i);
    *out = mlp_tensor_integer(t, 0);
    if (*out < least || *out > most)
        return mlp_net_fail(c, "input %u is %lld", i, (long long)*out);
    return MLP_OK;
}

/* --- a transform of n points --- */

struct transform {
    size_t n;
    double *root;                /* cosine and sine of -2 pi k / n, of 2 pi k / n when inverse */
    double *x, *y;               /* n complex numbers each: what goes in, and what comes out */
    double scale;
};

static enum mlp_code make_transform(const struct mlp_net_call *c, size_t n, bool inverse,
                                    struct transform *t)
{
    if (n < 1 || n > MOST_POINTS)
        return mlp_net_fail(c, "a transform of %zu points", n);
    *t = (struct transform){n, mlp_real_doubles(c, 2 * n), mlp_real_doubles(c, 2 * n),
                            mlp_real_doubles(c, 2 * n), inverse ? 1 / (double)n : 1};
    if (!t->root || !t->x || !t->y)
        return c->e->code;
    for (size_t k = 0; k < n; k++) {
        double angle = 2 * PI * (double)k / (double)n;
        t->root[2 * k] = cos(angle);
        t->root[2 * k + 1] = inverse ? sin(angle) : -sin(angle);
    }
    return MLP_OK;
}

static void sum_points(const struct transform *t)
{
    for (size_t k = 0; k < t->n; k++) {
        double re = 0, im = 0;
        for (size_t i = 0, at = 0; i < t->n; i++, at = at + k < t->n ? at + k : at + k - t->n) {
            const double *r = t->root + 2 * at, *x = t->x + 2 * i;
            re += x[0] * r[0] - x[1] * r[1];
            im += x[0] * r[1] + x[1] * r[0];
        }
        t->y[2 * k] = re;
        t->y[2 * k + 1] = im;
    }
}

/* y gets x in the order of the reversed bits; then halves are joined, two at a time. */
static void join_halves(const struct transform *t)
{
    size_t n = t->n;
    for (size_t i = 0, turned = 0; i < n; i++) {
        t->y[2 * turned] = t->x[2 * i];
        t->y[2 * turned + 1] = t->x[2 * i + 1];
        size_t bit = n >> 1;
        for (; bit && turned & bit; bit >>= 1)
            turned ^= bit;
        turned |= bit;
    }
    for (size_t half = 1; half < n; half *= 2)
        for (size_t i = 0; i < n / 2; i++) {
            size_t k = i % half, at = i / half * 2 * half + k;
            double *a = t->y + 2 * at, *b = a + 2 * half;
            const double *r = t->root + 2 * (k * (n / (2 * half)));
            double re = b[0] * r[0] - b[1] * r[1], im = b[0] * r[1] + b[1] * r[0];
            b[0] = a[0] - re;
            b[1] = a[1] - im;
            a[0] += re;
            a[1] += im;
        }
}

static void run_transform(const struct transform *t)
{
    if (t->n & (t->n - 1))
        sum_points(t);
    else
        join_halves(t);
    for (size_t i = 0; t->scale != 1 && i < 2 * t->n; i++)
        t->y[i] *= t->scale;
}

/* --- DFT --- */

struct lines {
    size_t outer, in, out, inner;
    size_t parts, made;          /* numbers of an element: 1 real, 2 complex */
};

/* One line into t->x: cut or filled with zeros, or made whole from its first half. */
static void read_line(const struct mlp_tensor *x, const struct lines *l, size_t at, bool halved,
                      const struct transform *t)
{
    size_t half = t->n / 2 + 1, given = halved && l->in > half ? half : l->in;
    for (size_t i = 0; i < t->n; i++) {
        bool mirrored = halved && i >= half;
        size_t k = mirrored ? t->n - i : i, from = (at + k * l->inner) * l->parts;
        double re = k < given ? mlp_tensor_number(x, from) : 0;
        double im = k < given && l->parts == 2 ? mlp_tensor_number(x, from + 1) : 0;
        t->x[2 * i] = re;
        t->x[2 * i + 1] = mirrored ? -im : im;
    }
}

static void write_line(struct mlp_tensor *y, const struct lines *l, size_t at,
                       const struct transform *t)
{
    for (size_t i = 0; i < l->out; i++)
        for (size_t part = 0; part < l->made; part++)
            mlp_tensor_set_number(y, (at + i * l->inner) * l->made + part, t->y[2 * i + part]);
}

static enum mlp_code dft_shape(const struct mlp_net_call *c, uint32_t *axis, int64_t *length)
{
    const struct signal *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t which = p->axis;
    if (mlp_real_inputs(c, 1) || take_whole(c, 2, INT32_MIN, INT32_MAX, &which))
        return c->e->code;
    if (x->rank < 2 || x->dims[x->rank - 1] < 1 || x->dims[x->rank - 1] > 2)
        return mlp_net_fail(c, "an input whose last dimension is no real or complex number");
    if (mlp_net_axis(c, which, x->rank, axis))
        return c->e->code;
    if (*axis == x->rank - 1)
        return mlp_net_fail(c, "the last dimension holds the numbers and is no axis");
    *length = x->dims[*axis];
    if (p->inverse && p->onesided && *length > 0)
        *length = 2 * (*length < INT32_MAX ? *length - 1 : INT32_MAX);
    return take_whole(c, 1, 1, (int64_t)MOST_POINTS, length);
}

static enum mlp_code run_dft(const struct mlp_net_call *c)
{
    const struct signal *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK], length;
    struct transform t;
    uint32_t axis;
    bool halved = p->inverse && p->onesided;
    if (dft_shape(c, &axis, &length) || make_transform(c, (size_t)length, p->inverse != 0, &t))
        return c->e->code;
    memcpy(dims, x->dims, sizeof(dims));
    dims[axis] = p->onesided && !p->inverse ? length / 2 + 1 : length;
    dims[x->rank - 1] = halved ? 1 : 2;
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    struct lines l = {1, (size_t)x->dims[axis], (size_t)dims[axis], 1,
                      (size_t)x->dims[x->rank - 1], halved ? 1 : 2};
    for (uint32_t d = 0; c->out[0].n && d < x->rank - 1; d++)
        *(d < axis ? &l.outer : &l.inner) *= d == axis ? 1 : (size_t)x->dims[d];
    for (size_t i = 0; c->out[0].n && i < l.outer * l.inner; i++) {
        size_t outer = i / l.inner, inner = i % l.inner;
        read_line(x, &l, outer * l.in * l.inner + inner, halved, &t);
        run_transform(&t);
        write_line(&c->out[0], &l, outer * l.out * l.inner + inner, &t);
    }
    return MLP_OK;
}

/* --- STFT --- */

static enum mlp_code stft_sizes(const struct mlp_net_call *c, int64_t *step, int64_t *length)
{
    const struct mlp_tensor *x = c->in[0], *window = mlp_net_in(c, 2);
    if (mlp_real_inputs(c, 1) || (window && !mlp_dtype_is_real(window->type)))
        return mlp_net_bad_type(c, window ? 2 : 0);
    if (x->rank != 3 || x->dims[2] < 1 || x->dims[2] > 2)
        return mlp_net_fail(c, "a signal that is no batch of real or complex numbers");
    *length = window ? (int64_t)window->n : x->dims[1];
    if (take_whole(c, 1, 1, INT32_MAX, step) || take_whole(c, 3, 1, (int64_t)MOST_POINTS, length))
        return c->e->code;
    if ((window && (int64_t)window->n != *length) || *length > x->dims[1])
        return mlp_net_fail(c, "a frame of %lld, a window or signal of another length",
                            (long long)*length);
    return MLP_OK;
}

static enum mlp_code run_stft(const struct mlp_net_call *c)
{
    const struct signal *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *window = mlp_net_in(c, 2);
    int64_t step = 1, length = 1;
    struct transform t;
    if (stft_sizes(c, &step, &length) || make_transform(c, (size_t)length, false, &t))
        return c->e->code;
    int64_t frames = (x->dims[1] - length) / step + 1;
    const int64_t dims[4] = {x->dims[0], frames, p->onesided ? length / 2 + 1 : length, 2};
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, 4, dims, c->e))
        return c->e->code;
    struct lines l = {1, (size_t)length, (size_t)dims[2], 1, (size_t)x->dims[2], 2};
    for (size_t i = 0; c->out[0].n && i < (size_t)dims[0] * (size_t)frames; i++) {
        size_t batch = i / (size_t)frames, frame = i % (size_t)frames;
        read_line(x, &l, batch * (size_t)x->dims[1] + frame * (size_t)step, false, &t);
        for (size_t k = 0; window && k < 2 * t.n; k++)
            t.x[k] *= mlp_tensor_number(window, k / 2);
        run_transform(&t);
        write_line(&c->out[0], &l, i * l.out, &t);
    }
    return MLP_OK;
}

/* --- windows: a sum of cosines --- */

static enum mlp_code make_window(const struct mlp_net_call *c, const double k[3])
{
    const struct signal *p = c->node->params;
    int64_t n = 0;
    if (take_whole(c, 0, 0, INT32_MAX, &n) ||
        mlp_tensor_make(&c->out[0], c->arena, (enum mlp_dtype)p->type, 1, &n, c->e))
        return c->e->code;
    double round = (double)(p->periodic || n == 1 ? n : n - 1);
    for (int64_t i = 0; i < n; i++) {
        double angle = 2 * PI * (double)i / round;
        mlp_tensor_set_number(&c->out[0], (size_t)i,
                              k[0] - k[1] * cos(angle) + k[2] * cos(2 * angle));
    }
    return MLP_OK;
}

static enum mlp_code run_hann(const struct mlp_net_call *c)
{
    return make_window(c, (const double[]){0.5, 0.5, 0});
}

static enum mlp_code run_hamming(const struct mlp_net_call *c)
{
    return make_window(c, (const double[]){25.0 / 46, 21.0 / 46, 0});
}

static enum mlp_code run_blackman(const struct mlp_net_call *c)
{
    return make_window(c, (const double[]){0.42, 0.5, 0.08});
}

/* --- MelWeightMatrix --- */

/* The bin of the spectrum where triangle i starts. */
static int64_t mel_bin(double low, double high, int64_t i, int64_t bins, double points_per_hertz)
{
    double from = 2595 * log10(1 + low / 700), to = 2595 * log10(1 + high / 700);
    double mel = from + (double)i * (to - from) / (double)(bins + 2);
    double bin = floor(points_per_hertz * 700 * (pow(10, mel / 2595) - 1));
    return bin > -1 && bin < 1e9 ? (int64_t)bin : -1;
}

/* Column i: a triangle over the bins from start to end, 1 at the middle. */
static void fill_triangle(struct mlp_tensor *y, int64_t i, const int64_t bin[3])
{
    size_t cols = (size_t)y->dims[1];
    if (bin[0] == bin[1])
        mlp_tensor_set_number(y, (size_t)bin[1] * cols + (size_t)i, 1);
    for (int64_t j = bin[0]; bin[1] > bin[0] && j <= bin[1]; j++)
        mlp_tensor_set_number(y, (size_t)j * cols + (size_t)i,
                              (double)(j - bin[0]) / (double)(bin[1] - bin[0]));
    for (int64_t j = bin[1]; j < bin[2]; j++)
        mlp_tensor_set_number(y, (size_t)j * cols + (size_t)i,
                              (double)(bin[2] - j) / (double)(bin[2] - bin[1]));
}

static enum mlp_code mel_sizes(const struct mlp_net_call *c, int64_t *bins, int64_t *length,
                               int64_t *rate)
{
    if (take_whole(c, 0, 1, INT32_MAX, bins) || take_whole(c, 1, 1, INT32_MAX, length) ||
        take_whole(c, 2, 1, INT32_MAX, rate))
        return c->e->code;
    for (uint32_t i = 3; i < 5; i++)
        if (!mlp_dtype_is_real(c->in[i]->type) || c->in[i]->n != 1)
            return mlp_net_fail(c, "an edge that is no number");
    return MLP_OK;
}

static enum mlp_code run_mel(const struct mlp_net_call *c)
{
    const struct signal *p = c->node->params;
    int64_t bins = 0, length = 0, rate = 0;
    if (mel_sizes(c, &bins, &length, &rate))
        return c->e->code;
    const int64_t dims[2] = {length / 2 + 1, bins};
    if (mlp_tensor_make(&c->out[0], c->arena, (enum mlp_dtype)p->type, 2, dims, c->e))
        return c->e->code;
    memset(c->out[0].data, 0, c->out[0].n * mlp_dtype_size(c->out[0].type));
    double low = mlp_tensor_number(c->in[3], 0), high = mlp_tensor_number(c->in[4], 0);
    for (int64_t i = 0; i < bins; i++) {
        int64_t bin[3];
        for (int64_t k = 0; k < 3; k++)
            bin[k] = mel_bin(low, high, i + k, bins, (double)(length + 1) / (double)rate);
        if (bin[0] < 0 || bin[1] < bin[0] || bin[2] < bin[1] || bin[1] >= dims[0] ||
            bin[2] > dims[0])
            return mlp_net_fail(c, "edges of %g and %g hertz, beyond the spectrum", low, high);
        fill_triangle(&c->out[0], i, bin);
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_signal[] = {
    {"", "BlackmanWindow", 17, 0, 1, 1, 1, prepare_signal, run_blackman},
    {"", "DFT", 17, 19, 1, 2, 1, prepare_signal, run_dft},
    {"", "DFT", 20, 0, 1, 3, 1, prepare_signal, run_dft},
    {"", "HammingWindow", 17, 0, 1, 1, 1, prepare_signal, run_hamming},
    {"", "HannWindow", 17, 0, 1, 1, 1, prepare_signal, run_hann},
    {"", "MelWeightMatrix", 17, 0, 5, 5, 1, prepare_signal, run_mel},
    {"", "STFT", 17, 0, 2, 4, 1, prepare_signal, run_stft},
    {0}};
