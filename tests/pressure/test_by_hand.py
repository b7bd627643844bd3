"""Bands, limits and weights on numbers that are small enough to be computed by hand."""

from __future__ import annotations

import warnings
from math import nan, sqrt

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, TooFewDrawsWarning
from carms_lib.pressure import Bands, Measure, pressure_bands, published_rates, quantiles, summarise
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, Outcomes

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

# Student's t from a printed table, upper tail 0.05: one, two and three degrees of freedom.
T1, T2, T3 = 6.313752, 2.919986, 2.353363
# Upper tails 0.1, 0.2 and 0.25: eight degrees of freedom over the normal's.
T8 = {0.8: 1.396815 / 1.281552, 0.6: 0.888890 / 0.841621, 0.5: 0.706387 / 0.674490}


def bands_of(
    top: list[float],
    bottom: list[float] | None = None,
    *,
    kind: str = "outcome",
    level: float = 0.90,
    a_setting: int = 1,
    fewest: float = 0.0,
    minus: Measure | None = None,
) -> Bands:
    """The band of one group, one number a draw; `a_setting` draws share a setting of the inputs."""
    measure = measure_of(top, bottom, fewest)
    measures = {"baseline": [measure]} if minus is None else {"baseline": [minus], "more": [measure]}
    return summarise(
        measures, pd.DataFrame({"cell": ["a"]}), level=level, kind=kind, draws_per_input=a_setting, headline="filled",
        provenance=Provenance(), against=None if minus is None else "baseline",
    )  # fmt: skip


def measure_of(top: list[float], bottom: list[float] | None = None, fewest: float = 0.0) -> Measure:
    columns = [None if each is None else np.array(each, dtype=float)[:, None] for each in (top, bottom)]
    return Measure("filled", columns[0], columns[1], "first choices", fewest)


def ends(bands: Bands) -> list[float]:
    return bands.to_frame()[["lower", "estimate", "upper"]].iloc[0].tolist()


def around(middle: float, half: float) -> object:
    return pytest.approx([middle - half, middle, middle + half], abs=1e-5)


class TestMean:
    """estimate ± t(B - 1) sd(block means) / sqrt(B)."""

    def test_three_settings_have_two_degrees_of_freedom(self):
        # Settings (0, 2), (1, 3), (2, 4): means 1, 2, 3, so sd 1 over sqrt(3).
        found = ends(bands_of([0, 2, 1, 3, 2, 4], kind="mean", a_setting=2))
        assert found == around(2, T2 / sqrt(3))
        assert found[2] - 2 > 1.2 * T3 / sqrt(3)  # three degrees would be a band a fifth narrower

    def test_two_settings_have_one(self):
        # Means 1 and 3: sd sqrt(2) over sqrt(2).
        assert ends(bands_of([1, 3], kind="mean")) == around(2, T1)

    def test_draws_of_a_setting_are_averaged_before_they_are_compared(self):
        # (1, 3) and (3, 1) have the same mean: no spread between settings, whatever is within.
        assert ends(bands_of([1, 3, 3, 1], kind="mean", a_setting=2)) == around(2, 0)

    def test_a_setting_that_is_not_whole_counts_for_the_estimate_alone(self):
        # As the first, and a seventh draw of 9: mean 3, settings 1 - 3, 2 - 3, 3 - 3, whose sd is 1.
        assert ends(bands_of([0, 2, 1, 3, 2, 4, 9], kind="mean", a_setting=2)) == around(3, T2 / sqrt(3))

    def test_of_a_ratio_draws_weigh_as_their_denominators_do(self):
        # 1 of 1 and 1 of 3: pooled 2 / 4, not the mean of 1 and 1/3. Residuals (1 - 0.5) / 2 and (1 - 1.5) / 2: ± 0.25,
        # sd 0.25 sqrt(2), over sqrt(2).
        assert ends(bands_of([1, 1], [1, 3], kind="mean")) == around(0.5, T1 * 0.25)

    def test_of_a_ratio_that_is_the_same_in_every_draw_there_is_no_spread(self):
        # 1 of 1 and 3 of 3: all of them, however many there are.
        assert ends(bands_of([1, 3], [1, 3], kind="mean")) == around(1, 0)

    def test_what_was_never_seen_may_still_happen(self):
        # Of four draws with five cases none was lost: a Poisson count of 0 has the mean 3.00 at most, at 95 %.
        share = summarise(
            {"baseline": [Measure("pressure", np.zeros((4, 1)), np.full((4, 1), 5.0), scale="share")]},
            pd.DataFrame({"cell": ["a"]}), level=0.90, kind="mean", draws_per_input=1, headline="pressure",
            provenance=Provenance(),
        )  # fmt: skip
        assert ends(share) == pytest.approx([0, 0, 2.995732 / 20], abs=1e-6)

    def test_of_a_difference_pairs_are_subtracted(self):
        # 5 - 1 and 6 - 2 are both 4: no spread is left.
        assert ends(bands_of([5, 6], kind="mean", minus=measure_of([1, 2]))) == around(4, 0)
        # 5 - 2 and 6 - 1: 3 and 5.
        assert ends(bands_of([5, 6], kind="mean", minus=measure_of([2, 1]))) == around(4, T1)

    def test_level_moves_the_quantile_of_t(self):
        # t(1) has 0.75 below tan(pi / 4) = 1: a band of level 0.5 reaches one standard error.
        assert ends(bands_of([1, 3], kind="mean", level=0.5)) == around(2, 1)


class TestOutcome:
    """Median-unbiased quantiles, the (n + 1/3) p + 1/3-th smallest of n draws, widened as for a prediction."""

    @pytest.mark.parametrize(("level", "place"), [(0.8, 0.4), (0.6, 0.3), (0.5, 0.25)])
    def test_nine_draws(self, level, place):
        # Of the numbers 1 to 9 the quantile is its place: 5 ± 28/3 (p - 1/2).
        half = 28 / 3 * place * sqrt(1 + 1 / 9) * T8[level]
        assert ends(bands_of([3, 1, 2, 9, 8, 7, 5, 4, 6], level=level)) == around(5, half)

    def test_draws_that_share_their_inputs_count_as_fewer(self):
        # Nine settings of two equal draws are worth about nine: as wide as nine, wider than 18 that are independent.
        alone, twice = (ends(bands_of(np.repeat(range(9), n).tolist(), a_setting=n)) for n in (1, 2))
        assert twice[0] == pytest.approx(alone[0], abs=0.6)
        plain = ends(bands_of(np.repeat(range(9), 2).tolist(), a_setting=1))
        assert twice[2] - twice[0] > plain[2] - plain[0]

    def test_a_level_near_zero_is_the_median(self):
        assert ends(bands_of([10, 1, 4], level=1e-6)) == pytest.approx([4, 5, 4], abs=1e-4)

    def test_the_mean_of_a_skewed_count_lies_inside(self):
        # 17 draws of one and three of a hundred: the mean, 15.85, is above the 80 % point.
        skewed = [1] * 17 + [100] * 3
        assert ends(bands_of(skewed, level=0.8))[2] >= np.mean(skewed)
        assert ends(bands_of(skewed, level=0.6))[2] == 1

    def test_a_count_that_is_zero_in_most_draws_says_so(self):
        rare = bands_of([0] * 39 + [1], level=0.9)
        assert ends(rare) == [0, 0.025, 0]
        assert rare.to_frame()["share_zero"].tolist() == [0.975]
        assert np.isnan(bands_of([0] * 37 + [1] * 3, level=0.9).to_frame()["share_zero"].item())

    def test_one_draw_is_its_own_band(self):
        assert ends(bands_of([7])) == [7, 7, 7]

    def test_a_draw_without_a_denominator_is_no_share_but_counts_in_the_pool(self):
        bands = bands_of([1, 5, 0], [2, 0, 4])
        assert ends(bands)[1] == 1
        assert bands.to_frame()["median"].tolist() == [0.25]
        assert bands.to_frame()["n_draws"].tolist() == [2]
        assert bands.sizes["per_draw"].tolist() == [2]

    def test_two_settings_that_agree_leave_draws_as_they_are(self):
        assert ends(bands_of([0, 6, 1, 5], a_setting=2)) == ends(bands_of([0, 6, 1, 5]))

    def test_quantiles_pass_over_what_is_missing(self):
        values = np.array([[1.0, nan], [nan, nan], [3.0, nan]])
        assert quantiles(values, [0.5]).tolist() == [[2.0, 0.0]]


class TestInput:
    """Block means, drawn in by sqrt(1 - s2 / (R var))."""

    def test_chance_within_settings_is_taken_out(self):
        # (0, 2) and (4, 6): means 3 ± 2 with variance 8, within 2, R = 2: 1 - 2 / (2 * 8) = 0.875. Two settings: t(1).
        found = bands_of([0, 2, 4, 6], kind="input", a_setting=2)
        assert ends(found) == around(3, 2 * sqrt(0.875) * sqrt(1.5) * T1 / 1.644854)

    def test_where_chance_explains_all_nothing_is_left(self):
        # (0, 8) and (1, 9): means 4.5 ± 0.5 with variance 0.5, within 32.
        assert ends(bands_of([0, 8, 1, 9], kind="input", a_setting=2)) == around(4.5, 0)

    def test_settings_without_chance_keep_their_spread(self):
        # Settings 1, 4, 4 around their median 4: the lower quartile is the 7/6-th smallest, 1.5. t(2) has 0.75 below
        # sqrt(2/3), the normal below 0.67449.
        lower, _, upper = ends(bands_of([1, 1, 4, 4, 4, 4], kind="input", a_setting=2, level=0.5))
        assert lower == pytest.approx(4 - 2.5 * sqrt(4 / 3) * sqrt(2 / 3) / 0.674490, rel=1e-5)
        assert upper == 4


@pytest.mark.parametrize("kind", ["mean", "input"])
@pytest.mark.parametrize("draws", [[7], [7, 8, 9, 10]])
def test_one_setting_has_an_estimate_and_no_band(kind, draws):
    lower, estimate, upper = ends(bands_of(draws, kind=kind, a_setting=4))
    assert estimate == np.mean(draws)
    assert np.isnan([lower, upper]).all()
    assert np.isnan(bands_of(draws, kind=kind, a_setting=4).sizes["effective_draws"]).all()


def test_effective_draws():
    # (0, 2) and (4, 6): variance 20/3 of a draw; the mean of two settings has 8 / 2: as many as 5/3 independent draws.
    assert bands_of([0, 2, 4, 6], a_setting=2).sizes["effective_draws"].tolist() == pytest.approx([5 / 3])
    # (0, 6) and (1, 5): the settings agree, which says nothing.
    assert np.isnan(bands_of([0, 6, 1, 5], a_setting=2).sizes["effective_draws"].item())
    # (0, 6) and (2, 6): variance 9 over 0.5 / 2 is 36, and there are no more than four draws.
    assert bands_of([0, 6, 2, 6], a_setting=2).sizes["effective_draws"].tolist() == [4]


# --- limits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        ([5, 5], None),
        ([4, 6], None),  # five in an average draw
        ([5, 4], "fewer than 5 first choices in an average draw"),
        ([0, 0], "no first choices in any draw"),
    ],
)
def test_a_share_of_exactly_the_fewest_is_shown(behind, reason):
    bands = bands_of([1, 0] if reason is None or "fewer" in reason else [0, 0], behind, fewest=5)
    assert np.isnan(ends(bands)).tolist() == [reason is not None] * 3
    assert bands.sizes["reason"].fillna("").item() == (reason or "")


def test_a_difference_needs_both_sides():
    enough, few = measure_of([1, 1], [5, 5], 5), measure_of([1, 1], [5, 4], 5)
    assert ends(bands_of([2, 2], [5, 5], fewest=5, minus=enough)) == pytest.approx([0.2] * 3)
    assert np.isnan(ends(bands_of([2, 2], [5, 5], fewest=5, minus=few))).all()
    assert np.isnan(ends(bands_of([2, 2], [4, 5], fewest=5, minus=enough))).all()


def wanting(first: int) -> carms.Study:
    """Ten applicants, of whom the first so many want program a and the rest b; one of each is disappointed."""
    wished = np.array([[0] * first + [1] * (10 - first)], dtype=np.int16)
    final = wished.copy()
    final[0, 0], final[0, -1] = 1, -1
    outcomes = Outcomes(
        pd.DataFrame({"discipline": ["A", "B"]}), pd.DataFrame({"applicant_class": ["cmg"] * 10}),
        wished, wished, final, final, np.array([[4, 8]], dtype=np.int32),
    )  # fmt: skip
    return carms.Study({BASELINE: outcomes}, entropy=1, inputs=pd.DataFrame(), provenance=Provenance())


def test_a_group_of_exactly_five_first_choices_is_shown():
    found = pressure_bands(wanting(5), "discipline").to_frame().set_index(["metric", "discipline"])["estimate"]
    assert found["pressure"].tolist() == [1 / 5, 1 / 5]
    assert found["unmatched_risk"].tolist() == [0, 1 / 5]
    assert found["first_choice_ratio"].tolist() == [5 / 4, 5 / 8]
    assert found["fill_rate"].tolist() == [4 / 4, 5 / 8]
    assert found["unfilled"].tolist() == [0, 3]


def test_a_group_of_four_is_suppressed_for_shares_of_persons_alone():
    found = pressure_bands(wanting(4), "discipline").to_frame().set_index(["metric", "discipline"])["estimate"]
    assert np.isnan(found[["pressure", "unmatched_risk"]].to_numpy()).tolist() == [True, False] * 2
    assert found["pressure", "B"] == 1 / 6
    assert found["first_choice_ratio", "A"] == 4 / 4
    assert found["fill_rate", "A"] == 3 / 4


@pytest.mark.parametrize(
    ("kind", "draws", "level", "enough"),
    [
        ("outcome", 80, 0.90, True),  # 40 settings of two draws: two beyond each end
        ("outcome", 79, 0.90, False),
        ("outcome", 160, 0.95, True),
        ("outcome", 159, 0.95, False),
        ("mean", 20, 0.90, True),  # ten settings
        ("mean", 19, 0.90, False),
        ("input", 20, 0.99, True),
        ("input", 19, 0.99, False),
    ],
)
def test_the_warning_of_too_few_draws_begins_exactly_below_the_limit(kind, draws, level, enough):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bands_of(list(range(draws)), kind=kind, level=level, a_setting=2)
    said = [str(one.message) for one in caught if one.category is TooFewDrawsWarning]
    assert (not said) == enough
    needed = {"outcome": draws + 1, "mean": 20, "input": 20}[kind]
    assert enough or said[0].endswith(f"use n_draws={needed} or more.")


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_of_nothing_or_of_all_is_refused(level):
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        bands_of([1, 2], level=level)


def test_counts_of_none_and_of_all_are_shares_of_0_and_1():
    frame = pd.DataFrame({"x": [0, 4, 2, 1, 3], "n": [4] * 5})
    got = published_rates(frame, count="x", total="n")
    assert got["estimate"].tolist() == [0, 1, 0.5, 0.25, 0.75]
    # Wilson at z = 1.644854: 0 of 4 reaches z² / (4 + z²), 4 of 4 falls to 4 / (4 + z²).
    z2 = 1.644854**2
    assert got[["lower", "upper"]].iloc[0].tolist() == pytest.approx([0, z2 / (4 + z2)], abs=1e-6)
    assert got[["lower", "upper"]].iloc[1].tolist() == pytest.approx([4 / (4 + z2), 1], abs=1e-6)


def test_five_groups_lend_each_other_strength_and_four_do_not():
    frame = pd.DataFrame({"x": [0, 4, 2, 1, 3], "n": [4] * 5})
    assert published_rates(frame, count="x", total="n")["shrunk"].notna().all()
    assert published_rates(frame.head(4), count="x", total="n")["shrunk"].isna().all()
    empty = frame.assign(n=[0, 4, 4, 4, 4])  # a group without cases is none
    assert published_rates(empty, count="x", total="n")["shrunk"].isna().all()
    with pytest.raises(ArgumentError, match="0 <= x <= n"):
        published_rates(frame.assign(x=[5, 4, 2, 1, 3]), count="x", total="n")


def test_all_groups_may_be_asked_for_among_the_first_and_no_more():
    study = wanting(5)
    ranks = study.ranks("discipline", metric="unfilled", k=2).to_frame()
    assert ranks[["discipline", "estimate", "among_first"]].to_numpy().tolist() == [["B", 1, 1], ["A", 2, 1]]
    with pytest.raises(ArgumentError, match="k=3"):
        study.ranks("discipline", metric="unfilled", k=3)
