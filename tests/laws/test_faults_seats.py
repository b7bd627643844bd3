"""Faults of seats and of levers' input, each by its number in the list of faults."""

from __future__ import annotations

import warnings
from typing import Any

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import CarmsError, CarmsWarning, LargeChangeWarning, ScenarioError
from carms_lib.simulator.inputs.levers import LEAST_FACTOR, MOST_FACTOR, Lever

_TOML = 'name = "x"\n[[lever]]\n'
CLOSED: dict[str, carms.Scenario] = {
    "set_quota": carms.Scenario("set_quota").set_quota(0, province="QC"),
    "scale_quota": carms.Scenario("scale_quota").scale_quota(0.0, province="QC"),
    "close_programs": carms.Scenario("close_programs").close_programs(province="QC"),
}


@pytest.fixture(scope="module")
def without_quebec(market: carms.Market) -> carms.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LargeChangeWarning)
        return carms.simulate(market, *CLOSED.values(), n_draws=10, rng=3)


@pytest.mark.parametrize("name", CLOSED)
def test_fault_20_nobody_wants_ranks_or_gets_a_program_without_seats(
    market: carms.Market, without_quebec: carms.Study, name: str
) -> None:
    there = np.flatnonzero((market.programs["province"] == "QC").to_numpy())
    before, after = without_quebec.outcomes_of("baseline"), without_quebec.outcomes_of(name)
    assert np.isin(before.wished, there).any()
    for field in ("wished", "ranked", "first", "final"):
        assert not np.isin(getattr(after, field), there).any(), field
    assert (after.quota[:, there] == 0).all()
    # The noise of the other programs is as it was: who wanted one of them wants the same.
    elsewhere = (before.wished >= 0) & ~np.isin(before.wished, there)
    same = after.wished[elsewhere] == before.wished[elsewhere]
    assert same.mean() > 0.9


def test_fault_20_a_table_with_zero_seats_and_seats_that_a_lever_adds(market: carms.Market) -> None:
    there = (market.programs["province"] == "QC").to_numpy()
    empty = market.programs.assign(quota=market.programs["quota"].where(~there, 0))
    none = carms.Market.from_gold(empty, market.cohort)
    study = carms.simulate(none, carms.Scenario("open").set_quota(2, province="QC"), n_draws=10, rng=3)
    at = np.flatnonzero(there)
    assert not np.isin(study.outcomes_of("baseline").wished, at).any()
    assert np.isin(study.outcomes_of("open").wished, at).any()
    assert (study.outcomes_of("open").quota[:, at] >= 1).all()
    both = CLOSED["set_quota"].set_quota(3, province="QC").apply(market)
    twice = carms.simulate(market, CLOSED["set_quota"].set_quota(3, province="QC"), n_draws=10, rng=3)
    assert both.seats == market.seats - market.programs["quota"][there].sum() + 3 * there.sum()
    assert np.isin(twice.outcomes_of("set_quota").wished, at).any()


def test_fault_20_moving_every_seat_closes_a_stream(market: carms.Market) -> None:
    chosen = {"school": "University of Toronto", "discipline": "Family Medicine"}
    made = carms.Scenario("all").move_seats(12, from_stream="CMG", to_stream="IMG", **chosen)
    ids = market.programs["program_stream_id"]
    gone = np.flatnonzero((ids == "10").to_numpy())
    study = carms.simulate(market, made, n_draws=10, rng=3)
    assert study.outcomes_of("all").quota[:, gone].sum() == 0
    assert not np.isin(study.outcomes_of("all").ranked, gone).any()


def test_fault_16_an_unusual_factor_says_how_many_seats_it_adds_or_removes(market: carms.Market) -> None:
    assert (LEAST_FACTOR, MOST_FACTOR) == (0.5, 2.0)
    assert issubclass(LargeChangeWarning, CarmsWarning)
    with pytest.warns(LargeChangeWarning, match=r"scale_quota\(10\) adds 342 seats"):
        carms.Scenario("x").scale_quota(10).apply(market)
    with pytest.warns(LargeChangeWarning, match=r"scale_quota\(0.1\) removes 34 seats"):
        carms.Scenario("x").scale_quota(0.1).apply(market)
    with pytest.warns(LargeChangeWarning) as said:
        carms.simulate(market, carms.Scenario("x").scale_quota(10), n_draws=1, rng=1)
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for factor in (0.5, 1.1, 2.0):
            carms.Scenario("x").scale_quota(factor).apply(market)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        (lambda: carms.Scenario("x").second_iteration("no"), "enabled"),  # type: ignore[arg-type]
        (lambda: carms.Scenario("x").reversions(1), "enabled"),  # type: ignore[arg-type]
        (lambda: carms.Scenario("x").set_quota(True, province="ON"), "seats"),
        (lambda: carms.Scenario("x").scale_quota("1.1"), "factor"),  # type: ignore[arg-type]
        (lambda: carms.Scenario("x").add_seats(1.5), "seats"),  # type: ignore[arg-type]
        (lambda: Lever("scale_quota", where=(("province", ("ON",)),)), "factor"),
        (lambda: Lever("scale_qouta", 1.1), "scale_quota"),
        (lambda: carms.Scenario("x", ["scale_quota"]), "levers"),  # type: ignore[arg-type]
        (
            lambda: carms.Scenario.from_toml(_TOML + 'action = "second_iteration"\nvalue = "off"\n'),
            "off",
        ),
        (lambda: carms.Scenario.from_toml(_TOML + 'action = "scale_quota"\n'), "factor"),
    ],
)
def test_fault_16_a_lever_takes_what_it_says(what: Any, named: str) -> None:
    with pytest.raises(CarmsError, match=named):
        what()


@pytest.mark.parametrize("given", [["a"], "more", {"name": "x"}, 3, None, carms.Scenario])
def test_fault_16_what_is_not_a_scenario_is_refused(market: carms.Market, given: Any) -> None:
    with pytest.raises(CarmsError, match=r"scenarios.*Scenario"):
        carms.simulate(market, given, n_draws=1, rng=1)


def test_fault_16_what_is_not_a_market_is_refused(market: carms.Market) -> None:
    with pytest.raises(CarmsError, match="market=DataFrame must be a Market"):
        carms.simulate(market.programs, n_draws=1, rng=1)  # type: ignore[arg-type]
    with pytest.raises(CarmsError, match="market"):
        carms.Scenario("x").scale_quota(1.1).apply(market.programs)  # type: ignore[arg-type]


def test_seats_that_are_not_there_are_not_moved(market: carms.Market) -> None:
    with pytest.raises(ScenarioError, match="have only"):
        carms.Scenario("x").add_seats(-999).apply(market)
