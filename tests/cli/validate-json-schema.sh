#!/usr/bin/env bash
# JSON Schema per row: cells are cast by type, reasons name column and keyword, NDJSON as it is.
. "$(dirname "$0")/lib.sh"

cat >schema.json <<'END'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
 "properties": {
  "id": {"type": "integer", "minimum": 1},
  "name": {"type": ["string", "null"], "maxLength": 3},
  "email": {"type": "string", "format": "email"},
  "tags": {"type": "array", "items": {"type": "integer"}},
  "city": {"type": "string", "dynamicEnum": "cities.csv|name"}},
 "required": ["id", "zip"], "uniqueCombinedWith": ["id", "name"],
 "if": {"properties": {"id": {"const": 2}}}, "then": {"properties": {"name": {"const": "bob"}}}}
END
printf 'code,name\n1,Paris\n2,Rome\n' >cities.csv
cat >data.csv <<'END'
id,name,email,tags,city,zip
1,ann,a@b.c,"[1,2]",Paris,9
2,xx,ab,"[1,""a""]",Oslo,1
0,,a@b.c,[,Rome,
1,ann,a@b.c,[],Rome,
END
expect 1 mlp-validate check -r schema.json --rejects rejects data.csv
has out '1,ann,a@b.c,"[1,2]",Paris,9'
cat >want <<'END'
{"line":3,"row":2,"column":"city","rule":"enum","value":"Oslo"}
{"line":3,"row":2,"column":"email","rule":"format","value":"ab"}
{"line":3,"row":2,"column":"name","rule":"const","value":"xx"}
{"line":3,"row":2,"column":"tags","rule":"type","value":"[1,\"a\"]"}
{"line":4,"row":3,"column":"id","rule":"minimum","value":"0"}
{"line":4,"row":3,"column":"tags","rule":"type","value":"["}
{"line":5,"row":4,"column":"","rule":"key","value":"1,ann,a@b.c,[],Rome,"}
END
same rejects want

printf '%s\n' '{"id":1,"name":"ann","zip":1,"tags":[1]}' '{"id":1.5,"name":"ab","zip":1}' >data.ndjson
expect 1 mlp-validate check -r schema.json --rejects rejects data.ndjson
has rejects '"line":2,"row":2,"column":"id","rule":"type","value":"1.5"'
ok 'one reason' test "$(wc -l <rejects)" = 1

printf 'version: 1\njson_schema: {required: [b], properties: {a: {minimum: 3}}}\n' >rules.yaml
printf 'a\n5\n' >data.csv
expect 1 mlp-validate check -r rules.yaml --rejects rejects data.csv
has rejects '"column":"","rule":"required"'

printf '{"properties": {"a": {"dynamicEnum": "http://example.com/a.csv"}}}' >schema.json
expect 3 mlp-validate check -r schema.json data.csv
has err 'nothing is fetched'
cat >schema.json <<'END'
{"properties": {"a": {"$ref": "other.json"}}}
END
expect 3 mlp-validate check -r schema.json data.csv
has err 'schema.json:1:'
finish
