"""Laws of sensitivity: every input in one group, shares of one whole, drivers only where they are shown.

Faults 5, 7, 18 and the second half of 20 of the list of numbers shown.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.pressure import METRICS, compare_supply, find_sensitivity, sensitivity_of
from carms_lib.pressure.group_effects import InputLaw, group_effects, joint_interval, shapley_forms
from carms_lib.simulator import INPUT_GROUPS, PARAMETERS, input_group

COHORTS = ("2016", "2017", "2025", "2026", "2027")


def coverage_script():
    path = Path(__file__).parents[1] / "benchmarks" / "sensitivity_coverage.py"
    spec = importlib.util.spec_from_file_location("sensitivity_coverage", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def small_study(market):
    return carms.simulate(market, n_draws=200, rng=3)


@pytest.mark.parametrize("year", COHORTS)
def test_every_input_of_every_cohort_is_in_exactly_one_group(year):
    cohort = carms.load_cohort(year)
    names = [*PARAMETERS, *cohort.draws.columns, *(f"size of {name}" for name in cohort.classes.index)]
    assert set(input_group(names)) <= set(INPUT_GROUPS)
    for name in names:
        holding = [
            group
            for group, row in INPUT_GROUPS.items()
            if name in row.parameters or name.replace(".", " ").split()[0] in row.tables
        ]
        assert len(holding) == 1, name
    with pytest.raises(UnknownNameError, match="merits"):
        input_group(["merits"])


def test_fault_5_inputs_drawn_together_are_all_there(small_study, market):
    """37 of 59 were left out: popularity, merit, appeal, attachment and a school's own."""
    assert set(market.cohort.draws.columns) <= set(small_study.inputs.columns)
    assert {f"size of {name}" for name in market.cohort.classes.index} <= set(small_study.inputs.columns)


#: Six inputs that go their own ways.
ALONE = InputLaw(np.zeros(6), np.ones(6), np.eye(6))


def test_shapley_effects_are_those_of_the_closed_form():
    """Two groups with correlation r: (Owen and Prieur 2017) each has its own share and half of what both tell."""
    r, one, two = 0.6, 1.0, 2.0
    forms = shapley_forms(np.array([[1.0, r], [r, 1.0]]), [0, 1])
    beta = np.array([one, two])
    effects = [beta @ form @ beta for form in forms]
    assert effects[0] == pytest.approx(one**2 * (1 - r**2 / 2) + two**2 * r**2 / 2 + one * two * r)
    assert sum(effects) == pytest.approx(one**2 + two**2 + 2 * one * two * r)
    assert all(np.linalg.eigvalsh(form).min() > -1e-12 for form in forms)


def test_intervals_hold_together_as_often_as_asked():
    draws = np.random.default_rng(1).normal(size=(4_000, 6)).cumsum(axis=1)
    lower, upper = joint_interval(draws, 0.9)
    assert ((draws >= lower) & (draws <= upper)).all(axis=1).mean() == pytest.approx(0.9, abs=0.01)


def test_shares_are_of_what_inputs_move_and_not_of_chance():
    """A result that is half chance: the group that makes the other half has nearly all of the inputs' variance."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(150, 6))
    y = x[:, 0] + rng.normal(size=150)
    found = group_effects(y, x, np.array([0, 0, 1, 1, 2, 2]), 1.0, 0.9, rng, ALONE)
    assert found.estimate[0] > 0.75
    assert found.leading.tolist() == [True, False, False]
    assert found.estimate.sum() <= 1


def test_a_tie_names_nobody():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(100, 6))
    y = x[:, 0] + x[:, 2]
    found = group_effects(y, x, np.array([0, 0, 1, 1, 2, 2]), 0.0, 0.9, rng, ALONE)
    assert found.leading.tolist() == [True, True, False]


def test_intervals_hold_on_a_known_truth():
    """The short form of the count in tests/benchmarks/sensitivity_coverage.py, at four groups and 40 settings."""
    script = coverage_script()
    row = script.count(script.population("2025", script.FOUR, settings=400), "spread", 0.0, 40, 0.1, 12)
    assert row["together"] >= 8 / 12
    assert row["each"] >= 0.85
    assert row["largest in set"] >= 10 / 12
    assert row["most summed"] <= 1


@pytest.fixture(scope="module")
def study(market):
    return carms.simulate(market, n_draws=10 * 10 * len(INPUT_GROUPS), rng=5)


def test_groups_are_shares_of_one_whole_and_estimates_lie_inside(study):
    found = sensitivity_of(study, metric=["unfilled", "matched", "seats"])
    frame = found.to_frame()
    assert (frame["lower"] <= frame["estimate"]).all()
    assert (frame["estimate"] <= frame["upper"]).all()
    assert frame[["lower", "upper"]].stack().between(0, 1).all()
    assert frame.groupby("metric")["estimate"].sum().le(1 + 1e-12).all()
    assert sensitivity_of(study).to_frame().equals(sensitivity_of(study).to_frame())
    for row in found.drivers.itertuples():
        own = frame[frame["metric"] == row.metric].set_index("input")["estimate"]
        assert own.idxmax() in row.leading.split("; ")
        assert (found.driver(row.metric) is None) == (";" in row.leading)
        assert (row.driver if isinstance(row.driver, str) else "cannot be told apart") in found.summary()
    with pytest.raises(UnknownNameError, match="unfilled"):
        found.driver("unfiled")


def test_fewer_than_ten_settings_a_group_name_no_driver(small_study):
    found = sensitivity_of(small_study)
    assert found.driver() is None
    assert "fewer than 10 each" in found.drivers.loc[0, "reason"]
    assert "no driver named" in found.summary()
    assert sensitivity_of(small_study, by="input").driver() is None


def test_sobol_is_for_independent_inputs(market):
    assert not market.cohort.draws.empty
    with pytest.raises(ArgumentError, match="independent=True"):
        find_sensitivity(market, n=8)


def test_a_file_of_an_older_version_is_refused_clearly(small_study):
    old = carms.Study.__new__(carms.Study)
    old.__dict__.update(small_study.__dict__)
    old.inputs = small_study.inputs[list(PARAMETERS)]
    with pytest.raises(StudyError, match="older versions"):
        sensitivity_of(old)


@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
def test_fault_18_and_20_the_proxy_is_inside_its_band_and_its_demand_holds_no_quota(small_study):
    proxy = compare_supply(small_study, ["province", "discipline"], fewest=0)
    assert "unfilled" in METRICS
    for at, low, high in (proxy.correlation, proxy.demand_given_supply):
        assert -1 <= low <= at <= high <= 1
    frame = proxy.to_frame().dropna(subset="estimate")
    assert frame["estimate"].between(frame["lower"], frame["upper"]).mean() > 0.9
    ratio = compare_supply(small_study, ["province", "discipline"], metric="first_choice_ratio", fewest=0)
    assert np.isnan(ratio.demand_given_supply).all()
    assert "no answer" in ratio.summary()
