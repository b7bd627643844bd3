"""The figure for a band frame of any grouping.

Belongs here: the choice of the figure by the group keys. Does not belong here: a figure of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carms_lib.plotting._band_table import BandSource, read_bands
from carms_lib.plotting.differences import plot_differences
from carms_lib.plotting.forest import plot_forest
from carms_lib.plotting.heatmap import plot_heatmap
from carms_lib.plotting.tile_map import is_geographic, plot_tile_map

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_bands"]

_MOST_ROWS = 40


def plot_bands(
    bands: pd.DataFrame | BandSource,
    *,
    ax: Axes | None = None,
    metric: str | None = None,
    scenario: str | None = None,
) -> Axes:
    """Draw a band frame in the way that suits its grouping.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    metric, scenario : str, optional
        Which to draw. Without a metric, the only one or the headline of `bands`; without a scenario, see below.

    Returns
    -------
    Axes
        Differences: a plot of changes. By province: a tile map; by two keys, one of which holds provinces: a heat
        map; both of the first scenario, if none is named. Anything else, and several levels: a forest plot of all
        scenarios. Forest plots and changes show no more than 40 groups, and say so.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame.
    UnknownNameError
        If `metric` or `scenario` is not in the frame.
    """
    table = read_bands(bands, metric=metric)
    if getattr(bands, "difference", False):
        return plot_differences(table.frame, ax=ax, scenario=scenario, n_rows=_MOST_ROWS)
    geographic = any(is_geographic(key) for key in table.keys)
    if geographic and len(table.keys) <= 2 and len(table.levels) == 1:
        figure = plot_tile_map if len(table.keys) == 1 else plot_heatmap
        return figure(table.frame, ax=ax, scenario=table.scenarios[0] if scenario is None else scenario)
    return plot_forest(table.frame, ax=ax, scenario=scenario, n_rows=_MOST_ROWS)
