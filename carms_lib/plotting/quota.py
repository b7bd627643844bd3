"""Seats as published: who offers how many, and to whom.

Belongs here: `plot_quota`. Does not belong here: anything with a band; a published quota has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import check_n_rows, programs_of
from carms_lib.plotting.tile_map import PROVINCES, is_geographic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["plot_quota"]

# colour and hatch, so that a black and white print tells them apart
_ELIGIBILITY = {
    "CMG": ("#0072b2", None, "Canadian graduates (CMG)"),
    "ALL": ("#9ecbe8", None, "all graduates (ALL)"),
    "IMG": ("#e69f00", "////", "international graduates (IMG)"),
    "MOTP": ("#1c2128", None, "military (MOTP)"),
}


def plot_quota(
    program: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    ax: Axes | None = None,
    by: str = "discipline",
    n_rows: int | None = None,
) -> Axes:
    """Draw the seats of each discipline, school or province as a bar, divided by who may apply.

    Parameters
    ----------
    program : DataFrame or mapping
        ``gold["program"]`` or the gold layer itself: one row per program with `quota` [seats] and
        `eligibility`.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    by : str
        The column whose values are the bars.
    n_rows : int, optional
        Draw only the largest; the rest is summed in one last bar. None draws all.

    Returns
    -------
    Axes
        One bar container per eligibility, the largest total on top, its number of seats at the end of each
        bar.

    Raises
    ------
    ArgumentError
        If the frame lacks quota or eligibility, is empty, or `n_rows` is not positive.
    UnknownNameError
        If `by` is not one of its columns, or an eligibility is unknown.
    """
    frame = programs_of(program)
    for name in ("quota", "eligibility"):
        if name not in frame.columns:
            msg = f"program lacks the column {name!r}. Give gold['program'], or a table like it."
            raise ArgumentError(msg)
    if frame.empty:
        raise ArgumentError("program holds no row, so there is nothing to draw.")
    given: Any = by
    if not isinstance(given, str) or by not in frame.columns:
        raise UnknownNameError("by", by, frame.columns)
    for value in frame["eligibility"].unique():
        if value not in _ELIGIBILITY:
            raise UnknownNameError("eligibility", value, _ELIGIBILITY)
    seats = frame.pivot_table(index=by, columns="eligibility", values="quota", aggfunc="sum", fill_value=0)
    order = seats.sum(axis=1).sort_index().sort_values(ascending=False, kind="stable").index
    seats = seats.loc[order]
    n_shown = check_n_rows(n_rows, len(seats))
    labels = [PROVINCES.get(str(name), str(name)) if is_geographic(by) else str(name) for name in order[:n_shown]]
    shown = seats.iloc[:n_shown]
    if n_shown < len(seats):
        rest = seats.iloc[n_shown:].sum()
        shown = pd.concat([shown, rest.to_frame().T], ignore_index=True)
        labels.append(f"{len(seats) - n_shown} others")

    ax = style.axes_or_new(ax, 7.6, 1.3 + 0.25 * len(shown))
    left = pd.Series(0, index=shown.index)
    for code, (colour, hatch, label) in _ELIGIBILITY.items():
        if code not in shown:
            continue
        ax.barh(
            range(len(shown)), shown[code], left=left, color=colour, hatch=hatch,
            edgecolor=style.PAPER, linewidth=0.4, height=0.74, label=label,
        )  # fmt: skip
        left = left + shown[code]
    for height, total in enumerate(left):
        ax.annotate(
            f"{total:,}", (total, height), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=8, color=style.INK,
        )  # fmt: skip
    ax.set_yticks(range(len(shown)), style.row_labels(labels))
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(0, 1.08 * float(left.max()))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    style.bare(ax, grid="x")
    ax.legend(
        loc="lower right",
        fontsize=8.5,
        frameon=True,
        edgecolor=style.GRID,
        title="Open to",
        title_fontsize=8.5,
    )
    release = sorted({str(value) for value in frame["release_id"]}) if "release_id" in frame else []
    source = f"release {', '.join(release)} · " if release else ""
    style.set_heading(
        ax,
        f"Seats by {by.replace('_', ' ')} and eligibility",
        f"{source}{len(frame):,} programs · {int(frame['quota'].sum()):,} seats as published (approximate)",
    )
    return ax
