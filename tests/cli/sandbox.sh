#!/usr/bin/env bash
# A model is read by a process that can neither run programs nor open sockets nor write files.
. "$(dirname "$0")/lib.sh"
need strace || skip 'needs strace'
strace -f -o trace true 2>/dev/null || skip 'strace may not trace here'
fixtures=$ROOT/tests/fixtures/model
# after TRACE: what comes when the filter stands.
after() { sed -n '/SECCOMP_SET_MODE_FILTER/,$p' "$1"; }

for model in "$fixtures/strict.joblib" "$fixtures"/skops/*/model.skops; do
    strace -f -e trace=seccomp,execve,socket,connect,open,openat,creat,landlock_restrict_self \
        -o trace mlp-serve inspect "$model" >out 2>err
    name=$(basename "$(dirname "$model")")
    ok "$name: Landlock" test "$(grep -c 'landlock_restrict_self(.*= 0$' trace)" = 1
    ok "$name: seccomp" test "$(grep -c 'SECCOMP_SET_MODE_FILTER.*= 0$' trace)" = 1
    ok "$name: one file, and it is the model" \
        test "$(after trace | grep -cE 'open(at)?\(')" = "$(after trace | grep -cF "$model")"
    ok "$name: opened" test "$(after trace | grep -cF "$model")" = 1
    ok "$name: no program" test "$(grep -c 'execve(' trace)" = 1
    ok "$name: no socket" test "$(grep -cE 'socket\(|connect\(' trace)" = 0
    hasnt err 'warning'
done

# batch may make its output and nothing else; /proc says so while it reads its rows.
mkfifo rows
mlp-serve batch "$fixtures/strict.joblib" rows -o predictions.csv >out 2>err &
pid=$!
exec 9>rows
for _ in $(seq 100); do
    grep -qE '^Seccomp:[[:space:]]+2' "/proc/$pid/status" && break
    sleep 0.05
done
ok 'the filter is on' grep -qE '^Seccomp:[[:space:]]+2' "/proc/$pid/status"
ok 'no new privileges' grep -qE '^NoNewPrivs:[[:space:]]+1' "/proc/$pid/status"
cat "$fixtures/rows.csv" >&9
exec 9>&-
wait "$pid"
ok 'the predictions are written' test "$(wc -l <predictions.csv)" = "$(wc -l <"$fixtures/rows.csv")"
finish
