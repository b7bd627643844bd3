"""Which assumption moves the answer most.

Belongs here: `plot_sensitivity`. Does not belong here: Sobol indices (`carms_lib.pressure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import BandSource, check_n_rows, frame_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_sensitivity"]

_AXES = {
    "shapley": "share of the variance that uncertain inputs make in a study",
    "total": "share of the variance over the cohort's ranges, inputs independent",
    "first": "share of the variance over a study's settings, one input at a time",
}
_KINDS = {"shapley": "Shapley effects of groups", "total": "Sobol indices", "first": "squared correlations"}
_INTERVALS = {"shapley": "intervals that hold together", "total": "bootstrap intervals", "first": "intervals"}


def plot_sensitivity(
    indices: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    metric: str | None = None,
    n_rows: int | None = 12,
) -> Axes:
    """Draw the shares of one result, the largest on top: of groups, or first-order and total indices of inputs.

    Parameters
    ----------
    indices : DataFrame or object with to_frame()
        What `carms_lib.pressure.find_sensitivity` or `sensitivity_of` returns.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    metric : str, optional
        Which result; the first by default.
    n_rows : int, optional
        Draw only the inputs with the largest index, total if there is one. None draws all.

    Returns
    -------
    Axes
        A bar and interval for each order.

    Raises
    ------
    ArgumentError
        If the frame is not one of indices, or the result did not vary.
    UnknownNameError
        If `metric` is not in the frame.
    """
    frame = frame_of(indices)
    lacking = [name for name in ("metric", "input", "order", "estimate", "lower", "upper") if name not in frame.columns]
    if lacking:
        raise ArgumentError(f"indices lack the columns {lacking}. Give what find_sensitivity() returns.")
    metrics = list(frame["metric"].unique())
    chosen = metrics[0] if metric is None else metric
    if chosen not in metrics:
        raise UnknownNameError("metric", chosen, metrics)
    own = frame.loc[(frame["metric"] == chosen) & frame["estimate"].notna()]
    if own.empty:
        raise ArgumentError(f"{chosen} did not vary over the design, so no input moves it.")
    order = next(each for each in ("shapley", "total", "first") if each in set(own["order"]))
    leading = own.loc[own["order"] == order]
    leading = leading.sort_values(["estimate", "input"], ascending=[False, True])
    names = list(leading["input"].iloc[: check_n_rows(n_rows, len(leading))])
    label_of_result, _ = style.label_and_form(str(chosen))
    ax = style.axes_or_new(ax, 7.6, 1.8 + 0.36 * len(names))
    sobol = order == "total"
    bars = (("total", -0.19, "#9ecbe8"), ("first", 0.19, style.ACCENT)) if sobol else ((order, 0.0, style.ACCENT),)
    for shown, offset, colour in bars:
        rows = own.loc[own["order"] == shown].set_index("input").loc[names]
        y = np.arange(len(names)) + offset
        label = "alone (first order)" if shown == "first" else "with what it does together with others (total)"
        ax.barh(y, rows["estimate"], height=0.36, color=colour, label=label)
        ax.hlines(y, rows["lower"], rows["upper"], colors=style.INK, linewidth=1.0, gid=shown)
    ax.axvline(0, color=style.INK, linewidth=0.9)
    ax.set_yticks(range(len(names)), style.row_labels([str(name).replace("_", " ") for name in names]))
    ax.set_ylim(len(names) + 1.1, -0.6)  # room for the legend under the last bars
    ax.xaxis.set_major_formatter(lambda value, _: style.format_value(value, "share"))
    ax.set_xlabel(_AXES[order], fontsize=8.5, color=style.MUTED)
    style.bare(ax, grid="x")
    if sobol:
        ax.legend(loc="lower right", fontsize=8, frameon=True, edgecolor=style.GRID)
    level, draws = float(own["level"].iloc[0]), int(own["n_draws"].max())
    style.set_heading(
        ax, f"What moves: {label_of_result}",
        f"{_KINDS[order]} · {100 * level:g} % {_INTERVALS[order]} · {draws:,} matches",
    )  # fmt: skip
    if len(names) < len(leading):
        style.note_below(
            ax, f"The {len(names)} largest of {len(leading)} {'groups' if order == 'shapley' else 'inputs'}.", points=36
        )
    return ax
