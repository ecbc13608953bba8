#!/usr/bin/env python3
"""great_expectations_check.py FILE.csv: the rules of rules.yaml as a suite of Great Expectations
over pandas; prints rows and failures."""

import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx  # noqa: E402
import pandas as pd  # noqa: E402
from great_expectations import expectations as gxe  # noqa: E402

from peer_rules import MOST_MISSING, PATTERNS, RANGES, REQUIRED, ROWS, SETS  # noqa: E402

# By pattern: its own rules for dates call the parser of each value and take far longer.
DATES = {"event_ts": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "signup_date": r"^\d{4}-\d\d-\d\d$"}


def rules():
    yield gxe.ExpectTableRowCountToBeBetween(min_value=ROWS[0], max_value=ROWS[1])
    yield gxe.ExpectColumnValuesToBeUnique(column="id")
    for column, share in MOST_MISSING.items():
        yield gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=1 - share)
    for column in REQUIRED:
        yield gxe.ExpectColumnValuesToNotBeNull(column=column)
    for column, (low, high) in RANGES.items():
        yield gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)
    for column, values in SETS.items():
        yield gxe.ExpectColumnValuesToBeInSet(column=column, value_set=values)
    for column, regex in {**PATTERNS, **DATES}.items():
        yield gxe.ExpectColumnValuesToMatchRegex(column=column, regex=regex)


def failed(result):
    """Values that break the rule; 1 for a rule about the whole table or one with a tolerance."""
    if result.success:
        return 0
    tolerant = "mostly" in result.expectation_config.kwargs
    return 1 if tolerant else result.result.get("unexpected_count", 1)


table = pd.read_csv(sys.argv[1], dtype={"is_active": object})
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
batch = context.data_sources.add_pandas("pandas").add_dataframe_asset("table") \
    .add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
outcome = batch.validate(gx.ExpectationSuite(name="rules", expectations=list(rules())),
                         result_format="BASIC")
print(len(table), sum(failed(result) for result in outcome.results))
