from __future__ import annotations

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError, ScenarioError, UnknownNameError
from carms_lib.simulator._scenario import _share_out
from hypothesis import given
from hypothesis import strategies as st

FULL = (
    carms.Scenario("everything")
    .scale_quota(1.1, province="ON", discipline=["Family Medicine", "Psychiatry"])
    .set_quota(2, school="University of Calgary")
    .add_seats(-1, eligibility="ALL")
    .close_programs(program_stream_id="15")
    .scale_demand(1.5, discipline="Psychiatry")
    .shift_preference(-0.5, province="QC")
    .scale_class(1.2, applicant_class=["img", "usmg"])
    .second_iteration(False)
    .reversions(False)
)


def test_toml_round_trip() -> None:
    assert carms.Scenario.from_toml(FULL.to_toml()) == FULL


def test_scenarios_are_values() -> None:
    base = carms.Scenario("a")
    assert base.set_quota(1, province="ON") != base
    assert base.levers == ()
    assert hash(FULL) == hash(carms.Scenario.from_toml(FULL.to_toml()))


def test_quota_levers(market: carms.Market) -> None:
    ontario_fm = (market.programs["province"] == "ON") & (market.programs["discipline"] == "Family Medicine")
    before = market.programs.loc[ontario_fm, "quota"]
    more = carms.Scenario("m").scale_quota(1.10, province="ON", discipline="Family Medicine").apply(market)
    # 15 seats and ten percent more: 16.5, and a half rounds up; nothing else moves.
    assert more.programs.loc[ontario_fm, "quota"].sum() == 17
    assert (more.programs.loc[ontario_fm, "quota"].to_numpy() >= before.to_numpy()).all()
    assert (more.programs.loc[~ontario_fm, "quota"] == market.programs.loc[~ontario_fm, "quota"]).all()
    fixed = carms.Scenario("f").set_quota(3, discipline="Psychiatry").apply(market)
    assert set(fixed.programs.loc[fixed.programs["discipline"] == "Psychiatry", "quota"]) == {3}
    added = carms.Scenario("a").add_seats(5, province="QC").apply(market)
    assert added.seats == market.seats + 5


@given(
    st.lists(st.integers(0, 127), min_size=1, max_size=40).filter(any),
    st.floats(0.0, 3.0),
)
def test_shared_seats_add_up_and_stay_near_proportion(quota: list[int], factor: float) -> None:
    seats = np.array(quota, dtype=np.int32)
    total = round(seats.sum() * factor)
    shared = _share_out(seats, total)
    assert shared.sum() == total
    assert (shared >= 0).all()
    assert (np.abs(shared - seats * total / seats.sum()) < 1.0).all()
    assert (shared[seats == 0] == 0).all()


def test_a_scenario_that_changes_nothing_changes_no_number(market: carms.Market) -> None:
    same = carms.Scenario("same").scale_quota(1.0, province="ON")
    study = carms.simulate(market, carms.Scenario("nothing"), same, n_draws=20, rng=3)
    base = study.outcomes_of()
    for name in ("nothing", "same"):
        for one, two in zip(base[2:], study.outcomes_of(name)[2:], strict=True):
            np.testing.assert_array_equal(one, two)


def test_no_seats_match_nobody(market: carms.Market) -> None:
    study = carms.simulate(market, carms.Scenario("none").scale_quota(0.0), n_draws=10, rng=3)
    assert (study.outcomes_of("none").final < 0).all()
    assert (study.outcomes_of("none").quota == 0).all()


def test_more_seats_hurt_no_applicant_in_the_first_iteration(market: carms.Market) -> None:
    """Quota monotonicity of applicant-proposing deferred acceptance: whoever had a seat still has one."""
    still = carms.Scenario("as is").reversions(False)
    more = carms.Scenario("more").reversions(False).add_seats(6, discipline="Family Medicine")
    study = carms.simulate(market, still, more, n_draws=30, rng=3)
    had, has = study.outcomes_of("as is").first >= 0, study.outcomes_of("more").first >= 0
    assert (has | ~had).all()
    assert has.sum() > had.sum()


def test_seats_do_not_move_wishes_or_interviews(market: carms.Market) -> None:
    study = carms.simulate(market, carms.Scenario("more").scale_quota(2.0), n_draws=10, rng=3)
    np.testing.assert_array_equal(study.outcomes_of().wished, study.outcomes_of("more").wished)
    np.testing.assert_array_equal(study.outcomes_of().ranked, study.outcomes_of("more").ranked)


def test_closing_moves_only_those_who_wanted_the_program(market: carms.Market) -> None:
    closed = carms.Scenario("closed").close_programs(program_stream_id="13")
    study = carms.simulate(market, closed, n_draws=20, rng=3)
    place = list(market.programs["program_stream_id"]).index("13")
    before, after = study.outcomes_of().wished, study.outcomes_of("closed").wished
    assert (before == place).any()
    assert not (after == place).any()
    assert not (study.outcomes_of("closed").final == place).any()
    np.testing.assert_array_equal(before[before != place], after[before != place])


def test_a_larger_class_leaves_everybody_else_as_they_were(market: carms.Market) -> None:
    study = carms.simulate(market, carms.Scenario("half").scale_class(0.5, applicant_class="img"), n_draws=10, rng=3)
    base, half = study.outcomes_of(), study.outcomes_of("half")
    canadian_before = (base.applicants["applicant_class"] != "img").to_numpy()
    canadian_after = (half.applicants["applicant_class"] != "img").to_numpy()
    np.testing.assert_array_equal(base.wished[:, canadian_before], half.wished[:, canadian_after])
    assert (half.wished[:, ~canadian_after] > -2).sum() < (base.wished[:, ~canadian_before] > -2).sum()


def test_demand_and_preference_move_as_they_say(market: carms.Market) -> None:
    study = carms.simulate(
        market,
        carms.Scenario("psychiatry").scale_demand(4.0, discipline="Psychiatry"),
        carms.Scenario("quebec").shift_preference(3.0, province="QC"),
        n_draws=40,
        rng=3,
    )
    psychiatry = (market.programs["discipline"] == "Psychiatry").to_numpy()
    quebec = (market.programs["province"] == "QC").to_numpy()

    def wanting(scenario: str, chosen: np.ndarray) -> int:
        wished = study.outcomes_of(scenario).wished
        return int(chosen[wished[wished >= 0]].sum())

    assert wanting("psychiatry", psychiatry) > 1.5 * wanting("baseline", psychiatry)
    assert wanting("quebec", quebec) > wanting("baseline", quebec)


def test_second_iteration_can_be_left_out(market: carms.Market) -> None:
    study = carms.simulate(market, carms.Scenario("one").second_iteration(False), n_draws=10, rng=3)
    np.testing.assert_array_equal(study.outcomes_of("one").first, study.outcomes_of("one").final)
    np.testing.assert_array_equal(study.outcomes_of("one").first, study.outcomes_of().first)


def test_unknown_names_are_answered_with_near_names(market: carms.Market) -> None:
    for scenario, hint in (
        (carms.Scenario("x").scale_quota(1.1, discipline="Family Medecine"), "'Family Medicine'"),
        (carms.Scenario("x").scale_quota(1.1, provnce="ON"), "'province'"),
        (carms.Scenario("x").scale_class(1.1, applicant_class="imgs"), "'img'"),
    ):
        with pytest.raises(UnknownNameError, match=hint):
            scenario.apply(market)
    with pytest.raises(UnknownNameError, match="'scale_quota'"):
        carms.Scenario.from_toml('name = "x"\n[[lever]]\naction = "scale_quotas"\nvalue = 1.0\n')


def test_contradictory_scenarios_are_refused(market: carms.Market) -> None:
    with pytest.raises(ScenarioError, match="no program has"):
        carms.Scenario("x").scale_quota(1.1, province="QC", discipline="Dermatology").apply(market)
    with pytest.raises(ScenarioError, match="only"):
        carms.Scenario("x").add_seats(-1_000, province="QC").apply(market)
    with pytest.raises(ScenarioError, match="no proportion"):
        carms.Scenario("x").set_quota(0, province="QC").add_seats(3, province="QC").apply(market)
    with pytest.raises(ScenarioError, match="changes nothing"):
        carms.Scenario("x").scale_demand(2.0, discipline=["Family Medicine", "Psychiatry", "Dermatology"]).apply(market)
    with pytest.raises(ScenarioError, match="not TOML"):
        carms.Scenario.from_toml("name = ")
    with pytest.raises(ScenarioError, match="needs a line"):
        carms.Scenario.from_toml("[[lever]]\n")


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "much"])
def test_factors_must_be_numbers(value: object) -> None:
    with pytest.raises(ArgumentError, match="factor"):
        carms.Scenario("x").scale_quota(value, province="ON")  # type: ignore[arg-type]


def test_names_and_selections_are_checked() -> None:
    for name in ("", "  ", "baseline"):
        with pytest.raises(ArgumentError, match="name"):
            carms.Scenario(name)
    with pytest.raises(ArgumentError, match="whole number"):
        carms.Scenario("x").set_quota(1.5, province="ON")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="selects nothing"):
        carms.Scenario("x").set_quota(1, province=[])
    with pytest.raises(ArgumentError, match="discipline alone"):
        carms.Scenario("x").scale_demand(1.5, province="ON")
