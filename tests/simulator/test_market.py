from __future__ import annotations

import pickle
from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import MarketError
from carms_lib.simulator.draw import block, first_iteration, quotas, rank_lists
from carms_lib.simulator.draw.block import BlockInputs, run_block
from carms_lib.simulator.draw.settings import NO_SHIFT, shifted
from carms_lib.simulator.study.replay import plan_blocks, replay


def _with(programs: pd.DataFrame, column: str, value: object, row: int = 0) -> pd.DataFrame:
    frame = programs.copy()
    frame[column] = [value if i == row else old for i, old in enumerate(frame[column])]
    return frame


def test_market_counts_what_it_is_given(market: carms.Market, programs: pd.DataFrame) -> None:
    assert market.n_programs == len(programs)
    assert market.seats == programs["quota"].sum()
    assert list(market.programs["discipline"]) == sorted(market.programs["discipline"])
    assert "9 programs, 38 seats" in repr(market)


def test_a_market_names_the_release_of_its_table(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    """One release is named, none or several are not."""
    releases = (["1503"] * 9, ["1503"] * 8 + ["1504"], None)
    named = []
    for column in releases:
        frame = programs if column is None else programs.assign(release_id=column)
        named.append(carms.Market.from_gold(frame, cohort).provenance.release_id)
    assert named == ["1503", "", ""]


def test_a_school_that_the_cohort_does_not_know_has_no_number(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    market = carms.Market.from_gold(programs.assign(school=["Elsewhere", *programs["school"][1:]]), cohort)
    elsewhere = (market.programs["school"] == "Elsewhere").to_numpy()
    known = [list(cohort.schools.index).index(school) for school in market.programs["school"][~elsewhere]]
    assert market.tables.program_school[elsewhere].tolist() == [-1]
    assert market.tables.program_school[~elsewhere].tolist() == known


def test_a_discipline_without_tastes_of_schools_is_wanted_alike_everywhere(
    programs: pd.DataFrame, cohort: carms.Cohort
) -> None:
    tastes = pd.DataFrame({"Psychiatry": 0.5}, index=cohort.schools.index)
    market = carms.Market.from_gold(programs, replace(cohort, tastes=tastes))
    taste = market.tables.school_taste
    told = list(dict.fromkeys(market.programs["discipline"])).index("Psychiatry")
    np.testing.assert_allclose(taste[:, told], np.exp(0.5), rtol=1e-6)
    np.testing.assert_array_equal(np.delete(taste, told, axis=1), 1.0)


def test_seats_revert_to_the_first_program_too_when_a_program_is_added(
    programs: pd.DataFrame, cohort: carms.Cohort
) -> None:
    """The only program that takes seats has place 0; what reverts is worked out anew for the longer table."""
    reverting = cohort.provinces.index[cohort.provinces["reverts"]][0]
    pair = programs.iloc[[0, 1]].assign(
        program_stream_id=["02", "01"],
        discipline="Anesthesiology",
        school_province=reverting,
        eligibility=["CMG", "IMG"],
    )
    market = carms.Market.from_gold(pair, cohort)
    assert market.tables.reverts_to.tolist() == [-1, 0]
    longer = carms.Scenario("x").add_program("03", like="02", seats=1).apply(market)
    assert longer.tables.reverts_to.tolist() == [-1, 0, 0]
    assert longer.programs.index.tolist() == [0, 1, 2]


def test_roster_has_room_for_the_largest_class(market: carms.Market) -> None:
    laid_out = market.applicants["applicant_class"].value_counts()
    for name, row in market.cohort.classes.iterrows():
        assert row["high"] <= laid_out[name] <= row["high"] * 1.02 + 1
    assert len(np.unique(market.tables.applicant_key)) == market.n_applicants


def test_roster_follows_the_schools() -> None:
    cohort = carms.load_cohort("2025")
    gold = pd.DataFrame(
        {
            "program_stream_id": ["1"],
            "discipline": ["Family Medicine"],
            "school": ["McGill University"],
            "eligibility": ["ALL"],
            "school_province": ["QC"],
            "language": ["en"],
            "quota": [1],
            "interview_band": ["0 - 25"],
        }
    )
    applicants = carms.Market.from_gold(gold, cohort).applicants
    current = applicants[applicants["applicant_class"] == "cmg_current"]
    shares = current["graduation_school"].value_counts(normalize=True)
    expected = cohort.schools["graduates"] / cohort.schools["graduates"].sum()
    for school, share in expected[expected > 0].items():
        assert abs(shares[school] - share) < 0.01
    assert set(applicants.loc[applicants["applicant_class"] == "img", "graduation_school"]) == {"abroad"}


def test_who_may_apply_where(market: carms.Market) -> None:
    classes = list(market.cohort.classes.index)
    may = {
        row.program_stream_id: {name for c, name in enumerate(classes) if market.tables.first_open[i] >> c & 1}
        for i, row in enumerate(market.programs.itertuples())
    }
    canadian = {"cmg_current", "cmg_prior", "usmg"}
    assert may["10"] == canadian
    assert may["11"] == {"img"}
    assert may["12"] == canadian | {"img"}
    assert may["18"] == {"military"}


def test_graduates_from_abroad_live_where_a_province_or_stream_says(
    programs: pd.DataFrame, cohort: carms.Cohort
) -> None:
    frame = programs.assign(home_province=["NS" if key == "11" else None for key in programs["program_stream_id"]])
    market = carms.Market.from_gold(frame, cohort)
    codes = [*cohort.provinces.index, None]
    needed = {
        key: codes[number]
        for key, number in zip(market.programs["program_stream_id"], market.tables.residence, strict=True)
    }
    assert needed["11"] == "NS"
    assert needed["12"] == "QC"
    assert needed["10"] is None
    with pytest.raises(MarketError, match="home_province"):
        carms.Market.from_gold(frame.assign(home_province="ZZ"), cohort)


def test_second_iteration_merges_streams_except_where_a_province_keeps_them(market: carms.Market) -> None:
    merges = market.cohort.provinces["streams_merge"]
    img = 1 << list(market.cohort.classes.index).index("img")
    for i, row in enumerate(market.programs.itertuples()):
        if row.eligibility == "CMG":
            assert bool(market.tables.second_open[i] & img) == merges[row.school_province]


def test_seats_revert_to_the_same_school_and_discipline(market: carms.Market) -> None:
    to = {row.program_stream_id: market.tables.reverts_to[i] for i, row in enumerate(market.programs.itertuples())}
    ids = market.programs["program_stream_id"]
    reverts = market.cohort.provinces["reverts"]
    assert reverts["ON"]
    assert ids[to["10"]] == "11"
    assert to["13"] == -1
    assert to["12"] == -1


def test_rows_may_come_in_any_order_and_with_more_columns(
    market: carms.Market, programs: pd.DataFrame, cohort: carms.Cohort
) -> None:
    shuffled = programs.sample(frac=1.0, random_state=1).assign(site="somewhere")
    other = carms.Market.from_gold(shuffled, cohort)
    for one, two in zip(market.tables, other.tables, strict=True):
        np.testing.assert_array_equal(one, two)


def test_gold_mapping_works_like_its_frame(market: carms.Market, programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    other = carms.Market.from_gold({"program": programs}, cohort)
    np.testing.assert_array_equal(market.tables.program_quota, other.tables.program_quota)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("quota", -1, "quota"),
        ("quota", 1.5, "quota"),
        ("quota", "many", "quota"),
        ("quota", None, "quota"),
        ("eligibility", "CGM", "Did you mean 'CMG'"),
        ("school_province", "ZZ", "school_province"),
        ("language", "french", "language"),
        ("interview_band", "some", "interview_band"),
        ("interview_band", "80 - 20", "interview_band"),
        ("discipline", "Psychiatri", "Did you mean 'Psychiatry'"),
        ("program_stream_id", "11", "more than once"),
    ],
)
def test_bad_tables_are_refused_with_the_program(
    programs: pd.DataFrame, cohort: carms.Cohort, column: str, value: object, message: str
) -> None:
    with pytest.raises(MarketError, match=message):
        carms.Market.from_gold(_with(programs, column, value), cohort)


def test_missing_column_is_named_with_its_near_name(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    with pytest.raises(MarketError, match=r"lacks the columns \['quota'\].*'quotas'"):
        carms.Market.from_gold(programs.rename(columns={"quota": "quotas"}), cohort)


def test_empty_tables_and_wrong_types_are_refused(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    with pytest.raises(MarketError, match="no rows"):
        carms.Market.from_gold(programs.iloc[:0], cohort)
    with pytest.raises(MarketError, match="without a frame 'program'"):
        carms.Market.from_gold({"cell": programs}, cohort)


def test_more_programs_than_a_race_can_tell_apart_are_refused(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    many = pd.concat([programs] * (65_536 // len(programs) + 1), ignore_index=True)
    with pytest.raises(MarketError, match=r"65,5\d\d rows: a market has at most 65,536 programs"):
        carms.Market.from_gold(many.assign(program_stream_id=range(len(many))), cohort)


def test_a_discipline_nobody_wants_leaves_a_market(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    disciplines = cohort.disciplines.copy()
    disciplines.loc["Dermatology", ["cmg_first", "cmg_behind", "img_first", "img_behind"]] = 0.0
    market = carms.Market.from_gold(programs, replace(cohort, disciplines=disciplines))
    study = carms.simulate(market.with_second_iteration(False), n_draws=20, rng=1)
    place = list(market.programs["discipline"]).index("Dermatology")
    assert not (study.outcomes_of().wished == place).any()
    assert not (study.outcomes_of().final == place).any()


def test_what_a_table_was_made_from_is_asked_of_the_table(
    programs: pd.DataFrame, cohort: carms.Cohort, bundled: carms.Release, bundled_layers: carms.Layers
) -> None:
    gold = bundled_layers.gold
    told = carms.Market.from_gold(gold, carms.load_cohort("2025")).provenance
    assert told.release_id == "1503"
    assert set(told.sources) == set(bundled.sources["file"])
    # a frame or a plain dict of frames says which release it is of, if anything
    for table in (gold["program"], {"program": gold["program"]}):
        told = carms.Market.from_gold(table, carms.load_cohort("2025")).provenance
        assert (told.release_id, dict(told.sources)) == ("1503", {})
    # a column of that name is a column
    assert carms.Market.from_gold(programs.assign(provenance="ours"), cohort).provenance.release_id == ""
    given = carms.Provenance(release_id="7")
    assert carms.Market.from_gold(gold, carms.load_cohort("2025"), provenance=given).provenance.release_id == "7"


def _travelled(market: carms.Market) -> carms.Market:
    """As it arrives in another process."""
    return pickle.loads(pickle.dumps(market))  # noqa: S301 - what was pickled here


def test_arrays_of_a_market_are_closed_to_writing_however_it_came_about(market: carms.Market) -> None:
    mine = market.tables.program_quota.copy()
    _, plans = plan_blocks(market, 1, 1)
    for tables in (
        market.tables,
        market.with_tables(program_quota=mine).tables,
        _travelled(market).tables,
        shifted(market, plans[0].inputs.shift),
    ):
        assert not any(array.flags.writeable for array in tables)
        assert all(array.flags.c_contiguous for array in tables)
    assert mine.flags.writeable  # the caller's own stays as it was
    with pytest.raises(ValueError, match="read-only"):
        market.tables.program_quota[0] = 1


def test_a_draw_is_compiled_once_for_all_of_them(market: carms.Market) -> None:
    """It takes half a minute: a kind of array that differs would be paid for by the user."""

    def run(one: carms.Market, inputs: BlockInputs) -> None:
        run_block(one, [one], entropy, 0, plan.draws, inputs)
        for _ in replay(one, plan._replace(inputs=inputs)):
            pass

    entropy, (plan,) = plan_blocks(market, 1, 1)
    kernels = (
        block._run_draws,
        rank_lists.begin_block,
        rank_lists.write_lists,
        quotas.draw_release,
        quotas.draw_quota,
        first_iteration.first_iteration,
    )
    run(market, plan.inputs)
    compiled = [len(kernel.signatures) for kernel in kernels]
    run(_travelled(market), plan.inputs)
    run(market, plan.inputs._replace(shift=NO_SHIFT))  # as of a cohort without joint draws
    theta, sizes = plan.inputs.theta.copy(), plan.inputs.sizes.copy()
    theta.flags.writeable = sizes.flags.writeable = False
    run(market, plan.inputs._replace(theta=theta, sizes=sizes))
    assert [len(kernel.signatures) for kernel in kernels] == compiled
