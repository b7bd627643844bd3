"""Fan charts: a published series, where it may go, and what earlier forecasts said.

Belongs here: `plot_series` and `plot_backtest`. Does not belong here: forecasting (`carms_lib.pressure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from matplotlib.ticker import MaxNLocator

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_backtest", "plot_series"]

_MANY_TIMES = 20  # from which a linear scale would crowd most forecasts into a corner


class SeriesSource(Protocol):
    """What `carms_lib.pressure.project_series` returns."""

    @property
    def frame(self) -> pd.DataFrame:
        """Forecasts."""

    @property
    def history(self) -> pd.DataFrame:
        """Values that went in."""

    @property
    def tests(self) -> pd.DataFrame:
        """The back-test."""

    @property
    def keys(self) -> Sequence[str]:
        """The key columns."""

    @property
    def level(self) -> float:
        """Of the intervals."""


def plot_series(projection: SeriesSource, *, ax: Axes | None = None, **series: str) -> Axes:
    """Draw one series with its fan.

    Parameters
    ----------
    projection : Projection
        What `carms_lib.pressure.project_series` returns.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    **series : str
        Which series, by its keys, such as ``series="fm_seats"``; needed when there are several.

    Returns
    -------
    Axes
        Published values as dots, joined where years follow each other; earlier forecasts of each as thin bars; the
        forecasts as a fan.

    Raises
    ------
    UnknownNameError
        A key or value that there is not.
    ArgumentError
        More than one series is meant.
    """
    history, tests, frame = projection.history, projection.tests, projection.frame
    for key, value in series.items():
        if key not in projection.keys:
            raise UnknownNameError("key", key, projection.keys)
        if value not in set(history[key].astype(str)):
            raise UnknownNameError(key, value, sorted(set(history[key].astype(str))))
        history, tests, frame = (table.loc[table[key].astype(str) == value] for table in (history, tests, frame))
    names = history[list(projection.keys)].drop_duplicates()
    if len(names) != 1:
        raise ArgumentError(
            f"projection holds {len(names)} series here and this figure shows one. Choose it by "
            f"{', '.join(f'{key}=' for key in projection.keys)}."
        )
    ax = style.axes_or_new(ax, 7.6, 4.2)
    years, values = history["year"].to_numpy(), history["value"].to_numpy(dtype=float)
    grid = np.arange(years[0], years[-1] + 1)
    line = np.full(len(grid), np.nan)
    line[years - years[0]] = values
    ax.plot(grid, line, color=style.ACCENT, linewidth=1.4)
    ax.plot(years, values, color=style.ACCENT, linewidth=0.9, linestyle=":")
    ax.vlines(tests["year"], tests["lower"], tests["upper"], colors=style.CATEGORICAL[1], linewidth=2.4, gid="tests")
    ax.scatter(years, values, s=26, color=style.ACCENT, zorder=3, gid="values")
    known = frame.loc[frame["estimate"].notna()]
    if not known.empty:
        ahead = [years[-1], *known["year"]]
        middle, low, high = ([values[-1], *known[name]] for name in ("estimate", "lower", "upper"))
        ax.fill_between(ahead, low, high, color=style.ACCENT, alpha=0.18, linewidth=0, gid="fan")
        ax.plot(ahead, middle, color=style.ACCENT, linewidth=1.4, linestyle="--")
        ax.annotate(
            f"{_number(middle[-1])}\n{_number(low[-1])} to {_number(high[-1])}", (ahead[-1], middle[-1]), xytext=(6, 0),
            textcoords="offset points", fontsize=7.5, color=style.INK, va="center", annotation_clip=False,
        )  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(lambda value, _: _number(value))
    style.bare(ax, grid="y")
    ax.margins(x=0.06)
    title = " · ".join(str(value) for value in names.iloc[0]).replace("_", " ")
    model = str(known["model"].iloc[0]) if not known.empty else "too few values to forecast"
    inside = f"{int(tests['covered'].sum())} of {len(tests)} earlier forecasts held" if len(tests) else "no back-test"
    style.set_heading(
        ax, title, f"forecast to {int(frame['year'].max())} · {100 * projection.level:g} % prediction interval · "
        f"model: {model} · {inside}",
    )  # fmt: skip
    style.note_below(
        ax, "Dots: published. Dotted: years without a figure. Orange: what was forecast from earlier values.", points=24
    )
    return ax


def plot_backtest(tests: pd.DataFrame, *, ax: Axes | None = None, level: float = 0.90, title: str = "") -> Axes:
    """Draw forecasts against what was published: each interval around its forecast, all on one scale.

    Parameters
    ----------
    tests : DataFrame
        One row per forecast: value (published), estimate, lower, upper; any key columns before them name the rows. A
        column inside, where there is one, says whether the interval held the value before figures were rounded.
    ax : Axes, optional
        Where to draw; None makes a new figure.
    level : float, default 0.90
        Of the intervals; for the title.
    title : str
        What was forecast.

    Returns
    -------
    Axes
        One mark a forecast, the published value across and the forecast up, with its interval; hollow where the
        published value lies outside. A diagonal line is where they agree. Scales are logarithmic where all values are
        above 0 and the largest is many times the smallest.

    Raises
    ------
    ArgumentError
        If a column is missing or there is no forecast.
    """
    lacking = [name for name in ("value", "estimate", "lower", "upper") if name not in tests.columns]
    if lacking:
        raise ArgumentError(f"tests lack the columns {lacking}. Give the table of a back-test.")
    known = tests.dropna(subset=["value", "estimate", "lower", "upper"])
    if known.empty:
        raise ArgumentError("tests hold no forecast, so there is nothing to draw.")
    value, estimate, lower, upper = (
        known[name].to_numpy(dtype=float) for name in ("value", "estimate", "lower", "upper")
    )
    ax = style.axes_or_new(ax, 5.6, 5.4)
    # A column `inside` was counted before figures were rounded; at the edge of a band that can differ.
    inside = known["inside"].to_numpy(dtype=bool) if "inside" in known else (lower <= value) & (value <= upper)
    colours = [style.ACCENT if held else style.MORE for held in inside]
    ax.vlines(value, lower, upper, colors=colours, linewidth=1.3, gid="bands")
    ax.scatter(
        value, estimate, s=30, zorder=3, edgecolors=colours, linewidths=1.3,
        facecolors=[style.ACCENT if held else style.PAPER for held in inside],
    )  # fmt: skip
    ends = np.concatenate([value, lower, upper])
    if (ends > 0).all() and ends.max() > _MANY_TIMES * ends.min():
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.minorticks_off()
        low, high = float(ends.min()) / 1.15, float(ends.max()) * 1.15
    else:
        margin = 0.06 * (float(np.ptp(ends)) or 1.0)
        low, high = float(ends.min()) - margin, float(ends.max()) + margin
    ax.plot([low, high], [low, high], color=style.INK, linewidth=0.9, zorder=1)
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.xaxis.set_major_formatter(lambda number, _: _number(number))
    ax.yaxis.set_major_formatter(lambda number, _: _number(number))
    ax.set_xlabel("published", fontsize=8.5, color=style.MUTED)
    ax.set_ylabel("forecast", fontsize=8.5, color=style.MUTED)
    style.bare(ax)
    style.set_heading(
        ax, title or "Forecasts against what was published",
        f"{len(known)} forecasts · {inside.mean():.0%} inside their {100 * level:g} % interval".replace("%", " %")
        .replace("  ", " "),
    )  # fmt: skip
    style.note_below(ax, "Filled: the interval holds the published value. Hollow: it does not.", points=36)
    return ax


def _number(value: float) -> str:
    if abs(value) < 1:
        return f"{value:.2g}"
    return style.format_value(value, "count")
