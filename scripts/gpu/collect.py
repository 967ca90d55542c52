#!/usr/bin/env python3
"""Joins event timings and counters into results/gpu: measurements.csv, one row per kernel and shape, retention.csv of
kernels that follow each other, and machine.csv.

usage: collect.py MEASURED OUT --driver VERSION --date YYYY-MM-DD
MEASURED holds what scripts/gpu/measure wrote: machine.csv and, per set, time-SET.csv, ranges-SET.csv and
counters-SET.csv, and for kernels of our own spanned-SET.csv and spans-SET.csv.
"""
import argparse
import csv
import pathlib
import statistics

KEY = ["kernel", "type", "L", "D", "E", "N"]
COUNTERS = {
    "dram_read_bytes": "dram__bytes_read.sum",
    "dram_write_bytes": "dram__bytes_write.sum",
    "l2_bytes": "lts__t_bytes.sum",
    "instructions": "smsp__inst_executed.sum",
}
UNITS = {column: "inst" if column == "smsp__inst_executed.sum" else "byte" for column in COUNTERS.values()}
DURATION = "gpu__time_duration.sum"


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counter_rows(path, expected):
    """The profiler's table: after its messages a header, a line of units, then one row per range or launch."""
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if line.startswith('"')]
    table = list(csv.DictReader(lines))
    unit = table[0]
    for column, expected_unit in expected.items():
        if unit[column] != expected_unit:
            raise SystemExit(f"{path}: {column} is in {unit[column]}, expected {expected_unit}")
    return table[1:]


def number(text):
    return float(text.replace(",", ""))


def key_of(row):
    return tuple(row[column] for column in KEY)


def counted(folder, name):
    """Per kernel and shape: bytes and instructions of warps per launch."""
    ranges = rows(folder / f"ranges-{name}.csv")
    counters = counter_rows(folder / f"counters-{name}.csv", UNITS)
    if len(ranges) != len(counters):
        raise SystemExit(f"{name}: {len(ranges)} ranges were launched, {len(counters)} were counted")
    return {
        key_of(launched): {
            ours: round(number(row[theirs]) / int(launched["launches"])) for ours, theirs in COUNTERS.items()
        }
        for launched, row in zip(ranges, counters)
    }


def spans(folder, name):
    """Per kernel and shape: the median over launches of what the profiler says one took, in us."""
    if not (folder / f"spanned-{name}.csv").exists():
        return {}
    cases = rows(folder / f"spanned-{name}.csv")
    launches = counter_rows(folder / f"spans-{name}.csv", {DURATION: "ns"})
    if len(launches) != sum(int(case["launches"]) for case in cases):
        raise SystemExit(f"{name}: {len(launches)} launches were timed, of {len(cases)} cases")
    each = iter(launches)
    return {
        key_of(case): f"{statistics.median(number(next(each)[DURATION]) for _ in range(int(case['launches']))) / 1000:.2f}"
        for case in cases
    }


def measured(folder, name):
    """Per kernel and shape: timings in us, and counters per launch."""
    bytes_of = counted(folder, name)
    span_of = spans(folder, name)
    for timed in rows(folder / f"time-{name}.csv"):
        key = key_of(timed)
        yield {"set": name, **timed, **bytes_of[key], "profiler_us": span_of.get(key, "")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--date", required=True)
    arguments = parser.parse_args()
    columns = ["set", *KEY, "launches", "median_us", "min_us", "max_us", *COUNTERS, "profiler_us"]
    for path, sets in (("measurements.csv", ("calibration", "validation")), ("retention.csv", ("retention",))):
        with open(arguments.out / path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            for name in sets:
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
