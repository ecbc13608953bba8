#!/usr/bin/env bash
# A full disk, a closed stdout, a killed writer, two writers at once: told, and nothing half-written.
. "$(dirname "$0")/lib.sh"
export GCOV_PREFIX=$SCRATCH/coverage # what is killed here would leave half a file of counts

head -c 60000000 /dev/zero >model.bin
echo '{"kind":"model"}' >report.json
expect 0 mlp-package keygen -t ed25519 ed
expect 0 mlp-package create m model.bin --no-load -o small.mlp
digest=$(cat out)

expect 4 mlp-package create m model.bin --no-load -o /dev/full
has err 'No space left'
expect 4 sh -c 'mlp-package create m model.bin --no-load -o n.mlp >/dev/full'
expect 4 sh -c 'mlp-package inspect small.mlp >/dev/full'
expect 4 sh -c 'mlp-package inspect small.mlp >&-'
expect 4 sh -c 'mlp-package verify small.mlp >/dev/full'
expect 5 mlp-package create m model.bin --no-load -o folder-not-there/m.mlp
(ulimit -f 1000 && trap '' XFSZ && mlp-package create m model.bin --no-load -o cut.mlp) >out 2>err
ok 'a file size limit is an I/O error' test $? = 4
ok 'no cut package is there' test ! -e cut.mlp
cp small.mlp keep.mlp
(ulimit -f 1000 && trap '' XFSZ && mlp-package sign --key ed.key keep.mlp) >out 2>err
ok 'a sign that fails is an I/O error' test $? = 4
same small.mlp keep.mlp
ok 'no temporary stays' test -z "$(find . -name '*.tmp')"

# Killed at some moment: the old package or the new one, never a part.
for delay in 0.005 0.02 0.05 0.1 0.2; do
    cp small.mlp killed.mlp
    mlp-package sign --key ed.key killed.mlp &
    sleep $delay
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    mlp-package verify killed.mlp >out 2>err
    ok "killed after $delay s: whole" test $? = 0
    rm -f ./*.tmp
done

# Two and more at once: every evidence is there afterwards.
for i in 1 2 3 4 5 6; do
    echo "{\"kind\":\"model\",\"n\":$i}" >r$i.json
    mlp-package attach small.mlp r$i.json >/dev/null 2>>errors &
done
wait
ok 'no writer failed' test ! -s errors
expect 0 mlp-package inspect --format json small.mlp
ok 'six referrers' test "$(grep -c artifactType out)" = 6
has out "$digest"
expect 0 mlp-package verify small.mlp

# The same in a layout folder.
mkdir layout && tar -xf small.mlp -C layout
for i in 1 2 3 4 5 6; do
    echo "{\"kind\":\"model\",\"m\":$i}" >s$i.json
    mlp-package attach layout s$i.json >/dev/null 2>>errors &
done
wait
ok 'no writer failed' test ! -s errors
expect 0 mlp-package inspect --format json layout
ok 'twelve referrers' test "$(grep -c artifactType out)" = 12
expect 0 mlp-package verify layout
finish
