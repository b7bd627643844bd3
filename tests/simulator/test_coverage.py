"""Bands keep their promise on a synthetic market whose truth can be simulated.

Six metrics of a larger market, the long study's own counting; every metric by name, bands of kind "input" too, is in
`tests/pressure/test_every_band.py`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import TooFewDrawsWarning

SCRIPT = Path(__file__).parents[2] / "docs" / "make_coverage.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def synthetic(script: ModuleType) -> carms.Market:
    return script.synthetic_market()


def held(shares: dict[str, float]) -> float:
    return float(np.mean(list(shares.values())))


def test_outcome_bands_hold_next_year(script: ModuleType, synthetic: carms.Market) -> None:
    assert 0.87 <= held(script.cover_outcome(synthetic, studies=2, n_draws=600, truths=300, rng=11)) <= 0.93


def test_mean_bands_hold_the_mean(script: ModuleType, synthetic: carms.Market) -> None:
    assert 0.87 <= held(script.cover_mean(synthetic, studies=160, n_draws=100, rng=12)) <= 0.93


def test_bands_are_not_vacuous(script: ModuleType, synthetic: carms.Market) -> None:
    study = carms.simulate(synthetic, n_draws=400, rng=14)
    for kind in ("outcome", "mean", "input"):
        bands = script.bands_of(study, kind)
        width = (bands["upper"] - bands["lower"]) / bands["estimate"]
        assert (width["matched"] > 0) & (width["matched"] < 0.15)


def test_the_count_on_the_real_cohort_in_short(docs_script: Callable[[str], ModuleType], market: carms.Market) -> None:
    """The script of the page, on a small market: every view and kind, with few repetitions."""
    table = docs_script("make_coverage_national").study(market, settings=60, repetitions=8, size=30)
    views = {"pressure", "outcomes of seats", "placements, difference", "preferences", "ranks of disciplines"}
    assert views <= set(table["view"])
    assert set(table["kind"]) == {"outcome", "mean"}
    assert (
        table[["coverage", "without_ends", "least", "most"]].apply(lambda shares: shares.between(0, 1)).all(axis=None)
    )
    assert (table["without_ends"] <= table["coverage"]).all()
    assert np.average(table["coverage"], weights=table["cells"]) > 0.85


@pytest.mark.parametrize(("kind", "n_draws"), [("outcome", 50), ("mean", 50), ("input", 50)])
def test_too_few_draws_are_warned_of(market: carms.Market, kind: str, n_draws: int) -> None:
    study = carms.simulate(market, n_draws=n_draws, rng=1)
    with pytest.warns(TooFewDrawsWarning, match="n_draws=400" if kind == "outcome" else "n_draws=100"):
        study.outcomes(kind=kind)


def test_other_bands_on_a_small_market_in_short(
    docs_script: Callable[[str], ModuleType], market: carms.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script of the page for bands that are no views of a study; shares, series and sensitivity have laws."""
    script = docs_script("make_coverage_others")
    monkeypatch.setattr(script, "made_up", lambda _: iter(()))
    table = script.study(market, settings=60, repetitions=8, size=30)
    views = {"seat values", "seat values, country", "allocation, by seat value", "allocation, difference"}
    assert views <= set(table["view"])
    assert table["coverage"].between(0, 1).all()
    assert np.average(table["coverage"], weights=table["cells"]) > 0.8
