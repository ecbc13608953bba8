#!/usr/bin/env bash
# The progress line: on a terminal only, without escape sequences, gone in the end.
. "$(dirname "$0")/lib.sh"
need script || skip 'script (util-linux) makes the terminal'

printf 'version: 1\ncolumns: {a: {type: int, max: 8}}\n' >rules.yaml
awk 'BEGIN { print "a"; for (i = 0; i < 200000; i++) print i % 10 }' >part.csv
# Slowly, so that there is time to tell.
slow() { head -n 1 part.csv; for _ in 1 2 3 4; do tail -n +2 part.csv; sleep 0.4; done; }
slow >slow.csv

# In a terminal: rows, how many are rejected, how fast; of a file the share and the time left.
slow | NO_COLOR=1 script -qec \
    "sh -c 'mlp-validate check -r rules.yaml -o /dev/null --rejects /dev/null - <&3 3<&-'" screen \
    3<&0 </dev/null >/dev/null || true
tr '\r' '\n' <screen >lines
ok 'it tells the rows and the rate' grep -qE \
    '^[0-9,]+ rows, [0-9,]+ rejected, [0-9]+ MB, [0-9.]+ MB/s' lines
ok 'the report comes after it' grep -q 'a/max' lines
ok 'no escape sequence' test "$(tr -dc '\033' <screen | wc -c)" = 0
# The line is wiped before the report: blanks, and back to the start.
ok 'it is wiped' grep -qP '\r {20,}\r' screen

# Nothing of it in a pipe or a file, and none with -q.
slow | mlp-validate check -r rules.yaml -o /dev/null - >/dev/null 2>piped
hasnt piped 'MB/s'
ok 'no carriage return in a file' test "$(tr -dc '\r' <piped | wc -c)" = 0
slow | script -qec "sh -c 'mlp-validate check -q -r rules.yaml -o /dev/null - <&3'" quiet \
    3<&0 </dev/null >/dev/null || true
hasnt quiet 'MB/s'
finish
