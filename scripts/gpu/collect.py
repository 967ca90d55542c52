#!/usr/bin/env python3
"""Joins event timings and counters into results/gpu: measurements.csv, one row per kernel and shape, and machine.csv.

usage: collect.py MEASURED OUT --driver VERSION --date YYYY-MM-DD
MEASURED holds what scripts/gpu/measure wrote: machine.csv and, per set, time-SET.csv, ranges-SET.csv and counters-SET.csv.
"""
import argparse
import csv
import pathlib

KEY = ["kernel", "type", "L", "D", "E", "N"]
COUNTERS = {
    "dram_read_bytes": "dram__bytes_read.sum",
    "dram_write_bytes": "dram__bytes_write.sum",
    "l2_bytes": "lts__t_bytes.sum",
}


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counter_rows(path):
    """The profiler's table: after its messages a header, a line of units, then one row per range."""
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if line.startswith('"')]
    table = list(csv.DictReader(lines))
    unit = table[0]
    for column in COUNTERS.values():
        if unit[column] != "byte":
            raise SystemExit(f"{path}: {column} is in {unit[column]}, expected byte")
    return table[1:]


def measured(folder, name):
    """Per kernel and shape: timings in us, and counters per launch in bytes."""
    ranges = rows(folder / f"ranges-{name}.csv")
    counters = counter_rows(folder / f"counters-{name}.csv")
    if len(ranges) != len(counters):
        raise SystemExit(f"{name}: {len(ranges)} ranges were launched, {len(counters)} were counted")
    per_launch = {}
    for launched, counted in zip(ranges, counters):
        key = tuple(launched[column] for column in KEY)
        launches = int(launched["launches"])
        per_launch[key] = {
            ours: round(float(counted[theirs].replace(",", "")) / launches) for ours, theirs in COUNTERS.items()
        }
    for timed in rows(folder / f"time-{name}.csv"):
        key = tuple(timed[column] for column in KEY)
        yield {"set": name, **timed, **per_launch[key]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--date", required=True)
    arguments = parser.parse_args()
    columns = ["set", *KEY, "launches", "median_us", "min_us", "max_us", *COUNTERS]
    with open(arguments.out / "measurements.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for name in ("calibration", "validation"):
            writer.writerows(measured(arguments.measured, name))
    figures = rows(arguments.measured / "machine.csv")
    with open(arguments.out / "machine.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["figure", "value", "unit"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(figures)
        writer.writerow({"figure": "driver", "value": arguments.driver})
        writer.writerow({"figure": "date", "value": arguments.date})
        writer.writerow({"figure": "command", "value": "scripts/gpu/measure"})


if __name__ == "__main__":
    main()
