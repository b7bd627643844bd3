"""Rank intervals: the order of the groups, and how sure it is.

Belongs here: `plot_ranks`. Does not belong here: ranking (`carms_lib.pressure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carms_lib.exceptions import ArgumentError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, check_n_rows, frame_of, read_bands

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_ranks"]


def plot_ranks(ranks: pd.DataFrame | BandSource, *, ax: Axes | None = None, n_rows: int | None = 40) -> Axes:
    """Draw the interval of each group's rank, first ranks on top.

    Parameters
    ----------
    ranks : DataFrame or object with to_frame()
        What `carms_lib.pressure.rank_groups` returns, of one level.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    n_rows : int, optional
        Draw only the first; the figure says how many there are. None draws all.

    Returns
    -------
    Axes
        A line from the lower to the upper rank, a point at the rank of the estimate, darker the more probable it is
        that the group is among the first k; that probability stands at the right.

    Raises
    ------
    ArgumentError
        If the frame holds no ranks, or several levels.
    """
    frame = frame_of(ranks)
    lacking = [name for name in ("of", "value", "among_first", "k") if name not in frame.columns]
    if lacking:
        raise ArgumentError(f"ranks lack the columns {lacking}. Give what rank_groups() returns.")
    table = read_bands(frame, metric="rank")
    if len(table.levels) != 1:
        raise ArgumentError(f"ranks hold the levels {list(table.levels)}; this figure shows one.")
    known = table.frame.loc[table.frame["estimate"].notna()].assign(_label=table.labels)
    if known.empty:
        raise ArgumentError("ranks hold no group that is large enough to say anything of.")
    shown = known.sort_values(["estimate", "_label"]).iloc[: check_n_rows(n_rows, len(known))]
    first = table.frame.iloc[0]
    label, _ = style.label_and_form(str(first["of"]))
    ax = style.axes_or_new(ax, 7.6, 1.7 + 0.26 * len(shown))
    heights = list(range(len(shown)))
    colours = [style.SEQUENTIAL(0.25 + 0.75 * float(share)) for share in shown["among_first"]]
    ax.hlines(heights, shown["lower"], shown["upper"], colors=colours, linewidth=3.2, gid="bands")
    ax.scatter(shown["estimate"], heights, s=26, color=style.INK, zorder=3, gid="ranks")
    for height, probability in zip(heights, shown["among_first"], strict=True):
        ax.text(
            1.01, height, style.format_value(float(probability), "share"), transform=ax.get_yaxis_transform(),
            fontsize=7.5, color=style.INK, va="center", gid="among",
        )  # fmt: skip
    ax.text(
        1.01, -0.9, f"first {first['k']}", transform=ax.get_yaxis_transform(), fontsize=7.5, color=style.MUTED,
        va="center",
    )  # fmt: skip
    ax.set_xlim(0.2, float(shown["upper"].max()) + 0.8)
    ax.set_ylim(len(shown) - 0.4, -1.3)
    ax.set_yticks(heights, style.row_labels(list(shown["_label"])))
    ax.set_xlabel("rank, 1 is the highest", fontsize=8.5, color=style.MUTED)
    style.bare(ax, grid="x")
    style.set_heading(ax, f"Ranks by: {label[0].lower()}{label[1:]}", style.subtitle_of(table))
    small = len(table.frame) - len(known)
    left_out = "" if len(shown) == len(known) else f" The first {len(shown)} of {len(known)}."
    left_out += f" {small} suppressed." if small else ""
    style.note_below(ax, f"At the right: probability of being among the first {first['k']}.{left_out}", points=36)
    return ax
