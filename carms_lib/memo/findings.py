"""What a memo states, as numbers: asked of the study once, and written, drawn and tabled from here.

Belongs here: the questions that a memo puts to a study; the bundled published figures, each with its source, beside
the simulated ones. Does not belong here: a sentence, or a number that neither the study nor a source gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carms_lib.argument_checks import check_instance, check_whole
from carms_lib.exceptions import ArgumentError
from carms_lib.memo.numbers import Row, rows_of
from carms_lib.pressure import sensitivity_of

if TYPE_CHECKING:
    from carms_lib.pressure import SeatValues
    from carms_lib.simulator import Market, Scenario, Study
    from carms_lib.transforms import Layers

__all__ = [
    "CAUSES",
    "INNER",
    "LARGE",
    "OUTER",
    "PLACES",
    "Findings",
    "ScenarioChange",
    "Superlative",
    "beside_published",
    "find",
    "published_backtest",
    "published_forecasts",
    "published_outcome",
    "related_inputs",
    "seat_where_changed",
]

#: Pressure and its parts.
CAUSES = ("pressure", "pressure_funnel", "pressure_scarcity", "pressure_competition")
OUTER, INNER = 0.90, 0.50  # levels of the bands shown
LARGE = 20  # seats from which a discipline is shown by name
PLACES = 6  # disciplines for which the value of a seat is told


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
class Superlative:
    """The first or last of a named set by pressure, with the probability that it is so in the next match."""

    row: Row  # of the pressure, outer band
    probability: float  # of that place in a draw, equal values sharing it


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
    canadian: str  # the class of applicants whose pressure is shown first, in words
    international: str  # the class that competes for other seats, in words; "" where there is none
    heat: pd.DataFrame  # pressure on Canadian graduates by province and large discipline
    disciplines: pd.DataFrame  # pressure on Canadian graduates by large discipline, at both levels
    abroad: pd.DataFrame  # pressure on international graduates by large discipline, at both levels
    provinces: pd.DataFrame  # pressure on Canadian graduates by province of training
    trained: pd.DataFrame  # the programs, for the map of sites; empty where no site has coordinates
    most_pressed: Superlative  # of the large disciplines, for Canadian graduates
    least_pressed: Superlative
    causes: pd.DataFrame  # parts of pressure of the large disciplines' seats by stream: funnel, scarcity, competition
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
    canadian, international = _classes(market)
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
        canadian=_in_words(market, canadian),
        international="" if international is None else _in_words(market, international),
        heat=_pressure(study, ["province", "discipline"], large, canadian),
        disciplines=_both_levels(
            _pressure(study, "discipline", large, canadian, level=level) for level in (INNER, OUTER)
        ),
        abroad=_both_levels(
            _pressure(study, "discipline", large, international, level=level)
            for level in ((INNER, OUTER) if international is not None else ())
        ),
        provinces=_pressure(study, "site_province" if "site_province" in program else "province", None, canadian),
        trained=program if program["site_latitude"].notna().any() else program.iloc[:0],
        most_pressed=_superlative(study, large, canadian, highest=True),
        least_pressed=_superlative(study, large, canadian, highest=False),
        causes=_causes(study, large),
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


def _classes(market: Market) -> tuple[str, str | None]:
    """Return the largest class of graduates of the cohort's schools, and that of the IMG stream where there is one."""
    classes = market.cohort.classes.sort_values("size", ascending=False, kind="stable")
    at_home = classes["graduates_of"] == "schools"
    abroad = classes.index[~at_home & (classes["stream"] == "IMG")]
    return str((classes.index[at_home] if at_home.any() else classes.index)[0]), str(abroad[0]) if len(abroad) else None


def _in_words(market: Market, applicant_class: str) -> str:
    return str(market.cohort.classes.loc[applicant_class, "name"])


def _pressure(
    study: Study, by: str | list[str], disciplines: tuple[str, ...] | None, applicant_class: str | None,
    level: float = OUTER,
) -> pd.DataFrame:  # fmt: skip
    """Return the pressure on one class of applicants: classes that compete for other seats are not mixed."""
    where = {} if applicant_class is None else {"applicant_class": applicant_class}
    frame = study.pressure(by=by, metric="pressure", level=level, scenario="baseline", where=where).to_frame()
    if disciplines is not None:
        frame = frame.loc[frame["discipline"].isin(list(disciplines))]
    return frame.reset_index(drop=True)


def _superlative(study: Study, disciplines: tuple[str, ...], applicant_class: str, *, highest: bool) -> Superlative:
    """Return the discipline with the highest, or lowest, pressure of a set, and how probable that place is."""
    where = {"discipline": list(disciplines), "applicant_class": applicant_class}
    frame = study.pressure("discipline", metric="pressure", level=OUTER, scenario="baseline", where=where).to_frame()
    known = frame.dropna(subset=["estimate"]).sort_values("estimate", ascending=not highest, kind="stable")
    row = rows_of(known.head(1))[0]
    if len(known) < 2:
        return Superlative(row, 1.0)
    ranks = study.ranks("discipline", metric="pressure", k=1 if highest else len(known) - 1, where=where).to_frame()
    among = float(ranks.loc[ranks["discipline"] == row["discipline"], "among_first"].iloc[0])
    return Superlative(row, among if highest else 1.0 - among)


def _causes(study: Study, disciplines: tuple[str, ...]) -> pd.DataFrame:
    """Return pressure on the seats of each stream and its parts, which add up to it."""
    frame = study.pressure(
        "eligibility", metric=list(CAUSES), level=OUTER, scenario="baseline", where={"discipline": list(disciplines)}
    ).to_frame()
    return frame.dropna(subset=["estimate"]).reset_index(drop=True)


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
    """Return the groups of inputs that may move unfilled seats most; none where settings are too few to say."""
    try:
        found = sensitivity_of(study, metric="unfilled", level=OUTER)
    except ArgumentError:  # too few settings to say, which the memo then says
        return ()
    leading = found.drivers["leading"].iloc[0]
    if pd.isna(leading):
        return ()
    frame = found.to_frame()
    best = frame[frame["input"].isin(leading.split("; "))].sort_values("estimate", ascending=False, kind="stable")
    return tuple(rows_of(best))


_ORDERS = ("model_order", "naive_order", "proxy_order")
_KEYS = ("discipline", "province", "applicant_class")


def published_outcome(year: int) -> pd.DataFrame | None:
    """Return the published figures of the match of a year, or None where none are bundled.

    Parameters
    ----------
    year : int
        Of the match, such as 2025.

    Returns
    -------
    pandas.DataFrame or None
        One row per figure: label, metric, discipline, province, applicant_class (empty where it is of all), value
        [persons or seats], source, note.
    """
    check_whole("year", year, 2025)
    table = resources.files("carms_lib") / "data" / "published" / f"{year}.csv"
    if not table.is_file():
        return None
    with table.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, keep_default_na=False, dtype={"value": "int64"})


def beside_published(study: Study, published: pd.DataFrame, level: float = 0.90) -> pd.DataFrame:
    """Return the published figures with the baseline's bands of kind "outcome" beside them.

    Parameters
    ----------
    study : Study
    published : pandas.DataFrame
        As `published_outcome` returns it.
    level : float, default 0.90
        Level of the bands, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per published figure: its columns, estimate, lower, upper, n_draws, and inside (the published value
        lies in the band). A figure of a group that the study does not have is left out.
    """
    check_instance("published", published, pd.DataFrame, "published_outcome(2025)")
    lacking = [name for name in ("label", "metric", *_KEYS, "value") if name not in published.columns]
    if lacking:
        raise ArgumentError(f"published lacks the columns {lacking}. Give what published_outcome() returns.")
    given: Any = study
    if not callable(getattr(given, "outcomes", None)):
        raise ArgumentError(f"study={type(study).__name__} must be a study. Make one: simulate(market, n_draws=1_000).")
    rows = []
    for figure in published.to_dict("records"):
        keys = [key for key in _KEYS if figure[key]]
        bands = study.outcomes(by=keys or None, metric=figure["metric"], level=level, scenario="baseline").to_frame()
        for key in keys:
            bands = bands.loc[bands[key] == figure[key]]
        if not bands.empty:
            rows.append({**figure, **bands.iloc[0][["estimate", "lower", "upper", "n_draws"]].to_dict()})
    frame = pd.DataFrame(rows, columns=[*published.columns, "estimate", "lower", "upper", "n_draws"])
    return frame.assign(inside=frame["value"].between(frame["lower"], frame["upper"]))


def published_backtest() -> pd.DataFrame | None:
    """Return how forecasts of past years did, or None where no back-test is bundled.

    Returns
    -------
    pandas.DataFrame or None
        One row per group of figures. Columns forecast, figures, inside, of, model_error, naive_error, unit,
        model_order, naive_order, proxy_order (missing where the page has none): see
        ``docs/make_backtest_summary.py``, which wrote them.
    """
    return _bundled("backtest.csv")


def published_forecasts() -> pd.DataFrame | None:
    """Return every forecast of the back-test, or None where no back-test is bundled.

    Returns
    -------
    pandas.DataFrame or None
        One row per forecast. Columns forecast, figures, cell, estimate, lower, upper, inside, error, naive_error
        (forecast, and last year's figure, minus the published one), all as rounded on the page of the back-test.
    """
    frame = _bundled("backtest_forecasts.csv")
    return None if frame is None else frame.astype({"inside": bool})


def _bundled(name: str) -> pd.DataFrame | None:
    table = resources.files("carms_lib") / "data" / "published" / name
    if not table.is_file():
        return None
    with table.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, keep_default_na=False, na_values=dict.fromkeys(_ORDERS, ""))
