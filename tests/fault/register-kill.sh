#!/usr/bin/env bash
# Writers that are killed at random moments, and many writers at once: nothing acknowledged is
# lost, and the registry verifies. KILLS and WRITERS make it longer.
. "$(dirname "$0")/../cli/lib.sh"
export GCOV_PREFIX=$SCRATCH/coverage # a run that is cut short would leave half a file of counts
export MLP_REGISTRY=$SCRATCH/registry
printf 'm' >m
mlp-package create --no-load -o m.mlp fraud m >/dev/null 2>&1 || fail 'create'
mlp-register init 2>/dev/null
mlp-register add m.mlp >/dev/null 2>&1

# Each writer tags without end and notes what was acknowledged; kill -9 comes at any moment.
acknowledged=0
for ((k = 0; k < ${KILLS:-60}; k++)); do
    (
        i=0
        while mlp-register tag fraud@1 "k$k=$i" 2>/dev/null; do
            echo "k$k=$i" >>acks
            i=$((i + 1))
        done
    ) &
    writer=$!
    sleep "0.$((RANDOM % 3))$((RANDOM % 9))$((RANDOM % 9))"
    pkill -9 -P $writer mlp-register 2>/dev/null
    kill -9 $writer 2>/dev/null
    wait $writer
done 2>/dev/null # the shell tells of each kill
expect 0 mlp-register verify
mlp-register log --format json >events 2>/dev/null
# shellcheck disable=SC2094 # fail does not write acks
while read -r pair; do
    acknowledged=$((acknowledged + 1))
    grep -qF "\"key\":\"${pair%%=*}\",\"value\":\"${pair#*=}\"" events || fail "lost: $pair"
done <acks
ok "acknowledged enough to mean something ($acknowledged)" test "$acknowledged" -gt 50

# Many writers at once: every one gets its turn, numbers have no gap.
before=$(wc -l <registry/log.ndjson)
for ((w = 0; w < ${WRITERS:-16}; w++)); do
    (for i in 1 2 3 4 5; do mlp-register tag fraud@1 "w$w=$i" 2>>errors || echo "w$w" >>lost; done) &
done
wait
after=$(wc -l <registry/log.ndjson)
ok 'no writer failed' test ! -s lost
ok 'every event is there' test $((after - before)) = $((${WRITERS:-16} * 5))
expect 0 mlp-register verify
finish
