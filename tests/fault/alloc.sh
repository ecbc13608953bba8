#!/usr/bin/env bash
# Each allocation of a run fails once: the program must not die by a signal, and must not end with
# status 0 and another output. The default samples every 4th of the verbs below; EVERY=1 walks all.
. "$(dirname "$0")/../cli/lib.sh"
lib=$(dirname "$(command -v mlp-validate)")/preload_malloc.so
[ -f "$lib" ] || skip 'failing allocations (needs preload_malloc.so: make test-programs)'
if sanitized; then
    skip 'failing allocations (the sanitizer has an allocator of its own)'
fi
export SOURCE_DATE_EPOCH=1
flights=$ROOT/examples/flights
gzip -dc "$flights/data/raw-2013-01.csv.gz" | head -n 400 >raw.csv
sed 's/min: 10000/min: 1/' "$flights/rules.yaml" >rules.yaml
cp "$ROOT"/tests/cli/data/small.xgb.json model.json 2>/dev/null
printf 'm' >m
mlp-package keygen key 2>/dev/null
mlp-package create --no-load -o m.mlp fraud m >/dev/null 2>&1
mlp-register init --registry r 2>/dev/null
mlp-register add --registry r m.mlp >/dev/null 2>&1
mlp-validate profile raw.csv >profile.json 2>/dev/null

# walk NAME COMMAND...: the command's stdout is its golden output.
walk() {
    local name=$1 n count status signals=0 wrong=0 clean=0
    shift
    LD_PRELOAD=$lib MLP_COUNT_FILE=$SCRATCH/count "$@" >golden 2>/dev/null
    local good=$?
    count=$(cat count)
    for ((n = 1; n <= count; n += ${EVERY:-4})); do
        LD_PRELOAD=$lib MLP_FAIL_AT=$n timeout 20 "$@" >out 2>err
        status=$?
        if [ $status -ge 124 ]; then
            signals=$((signals + 1))
            echo "    $name: allocation $n: exit $status"
        elif [ $status -eq $good ] && [ $good -le 1 ]; then
            cmp -s out golden || { wrong=$((wrong + 1)); echo "    $name: allocation $n: other output"; }
        else
            clean=$((clean + 1))
            [ -s err ] || { wrong=$((wrong + 1)); echo "    $name: allocation $n: exit $status, no message"; }
        fi
    done 2>/dev/null
    ok "$name: $count allocations, $clean refused, $signals signals, $wrong wrong" test $((signals + wrong)) = 0
}
walk 'validate check' mlp-validate check -q -r rules.yaml raw.csv
walk 'validate infer' mlp-validate infer raw.csv
walk 'validate profile' mlp-validate profile raw.csv
walk 'package verify' mlp-package verify m.mlp
walk 'package inspect' mlp-package inspect m.mlp
walk 'register list' mlp-register list --registry r
walk 'register verify' mlp-register verify --registry r
need mlp-drift && walk 'drift check' mlp-drift check --reference profile.json --format json raw.csv
walk 'help' mlp-promote --help
finish
