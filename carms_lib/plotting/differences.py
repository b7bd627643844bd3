"""Paired differences between a scenario and the baseline, against zero.

Belongs here: `plot_differences`. Does not belong here: pairing the draws; that is done where the bands are
made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, check_n_rows, read_bands

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_differences"]


def plot_differences(
    bands: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    metric: str | None = None,
    scenario: str | None = None,
    n_rows: int | None = None,
) -> Axes:
    """Draw what a scenario changes: one line a group, against a line at zero.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame of paired differences (scenario minus baseline on the same draws) with one or more
        levels.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    metric, scenario : str, optional
        Which to draw; needed when the frame holds several.
    n_rows : int, optional
        Draw only the groups that change most, up or down; the figure says how many were left out. None draws
        all.

    Returns
    -------
    Axes
        The largest increase on top. A filled marker says that the widest band leaves zero out, a hollow one
        that it holds zero.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame, or `n_rows` is not positive.
    UnknownNameError
        If `metric` or `scenario` is not in the frame.
    """
    table = read_bands(bands, metric=metric).one_scenario(scenario)
    label, form = style.label_and_form(table.metric)
    outer = table.outer.assign(_label=table.labels(table.outer))
    most = outer["estimate"].abs().sort_values(ascending=False, na_position="last", kind="stable").index
    n_shown = check_n_rows(n_rows, len(outer))
    shown = outer.loc[most[:n_shown]].sort_values(["estimate", "_label"], ascending=[False, True], na_position="last")
    ax = style.axes_or_new(ax, 7.6, 1.5 + 0.3 * len(shown))
    heights = {name: at for at, name in enumerate(shown["_label"])}

    inner = table.inner.assign(_label=table.labels(table.inner))
    for rows, width, alpha in ((shown, 1.3, 0.9), (inner, 4.2, 0.5)):
        drawn = rows.loc[rows["_label"].isin(list(heights)) & rows["estimate"].notna()]
        ax.hlines(
            drawn["_label"].map(heights).to_numpy(dtype=float), drawn["lower"], drawn["upper"],
            colors=[_colour(value) for value in drawn["estimate"]], linewidth=width, alpha=alpha,
        )  # fmt: skip
    known = shown.loc[shown["estimate"].notna()]
    colours = [_colour(value) for value in known["estimate"]]
    clear = ((known["lower"] > 0) | (known["upper"] < 0)).to_numpy()
    ax.scatter(
        known["estimate"], known["_label"].map(heights).to_numpy(dtype=float),
        s=30, zorder=3, linewidths=1.2, edgecolors=colours,
        facecolors=[colour if filled else style.PAPER for colour, filled in zip(colours, clear, strict=True)],
    )  # fmt: skip
    style.mark_suppressed(ax, [heights[name] for name in shown.loc[shown["estimate"].isna(), "_label"]])

    ends = np.concatenate([[0.0], known["lower"].to_numpy(dtype=float), known["upper"].to_numpy(dtype=float)])
    margin = 0.06 * (float(np.ptp(ends)) or 1.0)
    ax.set_xlim(float(ends.min()) - margin, float(ends.max()) + margin)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_yticks(range(len(shown)), style.row_labels(list(shown["_label"])))
    ax.xaxis.set_major_formatter(lambda value, _: style.format_change(value, form))
    if form == "share":
        ax.set_xlabel("percentage points", fontsize=8.5, color=style.MUTED)
    style.bare(ax, grid="x")
    ax.axvline(0, color=style.INK, linewidth=0.9, zorder=1)
    style.set_heading(ax, f"{label}: change against the baseline", style.subtitle_of(table))
    left_out = "" if len(shown) == len(outer) else f" The {len(shown)} groups that change most, of {len(outer)}."
    style.note_below(
        ax, f"Filled: the band leaves zero out. Hollow: it holds zero.{left_out}", points=38 if form == "share" else 22
    )
    return ax


def _colour(value: float) -> str:
    return style.MORE if value > 0 else style.LESS
