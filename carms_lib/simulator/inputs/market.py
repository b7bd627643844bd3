"""The market: programs of a release and applicants of a cohort, joined as integer arrays.

Belongs here: numbering what the table of programs names, joining it with the applicants of a cohort, and markets made
from markets. Does not belong here: randomness; a market is the same for every draw; and what a scenario asks for.

A market carries what levers have done to it in its arrays, so it is not built again from its table: rows that are new
or changed are built, and put among the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.argument_checks import check_instance
from carms_lib.exceptions import MarketError, UnknownNameError
from carms_lib.kernels.noise import key_of_text
from carms_lib.provenance import Provenance
from carms_lib.simulator.inputs.applicants import build_roster
from carms_lib.simulator.inputs.cohort import Cohort
from carms_lib.simulator.inputs.margins import margins_hold
from carms_lib.simulator.inputs.program_table import ELIGIBILITY, LANGUAGES, check_programs, interview_limits
from carms_lib.simulator.inputs.rules import RULES, rule_arrays
from carms_lib.simulator.inputs.seat_plan import SeatPlan, seat_plan, shown_quota
from carms_lib.simulator.inputs.tables import AXES, Tables, closed

__all__ = ["Market", "reverting", "with_programs", "with_rule", "with_schools"]


@dataclass(frozen=True)
class Market:
    """Programs and applicants, ready to be matched.

    Build one with `Market.from_gold`.

    Attributes
    ----------
    programs : pandas.DataFrame
        One row per program, sorted by discipline and program_stream_id: every column of the table given, and
        `province`, the same as school_province.
    applicants : pandas.DataFrame
        One row per applicant laid out: applicant_class, graduation_school, home_province, first_language. How many
        of each class take part is drawn anew in each draw.
    cohort : Cohort
    provenance : Provenance
    """

    programs: pd.DataFrame
    applicants: pd.DataFrame
    cohort: Cohort
    tables: Tables = field(repr=False)
    provenance: Provenance = field(repr=False)
    second_iteration: bool = True
    size_factor: Mapping[str, float] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", closed(self.tables))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"tables": closed(state["tables"])})

    @classmethod
    def from_gold(
        cls,
        gold: pd.DataFrame | Mapping[str, pd.DataFrame],
        cohort: Cohort,
        *,
        provenance: Provenance | None = None,
    ) -> Market:
        """Join a table of programs with a cohort.

        Parameters
        ----------
        gold : pandas.DataFrame or mapping with a frame "program"
            One row per program with the columns of `PROGRAM_COLUMNS`. quota [seats] is an integer, not negative.
            interview_band is a share of applicants in percent, such as "26 - 50".
        cohort : Cohort
        provenance : Provenance, optional
            What the table was made from. By default what `gold` says of itself, as what `to_gold` and `build` return
            does; a frame or plain dict says only which release its column release_id names.

        Returns
        -------
        Market

        Raises
        ------
        MarketError
            A column is missing or holds what it must not; each message names up to five programs.
        """
        check_instance("cohort", cohort, Cohort, "load_cohort('2025')")
        frame = gold if isinstance(gold, pd.DataFrame) else _program_frame(gold)
        programs = check_programs(frame, cohort)
        if provenance is None:
            own = getattr(gold, "provenance", None)  # of a frame this may be a column of that name
            provenance = own if isinstance(own, Provenance) else Provenance(release_id=_release_of(frame))
        provenance = provenance.with_settings(cohort=cohort.name)
        return _assemble(programs, cohort, provenance, {})

    @property
    def n_applicants(self) -> int:
        """Applicants laid out; a draw uses some or all of them."""
        return len(self.tables.applicant_type)

    @property
    def n_programs(self) -> int:
        """Programs."""
        return len(self.programs)

    @property
    def class_factors(self) -> np.ndarray:
        """Factor on the size of each class of applicants, float64 of shape (C,)."""
        return np.array([self.size_factor.get(name, 1.0) for name in self.cohort.classes.index])

    @property
    def seats(self) -> int | float:
        """Seats in all, before quotas drift; a fraction only where levers left one."""
        total: int | float = shown_quota(self.tables.program_quota.sum(keepdims=True))[0].item()
        return total

    @property
    def margins(self) -> pd.DataFrame:
        """The cohort's known margins, in which each draw's seats are held; empty where they are of other programs."""
        margins = self.cohort.margins
        return margins if margins_hold(self.programs, self.tables.program_base_quota, margins) else margins.iloc[:0]

    @cached_property
    def seat_plan(self) -> SeatPlan:
        """What the seats of a draw are before rounding, as the kernels see it."""
        return seat_plan(self.tables, self.programs, self.cohort.margins)

    def __repr__(self) -> str:
        return (
            f"Market: {self.n_programs:,} programs, {self.seats:,} seats, {self.programs['discipline'].nunique()} "
            f"disciplines; cohort {self.cohort.name!r}, about {self.cohort.classes['size'].sum():,.0f} applicants"
        )

    def with_tables(self, **changes: np.ndarray) -> Market:
        """Return a copy with some arrays replaced; the programs' quota column follows."""
        tables = self.tables._replace(**changes)
        programs = self.programs.assign(quota=shown_quota(tables.program_quota))
        return replace(self, tables=tables, programs=programs)

    def with_second_iteration(self, enabled: bool) -> Market:
        """Return a copy that holds the second iteration if `enabled`, or leaves it out."""
        return replace(self, second_iteration=enabled)

    def with_class_sizes(self, factor: Mapping[str, float]) -> Market:
        """Return a copy whose classes of applicants are larger or smaller, each by its `factor` (1 where absent)."""
        combined = {
            name: self.size_factor.get(name, 1.0) * factor.get(name, 1.0) for name in {*self.size_factor, *factor}
        }
        roster = build_roster(self.cohort, combined)
        tables = self.tables._replace(**roster.arrays)
        return replace(self, tables=tables, applicants=roster.applicants, size_factor=combined)


def _program_frame(gold: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    try:
        return gold["program"]
    except (KeyError, TypeError, IndexError) as error:
        given = type(gold).__name__
        raise MarketError(f"gold is a {given} without a frame 'program': give to_gold(…) or such a frame.") from error


def _release_of(frame: pd.DataFrame) -> str:
    if "release_id" not in frame.columns:
        return ""
    found = frame["release_id"].astype(str).unique()
    return str(found[0]) if len(found) == 1 else ""


def _assemble(programs: pd.DataFrame, cohort: Cohort, provenance: Provenance, factor: Mapping[str, float]) -> Market:
    """Return the market of a checked table of programs and a cohort; `factor` is that of each class's size."""
    roster = build_roster(cohort, factor)
    provinces = {code: i for i, code in enumerate(cohort.provinces.index)}
    schools = {name: i for i, name in enumerate(cohort.schools.index)}
    disciplines = programs["discipline"].astype(str)
    names = list(dict.fromkeys(disciplines))
    number = {name: i for i, name in enumerate(names)}
    low, high = interview_limits(programs)
    province = programs["school_province"].map(provinces).to_numpy(np.int32)
    quota = programs["quota"].to_numpy(np.float64)
    stream = programs["eligibility"].map({name: i for i, name in enumerate(ELIGIBILITY)}).to_numpy(np.int8)
    where = cohort.provinces
    weights = _discipline_weights(names, cohort)
    tables = Tables(
        **roster.arrays,
        class_abroad=(cohort.classes["graduates_of"] == "abroad").to_numpy(bool),
        class_img=(cohort.classes["stream"] == "IMG").to_numpy(bool),
        class_couples=((cohort.classes["graduates_of"] == "schools") & (cohort.classes["stream"] == "CMG")).to_numpy(
            bool
        ),
        class_merit=cohort.classes["merit"].to_numpy(np.float64),
        class_first=cohort.classes["first_iteration"].to_numpy(np.float64),
        class_second=cohort.classes["second_iteration"].to_numpy(np.float64),
        program_discipline=disciplines.map(number).to_numpy(np.int32),
        program_school=programs["school"].map(schools).fillna(-1).to_numpy(np.int32),
        program_province=province,
        program_language=programs["language"].map({name: i for i, name in enumerate(LANGUAGES)}).to_numpy(np.int8),
        program_key=np.array([key_of_text(key) for key in programs["program_stream_id"]], dtype=np.uint64),
        program_quota=quota,
        program_demand_quota=quota,
        program_base_quota=quota,
        seats_from=np.arange(len(programs), dtype=np.int32),
        seats_share=np.ones(len(programs)),
        program_stream=stream,
        base_stream=stream,
        program_appeal=where["appeal"].to_numpy(np.float64)[province],
        province_attachment=where["attachment"].to_numpy(np.float64),
        interview_low=low,
        interview_high=high,
        interview_factor=np.ones(len(programs)),
        only_abroad=(programs["eligibility"] == "IMG").to_numpy(bool),
        discipline_start=np.concatenate([[0], np.cumsum(disciplines.value_counts().reindex(names).to_numpy())]).astype(
            np.int64
        ),
        discipline_key=cohort.disciplines.index.get_indexer(pd.Index(names)).astype(np.uint64),
        school_attachment=cohort.schools["attachment"].to_numpy(np.float64),
        **weights,
        **rule_arrays(programs, cohort.classes, cohort.provinces),
    )
    return Market(programs, roster.applicants, cohort, tables, provenance)


def _discipline_weights(names: list[str], cohort: Cohort) -> dict[str, np.ndarray]:
    known = cohort.disciplines
    strangers = [name for name in names if name not in known.index]
    if strangers:
        hint = UnknownNameError("discipline", strangers[0], known.index)
        raise MarketError(
            f"The cohort {cohort.name!r} says nothing of {len(strangers)} disciplines of the programs: {hint} "
            "Add a row to its disciplines table, or name them as the cohort does."
        )
    table = known.loc[names]
    weights: dict[str, np.ndarray] = {
        field: table[[f"cmg_{column}", f"img_{column}"]].to_numpy(np.float64).T.copy()
        for field, column in (("first_weight", "first"), ("only_share", "only"), ("behind_weight", "behind"))
    }
    weights["discipline_row"] = known.index.get_indexer(pd.Index(names)).astype(np.int64)
    tastes = cohort.tastes.reindex(index=cohort.schools.index, columns=names).fillna(0.0)
    weights["school_taste"] = np.exp(tastes.to_numpy(np.float64))
    if weights["first_weight"].sum() <= 0:
        raise MarketError("Nobody wants any of the disciplines of the programs: all first-choice weights are zero.")
    return weights


# Numbers of programs and of disciplines change with the table: built anew, never carried over.
_NUMBERED = {"program_discipline", "discipline_start", "reverts_to", "seats_from"}
_OF_PROGRAMS = tuple(name for name, axis in AXES.items() if axis == "program" and name not in _NUMBERED)
_OF_DISCIPLINES = tuple(name for name, axis in AXES.items() if axis == "discipline" and name not in _NUMBERED)

# Arrays that say what the words of a row say: stream, language, place, school, band. A changed row has them anew; all
# others stay as levers have left them.
_FROM_WORDS = {
    "first_open",
    "second_open",
    "only_abroad",
    "residence",
    "schooling",
    "interview_low",
    "interview_high",
    "program_language",
    "program_school",
    "program_province",
    "program_stream",
}


def with_programs(market: Market, rows: pd.DataFrame) -> Market:
    """Return a market with some programs added or changed.

    Parameters
    ----------
    market : Market
    rows : pandas.DataFrame
        One row per program with the columns of the market's own table. A row whose program_stream_id the market has
        takes the place of that program; appeal, quotas and interviews stay as levers have left them.

    Returns
    -------
    Market
    """
    fresh = check_programs(rows, market.cohort, whole=False)
    kept = market.programs[~market.programs["program_stream_id"].isin(fresh["program_stream_id"])]
    table = pd.concat([kept, fresh]).sort_values(["discipline", "program_stream_id"], ignore_index=True)
    built = _assemble(table, market.cohort, market.provenance, {}).tables
    before = pd.Index(market.programs["program_stream_id"]).get_indexer(pd.Index(table["program_stream_id"]))
    known = before >= 0
    unchanged = known & ~table["program_stream_id"].isin(fresh["program_stream_id"]).to_numpy()
    arrays: dict[str, np.ndarray] = {}
    for name in _OF_PROGRAMS:
        arrays[name] = getattr(built, name).copy()
        stays = unchanged if name in _FROM_WORDS else known
        arrays[name][stays] = getattr(market.tables, name)[before[stays]]
    arrays["program_base_quota"][~known] = 0.0  # a new program has nothing of the release
    arrays["seats_from"] = np.arange(len(table), dtype=np.int32)
    after = np.empty(market.n_programs, dtype=np.int32)
    after[before[known]] = np.flatnonzero(known)
    arrays["seats_from"][known] = after[market.tables.seats_from[before[known]]]
    names = pd.Index(market.programs["discipline"].unique())
    place = names.get_indexer(pd.Index(table["discipline"].unique()))
    for name in _OF_DISCIPLINES:
        arrays[name] = getattr(built, name).copy()
        arrays[name][..., place >= 0] = getattr(market.tables, name)[..., place[place >= 0]]
    arrays["program_discipline"], arrays["discipline_start"] = built.program_discipline, built.discipline_start
    tables = market.tables._replace(**arrays, reverts_to=np.full(len(table), -1, dtype=np.int32))
    made = replace(market, programs=table.assign(quota=shown_quota(tables.program_quota)), tables=tables)
    if (market.tables.reverts_to >= 0).any():
        made = made.with_tables(reverts_to=reverting(made))
    return made


def reverting(market: Market) -> np.ndarray:
    """Return which program takes each one's unfilled seats by the cohort's rules; -1 for none, and for the closed."""
    target = rule_arrays(market.programs, market.cohort.classes, market.cohort.provinces)["reverts_to"].copy()
    closed = market.tables.first_open == 0  # without seats for now is not closed: a later lever may add some
    target[closed] = -1
    target[(target >= 0) & closed[np.maximum(target, 0)]] = -1
    return target


def with_rule(market: Market, rule: str, provinces: Sequence[str], value: bool | str) -> Market:
    """Return a market in which a rule of some provinces has another value.

    Parameters
    ----------
    market : Market
    rule : str
        A name of `RULES`.
    provinces : sequence of str
    value : bool or str
        One that the rule allows.

    Returns
    -------
    Market
        Its cohort states the rule. Arrays change only for the programs of these provinces that are not closed, and
        an array in which nothing changes stays the same array, so that the lists of a draw can be shared.
    """
    stated = market.cohort.provinces[rule].copy()
    stated[stated.index.isin(provinces)] = value
    made = replace(market, cohort=replace(market.cohort, provinces=market.cohort.provinces.assign(**{rule: stated})))
    tables = market.tables
    closed = (tables.first_open == 0) & (tables.second_open == 0) & (tables.program_quota == 0)
    there = market.programs["school_province"].isin(provinces).to_numpy() & ~closed
    fresh = rule_arrays(made.programs, made.cohort.classes, made.cohort.provinces)
    fresh["reverts_to"] = reverting(made)
    arrays = {name: np.where(there, fresh[name], getattr(tables, name)) for name in RULES[rule].touches}
    return made.with_tables(
        **{name: array for name, array in arrays.items() if not np.array_equal(array, getattr(tables, name))}
    )


def with_schools(market: Market, schools: pd.DataFrame) -> Market:
    """Return a market whose graduates come from other schools, or in another mix."""
    cohort = replace(market.cohort, schools=schools)
    roster = build_roster(cohort, market.size_factor)
    tables = market.tables._replace(**roster.arrays)
    return replace(market, cohort=cohort, tables=tables, applicants=roster.applicants)
