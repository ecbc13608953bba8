/* unicode_data.h: tables of Unicode, ascending by code point (unicode_data.c). */
#ifndef MLP_TEXT_UNICODE_DATA_H
#define MLP_TEXT_UNICODE_DATA_H

#include <stddef.h>
#include <stdint.h>

/* Code points from first to last. */
struct mlp_range {
    uint32_t first, last;
};

/* Every stride-th code point from first to last has the lower case code + delta. */
struct mlp_case_run {
    uint32_t first, last, stride;
    int32_t delta;
};

/* What a code point becomes without accents: up to four others, 0 after the last. */
struct mlp_plain {
    uint32_t code;
    uint32_t to[4];
};

/* What Python's \w matches, and marks that combine with the letter before them. */
extern const struct mlp_range mlp_word_ranges[], mlp_combining_ranges[];
/* What str.lower() and str.upper() change, one letter to one. */
extern const struct mlp_case_run mlp_lower_runs[], mlp_upper_runs[];
/* The zero of each script's decimal digits, which are ten in a row. */
extern const uint32_t mlp_digit_zeros[];
extern const size_t mlp_digit_zeros_n;
/* NFKD without the combining marks. */
extern const struct mlp_plain mlp_plain_forms[];
/* How many entries each table has. */
extern const size_t mlp_word_ranges_n, mlp_combining_ranges_n, mlp_lower_runs_n,
    mlp_upper_runs_n, mlp_plain_forms_n;

#endif
