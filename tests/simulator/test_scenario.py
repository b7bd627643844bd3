from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, CohortError, LargeChangeWarning, ScenarioError, UnknownNameError
from carms_lib.simulator.inputs.rounding import largest_remainder
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
    .add_program("19", like="13", seats=2, school_province="MB")
    .move_seats(1, from_stream="CMG", to_stream="IMG", school="University of Toronto", discipline="Family Medicine")
    .merge_streams(school="University of Calgary")
    .split_streams(0.5, province="QC")
    .set_language("either", province="QC")
    .scale_interviews(1.5, discipline="Psychiatry")
    .change_mix(0.5, graduation_school="McGill University")
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
    shared = largest_remainder(seats, total)
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
    with pytest.warns(LargeChangeWarning, match="removes 38 seats"):
        study = carms.simulate(market, carms.Scenario("none").scale_quota(0.0), n_draws=10, rng=3)
    assert (study.outcomes_of("none").final < 0).all()
    assert (study.outcomes_of("none").quota == 0).all()


def test_more_seats_hurt_no_applicant_in_the_first_iteration(market: carms.Market) -> None:
    """Quota monotonicity of applicant-proposing deferred acceptance without couples: whoever had a seat has one."""
    single = market.cohort.with_parameter("couples_share", 0.0, source="a test")
    market = carms.Market.from_gold(market.programs, single)
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
    with pytest.raises(UnknownNameError, match="language='french'"):
        carms.Scenario("x").set_language("french", province="QC")
    for scenario, hint in (
        (carms.Scenario("x").scale_quota(1.1, discipline="Family Medecine"), "'Family Medicine'"),
        (carms.Scenario("x").scale_quota(1.1, provnce="ON"), "'province'"),
        (carms.Scenario("x").scale_class(1.1, applicant_class="imgs"), "'img'"),
    ):
        with pytest.raises(UnknownNameError, match=hint):
            scenario.apply(market)
    with pytest.raises(UnknownNameError, match="'scale_quota'"):
        carms.Scenario.from_toml('name = "x"\n[[lever]]\naction = "scale_quotas"\nvalue = 1.0\n')


def test_the_last_seat_can_be_taken_away_and_no_more(market: carms.Market) -> None:
    seats = int(market.programs.loc[market.programs["school_province"] == "QC", "quota"].sum())
    emptied = carms.Scenario("none left").add_seats(-seats, province="QC").apply(market)
    assert emptied.programs.loc[emptied.programs["school_province"] == "QC", "quota"].sum() == 0
    with pytest.raises(ScenarioError, match=f"have only {seats} seats"):
        carms.Scenario("too many").add_seats(-seats - 1, province="QC").apply(market)


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


def _same(one: carms.Study, two: carms.Study, name: str = "baseline") -> None:
    for a, b in zip(one.outcomes_of(name)[2:], two.outcomes_of(name)[2:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_order_names_and_parts_of_the_table_change_nothing(market: carms.Market, programs: pd.DataFrame) -> None:
    whole = carms.simulate(market, n_draws=20, rng=3)
    shuffled = programs.sample(frac=1.0, random_state=1)[list(programs.columns[::-1])]
    _same(whole, carms.simulate(carms.Market.from_gold(shuffled, market.cohort), n_draws=20, rng=3))
    parts = pd.concat([programs[programs["eligibility"] == name] for name in ("IMG", "MOTP", "ALL", "CMG")])
    _same(whole, carms.simulate(carms.Market.from_gold({"program": parts}, market.cohort), n_draws=20, rng=3))

    # Every discipline and school under another name, in cohort and table alike.
    def the(name: str) -> str:
        return f"The {name}"

    def the_cell(name: str) -> str:
        table, _, rest = name.partition(".")
        column, _, item = rest.partition(".")
        return f"{table}.{column}.The {item}" if table in {"disciplines", "schools"} else name

    cohort = replace(
        market.cohort,
        disciplines=market.cohort.disciplines.rename(index=the),
        schools=market.cohort.schools.rename(index=the),
        tastes=market.cohort.tastes.rename(index=the, columns=the),
        class_schools=market.cohort.class_schools.rename(index=the),
        draws=market.cohort.draws.rename(columns=the_cell),
    )
    renamed = programs.assign(discipline="The " + programs["discipline"], school="The " + programs["school"])
    _same(whole, carms.simulate(carms.Market.from_gold(renamed, cohort), n_draws=20, rng=3))


def test_a_program_is_added_beside_the_others(market: carms.Market) -> None:
    new = carms.Scenario("new").add_program("13b", like="13", seats=3, school_province="AB")
    made = new.apply(market)
    assert made.n_programs == market.n_programs + 1
    row = made.programs.set_index("program_stream_id").loc["13b"]
    assert (row["quota"], row["province"], row["discipline"]) == (3, "AB", "Psychiatry")
    study = carms.simulate(market, new, n_draws=40, rng=3)
    place = list(made.programs["program_stream_id"]).index("13b")
    after, before = study.outcomes_of("new"), study.outcomes_of()
    assert (after.final == place).any()
    # Whoever does not want the new program wants what they wanted before: its number alone may have moved.
    moved = np.array(
        [list(made.programs["program_stream_id"]).index(key) for key in market.programs["program_stream_id"]]
    )
    wanted = np.where(before.wished >= 0, moved[np.maximum(before.wished, 0)], before.wished)
    np.testing.assert_array_equal(after.wished[after.wished != place], wanted[after.wished != place])
    with pytest.raises(UnknownNameError, match="like"):
        carms.Scenario("x").add_program("new", like="none", seats=1).apply(market)
    with pytest.raises(ScenarioError, match="already"):
        carms.Scenario("x").add_program("13", like="10", seats=1).apply(market)
    with pytest.raises(UnknownNameError, match="'language'"):
        carms.Scenario("x").add_program("new", like="13", seats=1, langage="en").apply(market)


def test_seats_move_between_streams(market: carms.Market) -> None:
    moved = carms.Scenario("m").move_seats(
        4, from_stream="CMG", to_stream="IMG", school="University of Toronto", discipline="Family Medicine"
    )
    seats = moved.apply(market).programs.set_index("program_stream_id")["quota"]
    assert (seats["10"], seats["11"]) == (8, 7)
    assert seats.sum() == market.seats
    with pytest.raises(ScenarioError, match="only 12 seats"):
        carms.Scenario("m").move_seats(
            99, from_stream="CMG", to_stream="IMG", school="University of Toronto", discipline="Family Medicine"
        ).apply(market)
    with pytest.raises(UnknownNameError, match="from_stream"):
        carms.Scenario("m").move_seats(1, from_stream="CNG", to_stream="IMG").apply(market)
    with pytest.raises(ScenarioError, match="no program has"):
        carms.Scenario("m").move_seats(1, from_stream="CMG", to_stream="IMG", province="QC").apply(market)


def test_streams_merge_and_split(market: carms.Market) -> None:
    merged = carms.Scenario("m").merge_streams(school="University of Calgary").apply(market)
    words = merged.programs.set_index("program_stream_id")["eligibility"]
    assert list(words[["15", "16", "17", "18"]]) == ["ALL", "ALL", "ALL", "MOTP"]
    img = 1 << list(market.cohort.classes.index).index("img")
    opened = (merged.tables.first_open & img) > 0
    assert opened[(merged.programs["program_stream_id"] == "16").to_numpy()].all()
    split = carms.Scenario("s").split_streams(0.25, province="QC").apply(market)
    quota = split.programs.set_index("program_stream_id")["quota"]
    assert (quota["12"], quota["12/IMG"]) == (pytest.approx(5.6), pytest.approx(2.4))  # 3 of the 10 seats there
    assert split.seats == market.seats
    closed = (split.tables.first_open & img) == 0
    assert closed[(split.programs["program_stream_id"] == "12").to_numpy()].all()
    with pytest.raises(ScenarioError, match="nothing to split"):
        carms.Scenario("s").split_streams(0.5, province="ON").apply(market)
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        carms.Scenario("s").split_streams(1.5, province="QC")


def test_a_split_that_is_merged_again_loses_no_seat_and_keeps_what_levers_did(market: carms.Market) -> None:
    both = (
        carms.Scenario("b").shift_preference(0.7, province="QC").split_streams(0.5, province="QC")
        + carms.Scenario("c").merge_streams(province="QC").scale_quota(2.0, province="QC")
    ).apply(market)
    assert both.seats == market.seats + 10
    before = carms.Scenario("x").shift_preference(0.7, province="QC").apply(market)
    old = both.programs["program_stream_id"].isin(market.programs["program_stream_id"]).to_numpy()
    np.testing.assert_array_equal(both.tables.program_appeal[old], before.tables.program_appeal)


def test_language_interviews_and_mix_move_as_they_say(market: carms.Market) -> None:
    study = carms.simulate(
        market,
        carms.Scenario("both").set_language("either", province="QC"),
        carms.Scenario("none").scale_interviews(0.0, discipline="Psychiatry"),
        carms.Scenario("mcgill").change_mix(8.0, graduation_school="McGill University"),
        n_draws=40,
        rng=3,
    )
    quebec = (market.programs["province"] == "QC").to_numpy()
    psychiatry = (market.programs["discipline"] == "Psychiatry").to_numpy()

    def holders(scenario: str, chosen: np.ndarray, english: bool = False) -> int:
        outcomes = study.outcomes_of(scenario)
        of_draw = outcomes.first
        if english:
            of_draw = of_draw[:, (outcomes.applicants["first_language"] == "en").to_numpy()]
        return int(chosen[of_draw[of_draw >= 0]].sum())

    assert holders("both", quebec, english=True) > holders("baseline", quebec, english=True)
    assert holders("baseline", psychiatry) > holders("none", psychiatry) == 0
    np.testing.assert_array_equal(study.outcomes_of("none").wished, study.outcomes_of().wished)
    schools = [study.outcomes_of(name).applicants["graduation_school"] for name in ("baseline", "mcgill")]
    assert (schools[1] == "McGill University").sum() > 2 * (schools[0] == "McGill University").sum()
    assert len(schools[0]) == len(schools[1])
    for scenario, hint in (
        (carms.Scenario("x").change_mix(2.0, graduation_school="McGil University"), "'McGill University'"),
    ):
        with pytest.raises(UnknownNameError, match=hint):
            scenario.apply(market)


def test_reversions_can_be_switched_off_and_on_again(market: carms.Market) -> None:
    off = carms.Scenario("off").reversions(False)
    assert (off.apply(market).tables.reverts_to == -1).all()
    np.testing.assert_array_equal(off.reversions(True).apply(market).tables.reverts_to, market.tables.reverts_to)


def test_levers_apply_one_after_another(market: carms.Market) -> None:
    one = carms.Scenario("one").scale_quota(2.0, province="QC")
    two = carms.Scenario("two").add_seats(1, province="QC")
    both = one + two
    assert both.name == "one + two"
    assert both.apply(market).seats == two.apply(one.apply(market)).seats == market.seats + 11
    study = carms.simulate(market, FULL, n_draws=10, rng=3)
    _same(study, carms.simulate(market, carms.Scenario.from_toml(FULL.to_toml()), n_draws=10, rng=3), "everything")


def test_a_scenario_may_empty_the_market(market: carms.Market) -> None:
    closed = carms.Scenario("closed").close_programs()
    nobody = carms.Scenario("nobody").scale_class(0.0, applicant_class=["img", "usmg", "military"])
    study = carms.simulate(market, closed, nobody, n_draws=10, rng=3)
    assert (study.outcomes_of("closed").wished < 0).all()
    assert (study.outcomes_of("closed").final < 0).all()
    assert set(study.outcomes_of("nobody").applicants["applicant_class"]) == {"cmg_current", "cmg_prior"}
    with pytest.raises(CohortError, match="nobody applies"):
        carms.simulate(
            market,
            carms.Scenario("x").scale_class(0.0, applicant_class=list(market.cohort.classes.index)),
            n_draws=10,
            rng=3,
        )


def test_a_lever_in_toml_that_lacks_its_value_is_refused() -> None:
    with pytest.raises(ScenarioError, match="scale_quota"):
        carms.Scenario.from_toml('name = "x"\n[[lever]]\naction = "scale_quota"\nprovince = ["ON"]\n')
    with pytest.raises(ScenarioError, match="move_seats"):
        carms.Scenario.from_toml('name = "x"\n[[lever]]\naction = "move_seats"\nvalue = 3\n')
