#!/usr/bin/env python3
"""duckdb_profile.py FILE.csv THREADS: what DuckDB's SUMMARIZE says of every column."""

import sys

import duckdb

duckdb.sql(f"SET threads = {int(sys.argv[2])}")
for row in duckdb.sql(f"SUMMARIZE SELECT * FROM read_csv('{sys.argv[1]}')").fetchall():
    print(*row)
