#!/usr/bin/env bash
# What mlp-package finds out by loading a model: signature, golden predictions, card and bill of
# materials; and which models, and which golden rows, it refuses.
. "$(dirname "$0")/lib.sh"
FIXTURES=$ROOT/tests/fixtures/serve
cp "$FIXTURES/stable.joblib" "$FIXTURES/value.joblib" .
cat >golden.csv <<'CSV'
id,a,b,c,late
1,0.25,1.0,red,False
2,-1.5,2.25,"blue",False
3,3,0.5,violet,True
CSV

expect 0 mlp-package create colours stable.joblib --golden golden.csv
digest=$(cat out)
expect 0 mlp-package create colours stable.joblib --golden golden.csv -o again.mlp
same colours.mlp again.mlp
expect 0 mlp-package inspect colours.mlp
has out "$digest"
has out 'Pipeline(ColumnTransformer, LogisticRegression)'
has out 'inputs       a, b, c (text)'
has out 'classes      False, True'
expect 0 mlp-package unpack colours.mlp
# The answers of scikit-learn for these rows are in the fixtures' expected.json.
cat >expected.csv <<'CSV'
a,b,c,prediction,probability_False,probability_True
0.25,1.0,red,False,0.6323512787589871,0.3676487212410129
-1.5,2.25,blue,False,0.9999963088052275,3.6911947724982646e-06
3,0.5,violet,True,0.0003372370278240666,0.9996627629721759
CSV
cut -d, -f1-4 colours/golden.csv >labels.csv
cut -d, -f1-4 expected.csv >want.csv
same labels.csv want.csv
if need python3; then
    expect 0 python3 - <<'PY'
import csv
for a, b in zip(csv.reader(open("colours/golden.csv")), csv.reader(open("expected.csv"))):
    assert len(a) == len(b), (a, b)
    for x, y in zip(a[4:], b[4:]):
        assert x == y or abs(float(x) - float(y)) <= 1e-12 * abs(float(y)), (a, b)
PY
fi
has colours/README.md '| c | text |'
has colours/README.md '- Classes: False, True'
has colours/README.md 'library_name: sklearn'
has colours/sbom.cdx.json '"bomFormat": "CycloneDX"'
has colours/sbom.cdx.json 'machine-learning-model'
has colours/sbom.cdx.json "$(sha256sum stable.joblib | cut -d' ' -f1)"
expect 0 mlp-package create value value.joblib --golden golden.csv --no-sbom
expect 0 mlp-package unpack value.mlp
has value/golden.csv 'a,b,prediction'
has value/golden.csv '3,0.5,5.99999999999999'
ok 'no bill of materials' test ! -e value/sbom.cdx.json
echo '# Mine' >card.md
expect 0 mlp-package create value value.joblib --card card.md -o mine.mlp
expect 0 mlp-package unpack mine.mlp -o mine
same mine/README.md card.md

# Models that cannot be served, and what else can be done with them.
expect 3 mlp-package create junk golden.csv
ok 'no package of a refused model' test ! -e junk.mlp
has err 'golden.csv'
expect 0 mlp-package create junk golden.csv --no-load
printf '\x80\x04cos\nsystem\n\x8c\x0atouch pwnX\x85R.' >evil.pkl
expect 3 mlp-package create evil evil.pkl
has err 'system'
ok 'the file was not run' test -z "$(find . -name 'pwn*')"
head -c 1500 stable.joblib >half.joblib
expect 3 mlp-package create half half.joblib
: >empty.joblib
expect 3 mlp-package create empty empty.joblib
expect 5 mlp-package create none none.joblib

# Golden rows that do not fit.
refuse() { # TEXT: golden rows in ./bad.csv are refused with it
    expect 3 mlp-package create colours stable.joblib --golden bad.csv -o bad.mlp
    has err "$1"
    ok 'nothing is written' test ! -e bad.mlp
}
cut -d, -f1,3- golden.csv >bad.csv
refuse '"a"'
sed '3s/-1.5/much/' golden.csv >bad.csv
refuse 'bad.csv:3'
sed '3s/$/,more/' golden.csv >bad.csv
refuse 'bad.csv:3'
head -n 1 golden.csv >bad.csv
refuse 'no rows'
: >bad.csv
refuse 'bad.csv'
expect 5 mlp-package create colours stable.joblib --golden none.csv -o bad.mlp
finish
