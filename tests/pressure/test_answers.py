"""Preferences, the simple proxy, published counts: by hand, conservation, bad input."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.pressure import PREFERENCE_METRICS, compare_supply, published_rates, supply_score
from matplotlib.figure import Figure
from scipy import stats

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")


class TestPreferences:
    def test_shares_of_each_class_add_up_to_one(self, small_study):
        frame = small_study.preferences(["applicant_class", "discipline"]).to_frame()
        shares = frame[frame["metric"] == "first_choice_share"]
        assert shares.groupby("applicant_class")["estimate"].sum().tolist() == pytest.approx([1.0] * 5)
        of_all = small_study.preferences("province", metric="first_choice_share").to_frame()["estimate"]
        assert of_all.sum() == pytest.approx(1.0)

    def test_counts_are_those_of_the_outcomes(self, small_study):
        counts = small_study.preferences("discipline", metric="first_choices").to_frame()
        other = small_study.outcomes("discipline", metric="first_choices").to_frame()
        pd.testing.assert_frame_equal(counts, other)

    def test_nobody_ranks_first_what_they_may_not_apply_to(self, small_study):
        frame = small_study.preferences(["applicant_class", "eligibility"], first_choice="ranked").to_frame()
        rows = frame.set_index(["metric", "applicant_class", "eligibility"])["estimate"]
        assert rows["first_choice_share", "img", "CMG"] == 0.0
        assert rows["first_choice_share", "cmg_current", "CMG"] > 0.0

    def test_unknown_names(self, small_study):
        with pytest.raises(UnknownNameError, match="'first_choices'"):
            small_study.preferences(metric="first_choice")
        with pytest.raises(UnknownNameError, match="'discipline'"):
            small_study.preferences("disciplin")
        assert set(small_study.preferences().to_frame()["metric"]) == set(PREFERENCE_METRICS)


class TestSupply:
    def test_the_score_by_hand(self):
        table = pd.DataFrame({"cell": list("AABC"), "quota": [6, 4, 5, 0]})
        frame = supply_score(table, "cell").set_index("cell")
        assert frame["programs"].tolist() == [2, 1, 0]
        assert frame["quota"].tolist() == [10, 5, 0]
        assert frame["supply_score"].tolist() == [1.0, 0.5, 0.0]

    def test_gold_a_market_and_a_table_score_alike(self, market, programs):
        by_market = supply_score(market)
        pd.testing.assert_frame_equal(by_market, supply_score({"program": programs}))
        pd.testing.assert_frame_equal(by_market, supply_score(programs.sample(frac=1.0, random_state=3)))
        assert by_market["quota"].sum() == market.seats

    def test_no_seat_at_all_has_no_score(self):
        frame = supply_score(pd.DataFrame({"cell": ["A"], "quota": [0]}), "cell")
        assert frame["supply_score"].isna().all()

    def test_proxy_and_pressure_side_by_side(self, small_study, tmp_path):
        proxy = compare_supply(small_study, ["province", "discipline"], fewest=0)
        frame = proxy.to_frame()
        known = frame.dropna(subset="gap")
        assert known["estimate"].between(known["lower"], known["upper"]).all()
        at, low, high = proxy.correlation
        assert low <= at <= high
        at, low, high = proxy.demand_given_supply
        assert -1 <= low <= at <= high <= 1
        assert known["gap"].sum() == pytest.approx(0.0)
        pressure = small_study.pressure(["province", "discipline"], metric="pressure", fewest=0).to_frame()
        joined = frame.merge(pressure, on=["province", "discipline"], suffixes=("", "_of_study"))
        for name in ("estimate", "lower", "upper"):
            np.testing.assert_allclose(joined[name], joined[f"{name}_of_study"])
        assert "rank correlation" in proxy.summary()
        assert proxy.plot(ax=Figure().add_subplot()).get_title(loc="left").endswith("against supply")
        assert len(pd.read_csv(proxy.save(tmp_path / "proxy.csv"))) == len(frame)

    @pytest.mark.release
    def test_on_the_release_the_proxy_parts_from_pressure_where_the_page_says(self, national):
        """Family Medicine in Manitoba: much supply, much pressure. The proxy explains less than half of the order."""
        proxy = compare_supply(carms.simulate(national, n_draws=30, rng=2025))
        assert proxy.correlation[0] < 0.7
        assert proxy.demand_given_supply[0] > 0.3
        frame = proxy.to_frame().set_index(["province", "discipline"])
        assert frame.loc[("MB", "Family Medicine"), "gap"] > 40

    def test_bad_questions(self, small_study, market):
        with pytest.raises(UnknownNameError, match="'discipline'"):
            supply_score(market, "dicipline")
        with pytest.raises(ArgumentError, match="no column"):
            supply_score(market, [])
        with pytest.raises(ArgumentError, match="no rows"):
            supply_score(market.programs.iloc[:0])
        with pytest.raises(ArgumentError, match="quota"):
            supply_score(pd.DataFrame({"cell": ["A"]}), "cell")
        with pytest.raises(UnknownNameError, match="'pressure'"):
            compare_supply(small_study, metric="presure")
        with pytest.raises(StudyError, match="needs three"):
            compare_supply(small_study, "discipline", fewest=1e6)


class TestPublishedRates:
    COUNTS = pd.DataFrame({"discipline": list("ABCDEF"), "left": [0, 3, 40, 2, 9, 0], "seats": [2, 7, 400, 20, 60, 0]})

    def test_wilson_by_hand_and_missing_with_a_reason(self):
        frame = published_rates(self.COUNTS, count="left", total="seats", level=0.95).set_index("discipline")
        z, n, p = stats.norm.ppf(0.975), 7, 3 / 7
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        assert frame.loc["B", ["lower", "upper"]].tolist() == pytest.approx([centre - half, centre + half])
        assert frame.loc["A", "lower"] == 0.0
        assert frame.loc["A", "upper"] > 0.4  # 0 of 2 says little
        assert np.isnan(frame.loc["F", "estimate"])
        assert frame["reason"].dropna().to_dict() == {"F": "no seats"}

    def test_few_cases_are_drawn_to_the_common_mean_and_many_are_not(self):
        frame = published_rates(self.COUNTS, count="left", total="seats").set_index("discipline")
        pull = (frame["shrunk"] - frame["estimate"]).abs()
        assert pull["A"] > pull["C"]
        assert pull["B"] > pull["E"]
        width, own = frame["shrunk_upper"] - frame["shrunk_lower"], frame["upper"] - frame["lower"]
        assert (width[list("ABD")] < own[list("ABD")]).all()

    def test_the_beta_distribution_is_found_again(self):
        rng = np.random.default_rng(8)
        total = rng.integers(5, 200, 2_000)
        cases = rng.binomial(total, rng.beta(3.0, 17.0, len(total)))
        got = published_rates(pd.DataFrame({"x": cases, "n": total}), count="x", total="n")
        # A shrunk share is (a + x) / (a + b + n): a line in a and a + b, from which both are read.
        shrunk = got["shrunk"].to_numpy()
        (a, worth), *_ = np.linalg.lstsq(np.stack([np.ones(len(got)), -shrunk], axis=1), shrunk * total - cases)
        assert a / worth == pytest.approx(0.15, abs=0.01)
        assert worth == pytest.approx(20.0, rel=0.15)

    @pytest.mark.parametrize("method", ["wilson", "jeffreys", "beta"])
    def test_intervals_cover_shares_that_are_known(self, method):
        """2,000 counts of 30 cases each, shares as disciplines have them: at least 87 of 100, shrunk ones 87 to 93."""
        rng = np.random.default_rng(9)
        share = rng.beta(3.0, 17.0, 2_000)
        frame = pd.DataFrame({"x": rng.binomial(30, share), "n": 30})
        got = published_rates(frame, count="x", total="n", method=method)
        assert ((got["lower"] <= share) & (share <= got["upper"])).mean() >= 0.87
        assert 0.87 <= ((got["shrunk_lower"] <= share) & (share <= got["shrunk_upper"])).mean() <= 0.93

    def test_few_groups_lend_each_other_nothing(self):
        frame = published_rates(self.COUNTS.iloc[:3], count="left", total="seats")
        assert frame["shrunk"].isna().all()
        assert frame["estimate"].notna().all()

    @pytest.mark.parametrize(
        ("change", "options", "error"),
        [
            ({"left": 3}, {}, ArgumentError),  # above its total
            ({"left": -1}, {}, ArgumentError),
            ({"left": 0.5}, {}, ArgumentError),
            ({}, {"count": "lefts"}, UnknownNameError),
            ({}, {"method": "wald"}, UnknownNameError),
            ({}, {"level": 95}, ArgumentError),
        ],
    )
    def test_bad_counts(self, change, options, error):
        with pytest.raises(error):
            published_rates(self.COUNTS.iloc[:1].assign(**change), **{"count": "left", "total": "seats", **options})
