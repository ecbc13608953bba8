#!/usr/bin/env bash
# Schemas of pandera and signatures of MLflow: what they become, and what is refused by name.
. "$(dirname "$0")/lib.sh"

# As pandera.io.to_yaml writes it.
cat >schema.yaml <<'YAML'
schema_type: dataframe
version: 0.20.4
columns:
  id:
    title: null
    description: null
    dtype: int64
    nullable: false
    checks: null
    unique: true
    coerce: false
    required: true
    regex: false
  age:
    dtype: int8
    nullable: true
    checks:
      greater_than_or_equal_to: 0
      less_than:
        value: 120
        options:
          raise_warning: true
          ignore_na: true
  score:
    dtype: float64
    nullable: false
    checks:
      in_range:
        min_value: 0.0
        max_value: 1.0
        include_min: false
        include_max: true
  plan:
    dtype: object
    checks:
      isin:
      - free
      - pro
  code:
    dtype: str
    checks:
    - value: 'a.'
      options: {check_name: str_startswith, raise_warning: false, ignore_na: true}
    - pattern: '[a-z.]+\d'
      options: {check_name: str_matches, error: letters and a digit}
    - min_value: 3
      max_value: 4
      options: {check_name: str_length}
  day:
    dtype: datetime64[ns]
    nullable: true
    required: false
checks: null
index:
- dtype: int64
  nullable: false
  checks: null
  name: null
  unique: false
  coerce: false
dtype: null
coerce: false
strict: true
name: null
ordered: false
unique: null
report_duplicates: all
unique_column_names: false
add_missing_columns: false
title: null
description: null
YAML
cat >data.csv <<'CSV'
id,age,score,plan,code,day
1,30,0.5,free,a.1,2020-01-31
2,,1,pro,a.b2,2020-01-31 10:00:00
3,119,0.1,free,a.12,
4,-1,0.5,free,a.1,
5,121,0.5,free,a.1,
6,128,0.5,free,a.1,
7,1,0,free,a.1,
8,1,0.5,team,a.1,
9,1,0.5,pro,ab1,
10,1,0.5,pro,a.b,
11,1,0.5,pro,a.bc1,
12,1,,pro,a.1,
13,1,0.5,pro,a.1,soon
14,1.5,0.5,pro,a.1,
1,1,0.5,pro,a.1,
CSV
expect 1 mlp-validate check -r schema.yaml --rejects rejects data.csv
cut -d, -f1 out >got
printf '%s\n' id 2 3 5 >want
same got want
sed -n 's/.*"row":\([0-9]*\),"column":"\([a-z]*\)","rule":"\([^"]*\)".*/\1 \2 \3/p' rejects |
    LC_ALL=C sort -n >got
cat >want <<'END2'
1 id unique
4 age greater_than_or_equal_to
6 age int8
7 score in_range
8 plan isin
9 code str_startswith
10 code letters and a digit
11 code str_length
12 score required
13 day format
14 age type
15 id unique
END2
same got want
expect 0 mlp-validate convert --to native schema.yaml
has out 'less_than'
sed 's/,day$/,day,more/; 1!s/$/,1/' data.csv | head -n 3 >more.csv
expect 1 mlp-validate check -r schema.yaml more.csv
has err more

# refused FROM TO LINE WORDS: the schema with one thing changed.
refused() {
    sed "$1" schema.yaml >bad.yaml
    expect 3 mlp-validate check -r bad.yaml data.csv
    has err "bad.yaml:$2:"
    has err "$3"
}
refused 's/regex: false/regex: true/' 13 'regular expression'
refused 's/dtype: int8/dtype: complex128/' 15 'dtype'
refused 's/isin:/is_prime:/' 36 'is_prime'
refused 's/strict: true/strict: false/; s/ordered: false/ordered: true/' 65 'ordered'
refused 's/^checks: null/checks: {wide: 3}/' 53 'checks'
refused 's/dtype: object/dtyp: object/' 34 'dtyp'
refused '0,/name: null/s//name: key/' 54 'index'
refused 's/dtype: int8/dtype: datetime64[ns]/' 18 'times'
refused 's/ignore_na: true/ignore_na: false/' 23 'ignore_na'

# As 0.35 writes it: checks among the keys of a column, options among their arguments.
cat >flat.yaml <<'YAML'
schema_type: dataframe
api: pandas
columns:
  id:
    dtype: int64
    unique: true
  age:
    dtype: Int8
    nullable: true
    greater_than_or_equal_to: 0
    less_than:
      max_value: 120
      raise_warning: true
  score:
    dtype: float64
    in_range:
      min_value: 0
      max_value: 1
      include_min: false
      include_max: true
  plan:
    dtype: object
    isin:
    - free
    - pro
    not_equal_to: x
  code:
    dtype: string[python]
    str_startswith: a.
    str_matches: '[a-z.]+\d'
    str_length:
      min_value: 3
      max_value: 4
      exact_value: null
index:
- dtype: int64
strict: true
unique:
- id
- code
YAML
cut -d, -f1-5 data.csv >five.csv
expect 1 mlp-validate check -r flat.yaml --rejects rejects five.csv
cut -d, -f1 out >got
printf '%s\n' id 2 3 5 13 >want
same got want
has rejects '"row":15,"column":"","rule":"unique"'
sed 's/less_than:/less_then:/' flat.yaml >bad.yaml
expect 3 mlp-validate check -r bad.yaml five.csv
has err 'bad.yaml:11:'
has err 'less_then'

cat >MLmodel <<'YAML'
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.4
  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
mlflow_version: 2.9.2
model_uuid: 0d8b9b1e6d0a4f6db0e8e9a0f5b3f1c2
run_id: 5f1c0e0b6c0f4a9f8f5fb0f6f4d0f7a1
signature:
  inputs: '[{"type": "long", "name": "n", "required": true}, {"type": "integer", "name":
    "small", "required": false}, {"type": "double", "name": "sepal length (cm)", "required":
    true}, {"type": "boolean", "name": "flag", "required": true}, {"type": "datetime",
    "name": "at", "required": false}, {"type": "binary", "name": "raw"}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
utc_time_created: '2023-12-15 10:31:12.123456'
YAML
cat >serve.csv <<'CSV'
n,small,sepal length (cm),flag,raw,extra
1,,5.1,true,QUJD,x
,1,5.1,true,QUJD,x
2,2147483648,5.1,true,QUJD,x
3,1,,true,,x
4,1,a,false,QQ==,x
5,1,1,maybe,QQ==,x
6,1,1,false,QQ=,x
CSV
expect 1 mlp-validate check -r MLmodel --rejects rejects serve.csv
cut -d, -f1 out >got
printf '%s\n' n 1 3 >want
same got want
cut -d, -f2- serve.csv >less.csv
expect 3 mlp-validate check -r MLmodel less.csv
has err '"n"'
expect 0 mlp-validate lint MLmodel
has err 'outputs'
expect 0 mlp-validate convert --to native MLmodel
has out 'sepal length (cm)'
sed '/^signature/,/params/d' MLmodel >none
expect 3 mlp-validate check -r none serve.csv
has err 'infer_signature'
sed "s/inputs: .*/inputs: '[{\"type\": \"tensor\"}]'/; /small.*double/d; /boolean.*datetime/d; /\"at\".*raw/d; /\"small\"/d" \
    MLmodel >tensor
expect 3 mlp-validate check -r tensor serve.csv
has err 'tensor'
sed 's/"long"/"array"/' MLmodel >nested
expect 3 mlp-validate check -r nested serve.csv
has err 'nested:14:'
has err '"array"'
finish
