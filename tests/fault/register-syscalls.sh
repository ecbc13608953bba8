#!/usr/bin/env bash
# Each write, sync, rename and truncate of `mlp-register add` and `tag` fails once, or the process
# is killed there: the command says so, and the registry verifies after the next write. EVERY=1
# walks every call, the default samples.
. "$(dirname "$0")/../cli/lib.sh"
export GCOV_PREFIX=$SCRATCH/coverage # a run that is cut short would leave half a file of counts
need strace || skip 'system call faults (needs strace)'
strace -o /dev/null true 2>/dev/null || skip 'system call faults (strace may not trace here)'
printf 'm' >m
mlp-package create --no-load -o m.mlp fraud m >/dev/null 2>&1 || fail 'create'
export MLP_REGISTRY=$SCRATCH/registry
mlp-register init 2>/dev/null
cp -r registry fresh
mlp-register add m.mlp >/dev/null 2>&1
cp -r registry one
tried=0
for verb in 'add m.mlp' 'tag fraud@1 a=b'; do
    base=fresh
    [ "${verb%% *}" = tag ] && base=one
    for call in write fsync rename ftruncate openat; do
        rm -rf registry && cp -r $base registry
        # shellcheck disable=SC2086
        strace -f -o calls -e trace=$call mlp-register $verb >/dev/null 2>&1
        count=$(grep -c "$call(" calls)
        for ((n = 1; n <= count; n += ${EVERY:-3})); do
            for how in error=ENOSPC error=EIO signal=KILL; do
                rm -rf registry && cp -r $base registry
                # shellcheck disable=SC2086
                strace -f -o /dev/null -e trace=$call -e "inject=$call:$how:when=$n" \
                    mlp-register $verb >out 2>err
                status=$?
                tried=$((tried + 1))
                acknowledged=0
                [ "$status" -eq 0 ] && acknowledged=1
                if [ "$status" -ne 0 ] && [ "$status" -lt 128 ] && ! [ -s err ]; then
                    fail "no message: $verb $call $how $n"
                fi
                mlp-register tag fraud@1 next=1 >/dev/null 2>&1
                mlp-register verify >/dev/null 2>verr ||
                    fail "verify: $verb $call $how $n: $(cat verr)"
                if [ $acknowledged = 1 ] && [ "${verb%% *}" = add ]; then
                    grep -q '"type":"add"' registry/log.ndjson || fail "lost: $verb $call $how $n"
                fi
            done
        done
    done
done 3>&2 2>/dev/null # the shell tells of each kill
ok "enough faults were tried ($tried)" test "$tried" -gt 60
finish
