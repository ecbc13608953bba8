# Shared by the tests of the programs: source it first. Each test runs in a scratch folder of its
# own, removed at the end, with the programs on PATH, and ends by calling `finish`.
#
#   . "$(dirname "$0")/lib.sh"
#   expect 0 mlp-validate check -r rules.yaml good.csv      # exit status; output in ./out, ./err
#   has err 'line 3'                                        # a fixed text in a file
#   hasnt out 'NaN'
#   same out expected.csv                                   # equal bytes
#   ok 'what holds' test "$a" = "$b"                        # any command
#   need skopeo || skip 'reason'                            # named skip, whole script
#   finish
# shellcheck shell=bash
set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export SHARED=${MLP_SHARED:-$ROOT/../shared}
export PATH="${MLP_BIN:-$ROOT/build/bin}:$PATH"
export LC_ALL=C NO_COLOR=1
unset MLP_REGISTRY SOURCE_DATE_EPOCH
TEST=$(basename "$0" .sh)
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/mlp-test.XXXXXX")
passed=0 failed=0
cd "$SCRATCH" || exit 99

cleanup() { cd / && chmod -R u+w "$SCRATCH" && rm -rf "$SCRATCH"; }
trap cleanup EXIT

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    printf '%s: FAILED: %s\n' "$TEST" "$1"
    [ -s err ] && sed 's/^/    err: /' err | head -n 12
    return 0
}
# expect STATUS COMMAND...: runs with stdout in ./out and stderr in ./err (stdin is the caller's).
expect() {
    local want=$1 got=0
    shift
    "$@" >out 2>err || got=$?
    if [ "$got" = "$want" ]; then pass; else fail "exit $got, expected $want: $*"; fi
}
has() { if grep -qF -- "$2" "$1"; then pass; else fail "$1 lacks: $2"; sed 's/^/    /' "$1" | head -n 12; fi; }
hasnt() { if grep -qF -- "$2" "$1"; then fail "$1 has: $2"; else pass; fi; }
same() { if cmp -s "$1" "$2"; then pass; else fail "$1 and $2 differ"; diff "$1" "$2" | head -n 12; fi; }
ok() {
    local what=$1
    shift
    if "$@"; then pass; else fail "$what"; fi
}
need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    printf '%s: skipped: a part that needs %s\n' "$TEST" "$1"
    return 1
}
skip() {
    printf '%s: skipped: %s\n' "$TEST" "$1"
    printf '%d passed, %d failed, 1 skipped\n' "$passed" "$failed"
    exit "$((failed > 0))"
}
finish() {
    printf '%s: %d passed, %d failed\n' "$TEST" "$passed" "$failed"
    exit "$((failed > 0))"
}
# sanitized: whether the programs were built with AddressSanitizer, whose shadow memory is larger
# than any limit.
sanitized() { nm -D "$(command -v mlp-validate)" 2>/dev/null | grep -q __asan; }
# memory_limit KB: limits this (sub)shell's address space, but for a build with the sanitizer.
memory_limit() { sanitized || ulimit -v "$1"; }
