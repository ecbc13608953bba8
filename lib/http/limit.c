#include "http/limit.h"

#include "base/map.h"
#include "base/os.h"

#include <stdatomic.h>
#include <stdlib.h>

#define WAYS 8u
#define SECOND 1000000000ull
#define MOST_N 1000000000u

struct slot {
    _Atomic uint64_t tag;  /* hash of the client; 0: free */
    _Atomic uint64_t full; /* when its bucket is full again */
};

struct set {
    struct slot way[WAYS];
};

struct mlp_limit {
    struct set *sets;
    size_t mask;
    uint64_t seed; /* random: clients cannot choose whom they share a set with */
};

bool mlp_rate_parse(struct mlp_str text, struct mlp_rate *rate)
{
    static const struct {
        const char *name;
        uint32_t seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    size_t slash = mlp_str_find(text, '/');
    struct mlp_str unit = {text.p + slash + 1, slash < text.n ? text.n - slash - 1 : 0};
    uint64_t n;
    if (!mlp_str_u64((struct mlp_str){text.p, slash}, &n) || n == 0 || n > MOST_N)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (mlp_str_is(unit, units[i].name)) {
            *rate = (struct mlp_rate){n, units[i].seconds, n};
            return true;
        }
    return false;
}

enum mlp_code mlp_limit_new(size_t clients, struct mlp_limit **out, struct mlp_err *e)
{
    struct mlp_limit *l = calloc(1, sizeof *l);
    size_t sets = 1;
    *out = NULL;
    while (sets * WAYS < clients)
        sets *= 2;
    if (l)
        l->sets = calloc(sets, sizeof *l->sets);
    if (!l || !l->sets) {
        free(l);
        return mlp_err_nomem(e);
    }
    l->mask = sets - 1;
    enum mlp_code code = mlp_os_random(&l->seed, sizeof l->seed, e);
    if (code == MLP_OK)
        *out = l;
    else
        mlp_limit_free(l);
    return code;
}

void mlp_limit_free(struct mlp_limit *l)
{
    if (!l)
        return;
    free(l->sets);
    free(l);
}

/* The client's slot, or the one that owes least. */
static struct slot *look(struct set *set, uint64_t tag, uint64_t *seen)
{
    struct slot *least = &set->way[0];
    uint64_t owes = UINT64_MAX;
    for (size_t i = 0; i < WAYS; i++) {
        struct slot *s = &set->way[i];
        *seen = atomic_load_explicit(&s->tag, memory_order_relaxed);
        if (*seen == tag)
            return s;
        uint64_t full = atomic_load_explicit(&s->full, memory_order_relaxed);
        if (full < owes) {
            owes = full;
            least = s;
        }
    }
    *seen = atomic_load_explicit(&least->tag, memory_order_relaxed);
    return least;
}

/* The client's slot, made when it had none. */
static struct slot *slot_of(struct mlp_limit *l, struct mlp_str client)
{
    uint64_t hash = mlp_hash64(client.p, client.n, l->seed), tag = hash | 1, seen;
    struct set *set = &l->sets[(hash >> 32) & l->mask];
    for (;;) {
        struct slot *s = look(set, tag, &seen);
        if (seen == tag || atomic_compare_exchange_strong(&s->tag, &seen, tag))
            return s;
    }
}

/* Moves the time at which the bucket is full by one token, unless that passes the burst. */
static bool take(struct slot *s, uint64_t now, uint64_t token, uint64_t most, uint64_t *ahead)
{
    uint64_t full = atomic_load_explicit(&s->full, memory_order_relaxed), next;
    do {
        next = (full > now ? full : now) + token;
        *ahead = next - now;
        if (*ahead > most)
            return false;
    } while (!atomic_compare_exchange_weak(&s->full, &full, next));
    return true;
}

static uint64_t seconds_up(uint64_t ns)
{
    return (ns + SECOND - 1) / SECOND;
}

void mlp_limit_take(struct mlp_limit *l, struct mlp_str client, const struct mlp_rate *rate,
                    uint64_t now_ns, struct mlp_limit_state *state)
{
    uint64_t token = rate->window_s * SECOND / rate->n, ahead;
    uint64_t burst = rate->burst > MOST_N ? MOST_N : rate->burst ? rate->burst : 1;
    uint64_t most = token > UINT64_MAX / 4 / burst ? UINT64_MAX / 4 : token * burst;
    if (token == 0)
        token = 1;
    bool admitted = take(slot_of(l, client), now_ns, token, most, &ahead);
    if (!admitted)
        ahead -= token; /* as it stays */
    state->admitted = admitted;
    state->limit = burst;
    state->remaining = ahead > most ? 0 : (most - ahead) / token;
    state->reset_s = seconds_up(ahead);
    state->retry_s = admitted ? 0 : seconds_up(ahead + token - most);
}
