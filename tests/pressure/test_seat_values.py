"""One more seat: against matching everybody again, and against markets that can be followed by hand."""

from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.matching._chains import index_scored, new_chain
from carms_lib.pressure import SEAT_METRICS, SeatValues, seat_values
from carms_lib.pressure._seats import follow_every_seat
from carms_lib.pressure._singles import SinglesMatch, match_singles
from carms_lib.simulator._replay import DrawnMatch, plan_blocks, replay
from matplotlib.figure import Figure

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")


def _drawn(
    lists: list[list[tuple[int, float]]], quota: list[int], couple_of: list[int] | None = None, match: list[int] = ()
) -> DrawnMatch:
    """A draw from lists of (program, score)."""
    ptr = np.concatenate([[0], np.cumsum([len(entries) for entries in lists])]).astype(np.int64)
    flat = [entry for entries in lists for entry in entries]
    return DrawnMatch(
        draw=0,
        ptr=ptr,
        program=np.array([p for p, _ in flat], dtype=np.int32),
        score=np.array([s for _, s in flat], dtype=np.float64),
        quota=np.array(quota, dtype=np.int32),
        match=np.array(match or [-1] * len(lists), dtype=np.int32),
        couple_of=np.array(couple_of or [-1] * len(lists), dtype=np.int32),
    )


def _follow(drawn: DrawnMatch) -> tuple[SinglesMatch, pd.DataFrame]:
    """What one more seat in each program does: one row per program."""
    singles, programs = match_singles(drawn), len(drawn.quota)
    chain = new_chain(len(drawn.match), programs, int(singles.position.sum()))
    index_scored(singles.ptr, singles.program, singles.score, singles.position, chain)
    length, newly, ends = (np.empty(programs, dtype=np.int32) for _ in range(3))
    touched, mover_ptr = np.empty(programs, dtype=bool), np.empty(programs + 1, dtype=np.int32)
    before = singles.match.copy(), singles.position.copy()
    movers = follow_every_seat(
        singles.ptr, singles.program, singles.score, singles.match, singles.position, chain, singles.couple_best,
        length, newly, ends, touched, mover_ptr,
    )  # fmt: skip
    np.testing.assert_array_equal(singles.match, before[0])
    np.testing.assert_array_equal(singles.position, before[1])
    who = [set(movers[mover_ptr[p] : mover_ptr[p + 1]].tolist()) for p in range(programs)]
    return singles, pd.DataFrame({"length": length, "newly": newly, "ends": ends, "touched": touched, "movers": who})


def _check_against_solving_afresh(drawn: DrawnMatch) -> int:
    """Compare every program's seat with matching everybody again; return how many persons swapped."""
    singles, followed = _follow(drawn)
    swapped = 0
    for p, row in followed.iterrows():
        extra = np.zeros(len(drawn.quota), dtype=np.int32)
        extra[p] = 1
        again = match_singles(drawn, extra)
        assert row["movers"] == set(np.flatnonzero(again.position < singles.position).tolist())
        assert (again.position <= singles.position).all()
        assert [row["newly"]] == (np.flatnonzero((again.match >= 0) & (singles.match < 0)).tolist() or [-1])
        change = np.bincount(again.match[again.match >= 0], minlength=len(extra))
        change -= np.bincount(singles.match[singles.match >= 0], minlength=len(extra))
        expected = extra.copy()  # the seat is filled, and one is left where the chain ends
        if row["ends"] >= 0:
            expected[row["ends"]] -= 1
        np.testing.assert_array_equal(change, expected)
        swapped += len(row["movers"]) - row["length"]
    return swapped


def test_every_seat_of_every_draw_does_what_matching_afresh_does(market: carms.Market) -> None:
    _, plans = plan_blocks(market, 60, 3)
    for plan in plans:
        for drawn in replay(market, plan):
            _check_against_solving_afresh(drawn)


def test_small_dense_markets_with_ties_and_swaps() -> None:
    """Random markets in which chains leave cycles behind: 50 of them, and some swap."""
    rng, swapped = np.random.default_rng(1), 0
    for _ in range(400):
        n, programs = rng.integers(1, 12), rng.integers(1, 7)
        lists = [
            [(int(p), float(rng.integers(0, 6)) if rng.random() > 0.1 else -np.inf) for p in chosen]
            for chosen in (rng.permutation(programs)[: rng.integers(0, programs + 1)] for _ in range(n))
        ]
        swapped += _check_against_solving_afresh(_drawn(lists, rng.integers(0, 3, programs).tolist()))
    assert swapped > 10


@pytest.mark.release
def test_all_programs_of_the_release_do_what_matching_afresh_does() -> None:
    national = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
    _, plans = plan_blocks(national, 2, 5)
    for drawn in replay(national, plans[0]):
        _check_against_solving_afresh(drawn)


def test_a_chain_by_hand() -> None:
    # ana holds p and wants it; ben wants p, holds q; cy wants q, holds nothing; r has room that nobody wants.
    drawn = _drawn([[(0, 9.0)], [(0, 5.0), (1, 5.0)], [(1, 1.0)]], quota=[1, 1, 1])
    _, followed = _follow(drawn)
    p, q, r = followed.to_dict("records")
    assert p == {"length": 2, "newly": 2, "ends": -1, "touched": False, "movers": {1, 2}}
    assert q == {"length": 1, "newly": 2, "ends": -1, "touched": False, "movers": {2}}
    assert r == {"length": 0, "newly": -1, "ends": 2, "touched": False, "movers": set()}


def test_a_chain_that_leaves_a_seat_behind() -> None:
    _, followed = _follow(_drawn([[(0, 9.0)], [(0, 5.0), (1, 5.0)]], quota=[1, 1]))
    assert followed.loc[0].to_dict() == {"length": 1, "newly": -1, "ends": 1, "touched": False, "movers": {1}}


def test_couples_hold_their_seats_and_are_counted() -> None:
    # 0 and 1 are a couple: 0 holds p; 1 holds nothing and lists q, where 2 stands; 3 waits for p behind 0.
    lists = [[(0, 9.0)], [(1, 5.0)], [(1, 7.0)], [(0, 1.0), (1, 1.0)]]
    singles, followed = _follow(_drawn(lists, quota=[1, 1], couple_of=[0, 0, -1, -1], match=[0, -1, 1, -1]))
    assert singles.match.tolist() == [-1, -1, 1, -1]
    assert singles.quota.tolist() == [0, 1]
    assert singles.restless == 0
    assert followed.loc[0, "movers"] == {3}
    assert not followed.loc[0, "touched"]
    assert followed.loc[1, "movers"] == {3}  # the couple stays where it is, and
    assert followed.loc[1, "touched"]  # q would rather have had its second member


@pytest.fixture(scope="module")
def values(market: carms.Market) -> SeatValues:
    return seat_values(market, n_draws=200, rng=3)


def test_bands_of_every_metric_and_grouping(values: SeatValues, market: carms.Market) -> None:
    frame = values.bands(["province", "discipline"]).to_frame()
    assert list(frame.columns) == [
        "metric", "scenario", "province", "discipline", "estimate", "lower", "upper", "level", "kind", "n_draws",
    ]  # fmt: skip
    assert set(frame["metric"]) == set(SEAT_METRICS)
    wide = frame.pivot_table(index=["province", "discipline"], columns="metric", values="estimate")
    assert (wide["newly_matched"] <= wide["chain_length"] + 1e-12).all()
    assert (wide["chain_length"] <= wide["seat_value"] + 1e-12).all()
    assert wide["seat_taken"].between(0, 1).all()
    assert wide["seat_value"].max() > 0


def test_a_cell_is_the_average_of_its_programs_by_their_seats(values: SeatValues, market: carms.Market) -> None:
    of_programs = values.bands("program_stream_id", metric="seat_value").to_frame()
    seats = market.programs.set_index("program_stream_id")
    joined = of_programs.set_index("program_stream_id")["estimate"]
    for discipline, ids in seats.groupby("discipline").groups.items():
        expected = np.average(joined[ids], weights=seats.loc[ids, "quota"])
        got = values.bands("discipline", metric="seat_value").to_frame().set_index("discipline")["estimate"]
        assert got[discipline] == pytest.approx(expected)


def test_gains_add_up_to_seat_value(values: SeatValues) -> None:
    by_class = values.gains(["applicant_class", "home_province"], "discipline").to_frame()
    added = by_class.groupby("discipline")["estimate"].sum()
    whole = values.bands("discipline", metric="seat_value").to_frame().set_index("discipline")["estimate"]
    pd.testing.assert_series_equal(added, whole, check_names=False)


def test_draws_are_those_of_a_study_and_a_longer_run_begins_alike(market: carms.Market, values: SeatValues) -> None:
    few = seat_values(market, n_draws=25, rng=3)
    np.testing.assert_array_equal(few._followed.newly, values._followed.newly[:25])
    assert few.provenance.entropy == 3


def test_a_scenario_and_a_closed_cell(market: carms.Market) -> None:
    closed = carms.Scenario("no Dermatology").close_programs(discipline="Dermatology")
    bands = seat_values(market, closed, n_draws=20, rng=3).bands("discipline")
    rows = bands.to_frame().query("discipline == 'Dermatology'")
    assert set(rows["scenario"]) == {"no Dermatology"}
    assert rows["estimate"].isna().all()
    reasons = bands.sizes.query("discipline == 'Dermatology'")["reason"]
    assert (reasons == "no seats in any draw").all()


def test_relabelling_and_reordering_change_nothing(programs: pd.DataFrame, cohort: carms.Cohort) -> None:
    one = seat_values(carms.Market.from_gold(programs, cohort), n_draws=20, rng=3)
    other = seat_values(
        carms.Market.from_gold(programs.sample(frac=1.0, random_state=1), replace(cohort, name="again")),
        n_draws=20, rng=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(
        one.bands("program_stream_id").to_frame(), other.bands("program_stream_id").to_frame()
    )


def test_a_result_answers_what_results_answer(values: SeatValues, tmp_path) -> None:
    assert values.n_draws == 200
    assert "one more seat" in values.summary().lower()
    assert "couples hold their seats" in values.summary()
    assert values.to_frame()["metric"].unique().tolist() == ["seat_value"]
    ax = values.plot(ax=Figure().add_subplot(), n_rows=2)
    assert ax.get_title(loc="left").startswith("What one more seat does")
    path = values.save(tmp_path / "seats.csv")
    assert set(pd.read_csv(path)["metric"]) == set(SEAT_METRICS)
    assert path.with_name("seats.csv.provenance.json").exists()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda v: v.bands("dicipline"), UnknownNameError, "'discipline'"),
        (lambda v: v.bands(["discipline", "discipline"]), ArgumentError, "more than once"),
        (lambda v: v.bands(metric="seat_vale"), UnknownNameError, "'seat_value'"),
        (lambda v: v.bands(level=90), ArgumentError, "level"),
        (lambda v: v.bands(kind="means"), UnknownNameError, "'mean'"),
        (lambda v: v.gains([]), ArgumentError, "applicant_class"),
        (lambda v: v.gains("discipline"), UnknownNameError, "discipline"),
    ],
)
def test_bad_questions_are_answered(values: SeatValues, call, error, message) -> None:
    with pytest.raises(error, match=message):
        call(values)


@pytest.mark.parametrize("n_draws", [0, -1, 2.5, True])
def test_n_draws_is_a_positive_whole_number(market: carms.Market, n_draws: object) -> None:
    with pytest.raises(ArgumentError, match="n_draws"):
        seat_values(market, n_draws=n_draws)
