#!/usr/bin/env bash
# Clients that are many, slow or mean: ten thousand connections that are kept, eight thousand
# requests that never end, requests taken back at once and fields without end over HTTP/2. A good
# client beside them gets all of its answers, and the figures say how fast.
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/serve.lib"
crowd=$ROOT/build/bin/crowd
[ -x "$crowd" ] || skip 'needs build/bin/crowd (make test-programs)'
need curl || skip 'needs curl'
many=$(($(ulimit -Hn) / 2)) # the server has as many descriptors as this script
[ "$many" -gt 10100 ] && many=10100
[ "$many" -ge 500 ] || skip "the limit of open files is $(ulimit -Hn)"
ulimit -n "$(ulimit -Hn)"

figure() { sed -n "s/^$1 //p" out; }
memory() { awk '/^VmRSS/ {print $2}' "/proc/$pid/status"; }
# told WHAT...: the good client's figures, for people.
told() {
    printf 'serve-crowd: %s; good client: p50 %s us idle, %s us beside, %s us after; p99 %s, %s, %s us\n' \
        "$*" "$(figure before-p50)" "$(figure during-p50)" "$(figure after-p50)" \
        "$(figure before-p99)" "$(figure during-p99)" "$(figure after-p99)"
}
# not_harmed: the good client got all of its answers, and the server never stood still for it.
# How much slower it was is told, and not judged: that is the machine's as much as the server's.
not_harmed() {
    ok 'the good client did not wait' test "$(figure during-p50)" -le 250000
    ok 'the good client got its answers' test "$(figure good-failed)" = 0
}

start crowd "$FIXTURES/stable.joblib" --header-timeout 4s
before=$(memory)
mkfifo hold
"$crowd" keep "$address" $((many - 100)) wait <hold >out 2>err &
crowd_pid=$!
exec 9>hold
for _ in $(seq 600); do
    grep -q '^answers' out && break
    sleep 0.1
done
ok "$((many - 100)) connections are opened" test "$(figure opened)" = $((many - 100))
ok 'and each is answered twice' test "$(figure answers)" = $((2 * (many - 100)))
with=$(memory)
printf 'serve-crowd: %s connections kept: %s kB, from %s kB\n' $((many - 100)) "$with" "$before"
sanitized || ok "they fit into 25 MB ($with kB)" test "$with" -le 25600
exec 9>&-
wait "$crowd_pid"

slow=$((many > 8000 ? 4000 : many / 3))
expect 0 "$crowd" slow "$address" "$slow" "$slow" 30
ok "all $((2 * slow)) slow ones are cut" test "$(figure cut)" = $((2 * slow))
ok 'none before its time' test "$(figure first-cut | tr -d .)" -ge 40
sanitized || ok "and all in time ($(figure last-cut) s)" test "$(figure last-cut | tr -d .)" -le 200
not_harmed
peak=$(awk '/^VmHWM/ {print $2}' "/proc/$pid/status")
told "$slow slow heads and $slow slow bodies cut in $(figure first-cut) to $(figure last-cut) s, most memory $peak kB"
sanitized || ok "slow ones take little memory ($peak kB)" test "$peak" -le 30000

# A thousand requests that are taken back are the most that one connection gets.
ask /metrics
taken=$(sed -n 's/^mlp_http_requests_total //p' out)
expect 0 "$crowd" reset "$address" 100000
not_harmed
told "$(figure pairs) resets in $(figure seconds) s over $(figure connections) connections"
connections=$(figure connections) pairs=$(figure pairs) good=$(figure good-answers)
ok 'the connections were cut' test $((pairs / connections)) -le 1000
ask /metrics
served=$(($(sed -n 's/^mlp_http_requests_total //p' out) - taken - good))
ok "no connection got a thousand of them ($served on $connections)" \
    test "$served" -le $((connections * 1000))

for bytes in 0 4 1024 16384; do
    expect 0 "$crowd" fields "$address" "$bytes"
    has out 'cut 1'
    ok "fields without end are cut ($bytes a frame)" test "$(figure frames)" -le 20
    ok 'within 64 KiB and the frame that is too much' test "$(figure bytes)" -le 82000
    not_harmed
done
told 'fields without end'
ask /healthz
ok 'the server is as before' test "$status" = 200
stop 0
finish
