"""Heat map of two group keys, such as province by discipline, with the uncertainty in each cell.

Belongs here: `plot_heatmap`. Does not belong here: which cells are suppressed; that arrives
as a missing estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from carms_lib.exceptions import ArgumentError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, BandTable, read_bands
from carms_lib.plotting.tile_map import PROVINCES, is_geographic

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_heatmap"]

_MARGIN = 0.1  # of a cell's width, left free on both sides of its whisker
_WHISKER = 0.77  # from a cell's top, in cell heights


def plot_heatmap(
    bands: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    metric: str | None = None,
    scenario: str | None = None,
) -> Axes:
    """Draw two group keys against each other: colour and number for the estimate, a whisker for its band.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame with exactly two group keys and one level. A key that holds provinces becomes the
        columns, from west to east; otherwise the key with fewer values does. A row with a missing estimate is
        drawn hatched ("suppressed"); a combination without a row is left empty ("no program").
    ax : Axes, optional
        Where to draw; None makes a new figure.
    metric, scenario : str, optional
        Which to draw; needed when the frame holds several.

    Returns
    -------
    Axes
        With one filled mesh for the estimates, one line collection for the bands, and a colour bar.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame or has not two group keys and one level.
    UnknownNameError
        If `metric` or `scenario` is not in the frame.

    Notes
    -----
    Rows are ordered by the mean of their estimates, the highest on top. All whiskers share one scale, from
    zero at a cell's left margin to the scale's end at its right one; the end is printed under the map.
    """
    table = read_bands(bands, metric=metric).one_scenario(scenario)
    if len(table.keys) != 2 or len(table.levels) != 1:
        msg = (
            f"bands have the group keys {list(table.keys)} and the levels {list(table.levels)}; "
            "a heat map shows two keys and one level. Use plot_forest for other groupings."
        )
        raise ArgumentError(msg)
    frame = table.outer
    row_key, column_key = _orient(table)
    columns = _columns(frame, column_key)
    rows = (
        frame.groupby(row_key, sort=True)["estimate"].mean().sort_values(ascending=False, kind="stable").index.tolist()
    )
    label, form = style.label_and_form(table.metric)
    ax = style.axes_or_new(ax, 3.4 + 0.92 * len(columns), 1.7 + 0.36 * len(rows))

    x = frame[column_key].map({name: at for at, name in enumerate(columns)}).to_numpy()
    y = frame[row_key].map({name: at for at, name in enumerate(rows)}).to_numpy()
    estimate, lower, upper = (frame[name].to_numpy(dtype=float) for name in ("estimate", "lower", "upper"))
    known = np.isfinite(estimate)
    values = np.full((len(rows), len(columns)), np.nan)
    values[y[known], x[known]] = estimate[known]
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(values), cmap=style.SEQUENTIAL, edgecolors=style.PAPER, linewidth=1.2,
        vmin=0.0, vmax=style.upper_limit(float(np.max(estimate, where=known, initial=0.0)), form),
    )  # fmt: skip
    for column, row in zip(x[~known], y[~known], strict=True):
        too_small = Rectangle(
            (column + 0.01, row + 0.02), 0.98, 0.96, facecolor=style.EMPTY, edgecolor=style.GRID, hatch="////"
        )
        ax.add_patch(too_small).set_linewidth(0.6)

    inks = [style.readable_on(mesh.to_rgba(value)) for value in estimate[known]]
    for column, row, value, ink in zip(x[known], y[known], estimate[known], inks, strict=True):
        text = style.format_value(value, form)
        ax.text(column + 0.5, row + 0.36, text, ha="center", va="center", fontsize=8, color=ink)
    end = style.upper_limit(float(np.max(upper, where=known, initial=0.0)), form)
    scale, left, middle = (1 - 2 * _MARGIN) / end, x[known] + _MARGIN, y[known] + _WHISKER
    ax.hlines(
        middle, left + scale * lower[known], left + scale * upper[known],
        colors=inks, linewidth=1.0, alpha=0.85, gid="bands",
    )  # fmt: skip
    ax.scatter(left + scale * estimate[known], middle, s=7, c=inks, linewidths=0, zorder=3, gid="estimates")

    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(np.arange(len(rows)) + 0.5, style.row_labels(rows))
    style.bare(ax)
    ax.tick_params(axis="x", labeltop=True, labelbottom=True)
    bar = ax.figure.colorbar(
        mesh, ax=ax, shrink=0.5, aspect=28, pad=0.02, format=lambda v, _: style.format_value(v, form)
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, colors=style.MUTED)
    style.set_heading(ax, label, style.subtitle_of(table), above=14)
    style.note_below(
        ax,
        f"In each cell: the estimate and its {100 * table.levels[0]:g} % band on a scale from 0 to "
        f"{style.format_value(end, form)}.\nHatched: {style.SUPPRESSED}. Empty: no program.",
        points=20,
    )
    return ax


def _orient(table: BandTable) -> tuple[str, str]:
    first, second = table.keys
    if is_geographic(first) != is_geographic(second):
        return (second, first) if is_geographic(first) else (first, second)
    first_has_more = table.frame[first].nunique() >= table.frame[second].nunique()
    return (first, second) if first_has_more else (second, first)


def _columns(frame: pd.DataFrame, key: str) -> list[str]:
    present = set(frame[key])
    if is_geographic(key):
        return [code for code in PROVINCES if code in present] + sorted(present - set(PROVINCES))
    return sorted(present)
