"""What a placement of seats is to serve: the registry of objectives.

Belongs here: what each objective counts, and the weights that count it. Does not belong here: placing seats
(`placement`), and how a count is labelled (`metrics`).

Every objective is a linear function of the match of a draw (`MatchWeights`). The same weights place the seats, judge
the placement and bound it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_name
from carms_lib.pressure.metrics import METRICS
from carms_lib.simulator import Market
from carms_lib.simulator.seats.standing import MatchWeights, SinglesMatch

__all__ = ["OBJECTIVES", "Aim", "Objective", "province_need", "read_aim", "weights_of", "worth_of"]

_FAMILY_MEDICINE = "Family Medicine"


@dataclass(frozen=True)
class Aim:
    """An objective with what the caller chose of it.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`.
    discipline : str or None
        Whose seats are counted, where the objective counts those of one discipline.
    need : ndarray of shape (P,), float64, or None
        The weight of a filled seat in each program, where the objective weighs seats.
    """

    objective: str
    discipline: str | None = None
    need: np.ndarray | None = None

    @property
    def metric(self) -> str:
        """The metric that counts the objective."""
        return OBJECTIVES[self.objective].metric

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts that a placement is judged by, in the order of the registry of metrics."""
        missing = {"filled_in_discipline": self.discipline, "need_met": self.need}
        names = [name for name, row in METRICS.items() if "allocation" in row.views]
        return tuple(name for name in names if missing.get(name, 0) is not None)


@dataclass(frozen=True)
class Objective:
    """One row of the registry.

    Parameters
    ----------
    words : str
        What is counted.
    metric : str
        The metric of the view "allocation" that counts it.
    takes : tuple of str
        The arguments of `allocate_seats` that it needs: "discipline" or "need".
    """

    words: str
    metric: str
    takes: tuple[str, ...] = ()


#: What a placement can serve.
OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {
        "fewest_unmatched_cmg": Objective("graduates of Canadian schools newly matched", "newly_matched_cmg"),
        "most_filled_family_medicine": Objective("Family Medicine seats filled", "filled_family_medicine"),
        "most_filled": Objective("seats filled in one discipline", "filled_in_discipline", ("discipline",)),
        "most_first_choices": Objective(
            "applicants matched to the first program of their rank-order list", "first_choices_obtained"
        ),
        "most_better_off": Objective("applicants who end at a program that they like better", "better_off"),
        "least_served_province": Objective(
            "seats filled, each weighted by the first choices per seat in its province", "need_met"
        ),
        "most_need_met": Objective("seats filled, each weighted by a need of one's own", "need_met", ("need",)),
    }
)


def read_aim(market: Market, objective: Any, discipline: Any, need: Any) -> Aim:
    """Return what a placement is to serve, checked; the need of provinces is added later (`province_need`).

    Raises
    ------
    UnknownNameError
        An objective, a discipline or a column that there is not.
    ArgumentError
        An argument that the objective needs and does not have, or has and does not take; a need that is not a
        number of at least 0 for every program.
    """
    name = check_name("objective", objective, OBJECTIVES)
    takes = OBJECTIVES[name].takes
    for argument, value in (("discipline", discipline), ("need", need)):
        owner = next(each for each, row in OBJECTIVES.items() if argument in row.takes)
        if argument in takes and value is None:
            raise ArgumentError(f"objective={name!r} needs {argument}=: say which.")
        if argument not in takes and value is not None:
            raise ArgumentError(
                f"{argument}={value if isinstance(value, str) else type(value).__name__!r} has no meaning for "
                f"objective={name!r}: give objective={owner!r} with it, or leave it out."
            )
    if discipline is not None:
        discipline = check_name("discipline", discipline, sorted(set(market.programs["discipline"])))
    return Aim(name, discipline, None if need is None else _read_need(market, need))


def _read_need(market: Market, need: Any) -> np.ndarray:
    """Return the need of every program, float64 of shape (P,)."""
    programs = market.programs
    if isinstance(need, pd.Series):
        found = need.reindex(programs["program_stream_id"]) if need.index.is_unique else None
        if found is None:
            raise ArgumentError("need=Series has an index with repeated labels: give one row for each program.")
        what = "need=Series"
    else:
        found, what = programs[check_name("need", need, programs.columns)], f"need={need!r}"
    numbers = pd.to_numeric(found, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(numbers) | (numbers < 0)
    if wrong.any():
        shown = ", ".join(programs.loc[wrong, "program_stream_id"].astype(str).head(5))
        raise ArgumentError(
            f"{what} must hold a number of at least 0 for every program; {int(wrong.sum())} have none: {shown}."
        )
    return numbers


def province_need(market: Market, singles: list[SinglesMatch]) -> np.ndarray:
    """Return how little each program's province is served, float64 of shape (P,).

    Parameters
    ----------
    market : Market
    singles : list of SinglesMatch
        The draws in which demand is counted.

    Returns
    -------
    ndarray
        First choices in the province over those that it would have if each of its seats had as many as seats of
        its kind (CMG, IMG, …) have in the country: 1 is the country's average. 0 where nobody wants a seat.

    Notes
    -----
    First choices are the first programs of rank-order lists. The comparison within a kind is indirect
    standardization: international graduates outnumber their seats many times, and a province with more IMG seats
    would look less served for that alone.
    """
    programs = market.programs
    wanted = np.zeros(len(programs))
    for one in singles:
        has_list = np.flatnonzero(np.diff(one.ptr) > 0)
        wanted += np.bincount(one.program[one.ptr[has_list]], minlength=len(programs))
    table = pd.DataFrame(
        {
            "province": programs["province"].to_numpy(),
            "kind": programs["eligibility"].astype(str).to_numpy(),
            "wanted": wanted / max(len(singles), 1),
            "seats": programs["quota"].to_numpy(np.float64),
        }
    )
    of_kind = table.groupby("kind")[["wanted", "seats"]].transform("sum")
    per_seat = np.divide(of_kind["wanted"], of_kind["seats"], out=np.zeros(len(table)), where=of_kind["seats"] > 0)
    table["expected"] = table["seats"] * per_seat
    sums = table.groupby("province")[["wanted", "expected"]].transform("sum").to_numpy()
    need: np.ndarray = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(table)), where=sums[:, 1] > 0)
    return need


def _canadian(market: Market) -> np.ndarray:
    """Return which applicants are graduates of Canadian schools in the CMG stream, bool of shape (n,)."""
    classes = market.cohort.classes
    names = classes.index[(classes["graduates_of"] == "schools") & (classes["stream"] == "CMG")]
    canadian: np.ndarray = market.applicants["applicant_class"].isin(names).to_numpy()
    return canadian


def _filled_in(market: Market, discipline: str | None) -> np.ndarray:
    return (market.programs["discipline"] == discipline).to_numpy(np.float64)


#: Each count of the view "allocation": what it adds to the four weights.
_WEIGHTS: Mapping[str, Callable[[Market, Aim], dict[str, Any]]] = MappingProxyType(
    {
        "newly_matched_cmg": lambda market, _: {"of_matched": _canadian(market).astype(np.float64)},
        "filled_family_medicine": lambda market, _: {"of_program": _filled_in(market, _FAMILY_MEDICINE)},
        "filled_in_discipline": lambda market, aim: {"of_program": _filled_in(market, aim.discipline)},
        "first_choices_obtained": lambda *_: {"of_place": np.array([1.0, 0.0])},
        "need_met": lambda _, aim: {"of_program": np.asarray(aim.need, dtype=np.float64)},
        "better_off": lambda *_: {"of_place": np.array([0.0, 1.0])},
    }
)


def weights_of(market: Market, aim: Aim, count: str) -> MatchWeights:
    """Return the weights of a count of the view "allocation"; `before` is for each draw to fill."""
    none = MatchWeights(
        of_matched=np.zeros(market.n_applicants),
        of_program=np.zeros(market.n_programs),
        of_place=np.zeros(2),
        before=np.zeros(market.n_applicants, dtype=np.int32),
    )
    return none._replace(**_WEIGHTS[count](market, aim))


def worth_of(weights: MatchWeights, one: SinglesMatch) -> float:
    """Return the weighted sum of a match; `weights.before` must be that of its draw."""
    applicants = np.flatnonzero(one.match >= 0)
    total = weights.of_matched[applicants].sum() + weights.of_program[one.match[applicants]].sum()
    total += weights.of_place[0] * (one.position[applicants] == 0).sum()
    total += weights.of_place[1] * (one.position[applicants] < weights.before[applicants]).sum()
    return float(total)
