/* unicode.h: the text functions that vectorisers use, as Python's str has them. */
#ifndef MLP_TEXT_UNICODE_H
#define MLP_TEXT_UNICODE_H

#include "base/str.h"

/* Takes one code point off *s (not empty). Bytes that are no UTF-8 count as U+FFFD each. */
uint32_t mlp_unicode_next(struct mlp_str *s);

/* Writes c as UTF-8 (up to 4 bytes) and returns the length. */
size_t mlp_unicode_put(uint32_t c, char *out);

/* \w of Python's re: letters, digits, numbers, underscore. */
bool mlp_unicode_word(uint32_t c);

/* \d: decimal digits of all scripts. */
bool mlp_unicode_digit(uint32_t c);

/* \s, and where str.split() cuts. */
bool mlp_unicode_space(uint32_t c);

/* str.lower() of one code point (U+0130 becomes plain i; the final sigma is the caller's). */
uint32_t mlp_unicode_lower(uint32_t c);

/* str.upper() of one code point where that is one other; the rest, as the German sharp s, stays. */
uint32_t mlp_unicode_upper(uint32_t c);

/* Code points without accents, as strip_accents="unicode" has them (NFKD less combining marks):
 * 0 to 4 of them in out, their number returned. Below U+3400, for Latin ligatures, full-width forms
 * and Hangul; others stay. */
#define MLP_UNICODE_PLAIN_MAX 4
size_t mlp_unicode_plain(uint32_t c, uint32_t out[MLP_UNICODE_PLAIN_MAX]);

#endif
