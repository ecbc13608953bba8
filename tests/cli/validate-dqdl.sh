#!/usr/bin/env bash
# shellcheck disable=SC2016 # $name is a variable of DQDL
# Rulesets of AWS Glue Data Quality in DQDL: what each rule comes to, and what is refused by name.
# What is expected was worked out by hand from the documentation's words; figures by awk.
. "$(dirname "$0")/lib.sh"

cat >orders.csv <<'CSV'
id,customer,country,amount,email,status,discount,code,created,score
1,c1,DE,10.5,a@x.org,paid,0,AB12,2024-01-02 10:00:00,0.5
2,c2,DE,20,b@x.org,open,N/A,AB13,2024-01-02 11:00:00,0.7
3,c3,FR,,c@x,paid,5,AB1,2024-01-03 09:30:00,0.1
4,c4,FR,7.25,,paid,,ab12,2024-01-04 10:00:00,0.9
5,c1,US,-3,e@x.org,void,10,XY99,2024-01-05 00:00:00,
6,c9,,100,f@x.org,open,15,XY98,2024-01-05 12:00:00,0.4
7,c2,US,20,g@x.org,,999,XY97,2024-01-06 08:00:00,0.3
7,c3,DE,33,h@x.org,paid,0,,2024-01-06 18:00:00,0.2
CSV
printf 'id,name\nc1,A\nc2,B\nc3,C\nc4,D\n' >customers.csv

# outcomes REPORT: "OUTCOME NAME", the worst where a rule became two.
outcomes() {
    awk '/^      "type": /{sub(/^ *"type": "/, ""); sub(/",$/, ""); gsub(/\\"/, "\""); gsub(/\\\\/, "\\"); name = $0}
         /^      "outcome": /{o = !/pass/; if (name == "row") next
             if (!(name in worst)) order[n++] = name
             if (!(name in worst) || o > worst[name]) worst[name] = o}
         END{for (i = 0; i < n; i++) print worst[order[i]] ? "fail" : "pass", order[i]}' "$1"
}

# The outcome stands before each rule, and goes into ./want.
cat >rules <<'END'
pass RowCount > 5
fail RowCount between 8 and 10
fail RowCount not between 7 and 9
fail RowCount != 8
pass RowCount = 3 where "country = 'DE'"
pass ColumnCount = 10
fail ColumnCount between 10 and 12
pass ColumnExists "email"
fail ColumnExists "vat"
pass ColumnNamesMatchPattern "^[a-z]+$"
fail ColumnNamesMatchPattern "^.{1,8}$" where_is_no_word_here
pass IsComplete "id"
fail IsComplete "email"
pass IsComplete "email" where "country != 'FR'"
pass Completeness "email" >= 0.875
fail Completeness "email" > 0.875
fail Completeness "email" = 1.0
fail IsUnique "id"
pass IsUnique "email"
pass IsUnique "id" "country"
fail IsPrimaryKey "id"
fail IsPrimaryKey "id" "country"
pass IsPrimaryKey "id" "created"
pass Uniqueness "id" = 0.75
fail Uniqueness "id" > 0.9
pass UniqueValueRatio "customer" between 0.3 and 0.5
fail UniqueValueRatio "customer" between 0.4 and 0.5
pass DistinctValuesCount "country" = 3
fail DistinctValuesCount "country" != 3
pass Entropy "country" between 1.078 and 1.079
fail Entropy "country" < 1
pass Mean "amount" between 26 and 27
fail Mean "amount" > 20 where "country = 'FR'"
pass Sum "amount" = 187.75
fail Sum "amount" not between 187 and 188
pass StandardDeviation "score" < 0.2611
fail StandardDeviation "score" > 0.2611
fail Variance "score" > 0.0682
pass Variance "score" > 0.0681
pass ColumnCorrelation "amount" "score" between -0.38 and -0.37
fail ColumnCorrelation "amount" "score" > 0
fail ColumnValues "amount" > 0
fail ColumnValues "amount" >= -3
pass ColumnValues "amount" >= -3 with threshold >= 0.875
pass ColumnValues "amount" between -4 and 101 with threshold > 0.8
fail ColumnValues "amount" between -3 and 100 with threshold > 0.8
pass ColumnValues "amount" not between 34 and 99 where "amount is not null"
fail ColumnValues "amount" not between 7 and 10.5 where "amount is not null"
fail ColumnValues "country" in ["DE", "FR", "US"]
pass ColumnValues "country" in ["DE", "FR", "US", NULL]
pass ColumnValues "country" in $countries with threshold >= 0.875
pass ColumnValues "country" not in ["AT", "CH"]
fail ColumnValues "country" not in ["AT", NULL]
fail ColumnValues "country" not in ["DE"]
fail ColumnValues "country" != NULL
fail ColumnValues "country" = NULL
pass ColumnValues "country" = NULL where "id = 6"
pass ColumnValues "country" != EMPTY
pass ColumnValues "country" != WHITESPACES_ONLY
pass ColumnValues "status" = "paid" where "amount > 25 and amount < 50"
fail ColumnValues "status" = "paid"
pass ColumnValues "status" != "lost"
pass ColumnValues "code" matches "[A-Z]{2}[0-9]{2}" with threshold > 0.6
fail ColumnValues "code" matches "[A-Z]{2}" with threshold > 0.1
fail ColumnValues "code" not matches "XY.*" where "code is not null"
pass ColumnValues "code" not matches "XY" where "code is not null"
fail ColumnValues "score" != 0.3
pass ColumnValues "score" != 0.35
pass ColumnValues "score" in [0.5, 0.7, 0.1, 0.9, NULL, 0.4, 0.3, 0.2]
pass ColumnValues "score" not in [0.3, 0.4, NULL] with threshold between 0.6 and 0.63
pass ColumnValues "created" > "2024-01-01"
fail ColumnValues "created" > "2024-01-02"
pass ColumnValues "created" >= "2024-01-02"
pass ColumnValues "created" <= "2024-01-06"
fail ColumnValues "created" < "2024-01-06"
pass ColumnValues "created" = "2024-01-02" where "id <= 2"
fail ColumnValues "created" between "2024-01-02" and "2024-01-07"
pass ColumnValues "created" between "2024-01-01" and "2024-01-07"
fail ColumnValues "created" > (now() - 3 days)
pass ColumnValues "created" < now()
pass ColumnLength "code" between 2 and 5 with threshold > 0.8
fail ColumnLength "code" > 2
pass ColumnLength "code" <= 4
fail ColumnLength "code" < 4
fail ColumnLength "code" in [3, 4]
pass ColumnLength "code" in [3, 4, 0]
fail ColumnLength "code" not in [0]
pass ColumnLength "id" = 1
pass ColumnDataType "id" = "INTEGER"
fail ColumnDataType "score" = "DOUBLE"
pass ColumnDataType "discount" = "DOUBLE" with threshold between 0.74 and 0.76
fail ColumnDataType "amount" != "DOUBLE"
pass ColumnDataType "created" = "TIMESTAMP"
pass ColumnDataType "created" = "DATE"
fail ColumnDataType "created" = "DATE" with format = "yyyy-MM-dd"
fail ColumnDataType "status" = "BOOLEAN"
pass DataFreshness "created" <= 5000 days
fail DataFreshness "created" <= 24 hours
pass DataFreshness "created" between 24 hours and 5000 days
fail DataFreshness "created" > 5000 days
fail ReferentialIntegrity "customer" "customers.id" = 1.0
pass ReferentialIntegrity "customer" "customers.{id}" >= 0.8
fail ReferentialIntegrity "customer" "customers.{id}" >= 0.9
pass ReferentialIntegrity "id,customer" "orders.{id,customer}" = 1.0
END
sed -i '/where_is_no_word_here/d' rules
{
    printf '# Orders, as a job checks them.\nMetadata = { "Version": "1.0" }\n'
    printf 'DataSources = { "Primary": "orders", "AdditionalDataSources": ["customers"] }\n'
    printf 'countries = ["DE", "FR", "US"]\nRules = [\n'
    sed 's/^[a-z]* //; $!s/$/,/' rules
    printf ']\n'
} >r.dqdl
expect 1 mlp-validate check -r r.dqdl -R json:r.json orders.csv
outcomes r.json >got
same got rules

# Each number against awk's, not only its verdict.
printf 'Rules = [ %s, %s, %s, %s, %s ]\n' 'Uniqueness "customer" > 2' 'UniqueValueRatio "customer" > 2' \
    'Entropy "country" < 0' 'StandardDeviation "amount" < 0' \
    'ColumnValues "amount" > 15 where "country is not null" with threshold > 1' >n.dqdl
expect 1 mlp-validate check -q -r n.dqdl -R json:n.json orders.csv
sed -n 's/^ *"value": //p' n.json | awk '{printf "%.9f\n", $0}' >got
awk -F, 'NR > 1 {c[$2]++; n++; if ($3 != "") {k[$3]++; m++; w++; p += $4 > 15}
                 if ($4 != "") {a++; s += $4; ss += $4 * $4}}
         END {for (x in c) {d++; one += c[x] == 1}
              for (x in k) e -= k[x] / m * log(k[x] / m)
              printf "%.9f\n%.9f\n%.9f\n%.9f\n%.9f\n", one / n, one / d, e,
                     sqrt(ss / a - s * s / a / a), p / w}' orders.csv >want
same got want

# Rows that a rule says must not be are rejected, with the rule as the reason; a threshold rejects none.
cat >rows.dqdl <<'END'
Rules = [
    IsComplete "email",
    ColumnValues "amount" > 0 where "amount is not null",
    ColumnLength "code" = 4 with threshold > 0.7,
    (IsUnique "id") and ((IsComplete "country") AND (ColumnExists "id"))
]
END
expect 1 mlp-validate check -r rows.dqdl --rejects bad orders.csv
sed -n 's/.*"row":\([0-9]*\),.*"rule":"\(.*\)","value".*/\1 \2/p' bad | LC_ALL=C sort >got
cat >want <<'END'
4 IsComplete \"email\"
5 ColumnValues \"amount\" > 0 where \"amount is not null\"
6 IsComplete \"country\"
7 IsUnique \"id\"
8 IsUnique \"id\"
END
same got want

# Another table: a file of the parameter of its name, or the one of --reference.
printf 'id\nc1\nc2\nc3\nc4\nc9\n' >all.csv
echo 'Rules = [ ReferentialIntegrity "customer" "customers.id" = 1.0 ]' >ref.dqdl
expect 1 mlp-validate check -r ref.dqdl orders.csv
expect 0 mlp-validate check -r ref.dqdl -P customers=all.csv orders.csv
echo 'Rules = [ RowCountMatch "old" >= 0.9, SchemaMatch "old" = 1.0 ]' >old.dqdl
head -n 9 orders.csv >old.csv
expect 0 mlp-validate check -r old.dqdl --reference old.csv orders.csv
sed 1p old.csv >more.csv
tail -n +2 old.csv >>more.csv
expect 1 mlp-validate check -r old.dqdl --reference more.csv orders.csv
has err 'rows'
expect 0 mlp-validate lint old.dqdl
has err '"old" is the table of --reference'
expect 0 mlp-validate convert --to native r.dqdl
has out 'stdev_population'
expect 0 mlp-validate check --schema-format dqdl -r ref.dqdl -P customers=all.csv orders.csv

# refused RULES LINE:COLUMN WORDS
refused() {
    printf '%b' "$1" >bad.dqdl
    expect 3 mlp-validate check -r bad.dqdl orders.csv
    has err "bad.dqdl:$2:"
    has err "$3"
}
refused 'Rules = [\n  CustomSql "select count(*) from primary" > 5\n]' 2:3 'CustomSql'
refused 'Rules = [ DatasetMatch "ref" "id" = 1.0 ]' 1:11 'ReferentialIntegrity'
refused 'Rules = [ AggregateMatch "avg(a)" "avg(ref.a)" = 1.0 ]' 1:11 'drift'
refused 'Rules = [ DetectAnomalies "RowCount" ]' 1:11 'history'
refused 'Rules = [ FileFreshness "s3://x" > now() ]' 1:11 'FileFreshness'
refused 'Rules = [ IsPretty "id" ]' 1:11 'IsPretty'
refused 'Rules = [ RowCount > avg(last(10)) ]' 1:22 'runs before'
refused 'Rules = [ RowCount > 2 * 5 ]' 1:24 'arithmetic'
refused 'Rules = [ RowCount in [1, 2] ]' 1:20 'between'
refused 'Rules = [ RowCount ]' 1:11 'condition'
refused 'Rules = [ RowCount "id" > 5 ]' 1:11 'expected no names'
refused 'Rules = [ IsComplete "a" "b" ]' 1:11 'expected 1 name'
refused 'Rules = [ ColumnValues "a" ]' 1:11 'condition'
refused 'Rules = [ ColumnValues "a" > "x" ]' 1:30 'date'
refused 'Rules = [ ColumnValues "a" in $names ]' 1:32 'names'
refused 'Rules = [ IsComplete "a" where "x in (select 1)" ]' 1:32 'character 7'
refused 'Rules = [ ColumnCount > 5 where "a = 1" ]' 1:33 'no where'
refused 'Rules = [ Mean "a" > 5 with threshold > 0.5 ]' 1:29 'with threshold'
refused 'Rules = [ Uniqueness "a" "b" > 0.5 ]' 1:11 'several columns'
refused 'Rules = [ ColumnDataType "a" = "POINT" ]' 1:11 'INTEGER'
refused 'Rules = [ ColumnDataType "a" = "DATE" with format = "dd.MM.yyyy" ]' 1:53 'yyyy-MM-dd'
refused 'Rules = [ ReferentialIntegrity "a" "ref.{b,c}" = 1.0 ]' 1:11 'as many columns'
refused 'Rules = [ RowCountMatch "a" > 1, RowCountMatch "b" > 1 ]' 1:34 '--reference'
refused 'Rules = [ (RowCount > 5) or (IsUnique "a") ]' 1:26 'joined by "or"'
refused 'Rules = [ ]' 1:1 'a rule at least'
refused 'Rules = [ IsComplete "a"\n IsComplete "b" ]' 1:11 'expected 1 name, found 3'
refused 'Rules = [ IsComplete "a\n" ]' 1:22 'closing quote'
refused 'Rules = [ IsComplete ; ]' 1:22 'sign'
refused 'Rules = [ RowCount > 5 ' 1:24 'the end'
refused 'Rules = [ (RowCount > 5 ]' 1:25 ')'
refused 'Rules = [ RowCount > 5 ]\nRules = [ RowCount > 5 ]' 2:1 'once'
{ printf 'Rules = [ '; printf '(%.0s' $(seq 100); printf 'RowCount > 5'; printf ')%.0s' $(seq 100); echo ' ]'; } >deep
refused "$(cat deep)" 1:71 '60'
finish
