"""The bands of a study, drawn as they come."""

from __future__ import annotations

import carms_lib as carms
import matplotlib.pyplot as plt
import pytest
from carms_lib.plotting import plot_bands, plot_differences

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")


@pytest.fixture(scope="module")
def study(market) -> carms.Study:
    more = carms.Scenario("more").scale_quota(1.5, discipline="Family Medicine")
    return carms.simulate(market, more, n_draws=20, rng=1)


@pytest.mark.parametrize(
    ("by", "figure"),
    [
        ("province", "by province"),
        (["province", "discipline"], "Pressure"),
        ("discipline", "Pressure"),
        (["applicant_class", "discipline"], "Pressure"),
        (None, "Pressure"),
    ],
)
def test_pressure_of_any_grouping_is_drawn(study, by, figure, ax):
    plot_bands(study.pressure(by=by), ax=ax)
    assert figure in ax.get_title(loc="left")


def test_a_result_draws_itself(study):
    for answer in (study.pressure(by="discipline"), study.compare("more").outcomes(by="discipline"), study.outcomes()):
        answer.plot()
    assert len(plt.get_fignums()) == 3
    titles = [plt.figure(number).axes[0].get_title(loc="left") for number in plt.get_fignums()]
    plt.close("all")
    assert titles[1].endswith("change against the baseline")


def test_differences_name_their_scenario_and_kind(study, ax):
    bands = study.compare("more").outcomes(by="discipline", metric="filled", kind="mean", level=0.5)
    plot_differences(bands, ax=ax)
    assert any(text.get_text() == "more · 50 % mean band · 20 draws" for text in ax.texts)
