"""The one seam by which a result opens a view that lives further down the house.

Belongs here: the table of views. ``study.pressure(…)`` is written on the study, in `simulator`, and answered by
`pressure`; ``bands.plot()`` is written on the bands and drawn by `plotting`. Imports run one way, so neither can
import its answer; instead each opens it by name when it is called. Does not belong here: anything else. A package
that is not in this table imports only what stands above it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from carms_lib.provenance import Provenance

__all__ = ["View", "open_view"]

_VIEWS = {
    "pressure": ("carms_lib.pressure", "pressure_bands"),
    "outcomes": ("carms_lib.pressure", "outcome_bands"),
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


class View(Protocol):
    """What every view answers; `carms_lib.pressure.Bands` is one."""

    @property
    def keys(self) -> Sequence[str]:
        """The group keys."""

    @property
    def difference(self) -> bool:
        """Whether the numbers are a scenario minus the baseline."""

    @property
    def provenance(self) -> Provenance:
        """What the numbers were made from."""

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a frame."""

    def summary(self) -> str:
        """Return one screen of text."""

    def plot(self, **options: Any) -> Any:
        """Draw the numbers and return the Axes."""

    def save(self, path: str | Path) -> Path:
        """Write the numbers with their provenance."""


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
