"""The scripts that made the bundled cohorts, on problems whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import carms_lib as carms
import carms_lib.fitting.fit
import carms_lib.fitting.moments as moments_module
import numpy as np
import pandas as pd
import pytest
from carms_lib.fitting.cohorts import shrunken_tastes
from carms_lib.fitting.distributions import inputs_of, natural, prior_table, sample, with_fit
from carms_lib.fitting.ensemble import market_of, run_ensemble, smooth
from carms_lib.fitting.fit import base_cohort, demand_spread
from carms_lib.fitting.markets import programs_of, seats_of
from carms_lib.fitting.moments import published_moments, simulated_moments
from carms_lib.fitting.published import Published, read_published
from carms_lib.fitting.stages import check_figures
from carms_lib.simulator.draw.block import BlockInputs, run_block
from carms_lib.simulator.draw.workspace import Space, new_space
from carms_lib.simulator.inputs.market import Tables


def test_the_smoother_finds_the_posterior_of_a_linear_problem() -> None:
    # Three inputs of prior N(0, 1): the first seen alone, the second only in a sum with the third.
    rng = np.random.default_rng(5)
    names = ["seen", "left", "right", *(f"dummy {i}" for i in range(10))]
    start = pd.DataFrame(rng.standard_normal((4_000, len(names))), columns=names)
    target, error = pd.Series({"alone": 1.0, "sum": 2.0}), pd.Series({"alone": 0.5, "sum": 1.0})

    def simulate(ensemble: pd.DataFrame, step: int) -> pd.DataFrame:
        del step
        return pd.DataFrame({"sum": ensemble["left"] + ensemble["right"], "alone": ensemble["seen"]})

    told: list[str] = []
    after = smooth(start, simulate, target, error, steps=4, rng=rng, tell=told.append)
    assert after["seen"].mean() == pytest.approx(0.8, abs=0.04)
    assert after["seen"].std() == pytest.approx(np.sqrt(0.2), rel=0.08)
    assert after[["left", "right"]].mean().tolist() == pytest.approx([2 / 3, 2 / 3], abs=0.05)
    assert np.corrcoef(after["left"], after["right"])[0, 1] == pytest.approx(-0.5, abs=0.06)
    assert after["dummy 0"].std() == pytest.approx(1.0, abs=0.06)
    assert len(told) == 5


def test_a_small_ensemble_is_not_left_too_sure_of_what_it_cannot_see() -> None:
    rng = np.random.default_rng(8)
    names = ["seen", *(f"unseen {i}" for i in range(10)), *(f"dummy {i}" for i in range(12))]
    start = pd.DataFrame(rng.standard_normal((40, len(names))), columns=names)
    keys = [f"moment {i}" for i in range(12)]
    slopes = rng.standard_normal(12)

    def simulate(ensemble: pd.DataFrame, step: int) -> pd.DataFrame:
        noise = np.random.default_rng(step).standard_normal((len(ensemble), 12))
        return pd.DataFrame(np.outer(ensemble["seen"], slopes) + noise, columns=keys)

    after = smooth(
        start, simulate, pd.Series(slopes, keys), pd.Series(1.0, keys), steps=4, rng=rng, tell=lambda _: None
    )
    kept = after[names[1:11]].std() / start[names[1:11]].std()
    assert kept.mean() == pytest.approx(1.0, abs=0.12)
    assert after["seen"].std() < 0.6


def test_tastes_are_drawn_towards_the_country_as_far_as_chance_explains_them() -> None:
    rng = np.random.default_rng(3)
    schools = [f"school {i}" for i in range(17)]
    alike = pd.DataFrame({"A": rng.poisson(80, 17), "B": rng.poisson(20, 17)}, index=schools)
    assert shrunken_tastes(alike).abs().to_numpy().max(initial=0.0) < 0.12
    apart = alike.assign(B=[60, *[18] * 16])
    tastes = shrunken_tastes(apart)
    raw = np.log(60 / (apart.loc["school 0"].sum() * apart["B"].sum() / apart.to_numpy().sum()))
    assert 0.4 * raw < tastes.loc["school 0", "B"] < raw


def test_a_fit_ships_as_joint_draws_that_a_file_keeps() -> None:
    prior, rng = prior_table(), np.random.default_rng(1)
    ensemble = sample(prior, 30, rng)
    cohort = with_fit(
        carms.load_cohort("2025").without_draws(), ensemble, prior, "FIT", "a test", name="fitted", description=""
    )
    assert len(cohort.draws) == 30
    assert not any(str(name).startswith("dummy") for name in cohort.draws.columns)
    assert cohort.parameters.loc["merit", "value"] == pytest.approx(cohort.draws["merit"].median())
    assert cohort.parameters.loc["merit", ["low", "high"]].tolist() == [
        cohort.draws["merit"].min(),
        cohort.draws["merit"].max(),
    ]
    assert cohort.parameters.loc["merit", "fitted"]
    assert not cohort.parameters.loc["quota_drift", "fitted"]
    assert cohort.provinces.loc["ON", "appeal"] == pytest.approx(cohort.draws["provinces.appeal.ON"].median(), abs=1e-3)
    again = carms.Cohort.from_toml(cohort.to_toml())
    pd.testing.assert_frame_equal(again.draws, cohort.draws)
    assert again.to_toml() == cohort.to_toml()
    shares = natural(ensemble, prior)["ranked_share"]
    assert shares.between(0.0, 1.0).all()


def test_a_check_says_which_figures_lie_outside() -> None:
    drawn = pd.DataFrame({"a": np.linspace(0, 1, 101), "b": np.linspace(5, 6, 101)})
    table = check_figures(pd.Series({"a": 0.5, "b": 7.0}), None, drawn).set_index("figure")
    assert table["inside"].tolist() == [True, False]


def test_lengths_of_lists_are_those_that_the_simulation_writes(
    market: carms.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fit counts lists in work space of its own, whatever was left there: it once counted what was left."""
    inputs = inputs_of(market.cohort, pd.Series(dtype=float))
    names = ["CMG programs", "CMG disciplines", "IMG programs", "IMG disciplines"]

    def lengths(inputs: BlockInputs) -> list[float]:
        result = run_block(market, [market], 4, 0, np.arange(1), inputs)[0]
        return simulated_moments(market, inputs, result, 4, 0)[names].tolist()

    expected = lengths(inputs)
    for left in (0.0, 7.0, np.nan):

        def littered(tables: Tables, left: float = left) -> Space:
            space = new_space(tables)
            for array in (space.breadth, space.merit, space.lists.score):
                array.fill(left)
            return space

        monkeypatch.setattr(moments_module, "new_space", littered)
        assert lengths(inputs) == expected
    theta = inputs.theta.copy()
    for name in ("applications_first", "applications_behind"):
        theta[list(carms.simulator.PARAMETERS).index(name)] = 1e-3
    shortest = lengths(inputs._replace(theta=theta))
    assert shortest[::2] == shortest[1::2] == expected[1::2]  # one program in each discipline


@pytest.mark.release
def test_what_a_fit_starts_from_does_not_depend_on_an_earlier_fit(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = base_cohort()
    bundled = carms.load_cohort("2025")
    fitted = ["cmg_prior", "usmg", "img"]
    classes = bundled.classes.copy()
    classes.loc[fitted, "merit"] -= 0.1234
    monkeypatch.setattr(carms_lib.fitting.fit, "load_cohort", lambda _: replace(bundled, classes=classes))
    moved = base_cohort()
    assert moved.classes.loc[fitted, "merit"].tolist() == expected.classes.loc[fitted, "merit"].tolist()
    ensemble, prior = sample(prior_table(), 4, np.random.default_rng(1)), prior_table()
    pd.testing.assert_frame_equal(
        *(
            run_ensemble(market_of(published, 2016, base), ensemble, prior, draws=1, entropy=1)
            for base in (expected, moved)
        ),
        check_exact=True,
    )


@pytest.fixture(scope="module")
def published(data_dir: Path) -> Published:
    return read_published(data_dir / "published")


@pytest.mark.release
def test_seats_of_a_past_year_add_up_to_its_tables(published: Published) -> None:
    seats = seats_of(published, 2017)
    assert seats.groupby("eligibility")["quota"].sum()["IMG"] == pytest.approx(338, abs=8)  # Table 14
    assert seats["quota"].sum() == pytest.approx(3305, abs=10)  # Table 3
    family = seats[seats["discipline"] == "Family Medicine"]
    assert family["quota"].sum() == pytest.approx(1537, abs=10)  # Table 8
    template = pd.DataFrame(
        {
            "program_stream_id": ["1", "2"],
            "discipline": "Family Medicine",
            "school": "University of Manitoba",
            "site": ["town", "country"],
            "eligibility": "CMG",
            "language": "en",
            "quota": [3, 1],
            "interview_band": "76 - 100",
        }
    )
    programs = programs_of(seats, template)
    assert programs["quota"].sum() == seats["quota"].sum()
    assert programs.groupby(["school", "discipline", "eligibility"])["quota"].sum().sum() == seats["quota"].sum()
    towns = programs[(programs["school"] == "University of Manitoba") & (programs["site"] != "")].set_index("site")[
        "quota"
    ]
    assert towns["town"] == pytest.approx(3 * towns["country"], abs=3)
    cohort = carms.load_cohort("2017")
    market = carms.Market.from_gold(programs, cohort)
    inputs = inputs_of(cohort, pd.Series({"couples_share": 0.0}))
    moments = simulated_moments(market, inputs, run_block(market, [market], 1, 0, np.arange(2), inputs)[0], 1, 0)
    target = published_moments(published, 2017)
    assert set(moments.index) == set(target.index)
    assert target["CMG matched"] == 2806
    assert target["FM left QC"] == 85
    assert target["first discipline"] == pytest.approx(2364 / 2704, abs=1e-3)


@pytest.mark.release
def test_first_choices_move_by_less_than_a_fifth_a_year(published: Published) -> None:
    assert 0.02 < demand_spread(published, 2017) < 0.2
