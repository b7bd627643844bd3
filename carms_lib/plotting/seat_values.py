"""Ladder of seat values: where one more seat does most, and for how many it is the only seat.

Belongs here: `plot_seat_values`. Does not belong here: following chains (`carms_lib.pressure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.exceptions import UnknownNameError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, check_n_rows, frame_of, read_bands

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_seat_values"]


def plot_seat_values(
    bands: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    scenario: str | None = None,
    n_rows: int | None = 40,
) -> Axes:
    """Draw what one more seat does as a ladder: one rung a cell, the best on top.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame with the metrics seat_value and newly_matched [applicants per seat], one or more levels.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    scenario : str, optional
        Which to draw; needed when the frame holds several.
    n_rows : int, optional
        Draw only the highest; the figure says how many there are. None draws all.

    Returns
    -------
    Axes
        A bar for those newly matched (dark) and, on from there, for those who move to a program they like better
        (light); the bands of both together as lines, the narrowest level thick.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame, or `n_rows` is not positive.
    UnknownNameError
        If a metric or `scenario` is not in the frame.
    """
    frame = frame_of(bands)
    table = read_bands(frame, metric="seat_value").one_scenario(scenario)
    new = read_bands(frame, metric="newly_matched").one_scenario(scenario)
    if set(table.levels) != set(new.levels):
        raise UnknownNameError("level", table.levels[-1], new.levels)
    outer = table.outer.assign(_label=table.labels(table.outer))
    shown = outer.sort_values(["estimate", "_label"], ascending=[False, True], na_position="last")
    shown = shown.iloc[: check_n_rows(n_rows, len(outer))]
    heights = {name: at for at, name in enumerate(shown["_label"])}
    matched = dict(zip(new.labels(new.outer), new.outer["estimate"].to_numpy(dtype=float), strict=True))
    ax = style.axes_or_new(ax, 7.6, 2.2 + 0.27 * len(shown))

    known = shown.loc[shown["estimate"].notna()]
    y = known["_label"].map(heights).to_numpy(dtype=float)
    first = known["_label"].map(matched).to_numpy(dtype=float)
    rest = known["estimate"].to_numpy(dtype=float) - first
    ax.barh(y, first, height=0.66, color=style.ACCENT, label="newly matched")
    ax.barh(
        y, rest, left=first, height=0.66, color="#9ecbe8", hatch="....", edgecolor=style.PAPER, linewidth=0,
        label="move to a program they like better",
    )  # fmt: skip
    inner = table.inner.assign(_label=table.labels(table.inner))
    for rows, width in ((shown, 1.1), (inner, 3.2)):
        drawn = rows.loc[rows["_label"].isin(list(heights)) & rows["estimate"].notna()]
        at = drawn["_label"].map(heights).to_numpy(dtype=float)
        ax.hlines(at, drawn["lower"], drawn["upper"], colors=style.INK, linewidth=width, gid="bands")
    ax.scatter(known["estimate"], y, s=22, color=style.INK, zorder=3, linewidths=0.8, edgecolors=style.PAPER)
    for name in shown.loc[shown["estimate"].isna(), "_label"]:
        style.mark_suppressed(ax, [heights[name]])
    end = float(np.max(known["upper"].to_numpy(dtype=float), initial=0.0)) or 1.0
    ax.set_xlim(0, 1.04 * end)
    ax.set_ylim(len(shown) + 1.4, -0.6)  # room for the legend under the last rung
    ax.set_yticks(range(len(shown)), style.row_labels(list(shown["_label"])))
    ax.set_xlabel("applicants per seat", fontsize=8.5, color=style.MUTED)
    style.bare(ax, grid="x")
    style.set_heading(ax, "What one more seat does: applicants better off", style.subtitle_of(table))
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, labels, loc="lower right", fontsize=8, frameon=True, edgecolor=style.GRID)
    left_out = "" if len(shown) == len(outer) else f" The {len(shown)} highest of {len(outer)}."
    style.note_below(
        ax, f"First iteration. Bar: average of the draws; line: band of both together.{left_out}",
        points=36,
    )  # fmt: skip
    return ax
