"""Wrong arguments, thrown at every public callable: each gets an answer or the library's own error.

Belongs here: one row of `CALLS` for each callable with arguments that it takes, the wrong values, and the law. A
function of the public face, or a method of a study or comparison, without a row fails a test.
"""

from __future__ import annotations

import inspect
import itertools
import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import carms_lib as carms
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from carms_lib import matching, memo, plotting, pressure, schemas, warehouse
from carms_lib.exceptions import CarmsError
from carms_lib.matching import MatchingProblem
from carms_lib.simulator import Comparison
from matplotlib.figure import Figure

THROWN = 200

pytestmark = pytest.mark.filterwarnings("ignore")


class Odd:
    """What no argument is."""

    def __repr__(self) -> str:
        return "<odd>"


WRONG: tuple[Any, ...] = (
    None, -1, 0, 2.5, -0.5, float("nan"), float("inf"), True, "", "no such", "off", b"bytes", [], ["no such"], [None],
    {}, {"no such": 1}, {"discipline": None}, {1: "x"}, (), (1, 2), {3}, Odd(), Odd, object(), np.array([1, 2]),
    np.nan, pd.DataFrame(), pd.DataFrame({"x": [1]}), pd.Series([1, 2]), pd.NA, 10**30, -(10**30), lambda: None, 1j,
    Path("no/such/path"), pd.Timestamp("2025-03-04"), "\x00", "é" * 300,
)  # fmt: skip
#: Arguments at which no large number is thrown: where it is allowed it would start very long work.
COUNTS = {"n_draws", "n_check", "k", "n", "n_rows", "rows", "draws_per_point", "budget", "time_limit", "limit", "until"}


@dataclass(frozen=True)
class World:
    """What calls are made on: small, and made once."""

    layers: carms.Layers
    market: carms.Market
    study: carms.Study
    seats: pressure.SeatValues
    allocation: pressure.Allocation
    problem: MatchingProblem
    matched: matching.Matching
    warehouse: warehouse.Warehouse
    folder: Path

    @property
    def scenario(self) -> carms.Scenario:
        return carms.Scenario("x")

    @property
    def ax(self) -> Any:
        return Figure().add_subplot()


@dataclass(frozen=True)
class Call:
    """A callable and arguments that it takes.

    Parameters
    ----------
    of : callable
        World -> the callable.
    good : callable
        World -> keyword arguments that it takes.
    """

    of: Callable[[World], Callable[..., Any]]
    good: Callable[[World], Mapping[str, Any]] = lambda _: {}


def _bands(w: World) -> Any:
    return w.study.pressure("discipline", metric="pressure", scenario="baseline", fewest=0)


def _changes(w: World) -> Any:
    return w.study.compare("more").outcomes("discipline", metric="filled")


def _cells(w: World) -> Any:
    return w.study.pressure(["discipline", "province"], metric="pressure", scenario="baseline", fewest=0)


def _provinces(w: World) -> Any:
    return w.study.pressure("province", metric="pressure", scenario="baseline", fewest=0)


def _gold(w: World) -> Any:
    return w.layers.gold


def _ranks(w: World) -> Any:
    return w.study.ranks("discipline", k=1, scenario="baseline", fewest=0)


def _first_of(shown: Callable[[World], Any]) -> str:
    """Return the name of the argument that a figure draws."""
    return {"_gold": "program", "_ranks": "ranks"}.get(shown.__name__, "bands")


LEVELS = {"level": 0.9, "kind": "outcome"}
VIEW = {"by": "discipline", "metric": None, "where": None, **LEVELS}
CHANGES = {"province": "ON"}
_SERIES = pd.DataFrame({"series": "a", "year": range(2010, 2020), "value": [float(n) for n in range(10, 20)]})

CALLS: dict[str, Call] = {
    # the top level
    "allocate_seats": Call(
        lambda w: carms.allocate_seats,
        lambda w: {"market": w.market, "k": 1, "objective": "most_filled", "discipline": "Psychiatry", "need": None,
                   "among": None, "floors": None, "ceilings": None, "budgets": None, "bound": False, "n_draws": 10,
                   "n_check": 10, "rng": 1},
    ),
    "build": Call(lambda w: carms.build, lambda w: {"release": "no such folder"}),
    "data_dictionary": Call(lambda w: carms.data_dictionary),
    "fetch_release": Call(lambda w: carms.fetch_release, lambda w: {"release_id": "no such", "cache_dir": w.folder}),
    "load_cohort": Call(lambda w: carms.load_cohort, lambda w: {"name": "2025"}),
    "load_release": Call(lambda w: carms.load_release, lambda w: {"path": "no such folder"}),
    "open_warehouse": Call(lambda w: carms.open_warehouse, lambda w: {"url": "sqlite://"}),
    "seat_values": Call(
        lambda w: carms.seat_values, lambda w: {"market": w.market, "scenario": None, "n_draws": 10, "rng": 1}
    ),
    "simulate": Call(
        lambda w: carms.simulate,
        lambda w: {"market": w.market, "n_draws": 10, "rng": 1, "executor": None, "checkpoint": None},
    ),
    "to_bronze": Call(lambda w: carms.to_bronze, lambda w: {"release": "no such"}),
    "to_silver": Call(lambda w: carms.to_silver, lambda w: {"bronze": "no such"}),
    "to_gold": Call(lambda w: carms.to_gold, lambda w: {"silver": "no such"}),
    "write_memo": Call(
        lambda w: carms.write_memo,
        lambda w: {"out": w.folder / "taken", "release": "no such folder", "scenarios": None, "n_draws": 10, "rng": 1},
    ),
    "write_scorecard": Call(
        lambda w: carms.write_scorecard,
        lambda w: {"path": w.folder / "card.html", "release": "no such", "previous": None, "as_of": None},
    ),
    # market, cohort, scenario
    "Market.from_gold": Call(
        lambda w: carms.Market.from_gold, lambda w: {"gold": w.layers.gold, "cohort": w.market.cohort}
    ),
    "Cohort.with_parameter": Call(
        lambda w: w.market.cohort.with_parameter,
        lambda w: {"name": "merit", "value": 1.0, "low": 0.5, "high": 2.0, "source": "a test"},
    ),
    "Cohort.with_classes": Call(
        lambda w: w.market.cohort.with_classes,
        lambda w: {"frame": pd.DataFrame({"applicant_class": ["img"], "size": [100]}), "source": "a test"},
    ),
    "Cohort.with_year": Call(lambda w: w.market.cohort.with_year, lambda w: {"year": 2025}),
    "Scenario": Call(lambda w: carms.Scenario, lambda w: {"name": "x", "levers": ()}),
    "Scenario.apply": Call(lambda w: w.scenario.apply, lambda w: {"market": w.market}),
    "Scenario.scale_quota": Call(lambda w: w.scenario.scale_quota, lambda w: {"factor": 1.1, **CHANGES}),
    "Scenario.set_quota": Call(lambda w: w.scenario.set_quota, lambda w: {"seats": 2, **CHANGES}),
    "Scenario.add_seats": Call(lambda w: w.scenario.add_seats, lambda w: {"seats": 2, **CHANGES}),
    "Scenario.second_iteration": Call(lambda w: w.scenario.second_iteration, lambda w: {"enabled": False}),
    "Scenario.set_rule": Call(
        lambda w: w.scenario.set_rule, lambda w: {"province": "ON", "rule": "streams_merge", "value": True}
    ),
    # a study and its views
    **{
        f"Study.{name}": Call(
            lambda w, name=name: getattr(w.study, name),
            lambda w: {**VIEW, "scenario": None, "against": None, "fewest": 1.0},
        )
        for name in ("pressure", "choices_obtained")
    },
    "Study.outcomes": Call(lambda w: w.study.outcomes, lambda w: {**VIEW, "scenario": None, "against": None}),
    "Study.preferences": Call(
        lambda w: w.study.preferences, lambda w: {**VIEW, "scenario": None, "first_choice": "wished"}
    ),
    "Study.ranks": Call(
        lambda w: w.study.ranks, lambda w: {"by": "discipline", "metric": "pressure", "k": 1, **LEVELS, "where": None}
    ),
    "Study.compare": Call(lambda w: w.study.compare, lambda w: {"scenario": "more"}),
    "Study.outcomes_of": Call(lambda w: w.study.outcomes_of, lambda w: {"scenario": "baseline", "start": 0, "stop": 2}),
    "Study.save": Call(lambda w: w.study.save, lambda w: {"path": w.folder / "no" / "such" / "study.npz"}),
    "Study.load": Call(lambda w: carms.Study.load, lambda w: {"path": w.folder / "none.npz"}),
    **{
        f"Comparison.{name}": Call(lambda w, name=name: getattr(w.study.compare("more"), name), lambda w: VIEW)
        for name in ("outcomes", "pressure", "choices_obtained")
    },
    "Comparison.save": Call(
        lambda w: w.study.compare("more").save, lambda w: {"path": w.folder / "changes.csv"}
    ),
    "SeatValues.bands": Call(lambda w: w.seats.bands, lambda w: {"by": "discipline", "metric": None, **LEVELS}),
    "SeatValues.gains": Call(lambda w: w.seats.gains, lambda w: {"to": "applicant_class", "by": None, **LEVELS}),
    "Allocation.bands": Call(lambda w: w.allocation.bands, lambda w: {**LEVELS, "against": None}),
    "Bands.save": Call(lambda w: _bands(w).save, lambda w: {"path": w.folder / "bands.csv"}),
    "Bands.plot": Call(lambda w: _bands(w).plot, lambda w: {"ax": w.ax, "metric": "pressure", "scenario": "baseline"}),
    # numbers
    "sensitivity_of": Call(
        lambda w: pressure.sensitivity_of,
        lambda w: {"study": w.study, "metric": "unfilled", "scenario": "baseline", "by": "input", "level": 0.9},
    ),
    "compare_supply": Call(
        lambda w: pressure.compare_supply, lambda w: {"study": w.study, "by": "discipline", "level": 0.9}
    ),
    "supply_score": Call(lambda w: pressure.supply_score, lambda w: {"programs": w.market, "by": "discipline"}),
    "published_rates": Call(
        lambda w: pressure.published_rates,
        lambda w: {"counts": pd.DataFrame({"n": [1, 2, 3, 4, 5], "of": [9] * 5}), "count": "n", "total": "of",
                   "level": 0.9},
    ),
    "project_series": Call(
        lambda w: pressure.project_series, lambda w: {"frame": _SERIES, "until": 2021, "keys": "series", "level": 0.9}
    ),
    "describe_metrics": Call(lambda w: pressure.describe_metrics, lambda w: {"view": "pressure"}),
    "metric_of": Call(lambda w: pressure.metric_of, lambda w: {"name": "pressure"}),
    "metrics_of": Call(lambda w: pressure.metrics_of, lambda w: {"view": "pressure"}),
    "quantiles": Call(lambda w: pressure.quantiles, lambda w: {"values": np.ones((4, 2)), "tails": [0.5]}),
    # the mechanism
    "MatchingProblem.from_lists": Call(
        lambda w: MatchingProblem.from_lists,
        lambda w: {"applicants": {"a": ["p"]}, "programs": {"p": ["a"]}, "quotas": {"p": 1}, "couples": None},
    ),
    "MatchingProblem.from_arrays": Call(
        lambda w: MatchingProblem.from_arrays,
        lambda w: {"applicant_ptr": [0, 1], "applicant_idx": [0], "program_ptr": [0, 1], "program_idx": [0],
                   "quotas": [1]},
    ),
    "solve": Call(lambda w: matching.solve, lambda w: {"problem": w.problem, "proposing": "applicants"}),
    "is_stable": Call(lambda w: matching.is_stable, lambda w: {"problem": w.problem, "matching": w.matched}),
    "blocking_pairs": Call(lambda w: matching.blocking_pairs, lambda w: {"problem": w.problem, "matching": w.matched}),
    "Matching.explain": Call(lambda w: w.matched.explain, lambda w: {"name": "a", "side": "applicants"}),
    "input_group": Call(lambda w: carms.simulator.input_group, lambda w: {"names": ["merit"]}),
    "add_seat": Call(lambda w: matching.add_seat, lambda w: {"matching": w.matched, "program": "p", "n": 1}),
    "remove_seat": Call(lambda w: matching.remove_seat, lambda w: {"matching": w.matched, "program": "p", "n": 1}),
    "add_applicant": Call(
        lambda w: matching.add_applicant,
        lambda w: {"matching": w.matched, "name": "c", "choices": ["p"], "ranks": {"p": 2}},
    ),
    "remove_applicant": Call(lambda w: matching.remove_applicant, lambda w: {"matching": w.matched, "name": "a"}),
    "check_matching": Call(lambda w: matching.check_matching, lambda w: {"problem": w.problem, "matching": {"a": "p"}}),
    "stable_matchings": Call(lambda w: matching.stable_matchings, lambda w: {"problem": w.problem, "limit": 3}),
    "stable_pairs": Call(lambda w: matching.stable_pairs, lambda w: {"problem": w.problem}),
    "solve_with_reversions": Call(
        lambda w: matching.solve_with_reversions, lambda w: {"problem": w.problem, "reversions": {"p": "q"}}
    ),
    "second_iteration": Call(
        lambda w: matching.second_iteration,
        lambda w: {"first": w.matched, "applicants": {"c": ["p"]}, "programs": {"p": ["c"]}},
    ),
    # levers
    **{
        f"Scenario.{name}": Call(lambda w, name=name: getattr(w.scenario, name), lambda w, good=good: good)
        for name, good in {
            "add_program": {"program_stream_id": "new", "like": "10", "seats": 1},
            "change_mix": {"factor": 1.1, "graduation_school": "McGill University"},
            "close_programs": CHANGES, "merge_streams": CHANGES,
            "move_seats": {"seats": 1, "from_stream": "CMG", "to_stream": "IMG"},
            "reversions": {"enabled": True}, "scale_class": {"factor": 1.1, "applicant_class": "img"},
            "scale_demand": {"factor": 1.1, **CHANGES}, "scale_interviews": {"factor": 1.1, **CHANGES},
            "set_language": {"language": "fr", **CHANGES}, "shift_preference": {"log_weight": 0.1, **CHANGES},
            "split_streams": {"img_share": 0.5, **CHANGES},
        }.items()
    },
    # the warehouse
    **{
        f"Warehouse.{name}": Call(lambda w, name=name: getattr(w.warehouse, name), lambda w, good=good: good)
        for name, good in {
            "bands": {"study_id": 1, "view": "outcomes"}, "build_details": {"what": "checks", "run_id": None},
            "build_record": {"run_id": "x"}, "diff": {"release_a": "1503", "release_b": "1503"},
            "draws": {"study_id": 1}, "history": {"program_stream_id": "10"},
            "programs": {
                "province": "ON", "discipline": None, "text": None, "release": None, "as_of": None, "limit": 5,
                "after": None, "site_class": None,
            },
            "search": {"text": "rural", "language": None, "release": None, "limit": 3}, "write": {"layers": None},
            "write_study": {"study": None, "views": None}, "write_build": {"record": {}},
        }.items()
    },
    "csv_text": Call(lambda w: warehouse.csv_text, lambda w: {"frame": pd.DataFrame({"x": [1]})}),
    "write_csv": Call(
        lambda w: warehouse.write_csv, lambda w: {"frame": pd.DataFrame({"x": [1]}), "path": w.folder / "x.csv"}
    ),
    "migration_sql": Call(
        lambda w: warehouse.migration_sql, lambda w: {"dialect": "sqlite", "start": "0008", "end": "0009"}
    ),
    # contracts, pages
    "contract": Call(lambda w: schemas.contract, lambda w: {"layer": "gold", "table": "program"}),
    "validate": Call(
        lambda w: schemas.validate,
        lambda w: {"frame": w.layers.gold["cell"], "layer": "gold", "table": "cell"},
    ),
    "redact_contacts": Call(lambda w: schemas.redact_contacts, lambda w: {"text": "words"}),
    "show_value": Call(lambda w: schemas.show_value, lambda w: {"value": 1, "width": 10}),
    "check_memo": Call(lambda w: memo.check_memo, lambda w: {"folder": w.folder, "release": None}),
    "published_outcome": Call(lambda w: memo.published_outcome, lambda w: {"year": 2025}),
    "beside_published": Call(
        lambda w: memo.beside_published,
        lambda w: {"study": w.study, "published": memo.published_outcome(2025), "level": 0.9},
    ),
    # figures
    **{
        f"plot_{name}": Call(
            lambda w, name=name: getattr(plotting, f"plot_{name}"),
            lambda w, shown=shown, more=more: {_first_of(shown): shown(w), "ax": w.ax, **more},
        )
        for name, (shown, more) in {
            "bands": (_bands, {"metric": "pressure", "scenario": "baseline"}),
            "forest": (_bands, {"metric": "pressure", "scenario": "baseline", "n_rows": 3}),
            "differences": (_changes, {"metric": "filled", "scenario": "more", "n_rows": 3}),
            "heatmap": (_cells, {"metric": "pressure", "scenario": "baseline"}),
            "tile_map": (_provinces, {"metric": "pressure", "scenario": "baseline"}),
            "quota": (_gold, {"by": "discipline", "n_rows": 3}),
            "site_map": (_gold, {}),
            "ranks": (_ranks, {"n_rows": 3}),
        }.items()
    },
}  # fmt: skip


#: Functions that a view calls with the arguments of the view; they are asked through it.
BEHIND = {
    "pressure_bands", "outcome_bands", "preference_bands", "choice_bands", "rank_groups", "seat_values_of", "summarise",
    "load_series", "find_sensitivity",
}  # fmt: skip
#: Methods without arguments, and those that hand theirs to one that has a row.
SAME_AS = {"to_frame", "summary", "plot", "couples", "chunks", "from_store", "seat_value"}


@pytest.fixture(scope="module")
def world(bundled_layers, market, tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "taken").mkdir()
    (folder / "taken" / "mine.txt").write_text("mine")
    more = carms.Scenario("more").scale_quota(1.5)
    kept = carms.open_warehouse(f"sqlite:///{folder / 'carms.db'}")
    kept.upgrade()
    problem = MatchingProblem.from_lists({"a": ["p", "q"], "b": ["q"]}, {"p": ["a"], "q": ["b", "a"]}, {"p": 1, "q": 1})
    return World(
        bundled_layers,
        market,
        carms.simulate(market, more, n_draws=200, rng=1, progress=False),
        carms.seat_values(market, n_draws=20, rng=1, progress=False),
        carms.allocate_seats(market, 1, n_draws=10, n_check=10, rng=1),
        problem,
        matching.solve(problem),
        kept,
        folder,
    )


def is_large(value: Any) -> bool:
    """Say whether a number would start very long work where it is allowed."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 1e6


def throws(good: Mapping[str, Any], seed: str) -> list[dict[str, Any]]:
    """Return wrong arguments: each of them alone, then pairs drawn from a fixed seed, up to `THROWN`."""
    names = list(good)
    fit = {name: [w for w in WRONG if not (name in COUNTS and is_large(w))] for name in names}
    alone = [{**good, name: wrong} for name in names for wrong in fit[name]]
    rng = random.Random(seed)  # noqa: S311 - a test, and the same at every run
    rng.shuffle(alone)
    pairs = list(itertools.combinations(names, 2)) or [(name, name) for name in names]
    while len(alone) < THROWN and pairs:
        one, other = rng.choice(pairs)
        alone.append({**good, one: rng.choice(fit[one]), other: rng.choice(fit[other])})
    return alone[:THROWN]


def test_no_function_of_the_face_and_no_view_is_left_out() -> None:
    functions = {name for name in carms.__all__ if inspect.isfunction(getattr(carms, name))}
    functions |= {name for name in pressure.__all__ if inspect.isfunction(getattr(pressure, name))} - BEHIND
    for owner in (carms.Study, Comparison):
        functions |= {
            f"{owner.__name__}.{name}"
            for name, method in inspect.getmembers(owner, inspect.isfunction)
            if not name.startswith("_") and name not in SAME_AS
        }
    assert functions - set(CALLS) == set()


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_gets_an_answer_or_the_librarys_own_error(
    world: World, name: str, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    call = CALLS[name]
    bare = []
    for asked in throws(call.good(world), name):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call.of(world)(**asked)
        except CarmsError:
            continue
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            wrong = {key: value for key, value in asked.items() if value is not call.good(world).get(key)}
            shown = {key: repr(value)[:40] for key, value in wrong.items()}
            bare.append(f"{type(error).__name__}: {str(error)[:80]} of {shown}")
    plt.close("all")
    assert bare == [], "\n".join(sorted(set(bare))[:12])
