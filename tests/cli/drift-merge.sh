#!/usr/bin/env bash
# Profiles of shards add up in any order to the bytes of the whole; and others are refused.
. "$(dirname "$0")/lib.sh"

awk 'BEGIN { s = 7; print "x,id,k"
    for (i = 0; i < 20000; i++) { s = (s * 1103515245 + 12345) % 2147483648
        printf "%.4f,user-%d,k%d\n", (s % 100003) / 7, s % 9001, s % 13 } }' >all.csv
head -n 4001 all.csv >ref.csv
expect 0 mlp-drift profile -o ref.json ref.csv
tail -n +2 all.csv | split -l 3300 - part.
shards=()
for part in part.*; do
    (head -n 1 all.csv; cat "$part") >"$part.csv"
    expect 0 mlp-drift profile -r ref.json -o "$part.json" "$part.csv"
    shards+=("$part.json")
done
expect 0 mlp-drift profile -r ref.json -o whole.json all.csv
expect 0 mlp-drift merge -o one.json "${shards[@]}"
same one.json whole.json
expect 0 mlp-drift merge -o two.json part.af.json part.ac.json part.aa.json part.ag.json \
    part.ab.json part.ae.json part.ad.json
same two.json whole.json
expect 0 mlp-drift merge -o left.json part.af.json part.ac.json
expect 0 mlp-drift merge -o right.json part.aa.json part.ag.json part.ab.json part.ae.json part.ad.json
expect 0 mlp-drift merge right.json left.json
same out whole.json
expect 0 mlp-validate merge -o three.json "${shards[@]}"
same three.json whole.json

expect 0 mlp-drift profile -o other.json part.aa.csv
expect 3 mlp-drift merge part.aa.json other.json
has err 'do not add up'
has err '--reference'
expect 2 mlp-drift merge
expect 5 mlp-drift merge part.aa.json nosuch.json
echo '{}' >junk.json
expect 3 mlp-drift merge part.aa.json junk.json
has err 'junk.json'
finish
