/* swar.h: eight bytes at a time in a 64-bit word, for the parsers of this module.
 *
 * The first byte of the text is the lowest byte of the word on every machine. The tests are those
 * of Mycroft and of Lemire (2021, section 4): a marked byte has its top bit set. */
#ifndef MLP_TEXT_SWAR_H
#define MLP_TEXT_SWAR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* c in each of the eight bytes. */
#define MLP_SWAR_ALL(c) (0x0101010101010101ull * (uint8_t)(c))

/* The eight bytes at p, which need not be aligned. */
static inline uint64_t mlp_swar_load(const char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

/* Whether all eight bytes are decimal digits. */
static inline bool mlp_swar_digits(uint64_t w)
{
    return (((w + MLP_SWAR_ALL(0x46)) | (w - MLP_SWAR_ALL('0'))) & MLP_SWAR_ALL(0x80)) == 0;
}

/* The value of eight decimal digits: pairs, then fours, then all, each by one multiplication. */
static inline uint64_t mlp_swar_value(uint64_t w)
{
    w -= MLP_SWAR_ALL('0');
    w = w * 10 + (w >> 8);
    return ((w & 0x000000FF000000FFull) * 0x000F424000000064ull +
            ((w >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull) >> 32;
}

/* Marks the lowest byte that ends a run of plain JSON text: a quote, a backslash, a control byte
 * or one from 0x80 on. Bytes above the lowest mark may be marked wrongly. */
static inline uint64_t mlp_swar_special(uint64_t w)
{
    uint64_t quote = w ^ MLP_SWAR_ALL('"'), slash = w ^ MLP_SWAR_ALL('\\');
    uint64_t control = w - MLP_SWAR_ALL(' ');
    return ((quote - MLP_SWAR_ALL(1)) | (slash - MLP_SWAR_ALL(1)) | control | w) &
           MLP_SWAR_ALL(0x80);
}

#endif
