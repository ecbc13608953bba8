"""openapi.py URL: openapi-spec-validator on /openapi.json, and answers against its schemas."""

import json
import sys
import urllib.error
import urllib.request

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource

URL = "http://" + sys.argv[1]


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, data)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def main():
    document = ask("/openapi.json")[1]
    OpenAPIV31SpecValidator(document).validate()
    whole = Resource.from_contents(document, default_specification=__import__(
        "referencing.jsonschema", fromlist=["x"]).DRAFT202012)
    registry = Registry().with_resource("urn:all", whole)

    def check(name, value):
        OAS31Validator({"$ref": "urn:all#/components/schemas/" + name},
                       registry=registry).validate(value)

    row = {"a": 0.25, "b": 1.0, "c": "red"}
    check("Row0", row)
    for bad in ({"a": 1}, dict(row, d=1), dict(row, a="x")):
        assert not OAS31Validator({"$ref": "urn:all#/components/schemas/Row0"},
                                  registry=registry).is_valid(bad), bad
        status, answer = ask("/predict", bad)
        assert status == 400, bad
        check("Error", answer)
    check("One0", ask("/predict", row)[1])
    check("List0", ask("/predict?probabilities=true", [row, row])[1])
    for path in document["paths"]:
        assert ask(path)[0] != 404 if "get" in document["paths"][path] and path != "/metrics" \
            else ask(path, {})[0] in (400, 405), path
    print(f"openapi: valid, {len(document['paths'])} paths")


main()
