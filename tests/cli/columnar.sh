#!/usr/bin/env bash
# Parquet and Arrow files of pyarrow, polars and DuckDB are the CSV that they say; from a pipe too.
. "$(dirname "$0")/lib.sh"
cases=$ROOT/tests/fixtures/columnar
echo 'columns: {row: {type: int, unique: true}}' >rules.yaml

for file in "$cases"/*.parquet "$cases"/*.arrow "$cases"/*.arrows; do
    expect 0 mlp-validate check -r rules.yaml "$file"
    case $file in
    */int96.parquet) # knows no time zones
        sed 's/Z,/,/g' "$cases/expected.csv" >want
        same out want
        ;;
    *) same out "$cases/expected.csv" ;;
    esac
done

expect 0 mlp-validate check -r rules.yaml - <"$cases/snappy.parquet"
same out "$cases/expected.csv"
expect 0 mlp-validate check -r rules.yaml < <(cat "$cases/stream.arrows")
same out "$cases/expected.csv"
gzip -c "$cases/expected.csv" >expected.csv.gz
if need xz; then
    xz -c "$cases/expected.csv" >expected.csv.xz
    cat expected.csv.xz expected.csv.xz >twice.xz
    expect 0 mlp-validate check -r rules.yaml expected.csv.xz
    same out "$cases/expected.csv"
    head -c 600 expected.csv.xz >cut.xz
    expect 3 mlp-validate check -r rules.yaml cut.xz
    has err 'cut.xz'
    has err 'it ends too early'
fi

# An empty text is there, a missing one is not.
echo 'columns: {text: {missing: {max: 0}}}' >missing.yaml
expect 1 mlp-validate check -r missing.yaml "$cases/snappy.parquet"
expect 0 mlp-validate profile "$cases/polars.parquet"
has out '"text"'

# Damage is told with the file, and where it can be with the column.
head -c 4000 "$cases/snappy.parquet" >cut.parquet
expect 3 mlp-validate check -r rules.yaml cut.parquet
has err 'cut.parquet'
has err 'does not end as a Parquet file does'
head -c 4000 "$cases/feather-lz4.arrow" >cut.arrow
expect 3 mlp-validate check -r rules.yaml cut.arrow
has err 'does not end as an Arrow file does'
head -c 9000 "$cases/stream.arrows" >cut.arrows
expect 3 mlp-validate check -r rules.yaml cut.arrows
has err 'ends too early'
finish
