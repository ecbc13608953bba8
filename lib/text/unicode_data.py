#!/usr/bin/env python3
"""Writes unicode_data.c: the parts of Unicode that Python's text functions use, as tables.

usage: unicode_data.py > unicode_data.c
"""
import unicodedata

MAX = 0x110000
CODES = [c for c in range(MAX) if not 0xD800 <= c < 0xE000]


def ranges(test):
    """Closed ranges of code points that pass."""
    out, start = [], None
    for c in range(MAX + 1):
        is_in = c < MAX and test(c)
        if is_in and start is None:
            start = c
        if not is_in and start is not None:
            out.append((start, c - 1))
            start = None
    return out


def case_runs(change):
    """(first, last, stride, delta) of code points whose changed case is one other."""
    pairs = [(c, ord(change(chr(c))) - c) for c in CODES
             if len(change(chr(c))) == 1 and ord(change(chr(c))) != c]
    runs = []
    for c, delta in pairs:
        if runs and runs[-1][3] == delta:
            first, last, stride, _ = runs[-1]
            step = c - last
            if step <= 2 and stride in (0, step):
                runs[-1] = (first, c, step, delta)
                continue
        runs.append((c, c, 0, delta))
    return runs


def plain(c):
    """NFKD without combining marks: what strip_accents='unicode' leaves."""
    return "".join(x for x in unicodedata.normalize("NFKD", chr(c)) if not unicodedata.combining(x))


def stripped():
    """Code points below U+3400, ligatures, half and full width forms that lose or change."""
    out = []
    for c in list(range(0x80, 0x3400)) + list(range(0xFB00, 0xFB50)) + list(range(0xFF00, 0xFFF0)):
        p = plain(c)
        if p != chr(c) and not unicodedata.combining(chr(c)) and len(p) <= 4:
            out.append((c, [ord(x) for x in p] or [0]))
    return out


def table(kind, name, rows, width):
    print(f"\nconst struct mlp_{kind} mlp_{name}[] = {{")
    line = "   "
    for row in rows:
        item = " {" + ", ".join(str(x) for x in row) + "},"
        if len(line) + len(item) > width:
            print(line)
            line = "   "
        line += item
    print(line)
    print(f"}};\nconst size_t mlp_{name}_n = sizeof mlp_{name} / sizeof mlp_{name}[0];")


def digits():
    """First of each run of ten decimal digits (category Nd)."""
    return [(c,) for c in CODES if unicodedata.category(chr(c)) == "Nd" and unicodedata.decimal(chr(c)) == 0]


print("/* unicode_data.c: made by unicode_data.py from Unicode "
      f"{unicodedata.unidata_version}; see unicode.h. */")
print('#include "text/unicode_data.h"')
table("range", "word_ranges", ranges(lambda c: chr(c).isalnum() or chr(c) == "_"), 100)
table("range", "combining_ranges", ranges(lambda c: unicodedata.combining(chr(c)) != 0), 100)
table("case_run", "lower_runs", case_runs(str.lower), 100)
table("case_run", "upper_runs", case_runs(str.upper), 100)
table("plain", "plain_forms", [(c, "{" + ",".join(map(str, p)) + "}") for c, p in stripped()], 100)
print("\nconst uint32_t mlp_digit_zeros[] = {")
starts = [str(c[0]) for c in digits()]
for i in range(0, len(starts), 12):
    print("    " + ", ".join(starts[i:i + 12]) + ",")
print("};\nconst size_t mlp_digit_zeros_n = sizeof mlp_digit_zeros / sizeof mlp_digit_zeros[0];")
