#!/usr/bin/env python3
"""Tells whether mlp-serve answered what scikit-learn answered: same.py OURS.csv THEIRS.csv"""

import csv
import sys


def rows(path):
    with open(path, newline="") as file:
        yield from csv.DictReader(file)


def main():
    n = wrong = 0
    worst = 0.0
    for ours, theirs in zip(rows(sys.argv[1]), rows(sys.argv[2]), strict=True):
        n += 1
        wrong += ours["prediction"] != theirs["prediction"]
        for name in theirs:
            if name.startswith("proba_"):
                a, b = float(ours[name]), float(theirs[name])
                worst = max(worst, abs(a - b) / max(abs(b), 1e-300))
    print(f"  {n} answers, {wrong} labels differ, largest relative difference {worst:.1e}")
    sys.exit(wrong > 0 or worst > 1e-12 or n == 0)


if __name__ == "__main__":
    main()
