#!/usr/bin/python3
"""How do fusion strategies compare as the sequence grows? Prints a table and draws it.

    scripts/examples/compare_fusion.py [FOLDER]      (default: out/examples)

One `fusescape compare` per length, at the workload's own data type. Speed-up is against `unfused`.
"""
import sys
from pathlib import Path

import matplotlib
import pandas
from fusescape_outputs import table

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)

STRATEGIES = ["unfused", "fuse-all", "mem-aware", "greedy"]
LENGTHS = [1, 16, 64, 256]


def compared(length):
    rows = table("compare", "--arch", "marca", "--workload", "mamba-130m", "--set", f"L={length}",
                 "--strategies", ",".join(STRATEGIES))
    return rows[rows["strategy"].isin(STRATEGIES)].assign(L=length)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
    folder.mkdir(parents=True, exist_ok=True)
    rows = pandas.concat([compared(length) for length in LENGTHS])
    cycles = rows.pivot(index="L", columns="strategy", values="latency_cycles")[STRATEGIES]
    speedup = cycles.rdiv(cycles["unfused"], axis=0)
    print("modelled: speed-up over unfused, mamba-130m on marca")
    print(speedup.round(2).to_string())
    axes = speedup.plot(logx=True, marker="o", xlabel="L, tokens", ylabel="speed-up over unfused")
    axes.set_title("mamba-130m on marca (modelled)")
    plt.savefig(folder / "compare_fusion.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
