"""Scenarios: a name and a tuple of levers, as a value.

Belongs here: the levers, how one selects programs or applicants, how it changes a market, and its TOML form. Does
not belong here: running anything.

Causality holds. Demand does not follow quota unless a lever says so: applicants apply, and programs interview, as
they would have with the quotas of the release. A closed program has no seats and receives no applications. A
scenario that changes nothing changes no number.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, ScenarioError, UnknownNameError
from carms_lib.simulator._market import Market
from carms_lib.simulator._toml import dump_toml

__all__ = ["Lever", "Scenario"]


@dataclass(frozen=True)
class Lever:
    """One change to a market.

    Parameters
    ----------
    action : str
        A name in the table of levers.
    value : float or bool, optional
        By how much, where the action needs it.
    where : tuple of (str, tuple of str)
        Column and allowed values, for each column that selects.
    """

    action: str
    value: float | bool | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the lever as plain values."""
        record: dict[str, Any] = {"action": self.action}
        if self.value is not None:
            record["value"] = self.value
        record.update({column: list(values) for column, values in self.where})
        return record


@dataclass(frozen=True)
class Scenario:
    """What a planner would change; immutable, each method returns a new scenario.

    Parameters
    ----------
    name : str
        How results call it; not empty and not "baseline".
    levers : tuple of Lever
        Applied in order.

    Examples
    --------
    >>> Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    Scenario('Ontario FM +10 %'): scale_quota 1.1 where province=ON, discipline=Family Medicine
    """

    name: str
    levers: tuple[Lever, ...] = ()

    def __post_init__(self) -> None:
        if not str(self.name).strip():
            raise ArgumentError(f"name={self.name!r}: a scenario needs a name.")
        if self.name == "baseline":
            raise ArgumentError("name='baseline' is taken: the baseline is always in a study.")

    def __repr__(self) -> str:
        parts = []
        for lever in self.levers:
            amount = "" if lever.value is None else f" {lever.value}"
            where = ", ".join(f"{column}={'|'.join(values)}" for column, values in lever.where)
            parts.append(f"{lever.action}{amount}" + (f" where {where}" if where else ""))
        return f"Scenario({self.name!r}): " + ("; ".join(parts) or "changes nothing")

    def scale_quota(self, factor: float, **where: str | Iterable[str]) -> Scenario:
        """Multiply quotas.

        Parameters
        ----------
        factor : float
            1.10 for ten percent more. The total of the programs selected becomes the nearest whole number of seats,
            shared out by largest remainder.
        **where : str or list of str
            Columns of the table of programs, such as ``province="ON", discipline="Family Medicine"``.

        Returns
        -------
        Scenario
        """
        return self._with("scale_quota", _number("factor", factor), where)

    def set_quota(self, seats: int, **where: str | Iterable[str]) -> Scenario:
        """Give every program selected this many seats.

        Parameters
        ----------
        seats : int
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        number = _number("seats", seats)
        if number % 1:
            raise ArgumentError(f"seats={seats!r} must be a whole number.")
        return self._with("set_quota", int(number), where)

    def add_seats(self, seats: int, **where: str | Iterable[str]) -> Scenario:
        """Share `seats` more (or, if negative, fewer) seats among the programs selected, in proportion to quota."""
        number = float(seats)
        if not math.isfinite(number) or number % 1:
            raise ArgumentError(f"seats={seats!r} must be a whole number.")
        return self._with("add_seats", int(number), where)

    def close_programs(self, **where: str | Iterable[str]) -> Scenario:
        """Close the programs selected: no seats, no applications."""
        return self._with("close_programs", None, where)

    def scale_demand(self, factor: float, **where: str | Iterable[str]) -> Scenario:
        """Multiply the chance that a discipline is wanted first.

        Parameters
        ----------
        factor : float
        **where : str or list of str
            ``discipline=`` alone.

        Returns
        -------
        Scenario
        """
        if set(where) != {"discipline"}:
            raise ArgumentError(f"scale_demand selects by discipline alone, not by {sorted(where)}.")
        return self._with("scale_demand", _number("factor", factor), where)

    def shift_preference(self, log_weight: float, **where: str | Iterable[str]) -> Scenario:
        """Draw applicants more, or less, to the programs selected.

        Parameters
        ----------
        log_weight : float
            Added to the log weight of the programs.
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        number = float(log_weight)
        if not math.isfinite(number):
            raise ArgumentError(f"log_weight={log_weight!r} must be a finite number.")
        return self._with("shift_preference", number, where)

    def scale_class(self, factor: float, *, applicant_class: str | Iterable[str]) -> Scenario:
        """Multiply the size of classes of applicants.

        Parameters
        ----------
        factor : float
        applicant_class : str or list of str
            Such as "img".

        Returns
        -------
        Scenario
        """
        return self._with("scale_class", _number("factor", factor), {"applicant_class": applicant_class})

    def second_iteration(self, enabled: bool) -> Scenario:
        """Hold the second iteration if `enabled`, or leave it out."""
        return self._with("second_iteration", bool(enabled), {})

    def reversions(self, enabled: bool) -> Scenario:
        """Let unfilled seats revert where the cohort's provinces do if `enabled`, or nowhere."""
        return self._with("reversions", bool(enabled), {})

    def apply(self, market: Market) -> Market:
        """Return the market that the levers make.

        Parameters
        ----------
        market : Market

        Returns
        -------
        Market

        Raises
        ------
        UnknownNameError
            A column or value that the market does not have; near names are offered.
        ScenarioError
            A selection that matches nothing.
        """
        for lever in self.levers:
            market = _ACTIONS[lever.action](market, lever)
        return market

    def to_toml(self) -> str:
        """Return the scenario as TOML text."""
        lines = [dump_toml({"name": self.name}).rstrip()]
        lines += ["\n[[lever]]\n" + dump_toml(lever.to_dict()).rstrip() for lever in self.levers]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Scenario:
        """Read a scenario from the TOML `text` that `to_toml` writes.

        Raises
        ------
        ScenarioError
            The text is not TOML or lacks a name.
        UnknownNameError
            An action that is no lever.
        """
        try:
            record = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"The text is not TOML: {error}.") from error
        if "name" not in record:
            raise ScenarioError('A scenario needs a line such as: name = "Ontario FM +10 %".')
        scenario = cls(str(record["name"]))
        for row in record.get("lever", []):
            given = dict(row)
            action = given.pop("action", None)
            if action not in _ACTIONS:
                raise UnknownNameError("action", action, _ACTIONS)
            value = given.pop("value", None)
            method: Callable[..., Scenario] = getattr(scenario, action)
            scenario = method(**given) if value is None else method(value, **given)
        return scenario

    def _with(self, action: str, value: float | bool | None, where: Mapping[str, Any]) -> Scenario:
        chosen = tuple((column, _texts(column, values)) for column, values in where.items())
        return Scenario(self.name, (*self.levers, Lever(action, value, chosen)))


def _texts(column: str, values: Any) -> tuple[str, ...]:
    items = (values,) if isinstance(values, (str, int)) else tuple(values)
    if not items:
        raise ArgumentError(f"{column}=[] selects nothing: name at least one value or leave the column out.")
    return tuple(str(item) for item in items)


def _number(argument: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{argument}={value!r} should be a number.") from error
    if not math.isfinite(number) or number < 0:
        raise ArgumentError(f"{argument}={value!r} should be a finite number that is not negative.")
    return number


def _select(market: Market, lever: Lever) -> np.ndarray:
    """Return which programs a lever selects, bool of shape (P,)."""
    programs = market.programs
    chosen = pd.Series(True, index=programs.index)
    for column, values in lever.where:
        if column not in programs.columns:
            raise UnknownNameError("column", column, programs.columns)
        texts = programs[column].astype(str)
        for value in values:
            if not (texts == value).any():
                raise UnknownNameError(column, value, texts.unique())
        chosen &= texts.isin(values)
    if not chosen.any():
        where = ", ".join(f"{column}={list(values)}" for column, values in lever.where)
        raise ScenarioError(f"{lever.action}: no program has {where} together. Check the combination.")
    return chosen.to_numpy()


def _share_out(quota: np.ndarray, total: int) -> np.ndarray:
    """Return whole seats that sum to `total`, in proportion to `quota`, by largest remainder."""
    if quota.sum() == 0:
        raise ScenarioError(
            "The programs selected have no seats, so there is no proportion to share by: use set_quota."
        )
    exact = quota * (total / quota.sum())
    whole: np.ndarray = np.floor(exact + 1e-9).astype(np.int32)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _set_quota(market: Market, chosen: np.ndarray, seats: Any) -> Market:
    quota = market.tables.program_quota.copy()
    quota[chosen] = seats
    return market.with_tables(program_quota=quota)


def _scale_quota(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever)
    quota = market.tables.program_quota[chosen]
    return _set_quota(market, chosen, _share_out(quota, math.floor(quota.sum() * float(lever.value or 0.0) + 0.5)))


def _add_seats(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever)
    quota = market.tables.program_quota[chosen]
    total = int(quota.sum()) + int(lever.value or 0)
    if total < 0:
        raise ScenarioError(f"add_seats {lever.value}: the programs selected have only {quota.sum()} seats.")
    return _set_quota(market, chosen, _share_out(quota, total))


def _fix_quota(market: Market, lever: Lever) -> Market:
    return _set_quota(market, _select(market, lever), int(lever.value or 0))


def _close(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever)
    first, second = market.tables.first_open.copy(), market.tables.second_open.copy()
    first[chosen], second[chosen] = 0, 0
    closed = _set_quota(market, chosen, 0)
    back = np.where(chosen, -1, market.tables.reverts_to).astype(np.int32)
    back[np.isin(back, np.flatnonzero(chosen))] = -1
    return closed.with_tables(first_open=first, second_open=second, reverts_to=back)


def _scale_demand(market: Market, lever: Lever) -> Market:
    programs = market.programs
    chosen = np.unique(market.tables.program_discipline[_select(market, lever)])
    if len(chosen) == programs["discipline"].nunique():
        raise ScenarioError("scale_demand on every discipline alike changes nothing: select some.")
    weight = market.tables.first_weight.copy()
    weight[:, chosen] *= float(lever.value or 0.0)
    return market.with_tables(first_weight=weight)


def _shift_preference(market: Market, lever: Lever) -> Market:
    appeal = market.tables.program_appeal.copy()
    appeal[_select(market, lever)] += float(lever.value or 0.0)
    return market.with_tables(program_appeal=appeal)


def _scale_class(market: Market, lever: Lever) -> Market:
    classes = market.cohort.classes.index
    names = lever.where[0][1]
    for name in names:
        if name not in classes:
            raise UnknownNameError("applicant_class", name, classes)
    return market.with_class_sizes(dict.fromkeys(names, float(lever.value or 0.0)))


def _second_iteration(market: Market, lever: Lever) -> Market:
    return market.with_second_iteration(bool(lever.value))


def _reversions(market: Market, lever: Lever) -> Market:
    if lever.value:
        return market
    return market.with_tables(reverts_to=np.full(market.n_programs, -1, dtype=np.int32))


_ACTIONS: dict[str, Callable[[Market, Lever], Market]] = {
    "scale_quota": _scale_quota,
    "set_quota": _fix_quota,
    "add_seats": _add_seats,
    "close_programs": _close,
    "scale_demand": _scale_demand,
    "shift_preference": _shift_preference,
    "scale_class": _scale_class,
    "second_iteration": _second_iteration,
    "reversions": _reversions,
}
