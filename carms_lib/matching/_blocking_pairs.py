"""Blocking pairs and blocking coalitions of a matching: found by a kernel, counted, and shown as a table.

Belongs here: the search, and the table in which a user reads it. Does not belong here: the predicate by which programs
judge (`_couple_market`), matchings that a user brings (`_external_matching`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import kernel
from carms_lib.matching._assignment import Assignment, name_column, whole_column
from carms_lib.matching._couple_market import (
    RULES,
    CoupleMarket,
    CoupleState,
    new_state,
    seat_all,
    to_market,
    would_take,
)

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.kernels.arrays import Int32s

__all__ = ["as_it_stands", "blocking_frame", "count_blocking", "find_blocking"]


def count_blocking(matching: Assignment) -> int:
    """Return the number of blocking pairs and coalitions."""
    return _find(matching, np.zeros((0, 2), np.int32))[0]


def blocking_frame(matching: Assignment) -> pd.DataFrame:
    """Return the blocking pairs and coalitions; see `Matching.blocking_pairs`."""
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    count = count_blocking(matching)
    found = np.zeros((count, 2), np.int32)
    _, market, state = _find(matching, found)
    problem, n = matching.problem, matching.match.size
    rows = [_coalition(market, state, matching, int(unit), int(place)) for unit, place in found]
    table = np.array(rows, np.int64).reshape(count, 8)
    couple = found[:, 0] >= n
    return pd.DataFrame(
        {
            "applicant": name_column(problem.applicants, table[:, 0]),
            "partner": name_column(problem.applicants, table[:, 1]),
            "program": name_column(problem.programs, table[:, 2]),
            "partner_program": name_column(problem.programs, table[:, 3]),
            "applicant_rank": whole_column(found[:, 1] + 1, np.ones(count, bool)),
            "program_rank": whole_column(table[:, 4] + 1, table[:, 2] >= 0),
            "partner_program_rank": whole_column(table[:, 5] + 1, couple & (table[:, 3] >= 0)),
            "displaces": name_column(problem.applicants, table[:, 6]),
            "partner_displaces": name_column(problem.applicants, table[:, 7]),
        }
    )


def as_it_stands(matching: Assignment) -> tuple[CoupleMarket, CoupleState]:
    """Return a matching as the kernels see it, its seats filled."""
    market = to_market(matching.problem)
    state = new_state(market)
    state.match[:] = matching.match
    state.position[:] = matching.position
    state.held_rank[:] = matching.held_ranks
    seat_all(market, state)
    return market, state


@kernel
def find_blocking(market: CoupleMarket, state: CoupleState, rule: int, found: Int32s) -> int:
    """Write the blocking coalitions of a matching as rows (unit, place in its list).

    Parameters
    ----------
    market, state
        A matching with its seats filled (`carms_lib.matching._couple_market.seat_all`).
    rule : int
        When a program takes a couple.
    found : ndarray of int32, shape (capacity, 2), out
        By unit, then place; no more rows than fit.

    Returns
    -------
    int
        How many there are, also where they do not all fit.
    """
    n = state.match.size
    capacity = found.shape[0]
    unranked = (1 << market.shift) - 1
    count = 0
    for applicant in range(n):
        if market.couple_of[applicant] >= 0:
            continue
        start = market.ptr[applicant]
        for entry in range(start, start + state.position[applicant]):
            packed = np.int64(market.entries[entry])
            if (packed & unranked) < state.worst[packed >> market.shift]:
                if count < capacity:
                    found[count, 0] = applicant
                    found[count, 1] = entry - start
                count += 1
    for couple in range(market.members.shape[0]):
        first = market.members[couple, 0]
        second = market.members[couple, 1]
        start = market.pair_ptr[couple]
        for option in range(start, start + state.position[first]):
            if would_take(market, state, rule, state.match[first], state.match[second], option):
                if count < capacity:
                    found[count, 0] = n + couple
                    found[count, 1] = option - start
                count += 1
    return count


def _find(matching: Assignment, found: Int32s) -> tuple[int, CoupleMarket, CoupleState]:
    market, state = as_it_stands(matching)
    return int(find_blocking(market, state, RULES[matching.rule], found)), market, state


def _coalition(
    market: CoupleMarket, state: CoupleState, matching: Assignment, unit: int, place: int
) -> tuple[int, int, int, int, int, int, int, int]:
    """Return applicant, partner, two programs, two ranks and two displaced applicants; -1 for none."""
    n = matching.match.size
    if unit < n:
        lists = matching.problem.lists
        packed = int(lists.entries[lists.applicant_ptr[unit] + place])
        program, rank = packed >> lists.shift, packed & lists.unranked
        return unit, -1, program, -1, rank, -1, _would_go(market, state, program, ())[0], -1
    first, second = (int(member) for member in market.members[unit - n])
    option = int(market.pair_ptr[unit - n]) + place
    one, other = (int(program) for program in market.pairs[option])
    ranks = [int(rank) for rank in market.pair_ranks[option]]
    moves = [program >= 0 and program != state.match[member] for program, member in ((one, first), (other, second))]
    if one == other:
        going = _would_go(market, state, one, (first, second))
        lost = [going[0], going[1]] if all(moves) else [going[0] if move else -1 for move in moves]
    else:
        lost = [
            _would_go(market, state, program, ())[0] if move else -1
            for program, move in zip((one, other), moves, strict=True)
        ]
    return first, second, one, other, ranks[0], ranks[1], lost[0], lost[1]


def _would_go(market: CoupleMarket, state: CoupleState, program: int, stay: tuple[int, ...]) -> tuple[int, int]:
    """Return whom a program would let go for one and for another newcomer, -1 where a seat is free."""
    holders = np.flatnonzero(state.match == program)
    free = int(market.seats[program]) - holders.size
    worst_first = holders[np.argsort(-state.held_rank[holders], kind="stable")]
    going = [-1] * free + [int(a) for a in worst_first if a not in stay] + [-1, -1]
    return going[0], going[1]
