/* space.c: operators that move or choose elements, of any type (onnx.ai/onnx/operators):
 * DepthToSpace, SpaceToDepth, ReverseSequence, CenterCropPad, Compress, EyeLike, and
 * NonMaxSuppression, which chooses boxes. */
#include <math.h>

#include "net/real.h"

struct space {
    int64_t block, axis, time, batch, k, type, centred;
    const int64_t *axes;
    size_t naxes;
    bool columns_first, axis_given;
};

static enum mlp_code prepare_space(struct mlp_net_build *b, const void **params)
{
    struct space *p = mlp_arena_alloc(b->arena, sizeof(*p));
    struct mlp_str mode;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->axis_given = mlp_net_attr_given(b, "axis");
    if (mlp_net_attr_int(b, "blocksize", 0, &p->block) ||
        mlp_net_attr_int(b, "axis", 0, &p->axis) ||
        mlp_net_attr_int(b, "time_axis", 0, &p->time) ||
        mlp_net_attr_int(b, "batch_axis", 1, &p->batch) ||
        mlp_net_attr_int(b, "k", 0, &p->k) || mlp_net_attr_int(b, "dtype", 0, &p->type) ||
        mlp_net_attr_int(b, "center_point_box", 0, &p->centred) ||
        mlp_net_attr_str(b, "mode", "DCR", &mode) ||
        mlp_net_attr_ints(b, "axes", &p->axes, &p->naxes))
        return b->e->code;
    p->columns_first = mlp_str_is(mode, "CRD");
    return MLP_OK;
}

/* --- DepthToSpace, SpaceToDepth: blocks of pixels to channels of one pixel and back --- */

struct blocks {
    size_t images, channels, high, wide, block; /* channels of wide, high x wide of deep */
    bool columns_first;
};

static enum mlp_code move_blocks(const struct mlp_net_call *c, const struct blocks *s, bool deepen)
{
    size_t b = s->block, area = b * b, n = c->in[0]->n;
    for (size_t i = 0; i < n; i++) { /* i: of the tensor with wide planes */
        size_t x = i % (s->wide * b), y = i / (s->wide * b) % (s->high * b);
        size_t ch = i / (s->wide * b) / (s->high * b), k = ch % s->channels;
        size_t in = y % b * b + x % b, image = ch / s->channels;
        size_t deep = s->columns_first ? k * area + in : in * s->channels + k;
        size_t at = ((image * s->channels * area + deep) * s->high + y / b) * s->wide + x / b;
        mlp_tensor_copy_element(&c->out[0], deepen ? at : i, c->in[0], deepen ? i : at);
    }
    return MLP_OK;
}

static enum mlp_code run_depth_to_space(const struct mlp_net_call *c)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t b = p->block;
    if (x->rank != 4 || b < 1 || b > INT16_MAX || x->dims[1] % (b * b))
        return mlp_net_fail(c, "channels that are no blocks of %lld", (long long)b);
    int64_t dims[4] = {x->dims[0], x->dims[1] / (b * b), x->dims[2], x->dims[3]};
    const struct blocks s = {(size_t)dims[0], (size_t)dims[1], (size_t)dims[2], (size_t)dims[3],
                             (size_t)b, p->columns_first};
    if (__builtin_mul_overflow(dims[2], b, &dims[2]) ||
        __builtin_mul_overflow(dims[3], b, &dims[3]))
        return mlp_net_fail(c, "an output that is too large");
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, 4, dims, c->e))
        return c->e->code;
    return move_blocks(c, &s, false);
}

static enum mlp_code run_space_to_depth(const struct mlp_net_call *c)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t b = p->block;
    if (x->rank != 4 || b < 1 || b > INT16_MAX || x->dims[2] % b || x->dims[3] % b)
        return mlp_net_fail(c, "a plane that is not made of blocks of %lld", (long long)b);
    int64_t dims[4] = {x->dims[0], x->dims[1], x->dims[2] / b, x->dims[3] / b};
    const struct blocks s = {(size_t)dims[0], (size_t)dims[1], (size_t)dims[2], (size_t)dims[3],
                             (size_t)b, false};
    if (__builtin_mul_overflow(dims[1], b * b, &dims[1]))
        return mlp_net_fail(c, "an output that is too large");
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, 4, dims, c->e))
        return c->e->code;
    return move_blocks(c, &s, true);
}

/* --- ReverseSequence --- */

static enum mlp_code check_sequences(const struct mlp_net_call *c)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *len = c->in[1];
    bool axes = (p->time == 0 && p->batch == 1) || (p->time == 1 && p->batch == 0);
    if (x->rank < 2 || !axes || len->type != MLP_DT_INT64 ||
        (int64_t)len->n != x->dims[p->batch])
        return mlp_net_fail(c, "sequences of a batch and their lengths do not fit");
    for (size_t i = 0; i < len->n; i++)
        if (len->i64[i] < 0 || len->i64[i] > x->dims[p->time])
            return mlp_net_fail(c, "a sequence of %lld of %lld", (long long)len->i64[i],
                                (long long)x->dims[p->time]);
    return MLP_OK;
}

static enum mlp_code run_reverse(const struct mlp_net_call *c)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *len = c->in[1];
    if (check_sequences(c) || mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    size_t second = (size_t)x->dims[1], rows = x->n ? (size_t)x->dims[0] * second : 0;
    size_t inner = rows ? x->n / rows : 0;
    for (size_t r = 0; r < rows; r++) {
        size_t t = p->time == 0 ? r / second : r % second;
        size_t b = p->time == 0 ? r % second : r / second, n = (size_t)len->i64[b];
        size_t from = t < n ? n - 1 - t : t;
        size_t at = p->time == 0 ? from * second + b : b * second + from;
        for (size_t k = 0; k < inner; k++)
            mlp_tensor_copy_element(&c->out[0], r * inner + k, x, at * inner + k);
    }
    return MLP_OK;
}

/* --- CenterCropPad --- */

static enum mlp_code cropped_shape(const struct mlp_net_call *c, int64_t dims[MLP_MAX_RANK])
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *shape = c->in[1];
    size_t n = p->naxes ? p->naxes : x->rank;
    if ((shape->type != MLP_DT_INT64 && shape->type != MLP_DT_INT32) || shape->n != n)
        return mlp_net_fail(c, "a shape that does not have %zu sizes", n);
    memcpy(dims, x->dims, sizeof(x->dims));
    for (size_t i = 0; i < n; i++) {
        uint32_t axis;
        if (mlp_net_axis(c, p->naxes ? p->axes[i] : (int64_t)i, x->rank, &axis))
            return c->e->code;
        dims[axis] = mlp_tensor_integer(shape, i);
    }
    return MLP_OK;
}

static enum mlp_code run_crop_pad(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor *y = &c->out[0];
    int64_t dims[MLP_MAX_RANK];
    if (cropped_shape(c, dims) || mlp_tensor_make(y, c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    if (x->type != MLP_DT_STRING)
        memset(y->data, 0, y->n * mlp_dtype_size(y->type));
    for (size_t i = 0; i < y->n; i++) {
        size_t rest = i, at = 0, step = 1;
        bool inside = true;
        for (uint32_t d = x->rank; d-- > 0; rest /= (size_t)dims[d]) {
            int64_t in = x->dims[d], o = (int64_t)(rest % (size_t)dims[d]);
            int64_t from = in > dims[d] ? o + (in - dims[d]) / 2 : o - (dims[d] - in) / 2;
            inside = inside && from >= 0 && from < in;
            at += inside ? (size_t)from * step : 0;
            step *= inside ? (size_t)in : 1;
        }
        if (inside)
            mlp_tensor_copy_element(y, i, x, at);
    }
    return MLP_OK;
}

/* --- Compress --- */

static enum mlp_code run_compress(const struct mlp_net_call *c)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *keep = c->in[1];
    struct mlp_tensor x = *c->in[0];
    uint32_t axis = 0;
    size_t inner = 1, kept = 0, to = 0;
    if (keep->type != MLP_DT_BOOL)
        return mlp_net_bad_type(c, 1);
    if (!p->axis_given) { /* one dimension of all */
        x.rank = 1;
        x.dims[0] = (int64_t)x.n;
    } else if (mlp_net_axis(c, p->axis, x.rank, &axis)) {
        return c->e->code;
    }
    size_t n = (size_t)x.dims[axis], end = keep->n < n ? keep->n : n;
    for (size_t i = 0; i < end; i++)
        kept += keep->u8[i] != 0;
    int64_t dims[MLP_MAX_RANK];
    memcpy(dims, x.dims, sizeof(dims));
    dims[axis] = (int64_t)kept;
    if (mlp_tensor_make(&c->out[0], c->arena, x.type, x.rank, dims, c->e))
        return c->e->code;
    for (uint32_t d = axis + 1; x.n && d < x.rank; d++)
        inner *= (size_t)x.dims[d];
    for (size_t i = 0; i < x.n; i++) {
        size_t k = i / inner % n;
        if (k < end && keep->u8[k])
            mlp_tensor_copy_element(&c->out[0], to++, &x, i);
    }
    return MLP_OK;
}

/* --- EyeLike --- */

static enum mlp_code run_eye(const struct mlp_net_call *c)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    enum mlp_dtype type = p->type > 0 && p->type <= MLP_DT_BFLOAT16 ? (enum mlp_dtype)p->type
                                                                    : x->type;
    if (x->rank != 2 || type == MLP_DT_STRING)
        return mlp_net_fail(c, "an input that is no matrix, or texts");
    if (mlp_tensor_like(&c->out[0], c->arena, type, x, c->e))
        return c->e->code;
    size_t cols = (size_t)x->dims[1];
    memset(c->out[0].data, 0, c->out[0].n * mlp_dtype_size(type));
    if (p->k <= -x->dims[0] || p->k >= x->dims[1])
        return MLP_OK;
    size_t i = p->k < 0 ? (size_t)-p->k : 0, k = p->k > 0 ? (size_t)p->k : 0;
    for (; i < (size_t)x->dims[0] && k < cols; i++, k++)
        mlp_tensor_set_number(&c->out[0], i * cols + k, 1);
    return MLP_OK;
}

/* --- NonMaxSuppression --- */

struct boxes {
    const float *box;            /* of one image: four numbers each */
    const float *score;          /* of one image and class */
    size_t n, most;
    float overlap, least;
    bool centred, bounded;       /* bounded: there is a least score */
};

/* A box as its lower and upper ends: x, then y. */
static void ends_of(const struct boxes *s, size_t i, float low[2], float high[2])
{
    const float *b = s->box + 4 * i;
    for (unsigned d = 0; d < 2; d++) {
        float p = b[1 - d], q = b[3 - d];
        if (s->centred) {
            p = b[d] - b[2 + d] / 2;
            q = b[d] + b[2 + d] / 2;
        }
        low[d] = fminf(p, q);
        high[d] = fmaxf(p, q);
    }
}

static bool overlap(const struct boxes *s, size_t i, size_t j)
{
    float low[2][2], high[2][2], shared = 1, area[2] = {1, 1};
    ends_of(s, i, low[0], high[0]);
    ends_of(s, j, low[1], high[1]);
    for (unsigned d = 0; d < 2; d++) {
        float from = fmaxf(low[0][d], low[1][d]), to = fminf(high[0][d], high[1][d]);
        if (!(to > from))
            return false;
        shared *= to - from;
        area[0] *= high[0][d] - low[0][d];
        area[1] *= high[1][d] - low[1][d];
    }
    float all = area[0] + area[1] - shared;
    return area[0] > 0 && area[1] > 0 && all > 0 && shared / all > s->overlap;
}

/* Sorts box numbers by falling score, then rising number: a heap that needs no memory. */
static bool before(const struct boxes *s, int64_t a, int64_t b)
{
    float p = s->score[a], q = s->score[b];
    return p > q || (p == q && a < b);
}

static void sink(const struct boxes *s, int64_t *list, size_t at, size_t n)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && before(s, list[child], list[child + 1]))
            child++;
        if (!before(s, list[at], list[child]))
            return;
        int64_t t = list[at];
        list[at] = list[child];
        list[child] = t;
    }
}

static void sort_boxes(const struct boxes *s, int64_t *list, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sink(s, list, i, n);
    for (size_t i = n; i-- > 1;) {
        int64_t t = list[0];
        list[0] = list[i];
        list[i] = t;
        sink(s, list, 0, i);
    }
}

/* The boxes of a class that stay, best first, in `list`; how many. */
static size_t choose_boxes(const struct boxes *s, int64_t *list)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!isnan(s->score[i]) && (!s->bounded || s->score[i] > s->least))
            list[n++] = (int64_t)i;
    sort_boxes(s, list, n);
    for (size_t i = 0; i < n && kept < s->most; i++) {
        bool free = true;
        for (size_t k = 0; free && k < kept; k++)
            free = !overlap(s, (size_t)list[i], (size_t)list[k]);
        if (free)
            list[kept++] = list[i];
    }
    return kept;
}

static enum mlp_code take_boxes(const struct mlp_net_call *c, struct boxes *s)
{
    const struct space *p = c->node->params;
    const struct mlp_tensor *boxes = c->in[0], *scores = c->in[1];
    const struct mlp_tensor *most = mlp_net_in(c, 2), *over = mlp_net_in(c, 3);
    const struct mlp_tensor *least = mlp_net_in(c, 4);
    if (boxes->type != MLP_DT_FLOAT || scores->type != MLP_DT_FLOAT)
        return mlp_net_bad_type(c, boxes->type == MLP_DT_FLOAT);
    if (boxes->rank != 3 || scores->rank != 3 || boxes->dims[2] != 4 ||
        boxes->dims[0] != scores->dims[0] || boxes->dims[1] != scores->dims[2])
        return mlp_net_fail(c, "boxes and scores do not fit each other");
    int64_t limit = most && most->n ? mlp_tensor_integer(most, 0) : 0;
    s->n = (size_t)boxes->dims[1];
    s->most = limit > 0 ? (size_t)limit : 0;
    s->overlap = over && over->n ? (float)mlp_tensor_number(over, 0) : 0;
    s->bounded = least && least->n;
    s->least = s->bounded ? (float)mlp_tensor_number(least, 0) : 0;
    s->centred = p->centred != 0;
    return MLP_OK;
}

static enum mlp_code run_suppress(const struct mlp_net_call *c)
{
    struct boxes s = {0};
    if (take_boxes(c, &s))
        return c->e->code;
    const struct mlp_tensor *scores = c->in[1];
    size_t classes = (size_t)scores->dims[1], images = scores->n ? (size_t)scores->dims[0] : 0;
    size_t most = s.most < s.n ? s.most : s.n, rows, found = 0;
    if (!mlp_real_times(images * (scores->n ? classes : 0), most, &rows) || rows > SIZE_MAX / 64)
        return mlp_net_fail(c, "too many boxes");
    int64_t *list = mlp_arena_array(c->arena, s.n, sizeof(*list));
    int64_t *all = mlp_arena_array64(c->arena, rows, 3 * sizeof(*all));
    if (!list || !all)
        return mlp_err_nomem(c->e);
    for (size_t i = 0; i < images * classes; i++) {
        s.box = c->in[0]->f32 + i / classes * s.n * 4;
        s.score = scores->f32 + i * s.n;
        size_t kept = choose_boxes(&s, list);
        for (size_t k = 0; k < kept; k++, found++) {
            all[3 * found] = (int64_t)(i / classes);
            all[3 * found + 1] = (int64_t)(i % classes);
            all[3 * found + 2] = list[k];
        }
    }
    const int64_t dims[2] = {(int64_t)found, 3};
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_INT64, 2, dims, c->e))
        return c->e->code;
    memcpy(c->out[0].i64, all, found * 3 * sizeof(*all));
    return MLP_OK;
}

const struct mlp_net_op mlp_net_space[] = {
    {"", "CenterCropPad", 18, 0, 2, 2, 1, prepare_space, run_crop_pad},
    {"", "Compress", 9, 0, 2, 2, 1, prepare_space, run_compress},
    {"", "DepthToSpace", 1, 0, 1, 1, 1, prepare_space, run_depth_to_space},
    {"", "EyeLike", 9, 0, 1, 1, 1, prepare_space, run_eye},
    {"", "NonMaxSuppression", 10, 0, 2, 5, 1, prepare_space, run_suppress},
    {"", "ReverseSequence", 10, 0, 2, 2, 1, prepare_space, run_reverse},
    {"", "SpaceToDepth", 1, 0, 1, 1, 1, prepare_space, run_space_to_depth},
    {0}};
