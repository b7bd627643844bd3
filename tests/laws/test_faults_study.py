"""Faults of what a study answers, each by its number in the list of faults, on the study that the list names.

The list: 1,000 draws of the cohort 2025 on the bundled release, rng 2025. Other files hold the faults of seats,
allocation, sensitivity and rates; those of the memo, of files and of figures stand with their tests.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError, TooFewDrawsWarning
from carms_lib.plotting import plot_ranks
from matplotlib.figure import Figure

TESTS = Path(__file__).resolve().parents[1]
LAST_FAULT = 21
MORE = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
CANADIAN, ABROAD = {"applicant_class": "cmg_current"}, {"applicant_class": "img"}


@pytest.fixture(scope="module")
def study(national: carms.Market) -> carms.Study:
    return carms.simulate(national, MORE, n_draws=1_000, rng=2025, progress=False)


def test_every_fault_of_the_list_has_a_test_with_its_number() -> None:
    named = {
        int(number)
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"def test_(fault_\w+)\(", path.read_text("utf-8"))
        for number in re.findall(r"(?:^fault|and)_(\d+)", name)
    }
    assert named == set(range(1, LAST_FAULT + 1))


@pytest.mark.parametrize(
    ("by", "metric", "k"), [(["school", "discipline"], "pressure", 5), ("program_stream_id", "pressure", 5),
                            ("discipline", "fill_rate", 5)],
)  # fmt: skip
def test_fault_1_ties_share_the_places_among_the_first(study: carms.Study, by: str, metric: str, k: int) -> None:
    ranks = study.ranks(by, metric=metric, k=k, scenario="baseline", fewest=0).to_frame()
    assert ranks["among_first"].sum() == pytest.approx(k, abs=1e-9)
    assert ranks["among_first"].between(0, 1 + 1e-12).all()
    assert (ranks["estimate"] >= ranks["lower"] - 1e-9).all()
    assert (ranks["estimate"] <= ranks["upper"] + 1e-9).all()


def test_fault_1_the_dot_of_a_rank_lies_on_its_bar(study: carms.Study) -> None:
    shown = study.ranks(["school", "discipline"], k=5, scenario="baseline")
    axes = Figure().add_subplot()
    plot_ranks(shown, ax=axes, n_rows=None)
    frame = shown.to_frame()
    (dots,) = (each.get_offsets() for each in axes.collections if each.get_gid() == "ranks")
    (bars,) = (each.get_segments() for each in axes.collections if each.get_gid() == "bands")
    assert len(dots) == len(bars) == frame["estimate"].notna().sum()
    for (at, height), ((low, one), (high, two)) in zip(dots, bars, strict=True):
        assert height == one == two
        assert low - 1e-6 <= at <= high + 1e-6


def test_fault_6_few_draws_are_counted_in_settings(national: carms.Market) -> None:
    few = carms.simulate(national, n_draws=120, rng=2025, progress=False)
    with pytest.warns(TooFewDrawsWarning, match="120 draws hold 12 settings of the uncertain inputs.*n_draws=400"):
        few.outcomes(metric="unfilled")
    with warnings.catch_warnings():
        warnings.simplefilter("error", TooFewDrawsWarning)
        few.outcomes(metric="unfilled", level=0.5)


def test_fault_8_manitoba_family_medicine_by_class_of_applicant(study: carms.Study) -> None:
    """The pooled figure was 83 %, of Canadian graduates 58 % and international graduates 94 % at the time."""
    cell = {"province": "MB", "discipline": "Family Medicine"}
    pressure = {
        name: study.pressure(metric="pressure", scenario="baseline", where={**cell, **of}).to_frame()["estimate"].item()
        for name, of in {"all": {}, "canadian": CANADIAN, "abroad": ABROAD}.items()
    }
    assert pressure["canadian"] == pytest.approx(0.58, abs=0.04)
    assert pressure["abroad"] == pytest.approx(0.94, abs=0.03)
    assert pressure["canadian"] < pressure["all"] < pressure["abroad"]
    parts = ["pressure_funnel", "pressure_scarcity", "pressure_competition"]
    told = study.pressure("eligibility", metric=["pressure", *parts], scenario="baseline", where=cell).to_frame()
    by_stream = told.pivot_table(index="eligibility", columns="metric", values="estimate")
    np.testing.assert_allclose(by_stream[parts].sum(axis=1), by_stream["pressure"], atol=1e-9)
    assert (by_stream[parts].idxmax(axis=1) == "pressure_funnel").all()
    with pytest.raises(ArgumentError, match=r"pressure_scarcity.*no class of applicant"):
        study.pressure(metric=["pressure", "pressure_scarcity"], where=CANADIAN)


@pytest.mark.parametrize("kind", ["outcome", "mean", "input"])
def test_fault_12_an_estimate_lies_in_its_band_and_a_share_in_0_to_1(study: carms.Study, kind: str) -> None:
    changes = study.compare(MORE.name).outcomes(by="discipline", kind=kind).to_frame()
    shares = study.pressure(by=["discipline", "province"], metric="pressure", kind=kind, where=CANADIAN).to_frame()
    for frame in (changes, shares):
        known = frame.dropna(subset=["lower"])
        inside = (known["estimate"] >= known["lower"] - 1e-9) & (known["estimate"] <= known["upper"] + 1e-9)
        assert (inside | known["share_zero"].ge(0.95)).all()
    assert shares["lower"].dropna().between(0, 1).all()
    assert shares["upper"].dropna().between(0, 1).all()


def test_fault_14_a_column_of_programs_and_of_applicants_can_be_asked(study: carms.Study) -> None:
    frame = study.outcomes(by="home_province", metric="matched", scenario="baseline").to_frame()
    whole = study.outcomes(metric="matched", scenario="baseline").to_frame()["estimate"].iloc[0]
    assert frame["home_province"].is_unique
    assert frame["estimate"].sum() == pytest.approx(whole)


def test_fault_21_a_summary_shows_all_six_scenarios(market: carms.Market) -> None:
    scenarios = [carms.Scenario(f"{seats} more").add_seats(seats, discipline="Psychiatry") for seats in range(1, 7)]
    text = carms.simulate(market, *scenarios, n_draws=400, rng=3, progress=False).summary()
    for scenario in scenarios:
        assert text.count(scenario.name) >= 5
