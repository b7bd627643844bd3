"""Reading a band frame for a figure.

Belongs here: what every figure needs to know of the frame it is given, namely its metric, kind, levels,
scenarios and group keys, and the errors for a frame that cannot be drawn. Does not belong here: drawing, and
computing bands (`carms_lib.pressure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BandSource", "BandTable", "check_n_rows", "frame_of", "read_bands"]

_BEFORE = ("metric", "scenario")
_AFTER = ("estimate", "lower", "upper", "level", "kind", "n_draws")


@runtime_checkable
class BandSource(Protocol):
    """Anything that turns itself into a band frame, such as the bands of a study.

    It may carry `headline`, the metric that is drawn when none is named, and `difference`, whether its numbers are
    a scenario minus the baseline.
    """

    def to_frame(self) -> pd.DataFrame:
        """Return the band frame."""
        ...


@dataclass(frozen=True)
class BandTable:
    """A band frame that was checked, with what a figure needs to know of it.

    Parameters
    ----------
    frame : DataFrame
        The rows to draw, one per scenario, group and level.
    keys : tuple of str
        The group keys, in the order of the frame; empty for figures of the whole country.
    metric, kind : str
    levels : tuple of float
        In ascending order: the inner band first.
    scenarios : tuple of str
        In the order of the frame.
    n_draws : int
        The most draws behind any row; a group that some draws never touched has fewer.
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    metric: str
    kind: str
    levels: tuple[float, ...]
    scenarios: tuple[str, ...]
    n_draws: int

    @property
    def outer(self) -> pd.DataFrame:
        """The rows at the widest level."""
        return self.frame.loc[self.frame["level"] == self.levels[-1]].reset_index(drop=True)

    @property
    def inner(self) -> pd.DataFrame:
        """The rows at the narrowest level; empty when there is one level only."""
        if len(self.levels) == 1:
            return self.frame.iloc[:0]
        return self.frame.loc[self.frame["level"] == self.levels[0]].reset_index(drop=True)

    def one_scenario(self, scenario: str | None = None) -> BandTable:
        """Return the rows of one scenario: the one named, or the only one there is."""
        if scenario is None and len(self.scenarios) > 1:
            msg = (
                f"bands hold {len(self.scenarios)} scenarios ({_listed(self.scenarios)}) "
                "and this figure shows one. Choose it with scenario=."
            )
            raise ArgumentError(msg)
        return self.of_scenarios(self.scenarios[:1] if scenario is None else (scenario,))

    def of_scenarios(self, names: Sequence[str]) -> BandTable:
        """Return the rows of the scenarios named, in that order."""
        for name in names:
            given: Any = name
            if not isinstance(given, str) or name not in self.scenarios:
                raise UnknownNameError("scenario", name, self.scenarios)
        rows = self.frame.loc[self.frame["scenario"].isin(list(names))].reset_index(drop=True)
        return BandTable(rows, self.keys, self.metric, self.kind, self.levels, tuple(names), self.n_draws)

    def labels(self, frame: pd.DataFrame) -> list[str]:
        """Return one label a row of `frame`, made of the group keys."""
        if not self.keys:
            return ["all"] * len(frame)
        columns = [frame[key].astype(str) for key in self.keys]
        return [" · ".join(values) for values in zip(*columns, strict=True)]


def read_bands(bands: pd.DataFrame | BandSource, *, metric: str | None = None) -> BandTable:
    """Check that `bands` can be drawn, and say what they hold.

    Parameters
    ----------
    bands : DataFrame or object with to_frame()
        A band frame: columns metric, scenario, <group keys>, estimate, lower, upper, level, kind, n_draws. A
        row whose estimate is missing is a group whose figures are suppressed.
    metric : str, optional
        The metric to draw; needed when there are several and `bands` has no headline.

    Returns
    -------
    BandTable

    Raises
    ------
    ArgumentError
        If the columns are not those of a band frame, no row is left, several metrics or kinds are mixed, or a
        group occurs twice.
    UnknownNameError
        If no row carries `metric`.
    """
    frame = frame_of(bands)
    missing = [name for name in (*_BEFORE, *_AFTER) if name not in frame.columns]
    if missing:
        msg = (
            f"bands lack the columns {_listed(missing)}. A band frame has metric, scenario, <group keys>, "
            "estimate, lower, upper, level, kind, n_draws; it is what to_frame() of a study's answer returns."
        )
        raise ArgumentError(msg)
    if frame.empty:
        raise ArgumentError("bands hold no row, so there is nothing to draw. Ask for a grouping that has programs.")
    metrics = frame["metric"].unique()
    if metric is None and len(metrics) > 1:
        metric = getattr(bands, "headline", None)
    if metric is not None:
        wanted: Any = metric
        if not isinstance(wanted, str) or wanted not in set(metrics):
            raise UnknownNameError("metric", metric, metrics)
        frame = frame.loc[frame["metric"] == metric]
    only = {name: _only(frame, name) for name in ("metric", "kind")}
    columns = list(frame.columns)
    keys = tuple(columns[columns.index("scenario") + 1 : columns.index("estimate")])
    identity = ["scenario", *keys, "level"]
    repeated = frame.duplicated(identity)
    if repeated.any():
        first = frame.loc[repeated, identity].iloc[0].to_dict()
        msg = f"bands hold {int(repeated.sum())} groups more than once, the first being {first}."
        raise ArgumentError(msg)
    return BandTable(
        frame=frame.reset_index(drop=True),
        keys=keys,
        metric=only["metric"],
        kind=only["kind"],
        levels=tuple(sorted(float(level) for level in frame["level"].unique())),
        scenarios=tuple(str(name) for name in frame["scenario"].unique()),
        n_draws=int(frame["n_draws"].max()),
    )


def check_n_rows(n_rows: int | None, available: int) -> int:
    """Return how many rows to draw: all when `n_rows` is None, never more than there are."""
    if n_rows is None:
        return available
    given: Any = n_rows
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        msg = f"n_rows={n_rows} is not allowed. Give a positive number, or None for all."
        raise ArgumentError(msg)
    return min(n_rows, available)


def programs_of(program: Any) -> pd.DataFrame:
    """Return the table of programs of what a figure is given: the table itself, or a layer that holds it."""
    if isinstance(program, pd.DataFrame):
        return program
    found = program.get("program") if isinstance(program, Mapping) else None
    if not isinstance(found, pd.DataFrame):
        msg = f"program={type(program).__name__} holds no table of programs. Give gold, or gold['program']."
        raise ArgumentError(msg)
    return found


def frame_of(bands: Any) -> pd.DataFrame:
    """Return the frame of what a figure is given."""
    if isinstance(bands, pd.DataFrame):
        return bands
    if isinstance(bands, BandSource):
        return bands.to_frame()
    msg = f"bands={type(bands).__name__} cannot be drawn. Give a band frame, or an object that has to_frame()."
    raise ArgumentError(msg)


def _only(frame: pd.DataFrame, column: str) -> str:
    values = [str(value) for value in frame[column].unique()]
    if len(values) > 1:
        how = "Choose one with metric=." if column == "metric" else "Ask for one kind of band."
        msg = f"bands mix {len(values)} values of {column}: {_listed(values)}. {how}"
        raise ArgumentError(msg)
    return values[0]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + more
