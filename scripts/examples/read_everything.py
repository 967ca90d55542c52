#!/usr/bin/python3
"""What does each command's output hold, for a script? Runs every command on a small case and reads its result.

    scripts/examples/read_everything.py [FOLDER]     (default: out/examples)
"""
import sys
from pathlib import Path

from fusescape_outputs import frame, result, run, sweep_folder, table, trace_events

CASE = ["--arch", "docs/example/accelerator.yaml", "--workload", "docs/example/cascade.yaml"]
SWEEP = "docs/example/sweep.yaml"


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
    folder.mkdir(parents=True, exist_ok=True)

    one = result("evaluate", *CASE, "--strategy", "greedy")
    print("evaluate:", one["latency_cycles"], "cycles in", len(one["groups"]), "groups, bound by", one["bound"])

    strategies = table("compare", *CASE, "--strategies", "unfused,greedy").set_index("strategy")
    print("compare:", strategies["latency_cycles"].to_dict())

    roofs = table("roofline", *CASE)
    print("roofline:", len(roofs), "operators;", sorted(roofs.columns)[:3], "...")

    trace = folder / "trace.json"
    simulated = table("simulate", *CASE, "--strategy", "greedy", "--trace", trace)
    print("simulate:", len(simulated), "rows;", len(trace_events(trace)), "spans in its trace")

    checked = table("verify", *CASE, "--strategy", "greedy")
    print("verify:", len(checked), "counts")

    sweep = folder / "sweep"
    run("sweep", SWEEP, "--out", sweep, "-q")
    run("sensitivity", sweep, "-q")
    left = sweep_folder(sweep)
    best = left.summary["scenarios"][0]
    print("sweep:", len(left.points), "points,", len(left.pareto), "on the trade-off; best:", best["chosen"])
    print("sensitivity:", dict(zip(left.sensitivity["input"], left.sensitivity["swing"].round(3))))

    front = frame(run("pareto", sweep / "points.csv", "--minimize", "latency_s,onchip_capacity_bytes"))
    assert list(front["point"]) == list(left.pareto["point"])
    print("pareto:", len(front), "rows, those of pareto.csv")

    print("list:", ", ".join(table("list", "metrics")["name"].head(3)), "...")


if __name__ == "__main__":
    main()
