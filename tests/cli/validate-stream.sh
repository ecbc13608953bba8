#!/usr/bin/env bash
# Streams: good rows leave at once, windows report and count anew; rejected rows as a table.
. "$(dirname "$0")/lib.sh"
cat >rules.yaml <<'END'
version: 1
columns:
  id: {type: int, unique: later}
  v: {type: float, max: 9, required: true}
END

# Rejected rows with their reasons.
printf 'id,v,note\n1,5,a\n1,12,"b,""c"\n3,,d\n4,6,"e\nf"\n5,7\nx,99,"g\nh"\n' >in.csv
expect 1 mlp-validate check -q -r rules.yaml --rejects bad.csv -o good.csv in.csv
printf 'id,v,note\n1,5,a\n4,6,"e\nf"\n' >wanted.csv
same good.csv wanted.csv
cat >wanted.csv <<'END'
id,v,note,_line,_rule,_value
1,12,"b,""c",3,id/unique; v/max,1; 12
3,,d,4,v/required,
,,,7,row,"5,7"
x,99,"g
h",8,id/type; v/max,x; 99
END
same bad.csv wanted.csv
expect 1 mlp-validate check -q -r rules.yaml --rejects bad.tsv -o good.csv in.csv
has bad.tsv "$(printf '1\t12\t"b,""c"\t3\tid/unique; v/max\t1; 12')"
printf '{"id":1,"v":20}\n{"id":2,"v":2}\n' |
    expect 1 mlp-validate check -q -r rules.yaml --rejects bad.csv -o good.ndjson
printf 'id,v,_line,_rule,_value\n1,20,1,v/max,20\n' >wanted.csv
same bad.csv wanted.csv

# Windows of rows: each its own report, the last what is left.
awk 'BEGIN { for (i = 1; i <= 25; i++) printf "{\"id\":%d,\"v\":%d}\n", i % 10, i == 3 ? 99 : 1 }' >in.ndjson
expect 1 mlp-validate check -r rules.yaml --window-rows 10 --rejects bad.ndjson -R json:last.json \
    -o good.ndjson in.ndjson
ok 'three reports' test "$(grep -c 'id/unique' err)" = 3
ok 'an id may come again in another window' test "$(grep -c . bad.ndjson)" = 1
has bad.ndjson '"line":3,'
ok 'the other rows are good' test "$(grep -c . good.ndjson)" = 24
has last.json '"rows": 5'
expect 0 mlp-validate check -q -r rules.yaml --window-rows 10 -o good.ndjson < <(tail -n +4 in.ndjson)
expect 2 mlp-validate check -r - --window-rows 10 in.ndjson <<'END'
version: 1
checks: [{columns: [id, v], unique: all}]
END
has err 'twice'

# A row that is good does not wait for the next one, nor a report for the end.
mkfifo pipe
mlp-validate check -r rules.yaml --window 1s --rejects late.ndjson - <pipe >good 2>told &
exec 7>pipe
printf 'id,v\n1,5\n2,99\n3,6\n' >&7
for _ in $(seq 50); do
    [ "$(wc -l <good)" = 3 ] && break
    sleep 0.1
done
ok 'good rows are there' test "$(wc -l <good)" = 3
sleep 1.1
printf '1,7\n' >&7
for _ in $(seq 50); do
    grep -q 'id/unique' told && [ "$(wc -l <good)" = 4 ] && break
    sleep 0.1
done
ok 'a window is reported while the stream goes on' grep -q 'v/max' told
ok 'and the next one begins' test "$(wc -l <good)" = 4
exec 7>&-
wait $!
ok 'a rejected row of any window counts' test $? = 1

# Without windows too, and on threads.
mlp-validate check -q -j 3 -r rules.yaml <pipe >good 2>told &
exec 7>pipe
printf 'id,v\n1,5\n' >&7
for _ in $(seq 50); do
    [ "$(wc -l <good)" = 2 ] && break
    sleep 0.1
done
ok 'threads hand on what a pipe gave' test "$(wc -l <good)" = 2
exec 7>&-
wait $!
ok 'and end with it' test $? = 0
# Threads change nothing.
awk 'BEGIN { print "a,b,c"; for (i = 0; i < 90000; i++) print i * 7 % 1000 "," i / 3 ",x" i % 5000 }' >big.csv
for verb in profile infer; do
    expect 0 mlp-validate $verb -j 1 -o one big.csv
    expect 0 mlp-validate $verb -j 4 -o four big.csv
    same one four
done
finish
