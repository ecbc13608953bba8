#!/usr/bin/env python3
"""same_answers.py FLIGHTS.csv URL URL: the second server must answer every number that the first
does, to 1e-12, for 200 flights. A race between servers that answer differently is worth nothing."""

import csv
import json
import sys
import urllib.request

TEXT = ["carrier", "origin", "dest", "day_of_week"]
NUMBERS = ["distance", "sched_dep_time", "sched_arr_time", "temp", "wind_speed", "precip",
           "pressure", "visib", "backlog"]


def ask(url, row):
    request = urllib.request.Request(url + "/predict", json.dumps(row).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def numbers(node):
    if isinstance(node, dict):
        return [n for child in node.values() for n in numbers(child)]
    if isinstance(node, list):
        return [n for child in node for n in numbers(child)]
    return [float(node)] if isinstance(node, (int, float)) else []


def main():
    path, first, second = sys.argv[1:]
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))[::100][:200]
    for row in rows:
        features = {name: row[name] for name in TEXT}
        features.update((name, float(row[name]) if row[name] else None) for name in NUMBERS)
        wanted, got = ask(first, features), ask(second, features)
        for number in numbers(wanted):
            if not any(abs(number - other) <= 1e-12 for other in numbers(got)):
                sys.exit(f"different answers to {features}:\n{first} {wanted}\n{second} {got}")
    print(f"same answers: {len(rows)} flights")


if __name__ == "__main__":
    main()
