#!/usr/bin/env bash
# mlp-validate check -R html: a page that draws how each column is distributed.
. "$(dirname "$0")/lib.sh"

awk 'BEGIN { print "n,k,day,city,flag,none"
    for (i = 0; i < 3000; i++)
        printf "%.3f,%d,2026-%02d-%02d,%s,%s,\n", i * i % 977 / 10, i % 4, 1 + i % 9, 1 + i % 28,
            i % 3 ? "Rome" : "A <b> & \"\"", i % 2 ? "true" : "false" }' |
    sed 's/A <b> & ""/"A <b> \& """""/' >data.csv
printf 'version: 1\nrows: {min: 1}\n' >rules.yaml
expect 0 mlp-validate check -q -r rules.yaml -R html:page.html -o /dev/null data.csv
ok 'a figure for each column that has values' test "$(grep -c '<figure>' page.html)" = 5
hasnt page.html '<script'
hasnt page.html '<b>'
has page.html 'A &lt;b&gt; &amp;'
has page.html 'Rome'
has page.html '66.7 %'
has page.html 'int, 3000 values from 0 to 3, mean 1.5'
has page.html 'date, 3000 values from 2026-01-01 to 2026-09-'
has page.html '0 % missing'
ok 'numbers are 32 bars' test "$(grep -c '<rect class="right".*<title>' page.html)" -ge 64
# By its name, and of a pipe; the same bytes for any number of threads; other forms draw nothing.
for j in 1 2; do
    expect 0 env SOURCE_DATE_EPOCH=0 mlp-validate check -q -j $j -r rules.yaml -R "$j.html" \
        -o /dev/null - <data.csv
done
same 1.html 2.html
expect 0 mlp-validate check -q -r rules.yaml -R report.json -o /dev/null data.csv
hasnt report.json '<svg'
# A page is XML that a browser takes.
if need python3; then
    ok 'the drawings are well formed' python3 - page.html <<'END'
import re
import sys
import xml.dom.minidom
for svg in re.findall(r"<svg.*?</svg>", open(sys.argv[1]).read(), re.S):
    xml.dom.minidom.parseString(svg)
END
fi
finish
