#!/usr/bin/python3
"""What did a sweep find? Prints its conclusion and draws its trade-off with the knee, and its tornado diagram.

    scripts/examples/sweep_figures.py FOLDER         (that `fusescape sweep --out FOLDER` wrote)

Runs `fusescape sensitivity FOLDER` first if that was not done yet. Draws FOLDER/trade-off.svg and FOLDER/tornado.svg.
"""
import sys
from pathlib import Path

import matplotlib
from fusescape_outputs import run, sweep_folder

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)


def draw_trade_off(sweep, path):
    x, y = sweep.summary["pareto"][:2]
    figure, axes = plt.subplots()
    feasible = sweep.points[sweep.points["feasible"]]
    axes.scatter(feasible[x], feasible[y], s=8, color="#bbbbbb", label="feasible points")
    for scenario in sweep.summary["scenarios"]:
        front = sweep.points[sweep.points["point"].isin(scenario["pareto_points"])].sort_values(x)
        name = ", ".join(f"{key}={value}" for key, value in scenario.get("scenario", {}).items())
        axes.step(front[x], front[y], where="post", marker="o", label=name or "trade-off")
        knee = sweep.points[sweep.points["point"] == scenario["pareto_knee"]]
        axes.scatter(knee[x], knee[y], s=90, facecolors="none", edgecolors="black")
    axes.set(xlabel=x, ylabel=y, title=f"{sweep.summary['sweep']} (modelled; circle: knee)")
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def draw_tornado(sweep, path):
    scenario = sweep.sensitivity["scenario"].iloc[0]
    same = sweep.sensitivity["scenario"].eq(scenario) | sweep.sensitivity["scenario"].isna()
    rows = sweep.sensitivity[same].iloc[::-1]
    figure, axes = plt.subplots()
    for side, colour in (("low", "#0072b2"), ("high", "#d55e00")):
        change = 100 * (rows[f"answer_{side}"] / rows["answer"] - 1)
        axes.barh(rows["input"], change, color=colour, label=f"x {rows[side].iloc[0]:g}")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel=f"change of the least {rows['minimize'].iloc[0]}, %", title=f"{sweep.summary['sweep']} (modelled)")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    sweep = sweep_folder(folder)
    if sweep.sensitivity is None:
        run("sensitivity", folder)
        sweep = sweep_folder(folder)
    for sentence in sweep.summary["conclusion"]:
        print(sentence)
    print(sweep.sensitivity[["input", "swing", "winner_changes", "same_from", "same_to"]].to_string(index=False))
    draw_trade_off(sweep, folder / "trade-off.svg")
    draw_tornado(sweep, folder / "tornado.svg")


if __name__ == "__main__":
    main()
