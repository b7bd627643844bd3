"""Count how often the intervals of published shares hold, alone and shrunk.

Run as ``python tests/benchmarks/rates_coverage.py [repetitions]``. Shares of the groups are drawn from a beta
distribution of a mean and a spread; counts are binomial with totals of 5 to 300. "worst third" is the coverage in the
third of the groups (lowest, middle, highest true share) where it is least: intervals hold on average over groups, not
in each.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from carms_lib.pressure import published_rates

TOTALS = {"small": (5, 30), "mixed": (5, 300), "large": (100, 300)}
#: Mean and worth of the beta distribution: shares that hardly differ, differ some, differ a lot, and rare ones.
SPREADS = {"hardly": (0.2, 2_000.0), "some": (0.2, 30.0), "much": (0.4, 3.0), "rare": (0.03, 40.0)}


def count(groups: int, spread: str, totals: str, repetitions: int, level: float = 0.90) -> dict:
    """Return one row of the table."""
    mean, worth = SPREADS[spread]
    rng = np.random.default_rng([groups, int(worth), TOTALS[totals][1]])
    shrunk, alone, ordered = [], [], []
    for _ in range(repetitions):
        true = rng.beta(mean * worth, (1.0 - mean) * worth, groups)
        total = rng.integers(*TOTALS[totals], groups)
        counts = pd.DataFrame({"count": rng.binomial(total, true), "total": total})
        frame = published_rates(counts, count="count", total="total", level=level)
        inside = ((frame["shrunk_lower"] <= true) & (true <= frame["shrunk_upper"])).to_numpy()
        shrunk.append(inside.mean())
        alone.append(((frame["lower"] <= true) & (true <= frame["upper"])).mean())
        ordered.append([part.mean() for part in np.array_split(inside[np.argsort(true)], 3)])
    return {
        "groups": groups, "shares differ": spread, "totals": totals, "shrunk": np.mean(shrunk),
        "worst third": np.mean(ordered, axis=0).min(), "alone (wilson)": np.mean(alone),
    }  # fmt: skip


def main(repetitions: int, every: int = 1) -> None:
    """Print the table; of totals from 5 to 300 alone where `every` is 0."""
    for groups in (8, 20, 37):
        for spread in SPREADS:
            for totals in TOTALS if every else ("mixed",):
                row = count(groups, spread, totals, repetitions)
                if groups == 8 and spread == "hardly" and totals == ("small" if every else "mixed"):
                    sys.stdout.write("| " + " | ".join(row) + " |\n|" + " --- |" * len(row) + "\n")
                cells = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
                sys.stdout.write("| " + " | ".join(cells) + " |" + "\n")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ["400"])))
