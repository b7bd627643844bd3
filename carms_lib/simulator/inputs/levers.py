"""The registry of levers: one row for each change that a scenario can make to a market.

Belongs here: `Lever`, the value of one change, checked when it is made; the registry, with the check of each lever's
value, its effect and the arrays that it touches; and the effects. Does not belong here: how a scenario is written, and
its TOML form, which are `scenario`.

Causality: demand does not follow quota. Applicants apply, and programs interview, as they would have with the quotas
of the release, unless a lever says otherwise. A program that a lever adds is wanted, and interviews, as its quota says.

A new lever is a row of `LEVERS` with its effect here, and a typed method of `Scenario`.
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, LargeChangeWarning, ScenarioError, UnknownNameError
from carms_lib.simulator.inputs.market import Market, reverting, with_programs, with_rule, with_schools
from carms_lib.simulator.inputs.program_table import ELIGIBILITY, LANGUAGES, unknown_value
from carms_lib.simulator.inputs.rounding import half_up
from carms_lib.simulator.inputs.rules import RULES
from carms_lib.simulator.inputs.tables import AXES, NOT_IN_LISTS

__all__ = ["LEAST_FACTOR", "LEVERS", "MOST_FACTOR", "Lever", "LeverKind"]

Value = float | bool | str | None
_STREAMS = ("from_stream", "to_stream")
#: A factor on quotas outside these warns with the seats that it adds or removes.
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0
_NEARLY = 1e-9  # seats; sums of exact numbers miss a whole one by less
_NO_COLUMNS = (*_STREAMS, "rule")  # keys that select no program


@dataclass(frozen=True)
class Lever:
    """One change to a market.

    Parameters
    ----------
    action : str
        The name of a row of `LEVERS`.
    value : float, bool or str, optional
        By how much, where the action needs it.
    where : tuple of (str, tuple of str), or mapping
        Column and allowed values, for each column that selects.

    Raises
    ------
    UnknownNameError
        There is no such action; near names are offered.
    ArgumentError
        The value is missing, not of the action's kind or out of range; a selection is empty; a key that the action
        needs is missing, or it does not select by one that is given.
    """

    action: str
    value: Value = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        action: Any = self.action
        if not isinstance(action, str) or action not in LEVERS:
            raise UnknownNameError("action", self.action, LEVERS)
        kind = LEVERS[action]
        given = self.where.items() if isinstance(self.where, Mapping) else self.where
        where = tuple((str(column), _texts(str(column), values)) for column, values in given)
        kind.check_keys([column for column, _ in where])
        object.__setattr__(self, "where", where)
        value = self.value if kind.agrees is None else kind.agrees(self)
        object.__setattr__(self, "value", kind.check(kind.argument, value))

    @property
    def kind(self) -> LeverKind:
        """The row of the registry."""
        return LEVERS[self.action]

    def apply(self, market: Market) -> Market:
        """Return the market that the lever makes of `market`."""
        return self.kind.effect(market, self)

    def to_dict(self) -> dict[str, Any]:
        """Return the lever as plain values; `from_dict` reads them back."""
        record: dict[str, Any] = {"action": self.action}
        if self.value is not None:
            record["value"] = self.value
        record.update({column: list(values) for column, values in self.where})
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Lever:
        """Return the lever of a `record` such as `to_dict` returns."""
        where = {column: values for column, values in record.items() if column not in {"action", "value"}}
        return cls(record.get("action", ""), record.get("value"), tuple(where.items()))


@dataclass(frozen=True)
class LeverKind:
    """One row of the registry.

    Parameters
    ----------
    effect : callable
        (market, lever) -> the changed market.
    touches : frozenset of str
        Arrays of `Tables`, and attributes of `Market`, that the effect may change. A test compares.
    argument : str
        What the method calls the value, for errors; "" where there is none.
    check : callable
        (argument, value) -> the value in its own type, or ArgumentError.
    keys : tuple of str
        Columns that must be given.
    selects : bool
        Whether columns of the table of programs select besides.
    agrees : callable, optional
        lever -> its value, or an error, where what is allowed depends on the keys.
    """

    effect: Callable[[Market, Lever], Market]
    touches: frozenset[str]
    argument: str
    check: Callable[[str, Any], Value]
    keys: tuple[str, ...] = ()
    selects: bool = True
    agrees: Callable[[Lever], Value] | None = None

    @property
    def draws_new_lists(self) -> bool:
        """Whether rank-order lists must be drawn anew; else the match alone is run again."""
        return bool(self.touches - NOT_IN_LISTS - {"second_iteration"})

    def check_keys(self, given: Iterable[str]) -> None:
        """Raise ArgumentError where a key is missing or must not be there."""
        given = list(given)
        name = next(name for name, kind in LEVERS.items() if kind is self)
        missing = [key for key in self.keys if key not in given]
        strange = [] if self.selects else [key for key in given if key not in self.keys]
        if missing or strange:
            allowed = ", ".join(self.keys) or "nothing"
            rest = ", and columns of the table of programs" if self.selects else " alone"
            raise ArgumentError(
                f"{name} has {sorted(given)}: "
                + (f"{missing} missing" if missing else f"{strange} not allowed")
                + f". It takes {allowed}{rest}."
            )


# --- checks of values ---------------------------------------------------------------------------------------------


def _texts(column: str, values: Any) -> tuple[str, ...]:
    try:
        items = (values,) if isinstance(values, (str, int)) else tuple(values)
    except TypeError as error:
        raise ArgumentError(f"{column}={values!r} should be a value or a list of values.") from error
    if not items:
        raise ArgumentError(f"{column}=[] selects nothing: name at least one value or leave the column out.")
    return tuple(str(item) for item in items)


def _finite(argument: str, value: Any) -> float:
    """A number of any sign; True, False and text are none."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ArgumentError(f"{argument}={value!r} should be a finite number.")
    return float(value)


def _not_negative(argument: str, value: Any) -> float:
    number = _finite(argument, value)
    if number < 0:
        raise ArgumentError(f"{argument}={value!r} should be a finite number that is not negative.")
    return number


def _share(argument: str, value: Any) -> float:
    number = _not_negative(argument, value)
    if number > 1:
        raise ArgumentError(f"{argument}={value!r} should lie between 0 and 1.")
    return number


def _whole(argument: str, value: Any) -> int:
    number = _finite(argument, value)
    if number % 1:
        raise ArgumentError(f"{argument}={value!r} must be a whole number.")
    return int(number)


def _count(argument: str, value: Any) -> int:
    return _whole(argument, _not_negative(argument, value))


def _switch(argument: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{argument}={value!r} must be True or False.")
    return bool(value)


def _language(argument: str, value: Any) -> str:
    if not isinstance(value, str) or value not in LANGUAGES:
        raise UnknownNameError(argument, str(value), LANGUAGES)
    return str(value)


def _of_rule(lever: Lever) -> Value:
    """The value of the rule that a lever names."""
    names = dict(lever.where)["rule"]
    if len(names) != 1:
        raise ArgumentError(f"rule={list(names)}: set one rule at a time, with a lever for each.")
    if names[0] not in RULES:
        raise UnknownNameError("rule", names[0], RULES)
    try:
        return RULES[names[0]].check("value", lever.value)
    except ArgumentError as error:
        raise ArgumentError(f"rule={names[0]!r}: {error} {RULES[names[0]].meaning}") from error


def _as_it_is(argument: str, value: Any) -> Any:  # noqa: ARG001 - the signature of a check
    return value


def _nothing(argument: str, value: Any) -> None:  # noqa: ARG001 - the signature of a check
    if value is not None:
        raise ArgumentError(f"value={value!r}: this lever takes no value.")


# --- effects ------------------------------------------------------------------------------------------------------


def _select(market: Market, lever: Lever, **given: str) -> np.ndarray:
    """Return which programs a lever selects, together with the columns `given`; bool of shape (P,)."""
    programs = market.programs
    chosen = pd.Series(True, index=programs.index)
    where = {column: values for column, values in lever.where if column not in _NO_COLUMNS}
    where |= {column: (value,) for column, value in given.items()}
    for column, values in where.items():
        if column not in programs.columns:
            raise UnknownNameError("column", column, programs.columns)
        texts = programs[column].astype(str)
        for value in values:
            if not (texts == value).any():
                raise unknown_value(programs, column, value)
        chosen &= texts.isin(values)
    if not chosen.any():
        told = ", ".join(f"{column}={list(values)}" for column, values in where.items())
        raise ScenarioError(f"{lever.action}: no program has {told} together. Check the combination.")
    return chosen.to_numpy()


def _amount(lever: Lever) -> float:
    """The value of a lever whose check let a number pass."""
    return float(lever.value)  # type: ignore[arg-type]


def _in_proportion(quota: np.ndarray, total: float) -> np.ndarray:
    """Return exact numbers of seats in proportion to quota that sum to `total`, float64."""
    if quota.sum() <= 0:
        raise ScenarioError(
            "The programs selected have no seats, so there is no proportion to share by: use set_quota."
        )
    exact: np.ndarray = quota * (total / quota.sum())
    return exact


def _with_quota(market: Market, chosen: np.ndarray, seats: Any) -> Market:
    quota = market.tables.program_quota.copy()
    quota[chosen] = seats
    return market.with_tables(program_quota=quota)


def _scale_quota(market: Market, lever: Lever) -> Market:
    chosen, factor = _select(market, lever), _amount(lever)
    quota = market.tables.program_quota[chosen]
    total = half_up(quota.sum() * factor)
    if not LEAST_FACTOR <= factor <= MOST_FACTOR:
        change = total - quota.sum()
        warnings.warn(
            f"scale_quota({factor:g}) {'adds' if change >= 0 else 'removes'} {abs(change):,.0f} seats: the programs "
            f"selected have {quota.sum():,.0f} and would have {total:,}. Factors from {LEAST_FACTOR:g} to "
            f"{MOST_FACTOR:g} give no warning; ten percent more is 1.10.",
            LargeChangeWarning,
            stacklevel=2,
        )
    return _with_quota(market, chosen, _in_proportion(quota, total))


def _set_quota(market: Market, lever: Lever) -> Market:
    return _with_quota(market, _select(market, lever), _amount(lever))


def _add_seats(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever)
    quota = market.tables.program_quota[chosen]
    total = quota.sum() + _amount(lever)
    if total < -_NEARLY:
        raise ScenarioError(f"add_seats {lever.value}: the programs selected have only {quota.sum():g} seats.")
    return _with_quota(market, chosen, _in_proportion(quota, max(total, 0.0)))


def _close_programs(market: Market, lever: Lever) -> Market:
    chosen = _select(market, lever)
    first, second = market.tables.first_open.copy(), market.tables.second_open.copy()
    first[chosen], second[chosen] = 0, 0
    closed = _with_quota(market, chosen, 0)
    back = np.where(chosen, -1, market.tables.reverts_to).astype(np.int32)
    back[np.isin(back, np.flatnonzero(chosen))] = -1
    return closed.with_tables(first_open=first, second_open=second, reverts_to=back)


def _scale_demand(market: Market, lever: Lever) -> Market:
    programs = market.programs
    chosen = np.unique(market.tables.program_discipline[_select(market, lever)])
    if len(chosen) == programs["discipline"].nunique():
        raise ScenarioError("scale_demand on every discipline alike changes nothing: select some.")
    weight = market.tables.first_weight.copy()
    weight[:, chosen] *= _amount(lever)
    return market.with_tables(first_weight=weight)


def _shift_preference(market: Market, lever: Lever) -> Market:
    appeal = market.tables.program_appeal.copy()
    appeal[_select(market, lever)] += _amount(lever)
    return market.with_tables(program_appeal=appeal)


def _scale_class(market: Market, lever: Lever) -> Market:
    classes = market.cohort.classes.index
    names = dict(lever.where)["applicant_class"]
    for name in names:
        if name not in classes:
            raise UnknownNameError("applicant_class", name, classes)
    return market.with_class_sizes(dict.fromkeys(names, _amount(lever)))


def _second_iteration(market: Market, lever: Lever) -> Market:
    return market.with_second_iteration(bool(lever.value))


def _reversions(market: Market, lever: Lever) -> Market:
    if lever.value:
        return market.with_tables(reverts_to=reverting(market))
    return market.with_tables(reverts_to=np.full(market.n_programs, -1, dtype=np.int32))


def _set_rule(market: Market, lever: Lever) -> Market:
    _select(market, lever)  # a province without programs, or that there is not, is an error as for any lever
    where = dict(lever.where)
    return with_rule(market, where["rule"][0], where["province"], lever.value)  # type: ignore[arg-type]


def _add_program(market: Market, lever: Lever) -> Market:
    given = {column: values[0] for column, values in lever.where}
    key, like = given.pop("program_stream_id"), given.pop("like")
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
    row["program_stream_id"], row["quota"] = key, int(_amount(lever))
    return with_programs(market, row)


def _move_seats(market: Market, lever: Lever) -> Market:
    given = {column: values[0] for column, values in lever.where if column in _STREAMS}
    for column, stream in given.items():
        if stream not in ELIGIBILITY:
            raise UnknownNameError(column, stream, ELIGIBILITY)
    source = _select(market, lever, eligibility=given["from_stream"])
    target = _select(market, lever, eligibility=given["to_stream"])
    quota, seats = market.tables.program_quota, _amount(lever)
    if seats > quota[source].sum() + _NEARLY:
        raise ScenarioError(
            f"move_seats {seats:g}: the programs selected have only {quota[source].sum():g} seats to move."
        )
    moved = quota.copy()
    moved[source] = _in_proportion(quota[source], max(quota[source].sum() - seats, 0.0))
    moved[target] = _in_proportion(quota[target], quota[target].sum() + seats)
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
    ids, tables = market.programs["program_stream_id"], market.tables
    total = tables.program_quota[chosen].sum()
    share = half_up(total * _amount(lever)) / total if total > 0 else 0.0
    twins = market.programs[chosen].copy()
    twins["program_stream_id"] += "/IMG"
    twins["eligibility"], twins["quota"] = "IMG", 0.0
    taken = set(twins["program_stream_id"]) & set(ids)
    if taken:
        raise ScenarioError(f"split_streams: there are programs {sorted(taken)[:5]} already.")
    made = with_programs(_with_columns(market, chosen, eligibility="CMG"), twins)
    place = pd.Index(made.programs["program_stream_id"])
    parent, twin = place.get_indexer(pd.Index(ids[chosen])), place.get_indexer(pd.Index(twins["program_stream_id"]))
    arrays = {}
    for name in ("program_quota", "program_demand_quota", "seats_share"):
        arrays[name] = getattr(made.tables, name).copy()
        arrays[name][twin] = share * arrays[name][parent]
        arrays[name][parent] -= arrays[name][twin]
    arrays["seats_from"] = made.tables.seats_from.copy()
    arrays["seats_from"][twin] = arrays["seats_from"][parent]
    made = made.with_tables(**arrays)
    return made.with_tables(reverts_to=reverting(made)) if (made.tables.reverts_to >= 0).any() else made


def _set_language(market: Market, lever: Lever) -> Market:
    return _with_columns(market, _select(market, lever), language=str(lever.value))


def _scale_interviews(market: Market, lever: Lever) -> Market:
    factor = market.tables.interview_factor.copy()
    factor[_select(market, lever)] *= _amount(lever)
    return market.with_tables(interview_factor=factor)


def _change_mix(market: Market, lever: Lever) -> Market:
    schools = market.cohort.schools
    names = dict(lever.where)["graduation_school"]
    for name in names:
        if name not in schools.index:
            raise UnknownNameError("graduation_school", name, schools.index)
    graduates = schools["graduates"].where(~schools.index.isin(names), schools["graduates"] * _amount(lever))
    if graduates.sum() <= 0:
        raise ScenarioError("change_mix: no school would have graduates.")
    return with_schools(market, schools.assign(graduates=graduates))


def _with_columns(market: Market, chosen: np.ndarray, **columns: str) -> Market:
    """Return a market in which the programs chosen have other words in some columns, and all that follows from them."""
    rows = market.programs[chosen].copy()
    for column, value in columns.items():
        rows[column] = value
    return with_programs(market, rows)


# --- the registry -------------------------------------------------------------------------------------------------


def _all_of(*axes: str) -> frozenset[str]:
    """Every array with a row for each of what is named."""
    return frozenset(name for name, axis in AXES.items() if axis in axes)


_QUOTA = frozenset({"program_quota"})
_RULED = frozenset(name for kind in RULES.values() for name in kind.touches)
_PROGRAMS = _all_of("program", "discipline")
_APPLICANTS = _all_of("applicant", "type") | {"type_capacity"}

#: Name -> row. The name is that of the method of `Scenario`, and of the action in TOML.
LEVERS: dict[str, LeverKind] = {
    "scale_quota": LeverKind(_scale_quota, _QUOTA, "factor", _not_negative),
    "set_quota": LeverKind(_set_quota, _QUOTA, "seats", _count),
    "add_seats": LeverKind(_add_seats, _QUOTA, "seats", _whole),
    "close_programs": LeverKind(_close_programs, _QUOTA | {"first_open", "second_open", "reverts_to"}, "", _nothing),
    "scale_demand": LeverKind(
        _scale_demand, frozenset({"first_weight"}), "factor", _not_negative, ("discipline",), selects=False
    ),
    "shift_preference": LeverKind(_shift_preference, frozenset({"program_appeal"}), "log_weight", _finite),
    "scale_class": LeverKind(
        _scale_class, _APPLICANTS | {"size_factor"}, "factor", _not_negative, ("applicant_class",), selects=False
    ),
    "second_iteration": LeverKind(
        _second_iteration, frozenset({"second_iteration"}), "enabled", _switch, selects=False
    ),
    "reversions": LeverKind(_reversions, frozenset({"reverts_to"}), "enabled", _switch, selects=False),
    "set_rule": LeverKind(
        _set_rule, _RULED | {"cohort"}, "value", _as_it_is, ("province", "rule"), selects=False, agrees=_of_rule
    ),
    "add_program": LeverKind(_add_program, _PROGRAMS, "seats", _count, ("program_stream_id", "like")),
    "move_seats": LeverKind(_move_seats, _QUOTA, "seats", _count, _STREAMS),
    "merge_streams": LeverKind(_merge_streams, _PROGRAMS, "", _nothing),
    "split_streams": LeverKind(_split_streams, _PROGRAMS, "img_share", _share),
    "set_language": LeverKind(_set_language, _PROGRAMS, "language", _language),
    "scale_interviews": LeverKind(_scale_interviews, frozenset({"interview_factor"}), "factor", _not_negative),
    "change_mix": LeverKind(
        _change_mix, _APPLICANTS | {"cohort"}, "factor", _not_negative, ("graduation_school",), selects=False
    ),
}
