"""Count how often 90 % prediction intervals of series hold, one and three years ahead, for series of known laws.

Run as ``python tests/benchmarks/series_coverage.py [repetitions]``. Laws: "walk" (a random walk), "drift" (a walk
with drift), "trend" (a line with error), "level" (a level that walks, seen with error); 8 to 30 values. Every
repetition is projected by ``model="auto"``.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from carms_lib.pressure import project_series

LAWS = ("walk", "drift", "trend", "level")
LENGTHS = (8, 15, 30)


def path(law: str, length: int, rng: np.random.Generator) -> np.ndarray:
    """Return one series, positive, of `length` values."""
    if law == "trend":
        return 100.0 + 2.0 * np.arange(length) + rng.normal(0.0, 3.0, length)
    steps = rng.normal(2.0 if law == "drift" else 0.0, 2.0, length).cumsum()
    return 200.0 + steps + (rng.normal(0.0, 4.0, length) if law == "level" else 0.0)


def count(law: str, length: int, repetitions: int, ahead: int = 3, level: float = 0.90) -> dict:
    """Return one row of the table."""
    rng = np.random.default_rng([length, LAWS.index(law)])
    paths = [path(law, length + ahead, rng) for _ in range(repetitions)]
    frame = pd.concat(
        [
            pd.DataFrame({"series": k, "year": 2000 + np.arange(length), "value": values[:length]})
            for k, values in enumerate(paths)
        ],
        ignore_index=True,
    )
    found = project_series(frame, until=2000 + length - 1 + ahead, level=level, transform="none").to_frame()
    true = np.concatenate([values[length:] for values in paths])
    held = ((found["lower"] <= true) & (true <= found["upper"])).to_numpy().reshape(repetitions, ahead)
    chosen = found["model"].value_counts(normalize=True)
    width = (found["upper"] - found["lower"]).to_numpy().reshape(repetitions, ahead)
    return {
        "law": law, "values": length, "one year": held[:, 0].mean(), "three years": held[:, 2].mean(),
        "width": np.median(width[:, 0]), "naive chosen": float(chosen.get("naive", 0.0)),
    }  # fmt: skip


def main(repetitions: int) -> None:
    """Print the table."""
    for length in LENGTHS:
        for law in LAWS:
            row = count(law, length, repetitions)
            if (law, length) == (LAWS[0], LENGTHS[0]):
                sys.stdout.write("| " + " | ".join(row) + " |\n|" + " --- |" * len(row) + "\n")
            cells = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
            sys.stdout.write("| " + " | ".join(cells) + " |" + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
