"""A market with couples as the kernels see it: its arrays, the state of a match, and the moves that change it.

Belongs here: seats taken and given up, and the one predicate that says when programs would take a couple. Does
not belong here: who moves when (`_roth_peranson`, `_kojima_pathak_roth`), and what blocks (`_blocking_pairs`); all of
them use the predicate from here, so that algorithm and checker cannot disagree.

A *unit* is a single applicant (unit number = applicant number) or a couple (unit number = number of applicants
plus number of the couple). Members of couples share one `position`: the place of their pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching._held_seats import clear_bit, empty_rows, exchange, next_better, set_bit
from carms_lib.matching.scored.lists import SITS, STATE_HASH, code_of

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Bools, Int32s, Int64s, UInt64s, UInts
    from carms_lib.matching._linked_lists import LinkedLists
    from carms_lib.matching._problem import MatchingProblem

__all__ = [
    "RULES",
    "CoupleMarket",
    "CoupleState",
    "leave",
    "new_state",
    "reset",
    "seat_all",
    "take",
    "take_pair",
    "to_market",
    "would_take",
]

RULES = {"BIS": 0, "MM": 1}
_BIS = 0


class CoupleMarket(NamedTuple):
    """What does not change while a match runs."""

    ptr: Int64s
    entries: UInts
    shift: int
    program_ptr: Int64s
    program_idx: Int32s
    program_pos: Int32s
    row_ptr: Int64s
    seats: Int32s
    couple_of: Int32s
    members: Int32s
    pair_ptr: Int64s
    pairs: Int32s
    pair_ranks: Int32s


class CoupleState(NamedTuple):
    """What does: who sits where, and who waits."""

    match: Int32s
    position: Int32s
    held_rank: Int32s
    words: UInt64s
    worst: Int32s
    admitted: Bools
    waiting: Int32s
    is_waiting: Bools
    vacated: Int32s
    is_vacated: Bools
    count: Int64s  # heights of the two stacks, and the fingerprint (see `scored.lists`)


def to_market(problem: MatchingProblem) -> CoupleMarket:
    """Return the arrays of a problem for the kernels."""
    lists: LinkedLists = problem.lists
    couples = problem.couples
    return CoupleMarket(
        lists.applicant_ptr,
        lists.entries,
        lists.shift,
        lists.program_ptr,
        lists.program_idx,
        lists.program_pos,
        lists.row_ptr,
        lists.seats,
        problem.couple_of,
        np.zeros((0, 2), np.int32) if couples is None else couples.members,
        np.zeros(1, np.int64) if couples is None else couples.pair_ptr,
        np.zeros((0, 2), np.int32) if couples is None else couples.pairs,
        problem.pair_ranks,
    )


def new_state(market: CoupleMarket) -> CoupleState:
    """Return empty arrays for a state; `reset` or `seat_all` fills them."""
    n, n_programs = market.ptr.size - 1, market.seats.size
    units = n + market.members.shape[0]
    return CoupleState(
        match=np.full(n, -1, np.int32),
        position=np.zeros(n, np.int32),
        held_rank=np.zeros(n, np.int32),
        words=np.zeros(int(market.row_ptr[-1]), np.uint64),
        worst=np.zeros(n_programs, np.int32),
        admitted=np.zeros(units, np.bool_),
        waiting=np.zeros(units, np.int32),
        is_waiting=np.zeros(units, np.bool_),
        vacated=np.zeros(n_programs, np.int32),
        is_vacated=np.zeros(n_programs, np.bool_),
        count=np.zeros(3, np.int64),
    )


@kernel
def n_options(market: CoupleMarket, applicant: int) -> int:
    """Return the length of an applicant's list: of pairs for a member of a couple."""
    couple = market.couple_of[applicant]
    if couple < 0:
        return market.ptr[applicant + 1] - market.ptr[applicant]
    return market.pair_ptr[couple + 1] - market.pair_ptr[couple]


@kernel
def reset(market: CoupleMarket, state: CoupleState) -> None:
    """Empty every seat and every stack; nobody is admitted."""
    empty_rows(market.program_ptr, market.seats, market.row_ptr, state.words, state.worst)
    for applicant in range(state.match.size):
        state.match[applicant] = -1
        state.position[applicant] = n_options(market, applicant)
    state.admitted[:] = False
    state.is_waiting[:] = False
    state.is_vacated[:] = False
    state.count[:] = 0


@kernel
def seat_all(market: CoupleMarket, state: CoupleState) -> None:
    """Fill the seats of a matching that is given by `match` and `held_rank`."""
    empty_rows(market.program_ptr, market.seats, market.row_ptr, state.words, state.worst)
    for applicant in range(state.match.size):
        program = state.match[applicant]
        if program >= 0:
            state.worst[program] = exchange(
                state.words, market.row_ptr[program], state.worst[program], state.held_rank[applicant]
            )


@inner_kernel
def sits(state: CoupleState, applicant: int, program: int) -> None:
    """Take down in the fingerprint that an applicant sits at a program now, or no longer."""
    state.count[STATE_HASH] ^= code_of(SITS, np.int64(applicant), np.int64(program))


@kernel
def take(market: CoupleMarket, state: CoupleState, applicant: int, program: int, rank: int) -> int:
    """Give `applicant` a seat; return whom that displaces, or -1."""
    loser = state.worst[program]
    state.worst[program] = exchange(state.words, market.row_ptr[program], loser, rank)
    state.match[applicant] = program
    sits(state, applicant, program)
    state.held_rank[applicant] = rank
    place = market.program_ptr[program] + loser
    if place >= market.program_ptr[program + 1]:
        return -1
    displaced = market.program_idx[place]
    state.match[displaced] = -1
    sits(state, displaced, program)
    return displaced


@kernel
def take_pair(
    market: CoupleMarket, state: CoupleState, first: int, second: int, program: int, ranks: tuple[int, int]
) -> tuple[int, int]:
    """Give both members of a couple a seat at one program; return the two whom that displaces, or -1."""
    row = market.row_ptr[program]
    worst = state.worst[program]
    second_worst = next_better(state.words, row, worst)
    clear_bit(state.words, row, worst)
    clear_bit(state.words, row, second_worst)
    set_bit(state.words, row, ranks[0])
    set_bit(state.words, row, ranks[1])
    state.worst[program] = next_better(state.words, row, worst)  # both members are better than `worst`
    state.match[first] = program
    sits(state, first, program)
    state.match[second] = program
    sits(state, second, program)
    state.held_rank[first] = ranks[0]
    state.held_rank[second] = ranks[1]
    base = market.program_ptr[program]
    end = market.program_ptr[program + 1]
    one = np.int64(-1)
    other = np.int64(-1)
    if base + worst < end:
        one = np.int64(market.program_idx[base + worst])
        state.match[one] = -1
        sits(state, one, program)
    if base + second_worst < end:
        other = np.int64(market.program_idx[base + second_worst])
        state.match[other] = -1
        sits(state, other, program)
    return one, other


@kernel
def leave(market: CoupleMarket, state: CoupleState, applicant: int) -> None:
    """Let `applicant` give up its seat, which is then empty."""
    program = state.match[applicant]
    row = market.row_ptr[program]
    length = market.program_ptr[program + 1] - market.program_ptr[program]
    clear_bit(state.words, row, state.held_rank[applicant])
    stand_in = max(state.worst[program] + 1, length)  # the first bit beyond the list, or beyond other empty seats
    set_bit(state.words, row, stand_in)
    state.worst[program] = stand_in
    state.match[applicant] = -1
    sits(state, applicant, program)


@kernel
def would_take(
    market: CoupleMarket, state: CoupleState, rule: int, now_first: int, now_second: int, option: int
) -> bool:
    """Tell whether every program of a couple's pair `option` would take its member, as the matching stands.

    Parameters
    ----------
    market, state
    rule : int
        RULES["BIS"]: a program takes both members if both are among the best it can hold. RULES["MM"]: if the
        better one beats the second-worst held and the other beats the worst.
    now_first, now_second : int
        Where the members sit now; -1 for nowhere.
    option : int
        Row of `pairs`.
    """
    first = market.pairs[option, 0]
    second = market.pairs[option, 1]
    first_rank = market.pair_ranks[option, 0]
    second_rank = market.pair_ranks[option, 1]
    if first != second:
        return (first < 0 or first == now_first or first_rank < state.worst[first]) and (
            second < 0 or second == now_second or second_rank < state.worst[second]
        )
    program = first
    if market.seats[program] < 2:
        return False
    worst = state.worst[program]
    row = market.row_ptr[program]
    if program in (now_first, now_second):  # one is there already and the other would join
        stays = first_rank if program == now_first else second_rank
        joins = second_rank if program == now_first else first_rank
        if stays == worst:  # full, and to make room the partner would have to go
            return rule != _BIS and joins < next_better(state.words, row, worst)
        return joins < worst
    second_worst = next_better(state.words, row, worst)
    better = min(first_rank, second_rank)
    other = max(first_rank, second_rank)
    if rule == _BIS:
        return other < second_worst
    return better < second_worst and other < worst
