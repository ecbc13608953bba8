/* num.h: text to numbers and back, exact, without locale.
 *
 * Parsing is correctly rounded: Clinger's exact cases first, then Eisel-Lemire (Lemire, "Number
 * parsing at a gigabyte per second", 2021), then strtod for what both leave. Printing gives the
 * shortest text that reads back as the same value (Giulietti, "The Schubfach way to render
 * doubles", 2021), laid out as Python's repr() does. */
#ifndef MLP_TEXT_NUM_H
#define MLP_TEXT_NUM_H

#include "base/buf.h"

/* Parses all of s as a decimal number: [+-] digits [. digits] [e[+-]digits], with digits on one
 * side of the point at least (".5", "5."), or inf, infinity, nan in any case. No spaces, no hex,
 * no thousands separators. False, and *out as it was, when s is anything else. Overflow gives an
 * infinity, as strtod does. s.p need not be padded. */
bool mlp_num_f64(struct mlp_str s, double *out);

/* The same, correctly rounded to float32 (not through double). */
bool mlp_num_f32(struct mlp_str s, float *out);

/* Shortest text: 0.1, 1e-05, 1e+16, 100.0 (".0" when integral and below 1e16), inf, -inf, nan.
 * out has room for 32 bytes; returns the length without the NUL that follows. */
size_t mlp_num_print_f64(double v, char out[32]);
size_t mlp_num_print_f32(float v, char out[32]);

/* Shortest text for JSON: as above but "100" instead of "100.0", and null when not finite. */
void mlp_num_add_json(struct mlp_buf *b, double v);

#endif
