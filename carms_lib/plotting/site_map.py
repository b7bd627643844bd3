"""Where seats are trained: one dot a community, on a plain projected map.

Belongs here: `plot_site_map`, its projection and the places of the jurisdictions' names. Does not belong here: the
coordinates of a site; they are columns of the programs.

Statistics Canada's Lambert conformal conic projection (EPSG:3347) on a sphere: angles hold, and distances nearly do. No
outlines are drawn, for no package of a free licence brings them; meridians and parallels stand in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.plotting import style
from carms_lib.plotting._band_table import programs_of
from carms_lib.plotting.tile_map import PROVINCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["CLASSES", "plot_site_map", "project"]

_RADIUS = 6371.0088  # km, mean radius of the earth
_PARALLELS = (49.0, 77.0)
_ORIGIN = (63.390675, -91.8666667)  # latitude, longitude
_NEEDED = ("quota", "site_province", "site_latitude", "site_longitude", "site_class", "community")
_AREA = 1.4  # points^2 a seat
_SEATS_SHOWN = (10, 50, 200)
_CORRIDOR = ((41.6, -83.4), (47.3, -70.6))  # south-west and north-east of the inset: Windsor to Québec
_BELOW = 1_250.0  # km under the map, for the inset

#: Class of a community -> its colour, legend, and shape, so that a black and white print tells them apart.
CLASSES = {
    "urban": ("#0072b2", "urban: 100,000 inhabitants or more", "o"),
    "regional": ("#e69f00", "regional: 30,000 to 99,999", "s"),
    "rural": ("#009e73", "rural: fewer", "^"),
}

# Latitude and longitude at which the name of a jurisdiction is written.
_NAMES = {
    "YT": (64.2, -136.0), "NT": (65.8, -121.5), "NU": (65.8, -99.0),
    "BC": (58.0, -126.8), "AB": (57.3, -114.5), "SK": (57.3, -105.8), "MB": (57.3, -96.8), "ON": (51.6, -86.8),
    "QC": (54.2, -73.5), "NL": (56.8, -58.2), "NB": (44.2, -69.0), "PE": (48.4, -61.4), "NS": (43.0, -62.9),
}  # fmt: skip


def project(latitude: np.ndarray, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions on the map, in kilometres east and north of its origin.

    Parameters
    ----------
    latitude, longitude : ndarray of shape (n,), float64
        Degrees, north and east positive.

    Returns
    -------
    x, y : ndarray of shape (n,), float64

    References
    ----------
    Snyder (1987), *Map projections: a working manual*, USGS Professional Paper 1395, p. 106.
    """
    low, high = (math.radians(parallel) for parallel in _PARALLELS)

    def half(angle: np.ndarray | float) -> np.ndarray:
        return np.tan(np.pi / 4 + np.asarray(angle, dtype=float) / 2)

    cone = math.log(math.cos(low) / math.cos(high)) / math.log(float(half(high)) / float(half(low)))
    scale = _RADIUS * math.cos(low) * float(half(low)) ** cone / cone
    away = scale / half(np.radians(latitude)) ** cone
    turned = cone * np.radians(np.asarray(longitude, dtype=float) - _ORIGIN[1])
    origin = scale / float(half(math.radians(_ORIGIN[0]))) ** cone
    return away * np.sin(turned), origin - away * np.cos(turned)


def plot_site_map(program: pd.DataFrame | Mapping[str, pd.DataFrame], *, ax: Axes | None = None) -> Axes:
    """Draw the seats of every community where residents train: one mark each, its area the seats, its shape the class.

    Parameters
    ----------
    program : DataFrame or mapping
        ``gold["program"]``, the gold layer itself or ``market.programs``: one row per program with quota [seats],
        site_province, site_latitude, site_longitude, site_class and community.
    ax : Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    Axes
        One set of marks a class, and an inset of the corridor from Windsor to Québec at a larger scale; the code and
        seats of each of the thirteen jurisdictions, "no program" where none trains. The subtitle says how many seats
        have no single community, and so no mark.

    Raises
    ------
    ArgumentError
        If the frame lacks a column or no program has coordinates.

    Examples
    --------
    >>> import carms_lib as carms
    >>> from carms_lib.plotting import plot_site_map
    >>> gold = carms.build(carms.load_release()).gold
    >>> plot_site_map(gold).get_title(loc="left")
    'Seats by community of training'
    """
    frame = programs_of(program)
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        raise ArgumentError(f"program lacks the columns {missing}. Give gold['program'], or a table like it.")
    placed = frame.dropna(subset=["site_latitude", "site_longitude"])
    if placed.empty:
        raise ArgumentError("program has no row with site_latitude and site_longitude, so there is nothing to draw.")
    ax = style.axes_or_new(ax, 7.6, 7.6)
    towns = placed.groupby(["site_class", "community", "site_province"], as_index=False, observed=True).agg(
        seats=("quota", "sum"), latitude=("site_latitude", "first"), longitude=("site_longitude", "first")
    )
    towns = towns.sort_values(["seats", "community"], ascending=[False, True])  # small marks on top of large ones
    _draw_grid(ax)
    _draw_names(ax, frame.groupby(frame["site_province"].astype(str))["quota"].sum())
    _draw_towns(ax, towns)
    _bare_map(ax)
    ax.update_datalim([(0.0, ax.dataLim.y0 - _BELOW)])
    ax.autoscale_view()
    inset = ax.inset_axes((0.0, 0.0, 0.6, 0.4), gid="inset")
    inset.set_in_layout(False)
    _draw_grid(inset)
    _draw_towns(inset, towns)
    _bare_map(inset)
    corners = np.array(_CORRIDOR)
    x, y = project(corners[:, 0], corners[:, 1])
    inset.set_aspect("equal", adjustable="box")
    inset.set_anchor("SW")
    inset.set_xlim(*x)
    inset.set_ylim(*y)
    for spine in inset.spines.values():
        spine.set(visible=True, color=style.MUTED, linewidth=0.6)
    ax.plot(x[[0, 1, 1, 0, 0]], y[[0, 0, 1, 1, 0]], color=style.MUTED, linewidth=0.6, zorder=4, gid="corridor")
    _draw_legend(ax)
    seats, without = float(frame["quota"].sum()), float(frame["quota"].sum() - placed["quota"].sum())
    style.set_heading(
        ax, "Seats by community of training",
        f"{len(towns):,} communities · {seats:,.0f} seats · {without:,.0f} without a single community have no mark",
    )  # fmt: skip
    style.note_below(
        ax,
        "Area of a mark: seats. Inset: Windsor to Québec. Places: GeoNames (CC BY 4.0). Lambert conformal conic.",
        points=82,
    )
    return ax


def _draw_towns(ax: Axes, towns: pd.DataFrame) -> None:
    """Draw one mark a community."""
    for name, (colour, label, marker) in CLASSES.items():
        some = towns[towns["site_class"] == name]
        x, y = project(some["latitude"].to_numpy(float), some["longitude"].to_numpy(float))
        ax.scatter(
            x, y, s=_AREA * some["seats"].to_numpy(float) + 7, color=colour, marker=marker, alpha=0.72,
            edgecolors=style.INK, linewidths=0.5, zorder=3, gid=name, label=label,
        )  # fmt: skip


def _bare_map(ax: Axes) -> None:
    """Take ticks and frame off, at one scale both ways."""
    ax.set_aspect("equal", adjustable="datalim")  # a box that shrinks would leave its title outside the layout
    ax.set_xticks([])
    ax.set_yticks([])
    style.bare(ax)


def _draw_grid(ax: Axes) -> None:
    """Draw parallels and meridians, which give the map its shape."""
    for parallel in range(45, 76, 5):
        x, y = project(np.full(91, float(parallel)), np.linspace(-140, -52, 91))
        ax.plot(x, y, color=style.GRID, linewidth=0.6, zorder=0)
    for meridian in range(-140, -51, 10):
        x, y = project(np.linspace(42, 71, 60), np.full(60, float(meridian)))
        ax.plot(x, y, color=style.GRID, linewidth=0.6, zorder=0)


def _draw_names(ax: Axes, seats: pd.Series[float]) -> None:
    """Write the code of each jurisdiction, and its seats or that it has no program."""
    for code in PROVINCES:
        latitude, longitude = _NAMES[code]
        x, y = project(np.array([latitude]), np.array([longitude]))
        said = f"{seats[code]:,.0f}" if seats.get(code, 0) > 0 else "no program"
        ax.text(
            x[0], y[0], f"{code}\n{said}", ha="center", va="center", fontsize=7.5, color=style.MUTED, gid=code,
            fontweight="bold", zorder=2,
        )  # fmt: skip


def _draw_legend(ax: Axes) -> None:
    """Put classes and sizes under the map."""
    for seats in _SEATS_SHOWN:
        ax.scatter([], [], s=_AREA * seats + 7, color=style.EMPTY, edgecolors=style.INK, linewidths=0.5,
                   label=f"{seats} seats")  # fmt: skip
    style.legend_below(ax, points=12, columns=2, spacing=0.9)
    legend = ax.get_legend()
    if legend is not None:
        for handle in legend.legend_handles[: len(CLASSES)]:
            handle.set_sizes([40])  # type: ignore[union-attr]
