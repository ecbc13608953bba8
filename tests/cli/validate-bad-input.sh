#!/usr/bin/env bash
# mlp-validate and input or output that is not what it should be: status, place, next step, and
# nothing half-written.
. "$(dirname "$0")/lib.sh"
printf 'columns:\n  age: {type: int, min: 0}\n' >rules.yaml
seq 1 100000 | (echo age && cat) >good.csv
# refused STATUS FILE WORDS...: check ends so, says so, and leaves no file.
refused() {
    local status=$1 file=$2 words
    shift 2
    expect "$status" mlp-validate check -r rules.yaml -o good.out --rejects bad.out -R report.json "$file"
    for words; do has err "$words"; done
    ok "$file: no output is left" test -z "$(find . -name '*.out*' -o -name 'report.json*' -o -name '*.tmp*')"
}
refused 5 missing.csv 'missing.csv' 'No such file' 'hint: check the name'
mkdir folder
refused 3 folder 'folder: is a folder, expected a file'
: >empty.csv
refused 3 empty.csv 'empty.csv: is empty, expected a header line'
printf 'age\n' >header.csv
refused 3 header.csv 'header.csv: has a header but no rows'
printf '\n\n\n' >blank.csv
refused 3 blank.csv 'blank lines only'
gzip -c good.csv | head -c 50000 >short.csv.gz
refused 3 short.csv.gz 'short.csv.gz:byte 50000' 'ends too early' 'hint: was it copied whole?'
gzip -c good.csv | sed '1!s/a/b/g' >damaged.csv.gz
refused 3 damaged.csv.gz 'damaged'
if need zstd; then
    zstd -qc good.csv | head -c 20000 >short.csv.zst
    refused 3 short.csv.zst 'short.csv.zst' 'ends too early'
fi
head -c 100000 /dev/zero >zeros.csv
refused 3 zeros.csv 'zeros.csv:1:' 'not text in UTF-8'
printf '\x7fELF\x02\x01\x01\0\0\0\xff\xfe,\n\0\0\n' >binary.csv
refused 3 binary.csv 'binary.csv:1:' 'is this a CSV, TSV or NDJSON file?'
printf 'aeg,b\n1,2\n' >wrong.csv
refused 3 wrong.csv 'wrong.csv:1: there is no column "age"' 'the nearest is "aeg"'
printf 'age,c\xe9t\xe9\n1,2\n' >latin.csv
refused 3 latin.csv 'latin.csv:1: column 2' 'not text in UTF-8'
printf 'age,b,age\n1,2,3\n' >twice.csv
refused 3 twice.csv 'two columns are named "age"'
printf 'age,\n1,2\n' >nameless.csv
refused 3 nameless.csv 'column 2 has no name'
printf 'age,b\n1,2\n3,"x\n4,5\n' >open.csv
refused 3 open.csv 'open.csv:3:' 'a quote opens here and is not closed'
printf '[1,2]\n' >rows.ndjson
refused 3 rows.ndjson 'rows.ndjson:1'

# Rules files.
expect 5 mlp-validate -r none.yaml good.csv
has err 'none.yaml'
expect 2 mlp-validate <good.csv
has err 'mlp-validate infer DATA'
: >empty.yaml
expect 3 mlp-validate -r empty.yaml good.csv
has err 'empty.yaml'
printf 'columns: {age: {}}\n' >nothing.yaml
expect 3 mlp-validate -r nothing.yaml good.csv
has err 'no rule: nothing would be checked'
printf 'columns:\n  age: {min: [}\n' >broken.yaml
expect 3 mlp-validate -r broken.yaml good.csv
has err 'broken.yaml:2:'
head -c 20M /dev/zero | tr '\0' '#' >large.yaml
expect 3 mlp-validate -r large.yaml good.csv
rm large.yaml

# A line without end: refused at the limit, at once, in bounded memory.
endless() { head -c 1G /dev/zero 2>/dev/null | tr '\0' 'a'; }
start=$(date +%s)
(memory_limit 300000; { echo age; endless; } | mlp-validate -r rules.yaml -o good.out 2>err >out)
ok 'a line of 1 GB is refused' test $? = 3
has err '<stdin>:2: the row that starts here is over 16 MiB'
has err 'hint: an unbalanced quote?'
(memory_limit 300000; endless | mlp-validate -r rules.yaml -o good.out 2>err >out)
ok 'a header of 1 GB is refused' test $? = 3
(memory_limit 300000; { printf '{"age":1}\n{"age":'; endless; } | mlp-validate -r rules.yaml -o good.out 2>err >out)
ok 'an object of 1 GB is refused' test $? = 3
ok 'and no time is lost' test $(($(date +%s) - start)) -lt 20
ok 'no output is left' test ! -e good.out

# Output that cannot be written.
if [ -w /dev/full ]; then
    for to in '-o' '--rejects' '-R'; do
        printf 'age\n-1\n1\n' >two.csv
        expect 4 mlp-validate -q -r rules.yaml "$to" /dev/full two.csv
        has err '/dev/full: cannot write: No space left on device'
        has err 'hint: free space'
    done
    mlp-validate -q -r rules.yaml good.csv >/dev/full 2>err
    ok 'a full disk behind stdout is told' test $? = 4
    has err '<stdout>: cannot write: No space left on device'
fi
mlp-validate -q -r rules.yaml good.csv >&- 2>err
ok 'a closed stdout is told' test $? = 4
has err '<stdout>: cannot write'
mlp-validate -q -r rules.yaml <&- >out 2>err
ok 'a closed stdin is told' test $? = 4
has err '<stdin>: cannot read'
{ mlp-validate -q -r rules.yaml --rejects bad.out good.csv 2>err; echo $? >status; } | head -n 1 >out
has out age
ok 'a reader that left is told' test "$(cat status)" = 4
has err 'Broken pipe'
ok 'no rejects are left' test ! -e bad.out
expect 4 mlp-validate -q -r rules.yaml -o folder good.csv
has err 'folder is a folder'
expect 5 mlp-validate -q -r rules.yaml -o none/good.out good.csv
has err 'none/good.out'

# A writer that is killed leaves what was there before.
echo before >kept.csv
mkfifo pipe
mlp-validate -q -r rules.yaml -o kept.csv <pipe &
pid=$!
{ cat good.csv; kill -KILL $pid; } >pipe
wait $pid 2>/dev/null
ok 'a killed writer leaves the old file' test "$(cat kept.csv)" = before

# Small files under a tight limit of memory: an error, never a crash.
(memory_limit 20000; mlp-validate -q -r rules.yaml good.csv >out 2>err)
status=$?
ok 'little memory is an error or enough' test "$status" = 0 -o "$status" = 4 -o "$status" = 127
finish
