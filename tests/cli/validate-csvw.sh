#!/usr/bin/env bash
# Metadata of CSV on the Web: datatypes and their formats, nulls, headers, keys over tables, metadata
# that is found beside a table, and what in it is refused or passed over.
. "$(dirname "$0")/lib.sh"

mkdir -p group/schemas
cat >group/meta.json <<'END'
{"@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
 "null": ["", "n/a"],
 "tables": [
  {"url": "towns.csv", "tableSchema": "schemas/towns.json"},
  {"url": "visits.csv", "dialect": {"delimiter": ";", "skipRows": 1, "commentPrefix": "%"},
   "tableSchema": {
    "columns": [
     {"name": "town", "titles": {"en": "Town", "de": ["Ort", "Stadt"]}, "required": true},
     {"name": "day", "titles": "Day", "datatype": {"base": "date", "format": "d.M.yyyy", "minimum": "2020-01-01"}},
     {"name": "price", "titles": "Price",
      "datatype": {"base": "decimal", "format": {"pattern": "#.##0,00", "decimalChar": ",", "groupChar": "."}}},
     {"name": "marks", "titles": "Marks", "separator": "|", "datatype": {"base": "unsignedByte", "maximum": 10}},
     {"name": "open", "titles": "Open", "datatype": {"base": "boolean", "format": "yes|no"}},
     {"name": "code", "titles": "Code", "datatype": {"base": "string", "format": "[a-z]+", "maxLength": 3}},
     {"name": "link", "virtual": true, "valueUrl": "http://example.org/{town}"}],
    "primaryKey": ["town", "day"],
    "foreignKeys": [{"columnReference": "town", "reference": {"resource": "towns.csv", "columnReference": "name"}}]}}]}
END
cat >group/schemas/towns.json <<'END'
{"columns": [{"name": "name", "titles": "Name"}, {"name": "since", "titles": "Since", "datatype": "gYear"}]}
END
printf 'Name,Since\nRome,0753\nOslo,1048\nBern,1191\nBern,n/a\n' >group/towns.csv
cat >group/visits.csv <<'END'
made by hand
% twice
Ort;Day;Price;Marks;Open;Code
Rome;1.2.2020;1.234,50;1|2|10;yes;abc
Rome;1.2.2020;12,00;3;no;ab
Oslo;29.2.2021;1234,50;1|11;maybe;abcd
Paris;31.12.2019;0,5;x;yes;A1
n/a;1.1.2021;7,00;;;
Bern;3.3.2021;7,00;;;
END
expect 1 mlp-validate package group/meta.json --rejects rejects
sed 's/"value":.*//' rejects >got
cat >want <<'END'
{"resource":"visits.csv","line":5,"row":2,"column":"","rule":"key",
{"resource":"visits.csv","line":6,"row":3,"column":"Code","rule":"reads",
{"resource":"visits.csv","line":6,"row":3,"column":"Day","rule":"reads",
{"resource":"visits.csv","line":6,"row":3,"column":"Marks","rule":"reads",
{"resource":"visits.csv","line":6,"row":3,"column":"Open","rule":"reads",
{"resource":"visits.csv","line":6,"row":3,"column":"Price","rule":"reads",
{"resource":"visits.csv","line":7,"row":4,"column":"","rule":"foreignKey",
{"resource":"visits.csv","line":7,"row":4,"column":"Code","rule":"match",
{"resource":"visits.csv","line":7,"row":4,"column":"Day","rule":"reads",
{"resource":"visits.csv","line":7,"row":4,"column":"Marks","rule":"reads",
{"resource":"visits.csv","line":7,"row":4,"column":"Price","rule":"reads",
{"resource":"visits.csv","line":8,"row":5,"column":"Ort","rule":"required",
{"resource":"visits.csv","line":9,"row":6,"column":"","rule":"foreignKey",
END
same got want

# One table, as the rules of a check; a header that is another's.
cat >one.json <<'END'
{"@context": "http://www.w3.org/ns/csvw", "url": "one.csv",
 "tableSchema": {"columns": [{"titles": "a", "datatype": "integer"}, {"name": "b", "datatype": "duration"}]}}
END
printf 'a,b\n1,P1Y2M\n2.5,PT\n' >one.csv
expect 1 mlp-validate check -r one.json --rejects rejects one.csv
ok 'two reasons' test "$(wc -l <rejects)" = 2
has out '1,P1Y2M'
printf 'a,c\n1,P1Y\n' >one.csv
expect 3 mlp-validate package one.json
has err 'one.json:2:'
has err 'column 2 of one.csv has the title "c"'

# Metadata beside a table; that of another table is told and passed over.
printf 'a,b\n1,P1Y\n' >one.csv
cp one.json one.csv-metadata.json
expect 0 mlp-validate package one.csv
has err 'a/reads'
sed 's/one.csv/two.csv/' one.json >csv-metadata.json
printf 'a,b\nx,P1Y\n' >two.csv
expect 1 mlp-validate package two.csv
printf 'a,b\nx,P1Y\n' >three.csv
expect 0 mlp-validate package three.csv --metadata one.json
has err 'one.json: note: does not describe three.csv, and is not used'
has err 'csv-metadata.json: note: does not describe three.csv'

# Every datatype: texts that are its, texts that are not.
reads() { # datatype, good, bad: separated by spaces
    local good bad
    for good in $2; do printf 'v\n"%s"\n' "$good" >v.csv && accepted "$1" "$good" 0; done
    for bad in $3; do printf 'v\n"%s"\n' "$bad" >v.csv && accepted "$1" "$bad" 1; done
}
accepted() {
    printf '{"@context":"http://www.w3.org/ns/csvw","url":"v.csv","tableSchema":{"columns":[{"titles":"v","datatype":%s}]}}' \
        "$1" >v.json
    mlp-validate package v.json -q >out 2>err
    ok "$1: $2: $3" test $? = "$3"
}
reads '"byte"' '-128 127 +5' '128 -129 1.0 1e2 x'
reads '"long"' '-9223372036854775808 9223372036854775807' '9223372036854775808 1,000'
reads '"unsignedLong"' '0 18446744073709551615' '-1 18446744073709551616'
reads '"positiveInteger"' '1 99999999999999999999999' '0 -1'
reads '"decimal"' '1.5 -0.5% 12‰' '1e5 NaN 1. .5'
reads '"double"' '1.5 1E-3 NaN -INF' '1.5.5 inf abc'
reads '"date"' '2020-02-29 2020-02-29Z 2020-02-29+05:30' '2019-02-29 2020-2-9 20200229'
reads '"dateTime"' '2020-01-01T10:20:30 2020-01-01T10:20:30.123Z' '2020-01-01 2020-01-01T25:00:00'
reads '"dateTimeStamp"' '2020-01-01T10:20:30Z' '2020-01-01T10:20:30'
reads '"time"' '10:20:30 24:00:00' '10:20 24:00:01'
reads '"gMonthDay"' '--02-29' '--02-30 02-29'
reads '"gYearMonth"' '2020-12' '2020-13'
reads '"duration"' 'P1Y2M3DT4H5M6.7S -P1D PT5M' 'P PT 1Y P1S P1.5D'
reads '"dayTimeDuration"' 'P3DT4H' 'P1Y P1M'
reads '"yearMonthDuration"' 'P1Y2M' 'P1D'
reads '"hexBinary"' '00fF' '0 0g'
reads '"base64Binary"' 'aGk= aGkh' 'aGk a=Gk'
reads '{"base":"base64Binary","maxLength":2}' 'aGk=' 'aGkh'
reads '"boolean"' 'true 0' 'yes TRUE'
reads '{"base":"integer","format":"#,##0"}' '1 999 1,000 1,234,567' '1000 1,00 12,34,567 ,1'
reads '{"base":"decimal","format":"#,##,##0.0#"}' '1.0 12,34,567.89' '1 1.234 1,234,567.0'
reads '{"base":"double","format":"0.0#E0"}' '1.5E3 1.55E-10' '1.5 15 1.5e3'
reads '{"base":"decimal","format":"0%"}' '50% -5%' '50 %50'
reads '{"base":"time","format":"HH:mm:ss.SS"}' '10:20:30.12 10:20:30' '10:20:30.123'
reads '{"base":"dateTime","format":"yyyy-MM-ddTHH:mmXXX"}' '2020-01-01T10:20+01:00 2020-01-01T10:20Z' '2020-01-01T10:20+01'
reads '{"base":"int","minExclusive":1,"maxInclusive":3}' '2 3' '1 4'
reads '{"base":"date","maximum":"2020-01-31"}' '2020-01-31' '2020-02-01'

# Faults of the metadata, with their place; and what is passed over with a note.
for text in '"tables": []' '"url": 5' '"url": "/etc/passwd"' '"url": "http://127.0.0.1/v.csv"' \
    '"url": "v.csv", "@type": "Schema"' '"url": "v.csv", "@id": "_:a"' \
    '"url": "v.csv", "dialect": {"quoteChar": "+"}' '"url": "v.csv", "dialect": {"skipColumns": 1}' \
    '"url": "v.csv", "tableSchema": "http://127.0.0.1/s.json"' \
    '"url": "v.csv", "tableSchema": {"columns": [{"titles": "v", "datatype": {"base": "date", "length": 3}}]}' \
    '"url": "v.csv", "tableSchema": {"columns": [{"titles": "v", "datatype": {"base": "int", "minimum": 3, "maximum": 2}}]}' \
    '"url": "v.csv", "tableSchema": {"columns": [{"titles": "v", "datatype": {"minimum": 3}}]}' \
    '"url": "v.csv", "tableSchema": {"columns": [{"titles": "v"}, {"titles": "w"}]}'; do
    printf '{"@context": "http://www.w3.org/ns/csvw", %s}' "$text" >bad.json
    expect 3 mlp-validate package bad.json
    has err 'bad.json:1:'
done
for text in '"titles": "v", "required": 1' '"titles": "v", "datatype": "klingon"' '"titles": "v", "sort": 1' \
    '"titles": "v", "datatype": {"base": "int", "format": "["}' '"titles": ["v", 5]' \
    '"titles": "v", "datatype": {"base": "date", "format": "klingon"}' \
    '"titles": "v", "datatype": {"base": "string", "format": "("}'; do
    printf '{"@context": "http://www.w3.org/ns/csvw", "url": "v.csv", "tableSchema": {"columns": [{%s}]}}' "$text" >note.json
    printf 'v\n' >v.csv
    expect 0 mlp-validate package note.json
    has err 'note.json:1:'
done
finish
