/* A text is a number exactly when strtod takes all of it (without its extras: space, hexadecimal,
 * nan with a payload), and has strtod's value; what is printed reads back as the same bits. */
#include "text/json.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_and_read(double v)
{
    char text[32];
    double again;
    size_t n = mlp_num_print_f64(v, text);
    if (n >= sizeof text || text[n] != '\0' || !mlp_num_f64((struct mlp_str){text, n}, &again))
        abort();
    if (isnan(v) ? !isnan(again) : memcmp(&v, &again, sizeof v) != 0)
        abort();
    float f = (float)v, f_again;
    n = mlp_num_print_f32(f, text);
    if (n >= sizeof text || text[n] != '\0' || !mlp_num_f32((struct mlp_str){text, n}, &f_again))
        abort();
    if (isnan(f) ? !isnan(f_again) : memcmp(&f, &f_again, sizeof f) != 0)
        abort();
}

static void json_reads(double v)
{
    struct mlp_buf b;
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_buf_init(&b, 64);
    mlp_num_add_json(&b, v);
    mlp_json_init(&j, mlp_buf_str(&b), 1);
    if (mlp_json_next(&j, &t, NULL) != MLP_OK || t.raw.n != b.n)
        abort();
    if (t.type != (isfinite(v) ? MLP_JSON_NUMBER : MLP_JSON_NULL))
        abort();
    mlp_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *end;
    double v = 0;
    float f = 0;
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    /* The view is of the input itself, whose end the sanitizer guards. */
    struct mlp_str s = {(const char *)data, size};
    bool is_number = mlp_num_f64(s, &v);
    double want = strtod(text, &end);
    bool extras = size == 0 || strspn(text, " \t\n\v\f\r") || strpbrk(text, "xX(");
    if (is_number != (end == text + size && !extras) || mlp_num_f32(s, &f) != is_number)
        abort();
    float want32 = strtof(text, NULL);
    if (is_number && !isnan(want) &&
        (memcmp(&v, &want, sizeof v) != 0 || memcmp(&f, &want32, sizeof f) != 0))
        abort();
    print_and_read(v);
    json_reads(v);
    if (size >= sizeof v) {
        memcpy(&v, data, sizeof v);
        print_and_read(v);
        json_reads(v);
    }
    free(text);
    return 0;
}
