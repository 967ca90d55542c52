"""Which folder would a sweep of many points leave?   large_sweep.py FROM TO POINTS

Repeats the points of the sweep in folder FROM along one more axis, `copy`, its figures made to differ: the shape of a
large result, without the time to price one."""
import csv
import json
import pathlib
import re
import sys


def main(source, target, points):
    source, target = pathlib.Path(source), pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    with open(source / "points.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    copies = -(-points // len(rows))
    labels = [str(copy + 1) for copy in range(copies)]
    axis = header.index("point") + 1
    varied = [c for c, name in enumerate(header) if name.startswith(("latency", "dram_", "ops", "onchip_", "area_mm2", "energy_pj"))]
    with open(target / "points.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header[:axis] + ["copy"] + header[axis:])
        for copy in range(copies):
            for number, row in enumerate(rows):
                row = list(row)
                for c in varied:
                    spread = 1 + ((copy * 7919 + number * 104729 + c * 31) % 1000) / 1000
                    if row[c] and row[c] != "unlimited":
                        row[c] = f"{float(row[c]) * spread:.17g}" if "." in row[c] else str(int(int(row[c]) * spread))
                row[0] = str(copy * len(rows) + number)
                writer.writerow(row[:axis] + [labels[copy]] + row[axis:])
    summary = json.loads((source / "summary.json").read_text(encoding="utf-8"))
    summary["points"] = copies * len(rows)
    (target / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
    text = (source / "resolved.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^axes:\n", f"axes:\n  - {{key: B, values: [{', '.join(labels)}]}}\n", text, flags=re.MULTILINE)
    text = text.replace("{key: B, values", "{key: copy, values", 1)
    (target / "resolved.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
