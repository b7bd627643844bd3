"""Steps of a draw on markets so small that a person can follow them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.kernels.jit import from_python
from carms_lib.matching.scored.lists import index_programs, new_scored_state
from carms_lib.simulator import PARAMETERS
from carms_lib.simulator.draw import interviews, participation
from carms_lib.simulator.draw import second_iteration as second
from carms_lib.simulator.draw.block import BlockInputs, begin_block, run_block
from carms_lib.simulator.draw.first_iteration import Seats, first_iteration
from carms_lib.simulator.draw.quotas import most_seats
from carms_lib.simulator.draw.workspace import new_space
from carms_lib.simulator.inputs.rules import RULES, reversion_targets, rule_arrays

_AT = {name: i for i, name in enumerate(PARAMETERS)}
who_takes_part = from_python(participation.who_takes_part)
draw_merit, second_iteration = from_python(interviews.draw_merit), from_python(second.second_iteration)
draw_interview_shares = from_python(interviews.draw_interview_shares)


def _theta(market: carms.Market, **values: float) -> np.ndarray:
    theta = market.cohort.parameters["value"].to_numpy(float).copy()
    for name, value in values.items():
        theta[_AT[name]] = value
    return theta


def _first_iteration(
    market: carms.Market, lists: Sequence[Sequence[int]], quota: Sequence[int], reverts_to: Sequence[int], share: float
) -> tuple[list[int], list[int]]:
    """Match applicants with these lists, all ranked alike; return seats after reversions, and the match."""
    tables, space = market.tables, new_space(market.tables)
    every = [*lists, *[[]] * (market.n_applicants - len(lists))]
    given = space.lists
    given.ptr[:] = np.concatenate([[0], np.cumsum([len(one) for one in every])])
    flat = [program for one in every for program in one]
    given.idx[: len(flat)] = flat
    given.score[: len(flat)] = 0.0
    given.couple_of[:] = -1
    index_programs(given.ptr, given.idx, given.owner, given.program_ptr, given.application)
    stated = np.zeros(market.n_programs, dtype=np.int32)
    stated[: len(quota)] = quota
    targets = np.full(market.n_programs, -1, dtype=np.int32)
    targets[: len(reverts_to)] = reverts_to
    seats = Seats(drawn=stated, reverts_to=targets)
    theta = _theta(market, quota_drift=0.0, reversion_share=share)
    state = new_scored_state(market.n_applicants, market.n_programs, int(stated.sum()) + 1, len(space.lists.idx))
    with np.errstate(over="ignore"):
        orders, blocking = first_iteration(np.uint64(5), 0, theta, tables, seats, space, state)
    assert (orders, blocking) == (1, 0)
    return state.quota[: len(quota)].tolist(), state.match[: len(lists)].tolist()


def test_seats_that_nobody_takes_revert_and_are_counted_once(market: carms.Market) -> None:
    """Four seats, nobody wants them: all four revert, and none reverts twice."""
    quota, match = _first_iteration(market, [[1], [1], [1]], [4, 2], [1, -1], 1.0)
    assert quota == [0, 6]
    assert match == [1, 1, 1]


def test_seats_revert_to_the_first_program_as_to_any_other(market: carms.Market) -> None:
    assert _first_iteration(market, [[0]], [0, 3], [-1, 0], 1.0) == ([3, 0], [0])


def test_a_seat_that_reverts_can_free_another(market: carms.Market) -> None:
    """Two applicants would rather be in program 1, which has no seat, and sit in 0, which has four.

    The two empty seats of 0 revert to 1; both move there; the two seats that they leave revert as well. What has
    reverted already counts as left over, and is not moved again.
    """
    quota, match = _first_iteration(market, [[1, 0], [1, 0]], [4, 0], [1, -1], 1.0)
    assert match == [1, 1]
    assert quota == [0, 4]


def test_half_of_what_is_left_over_reverts_and_the_rest_stays(market: carms.Market) -> None:
    quota, _ = _first_iteration(market, [], [8, 1], [1, -1], 0.5)
    assert quota == [4, 5]


def test_nothing_reverts_from_a_program_that_is_full_or_has_nowhere_to_revert_to(market: carms.Market) -> None:
    assert _first_iteration(market, [[0], [0]], [2, 1], [1, -1], 1.0) == ([2, 1], [0, 0])
    assert _first_iteration(market, [[0]], [2, 1], [-1, -1], 1.0) == ([2, 1], [0])


def test_a_chain_of_reversions_ends(market: carms.Market) -> None:
    """0 reverts to 1 and 1 to 2: seats arrive at the end of the chain, and none is made or lost."""
    quota, match = _first_iteration(market, [[2]], [3, 1, 0], [1, 2, -1], 1.0)
    assert sum(quota) == 4
    assert quota == [0, 0, 4]
    assert match == [2]


@pytest.mark.parametrize(("drift", "room"), [(0.0, 0), (0.5, 1), (-0.5, 0)])
def test_there_is_room_for_the_most_seats_that_a_draw_may_have(market: carms.Market, drift: float, room: int) -> None:
    """Each quota with its drift rounded up, and one more; of several markets the largest."""
    theta, quota = _theta(market, quota_drift=drift), market.programs["quota"].to_numpy(float)
    most = int(np.ceil(quota * (1 + drift)).sum()) + 1
    assert most_seats([market.seat_plan], theta) == most
    assert most >= quota.sum() * (1 + drift) + room
    more = carms.Scenario("more").add_seats(7).apply(market)
    assert most_seats([market.seat_plan, more.seat_plan], theta) >= most + 7


def _with_classes(market: carms.Market, **columns: float) -> carms.Market:
    cohort = replace(market.cohort, classes=market.cohort.classes.assign(**columns))
    return carms.Market.from_gold(market.programs, cohort)


def _run(market: carms.Market, draws: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """First and final program of everybody in each draw; nobody in a couple."""
    theta, sizes = _theta(market, couples_share=0.0), market.cohort.classes["size"].to_numpy(float)
    result = run_block(market, [market], 5, 0, np.arange(draws), BlockInputs(theta, sizes))[0]
    return result.first, result.final


def test_those_who_come_late_are_matched_in_the_second_iteration_alone(market: carms.Market) -> None:
    first, final = _run(_with_classes(market, first_iteration=0.0, second_iteration=0.0))
    assert (first < 0).all()  # nobody applies in the first
    assert (final >= 0).sum() > 20  # and all who came late take part in the second, whatever the share says


def test_a_type_that_one_program_is_open_to_is_matched_there_in_the_second_iteration(market: carms.Market) -> None:
    """Of the nine programs one alone is for those who serve."""
    (theirs,) = np.flatnonzero(market.programs["eligibility"] == "MOTP")
    _, final = _run(_with_classes(market, first_iteration=0.0), draws=20)
    assert (final == theirs).sum() > 5


def _second_iteration(market: carms.Market, match: int) -> np.ndarray:
    """The second iteration's outcome where the first has left everybody in program `match`; all take part."""
    tables, space, theta = market.tables, new_space(market.tables), _theta(market)
    state = new_scored_state(market.n_applicants, market.n_programs, 100, len(space.lists.idx))
    with np.errstate(over="ignore"):
        begin_block(np.uint64(5), 0, theta, tables, space)
        draw_merit(np.uint64(5), 0, theta, tables, space.merit)
        space.taking_part[:] = np.diff(tables.type_start)
        space.first_of[:] = -1
        state.match[:], state.held_count[:], state.quota[:] = match, 0, tables.program_quota
        second_iteration(np.uint64(5), 0, theta, tables, tables.second_open, space, state)
    return state.match


@pytest.mark.parametrize("program", range(9))
def test_who_holds_a_seat_stays_out_of_the_second_iteration(market: carms.Market, program: int) -> None:
    everybody = _with_classes(market, first_iteration=0.0)
    assert (_second_iteration(everybody, program) == -1).all()
    assert (_second_iteration(everybody, -1) >= 0).sum() > 10


@pytest.mark.parametrize(("size", "capacity_share"), [(10.0, 1.0), (10.0, 0.5), (10.0, 0.0), (10.0, 3.0)])
def test_each_type_is_scaled_to_its_class(market: carms.Market, size: float, capacity_share: float) -> None:
    """As many as the class has, of the places laid out; never more than there are; a fraction settled by chance."""
    tables = market.tables
    places = np.diff(tables.type_start)
    sizes = tables.type_capacity * capacity_share
    taking_part = np.empty(len(places), dtype=np.int64)
    with np.errstate(over="ignore"):
        who_takes_part(np.uint64(1), 0, sizes, tables, taking_part)
    exact = places * sizes[tables.type_class] / tables.type_capacity[tables.type_class]
    np.testing.assert_array_equal(taking_part, np.minimum(places, taking_part))
    assert ((taking_part >= np.minimum(np.floor(exact), places)) & (taking_part <= exact + 1)).all()
    if capacity_share in {0.0, 1.0}:
        np.testing.assert_array_equal(taking_part, places * capacity_share)


def test_who_takes_part_in_the_second_iteration(market: carms.Market) -> None:
    """Of those left unmatched, as many as the share says; of those who came late, all; of the matched, none."""
    nobody = _run(_with_classes(market, first_iteration=1.0, second_iteration=0.0))
    np.testing.assert_array_equal(*nobody)
    first, everybody = _run(_with_classes(market, first_iteration=1.0, second_iteration=1.0))
    np.testing.assert_array_equal(first, nobody[0])  # the first does not know what comes after it
    newly = (first == -1) & (everybody >= 0)
    assert newly.sum() > 10
    assert (everybody[first >= 0] == first[first >= 0]).all()
    _, some = _run(_with_classes(market, first_iteration=1.0, second_iteration=0.3))
    few = (first == -1) & (some >= 0)
    assert 0 < few.sum() < newly.sum()
    assert ((first == -1) & (some == -1)).sum() > ((first == -1) & (everybody == -1)).sum()


def test_a_lever_on_interviews_multiplies_the_share_that_a_program_publishes(market: carms.Market) -> None:
    """Four of ten, twice and half as many; three times as many would be more than all."""
    tables, share = market.tables, np.empty(market.n_programs)
    four_of_ten, factor = np.full(market.n_programs, 0.4), np.ones(market.n_programs)
    factor[:4] = 1.0, 2.0, 0.5, 3.0
    band = {"interview_low": four_of_ten, "interview_high": four_of_ten, "interview_factor": factor}
    with np.errstate(over="ignore"):
        draw_interview_shares(np.uint64(1), 0, tables._replace(**band), share)
        assert share[:4] == pytest.approx([0.4, 0.8, 0.2, 1.0])
        draw_interview_shares(np.uint64(1), 0, tables._replace(**band | {"interview_low": four_of_ten / 2}), share)
    assert ((share[4:] > 0.2) & (share[4:] < 0.4)).all()  # evenly within the band
    assert len(set(share[4:])) == market.n_programs - 4


# --- rules by province ----------------------------------------------------------------------------------------------


def _arrays(market: carms.Market, programs: pd.DataFrame | None = None, **rules: object) -> dict[str, np.ndarray]:
    """The arrays of a market in which no rule holds but those named, everywhere or where a column of truth says."""
    provinces = market.cohort.provinces.assign(**dict.fromkeys(RULES, False) | rules)
    return rule_arrays(market.programs if programs is None else programs, market.cohort.classes, provinces)


def _bits(cohort: carms.Cohort, *streams: str) -> int:
    return sum(1 << i for i, stream in enumerate(cohort.classes["stream"]) if stream in streams)


@pytest.mark.parametrize("merge", [False, True])
def test_openings_follow_the_stream_and_merge_in_the_second_iteration_alone(market: carms.Market, merge: bool) -> None:
    arrays, programs, cohort = _arrays(market, streams_merge=merge), market.programs, market.cohort
    of = {"CMG": ("CMG",), "IMG": ("IMG",), "ALL": ("CMG", "IMG"), "MOTP": ("MOTP",)}
    expected = [_bits(cohort, *of[stream]) for stream in programs["eligibility"]]
    assert arrays["first_open"].tolist() == expected
    merged = _bits(cohort, "CMG", "IMG")
    civil = programs["eligibility"] != "MOTP"
    assert arrays["second_open"].tolist() == [
        bits | merged if merge and one else bits for bits, one in zip(expected, civil, strict=True)
    ]


def test_openings_admit_the_military_where_the_table_says_so(market: carms.Market) -> None:
    admits = market.programs.assign(admits_motp=market.programs["eligibility"] == "CMG")
    first, plain = _arrays(market, admits)["first_open"], _arrays(market)["first_open"]
    serving = _bits(market.cohort, "MOTP")
    assert (first[admits["admits_motp"]] == (plain[admits["admits_motp"]] | serving)).all()
    assert (first[~admits["admits_motp"]] == plain[~admits["admits_motp"]]).all()


@pytest.mark.parametrize(("rule", "array"), [("img_residents_only", "residence"), ("img_schooling", "schooling")])
def test_residence_and_schooling_are_rules_of_the_province(market: carms.Market, rule: str, array: str) -> None:
    number = {code: i for i, code in enumerate(market.cohort.provinces.index)}
    assert (_arrays(market)[array] == -1).all()
    ruled = _arrays(market, **{rule: market.cohort.provinces.index == "QC"})
    assert ruled[array].tolist() == np.where(market.programs["school_province"] == "QC", number["QC"], -1).tolist()


def test_a_stream_for_the_people_of_one_province_stays_theirs(market: carms.Market) -> None:
    number = {code: i for i, code in enumerate(market.cohort.provinces.index)}
    own = market.programs.assign(home_province=["NS", "AB", *[None] * (market.n_programs - 2)])
    assert (market.programs["school_province"][1], number["AB"]) == ("ON", 0)
    everywhere = _arrays(market, own, img_residents_only=True)["residence"]
    assert everywhere[:2].tolist() == [number["NS"], number["AB"]]
    assert everywhere[2:].tolist() == [number[code] for code in market.programs["school_province"][2:]]


def test_seats_revert_to_the_largest_international_program_of_the_same_school_and_discipline() -> None:
    programs = pd.DataFrame(
        [
            ("1", "A", "S", "CMG", 5),
            ("2", "A", "S", "IMG", 1),
            ("3", "A", "S", "IMG", 2),
            ("4", "A", "T", "CMG", 5),
            ("5", "B", "S", "CMG", 5),
            ("6", "A", "S", "ALL", 9),
            ("7", "A", "S", "IMG", 2),
        ],
        columns=["program_stream_id", "discipline", "school", "eligibility", "quota"],
    )
    everywhere = np.ones(len(programs), dtype=bool)
    assert reversion_targets(programs, everywhere).tolist() == [2, -1, -1, -1, -1, -1, -1]  # of equals, the first by id
    assert reversion_targets(programs, ~everywhere).tolist() == [-1] * len(programs)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, [-1, -1, -1, -1]),
        ({"reverts": True}, [1, -1, 3, -1]),
        ({"family_medicine_reverts": True}, [1, -1, -1, -1]),
        ({"family_medicine_reverts": True, "reverts": True}, [1, -1, 3, -1]),
    ],
)
def test_seats_revert_in_every_discipline_or_in_family_medicine_alone(
    market: carms.Market, rules: dict[str, bool], expected: list[int]
) -> None:
    programs = pd.DataFrame(
        [
            ("1", "Family Medicine", "CMG"),
            ("2", "Family Medicine", "IMG"),
            ("3", "Psychiatry", "CMG"),
            ("4", "Psychiatry", "IMG"),
        ],
        columns=["program_stream_id", "discipline", "eligibility"],
    ).assign(school="S", quota=3, school_province="AB")
    assert _arrays(market, programs, **rules)["reverts_to"].tolist() == expected
