#!/usr/bin/env python3
"""polars_profile.py FILE.csv THREADS: describe(), and how many distinct values there are, about."""

import os
import sys

os.environ["POLARS_MAX_THREADS"] = sys.argv[2]

import polars  # noqa: E402 (it reads the variable when it is imported)

table = polars.read_csv(sys.argv[1], try_parse_dates=True)
print(table.describe())
print(table.select(polars.all().approx_n_unique()))
