#!/usr/bin/env bash
# Checks of SodaCL and contracts of Soda 4: what each kind comes to, and what is refused by name.
# The outcomes of SodaCL are those of Soda 3.5.6 over DuckDB on the same tables.
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

# outcomes REPORT: "OUTCOME NAME" of each check, the worst where a name has several; a warning is
# "warn".
outcomes() {
    awk '/^      "type": /{sub(/^ *"type": "/, ""); sub(/",$/, ""); gsub(/\\"/, "\""); name = $0}
         /^      "severity": /{warn = /warn/}
         /^      "outcome": /{o = /pass/ ? 0 : warn ? 1 : 2; if (name == "row") next
             if (!(name in worst)) order[n++] = name
             if (!(name in worst) || o > worst[name]) worst[name] = o}
         END{split("pass warn fail", words, " ")
             for (i = 0; i < n; i++) print words[worst[order[i]] + 1], order[i]}' "$1"
}

cat >checks.yml <<'YAML'
filter orders [jan5]:
  where: created >= '2024-01-05' and created < '2024-01-06'

configurations for orders:
  valid values for status: [paid, open, void]

checks for orders:
  - row_count > 0
  - row_count between 5 and 10
  - row_count between (8 and 10
  - row_count = 8
  - row_count != 8
  - row_count not between 1 and 7
  - missing_count(email) = 0
  - missing_count(email) < 2
  - missing_percent(amount) < 5%
  - missing_percent(amount) < 12.6
  - missing_percent(amount) = 12.5%
  - missing_count(discount):
      missing values: [N/A, '999']
      fail: when > 3
      warn: when > 2
      name: few missing discounts
  - missing_count(email) = 0:
      name: mail in Germany
      filter: country = 'DE'
  - invalid_count(email) = 0:
      valid format: email
  - invalid_count(email) = 1:
      valid format: email
  - invalid_count(status) = 0
  - invalid_percent(status) < 1
  - invalid_count(country) = 2:
      valid values: [DE, FR]
  - invalid_count(country) = 1:
      invalid values: [FR, XX]
  - invalid_count(country) <= 2:
      invalid values: [FR, XX]
  - invalid_count(code) = 1:
      valid length: 4
  - invalid_count(code) = 2:
      valid regex: '^[A-Z]{2}\d{2}$'
  - invalid_count(code) < 1:
      valid min length: 3
      valid max length: 4
  - invalid_count(score) = 3:
      valid min: 0.3
      valid max: 0.8
  - valid_count(score) = 4:
      valid min: 0.3
      valid max: 0.8
  - invalid_count(customer) = 0:
      invalid regex: '^x'
  - duplicate_count(id) = 0
  - duplicate_count(id) = 1
  - duplicate_count(customer) = 3
  - duplicate_percent(customer) < 40%
  - duplicate_percent(customer) < 37
  - duplicate_count(customer, country) = 0
  - duplicate_count(id, country) = 0
  - avg(amount) between 20 and 30
  - avg(amount) > 30
  - sum(amount) = 187.75
  - min(amount) >= 0
  - max(amount) <= 100
  - stddev(score) between 0.25 and 0.3
  - stddev_pop(score) < 0.26
  - variance(score) < 0.1
  - var_samp(score) < 0.05
  - avg_length(email) < 7
  - min_length(code) = 3
  - max_length(code) < 4
  - avg(amount) > 20:
      filter: status = 'paid' or country in ('US', 'FR')
  - min(amount) > 0:
      valid min: 0
  - freshness(created) < 3000d
  - freshness(created) < 1h
  - schema:
      name: columns of orders
      fail:
        when required column missing: [id, amount]
        when forbidden column present: [pii_*, ssn]
      warn:
        when required column missing: [vat]
        when wrong column index:
          id: 0
          country: 3
  - schema:
      name: no mail
      fail:
        when forbidden column present: [em%]
  - values in (customer) must exist in customers (id)
  - values in (country) must exist in customers (id)
  - failed rows:
      name: no negative amounts
      fail condition: amount < 0
  - failed rows:
      name: paid has an amount
      fail condition: status = 'paid' and amount is null
      warn: when > 0
  - failed rows:
      name: like
      fail condition: email like '%@x' or not (code is null or length(code) between 3 and 4)

checks for orders [jan5]:
  - row_count = 2
  - missing_count(score) = 0
  - avg(amount) = 48.5
YAML
expect 1 mlp-validate check -r checks.yml -R json:r.json orders.csv
outcomes r.json >got
cat >want <<'END'
pass row_count > 0
pass row_count between 5 and 10
fail row_count between (8 and 10
pass row_count = 8
fail row_count != 8
pass row_count not between 1 and 7
fail missing_count(email) = 0
pass missing_count(email) < 2
fail missing_percent(amount) < 5%
pass missing_percent(amount) < 12.6
pass missing_percent(amount) = 12.5%
warn few missing discounts
pass mail in Germany
fail invalid_count(email) = 0
pass invalid_count(email) = 1
pass invalid_count(status) = 0
pass invalid_percent(status) < 1
pass invalid_count(country) = 2
fail invalid_count(country) = 1
pass invalid_count(country) <= 2
pass invalid_count(code) = 1
pass invalid_count(code) = 2
pass invalid_count(code) < 1
pass invalid_count(score) = 3
pass valid_count(score) = 4
pass invalid_count(customer) = 0
fail duplicate_count(id) = 0
pass duplicate_count(id) = 1
pass duplicate_count(customer) = 3
pass duplicate_percent(customer) < 40%
fail duplicate_percent(customer) < 37
pass duplicate_count(customer, country) = 0
pass duplicate_count(id, country) = 0
pass avg(amount) between 20 and 30
fail avg(amount) > 30
pass sum(amount) = 187.75
fail min(amount) >= 0
pass max(amount) <= 100
pass stddev(score) between 0.25 and 0.3
fail stddev_pop(score) < 0.26
pass variance(score) < 0.1
fail var_samp(score) < 0.05
pass avg_length(email) < 7
pass min_length(code) = 3
fail max_length(code) < 4
fail avg(amount) > 20
pass min(amount) > 0
pass freshness(created) < 3000d
fail freshness(created) < 1h
warn columns of orders
fail no mail
fail values in (customer) must exist in customers (id)
fail values in (country) must exist in customers (id)
fail no negative amounts
warn paid has an amount
fail like
pass row_count = 2
fail missing_count(score) = 0
pass avg(amount) = 48.5
END
same got want

# Rows that a check says must not be are rejected, with its line as the reason; others are not.
cat >rows.yml <<'YAML'
checks for orders:
  - missing_count(email) = 0
  - invalid_count(amount) = 0:
      valid min: 0
  - duplicate_count(id) = 0
  - avg(amount) < 0
YAML
expect 1 mlp-validate check -r rows.yml --rejects bad orders.csv
cut -d, -f1 out >got
printf '%s\n' id 1 2 3 6 >want
same got want
sed -n 's/.*"row":\([0-9]*\),.*"rule":"\([^"]*\)".*/\1 \2/p' bad | LC_ALL=C sort >got
printf '%s\n' '4 missing_count(email) = 0' '5 invalid_count(amount) = 0' '7 duplicate_count(id) = 0' \
    '8 duplicate_count(id) = 0' >want
same got want

# Each number against awk's, not only its verdict.
cat >numbers.yml <<'YAML'
checks for orders:
  - missing_percent(email) > 50
  - invalid_percent(country) > 50:
      valid values: [DE]
  - valid_count(score) < 0
  - duplicate_count(customer) > 9
  - sum(amount) < 0
  - stddev_pop(score) < 0
YAML
expect 1 mlp-validate check -q -r numbers.yml -R json:n.json orders.csv
sed -n 's/^ *"value": //p' n.json >got
awk -F, 'NR > 1 {n++; e += $5 == ""; i += $3 != "" && $3 != "DE"; if (seen[$2]++ == 1) d++
                 s += $4; if ($10 != "") {k++; x += $10; xx += $10 * $10}}
         END {printf "%.15g\n%.15g\n%d\n%d\n%.15g\n", e / n, i / n, k, d, s
              printf "%.6f\n", sqrt(xx / k - x * x / k / k)}' orders.csv >want
awk 'NR == 6 {$0 = sprintf("%.6f", $0)} 1' got >rounded
same rounded want

# Formats, by name: values that have them and values that have not.
cat >formats.csv <<'CSV'
n,valid,format,value
1,yes,integer,-12
2,no,integer,1.5
3,yes,negative integer,- 3
4,no,negative integer,3
5,yes,positive integer,+7
6,yes,decimal comma,"1,5"
7,no,decimal point,"1,5"
8,yes,negative decimal point,0.0
9,yes,percentage,12.5 %
10,no,percentage point,"12,5%"
11,yes,money point,"1,234.50 EUR"
12,no,money comma,"1,234.50 EUR"
13,yes,date us,12/31/2024
14,no,date us,31/12/2024
15,yes,date eu,31.12.2024
16,yes,date inverse,2024-12-31
17,yes,date iso 8601,2024-12-31T23:59:59Z
18,no,date iso 8601,2024-13-31
19,yes,time 24h,23:59
20,no,time 12h,23:59
21,yes,timestamp 24h,23:59:59
22,no,timestamp 24h,23:59
23,yes,uuid,123e4567-e89b-12d3-a456-426614174000
24,no,uuid,123e4567e89b12d3a456426614174000
25,yes,ipv4 address,192.168.0.1
26,no,ip address,192.168.0
27,yes,ipv6 address,2001:db8::1
28,yes,ipv6 address,::1
29,yes,ipv6 address,1:2:3:4:5:6:7:8
30,no,ipv6 address,1::2::3
31,no,ipv6 address,1:2:3:4:5:6:7::8:9
32,yes,email,a.b@x.org
33,no,email,a.b@x
34,yes,phone number,(555) 123-4567
35,no,phone number,12345
36,yes,credit card number,1234-5678-9012-3456
37,no,credit card number,1234-5678
CSV
{
    echo 'checks for formats:'
    cut -d, -f3 formats.csv | sed 1d | sort -u | while read -r format; do
        printf '  - invalid_count(value) = 0:\n      name: %s\n' "$format"
        printf "      filter: format = '%s'\n      valid format: %s\n" "$format" "$format"
    done
} >formats.yml
expect 1 mlp-validate check -r formats.yml formats.csv
cut -d, -f1 out >got
awk -F, 'NR == 1 || $2 == "yes" {print $1}' formats.csv >want
same got want

# Variables are parameters, and so are the tables that are referred to.
cat >given.yml <<'YAML'
variables:
  country: DE
checks for orders:
  - row_count > ${least}
  - missing_percent(email) < ${share}
  - missing_count(email) = 0:
      filter: country = '${ country }' and amount > ${low}
  - values in (customer) must exist in customers (id)
YAML
expect 3 mlp-validate check -r given.yml orders.csv
has err 'given.yml:4:5'
has err '-P least=VALUE'
printf 'id\nc1\nc2\nc3\nc4\nc9\n' >all.csv
expect 0 mlp-validate check -r given.yml -P least=7 -P share=13 -P low=0 -P customers=all.csv orders.csv
expect 1 mlp-validate check -r given.yml -P least=8 -P share=13 -P low=0 -P customers=all.csv orders.csv
expect 1 mlp-validate check -r given.yml -P least=7 -P share=12 -P low=0 -P customers=all.csv orders.csv
expect 1 mlp-validate check -r given.yml -P least=7 -P share=13 -P low=0 -P country=FR \
    -P customers=all.csv orders.csv

# Several datasets: --env says which one.
cat >several.yml <<'YAML'
checks for orders:
  - row_count = 8
checks for customers:
  - row_count = 4
  - missing_count(name) = 0
for each dataset D:
  datasets: [orders, customers]
  checks:
    - missing_count(id) = 0
YAML
expect 0 mlp-validate check -r several.yml --env orders orders.csv
expect 0 mlp-validate check -r several.yml --env customers customers.csv
expect 1 mlp-validate check -r several.yml --env customers <<'CSV'
id,name
1,
CSV
expect 3 mlp-validate check -r several.yml orders.csv
expect 0 mlp-validate lint several.yml
has err '--env'

# refused LINE:COLUMN WORDS: what stands in ./bad.yml.
refused() {
    expect 3 mlp-validate check -r bad.yml orders.csv
    has err "bad.yml:$1:"
    has err "$2"
}
# check CHECK, with literal newlines as \n.
check() { printf 'checks for orders:\n  - %b\n' "$1" >bad.yml; }
check 'anomaly detection for row_count' && refused 2:5 'anomaly detection for row_count'
check 'change for row_count < 5' && refused 2:5 '--reference'
check 'distribution_difference(a, b) > 0.05' && refused 2:5 'drift'
check 'row_count same as customers' && refused 2:5 'row_count same as'
check 'group by:\n      fields: [country]' && refused 2:5 'group by'
check 'percentile(amount, 0.95) < 5' && refused 2:5 'quantile'
check 'median(amount) < 5' && refused 2:5 'median'
check 'row_count' && refused 2:5 'threshold'
check 'row_count < ' && refused 2:5 'character 12'
check 'row_count < 5%' && refused 2:5 'percentage'
check 'row_count < 5d' && refused 2:5 'number'
check 'freshness(created) < 5' && refused 2:5 'age'
check 'freshness(created, NOW) < 5d' && refused 2:5 'variable'
check 'missing_count < 5' && refused 2:5 'one column'
check 'invalid_count(email) = 0' && refused 2:5 'valid values'
check 'duplicate_count(id, country) < 5' && refused 2:5 'several columns'
check 'values in (id) must not exist in other (id)' && refused 2:5 'invalid values'
check 'values in (id, code) must exist in other (id)' && refused 2:5 'as many columns'
check 'area between 1 and 2:\n      area expression: SUM(x)' && refused 3:7 'area expression'
check 'missing_count(email) = 0:\n      missing value: [a]' && refused 3:7 'missing values'
check 'missing_count(email):\n      fail: above 5' && refused 3:7 'when > 5'
check 'invalid_count(email) = 0:\n      valid format: mail' && refused 3:7 '"mail"'
check 'failed rows:\n      fail query: select 1' && refused 3:7 'fail condition'
check 'failed rows:\n      fail condition: id in (select 1)' && refused 3:7 'character 8'
check 'failed rows:\n      fail condition: cast(id as int) > 1' && refused 3:7 'cast'
check 'failed rows:\n      fail condition: o.id > 1' && refused 3:7 'table'
check "failed rows:\n      fail condition: id > '10'" && refused 3:7 'quotes'
check 'row_count > {{ x }}' && refused 2:5 'templates'
check 'schema:\n      fail:\n        when schema changes: any' && refused 4:9 'when schema changes'
check 'schema:\n      fail:\n        when wrong column type: {id: geometry}' && refused 4:34 'geometry'
printf 'for each column C:\n  checks: []\n' >bad.yml && refused 1:1 'for each column C'
printf 'checks for orders [today]:\n  - row_count > 0\n' >bad.yml && refused 1:1 'filter orders'
printf 'checks for orders:\n  row_count: 0\n' >bad.yml && refused 1:1 'list'
expect 0 mlp-validate lint checks.yml
expect 0 mlp-validate convert --to native checks.yml
has out 'duplicate_share'

# Types: values are held to them, and the column has to be there.
cat >types.yml <<'YAML'
checks for orders:
  - schema:
      fail:
        when wrong column type: {id: integer, code: varchar(4), created: timestamp, amount: int}
        with optional columns: [vat]
      warn:
        when mismatching columns: {id: bigint, customer: text}
YAML
expect 1 mlp-validate check -r types.yml --rejects bad orders.csv
grep -o '"column":"[a-z]*","rule":"[^"]*"' bad | sort | uniq -c | awk '{$1 = $1} 1' >got
printf '%s\n' '2 "column":"amount","rule":"when wrong column type"' >want
same got want
has err 'warn  country/when mismatching columns'

# ---- contracts
cat >contract.yml <<'YAML'
dataset: postgres/db/public/orders
filter: id is not null
variables:
  country:
    default: DE
  top:
    default: 10
columns:
  - name: id
    data_type: integer
    checks:
      - missing:
      - duplicate:
          name: ids differ
      - duplicate:
          name: at most one copy
          threshold: {must_be_less_than_or_equal: 1}
      - duplicate:
          name: copies under 13 percent
          threshold: {metric: percent, must_be_less_than: 13}
  - name: customer
    data_type: varchar
    checks:
      - invalid:
          name: known customers
          valid_reference_data: {dataset: postgres/db/public/customers, column: id}
  - name: country
    data_type: varchar
    character_maximum_length: 2
    checks:
      - invalid:
          name: countries
          valid_values: [DE, FR, US]
      - invalid:
          name: few others
          valid_values: ['${var.country}', FR]
          threshold: {metric: percent, must_be_less_than: 20, level: warn}
  - name: amount
    data_type: double precision
    checks:
      - missing:
          name: amounts
          threshold: {must_be_between: {greater_than: 0, less_than_or_equal: 2}}
      - aggregate:
          name: mean amount
          function: avg
          threshold: {must_be_between: {greater_than_or_equal: 20, less_than: 30}}
      - aggregate:
          name: sum not around
          function: sum
          threshold: {must_be_not_between: {less_than: 100, greater_than: 187.75}}
      - aggregate:
          name: sum not below
          function: sum
          threshold: {must_be_not_between: {less_than: 100, greater_than_or_equal: 187.75}}
      - failed_rows:
          name: positive
          expression: amount < 0
          threshold: {metric: percent, must_be_less_than: 10, level: warn}
  - name: email
    data_type: varchar
    checks:
      - missing:
          name: mail there
          filter: country = '${var.country}'
      - invalid:
          name: mails
          valid_format: {regex: '@x\.org$', name: mail}
      - aggregate:
          name: length
          function: avg_length
          threshold: {must_be_less_than: '${var.top}'}
  - name: status
    data_type: varchar
  - name: discount
    data_type: varchar
    missing_values: ['N/A']
    checks:
      - missing:
          name: discounts
          threshold: {must_be: 2}
      - invalid:
          name: at most 15
          valid_max: 15
          threshold: {must_be: 1, additional: {must_be_less_than: 1, level: warn}}
  - name: code
    data_type: varchar
  - name: created
    data_type: timestamp
  - name: score
    data_type: double precision
checks:
  - row_count:
  - row_count:
      name: eight
      threshold: {must_be: 8}
  - row_count:
      name: not eight
      threshold: {must_not_be: 8}
  - schema:
  - freshness:
      name: old
      column: created
      threshold: {unit: day, must_be_less_than: 3000}
  - freshness:
      name: young
      column: created
      threshold: {must_be_less_than: 24}
  - duplicate:
      name: customer and country
      columns: [customer, country]
  - failed_rows:
      name: paid
      expression: status = 'paid' and amount is null
YAML
expect 1 mlp-validate check -r contract.yml -R json:c.json orders.csv
outcomes c.json >got
cat >want <<'END'
pass id: missing
fail ids differ
pass at most one copy
pass copies under 13 percent
fail known customers
pass countries
warn few others
pass amounts
pass mean amount
fail sum not around
pass sum not below
warn positive
pass mail there
fail mails
pass length
pass discounts
warn at most 15
pass row_count
pass eight
fail not eight
pass schema
pass old
fail young
pass customer and country
fail paid
END
same got want
cut -d, -f1-9 orders.csv >less.csv
expect 1 mlp-validate check -r contract.yml less.csv
has err 'FAIL  schema'
awk -F, -v OFS=, '{t = $2; $2 = $3; $3 = t} 1' orders.csv >other.csv
expect 1 mlp-validate check -r contract.yml -R json:c.json other.csv
outcomes c.json >got
has got 'fail schema'
sed 's/^5,c1,US,-3/x,c1,USA,-3/' orders.csv >wrong.csv
expect 1 mlp-validate check -r contract.yml --rejects bad wrong.csv
grep -o '"row":5,"column":"[a-z]*","rule":"schema"' bad >got
printf '%s\n' '"row":5,"column":"country","rule":"schema"' '"row":5,"column":"id","rule":"schema"' >want
same got want
# contract CHECK at the column id, or with a second argument at the table.
contract() {
    if [ $# -eq 1 ]; then
        printf 'dataset: d/orders\ncolumns:\n  - name: id\n    checks:\n      - %b\n' "$1" >bad.yml
    else
        printf 'dataset: d/orders\ncolumns:\n  - name: id\nchecks:\n  - %b\n' "$1" >bad.yml
    fi
}
contract 'metric: {query: select 1}' && refused 5:9 'metric'
contract 'failed_rows: {query: select 1}' && refused 5:23 'query'
contract 'aggregate: {function: mode, threshold: {must_be: 1}}' && refused 5:21 'function'
contract 'aggregate: {function: avg}' && refused 5:9 'threshold'
contract 'missing: {threshold: {must_be: 1, must_not_be: 2}}' && refused 5:43 'one comparison'
contract 'missing: {threshold: {must_b: 1}}' && refused 5:31 'must_be'
contract 'missing: {scope: nightly}' && refused 5:19 'scope'
contract 'invalid:' && refused 5:9 'valid'
contract 'invalid: {valid_reference_data: {dataset: a/b, column: c}, threshold: {must_be_less_than: 5}}' &&
    refused 5:19 'threshold of 0'
contract 'row_count:' && refused 5:9 'row_count'
contract 'schema: {allow_extra_columns: true}' table && refused 5:5 'allow_other_column_order'
contract 'freshness: {column: created, threshold: {must_be_greater_than: 5}}' table &&
    refused 5:5 'must_be_less_than'
expect 0 mlp-validate lint contract.yml
printf 'dataset: d/orders\ncolumns:\n  - name: id\n    data_type: text\nchecks:\n  - row_count:\n' >c2.yml
expect 0 mlp-validate lint c2.yml
has err 'not checked'
finish
