"""The market: programs of a release and applicants of a cohort, joined as integer arrays.

Belongs here: checking the table of programs, numbering what it names, laying out the roster of applicants, and the
rules of who may apply where. Does not belong here: randomness; a market is the same for every draw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import MarketError, UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.simulator._cohort import Cohort
from carms_lib.simulator._noise import key_of_text
from carms_lib.simulator._race import MOST_RUNNERS
from carms_lib.simulator._roster import build_roster

__all__ = ["PROGRAM_COLUMNS", "Market", "Tables", "closed"]

#: What `Market.from_gold` needs of a table of programs; every other column may be used to group results.
PROGRAM_COLUMNS = (
    "program_stream_id",
    "discipline",
    "school",
    "eligibility",
    "school_province",
    "language",
    "quota",
    "interview_band",
)
ELIGIBILITY = ("CMG", "IMG", "ALL", "MOTP")
LANGUAGES = ("en", "fr", "either")
_BAND = re.compile(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*%?")


class Tables(NamedTuple):
    """The market as the kernels see it; n applicants, P programs, K disciplines, T types, C classes."""

    applicant_type: np.ndarray  # int32[n]
    applicant_key: np.ndarray  # uint64[n]
    type_start: np.ndarray  # int64[T + 1]: applicants of a type stand together
    type_class: np.ndarray  # int32[T]
    type_school: np.ndarray  # int32[T], -1 for graduates of schools abroad
    type_school_province: np.ndarray  # int32[T], -1 likewise
    type_home: np.ndarray  # int32[T], a province
    type_french: np.ndarray  # bool[T]: French is the first language
    type_bilingual: np.ndarray  # bool[T]
    type_capacity: np.ndarray  # int64[C]: applicants laid out for each class
    class_abroad: np.ndarray  # bool[C]: whether the class wants what graduates from abroad want
    class_couples: np.ndarray  # bool[C]: whether some apply in couples
    class_merit: np.ndarray  # float64[C]
    class_first: np.ndarray  # float64[C]: share who take part in the first iteration
    class_second: np.ndarray  # float64[C]: share of the unmatched who take part in the second iteration
    program_discipline: np.ndarray  # int32[P]; programs stand sorted by discipline
    program_school: np.ndarray  # int32[P], -1 where the cohort does not know the school
    program_province: np.ndarray  # int32[P]
    program_language: np.ndarray  # int8[P]: 0 en, 1 fr, 2 either
    program_key: np.ndarray  # uint64[P]
    program_quota: np.ndarray  # int32[P], of the scenario
    program_appeal: np.ndarray  # float64[P]: log appeal that does not depend on the applicant
    province_attachment: np.ndarray  # float64[provinces]: log weight that a province adds for those who live there
    program_demand_quota: np.ndarray  # int32[P]: the quota that applicants saw; demand does not follow a lever on quota
    interview_low: np.ndarray  # float64[P], share
    interview_high: np.ndarray  # float64[P], share
    interview_factor: np.ndarray  # float64[P]: by which levers have multiplied interviews
    only_abroad: np.ndarray  # bool[P]: open to no Canadian graduate in the first iteration
    first_open: np.ndarray  # uint8[P]: bit c says that class c may apply in the first iteration
    second_open: np.ndarray  # uint8[P]: the same in the second
    residence: np.ndarray  # int32[P]: the province where graduates from abroad need to live, -1 for anywhere
    reverts_to: np.ndarray  # int32[P]: the program that takes unfilled seats, -1 for none
    discipline_start: np.ndarray  # int64[K + 1]
    discipline_key: np.ndarray  # uint64[K]
    first_weight: np.ndarray  # float64[2, K]: Canadian, international
    only_share: np.ndarray  # float64[2, K]
    behind_weight: np.ndarray  # float64[2, K]
    discipline_row: np.ndarray  # int64[K]: the discipline's row in the cohort's table
    school_taste: np.ndarray  # float64[schools, K]: factor on first choices of a school's graduates
    school_attachment: np.ndarray  # float64[schools]: log weight that a school adds for its own graduates


def closed(tables: Tables) -> Tables:
    """Return the tables with all arrays closed to writing and contiguous; what is so already stays the same array.

    numba compiles a kernel for every combination of kinds of arrays that it meets, which takes half a minute for a
    draw; arrays from pandas are often closed, computed and unpickled ones are not.
    """
    return Tables(*(array if _is_closed(array) else _closed(array) for array in tables))


def _is_closed(array: np.ndarray) -> bool:
    return not array.flags.writeable and array.flags.c_contiguous


def _closed(array: np.ndarray) -> np.ndarray:
    view = np.ascontiguousarray(array).view()  # a view: who gave the array may go on writing to it
    view.flags.writeable = False
    return view


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
        frame = gold if isinstance(gold, pd.DataFrame) else _program_frame(gold)
        programs = _check_programs(frame, cohort)
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
    def seats(self) -> int:
        """Seats in all, before quotas drift."""
        return int(self.tables.program_quota.sum())

    def __repr__(self) -> str:
        return (
            f"Market: {self.n_programs:,} programs, {self.seats:,} seats, {self.programs['discipline'].nunique()} "
            f"disciplines; cohort {self.cohort.name!r}, about {self.cohort.classes['size'].sum():,.0f} applicants"
        )

    def with_tables(self, **changes: np.ndarray) -> Market:
        """Return a copy with some arrays replaced; the programs' quota column follows."""
        tables = self.tables._replace(**changes)
        programs = self.programs.assign(quota=tables.program_quota.astype(np.int64))
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
    except (KeyError, TypeError) as error:
        given = type(gold).__name__
        raise MarketError(f"gold is a {given} without a frame 'program': give to_gold(…) or such a frame.") from error


def _release_of(frame: pd.DataFrame) -> str:
    if "release_id" not in frame.columns:
        return ""
    found = frame["release_id"].astype(str).unique()
    return str(found[0]) if len(found) == 1 else ""


def _offenders(frame: pd.DataFrame, bad: pd.Series) -> str:
    ids = frame.loc[bad.to_numpy(), "program_stream_id"].astype(str).tolist()
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return ", ".join(ids[:5]) + more


def _check_programs(frame: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    missing = [column for column in PROGRAM_COLUMNS if column not in frame.columns]
    if missing:
        near = UnknownNameError("column", missing[0], frame.columns).suggestions
        hint = f" Did you mean {near[0]!r} for {missing[0]!r}?" if near else ""
        raise MarketError(f"gold['program'] lacks the columns {missing}.{hint} Needed: {list(PROGRAM_COLUMNS)}.")
    if frame.empty:
        raise MarketError("gold['program'] has no rows: a market needs at least one program.")
    if len(frame) > MOST_RUNNERS:
        raise MarketError(
            f"gold['program'] has {len(frame):,} rows: a market has at most {MOST_RUNNERS:,} programs; "
            "leave out those that nobody applies to, or merge streams."
        )
    frame = frame.copy()
    for column in PROGRAM_COLUMNS:
        absent = frame[column].isna()
        if absent.any():
            raise MarketError(f"gold['program'].{column} is missing for programs {_offenders(frame, absent)}.")
    frame["program_stream_id"] = frame["program_stream_id"].astype(str)
    twice = frame["program_stream_id"].duplicated(keep=False)
    if twice.any():
        raise MarketError(f"program_stream_id appears more than once: {_offenders(frame, twice)}.")
    _check_values(frame, "eligibility", ELIGIBILITY)
    _check_values(frame, "language", LANGUAGES)
    _check_values(frame, "school_province", cohort.provinces.index)
    quota = pd.to_numeric(frame["quota"], errors="coerce")
    bad = quota.isna() | (quota < 0) | (quota % 1 != 0) | (quota > 1_000_000)
    if bad.any():
        raise MarketError(
            f"quota must be a whole number of seats, not negative; see programs {_offenders(frame, bad)}."
        )
    frame["quota"] = quota.astype(np.int64)
    if "home_province" in frame.columns:
        stated = frame[frame["home_province"].notna()]
        _check_values(stated, "home_province", cohort.provinces.index)
    band = frame["interview_band"].astype(str).map(lambda text: _BAND.fullmatch(text.strip()) is None)
    if band.any():
        raise MarketError(
            f"interview_band must read like '26 - 50' (percent of applicants); see programs {_offenders(frame, band)}."
        )
    frame["province"] = frame["school_province"]
    return frame.sort_values(["discipline", "program_stream_id"], ignore_index=True)


def _check_values(frame: pd.DataFrame, column: str, allowed: Any) -> None:
    bad = ~frame[column].isin(list(allowed))
    if bad.any():
        value = frame.loc[bad, column].iloc[0]
        hint = UnknownNameError(column, value, allowed)
        raise MarketError(f"gold['program'].{hint} See programs {_offenders(frame, bad)}.")


def _assemble(programs: pd.DataFrame, cohort: Cohort, provenance: Provenance, factor: Mapping[str, float]) -> Market:
    roster = build_roster(cohort, factor)
    provinces = {code: i for i, code in enumerate(cohort.provinces.index)}
    schools = {name: i for i, name in enumerate(cohort.schools.index)}
    disciplines = programs["discipline"].astype(str)
    names = list(dict.fromkeys(disciplines))
    number = {name: i for i, name in enumerate(names)}
    bands = [_BAND.fullmatch(text.strip()) for text in programs["interview_band"].astype(str)]
    low = np.array([float(match[1]) for match in bands if match]) / 100.0
    high = np.array([float(match[2]) for match in bands if match]) / 100.0
    bad = pd.Series((low > high) | (high > 1.0) | (high == 0.0))
    if bad.any():
        raise MarketError(f"interview_band must rise and end at most at 100; see programs {_offenders(programs, bad)}.")
    province = programs["school_province"].map(provinces).to_numpy(np.int32)
    quota = programs["quota"].to_numpy(np.int32)
    where = cohort.provinces
    first_open, second_open = _openings(programs, cohort)
    weights = _discipline_weights(names, cohort)
    tables = Tables(
        **roster.arrays,
        class_abroad=(cohort.classes["graduates_of"] == "abroad").to_numpy(bool),
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
        program_appeal=where["appeal"].to_numpy(np.float64)[province],
        province_attachment=where["attachment"].to_numpy(np.float64),
        interview_low=low,
        interview_high=high,
        interview_factor=np.ones(len(programs)),
        only_abroad=(programs["eligibility"] == "IMG").to_numpy(bool),
        first_open=first_open,
        second_open=second_open,
        residence=_residence(programs, province, cohort),
        reverts_to=_reversions(programs, where["reverts"].to_numpy(bool)[province]),
        discipline_start=np.concatenate([[0], np.cumsum(disciplines.value_counts().reindex(names).to_numpy())]).astype(
            np.int64
        ),
        discipline_key=cohort.disciplines.index.get_indexer(pd.Index(names)).astype(np.uint64),
        school_attachment=cohort.schools["attachment"].to_numpy(np.float64),
        **weights,
    )
    return Market(programs, roster.applicants, cohort, tables, provenance)


def _openings(programs: pd.DataFrame, cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Who may apply where: a bit for each class of applicants, in the first and in the second iteration."""
    stream = cohort.classes["stream"].to_numpy(object)
    bits = 1 << np.arange(len(stream))
    canadian, international, serving = (int(bits[stream == name].sum()) for name in ("CMG", "IMG", "MOTP"))
    by_stream = {"CMG": canadian, "IMG": international, "ALL": canadian | international, "MOTP": serving}
    first = programs["eligibility"].map(by_stream).to_numpy(np.uint8)
    if "admits_motp" in programs.columns:
        first = np.where(programs["admits_motp"].to_numpy(bool), first | serving, first).astype(np.uint8)
    merges = cohort.provinces["streams_merge"].reindex(programs["school_province"]).to_numpy(bool)
    civil = ~(programs["eligibility"] == "MOTP").to_numpy(bool)
    second = np.where(merges & civil, first | canadian | international, first).astype(np.uint8)
    return first, second


def _residence(programs: pd.DataFrame, province: np.ndarray, cohort: Cohort) -> np.ndarray:
    """Where a graduate from abroad needs to live: a rule of the province, or of a stream for its own people."""
    ruled = cohort.provinces["img_residents_only"].to_numpy(bool)[province]
    residence: np.ndarray = np.where(ruled, province, -1).astype(np.int32)
    if "home_province" in programs.columns:
        number = {code: i for i, code in enumerate(cohort.provinces.index)}
        own = programs["home_province"].map(number)
        residence = np.where(own.notna(), own.fillna(-1), residence).astype(np.int32)
    return residence


def _reversions(programs: pd.DataFrame, reverts: np.ndarray) -> np.ndarray:
    """The IMG program that takes a CMG program's unfilled seats: same school and discipline, largest quota."""
    target = np.full(len(programs), -1, dtype=np.int32)
    takers = programs[programs["eligibility"] == "IMG"]
    best = takers.sort_values(["quota", "program_stream_id"], ascending=[False, True]).drop_duplicates(
        ["school", "discipline"]
    )
    number = dict(zip(zip(best["school"], best["discipline"], strict=True), best.index.to_numpy(), strict=True))
    for i, (school, discipline, stream) in enumerate(
        zip(programs["school"], programs["discipline"], programs["eligibility"], strict=True)
    ):
        if reverts[i] and stream == "CMG":
            target[i] = number.get((school, discipline), -1)
    return target


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
