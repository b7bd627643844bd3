"""The simple proxy against the metric it stands for.

Belongs here: `plot_supply`. Does not belong here: the score and its correlation (`carms_lib.pressure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import optimize

from carms_lib.exceptions import ArgumentError
from carms_lib.plotting import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_supply"]

_LINE = 0.045  # of the height of the axes, for a name
_COLUMN = 1.02  # of the width of the axes, where names begin


class SupplySource(Protocol):
    """What `carms_lib.pressure.compare_supply` returns."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per cell."""

    @property
    def keys(self) -> Sequence[str]:
        """The key columns."""

    @property
    def metric(self) -> str:
        """What is compared."""

    @property
    def level(self) -> float:
        """Of the bands."""

    @property
    def correlation(self) -> tuple[float, float, float]:
        """Rank correlation and the ends of its band."""

    @property
    def n_draws(self) -> int:
        """Draws."""


def plot_supply(proxy: SupplySource, *, ax: Axes | None = None, n_labels: int = 8) -> Axes:
    """Draw a metric against the supply score: one mark a cell, its band as a line, demand as its colour.

    Parameters
    ----------
    proxy : Proxy
        What `carms_lib.pressure.compare_supply` returns.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    n_labels : int, default 8
        How many of the cells that the proxy misjudges most are named.

    Returns
    -------
    Axes
        The score is on a logarithmic scale, since few cells hold most seats.

    Raises
    ------
    ArgumentError
        If n_labels is negative.
    """
    if n_labels < 0:
        raise ArgumentError(f"n_labels={n_labels} must not be negative.")
    frame = proxy.frame.dropna(subset=["gap"])
    label, form = style.label_and_form(proxy.metric)
    ax = style.axes_or_new(ax, 7.6, 5.2)
    ax.set_xscale("log")
    ax.vlines(frame["supply_score"], frame["lower"], frame["upper"], colors=style.GRID, linewidth=1.0, gid="bands")
    marks = ax.scatter(
        frame["supply_score"], frame["estimate"], c=frame["first_choice_ratio"], s=34, cmap=style.SEQUENTIAL, zorder=3,
        edgecolors=style.INK, linewidths=0.5, vmin=0.0,
    )  # fmt: skip
    named = frame.loc[frame["gap"].abs().sort_values(ascending=False, kind="stable").index[:n_labels]]
    ax.autoscale_view()
    low, high = ax.get_ylim()
    heights = _apart(named["estimate"].to_numpy(dtype=float), _LINE * (high - low))
    if len(heights):  # a pile of names may not leave the axes
        heights = heights + max(0.0, low + _LINE * (high - low) - heights.min())
        heights = heights - max(0.0, heights.max() - high + _LINE * (high - low))
    for height, (_, row) in zip(heights, named.iterrows(), strict=True):
        # Names stand in a column right of the axes: inside, each would lie over the bands of its neighbours.
        ax.annotate(
            " · ".join(str(row[key]) for key in proxy.keys), (row["supply_score"], row["estimate"]),
            xytext=(_COLUMN, height), textcoords=ax.get_yaxis_transform(), fontsize=6.8, color=style.INK, va="center",
            ha="left", gid="name", zorder=4,
            arrowprops={"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    bar = ax.figure.colorbar(
        marks, ax=ax, location="bottom", shrink=0.6, aspect=34, pad=0.04, label="first choices per seat"
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, colors=style.MUTED)
    bar.ax.xaxis.label.set(size=8, color=style.MUTED)
    ax.yaxis.set_major_formatter(lambda value, _: style.format_value(value, form))
    ax.set_xlabel("supply score: programs and quota against the largest cell", fontsize=8.5, color=style.MUTED)
    style.bare(ax, grid="y")
    at, low, high = proxy.correlation
    style.set_heading(
        ax, f"{label}, against supply",
        f"rank correlation with 1 − supply {at:.2f} ({low:.2f} to {high:.2f})"
        f" · {100 * proxy.level:g} % outcome bands · {proxy.n_draws:,} draws",
    )  # fmt: skip
    style.note_below(ax, f"Named: the {len(named)} cells whose two ranks are furthest apart.", points=36)
    return ax


def _apart(heights: np.ndarray, least: float) -> np.ndarray:
    """Return heights that are at least so far apart, in the same order, each near to where it was."""
    order = np.argsort(heights, kind="stable")
    steps = least * np.arange(len(heights))
    moved = heights[order] - steps
    # Of all rising sequences the nearest: pool neighbours that come too close (isotonic regression).
    found = np.empty(len(heights))
    found[order] = optimize.isotonic_regression(moved).x + steps if len(heights) else moved
    return found
