"""Bands against truths that are known."""

from __future__ import annotations

import json
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.pressure import Bands, Measure, summarise
from carms_lib.provenance import Provenance
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

BLOCK = 10
KEYS = pd.DataFrame({"cell": np.arange(400)})


def _bands(top: np.ndarray, bottom: np.ndarray | None, kind: str, level: float = 0.90) -> pd.DataFrame:
    keys = pd.DataFrame({"cell": np.arange(top.shape[1])})
    measures = {"baseline": [Measure("x", top, bottom)]}
    return summarise(
        measures, keys, level=level, kind=kind, draws_per_input=BLOCK, headline="x", provenance=Provenance()
    ).to_frame()


def _synthetic(rng: np.random.Generator, draws: int, cells: int, between: float) -> np.ndarray:
    """Counts with truth 50: settings of the inputs spread by `between`, chance by 3."""
    setting = rng.normal(50.0, between, size=(draws // BLOCK, 1, cells))
    return rng.normal(setting, 3.0, size=(draws // BLOCK, BLOCK, cells)).reshape(draws, cells)


@pytest.mark.parametrize("between", [0.0, 2.0])
def test_mean_bands_cover_the_truth_as_often_as_they_say(between: float) -> None:
    """400 synthetic cells of 200 draws; a share of 0.90 has standard error 0.015."""
    rng = np.random.default_rng(20251)
    frame = _bands(_synthetic(rng, 200, 400, between), None, "mean")
    covered = ((frame["lower"] <= 50.0) & (frame["upper"] >= 50.0)).mean()
    assert 0.87 <= covered <= 0.93


def test_mean_bands_of_ratios_cover_the_truth() -> None:
    rng = np.random.default_rng(20252)
    bottom = rng.poisson(20.0, size=(200, 400)) + 1
    top = rng.binomial(bottom, 0.3)
    frame = _bands(top, bottom, "mean")
    covered = ((frame["lower"] <= 0.3) & (frame["upper"] >= 0.3)).mean()
    assert 0.87 <= covered <= 0.93


def test_outcome_bands_cover_the_next_draw() -> None:
    rng = np.random.default_rng(20253)
    frame = _bands(_synthetic(rng, 1_000, 400, 2.0), None, "outcome")
    following = rng.normal(rng.normal(50.0, 2.0, size=400), 3.0)
    covered = ((frame["lower"] <= following) & (following <= frame["upper"])).mean()
    assert 0.85 <= covered <= 0.95


def test_input_bands_show_the_spread_of_inputs_without_that_of_chance() -> None:
    """Inputs spread by 2, so a 90 % band is 2 * 1.645 * 2 = 6.58 wide; with no spread it is narrow."""
    rng = np.random.default_rng(20254)
    frame = _bands(_synthetic(rng, 1_000, 400, 2.0), None, "input")
    assert (frame["upper"] - frame["lower"]).mean() == pytest.approx(6.58, rel=0.05)
    quiet = _bands(_synthetic(rng, 1_000, 400, 0.0), None, "input")
    assert (quiet["upper"] - quiet["lower"]).mean() < 1.2


def test_kinds_are_ordered() -> None:
    rng = np.random.default_rng(20255)
    top = _synthetic(rng, 1_000, 50, 2.0)
    width = {}
    for kind in ("outcome", "input", "mean"):
        frame = _bands(top, None, kind)
        width[kind] = (frame["upper"] - frame["lower"]).mean()
    assert width["outcome"] > width["input"] > width["mean"] > 0.0


def test_mean_bands_shrink_with_draws_and_outcome_bands_do_not() -> None:
    rng = np.random.default_rng(20256)
    few, many = _synthetic(rng, 200, 200, 2.0), _synthetic(rng, 3_200, 200, 2.0)
    ratio = {}
    for kind in ("mean", "outcome"):
        wide, narrow = (_bands(top, None, kind) for top in (few, many))
        ratio[kind] = (wide["upper"] - wide["lower"]).mean() / (narrow["upper"] - narrow["lower"]).mean()
    assert ratio["mean"] == pytest.approx(4.0, rel=0.1)
    assert ratio["outcome"] == pytest.approx(1.0, rel=0.1)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 0.94), st.sampled_from(["outcome", "mean", "input"]), st.integers(0, 2**31))
def test_bands_nest_in_level_and_hold_their_estimate(level: float, kind: str, seed: int) -> None:
    top = _synthetic(np.random.default_rng(seed), 2_000, 5, 2.0)
    inner, outer = _bands(top, None, kind, level=level), _bands(top, None, kind, level=level + 0.05)
    assert (outer["lower"] <= inner["lower"]).all()
    assert (outer["upper"] >= inner["upper"]).all()
    if kind == "mean" or level >= 0.8:
        assert ((inner["lower"] <= inner["estimate"]) & (inner["estimate"] <= inner["upper"])).all()


def test_differences_are_paired_draw_by_draw(market: carms.Market) -> None:
    study = carms.simulate(market, carms.Scenario("more").add_seats(4, province="QC"), n_draws=200, rng=8)
    paired = study.compare("more").outcomes().to_frame().set_index("metric")
    apart = study.outcomes().to_frame().set_index(["metric", "scenario"])
    for metric in ("seats", "filled", "matched"):
        difference = apart.loc[(metric, "more"), "estimate"] - apart.loc[(metric, "baseline"), "estimate"]
        assert paired.loc[metric, "estimate"] == pytest.approx(difference)
    # On common draws the difference of seats is nearly known; apart, each band is wider than it.
    paired = study.compare("more").outcomes(kind="mean").to_frame().set_index("metric")
    apart = study.outcomes(kind="mean").to_frame().set_index(["metric", "scenario"])
    width = paired.loc["filled", "upper"] - paired.loc["filled", "lower"]
    alone = apart.loc[("filled", "more"), "upper"] - apart.loc[("filled", "more"), "lower"]
    assert width < alone
    assert set(paired["scenario"]) == {"more"}


def test_bands_save_with_their_provenance(market: carms.Market, tmp_path: Path) -> None:
    bands: Bands = carms.simulate(market, n_draws=100, rng=8).pressure("discipline")
    path = bands.save(tmp_path / "pressure.csv")
    again = pd.read_csv(path)
    pd.testing.assert_frame_equal(again, bands.to_frame(), check_dtype=False)
    record = json.loads((tmp_path / "pressure.csv.provenance.json").read_text(encoding="utf-8"))
    assert record["entropy"] == 8
    assert record["settings"]["n_draws"] == 100


def test_words_name_level_kind_and_draws(market: carms.Market) -> None:
    text = carms.simulate(market, n_draws=200, rng=8).pressure("discipline", level=0.5, kind="input").summary()
    assert "50% input bands, 200 draws" in text


def test_to_frame_is_a_copy(market: carms.Market) -> None:
    bands = carms.simulate(market, n_draws=100, rng=8).pressure()
    frame = bands.to_frame()
    frame["estimate"] = 0.0
    assert (bands.to_frame()["estimate"] != 0.0).any()


def test_effective_draws_tell_blocks_from_draws() -> None:
    """Independent draws count one each; where all spread is between settings, a block of ten counts one."""
    rng = np.random.default_rng(20257)
    keys = pd.DataFrame({"cell": np.arange(200)})
    sizes = {}
    for name, top in (
        ("chance", _synthetic(rng, 2_000, 200, 0.0)),
        ("inputs", np.repeat(rng.normal(50.0, 2.0, size=(200, 200)), BLOCK, axis=0)),
    ):
        bands = summarise(
            {"baseline": [Measure("x", top)]}, keys, level=0.9, kind="mean", draws_per_input=BLOCK, headline="x",
            provenance=Provenance(),
        )  # fmt: skip
        sizes[name] = bands.sizes["effective_draws"].median()
    assert sizes["chance"] == pytest.approx(2_000, rel=0.1)
    assert sizes["inputs"] == pytest.approx(200, rel=0.02)
