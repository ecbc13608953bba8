/* Dropout. In inference it is its input. In training mode with a seed, what it drops is as the
 * operator's definition draws it: numpy's RandomState(seed).uniform (MT19937: Matsumoto and
 * Nishimura, "Mersenne Twister", ACM TOMACS 8, 1998). Without a seed there is no answer to agree
 * with: that is refused. */
#include "net/real.h"

struct dropout {
    bool seeded;
    uint32_t seed;
};

#define MT_WORDS 624
#define MT_AHEAD 397

struct twister {
    uint32_t word[MT_WORDS];
    size_t next;
};

static void twister_seed(struct twister *t, uint32_t seed)
{
    t->word[0] = seed;
    for (uint32_t i = 1; i < MT_WORDS; i++)
        t->word[i] = 1812433253u * (t->word[i - 1] ^ t->word[i - 1] >> 30) + i;
    t->next = MT_WORDS;
}

static void twist(struct twister *t)
{
    for (size_t i = 0; i < MT_WORDS; i++) {
        uint32_t y = (t->word[i] & 0x80000000u) | (t->word[(i + 1) % MT_WORDS] & 0x7FFFFFFFu);
        t->word[i] = t->word[(i + MT_AHEAD) % MT_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908B0DFu : 0);
    }
    t->next = 0;
}

static uint32_t twister_u32(struct twister *t)
{
    if (t->next == MT_WORDS)
        twist(t);
    uint32_t y = t->word[t->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

/* In [0, 1), of 53 bits. */
static double twister_uniform(struct twister *t)
{
    uint32_t high = twister_u32(t) >> 5, low = twister_u32(t) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

static enum mlp_code prepare_dropout(struct mlp_net_build *b, const void **params)
{
    struct dropout *p = mlp_arena_alloc(b->arena, sizeof *p);
    int64_t seed;
    if (!p)
        return mlp_err_nomem(b->e);
    enum mlp_code code = mlp_net_attr_int(b, "seed", 0, &seed);
    p->seeded = mlp_net_attr_given(b, "seed");
    p->seed = (uint32_t)seed;
    *params = p;
    if (code == MLP_OK && (seed < 0 || seed > UINT32_MAX))
        return mlp_net_bad(b, "the seed is not of 32 bits");
    return code;
}

static enum mlp_code drop(const struct mlp_net_call *c, double ratio, uint8_t *kept)
{
    const struct dropout *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct twister t;
    if (!p->seeded)
        return mlp_net_fail(c, "training mode without a seed draws anything");
    if ((x->type != MLP_DT_FLOAT && x->type != MLP_DT_DOUBLE) || !(ratio >= 0 && ratio < 1))
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    double scale = 1 / (1 - ratio);
    twister_seed(&t, p->seed);
    for (size_t i = 0; i < x->n; i++) {
        bool keep = twister_uniform(&t) >= ratio;
        if (x->type == MLP_DT_FLOAT)
            c->out[0].f32[i] = keep ? x->f32[i] * (float)scale : 0;
        else
            c->out[0].f64[i] = keep ? x->f64[i] * scale : 0;
        if (kept)
            kept[i] = keep;
    }
    return MLP_OK;
}

static enum mlp_code run_dropout(const struct mlp_net_call *c)
{
    const struct mlp_tensor *ratio = mlp_net_in(c, 1), *training = mlp_net_in(c, 2);
    double part = ratio && ratio->n ? mlp_tensor_number(ratio, 0) : 0.5;
    bool drops = training && training->n && mlp_tensor_integer(training, 0) && part != 0;
    if (c->nout > 1 && mlp_tensor_like(&c->out[1], c->arena, MLP_DT_BOOL, c->in[0], c->e))
        return c->e->code;
    uint8_t *kept = c->nout > 1 ? c->out[1].u8 : NULL;
    if (drops)
        return drop(c, part, kept);
    c->out[0] = *c->in[0];
    if (kept)
        memset(kept, 1, c->out[1].n);
    return MLP_OK;
}

const struct mlp_net_op mlp_net_dropout[] = {
    {"", "Dropout", 7, 0, 1, 3, 2, prepare_dropout, run_dropout},
    {0}};
