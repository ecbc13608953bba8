#!/usr/bin/env python3
"""duckdb_check.py FILE.csv THREADS: the rules of rules.yaml as one SQL query; prints rows and failures."""

import sys

import duckdb

from peer_rules import MOST_MISSING, PATTERNS, RANGES, REQUIRED, ROWS, SETS, TYPES


def failures():
    yield f"(count(*) NOT BETWEEN {ROWS[0]} AND {ROWS[1]})::INT"
    yield "count(id) - count(DISTINCT id)"
    for column, share in MOST_MISSING.items():
        yield f"(count(*) - count({column}) > {share} * count(*))::INT"
    bad = [f"{column} IS NULL" for column in REQUIRED]
    bad += [f"{column} NOT BETWEEN {low} AND {high}" for column, (low, high) in RANGES.items()]
    bad += [f"{column} NOT IN ({str(values)[1:-1]})" for column, values in SETS.items()]
    bad += [f"NOT regexp_matches({column}, '{regex}')" for column, regex in PATTERNS.items()]
    yield from (f"count(*) FILTER (WHERE {rule})" for rule in bad)


# The types are given: DuckDB's best case, since it need not guess them, and checks them while
# it reads.
QUERY = f"""SELECT count(*), {" + ".join(failures())}
            FROM read_csv('{sys.argv[1]}', header=true, delim=',', quote='"', escape='"',
                          columns={TYPES})"""
duckdb.sql(f"SET threads = {int(sys.argv[2])}")
print(*duckdb.sql(QUERY).fetchall()[0])
