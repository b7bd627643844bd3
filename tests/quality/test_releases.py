"""A release against the one before: what is drift, and what is only chance among few values."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from carms_lib import quality
from carms_lib.exceptions import ArgumentError, QualityWarning, UnknownNameError
from carms_lib.loaders import load_release
from carms_lib.transforms import build
from scipy import stats

RNG = np.random.default_rng(11)


def tables(values):
    return {"t": pd.DataFrame({"x": values, "key": [str(n) for n in range(len(values))]})}


class TestDistance:
    def test_the_index_is_that_of_its_formula(self):
        before = pd.Series(["a"] * 60 + ["b"] * 40)
        now = pd.Series(["a"] * 30 + ["b"] * 70)
        p, q = np.array([60.5, 40.5]) / 101, np.array([30.5, 70.5]) / 101
        index, chance = quality.population_stability(before, now)
        assert index == pytest.approx(((q - p) * np.log(q / p)).sum())
        assert chance == pytest.approx(0.02 * stats.chi2.isf(0.01, 1))
        assert quality.population_stability(now, before)[0] == pytest.approx(index)
        assert quality.population_stability(before, before)[0] == 0

    def test_a_category_that_is_new_or_gone_gives_a_finite_index(self):
        index, chance = quality.population_stability(pd.Series(["a"] * 50), pd.Series(["b"] * 50))
        assert chance < index < np.inf

    def test_the_distance_is_that_of_scipy(self):
        before, now = pd.Series(RNG.normal(size=80)), pd.Series(RNG.normal(0.7, size=120))
        distance, chance = quality.kolmogorov_smirnov(before, now)
        assert distance == pytest.approx(stats.ks_2samp(before, now).statistic)
        assert stats.kstwobign.sf(chance * np.sqrt(80 * 120 / 200)) == pytest.approx(0.01)

    @pytest.mark.parametrize("n", [40, 400])
    def test_chance_is_rarely_taken_for_drift(self, n):
        """Samples of one distribution exceed what chance gives about once in a hundred, however few they are."""
        letters = list("abcdefgh")
        exceeded = {"index": 0, "distance": 0}
        for _ in range(300):
            a, b = (pd.Series(RNG.choice(letters, n)) for _ in range(2))
            index, chance = quality.population_stability(a, b)
            exceeded["index"] += index > chance
            a, b = (pd.Series(RNG.normal(size=n)) for _ in range(2))
            distance, chance = quality.kolmogorov_smirnov(a, b)
            exceeded["distance"] += distance > chance
        assert exceeded["index"] <= 12
        assert exceeded["distance"] <= 12


class TestDistribution:
    def test_a_large_shift_among_many_values_is_drift(self):
        found = quality.check_distribution("gold", tables(["b"] * 300), tables(["a"] * 150 + ["b"] * 150), "t", "x")
        assert not found.passed
        assert set(found.failing_keys) == {"b (+50.0%)", "a (-50.0%)"}

    def test_the_same_shift_among_few_values_may_be_chance(self):
        before, now = tables(list("abcdefghij") * 2), tables(list("abcdefghij") * 2 + ["a"] * 6)
        found = quality.check_distribution("gold", now, before, "t", "x", threshold=0.05)
        assert found.measured > 0.05
        assert found.passed

    def test_a_shift_that_is_certain_and_small_is_none(self):
        before, now = tables(["a"] * 5_000 + ["b"] * 5_000), tables(["a"] * 5_500 + ["b"] * 4_500)
        found = quality.check_distribution("gold", now, before, "t", "x")
        index, chance = quality.population_stability(before["t"]["x"], now["t"]["x"])
        assert index > chance
        assert found.passed

    def test_too_few_values_are_not_judged(self):
        found = quality.check_distribution("gold", tables(["a"] * 19), tables(["b"] * 500), "t", "x")
        assert found.passed
        assert found.measured is None
        assert "too few" in found.observed

    def test_numbers_are_compared_by_their_distance(self):
        before, now = tables(np.arange(100.0)), tables(np.arange(100.0) + 30)
        found = quality.check_distribution("gold", now, before, "t", "x")
        assert not found.passed
        assert found.measured == pytest.approx(0.30)
        assert found.observed.startswith("Kolmogorov-Smirnov distance 0.300")

    def test_an_unknown_column_is_an_error(self):
        with pytest.raises(UnknownNameError, match="column='y' is unknown"):
            quality.check_distribution("gold", tables([1]), tables([1]), "t", "y")


class TestCounts:
    @pytest.mark.parametrize(("n", "passed"), [(100, True), (110, True), (111, False), (89, False), (0, False)])
    def test_a_change_is_held_against_its_threshold(self, n, passed):
        found = quality.check_row_count_change("gold", tables([1] * n), tables([1] * 100), "t", threshold=0.1)
        assert found.passed is passed
        assert found.measured == pytest.approx(abs(n - 100) / 100)

    def test_something_where_nothing_was_is_a_change(self):
        assert not quality.check_row_count_change("gold", tables([1]), tables([]), "t", threshold=0.9).passed
        assert quality.check_row_count_change("gold", tables([]), tables([]), "t", threshold=0.9).passed

    def test_a_quantity_is_summed(self):
        found = quality.check_row_count_change(
            "gold", tables([30, 40]), tables([50, 50]), "t", threshold=0.2, weight="x"
        )
        assert found.observed == "100 before, 70 now (-30, 30.0%)"
        assert not found.passed

    def test_a_negative_threshold_is_refused(self):
        with pytest.raises(ArgumentError, match=r"threshold=-0\.1 is negative"):
            quality.check_row_count_change("gold", tables([1]), tables([1]), "t", threshold=-0.1)


class TestFreshness:
    @pytest.mark.parametrize(
        ("days", "passed", "measured", "keys"),
        [
            (["2025-01-01", "2024-01-01"], True, 31, ()),
            (["2024-12-01"], False, 62, ()),
            (["2025-01-31", "2025-02-02"], False, 1, ("1",)),  # one in the future
            ([None], False, None, ()),
            ([], False, None, ()),
        ],
    )
    def test_the_newest_date_is_held_against_the_day(self, days, passed, measured, keys):
        frame = tables(pd.Series(days, dtype="datetime64[us]"))
        found = quality.check_freshness(
            "silver", frame, "t", "x", as_of=dt.date(2025, 2, 1), key="key", max_age_days=40
        )
        assert (found.passed, found.measured, found.failing_keys) == (passed, measured, keys)

    def test_a_build_asks_only_where_a_day_is_given(self):
        release = load_release()
        assert not [r for r in build(release).report.results if r.kind == "freshness"]
        with pytest.warns(QualityWarning, match="fresh approval_date"):
            layers = build(release, as_of=dt.date(2030, 1, 1))
        (found,) = [r for r in layers.report.results if r.kind == "freshness"]
        assert "before 2030-01-01" in found.observed


class TestLastRelease:
    def test_the_layers_of_the_last_build_may_be_given(self, layers):
        again = build(load_release(), previous=layers)
        kinds = {result.kind for result in again.report.results}
        assert {"distribution", "row_count", "source_schema"} <= kinds
        assert not again.report.failures()

    def test_gold_alone_is_compared_where_nothing_else_is_at_hand(self, layers):
        program = layers.gold["program"]
        half = program[program["school_province"] != "ON"]
        with pytest.warns(QualityWarning, match="school_province distributed as in the last release.*ON"):
            again = build(load_release(), previous={"gold": {"program": half}})
        failed = {result.check for result in again.report.failures()}
        assert "quota within 10% of the last release" in failed
        assert not [r for r in again.report.results if r.kind == "row_count" and r.step == "bronze"]
