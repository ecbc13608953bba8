#!/usr/bin/env bash
# Real client libraries over HTTP/1.1 against mlp-serve: from PyPI and npm, kept in build/tools.
# MLP_PYTHON names a Python that has them already, MLP_CHROMIUM a Chromium, MLP_PICTURE a file for
# the picture of /docs. What cannot be had is skipped by name.
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/serve.lib"
need python3 || skip 'needs python3'
here=$ROOT/tests/integration tools=$ROOT/build/tools

python=${MLP_PYTHON:-$tools/clients/bin/python}
if [ -z "${MLP_PYTHON:-}" ] && [ ! -e "$tools/clients/ready" ]; then
    python3 -m venv "$tools/clients" 2>err && timeout 200 "$tools/clients/bin/pip" install -q \
        'tritonclient[http]==2.73.0' 'kserve==0.21.0' mlflow-skinny pandas pyarrow cloudevents \
        openapi-spec-validator playwright scipy >err 2>&1 && : >"$tools/clients/ready"
fi
[ -x "$python" ] || skip "no environment for the clients: $(tail -n 1 err)"

# A Chromium that npm packs whole: playwright's own comes from elsewhere. It unpacks into TMPDIR.
chromium() {
    local folder=$tools/chromium
    command -v npm >/dev/null || return 1
    mkdir -p "$folder"
    [ -d "$folder/node_modules/@sparticuz/chromium" ] ||
        timeout 100 npm install --no-audit --no-fund --prefix "$folder" @sparticuz/chromium >/dev/null 2>&1
    (cd "$folder" && TMPDIR=$folder timeout 60 node --input-type=module \
        -e 'import c from "@sparticuz/chromium"; console.log(await c.executablePath())' 2>/dev/null)
}
[ -n "${MLP_CHROMIUM:-}" ] || MLP_CHROMIUM=$(chromium) && export MLP_CHROMIUM

start models "$FIXTURES/stable.joblib" --explain
# client NAME SCRIPT MODULE...: runs the script when Python has the modules.
client() {
    local name=$1 script=$2 module got=0
    shift 2
    for module; do
        if ! "$python" -c "import $module" 2>/dev/null; then
            printf '%s: skipped: %s needs %s (MLP_PYTHON)\n' "$TEST" "$name" "$module"
            return
        fi
    done
    timeout 60 "$python" "$here/$script" "$address" "$SCRATCH/docs.png" >out 2>err || got=$?
    if [ "$got" = 77 ]; then
        printf '%s: skipped: %s: %s\n' "$TEST" "$name" "$(cat out)"
    else
        ok "$name: $(tail -n 1 err)" test "$got" = 0
    fi
}

client 'tritonclient over HTTP' triton_http.py numpy tritonclient.http gevent
client 'kserve' kserve_client.py kserve
client 'mlflow' mlflow_client.py pandas mlflow.pyfunc.scoring_server.client
client 'openapi-spec-validator' openapi.py openapi_spec_validator openapi_schema_validator
client 'pyarrow' tables.py pyarrow
client 'cloudevents' events.py cloudevents.http
client 'the browser' browser.py playwright
if need node; then
    expect 0 timeout 60 node "$here/fetch.mjs" "$address"
fi
[ ! -s docs.png ] || [ -z "${MLP_PICTURE:-}" ] || cp docs.png "$MLP_PICTURE"
stop 0
finish
