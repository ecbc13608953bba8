/* Pages of metrics from anywhere: what is read, written again by our writer, reads as the same. */
#include "text/prom.h"
#include "text/prom_read.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void write_point(const struct mlp_prom_point *p, struct mlp_arena *arena, struct mlp_buf *b)
{
    struct mlp_prom_label labels[MLP_PROM_MAX_LABELS + 1] = {0};
    const char *name = mlp_arena_strz(arena, p->name);
    for (size_t i = 0; i < p->nlabels; i++)
        labels[i] = (struct mlp_prom_label){mlp_arena_strz(arena, p->labels[i].name),
                                            p->labels[i].value};
    mlp_prom_sample(b, name, labels, p->value);
}

static void compare(const struct mlp_prom_point *a, const struct mlp_prom_point *b)
{
    expect(mlp_str_eq(a->name, b->name) && a->nlabels == b->nlabels);
    expect(isnan(a->value) ? isnan(b->value) : a->value == b->value);
    for (size_t i = 0; i < a->nlabels; i++)
        expect(mlp_str_eq(a->labels[i].name, b->labels[i].name) &&
               mlp_str_eq(a->labels[i].value, b->labels[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_arena arena;
    struct mlp_buf text;
    struct mlp_prom_page page, again;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_arena_init(&arena, (size_t)64 << 20);
    mlp_buf_init(&text, (size_t)64 << 20);
    if (mlp_prom_read((struct mlp_str){(const char *)data, size}, &arena, &page, &e) == MLP_OK) {
        for (size_t i = 0; i < page.n; i++)
            write_point(&page.points[i], &arena, &text);
        expect(!text.failed);
        expect(mlp_prom_read(mlp_buf_str(&text), &arena, &again, &e) == MLP_OK);
        expect(page.n == again.n);
        for (size_t i = 0; i < page.n; i++)
            compare(&page.points[i], &again.points[i]);
    } else {
        expect(e.message[0]);
    }
    mlp_buf_fini(&text);
    mlp_arena_fini(&arena);
    return 0;
}
