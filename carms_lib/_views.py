"""The one seam by which a result opens a view of a later package.

Belongs here: the table of views, and what each answers with. ``study.pressure(…)`` is written on the study, in
`simulator`, and answered by `pressure`; ``bands.plot()`` is written on the bands and drawn by `plotting`. Imports run
one way, so neither can import its answer; instead each opens it by name when it is called. Does not belong here:
anything else. A package that is not in this table imports only what is above it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from carms_lib.provenance import Provenance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RankView", "Result", "SeatValueView", "View", "open_view"]

_VIEWS = {
    "pressure": ("carms_lib.pressure", "pressure_bands"),
    "outcomes": ("carms_lib.pressure", "outcome_bands"),
    "choices": ("carms_lib.pressure", "choice_bands"),
    "preferences": ("carms_lib.pressure", "preference_bands"),
    "ranks": ("carms_lib.pressure", "rank_groups"),
    "seat_value": ("carms_lib.pressure", "seat_values_of"),
    "plot": ("carms_lib.plotting", "plot_bands"),
    "plot_allocation": ("carms_lib.plotting", "plot_allocation"),
    "plot_ranks": ("carms_lib.plotting", "plot_ranks"),
    "plot_seat_values": ("carms_lib.plotting", "plot_seat_values"),
    "plot_sensitivity": ("carms_lib.plotting", "plot_sensitivity"),
    "plot_series": ("carms_lib.plotting", "plot_series"),
    "plot_supply": ("carms_lib.plotting", "plot_supply"),
}


class Result(Protocol):
    """What every result of a study has."""

    @property
    def provenance(self) -> Provenance:
        """What the numbers were made from."""

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a frame."""

    def summary(self) -> str:
        """Return one screen of text."""

    def save(self, path: str | Path) -> Path:
        """Write the numbers with their provenance."""


class View(Result, Protocol):
    """Numbers with bands; `carms_lib.pressure.Bands` is one."""

    @property
    def keys(self) -> Sequence[str]:
        """The group keys."""

    @property
    def difference(self) -> bool:
        """Whether the numbers are a scenario minus the baseline."""

    def plot(self, *, ax: Axes | None = None, metric: str | None = None, scenario: str | None = None) -> Axes:
        """Draw the numbers and return the Axes."""


class RankView(Result, Protocol):
    """An order of groups; `carms_lib.pressure.Ranks` is one."""

    @property
    def keys(self) -> Sequence[str]:
        """The group keys."""

    def above(self, **group: str) -> pd.DataFrame:
        """Return the probability that each group ranks above another."""

    def plot(self, *, ax: Axes | None = None, n_rows: int | None = 40) -> Axes:
        """Draw the intervals of the ranks and return the Axes."""


class SeatValueView(Result, Protocol):
    """What one more seat does; `carms_lib.pressure.SeatValues` is one."""

    @property
    def n_draws(self) -> int:
        """Draws."""

    def bands(
        self,
        by: str | Sequence[str] | None = None,
        *,
        metric: str | Sequence[str] | None = None,
        level: float = 0.90,
        kind: str = "outcome",
    ) -> View:
        """Return the metrics of one more seat, with bands."""

    def gains(
        self,
        to: str | Sequence[str] = "applicant_class",
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
    ) -> View:
        """Return who is better off by one more seat, with bands."""

    def plot(self, by: str | Sequence[str] = "discipline", *, ax: Axes | None = None, n_rows: int | None = 40) -> Axes:
        """Draw the ladder of seat values and return the Axes."""


def open_view(name: str) -> Callable[..., Any]:
    """Return the function that answers the view `name`; its package is imported now.

    Parameters
    ----------
    name : str
        A key of the table.

    Returns
    -------
    callable
    """
    module, function = _VIEWS[name]
    view: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return view
