"""events.py URL: the CloudEvents SDK's events, binary and structured, and its reading of answers."""

import sys
import urllib.request

from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http

URL = "http://" + sys.argv[1]


def ask(event, write, path):
    headers, body = write(event)
    with urllib.request.urlopen(urllib.request.Request(URL + path, body, headers)) as answer:
        return from_http(dict(answer.headers), answer.read())


def main():
    ids = set()
    for path, data, wanted in (
            ("/", [[0.25, 1, "red"]], {"predictions": [False]}),
            ("/v1/models/stable:predict", {"instances": [[3, 0.5, "violet"]]},
             {"predictions": [True]})):
        event = CloudEvent({"type": "request", "source": "test"}, data)
        for write in (to_binary, to_structured):
            answer = ask(event, write, path)
            assert answer.data == wanted, answer
            assert answer["type"] == "io.kserve.inference.response", answer
            assert answer["source"] == "io.kserve.inference.stable", answer
            ids.add(answer["id"])
    assert len(ids) == 4, ids
    print("cloudevents: 4 events answered by events")


main()
