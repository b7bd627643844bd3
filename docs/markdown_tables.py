"""Numbers and tables as text, for the scripts that write pages with figures."""

from __future__ import annotations

import numpy as np
import pandas as pd


def markdown_table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table; every cell is text already."""
    head = f"| {' | '.join(map(str, frame.columns))} |"
    rule = f"| {' | '.join('---' for _ in frame.columns)} |"
    rows = [f"| {' | '.join(map(str, row))} |" for row in frame.itertuples(index=False)]
    return "\n".join([head, rule, *rows])


def number(value: float) -> str:
    """Return a number as a person would write it."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else (f"{value:.1f}" if abs(value) >= 2 else f"{value:.2f}")


def signed(value: float) -> str:
    """Return a difference with its sign."""
    text = number(abs(value))
    return text if not np.isfinite(value) or not text.strip("0.,") else f"{'+' if value > 0 else '−'}{text}"


def band(low: float, high: float) -> str:
    """Return both ends of a band as one cell that is not broken across lines."""
    return f"{number(low)} to {number(high)}".replace(" ", "\N{NO-BREAK SPACE}")
