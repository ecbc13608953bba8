#!/usr/bin/env bash
# mlp-serve batch over many files and in parts: n parts together are the whole, whatever the files.
. "$(dirname "$0")/lib.sh"
model=$ROOT/tests/fixtures/model/trees.joblib

# A file with line feeds, delimiters and quotes inside of fields; CRLF; one line; a header alone;
# NDJSON; no line feed at the end.
mkdir in
{
    echo 'note,age,income,city'
    for i in $(seq 400); do
        printf '"line %s\nand, ""more"" \r\n",%s,%s,Kyiv\n' "$i" "$((i % 70))" "$((i * 37))"
        printf 'plain %s,%s,,"São\n\nPaulo"\n' "$i" "$((i % 90))"
    done
} >in/quoted.csv
sed 's/$/\r/' <<'CSV' >in/crlf.csv
note,age,income,city
a,1,2,Kyiv
b,3,4,Kyiv
c,5,6,"Kyiv
d"
e,7,8,Kyiv
CSV
printf 'note,age,income,city\n' >in/header.csv
printf 'note,age,income,city\nlast,41,7e4,Kyiv' >in/one.csv
for i in $(seq 300); do printf '{"note":"n%s \\n\\"","age":%s,"income":1,"city":"Kyiv"}\n' "$i" "$((i % 80))"; done >in/rows.ndjson
gzip -kc in/quoted.csv >in/packed.csv.gz

# One file, n parts to stdout: rows without the header, put together, are those of the whole.
for file in quoted.csv crlf.csv header.csv one.csv rows.ndjson; do
    expect 0 mlp-serve batch "$model" "in/$file" --id note
    tail -n +2 out >whole
    for n in 1 2 3 4 5 6 7; do
        : >parts
        for ((i = 0; i < n; i++)); do
            mlp-serve batch "$model" "in/$file" --id note --part "$i/$n" >out 2>err || fail "part $i/$n of $file"
            tail -n +2 out >>parts
        done
        same parts whole
    done
done
ok 'parts are about as large' test "$(mlp-serve batch "$model" in/quoted.csv --part 2/4 | wc -l)" -gt 150

# Many files, n parts into a folder. Each row is there once, in a file of its own file's name.
expect 0 mlp-serve batch "$model" 'in/*' --id note --into whole-out
ok 'a file each' test "$(echo whole-out/*)" = 'whole-out/crlf.csv whole-out/header.csv whole-out/one.csv whole-out/packed.csv whole-out/quoted.csv whole-out/rows.csv'
gathered() { for f in "$1"/"$2"*; do tail -n +2 "$f"; done; }
for n in 1 2 3 4 5 6 7; do
    for ((i = 0; i < n; i++)); do
        expect 0 mlp-serve --batch "$model" in/* --id note --into "parts-$n" --part "$i/$n"
    done
    for file in crlf header one packed quoted rows; do
        gathered whole-out "$file" >want
        gathered "parts-$n" "$file" >got
        same got want
    done
done
ok 'the large one was cut' test -e parts-7/quoted.00004-of-00007.csv -o -e parts-7/quoted.00005-of-00007.csv
ok 'what is compressed was not' test "$(echo parts-7/packed*)" = parts-7/packed.csv
ok 'the small ones were not' test -e parts-7/crlf.csv -a -e parts-7/one.csv

# A run that ended early goes on: what is done stays as it is, what is half done is not there.
stat -c '%n %Y %i' whole-out/* >before
expect 0 mlp-serve batch "$model" in/* --id note --into whole-out
has err '6 files have their predictions already'
stat -c '%n %Y %i' whole-out/* >after
same after before
rm whole-out/one.csv
touch -d '+1 minute' in/crlf.csv
expect 0 mlp-serve batch "$model" in/* --id note --into whole-out
has err '4 files have'
ok 'the new one' test -e whole-out/one.csv
expect 0 mlp-serve batch "$model" in/* --id note --into whole-out --force
hasnt err 'already'
printf 'age,income,city\n1\n' >bad.csv
expect 3 mlp-serve batch "$model" in/one.csv bad.csv --into half
has err 'bad.csv:2:'
ok 'what was done stays, what was not is not there' test "$(ls -A half)" = one.csv

# The same rows as CSV come as NDJSON too.
expect 0 mlp-serve batch "$model" in/one.csv --id note --into json --format ndjson
has json/one.ndjson '"note":"last"'

# Errors in a part name the line of the file.
{ cat in/quoted.csv; printf 'x,y\n'; } >late.csv
expect 3 mlp-serve batch "$model" late.csv --part 6/7
has err "late.csv:$(wc -l <late.csv):"

# What cannot be meant.
expect 2 mlp-serve batch "$model" in/one.csv --part 3/3
has err 'the last of 3 is 2/3'
expect 2 mlp-serve batch "$model" in/one.csv --part 1
has err 'such as 0/10'
expect 2 mlp-serve batch "$model" in/one.csv --part 1/0
expect 2 mlp-serve batch "$model" in/one.csv --part x/y
expect 2 mlp-serve batch "$model" --part 0/2
expect 2 mlp-serve batch "$model" in/*.csv
has err 'Give --into DIR'
expect 5 mlp-serve batch "$model" 'in/*.parquet' --into out-2
has err 'no file is named'
expect 5 mlp-serve batch "$model" none.csv --into out-2
expect 2 mlp-serve batch "$model" in --into out-2
expect 2 mlp-serve batch --exec cat in/one.csv --part 0/2
cp in/one.csv keep.csv
expect 2 mlp-serve batch "$model" in/one.csv --into in --force
has err 'would take its place'
same in/one.csv keep.csv
mkdir other
cp in/one.csv other/one.csv
expect 2 mlp-serve batch "$model" in/one.csv other/one.csv --into out-3
has err 'two files would have their predictions in out-3/one.csv'
finish
