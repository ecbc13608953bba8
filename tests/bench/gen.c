/* gen BYTES [SEED]: a CSV of 20 mixed columns on stdout, at least BYTES long, the same for a seed.
 *
 * What real tables have: unique ids, times, skewed categories, missing cells, 17-digit numbers,
 * quoted text with commas, newlines and doubled quotes, UTF-8. One row in a thousand breaks
 * exactly one rule of rules.yaml, so that tools can be held to the same count. */
#include "base/buf.h"
#include "base/rng.h"
#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ROW_MAX 4096
#define FIRST_ID 1000000
#define FIRST_TIME 1700000000

static const char header[] =
    "id,event_ts,signup_date,age,income,score,lat,lon,balance,clicks,country,plan,is_active,"
    "device,email,session_id,emb,z,comment,label\n";
static const char *const countries[] = {
    "US", "DE", "FR", "GB", "IN", "BR", "JP", "CN", "CA", "AU", "ES", "IT", "NL", "SE",
    "NO", "FI", "DK", "PL", "CZ", "AT", "CH", "BE", "PT", "IE", "GR", "RO", "HU", "BG",
    "HR", "SK", "MX", "AR", "CL", "CO", "PE", "ZA", "EG", "NG", "KE", "TR"};
static const char *const plans[] = {"free", "basic", "pro", "enterprise"};
static const char *const devices[] = {"ios", "android", "web", "tablet", "desktop", "tv"};
static const char *const words[] = {
    "parcel", "arrived", "late", "again", "please", "refund", "the", "second", "item",
    "colour", "was", "not", "as", "shown", "thanks", "f\xc3\xbcr", "support", "na\xc3\xafve",
    "invoice", "missing", "will", "order", "soon", "12\xe2\x82\xac"};

enum fault { NO_FAULT, BAD_AGE, BAD_SCORE, BAD_COUNTRY, BAD_EMAIL, BAD_LABEL, FAULTS };

/* What a row is made from and into. Each call takes at most one random number as an argument: C
 * leaves the order of arguments open, and the file must be the same with every compiler. */
struct gen {
    struct mlp_rng rng;
    struct mlp_buf row;
    uint64_t id;
    enum fault fault;
};

static double uniform(struct gen *g)
{
    return mlp_rng_f64(&g->rng);
}

/* Box and Muller, one of the pair: speed does not matter here. */
static double normal(struct gen *g)
{
    double radius = sqrt(-2 * log(1 - uniform(g)));
    return radius * cos(2 * 3.14159265358979323846 * uniform(g));
}

static const char *pick(struct gen *g, const char *const *list, size_t n)
{
    double u = uniform(g);
    return list[(size_t)((double)n * u * u)];
}

static void add_times(struct gen *g)
{
    char text[32];
    uint64_t event = FIRST_TIME + (g->id - FIRST_ID) * 3 + mlp_rng_below(&g->rng, 3);
    mlp_time_format((int64_t)event, text);
    mlp_buf_addf(&g->row, "%s,", text);
    mlp_time_format((int64_t)(event - mlp_rng_below(&g->rng, 2000 * UINT64_C(86400))), text);
    mlp_buf_addf(&g->row, "%.10s,", text);
}

static void add_numbers(struct gen *g)
{
    struct mlp_buf *b = &g->row;
    double age = 18 + 77 * uniform(g) * uniform(g);
    if (g->fault == BAD_AGE)
        mlp_buf_adds(b, "7");
    else if (uniform(g) >= 0.02)
        mlp_buf_addf(b, "%d", (int)age);
    mlp_buf_addc(b, ',');
    if (uniform(g) >= 0.05)
        mlp_buf_addf(b, "%.2f", exp(10.5 + 0.7 * normal(g)));
    mlp_buf_addf(b, ",%.6f", uniform(g) + (g->fault == BAD_SCORE));
    mlp_buf_addf(b, ",%.6f", 180 * uniform(g) - 90);
    mlp_buf_addf(b, ",%.6f", 360 * uniform(g) - 180);
    mlp_buf_addf(b, ",%.2f", 5000 * normal(g));
    mlp_buf_addf(b, ",%d,", (int)(-7 * log(1 - uniform(g))));
}

static void add_categories(struct gen *g)
{
    struct mlp_buf *b = &g->row;
    const char *country = pick(g, countries, COUNT(countries));
    mlp_buf_addf(b, "%s,", g->fault == BAD_COUNTRY ? "XX" : country);
    mlp_buf_addf(b, "%s,", pick(g, plans, COUNT(plans)));
    mlp_buf_adds(b, uniform(g) < 0.7 ? "true," : "false,");
    if (uniform(g) >= 0.01)
        mlp_buf_adds(b, pick(g, devices, COUNT(devices)));
    mlp_buf_addf(b, ",user%06x%c", (unsigned)mlp_rng_below(&g->rng, 1u << 22),
                 g->fault == BAD_EMAIL ? '.' : '@');
    mlp_buf_addf(b, "example%d.com,", (int)mlp_rng_below(&g->rng, 9));
    mlp_buf_addf(b, "%016llx,", (unsigned long long)mlp_rng_u64(&g->rng));
    mlp_buf_addf(b, "%.17g,", normal(g));
    mlp_buf_addf(b, "%.4f,", 3 * normal(g));
}

/* Seven of ten comments are quoted text of 2 to 13 words. */
static void add_comment(struct gen *g)
{
    struct mlp_buf *b = &g->row;
    if (uniform(g) >= 0.7)
        return;
    mlp_buf_addc(b, '"');
    for (uint64_t n = 2 + mlp_rng_below(&g->rng, 12), i = 0; i < n; i++) {
        double u = uniform(g);
        if (i)
            mlp_buf_adds(b, u < 0.08 ? ", " : u < 0.10 ? "\n" : " ");
        const char *marks = uniform(g) < 0.03 ? "\"\"" : "";
        mlp_buf_addf(b, "%s%s%s", marks, words[mlp_rng_below(&g->rng, COUNT(words))], marks);
    }
    mlp_buf_addc(b, '"');
}

static bool write_row(struct gen *g)
{
    mlp_buf_reset(&g->row);
    uint64_t n = g->id - FIRST_ID;
    g->fault = n % 1000 == 999 ? (enum fault)(1 + n / 1000 % (FAULTS - 1)) : NO_FAULT;
    mlp_buf_addf(&g->row, "%llu,", (unsigned long long)g->id++);
    add_times(g);
    add_numbers(g);
    add_categories(g);
    add_comment(g);
    int label = uniform(g) < 0.12;
    mlp_buf_addf(&g->row, ",%d\n", g->fault == BAD_LABEL ? 2 : label);
    return !g->row.failed && fwrite(g->row.p, 1, g->row.n, stdout) == g->row.n;
}

int main(int argc, char **argv)
{
    double bytes = argc > 1 ? strtod(argv[1], NULL) : 0;
    if (argc > 3 || !(bytes > 0)) {
        fputs("usage: gen BYTES [SEED] > FILE.csv\n", stderr);
        return 2;
    }
    struct gen g = {.id = FIRST_ID};
    mlp_rng_init(&g.rng, argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    mlp_buf_init(&g.row, ROW_MAX);
    double done = (double)(sizeof header - 1);
    bool good = fputs(header, stdout) >= 0;
    while (good && done < bytes) {
        good = write_row(&g);
        done += (double)g.row.n;
    }
    good = fflush(stdout) == 0 && good;
    mlp_buf_fini(&g.row);
    if (!good)
        perror("gen");
    return good ? 0 : 4;
}
