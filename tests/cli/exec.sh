#!/usr/bin/env bash
# A command as the model: rows in, answers out, in order; and everything that a command can do
# wrong: die, hang, write rubbish, too much or too long, close its ends, leave processes behind.
. "$(dirname "$0")/lib.sh"

# A model in shell: each script sees the row as $row, and says the answer.
model() {
    { echo '#!/bin/bash'; echo 'while IFS= read -r row; do'; cat; echo 'done'; } >"$1"
    chmod +x "$1"
}
{ echo 'id,v'; seq 1 3000 | sed 's/.*/&,&/'; } >rows.csv
head -n 9 rows.csv >few.csv

# Answers in order, one a row; columns that are kept are no features.
model echo.sh <<'SH'
v=${row#*\"v\":}; printf '{"prediction":%s}\n' "${v%\}}"
SH
expect 0 mlp-serve batch --exec ./echo.sh --id id rows.csv
# shellcheck disable=SC2016
ok 'every row, in order' awk -F , 'NR == 1 ? $0 != "id,prediction,error" : $1 != NR - 1 || $2 != $1 || $3 != "" { exit 1 }' out
ok 'as many rows' test "$(wc -l <out)" = 3001
printf 'a,t,e,q\n1.5,x y,,"7"\n-2,"say ""hi""",true,\n' >types.csv
model show.sh <<'SH'
echo "$row" >&2; echo '"got, it"'
SH
expect 0 mlp-serve batch --exec ./show.sh types.csv
has err '{"a":1.5,"t":"x y","e":null,"q":"7"}'
has err '{"a":-2,"t":"say \"hi\"","e":true,"q":null}'
has out '"got, it",'
expect 0 mlp-serve batch --exec ./show.sh --format ndjson --keep a types.csv
has out '{"a":1.5,"prediction":"got, it"}'
printf 'a\n' >none.csv
expect 0 mlp-serve batch --exec ./show.sh none.csv
has out 'prediction,error'

# Probabilities: the classes of the first answer.
model classes.sh <<'SH'
echo '{"prediction":"no","probabilities":{"no":0.75,"y,es":0.25},"more":[1,{}]}'
SH
expect 0 mlp-serve batch --exec ./classes.sh few.csv
has out 'prediction,proba_no,"proba_y,es",error'
has out 'no,0.75,0.25,'
expect 0 mlp-serve batch --exec ./classes.sh --format ndjson few.csv
has out '"probabilities":{"no":0.75,"y,es":0.25}'

# It dies at a row: that row alone has no answer.
model dies.sh <<'SH'
case $row in *'"v":700}') exit 9;; esac; echo 1
SH
expect 1 mlp-serve batch --exec ./dies.sh --id id rows.csv
has out '700,,the model ended with status 9'
ok 'one row is lost' test "$(grep -c 'the model' out)" = 1
ok 'the others are answered' test "$(grep -c ',1,$' out)" = 2999
has err '1 of 3000 rows were not answered'
model killed.sh <<'SH'
case $row in *'"v":3}') kill -9 $$;; esac; echo 1
SH
expect 1 mlp-serve batch --exec ./killed.sh --id id few.csv
has out '3,,the model was killed by signal 9'
ok 'one row is lost' test "$(grep -c 'the model' out)" = 1

# It hangs.
model hangs.sh <<'SH'
case $row in *'"v":4}') sleep 100;; esac; echo 1
SH
start=$(date +%s)
expect 1 mlp-serve batch --exec ./hangs.sh --row-timeout 300ms --id id few.csv
has out '4,,the model gave no answer within 0.3 s'
ok 'one row is lost' test "$(grep -c 'the model' out)" = 1
ok 'in time' test "$(($(date +%s) - start))" -lt 20

# Rubbish is no answer; the rows after it are answered.
model rubbish.sh <<'SH'
case $row in *'"v":5}') echo 'Traceback: {';; *'"v":6}') echo '{"a":1}';; *'"v":7}') echo '[1]';;
*'"v":8}') echo '{"error":"too \u00e9 old"}';; *) echo 1;; esac
SH
expect 1 mlp-serve batch --exec ./rubbish.sh --id id few.csv
has out "5,,the model's answer is no JSON of a prediction: Traceback: {"
has out "6,,\"the model's answer has no \"\"prediction\"\"\""
has out "7,,the model's answer is no JSON"
has out '8,,too é old'
has out '4,1,'

# Too many lines: the answers cannot be told apart, so there are none.
model twice.sh <<'SH'
echo 1; echo 2
SH
expect 7 mlp-serve batch --exec ./twice.sh few.csv -o twice.csv
has err 'more lines than it got rows'
ok 'no file' test ! -e twice.csv
model long.sh <<'SH'
case $row in *'"v":2}') head -c 3000000 /dev/zero | tr '\0' 1; echo;; *) echo 1;; esac
SH
expect 1 mlp-serve batch --exec ./long.sh --id id few.csv
has out '2,,the model wrote a line that is too long'
ok 'the others are answered' test "$(grep -c ',1,$' out)" = 7

# It closes its ends, or cannot be started: a few attempts, then the end.
model mute.sh <<'SH'
exec >&-; sleep 100
SH
expect 7 mlp-serve batch --exec 'exec ./mute.sh' --starts 2 rows.csv
has err 'started 2 times without an answer; the last time it closed its stdout'
expect 7 mlp-serve batch --exec 'exec <&-; sleep 100' --row-timeout 200ms --starts 2 rows.csv
has err 'gave no answer within 0.2 s'
expect 7 mlp-serve batch --exec ./missing-command --starts 2 rows.csv -o missing.csv
has err 'ended with status 127'
ok 'no file' test ! -e missing.csv

# Nothing is left behind: neither a helper of its own nor one that ignores the end of stdin.
model leaves.sh <<'SH'
echo 1
SH
sed -i '2i sleep 9876 </dev/null >/dev/null 2>&1 & echo $! >helper.pid' leaves.sh
expect 0 mlp-serve batch --exec ./leaves.sh few.csv
gone() {
    if grep -qsE '^[0-9]+ \(.*\) [^ZX]' "/proc/$(cat "$1")/stat"; then fail "$1 still runs"; else pass; fi
}
gone helper.pid
# shellcheck disable=SC2016
expect 0 mlp-serve batch --exec 'trap "" TERM HUP; echo $$ >own.pid; sed -u s/.*/1/; sleep 9876' few.csv
gone own.pid
expect 2 mlp-serve batch --exec ./echo.sh few.csv other.csv
expect 2 mlp-serve batch
has err 'a model is missing'

# The example.
if need python3; then
    expect 0 mlp-serve batch --exec "$ROOT/examples/exec/model.py" --id id few.csv
    has out 'id,prediction,proba_no,proba_yes,error'
    has err 'ready'
fi
finish
