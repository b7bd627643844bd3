"""What a memo states, as numbers: asked of the study once, and told, drawn and tabled from here.

Belongs here: the questions that a memo puts to a study. Does not belong here: a sentence, or a number that the study
does not give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.memo._published_figures import beside_published, published_outcome
from carms_lib.memo.numbers import Row, rows_of
from carms_lib.pressure import sensitivity_of

if TYPE_CHECKING:
    from carms_lib.pressure import SeatValues
    from carms_lib.simulator import Market, Scenario, Study
    from carms_lib.transforms import Layers

__all__ = [
    "INNER",
    "LARGE",
    "OUTER",
    "PLACES",
    "Findings",
    "ScenarioChange",
    "find",
    "related_inputs",
    "seat_where_changed",
]

OUTER, INNER = 0.90, 0.50  # levels of the bands shown
LARGE = 20  # seats from which a discipline is shown by name
PLACES = 6  # disciplines for which the value of a seat is told
_ASSUMPTIONS = 4  # that are told of, those that most goes with


@dataclass(frozen=True)
class ScenarioChange:
    """What one scenario changes against the baseline, for the country.

    `seat_value` and `newly_matched` are of one more seat where the scenario changes seats, in proportion to how many it
    changes there; None where it changes none of the seats that there are.
    """

    scenario: str
    seats: Row
    matched: Row
    unfilled: Row
    seat_value: Row | None
    newly_matched: Row | None


@dataclass(frozen=True)
class Findings:
    """Every number that a memo states; bands are of kind "outcome" unless their name says otherwise."""

    release_id: str
    cycle: int
    programs: int
    seats: int
    quarantined: int
    large: tuple[str, ...]  # disciplines with LARGE seats or more
    small_seats: int  # seats of all others
    national: Mapping[str, Row]  # metric -> row
    error: Mapping[str, Row]  # metric -> row of kind "mean"
    assumed: Mapping[str, Row]  # metric -> row of kind "input"
    heat: pd.DataFrame  # pressure by province and large discipline
    disciplines: pd.DataFrame  # pressure by large discipline, at both levels
    provinces: pd.DataFrame  # pressure by province
    changes: tuple[ScenarioChange, ...]
    shifts: pd.DataFrame  # seats filled by province, scenario minus baseline, both levels, all scenarios
    seat: Mapping[str, Row]  # what one more seat does, anywhere: metric -> row
    seat_places: tuple[Row, ...]  # large disciplines where one more seat does most, best first
    goes_with: tuple[Row, ...]  # inputs that most of the spread in empty seats goes with; none where draws are too few
    comparison: pd.DataFrame | None  # beside the published outcome


def find(
    study: Study, layers: Layers, seats: SeatValues, market: Market, scenarios: Sequence[Scenario] = ()
) -> Findings:
    """Ask the study everything that the memo says; `scenarios` are those it was run with, on `market`."""
    program = layers.gold["program"]
    by_discipline = program.groupby("discipline")["quota"].sum()
    large = tuple(by_discipline.index[by_discipline >= min(LARGE, by_discipline.max())])
    cycle = int(program["cycle"].iloc[0])
    published = published_outcome(cycle)
    named = [scenario.name for scenario in scenarios]
    return Findings(
        release_id=str(program["release_id"].iloc[0]),
        cycle=cycle,
        programs=len(program),
        seats=int(program["quota"].sum()),
        quarantined=len(layers.quarantine),
        large=large,
        small_seats=int(by_discipline.drop(list(large)).sum()),
        national=_national(study, "outcome"),
        error=_national(study, "mean"),
        assumed=_national(study, "input"),
        heat=_pressure(study, ["province", "discipline"], large),
        disciplines=_both_levels(_pressure(study, "discipline", large, level=level) for level in (INNER, OUTER)),
        provinces=_pressure(study, "province"),
        changes=tuple(_change(study, scenario, market, seats) for scenario in scenarios),
        shifts=_both_levels(
            study.compare(name).outcomes(by="province", metric="filled", level=level).to_frame()
            for name in named
            for level in (INNER, OUTER)
        ),
        seat={row["metric"]: row for row in rows_of(seats.bands(level=OUTER).to_frame())},
        seat_places=_best_places(seats, large, program),
        goes_with=related_inputs(study),
        comparison=None if published is None else beside_published(study, published, OUTER),
    )


def _national(study: Study, kind: str) -> dict[str, Row]:
    frame = study.outcomes(level=OUTER, kind=kind, scenario="baseline").to_frame()
    return {row["metric"]: row for row in rows_of(frame)}


def _pressure(
    study: Study, by: str | list[str], disciplines: tuple[str, ...] | None = None, level: float = OUTER
) -> pd.DataFrame:
    frame = study.pressure(by=by, metric="pressure", level=level, scenario="baseline").to_frame()
    if disciplines is not None:
        frame = frame.loc[frame["discipline"].isin(list(disciplines))]
    return frame.reset_index(drop=True)


def _both_levels(frames: Any) -> pd.DataFrame:
    parts = list(frames)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _best_places(seats: SeatValues, disciplines: tuple[str, ...], program: pd.DataFrame) -> tuple[Row, ...]:
    """Return the disciplines where a seat does most, each with its other measures and its seats under their names."""
    names = ["seat_value", "newly_matched", "seat_taken"]
    bands = seats.bands("discipline", metric=names, level=OUTER).to_frame()
    bands = bands.loc[bands["discipline"].isin(disciplines)].dropna(subset=["estimate"])
    by_metric = {
        name: {row["discipline"]: row for row in rows_of(bands.loc[bands["metric"] == name])} for name in names
    }
    quota = program.groupby("discipline")["quota"].sum()
    value = bands.loc[bands["metric"] == "seat_value"].sort_values("estimate", ascending=False, kind="stable")
    return tuple(
        {
            **row,
            "newly_matched": by_metric["newly_matched"][row["discipline"]],
            "seat_taken": by_metric["seat_taken"][row["discipline"]],
            "seats": int(quota[row["discipline"]]),
        }
        for row in rows_of(value.head(PLACES))
    )


def _change(study: Study, scenario: Scenario, market: Market, seats: SeatValues) -> ScenarioChange:
    rows = {row["metric"]: row for row in rows_of(study.compare(scenario.name).outcomes(level=OUTER).to_frame())}
    each = seat_where_changed(scenario, market, seats)
    return ScenarioChange(
        scenario.name,
        rows["seats"],
        rows["matched"],
        rows["unfilled"],
        each.get("seat_value"),
        each.get("newly_matched"),
    )


def seat_where_changed(scenario: Scenario, market: Market, seats: SeatValues) -> dict[str, Row]:
    """Return what one more seat does where a scenario changes seats, by metric; nothing where it changes none."""
    key = "program_stream_id"
    then = scenario.apply(market).programs.set_index(key)["quota"]
    own = seats.programs[key]
    changed = np.abs(own.map(then).fillna(0).to_numpy(float) - seats.programs["quota"].to_numpy(float))
    if not changed.any():
        return {}
    placed = replace(seats, programs=seats.programs.assign(quota=changed))
    frame = placed.bands(metric=["seat_value", "newly_matched"], level=OUTER).to_frame()
    return {row["metric"]: row for row in rows_of(frame)}


def related_inputs(study: Study) -> tuple[Row, ...]:
    """Return the inputs with the largest share of the spread of unfilled seats; none where settings are too few."""
    try:
        frame = sensitivity_of(study, metric="unfilled", level=OUTER).to_frame()
    except ArgumentError:  # too few settings to say, which the memo then says
        return ()
    best = frame.dropna(subset=["estimate"]).sort_values("estimate", ascending=False, kind="stable")
    return tuple(rows_of(best.head(_ASSUMPTIONS)))
