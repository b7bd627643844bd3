"""What k more seats do, placed by value or in proportion.

Belongs here: `plot_allocation`. Does not belong here: placing them (`carms_lib.pressure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carms_lib.exceptions import ArgumentError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, frame_of, read_bands

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_allocation"]

_MARKS = ("o", "s", "D", "^")


def plot_allocation(bands: pd.DataFrame | BandSource, *, ax: Axes | None = None, k: int | None = None) -> Axes:
    """Draw what each placement does, one line a placement in every metric, against no seat.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        The bands of an `Allocation`: several metrics, one scenario a placement, one or more levels.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    k : int, optional
        How many seats were placed; for the title.

    Returns
    -------
    Axes
        One group of lines a metric; shape and colour tell the placements apart.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame, or holds more placements than can be told apart.
    """
    frame = frame_of(bands)
    metrics = list(frame["metric"].unique()) if "metric" in frame.columns else []
    tables = [read_bands(frame, metric=metric) for metric in metrics] or [read_bands(frame)]
    placements = tables[0].scenarios
    if len(placements) > len(_MARKS):
        raise ArgumentError(f"bands hold {len(placements)} placements; this figure tells {len(_MARKS)} apart.")
    labels = [style.label_and_form(table.metric)[0] for table in tables]
    ax = style.axes_or_new(ax, 7.6, 1.6 + 0.34 * len(tables) * (len(placements) + 0.6))
    height, ticks = 0.0, []
    for table in tables:
        for at, name in enumerate(placements):
            own = table.of_scenarios([name])
            colour = style.CATEGORICAL[at]
            y = height + at
            for rows, width in ((own.outer, 1.4), (own.inner, 4.0)):
                ax.hlines([y] * len(rows), rows["lower"], rows["upper"], colors=colour, linewidth=width, gid="bands")
            ax.scatter(
                own.outer["estimate"], [y] * len(own.outer), s=34, marker=_MARKS[at], color=colour, zorder=3,
                edgecolors=style.PAPER, linewidths=0.8, label=name if table is tables[0] else None,
            )  # fmt: skip
        ticks.append(height + (len(placements) - 1) / 2)
        height += len(placements) + 0.6
    ax.axvline(0, color=style.INK, linewidth=0.9, zorder=1)
    ax.set_yticks(ticks, style.row_labels(labels))
    ax.set_ylim(height + 0.9, -0.8)  # room for the legend under the last line
    ax.xaxis.set_major_formatter(lambda value, _: style.format_value(value, "count", signed=True))
    style.bare(ax, grid="x")
    ax.legend(loc="lower right", fontsize=8, frameon=True, edgecolor=style.GRID, title="seats placed", title_fontsize=8)
    one = tables[0]
    levels = " and ".join(f"{100 * level:g} %" for level in one.levels)
    style.set_heading(
        ax, f"What {k if k is not None else 'k'} more seats do",
        f"against no seat, first iteration · {levels} {one.kind} bands · {one.n_draws:,} draws",
    )  # fmt: skip
    return ax
