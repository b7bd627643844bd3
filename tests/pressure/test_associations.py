"""What goes with the answer in a study that is there: held against the same by other means."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.pressure import sensitivity_of
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, PARAMETERS
from carms_lib.simulator.draw.settings import draw_settings
from matplotlib.figure import Figure
from scipy import stats


@pytest.fixture(scope="module")
def found(small_study):
    return sensitivity_of(small_study, by="input")


def averages(study: carms.Study) -> np.ndarray:
    """Seats left in each setting, counted from the outcomes themselves."""
    outcomes = study.outcomes_of("baseline")
    left = outcomes.quota.sum(axis=1) - (outcomes.final >= 0).sum(axis=1)
    return left.reshape(-1, study.draws_per_input).mean(axis=1)


def test_shares_and_intervals_are_those_of_scipy(found, small_study):
    left = averages(small_study)
    frame = found.to_frame().set_index("input")
    varied = [name for name in small_study.inputs if np.ptp(small_study.inputs[name].to_numpy()) > 0]
    assert len(varied) > 5
    held_nothing = 0
    for name in varied:
        asked = stats.pearsonr(small_study.inputs[name], left)
        low, high = asked.confidence_interval(0.90)
        row = frame.loc[name]
        assert row["estimate"] == pytest.approx(asked.statistic**2)
        assert row["upper"] == pytest.approx(max(low**2, high**2))
        assert row["lower"] == pytest.approx(0.0 if low < 0 < high else min(low**2, high**2))
        held_nothing += low < 0 < high
    assert 0 < held_nothing < len(varied)
    assert frame["kind"].eq("linear (descriptive)").all()


def test_every_uncertain_input_counts_as_drawn(found, small_study, market):
    cohort = market.cohort
    expected = {*PARAMETERS, *cohort.draws.columns, *(f"size of {name}" for name in cohort.classes.index)}
    assert set(small_study.inputs.columns) == expected
    theta, sizes, shifts = draw_settings(cohort, small_study.entropy, len(small_study.inputs))
    drawn = small_study.inputs
    assert np.array_equal(drawn[list(PARAMETERS)].to_numpy(), theta)
    assert np.array_equal(drawn[[f"size of {name}" for name in cohort.classes.index]].to_numpy(), sizes)
    if "classes.merit.img" in drawn:
        merit = [shift.merit[cohort.classes.index.get_loc("img")] for shift in shifts]
        assert drawn["classes.merit.img"].to_numpy() - cohort.classes.loc["img", "merit"] == pytest.approx(merit)


def test_several_results_and_scenarios_may_be_asked(small_study):
    frame = sensitivity_of(small_study, metric=["matched", "unfilled"], level=0.5, by="input").to_frame()
    assert list(frame["metric"].unique()) == ["unfilled", "matched"]
    with pytest.raises(UnknownNameError, match="unfilled"):
        sensitivity_of(small_study, metric="unfiled")
    with pytest.raises(UnknownNameError, match="baseline"):
        sensitivity_of(small_study, scenario="base")


def test_a_result_that_never_varies_goes_with_nothing(small_study):
    outcomes = small_study.outcomes_of()
    same = {name: np.tile(getattr(outcomes, name)[:1], (len(outcomes.final), 1)) for name in ("final", "quota")}
    still = carms.Study(
        {BASELINE: outcomes._replace(**same)},
        entropy=3,
        inputs=small_study.inputs,
        input_moments=small_study.input_moments,
        provenance=Provenance(),
    )
    assert sensitivity_of(still).to_frame()[["estimate", "lower", "upper"]].isna().all(axis=None)


def test_too_few_settings_are_refused(market):
    few = carms.simulate(market, n_draws=190, rng=3)
    with pytest.raises(ArgumentError, match=r"19 settings .* 20 are needed .* n_draws=200 or more"):
        sensitivity_of(few)
    with pytest.raises(ArgumentError, match="level"):
        sensitivity_of(few, level=90)


def test_a_result_answers_what_results_answer(found, tmp_path):
    first = found.to_frame().sort_values("estimate")["input"].iloc[-1]
    assert "unfilled (mean" in found.summary(1)
    assert first in found.summary(1)
    ax = found.plot(ax=Figure().add_subplot(), n_rows=4)
    assert ax.get_yticklabels()[0].get_text() == first.replace("_", " ")
    assert len(ax.containers) == 1
    assert ax.get_legend() is None
    assert any("squared correlations · 90 % intervals · 200 matches" in text.get_text() for text in ax.texts)
    assert len(pd.read_csv(found.save(tmp_path / "s.csv"))) == len(found.to_frame())
