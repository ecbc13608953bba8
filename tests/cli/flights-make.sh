#!/usr/bin/env bash
# examples/flights/Makefile: a changed data file, script or rule makes again just what depends on
# it. Trains for real, where there is a Python that can.
. "$(dirname "$0")/lib.sh"
need python3 || skip 'the pipeline as a Makefile (needs python3)'
cp -r "$ROOT/examples/flights" flights && cd flights || exit 99
PYTHON=$(./setup-python "$ROOT/build/venv" 2>/dev/null) || skip 'the pipeline as a Makefile (needs scikit-learn)'
export PYTHON
expect 0 make
expect 0 make -q
# again CHANGED: what make would run after a change, without running it.
again() {
    sleep 0.02
    touch "$1"
    make -n >plan 2>/dev/null
}
again train.py
has plan 'train.py build/clean-train.csv'
has plan 'mlp-serve batch'
has plan 'mlp-package create'
hasnt plan 'mlp-validate check'
expect 0 make
expect 0 make -q
again data/raw-2013-03.csv.gz
has plan 'build/rejects-test.ndjson'
has plan 'mlp-serve batch'
hasnt plan 'build/rejects-train.ndjson'
hasnt plan 'train.py build/clean-train.csv'
expect 0 make
again model-rules.yaml
has plan 'mlp-validate model'
has plan 'mlp-package create'
hasnt plan 'mlp-serve batch'
expect 0 make
again data/raw-2013-01.csv.gz
has plan 'build/rejects-train.ndjson'
has plan 'train.py build/clean-train.csv'
hasnt plan 'build/rejects-test.ndjson'
expect 0 make
expect 0 make -q
# A step that fails leaves nothing that looks made.
printf 'broken' >data/raw-2013-02.csv.gz
expect 2 make
expect 1 make -q
finish
