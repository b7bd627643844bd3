"""One more seat: against matching everybody again, and against markets that can be followed by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.kernels.jit import from_python
from carms_lib.matching.scored.blocking import count_blocking
from carms_lib.matching.scored.lists import ScoredState, new_scored_state
from carms_lib.matching.scored.roth_peranson import match_in_order
from carms_lib.matching.scored.vacancy_chains import add_seat, index_scored, new_chain
from carms_lib.pressure import SEAT_METRICS, SeatValues, seat_values
from carms_lib.simulator.draw.first_iteration import COUPLE_ROUNDS, COUPLE_STEPS
from carms_lib.simulator.seats.added_seat import FollowedDraw, follow_draw
from carms_lib.simulator.seats.seat_chains import follow_every_seat
from carms_lib.simulator.seats.singles import leave_singles, match_singles
from carms_lib.simulator.seats.standing import SinglesMatch, new_chain_ends
from carms_lib.simulator.study.replay import DrawnMatch, plan_blocks, replay
from matplotlib.figure import Figure

admit, blocks = from_python(match_in_order), from_python(count_blocking)
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
    found = new_chain_ends(programs)
    before = singles.match.copy(), singles.position.copy()
    movers = follow_every_seat(singles, chain, found)
    np.testing.assert_array_equal(singles.match, before[0])
    np.testing.assert_array_equal(singles.position, before[1])
    ptr = found.mover_ptr
    columns = {name: getattr(found, name) for name in ("length", "newly", "ends", "touched")}
    who = [set(movers[ptr[p] : ptr[p + 1]].tolist()) for p in range(programs)]
    return singles, pd.DataFrame({**columns, "movers": who})


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
def test_all_programs_of_the_release_do_what_matching_afresh_does(national: carms.Market) -> None:
    _, plans = plan_blocks(national, 2, 5)
    for drawn in replay(national, plans[0]):
        _check_against_solving_afresh(drawn)


def _with_seat(drawn: DrawnMatch, program: int) -> ScoredState:
    """Work space with one more seat in a program."""
    state = new_scored_state(len(drawn.match), len(drawn.quota), int(drawn.quota.sum()) + 1, len(drawn.program))
    state.quota[:] = drawn.quota
    state.quota[program] += 1
    state.seat_ptr[1:] = np.cumsum(state.quota)
    return state


def _afresh(drawn: DrawnMatch, program: int) -> tuple[set[int], int, int] | None:
    """Match everybody again, couples too, with one more seat: who is better off, how many are worse off, and new."""
    state, paired = _with_seat(drawn, program), drawn.couples
    if admit(paired.lists, state, paired.order, COUPLE_STEPS, COUPLE_ROUNDS):
        return None  # this order comes to no stable matching
    better = set(np.flatnonzero(state.position < paired.position).tolist())
    new = sum(drawn.match[a] < 0 <= state.match[a] for a in better)
    return better, int((state.position > paired.position).sum()), new


def _blocking_after_the_chain(drawn: DrawnMatch, program: int) -> int:
    """Count who blocks, couples too, when singles moved along the chain of one more seat and couples stayed."""
    one, state, paired = leave_singles(drawn), _with_seat(drawn, program), drawn.couples
    chain = new_chain(len(one.match), len(one.quota), int(one.position.sum()))
    index_scored(one.ptr, one.program, one.score, one.position, chain)
    add_seat(one.ptr, one.program, one.match, one.position, program, chain)
    single = drawn.couple_of < 0
    state.match[:] = np.where(single, one.match, drawn.match)
    state.position[:] = np.where(single, one.position, paired.position)
    for p in range(len(drawn.quota)):
        held = np.flatnonzero(state.match == p)
        entries = [drawn.ptr[a] + drawn.program[drawn.ptr[a] : drawn.ptr[a + 1]].tolist().index(p) for a in held]
        worst_first = np.argsort(drawn.score[entries]) if len(held) else []  # a sorted row is a heap
        state.held_count[p] = len(held)
        state.held_applicant[state.seat_ptr[p] :][: len(held)] = held[worst_first]
        state.held_score[state.seat_ptr[p] :][: len(held)] = drawn.score[entries][worst_first] if len(held) else []
    return blocks(paired.lists, state)


def _movers(followed: FollowedDraw, program: int) -> set[int]:
    return set(followed.movers[followed.mover_ptr[program] : followed.mover_ptr[program + 1]].tolist())


@pytest.fixture(scope="module")
def of_couples(programs: pd.DataFrame, cohort: carms.Cohort) -> carms.Market:
    """The nine programs, and a cohort in which every second graduate is half of a couple."""
    parameters = cohort.parameters.copy()
    parameters.loc["couples_share", ["value", "low", "high"]] = 0.5
    return carms.Market.from_gold(programs, replace(cohort, parameters=parameters))


def test_with_couples_a_seat_does_what_matching_everybody_afresh_does(of_couples: carms.Market) -> None:
    """100 draws: where a couple is concerned, the fresh match with couples; elsewhere the chain, which is stable."""
    _, plans = plan_blocks(of_couples, 100, 3)
    concerned, seats, apart, moved = 0, 0, 0, 0
    for drawn in (drawn for plan in plans for drawn in replay(of_couples, plan)):
        if drawn.couples is None or not drawn.couples.is_stable:
            continue
        followed, held = (
            follow_draw(drawn),
            follow_draw(drawn._replace(couples=drawn.couples._replace(is_stable=False))),
        )
        fresh = [_afresh(drawn, p) for p in range(len(drawn.quota))]
        assert followed.unsettled == sum(followed.concerned[p] and one is None for p, one in enumerate(fresh))
        for p, one in enumerate(fresh):
            if one is None:
                assert _movers(followed, p) == _movers(held, p)
                continue
            better, worse, new = one
            same = (_movers(followed, p), followed.worse[p]) == (better, worse)
            seats += 1
            if followed.concerned[p]:
                assert same
                assert followed.length[p] == len(better)
                assert followed.newly[p] == new
                concerned += 1
                moved += better != _movers(held, p)
            else:
                assert _blocking_after_the_chain(drawn, p) == 0
                apart += not same
    assert concerned > 50
    assert moved > 20  # couples that held their seats would have given another answer
    assert apart <= 0.03 * seats


@pytest.mark.release
def test_with_the_couples_of_the_release_nearly_every_seat_does_what_matching_afresh_does(
    national: carms.Market,
) -> None:
    _, plans = plan_blocks(national, 2, 5)
    for drawn in replay(national, plans[0]):
        followed = follow_draw(drawn)
        assert drawn.couples.is_stable
        fresh = [_afresh(drawn, p) for p in range(len(drawn.quota))]
        settled = np.array([one is not None for one in fresh])
        assert followed.unsettled == (~settled & followed.concerned).sum() <= 2
        same = np.array(
            [one is not None and (_movers(followed, p), followed.worse[p]) == one[:2] for p, one in enumerate(fresh)]
        )
        assert same[followed.concerned & settled].all()
        assert 0.03 < followed.concerned.mean() < 0.3
        assert same.mean() > 0.99


def test_a_draw_without_a_stable_matching_keeps_its_chains(of_couples: carms.Market) -> None:
    _, plans = plan_blocks(of_couples, 20, 3)
    drawn = next(d for plan in plans for d in replay(of_couples, plan) if d.couples and follow_draw(d).concerned.any())
    unstable = follow_draw(drawn._replace(couples=drawn.couples._replace(is_stable=False)))
    assert unstable.unsettled == unstable.concerned.sum() > 0
    assert (unstable.worse == 0).all()
    assert all((unstable.newly >= 0) & (unstable.newly <= 1))


def test_one_worker_and_many_give_the_same_bits(of_couples: carms.Market) -> None:
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(5) as five:
        runs = [seat_values(of_couples, n_draws=60, rng=3, executor=pool)._followed for pool in (one, five)]
    for mine, other in zip(*runs, strict=True):
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_array_equal(a, b)


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
        "median", "share_zero", "effective_draws",
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
    assert "matched afresh with couples" in values.summary()
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
