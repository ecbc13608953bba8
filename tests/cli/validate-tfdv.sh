#!/usr/bin/env bash
# Schemas of TensorFlow Data Validation: anomalies by their names, environments, skew and drift, and
# what is refused with its place.
. "$(dirname "$0")/lib.sh"

cat >schema.pbtxt <<'END'
# proto-file: schema.proto
feature {
  name: "id"
  type: INT
  presence: { min_fraction: 1, min_count: 1 }
  int_domain < min: 1; max: 100 >
}
feature {
  name: 'fare'
  type: FLOAT
  presence { min_count: 1 }
  float_domain { min: 0 max: 500.0 disallow_nan: true disallow_inf: true }
  skew_comparator { jensen_shannon_divergence { threshold: 0.2 } }
}
feature {
  name: "sex" type: BYTES domain: "sexes" unique_constraints { min: 1 max: 3 }
  presence { min_fraction: 0.5 }
  drift_comparator { infinity_norm { threshold: 0.1 } normalized_abs_difference { threshold: 0.9 } }
}
feature { name: "label" type: INT bool_domain {} presence { min_count: 1 } not_in_environment: "SERVING" }
feature { name: "later" type: INT presence { min_count: 1 } lifecycle_stage: PLANNED }
string_domain { name: "sexes" value: "m" value: "f" }
default_environment: "TRAINING" default_environment: "SERVING"
dataset_constraints {
  min_examples_count: 2 max_examples_count: 6
  num_examples_drift_comparator { min_fraction_threshold: 0.5 max_fraction_threshold: 2 }
}
END
cat >good.csv <<'END'
id,fare,sex,label
1,1.5,m,0
2,2.5,f,1
3,3.25,m,0
4,500.0,f,1
END

# anomalies: those of the last report, as COLUMN/NAME.
anomalies() { grep -o '^FAIL  [^ ]*' err | cut -c7- | LC_ALL=C sort -u >got; }

expect 0 mlp-validate check -r schema.pbtxt good.csv
same out good.csv
expect 0 mlp-validate check -r schema.pbtxt --schema-format tfdv -n
has out 'sex/ENUM_TYPE_UNEXPECTED_STRING_VALUES: one of m, f'
has out 'both tables'

# Rows whose values are at fault are rejected, each anomaly with its column.
cat >bad.csv <<'END'
id,fare,sex,label,extra
1,1.5,m,0,
200,2.5,f,2,
0,-1.5,x,0,
4,600,f,1,
5,nan,f,1,
6,inf,f,1,
,1.5,f,1,
END
expect 1 mlp-validate check -r schema.pbtxt --rejects rejects bad.csv
anomalies
cat >want <<'END'
DATASET_HIGH_NUM_EXAMPLES
extra/SCHEMA_NEW_COLUMN
fare/FLOAT_TYPE_BIG_FLOAT
fare/FLOAT_TYPE_HAS_INF
fare/FLOAT_TYPE_HAS_NAN
fare/FLOAT_TYPE_SMALL_FLOAT
id/FEATURE_TYPE_LOW_FRACTION_PRESENT
id/INT_TYPE_BIG_INT
id/INT_TYPE_SMALL_INT
label/BOOL_TYPE_BIG_INT
sex/ENUM_TYPE_UNEXPECTED_STRING_VALUES
END
same got want
printf '%s\n' id,fare,sex,label,extra 1,1.5,m,0, ,1.5,f,1, >want
same out want
has rejects '"row":3,"column":"sex","rule":"ENUM_TYPE_UNEXPECTED_STRING_VALUES","value":"x"'
mlp-validate check -r schema.pbtxt bad.csv -j 2 >out2 2>/dev/null
same out out2

# What a column is as a whole: texts, whole numbers and numbers.
printf 'id,fare,sex,label\n1.5,1,1,a\n2,2,2,b\n' >types.csv
expect 1 mlp-validate check -r schema.pbtxt types.csv
anomalies
cat >want <<'END'
fare/UNEXPECTED_DATA_TYPE
id/UNEXPECTED_DATA_TYPE
label/BOOL_TYPE_UNEXPECTED_STRING
label/UNEXPECTED_DATA_TYPE
sex/FEATURE_TYPE_NO_UNIQUE
sex/UNEXPECTED_DATA_TYPE
END
same got want

# Environments: the label is not served, and must not be.
cut -d, -f1-3 good.csv >serve.csv
expect 1 mlp-validate check -r schema.pbtxt serve.csv
has err 'label/SCHEMA_MISSING_COLUMN'
expect 1 mlp-validate check -r schema.pbtxt --env TRAINING serve.csv
expect 0 mlp-validate check -r schema.pbtxt --env SERVING serve.csv
expect 1 mlp-validate check -r schema.pbtxt --env SERVING good.csv
has err 'label/SCHEMA_NEW_COLUMN'
expect 2 mlp-validate check -r schema.pbtxt --env TESTING good.csv
has err 'TESTING'

# Drift and skew, and data to compare with that lacks the column.
printf 'id,fare,sex,label\n1,1.5,m,0\n2,2.5,m,1\n3,3.25,m,0\n4,500.0,f,1\n' >before.csv
expect 1 mlp-validate check -r schema.pbtxt --previous before.csv good.csv
has err 'sex/COMPARATOR_L_INFTY_HIGH'
has err '0.25; "m" differs most; expected from the data before at most 0.1'
expect 0 mlp-validate check -r schema.pbtxt --serving good.csv good.csv
printf 'id,fare,sex,label\n1,400.5,m,0\n2,402.5,f,1\n' >far.csv
expect 1 mlp-validate check -r schema.pbtxt --serving far.csv good.csv
has err 'fare/COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH'
cut -d, -f1,2,4 good.csv >without.csv
expect 1 mlp-validate check -r schema.pbtxt --previous without.csv good.csv
has err 'sex/COMPARATOR_CONTROL_DATA_MISSING'
head -n 2 good.csv >one.csv
expect 1 mlp-validate check -r schema.pbtxt --previous one.csv good.csv
has err 'COMPARATOR_HIGH_NUM_EXAMPLES'

# As native rules it says the same.
expect 0 mlp-validate convert --to native schema.pbtxt -o native.yaml
expect 1 mlp-validate check -r native.yaml --previous before.csv good.csv
has err 'sex/COMPARATOR_L_INFTY_HIGH'
expect 0 mlp-validate check -r native.yaml --env SERVING serve.csv

# What a schema gets wrong is an anomaly; what cannot be read an error with its place.
# wrong FROM NAME: the schema with one thing changed.
wrong() {
    sed "$1" schema.pbtxt >bad.pbtxt
    expect 1 mlp-validate check -r bad.pbtxt good.csv
    has err "$2"
}
wrong 's/domain: "sexes"/domain: "none"/' 'sex/INVALID_DOMAIN_SPECIFICATION'
wrong 's/value: "m" value: "f"/value: "m" value: "f" value: "f"/' 'sex/INVALID_DOMAIN_SPECIFICATION'
wrong 's/int_domain/float_domain/' 'id/DOMAIN_INVALID_FOR_TYPE'
wrong 's/  type: FLOAT//' 'fare/FEATURE_MISSING_TYPE'
wrong 's/min_fraction: 0.5/min_fraction: 1.5/' 'sex/INVALID_SCHEMA_SPECIFICATION'
wrong 's/bool_domain {}/value_count { min: 2 }/' 'label/FEATURE_TYPE_LOW_NUMBER_VALUES'
wrong 's/min_examples_count: 2/min_examples_count: 5/' 'DATASET_LOW_NUM_EXAMPLES'
wrong 's/min_examples_count: 2 max_examples_count: 6/max_examples_count: 3/' 'DATASET_HIGH_NUM_EXAMPLES'

# refused FROM PLACE WORDS.
refused() {
    sed "$1" schema.pbtxt >bad.pbtxt
    expect 3 mlp-validate check -r bad.pbtxt good.csv
    has err "bad.pbtxt:$2:"
    has err "$3"
}
refused 's/min_fraction: 1, min_count/min_fraction: 1, min_cuont/' 5:32 'min_cuont'
refused 's/type: FLOAT/type: FLAOT/' 10:9 'FLAOT'
refused 's/max: 500.0/max: "500"/' 12:30 'a number'
refused "s/name: 'fare'/name: fare 7/" 9:14 'the name of a field'
refused 's/: "sexes" /: "sexes /' 16:78 'the quote that ends'
refused 's/^string_domain/sparse_feature { name: "s" } string_domain/' 22:16 'sparse_feature'
refused 's/bool_domain {}/bool_domain {} int_domain {}/' 20:35 'bool_domain'
refused 's/threshold: 0.2/threshold: 0.2 threshold: 0.3/' 13:75 'twice'
head -c 200 schema.pbtxt >cut.pbtxt
expect 3 mlp-validate check -r cut.pbtxt good.csv
has err 'cut.pbtxt:11:18:'

# Every cut of it ends in an error with a place, or is a whole schema.
bad=0
for n in $(seq 60 37 "$(($(wc -c <schema.pbtxt) - 3))"); do
    head -c "$n" schema.pbtxt >cut.pbtxt
    mlp-validate check -r cut.pbtxt good.csv >out 2>err
    case $? in
        0 | 1) ;;
        3) grep -qE '^mlp-validate[^:]*: cut.pbtxt:[0-9]+:[0-9]+: ' err || bad=$((bad + 1)) ;;
        *) bad=$((bad + 1)) ;;
    esac
done
ok 'cut schemas have a place' test "$bad" = 0
finish
