#!/usr/bin/env bash
# Data packages whole: files as such, rows of every resource, what cannot be read; and the structure
# of a table that nobody has described.
. "$(dirname "$0")/lib.sh"

mkdir package
printf 'name\nRome\nOslo\n' >package/towns.csv
printf 'id;town\n1;Rome\n2;Bonn\n\nx;Oslo\n' >package/data.csv
printf '# made by hand\nn,m\n1,2\n3\n' >package/notes.csv
printf '1,a\n2,b,c\n' >package/bare.csv
md5=$(md5sum <package/towns.csv) sha=$(sha256sum <package/data.csv)
cat >package/schema.json <<'END'
{"fields": [{"name": "id", "type": "integer"}, {"name": "town", "type": "string"}],
 "foreignKeys": [{"fields": "town", "reference": {"resource": "towns", "fields": "name"}}]}
END
cat >package/datapackage.json <<END
{"name": "p", "resources": [
 {"name": "towns", "path": "towns.csv", "bytes": 15, "hash": "${md5%% *}"},
 {"name": "data", "path": ["data.csv"], "dialect": {"delimiter": ";"}, "schema": "schema.json",
  "hash": "sha256:${sha%% *}"},
 {"name": "notes", "path": "notes.csv", "dialect": {"commentChar": "#"}, "bytes": 9},
 {"name": "bare", "path": "bare.csv", "dialect": {"header": false},
  "schema": {"fields": [{"name": "k", "type": "integer"}, {"name": "v"}]}},
 {"name": "gone", "path": "gone.csv"}]}
END
expect 1 mlp-validate package package/datapackage.json --rejects rejects -R json:report.json
sed 's/"value":.*//' rejects >got
cat >want <<'END'
{"resource":"data","line":3,"row":2,"column":"","rule":"foreignKey",
{"resource":"data","line":4,"row":3,"column":"","rule":"row",
{"resource":"data","line":5,"row":4,"column":"id","rule":"reads",
{"resource":"notes","line":4,"row":2,"column":"","rule":"row",
{"resource":"bare","line":2,"row":2,"column":"","rule":"row",
END
same got want
has err 'ok    file/bytes     15 bytes; expected 15 bytes (resource=towns)'
has err "file/hash      sha256:${sha%% *}"
has err 'FAIL  file/bytes     25 bytes; expected 9 bytes (resource=notes)'
has err 'FAIL  file/readable'
has err '(resource=gone)'
has err 'resources 5, rows 10, rejected 5'
has report.json '"slice": "resource=bare"'
printf 'Oslo\n' >>package/towns.csv
expect 1 mlp-validate package package/datapackage.json
has err 'FAIL  file/bytes     20 bytes; expected 15 bytes (resource=towns)'
has err 'FAIL  file/hash      md5:'

# One resource, as YAML; all good.
printf 'name: towns\npath: package/towns.csv\nencoding: UTF-8\n' >resource.yaml
expect 0 mlp-validate package resource.yaml
# The header is in the second row.
printf 'path: package/notes.csv\ndialect: {headerRows: [2]}\n' >resource.yaml
expect 1 mlp-validate package resource.yaml --rejects rejects
has rejects '"line":4,"row":2'

# Descriptors that are none, or that lead elsewhere.
for text in '{}' '[1]' '{"resources": []}' '{"resources": [{"name": "a"}]}' \
    '{"path": "/etc/passwd"}' '{"path": "../x.csv"}' '{"path": "a/../../x.csv"}' \
    '{"path": "http://127.0.0.1/x.csv"}' '{"path": ["a.csv", "b.csv"]}' \
    '{"path": "package/towns.csv", "bytes": "many"}' \
    '{"path": "package/towns.csv", "encoding": "klingon"}' \
    '{"path": "package/towns.csv", "dialect": {"headerRows": [1, 2]}}' \
    '{"path": "package/towns.csv", "schema": "https://127.0.0.1/schema.json"}'; do
    printf '%s\n' "$text" >bad.json
    expect 3 mlp-validate package bad.json
    has err 'bad.json:1:'
done
printf '{"path": "package/towns.csv", "hash": "crc99:00"}\n' >bad.json
expect 2 mlp-validate package bad.json
has err 'does not know the checksum "crc99"'

# A table alone: its rows are as long as the header, wherever that is.
expect 1 mlp-validate check package/bare.csv
has out '1,a'
has err '1 of 1 do not'
printf '# notes: see below\na,b,c,d\n1,2,3,4\n5,6,7,8\n' >table.csv
expect 0 mlp-validate check table.csv
has err 'all 2 hold'
printf 'a,b\n\n1,2\n' >table.csv
expect 1 mlp-validate table.csv
has err 'a blank row'
printf '{"a":1}\n{"a":2}\n' >table.ndjson
expect 0 mlp-validate check table.ndjson
expect 2 mlp-validate check <table.csv
has err '--rules FILE is needed'
finish
