"""Forest plot: one line a group, its estimate as a point, its bands as bars.

Belongs here: `plot_forest`. Does not belong here: differences between scenarios, which have a zero to stand
against (`plot_differences`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, BandTable, check_n_rows, read_bands

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_forest"]

_SPREAD = 0.4  # of a row's height, shared by the scenarios of one group


def plot_forest(
    bands: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    metric: str | None = None,
    scenario: str | None = None,
    n_rows: int | None = None,
) -> Axes:
    """Draw one line a group: estimate as a point, widest band as a thin bar, narrowest as a thick one.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame with any group keys and one or more levels, such as 50 % and 90 %. A row with a missing
        estimate is said to be too small, in its place.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    metric : str, optional
        Which to draw; needed when the frame holds several.
    scenario : str, optional
        Draw this one only; None draws all of the frame, side by side.
    n_rows : int, optional
        Draw only the groups with the highest estimates of the first scenario; the figure says how many were
        left out. None draws all.

    Returns
    -------
    Axes
        The highest estimate on top; one line collection per scenario and level, one marker set per scenario.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame, or `n_rows` is not positive.
    UnknownNameError
        If `metric` or `scenario` is not in the frame.
    """
    table = read_bands(bands, metric=metric)
    if scenario is not None:
        table = table.one_scenario(scenario)
    groups = _ordered_groups(table)
    shown = groups[: check_n_rows(n_rows, len(groups))]
    label, form = style.label_and_form(table.metric)
    ax = style.axes_or_new(ax, 7.6, 1.5 + max(0.3, 0.17 * len(table.scenarios)) * len(shown))
    heights = {name: at for at, name in enumerate(shown)}
    offsets = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(table.scenarios)) if len(table.scenarios) > 1 else [0.0]
    largest = 0.0
    for at, (name, offset) in enumerate(zip(table.scenarios, offsets, strict=True)):
        part = table.of_scenarios([name])
        colour = style.ACCENT if len(table.scenarios) == 1 else style.CATEGORICAL[at % len(style.CATEGORICAL)]
        alone = len(table.scenarios) == 1
        largest = max(largest, _draw_scenario(ax, part, heights, float(offset), colour, alone=alone))

    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_yticks(range(len(shown)), style.row_labels(shown))
    lowest = float(np.nanmin(np.append(table.frame["lower"].to_numpy(dtype=float), 0.0)))
    ax.set_xlim(min(0.0, lowest), style.upper_limit(largest, form) * 1.02)
    ax.xaxis.set_major_formatter(lambda value, _: style.format_value(value, form))
    style.bare(ax, grid="x")
    ax.axvline(0, color=style.GRID, linewidth=1.2, zorder=0)
    style.set_heading(ax, label, style.subtitle_of(table))
    notes = []
    if len(shown) < len(groups):
        notes.append(f"The {len(shown)} groups with the highest estimates, of {len(groups)}.")
    if len(table.scenarios) > 1 and any(row.get_gid() == "suppressed" for row in ax.collections):
        notes.append(f"Cross: {style.SUPPRESSED}.")
    if notes:
        style.note_below(ax, " ".join(notes), points=22)
    if len(table.scenarios) > 1:
        longest = max(len(name) for name in table.scenarios)
        style.legend_below(ax, points=40 if notes else 26, columns=1 if longest > 40 else 2 if longest > 20 else 3)
    return ax


def _ordered_groups(table: BandTable) -> list[str]:
    first = table.of_scenarios(table.scenarios[:1]).outer
    ordered = (
        first.assign(_label=table.labels(first))
        .sort_values(["estimate", "_label"], ascending=[False, True], na_position="last", kind="stable")["_label"]
        .tolist()
    )
    return list(dict.fromkeys([*ordered, *table.labels(table.outer)]))


def _draw_scenario(
    ax: Axes, part: BandTable, heights: dict[str, int], offset: float, colour: str, *, alone: bool
) -> float:
    """Draw one scenario, the only one if `alone`, and return the largest upper bound that was drawn."""
    largest = 0.0
    for frame, width, alpha in ((part.outer, 1.3, 0.9), (part.inner, 4.2, 0.55)):
        rows = frame.assign(_label=part.labels(frame))
        rows = rows.loc[rows["_label"].isin(list(heights)) & rows["estimate"].notna()]
        if rows.empty:
            continue
        y = rows["_label"].map(heights).to_numpy(dtype=float) + offset
        ax.hlines(y, rows["lower"], rows["upper"], colors=colour, linewidth=width, alpha=alpha)
        largest = max(largest, float(rows["upper"].max()))
    outer = part.outer.assign(_label=part.labels(part.outer))
    outer = outer.loc[outer["_label"].isin(list(heights))]
    known = outer["estimate"].notna()
    y = outer["_label"].map(heights).to_numpy(dtype=float) + offset
    ax.scatter(
        outer.loc[known, "estimate"], y[known.to_numpy()],
        s=26, color=colour, edgecolors=style.PAPER, linewidths=0.8, zorder=3, label=part.scenarios[0],
    )  # fmt: skip
    hidden = y[~known.to_numpy()]
    if alone:
        style.mark_suppressed(ax, list(hidden))
    elif len(hidden):  # words of several scenarios would be printed over each other
        ax.scatter(
            np.full(len(hidden), 0.012), hidden, transform=ax.get_yaxis_transform(), marker="x", s=14, color=colour,
            linewidths=1.0, gid="suppressed",
        )  # fmt: skip
    return largest
