"""SHOW: pictures of bands and quotas, colour-blind safe and readable in print.

Belongs here: one figure a file. Every `plot_` function takes a band frame (or anything with ``to_frame()``)
and an optional `ax`, draws, and returns the Axes; none saves, shows or closes a figure, and none touches
pyplot when `ax` is given. Does not belong here: computing what is drawn (`carms_lib.pressure`), or arranging
several figures on a page (`carms_lib.memo`).
"""

from __future__ import annotations

from carms_lib.plotting.allocation import plot_allocation
from carms_lib.plotting.by_grouping import plot_bands
from carms_lib.plotting.differences import plot_differences
from carms_lib.plotting.forest import plot_forest
from carms_lib.plotting.heatmap import plot_heatmap
from carms_lib.plotting.quota import plot_quota
from carms_lib.plotting.ranks import plot_ranks
from carms_lib.plotting.seat_values import plot_seat_values
from carms_lib.plotting.sensitivity import plot_sensitivity
from carms_lib.plotting.series import plot_backtest, plot_series
from carms_lib.plotting.site_map import plot_site_map
from carms_lib.plotting.supply import plot_supply
from carms_lib.plotting.tile_map import plot_tile_map

__all__ = [
    "plot_allocation",
    "plot_backtest",
    "plot_bands",
    "plot_differences",
    "plot_forest",
    "plot_heatmap",
    "plot_quota",
    "plot_ranks",
    "plot_seat_values",
    "plot_sensitivity",
    "plot_series",
    "plot_site_map",
    "plot_supply",
    "plot_tile_map",
]
