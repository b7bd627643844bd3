"""The bundled cohorts: complete, sourced, and near the headlines that they were fitted to."""

from __future__ import annotations

from importlib.resources import files

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.simulator import PARAMETERS

NAMES = ("2016", "2017", "2025", "2026", "2027")


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_cohort_is_complete_and_sourced(name: str) -> None:
    cohort = carms.load_cohort(name)
    assert (cohort.name, cohort.year) == (name, int(name))
    assert cohort.to_toml() == files("carms_lib").joinpath("data", "cohorts", f"{name}.toml").read_text("utf-8")
    table = cohort.to_frame()
    assert set(table["source"]) <= set(cohort.sources)
    used = {*table["source"], *(about["source"] for about in cohort.columns.values())}
    assert set(cohort.sources) == used, "a source that no number names"
    assert table["fitted"].notna().all()
    assert len(cohort.draws) >= 100
    for column in cohort.draws.columns.intersection(list(PARAMETERS)):
        row = cohort.parameters.loc[column]
        assert row["fitted"]
        assert row["value"] == pytest.approx(cohort.draws[column].median())


@pytest.fixture(scope="session")
def gold(bundled_layers: carms.Layers) -> pd.DataFrame:
    return bundled_layers.gold["program"]


@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.StabilityWarning")  # one of two draws is no share
@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_cohort_goes_with_the_release(name: str, gold: pd.DataFrame) -> None:
    market = carms.Market.from_gold(gold, carms.load_cohort(name))
    assert market.n_programs == len(gold)
    outcomes = carms.simulate(market, n_draws=2, rng=1).outcomes_of()
    assert (np.asarray(outcomes.final) >= 0).sum(axis=1).min() > 3_000


def test_draws_are_joint() -> None:
    # What holds people at home is seen by the figures as a sum: its parts move against each other.
    draws = carms.load_cohort("2017").draws
    correlation = np.corrcoef(draws.to_numpy().T)
    np.fill_diagonal(correlation, 0.0)
    assert np.abs(correlation).max() > 0.4


def test_coming_years_have_more_graduates_and_seats() -> None:
    now, soon, later = (carms.load_cohort(name) for name in ("2025", "2026", "2027"))
    graduates = [cohort.classes.loc["cmg_current", "size"] for cohort in (now, soon, later)]
    assert graduates == sorted(graduates)
    drift = [cohort.parameters.loc["quota_drift", "value"] for cohort in (now, soon, later)]
    assert drift == sorted(drift)
    width = [cohort.classes.loc["cmg_current", ["low", "high"]].diff().iloc[-1] for cohort in (soon, later)]
    assert width[0] < width[1]
    pd.testing.assert_frame_equal(now.draws, later.draws)


def test_the_cohort_of_2025_comes_near_the_headlines_of_2025(gold: pd.DataFrame) -> None:
    """Forty draws and wide tolerances: half again or 60 seats, whichever is more."""
    market = carms.Market.from_gold(gold, carms.load_cohort("2025"))
    outcomes = carms.simulate(market, n_draws=40, rng=2025).outcomes_of()
    programs = outcomes.programs
    family = (programs["discipline"] == "Family Medicine").to_numpy()
    quebec = family & (programs["school_province"] == "QC").to_numpy()

    def left(match: np.ndarray, of: np.ndarray) -> float:
        held = [np.bincount(one[one >= 0], minlength=len(programs)) for one in match]
        return float((np.asarray(outcomes.quota) - np.array(held))[:, of].sum(axis=1).mean())

    everywhere = np.ones(len(programs), dtype=bool)
    first, final = np.asarray(outcomes.first), np.asarray(outcomes.final)
    # CFPC (276, 98) and CaRMS (118, 94, 69, 3,873), 2025
    for simulated, published in (
        (left(first, family), 276),
        (left(first, quebec), 98),
        (left(final, everywhere), 118),
        (left(final, family), 94),
        (left(final, quebec), 69),
    ):
        assert abs(simulated - published) < max(60.0, 0.5 * published)
    assert (final >= 0).sum(axis=1).mean() == pytest.approx(3873, rel=0.03)
