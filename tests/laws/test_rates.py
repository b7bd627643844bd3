"""Laws of published shares and of series: intervals hold what they say. Fault 7 of the list of numbers shown."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from carms_lib.pressure import published_rates
from scipy import integrate, stats


def script(name: str):
    path = Path(__file__).parents[1] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("groups", "spread", "repetitions"), [(8, "hardly", 12), (8, "much", 12), (37, "hardly", 4)])
def test_fault_7_shrunk_intervals_hold(groups, spread, repetitions):
    """36 to 62 % held before. The full count is tests/benchmarks/rates_coverage.py."""
    row = script("rates_coverage").count(groups, spread, "mixed", repetitions)
    assert 0.80 <= row["shrunk"] <= 1.0
    assert 0.80 <= row["alone (wilson)"] <= 1.0


def test_hyper_parameters_are_averaged_over_as_by_quadrature():
    """The posterior mean against a double integral over the mean's angle and the shrinkage, by scipy."""
    cases, total = np.array([1.0, 4.0, 2.0, 9.0, 0.0]), np.array([12.0, 15.0, 9.0, 20.0, 7.0])
    typical = len(total) / (1.0 / total).sum()

    def weight(u: float, angle: float) -> tuple[float, float, float]:
        worth = typical * u / (1.0 - u)
        a, b = np.sin(angle) ** 2 * worth, np.cos(angle) ** 2 * worth
        return float(np.exp(stats.betabinom.logpmf(cases, total, a, b).sum() + 10.0)), a, b

    def share(u: float, angle: float) -> float:
        chance, a, b = weight(u, angle)
        return chance * (a + cases[0]) / (a + b + total[0])

    ends = (1e-3, np.pi / 2 - 1e-3, 1e-4, 1 - 1e-4)
    options = {"epsabs": 1e-6, "epsrel": 1e-3}
    whole = integrate.dblquad(lambda u, x: weight(u, x)[0], *ends, **options)[0]
    expected = integrate.dblquad(share, *ends, **options)[0] / whole
    found = published_rates(pd.DataFrame({"cases": cases, "total": total}), count="cases", total="total", level=0.9)
    mean, low, high = (found[name].to_numpy() for name in ("shrunk", "shrunk_lower", "shrunk_upper"))
    assert mean[0] == pytest.approx(expected, abs=0.004)
    assert (low < mean).all()
    assert (mean < high).all()


def test_a_wider_level_contains_a_narrower_one_and_order_is_kept():
    counts = pd.DataFrame({"n": [0, 3, 8, 30, 6], "of": [5, 9, 80, 60, 6]})
    wide, narrow = (published_rates(counts, count="n", total="of", level=level) for level in (0.95, 0.8))
    for own in ("", "shrunk_"):
        assert (wide[f"{own}lower"] <= narrow[f"{own}lower"]).all()
        assert (wide[f"{own}upper"] >= narrow[f"{own}upper"]).all()
    assert narrow["shrunk"].between(narrow["shrunk_lower"], narrow["shrunk_upper"]).all()


def test_intervals_of_series_hold():
    """The full count is tests/benchmarks/series_coverage.py."""
    row = script("series_coverage").count("walk", 8, 10)
    assert row["one year"] >= 0.6
    assert row["three years"] >= 0.6
