"""The figure for a band frame of any grouping.

Belongs here: the choice of the figure by the group keys. Does not belong here: a figure of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carms_lib.plotting._bands import BandSource, read_bands
from carms_lib.plotting._geography import is_geographic
from carms_lib.plotting.forest import plot_forest
from carms_lib.plotting.heatmap import plot_heatmap
from carms_lib.plotting.tile_map import plot_tile_map

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_bands"]


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
        Which to draw; needed when the frame holds several metrics.

    Returns
    -------
    Axes
        One scenario and one level by province: a tile map; by two keys, one of which holds provinces: a heat
        map; anything else: a forest plot.

    Raises
    ------
    ArgumentError
        If the frame is not a band frame.
    UnknownNameError
        If `metric` or `scenario` is not in the frame.
    """
    table = read_bands(bands, metric=metric)
    if scenario is not None:
        table = table.one_scenario(scenario)
    geographic = sum(is_geographic(key) for key in table.keys)
    if geographic and len(table.scenarios) == 1 and len(table.levels) == 1:
        if len(table.keys) == 1:
            return plot_tile_map(table.frame, ax=ax)
        if len(table.keys) == 2:
            return plot_heatmap(table.frame, ax=ax)
    return plot_forest(table.frame, ax=ax)
