#!/usr/bin/env bash
# mlp-drift check: verdicts, shares, columns lost and new, formats, exit statuses, bad input.
. "$(dirname "$0")/lib.sh"

# rows SEED N MEAN: a real, an integer, a category, a flag and a text with gaps, the same anywhere.
rows() {
    awk -v s="$1" -v n="$2" -v mean="$3" 'function u() { s = (s * 1103515245 + 12345) % 2147483648
            return int(s / 256) / 8388608 }
        BEGIN { print "amount,count,kind,flag,note"
            for (i = 0; i < 20; i++) u()
            for (i = 0; i < n; i++) {
                z = -6; for (k = 0; k < 12; k++) z += u()
                v = u(); c = v < .5 ? "a" : v < .8 ? "b" : v < .95 ? "c" : "d"
                printf "%.6f,%d,%s,%d,%s\n", z + mean, u() * 20, c, u() < .2,
                       u() < .1 ? "" : "n" int(u() * 5) } }'
}
rows 1 6000 0 >ref.csv
rows 2 5000 0 >same.csv
rows 3 5000 0.4 >moved.csv

expect 0 mlp-drift check --reference ref.csv same.csv
has out 'No drift from ref.csv in 5 columns.'
hasnt out FAIL
expect 1 mlp-drift check --reference ref.csv moved.csv
has out 'FAIL  amount/values  moved by 0.4'
has out '1 of 5 columns drifted'
has out 'mean '

# A profile of the reference says the same, from a file, a pipe, and against a profile.
expect 0 mlp-drift profile ref.csv
cp out ref.json
expect 1 mlp-drift --reference ref.json moved.csv
has out 'FAIL  amount/values'
expect 1 mlp-drift -r ref.json - <moved.csv
expect 0 mlp-drift profile --reference ref.json -o moved.json moved.csv
expect 1 mlp-drift -r ref.json moved.json
has out 'FAIL  amount/values'
expect 0 mlp-drift profile -o other.json moved.csv
expect 3 mlp-drift -r ref.json other.json
has err 'other edges'
has err 'mlp-drift profile --reference'
gzip -k moved.csv
expect 1 mlp-drift -r ref.json moved.csv.gz

# Every kind of change that is not in the values.
cut -d, -f1-4 same.csv >lost.csv
expect 1 mlp-drift -r ref.csv lost.csv
has out 'FAIL  note/lost'
sed 's/$/,1/; 1s/,1$/,extra/' same.csv >more.csv
expect 0 mlp-drift -r ref.csv more.csv
has out 'warn  extra/new'
awk -F, -v OFS=, 'NR > 1 && NR % 3 == 0 { $1 = "" } 1' same.csv >gaps.csv
expect 1 mlp-drift -r ref.csv gaps.csv
has out 'FAIL  amount/missing'
has out '33.3 % missing, 0 % in the reference'
awk -F, -v OFS=, 'NR > 1 && NR % 20 == 0 { $2 = "many" } 1' same.csv >words.csv
expect 1 mlp-drift -r ref.csv words.csv
has out 'FAIL  count/type'
awk -F, -v OFS=, 'NR > 1 { $1 = "text" } 1' same.csv >text.csv
expect 1 mlp-drift -r ref.csv text.csv
has out 'FAIL  amount/type'
awk -F, -v OFS=, 'NR > 1 && NR % 25 == 0 { $3 = "new" } 1' same.csv >unseen.csv
expect 1 mlp-drift -r ref.csv unseen.csv
has out 'FAIL  kind/unseen'
awk -F, -v OFS=, 'NR > 1 && NR % 30 == 0 { $1 = "inf" } 1' same.csv >inf.csv
expect 1 mlp-drift -r ref.csv inf.csv
has out 'FAIL  amount/infinite'
(cat same.csv; echo 'only,two') >short.csv
expect 0 mlp-drift -r ref.csv short.csv
has out '1 of 5001 rows were left out'
has out 'line 5002'

# Small, or large but uncertain, or too few rows: a warning, and which shift would have shown.
rows 4 5000 0.06 >slight.csv
expect 0 mlp-drift -r ref.csv slight.csv
head -n 60 same.csv >few.csv
expect 0 mlp-drift -r ref.csv few.csv
has out 'the smallest shift that shows is'
has out 'too few'
expect 1 mlp-drift -r ref.csv --strict few.csv
expect 0 mlp-drift -r ref.csv --effect 2 moved.csv
has out 'certain but small'

# One outlier of a million on either side changes no verdict.
sed '100s/^[^,]*/1e6/' same.csv >outlier.csv
expect 0 mlp-drift -r ref.csv outlier.csv
has out 'No drift'
expect 0 mlp-drift -r ref.json outlier.csv
hasnt out 'warn  amount'
sed '100s/^[^,]*/1e6/' ref.csv >outlier-ref.csv
expect 0 mlp-drift -r outlier-ref.csv same.csv
hasnt out 'warn  amount'
expect 1 mlp-drift -r outlier-ref.csv moved.csv

# Choosing columns and corrections.
expect 0 mlp-drift -r ref.csv --ignore amount,note moved.csv
has out 'in 3 columns'
expect 1 mlp-drift -r ref.csv --columns amount --adjust bh moved.csv
has out '1 of 1 columns'
expect 2 mlp-drift -r ref.csv --columns nosuch moved.csv
has err 'no column "nosuch"'

# Reports: every format; the page has pictures and no script, and is small.
expect 1 mlp-drift -r ref.csv -q -R d.json -R html:d.page -R d.prom -R junit:d.xml -R d.sarif moved.csv
ok 'quiet is quiet' test ! -s out
has d.json '"p_adjusted"'
has d.json '"smallest_visible"'
has d.json '"n_reference"'
has d.json '"kind"'
has d.page '<svg'
hasnt d.page '<script'
ok 'the page is small' test "$(wc -c <d.page)" -lt 40000
has d.prom 'mlp_report_outcome{kind="drift"} 2'
has d.prom 'measure="effect"'
expect 1 mlp-drift -r ref.csv --format github moved.csv
has out '::error'
for f in text json junit sarif html prom; do expect 1 mlp-drift -r ref.csv --format $f moved.csv; done
expect 1 env SOURCE_DATE_EPOCH=1 mlp-drift -r ref.csv -f json moved.csv
cp out one
expect 1 env SOURCE_DATE_EPOCH=1 TZ=Asia/Tokyo mlp-drift -r ref.csv -f json moved.csv
same out one

# Usage, and files that are not what they should be.
expect 2 mlp-drift check same.csv
has err '--reference is needed'
expect 2 mlp-drift -r ref.csv --alpha 2 same.csv
expect 2 mlp-drift -r ref.csv --adjust bonferroni same.csv
expect 5 mlp-drift -r nosuch.json same.csv
has err 'nosuch.json'
expect 5 mlp-drift -r ref.csv nosuch.csv
: >empty.csv
expect 3 mlp-drift -r ref.csv empty.csv
expect 3 mlp-drift -r empty.csv same.csv
head -c 3000 ref.json >cut.json
expect 3 mlp-drift -r cut.json same.csv
has err 'cut.json'
sed 's/"counts":\[/"counts":[-1,/' ref.json >bad.json
expect 3 mlp-drift -r bad.json same.csv
has err 'counts'
mkdir folder
ok 'a folder is refused' test "$(mlp-drift -r folder same.csv >out 2>err; echo $?)" -ge 3
expect 3 mlp-drift -r ref.csv --input csv "$ROOT/build/bin/mlp-drift"
printf 'amount,count,kind,flag,note\n' >header.csv
expect 0 mlp-drift -r ref.csv header.csv
has out 'no values to compare'
has out 'too few rows to tell'
expect 1 mlp-drift -r ref.csv --strict header.csv
if [ -c /dev/full ]; then
    status=0
    mlp-drift -r ref.csv same.csv >/dev/full 2>err || status=$?
    ok 'a full disk is an error' test $status -eq 4
    expect 4 mlp-drift profile -o /dev/full ref.csv
fi
expect 5 mlp-drift profile -o nosuch/p.json ref.csv
finish
