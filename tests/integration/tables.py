"""tables.py URL: what pyarrow writes, as bodies: an Arrow stream, a file, Parquet."""

import io
import json
import sys
import urllib.request

import pyarrow as pa
import pyarrow.parquet as parquet

URL = "http://" + sys.argv[1]


def ask(body, kind):
    request = urllib.request.Request(URL + "/predict", body, {"Content-Type": kind,
                                                              "Accept": "application/json"})
    return json.load(urllib.request.urlopen(request))["predictions"]


def main():
    rows = 5000
    table = pa.table({"b": pa.array([1.0, 0.5] * rows, pa.float32()),
                      "a": pa.array([0.25, 3] * rows),
                      "c": pa.array(["red", "violet"] * rows).dictionary_encode()})
    wanted = [False, True] * rows
    for new, kind in ((pa.ipc.new_stream, "stream"), (pa.ipc.new_file, "file")):
        sink = io.BytesIO()
        with new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=700)
        assert ask(sink.getvalue(), "application/vnd.apache.arrow." + kind) == wanted
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    assert ask(sink.getvalue(), "application/vnd.apache.parquet") == wanted
    print(f"pyarrow: {2 * rows} rows as stream, file and Parquet")


main()
