#!/usr/bin/env bash
# Table Schema and data packages: fields, constraints, keys, missing values, blank rows, faults.
. "$(dirname "$0")/lib.sh"

mkdir package
cat >package/datapackage.json <<'END'
{"name": "p", "resources": [
 {"name": "data", "path": "data.csv", "dialect": {"delimiter": ";"}, "schema": {
  "missingValues": ["", "-"],
  "fields": [
   {"name": "id", "type": "integer"},
   {"name": "price", "type": "number", "decimalChar": ",", "groupChar": ".",
    "constraints": {"minimum": "0,5", "maximum": "1.000"}},
   {"name": "day", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "01.01.2020"}},
   {"name": "code", "type": "string", "missingValues": ["none"],
    "constraints": {"pattern": "[a-z]+", "required": true}},
   {"name": "town", "type": "string"}],
  "primaryKey": "id",
  "foreignKeys": [{"fields": "town", "reference": {"resource": "towns", "fields": "name"}}]}},
 {"name": "towns", "path": "towns.csv"}]}
END
printf 'name\nRome\nOslo\n' >package/towns.csv
cat >package/data.csv <<'END'
id;price;day;code;town
1;999,50;31.12.2020;abc;Rome
2;1.000,01;31.12.2020;abc;-
2;0,4;31.12.2019;abc;
3;1.5x;31.2.2020;ab1;Bonn
4;-;-;none;Oslo
;1;01.01.2021;a;Oslo
;;;;
END
expect 1 mlp-validate check -r package/datapackage.json --rejects rejects package/data.csv
has out '1;999,50;31.12.2020;abc;Rome'
sed 's/"value":.*//' rejects >got
cat >want <<'END'
{"line":3,"row":2,"column":"price","rule":"maximum",
{"line":4,"row":3,"column":"","rule":"key",
{"line":4,"row":3,"column":"day","rule":"minimum",
{"line":4,"row":3,"column":"price","rule":"minimum",
{"line":5,"row":4,"column":"","rule":"foreignKey",
{"line":5,"row":4,"column":"code","rule":"match",
{"line":5,"row":4,"column":"day","rule":"reads",
{"line":5,"row":4,"column":"price","rule":"reads",
{"line":6,"row":5,"column":"code","rule":"required",
{"line":7,"row":6,"column":"id","rule":"required",
{"line":8,"row":7,"column":"","rule":"row",
END
same got want

printf 'id;price;day;code;town;more\n1;1;01.01.2021;a;Rome;1\n' >wrong.csv
expect 1 mlp-validate check -r package/datapackage.json wrong.csv
has err 'header'
printf '{"fields": [{"name": "a", "type": "int"}]}' >schema.json
expect 3 mlp-validate check -r schema.json wrong.csv
has err 'schema.json:1:'
printf '{"fields": [{"name": "a", "constraints": {"minimum": 3, "oddly": 1}}]}' >schema.json
expect 3 mlp-validate check -r schema.json wrong.csv
has err 'unknown key "oddly"'
printf 'version: 1\ncolumns: {n: {reads: {as: number, decimal: ",", in: ["1,5"]}}}\n' >rules.yaml
printf 'n\n"1,50"\n2\n' >data.csv
expect 1 mlp-validate check -r rules.yaml data.csv
has out '"1,50"'
hasnt out 2
finish
