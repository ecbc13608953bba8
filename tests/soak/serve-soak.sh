#!/usr/bin/env bash
# Half of the load that the machine takes, for SOAK_SECONDS (180; 1800 before a release), while the
# deployment file is replaced every ten seconds, SIGHUP comes every seven and the prediction log is
# moved away: no request fails, memory and descriptors stay as they were after the first minute.
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need curl || skip 'needs curl'
seconds=${SOAK_SECONDS:-180}
[ "$seconds" -ge 90 ] || skip "SOAK_SECONDS is at least 90"

# deploy STABLE WEIGHT CANARY: the file is replaced in one step, as mlp-promote does it.
deploy() {
    {
        printf 'version: 1\nroutes:\n  - name: colours\n    targets:\n'
        printf '      - {role: stable, path: "%s/%s.joblib", weight: %d}\n' "$FIXTURES" "$1" \
            "$((100 - $2))"
        printf '      - {role: canary, path: "%s/%s.joblib", weight: %d}\n' "$FIXTURES" "$3" "$2"
    } >new.yaml
    mv new.yaml deployment.yaml
}
memory() { awk '/^VmRSS/ {print $2}' "/proc/$pid/status"; }
descriptors() { set -- "/proc/$pid/fd"/*; echo $#; }
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
json() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }
middle() {
    cat load.*.json | json "$1" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

awk 'BEGIN {print "a,b,c"; split("red,green,blue", c, ",");
            for (i = 0; i < 500; i++) printf "%.3f,%.3f,%s\n", i / 500, (i * 37 % 500) / 100, c[i % 3 + 1]}' >rows.csv
deploy stable 20 canary
start soak --deployment deployment.yaml --threads 2 --log log.ndjson
for i in 1 2 3; do # the best of three: the machine may have had something else to do
    mlp-serve bench -c 8 -t 2s -f rows.csv --format json "$url/predict" >"most.$i.json" 2>err
done
most=$(cat most.*.json | json requests_per_second | sort -n | tail -n 1)
rate=$(awk -v most="$most" 'BEGIN {printf "%d", most / 2}')
ok "there is a load to halve ($most requests/s)" test "$rate" -gt 100
printf 'serve-soak: %.0f requests/s are half of what is answered\n' "$rate"

# The load, in parts of half a minute so that connections come and go.
end=$((SECONDS + seconds))
(
    part=0
    while [ $((end - SECONDS)) -gt 0 ]; do
        left=$((end - SECONDS))
        mlp-serve bench -c 8 -t "$((left > 30 ? 30 : left))s" --rate "$rate" -f rows.csv \
            --format json "$url/predict" >"load.$part.json" 2>"load.$part.err"
        part=$((part + 1))
    done
) &
load=$!
ticks_before=$(ticks) begin=$SECONDS i=0 swaps=0
while [ "$SECONDS" -lt "$end" ]; do
    sleep 1
    i=$((i + 1))
    if [ $((i % 10)) = 0 ]; then
        swaps=$((swaps + 1))
        if [ $((swaps % 2)) = 1 ]; then deploy canary 10 stable; else deploy stable 20 canary; fi
    fi
    if [ $((i % 7)) = 0 ]; then
        mv log.ndjson old.ndjson 2>/dev/null
        kill -HUP "$pid"
        rm -f old.ndjson
    fi
    curl -sS -m 10 -o metrics -w '%{http_code}\n' "$url/metrics" >>scrapes 2>&1
    [ $((SECONDS - begin)) -lt 45 ] || echo "$((SECONDS - begin)) $(memory) $(descriptors)" >>samples
done
used=$(($(ticks) - ticks_before)) took=$((SECONDS - begin))
wait "$load"

sum() { cat load.*.json | json "$1" | awk '{n += $1} END {print n + 0}'; }
ok "no request failed: $(cat load.*.err)" test "$(sum failed)" = 0
ok "every answer was one of 2xx: $(cat load.*.err)" test "$(sum other)" = 0
ok 'the load was a load' test "$(sum ok)" -gt $((rate * seconds / 2))
connections=$(sed -n 's/^mlp_connections_total //p' metrics)
ok "connections are kept ($connections were made)" test "$connections" -le $((seconds * 3 + 100))
ok 'every scrape was answered' test "$(sort -u scrapes)" = 200
done_swaps=$(grep -c '"event":"swap"' soak.err)
ok "each change was a swap ($done_swaps of $swaps)" test "$done_swaps" -ge "$swaps"
hasnt soak.err '"level":"error"'

# Memory and descriptors: the most of the last third is no more than that of the first, but for what
# a swap that is under way adds to one sample and not to another.
awk '{t[NR] = $2; f[NR] = $3; at[NR] = $1}
     END {
         n = NR; third = int(n / 3)
         for (i = 1; i <= n; i++) {
             sx += at[i]; sy += t[i]; sxx += at[i] * at[i]; sxy += at[i] * t[i]
             if (i <= third) { if (t[i] > a) a = t[i]; if (f[i] > fa) fa = f[i] }
             if (i > n - third) { if (t[i] > b) b = t[i]; if (f[i] > fb) fb = f[i] }
         }
         slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
         printf "first %d\nlast %d\nfirst-fds %d\nlast-fds %d\nslope %.0f\n", a, b, fa, fb, slope * 3600
     }' samples >flat
flat() { sed -n "s/^$1 //p" flat; }
printf 'serve-soak: %d answers in %d s on %d connections, %d swaps, %d failed; memory %d kB then %d kB (%d kB an hour), descriptors %d then %d; server %.2f of a core, p50 %s ms, p99 %s ms\n' \
    "$(sum ok)" "$took" "$connections" "$done_swaps" "$(($(sum failed) + $(sum other)))" "$(flat first)" "$(flat last)" \
    "$(flat slope)" "$(flat first-fds)" "$(flat last-fds)" \
    "$(awk -v t="$used" -v s="$took" -v hz="$(getconf CLK_TCK)" 'BEGIN {print t / s / hz}')" \
    "$(middle p50_ms)" "$(middle p99_ms)"
sanitized || ok 'memory is flat' test "$(flat last)" -le $(($(flat first) + 1024))
ok 'descriptors are flat' test "$(flat last-fds)" -le $(($(flat first-fds) + 2))
stop 0
finish
