"""Levers at work: how each changes a market.

Belongs here: selecting programs or applicants, and one function a lever that returns the changed market. Does not
belong here: how a scenario is written, and its TOML form, which are `scenario`.

Causality: demand does not follow quota. Applicants apply, and programs interview, as they would have with the quotas
of the release, unless a lever says otherwise. A program that a lever adds is wanted, and interviews, as its quota says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ScenarioError, UnknownNameError
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.market_changes import reverting, with_programs, with_schools
from carms_lib.simulator.inputs.program_table import ELIGIBILITY, LANGUAGES

__all__ = ["ACTIONS", "Lever"]

_OF_STREAMS = ("from_stream", "to_stream")
_NOT_SELECTING = _OF_STREAMS
_OF_NEW = ("program_stream_id", "like")


@dataclass(frozen=True)
class Lever:
    """One change to a market.

    Parameters
    ----------
    action : str
        A name in the table of levers.
    value : float, bool or str, optional
        By how much, where the action needs it.
    where : tuple of (str, tuple of str)
        Column and allowed values, for each column that selects.
    """

    action: str
    value: float | bool | str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the lever as plain values."""
        record: dict[str, Any] = {"action": self.action}
        if self.value is not None:
            record["value"] = self.value
        record.update({column: list(values) for column, values in self.where})
        return record


def _select(market: Market, lever: Lever, **given: str) -> np.ndarray:
    """Return which programs a lever selects, together with the columns `given`; bool of shape (P,)."""
    programs = market.programs
    chosen = pd.Series(True, index=programs.index)
    where = {**dict(lever.where), **{column: (value,) for column, value in given.items()}}
    for column in _NOT_SELECTING:
        where.pop(column, None)
    for column, values in where.items():
        if column not in programs.columns:
            raise UnknownNameError("column", column, programs.columns)
        texts = programs[column].astype(str)
        for value in values:
            if not (texts == value).any():
                raise UnknownNameError(column, value, texts.unique())
        chosen &= texts.isin(values)
    if not chosen.any():
        told = ", ".join(f"{column}={list(values)}" for column, values in where.items())
        raise ScenarioError(f"{lever.action}: no program has {told} together. Check the combination.")
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
        return market.with_tables(reverts_to=reverting(market))
    return market.with_tables(reverts_to=np.full(market.n_programs, -1, dtype=np.int32))


def _add_program(market: Market, lever: Lever) -> Market:
    given = {column: values[0] for column, values in lever.where}
    key, like = (given.pop(column) for column in _OF_NEW)
    ids = market.programs["program_stream_id"]
    if (ids == key).any():
        raise ScenarioError(f"add_program: there is a program {key!r} already; give the new one another id.")
    if not (ids == like).any():
        raise UnknownNameError("like", like, ids)
    row = market.programs[ids == like].copy()
    for column, value in given.items():
        if column not in row.columns:
            raise UnknownNameError("column", column, market.programs.columns)
        row[column] = value
    row["program_stream_id"], row["quota"] = key, int(lever.value or 0)
    return with_programs(market, row)


def _move_seats(market: Market, lever: Lever) -> Market:
    given = {column: values[0] for column, values in lever.where if column in _OF_STREAMS}
    for column in _OF_STREAMS:
        if given[column] not in ELIGIBILITY:
            raise UnknownNameError(column, given[column], ELIGIBILITY)
    source = _select(market, lever, eligibility=given["from_stream"])
    target = _select(market, lever, eligibility=given["to_stream"])
    quota, seats = market.tables.program_quota, int(lever.value or 0)
    if seats > quota[source].sum():
        raise ScenarioError(f"move_seats {seats}: the programs selected have only {quota[source].sum()} seats to move.")
    moved = quota.copy()
    moved[source] = _share_out(quota[source], int(quota[source].sum()) - seats)
    moved[target] = _share_out(quota[target], int(quota[target].sum()) + seats)
    return market.with_tables(program_quota=moved)


def _merge_streams(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever) & market.programs["eligibility"].isin(["CMG", "IMG"]).to_numpy()
    if not chosen.any():
        raise ScenarioError("merge_streams: no program selected is of the CMG or the IMG stream.")
    return _with_columns(market, chosen, eligibility="ALL")


def _split_streams(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever) & (market.programs["eligibility"] == "ALL").to_numpy()
    if not chosen.any():
        raise ScenarioError("split_streams: no program selected is open to all, so there is nothing to split.")
    before, demand = market.tables.program_quota, market.tables.program_demand_quota
    given = np.floor(before * float(lever.value or 0.0) + 0.5).astype(np.int32)
    twins = market.programs[chosen].copy()
    twins["program_stream_id"] += "/IMG"
    twins["eligibility"], twins["quota"] = "IMG", given[chosen]
    taken = set(twins["program_stream_id"]) & set(market.programs["program_stream_id"])
    if taken:
        raise ScenarioError(f"split_streams: there are programs {sorted(taken)[:5]} already.")
    seen = np.floor(demand * float(lever.value or 0.0) + 0.5).astype(np.int32)
    split = _with_columns(market, chosen, eligibility="CMG").with_tables(
        program_quota=np.where(chosen, before - given, before).astype(np.int32),
        program_demand_quota=np.where(chosen, demand - seen, demand).astype(np.int32),
    )
    return with_programs(split, twins)


def _set_language(market: Market, lever: Lever) -> Market:
    if lever.value not in LANGUAGES:
        raise UnknownNameError("language", str(lever.value), LANGUAGES)
    return _with_columns(market, _select(market, lever), language=str(lever.value))


def _scale_interviews(market: Market, lever: Lever) -> Market:
    factor = market.tables.interview_factor.copy()
    factor[_select(market, lever)] *= float(lever.value or 0.0)
    return market.with_tables(interview_factor=factor)


def _change_mix(market: Market, lever: Lever) -> Market:
    schools = market.cohort.schools
    names = lever.where[0][1]
    for name in names:
        if name not in schools.index:
            raise UnknownNameError("graduation_school", name, schools.index)
    graduates = schools["graduates"].where(~schools.index.isin(names), schools["graduates"] * float(lever.value or 0.0))
    if graduates.sum() <= 0:
        raise ScenarioError("change_mix: no school would have graduates.")
    return with_schools(market, schools.assign(graduates=graduates))


def _with_columns(market: Market, chosen: np.ndarray, **columns: str) -> Market:
    """Return a market in which the programs chosen have other words in some columns, and all that follows from them."""
    rows = market.programs[chosen].copy()
    for column, value in columns.items():
        rows[column] = value
    return with_programs(market, rows)


ACTIONS: dict[str, Callable[[Market, Lever], Market]] = {
    "scale_quota": _scale_quota,
    "set_quota": _fix_quota,
    "add_seats": _add_seats,
    "close_programs": _close,
    "scale_demand": _scale_demand,
    "shift_preference": _shift_preference,
    "scale_class": _scale_class,
    "second_iteration": _second_iteration,
    "reversions": _reversions,
    "add_program": _add_program,
    "move_seats": _move_seats,
    "merge_streams": _merge_streams,
    "split_streams": _split_streams,
    "set_language": _set_language,
    "scale_interviews": _scale_interviews,
    "change_mix": _change_mix,
}
