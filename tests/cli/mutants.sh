#!/usr/bin/env bash
# Damaged model files of every format: no signal, no hang, no hunger for memory (tests/fault).
. "$(dirname "$0")/lib.sh"
[ -x "$(command -v mutants)" ] || skip 'tests/fault/mutants is not built (make test-programs)'
mapfile -t files < <(find "$ROOT/tests/fixtures/model" "$SHARED/conformance/models" \
    -type f \( -name 'model.*' -o -name '*.joblib' \) -size -256k 2>/dev/null | sort)
count=2000
if sanitized; then count=200; fi
got=0
timeout 300 mutants -n "$count" "${files[@]}" >out 2>&1 || got=$?
cat out
ok 'every mutant is refused with words or answers' test "$got" = 0
finish
