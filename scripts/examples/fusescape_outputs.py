"""How does a script read what fusescape prints and leaves? Every output as pandas frames and plain values.

Needs Debian's python3-pandas. FUSESCAPE names the binary; else that of the release preset is taken.
"""
import io
import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pandas

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("FUSESCAPE", str(ROOT / "build" / "release" / "fusescape"))
# Exit codes that come with a result: ok, infeasible (its row says so), a sweep with points that failed.
WITH_RESULT = (0, 4, 5)


def run(*arguments):
    """What the command prints; RuntimeError with its own message where it refuses."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode not in WITH_RESULT:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")
    return done.stdout


def frame(text):
    """CSV text, or the path of a CSV file, as a frame. An empty cell is a number that is not known: NaN."""
    source = text if isinstance(text, Path) else io.StringIO(text)
    return pandas.read_csv(source, true_values=["true"], false_values=["false"])


def table(*arguments):
    """A command's result as a frame: evaluate, compare, simulate, verify, roofline, sweep, list."""
    return frame(run(*arguments, "--csv"))


def result(*arguments):
    """A command's result as what its JSON holds."""
    return json.loads(run(*arguments, "--json"))


def sweep_folder(folder):
    """What `sweep --out` (and `sensitivity`) left: points, pareto, sensitivity (None if there is none), summary."""
    folder = Path(folder)
    sensitivity = folder / "sensitivity.csv"
    return SimpleNamespace(
        points=frame(folder / "points.csv"),
        pareto=frame(folder / "pareto.csv"),
        sensitivity=frame(sensitivity) if sensitivity.exists() else None,
        summary=json.loads((folder / "summary.json").read_text(encoding="utf-8")),
    )


def trace_events(path):
    """Events of `simulate --trace FILE` with a duration, as a frame: name, start and length in us, track."""
    events = json.loads(Path(path).read_text(encoding="utf-8"))["traceEvents"]
    spans = pandas.DataFrame([event for event in events if event.get("ph") == "X"])
    return spans[["name", "ts", "dur", "pid", "tid"]]
