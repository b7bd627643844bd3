"""Every verb that shows numbers, and how the laws ask it.

Belongs here: one row of `VERBS` for each public callable that answers with bands or ranks, and the list of all such
callables, so that one that is new and not here fails a test. Does not belong here: the laws.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import carms_lib as carms
import pandas as pd
from carms_lib import pressure
from carms_lib.pressure import (
    CHOICE_METRICS,
    OUTCOME_METRICS,
    PLACEMENT_METRICS,
    PREFERENCE_METRICS,
    PRESSURE_METRICS,
    SEAT_METRICS,
    Allocation,
    SeatValues,
)
from carms_lib.simulator import Comparison

PROGRAM_COLUMNS = ("province", "discipline", "eligibility", "school", "language", "program_stream_id")
APPLICANT_COLUMNS = ("applicant_class", "graduation_school", "home_province", "first_language")


@dataclass(frozen=True)
class World:
    """What verbs are asked on: a study, and what was made of its market."""

    market: carms.Market
    study: carms.Study
    seats: SeatValues
    allocation: Allocation


@dataclass(frozen=True)
class Verb:
    """How a verb is asked.

    Parameters
    ----------
    ask : callable
        (world, options) -> the result.
    columns : tuple of str
        What `by` may name; empty where there is no such argument.
    metrics : tuple of str
        What `metric` may name; empty where there is no such argument.
    by : str
        "free", "needed" (at least one column), "none" (no argument).
    difference : bool
        Whether numbers are differences.
    """

    ask: Callable[[World, Mapping[str, Any]], Any]
    columns: tuple[str, ...] = PROGRAM_COLUMNS
    metrics: tuple[str, ...] = ()
    by: str = "free"
    difference: bool = False


def _compare(world: World) -> Comparison:
    return world.study.compare()


#: Name -> how it is asked. A name is "Class.method", or a function of `carms_lib.pressure`.
VERBS: dict[str, Verb] = {
    "Study.pressure": Verb(
        lambda world, asked: world.study.pressure(**asked, fewest=0), PROGRAM_COLUMNS + APPLICANT_COLUMNS
    ),
    "Study.outcomes": Verb(lambda world, asked: world.study.outcomes(**asked), PROGRAM_COLUMNS + APPLICANT_COLUMNS),
    "Study.preferences": Verb(
        lambda world, asked: world.study.preferences(**asked), PROGRAM_COLUMNS + APPLICANT_COLUMNS, PREFERENCE_METRICS,
        by="needed",
    ),
    "Study.choices_obtained": Verb(
        lambda world, asked: world.study.choices_obtained(**asked, fewest=0), PROGRAM_COLUMNS + APPLICANT_COLUMNS,
    ),
    "Comparison.choices_obtained": Verb(
        lambda world, asked: _compare(world).choices_obtained(**asked, fewest=0), PROGRAM_COLUMNS + APPLICANT_COLUMNS,
        difference=True,
    ),
    "Comparison.outcomes": Verb(
        lambda world, asked: _compare(world).outcomes(**asked), PROGRAM_COLUMNS + APPLICANT_COLUMNS, difference=True
    ),
    "Comparison.pressure": Verb(
        lambda world, asked: _compare(world).pressure(**asked, fewest=0), PROGRAM_COLUMNS + APPLICANT_COLUMNS,
        difference=True,
    ),
    "SeatValues.bands": Verb(lambda world, asked: world.seats.bands(**asked), metrics=SEAT_METRICS),
    "SeatValues.gains": Verb(lambda world, asked: world.seats.gains(**asked)),
    "Allocation.bands": Verb(lambda world, asked: world.allocation.bands(**asked), by="none"),
    "Study.ranks": Verb(
        lambda world, asked: world.study.ranks(**asked, fewest=0), PROGRAM_COLUMNS,
        (*PRESSURE_METRICS, *PREFERENCE_METRICS), by="needed",
    ),
}  # fmt: skip

#: The functions behind verbs, and verbs whose laws have a file of their own.
ELSEWHERE = {
    "pressure_bands": "Study.pressure",
    "outcome_bands": "Study.outcomes",
    "choice_bands": "Study.choices_obtained",
    "preference_bands": "Study.preferences",
    "rank_groups": "Study.ranks",
    "seat_values": "SeatValues.bands",
    "seat_values_of": "SeatValues.bands",
    "allocate_seats": "Allocation.bands",
    "Study.seat_value": "SeatValues.bands",
    "Study.compare": "Comparison.outcomes",
    "summarise": "Study.pressure",
    "sensitivity_of": "tests/laws/test_sensitivity.py",
    "find_sensitivity": "tests/laws/test_sensitivity.py",
    "published_rates": "tests/laws/test_rates.py",
    "project_series": "tests/pressure/test_series.py",
    "compare_supply": "tests/laws/test_sensitivity.py",
}
#: Functions of `carms_lib.pressure` that answer with no uncertain number.
CERTAIN = {"describe_metrics", "load_series", "metric_of", "metrics_of", "quantiles", "supply_score"}

ANSWERS = ("Bands", "Ranks", "View", "RankView", "SeatValueView", "Comparison")


def public_verbs() -> set[str]:
    """Return every public callable that answers with uncertain numbers, as its annotation says."""
    found = {name for name in pressure.__all__ if inspect.isfunction(getattr(pressure, name)) and name not in CERTAIN}
    for owner in (carms.Study, Comparison, SeatValues, Allocation):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            answer = str(method.__annotations__.get("return", ""))
            if not name.startswith("_") and answer.rsplit(".", maxsplit=1)[-1].strip("'\"") in ANSWERS:
                found.add(f"{owner.__name__}.{name}")
    return found


def metrics_allowed(verb: str, by: list[str]) -> tuple[str, ...]:
    """Return the metrics that a verb shows for a grouping."""
    if verb.endswith(("outcomes",)):
        sides = {name in APPLICANT_COLUMNS for name in by}
        return PLACEMENT_METRICS if sides == {True, False} else OUTCOME_METRICS
    if verb.endswith("choices_obtained"):
        of_programs = any(name in PROGRAM_COLUMNS for name in by)
        return tuple(name for name in CHOICE_METRICS if of_programs or name != "first_choice_elsewhere")
    return VERBS[verb].metrics or PRESSURE_METRICS


def is_share(metric: str) -> bool:
    """Say whether a metric is a share."""
    return metric in pressure.METRICS and pressure.METRICS[metric].form == "share"


def counts_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of plain counts, whose parts add up to the whole."""
    plain = [
        name for name in frame["metric"].unique()
        if name in pressure.METRICS and pressure.METRICS[name].form == "count"
    ]  # fmt: skip
    return frame[frame["metric"].isin(plain)]


__all__ = [
    "APPLICANT_COLUMNS",
    "CERTAIN",
    "ELSEWHERE",
    "PROGRAM_COLUMNS",
    "VERBS",
    "Verb",
    "World",
    "counts_of",
    "is_share",
    "metrics_allowed",
    "public_verbs",
]
