"""Who blocks a matching, as a table.

Belongs here: the kernels' view of a matching, the number of blocking coalitions and their table. Does not belong
here: the search (`_blocking`), the predicate (`_market`), matchings that a user brings (`_given`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.matching._columns import name_column, whole_column

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.matching._market import Market, State
    from carms_lib.matching._result import Matching
    from carms_lib.matching._types import Int32s

__all__ = ["as_it_stands", "blocking_frame", "count_blocking"]


def count_blocking(matching: Matching) -> int:
    """Return the number of blocking pairs and coalitions."""
    return _find(matching, np.zeros((0, 2), np.int32))[0]


def blocking_frame(matching: Matching) -> pd.DataFrame:
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


def as_it_stands(matching: Matching) -> tuple[Market, State]:
    """Return a matching as the kernels see it, its seats filled."""
    from carms_lib.matching import _market  # noqa: PLC0415 - compiled kernels load late

    market = _market.to_market(matching.problem)
    state = _market.new_state(market)
    state.match[:] = matching.match
    state.position[:] = matching.position
    state.held_rank[:] = matching.held_ranks
    _market.seat_all(market, state)
    return market, state


def _find(matching: Matching, found: Int32s) -> tuple[int, Market, State]:
    from carms_lib.matching import _blocking, _market  # noqa: PLC0415 - compiled kernels load late

    market, state = as_it_stands(matching)
    count = _blocking.find_blocking(market, state, _market.RULES[matching.rule], found)
    return int(count), market, state


def _coalition(
    market: Market, state: State, matching: Matching, unit: int, place: int
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


def _would_go(market: Market, state: State, program: int, stay: tuple[int, ...]) -> tuple[int, int]:
    """Return whom a program would let go for one and for another newcomer, -1 where a seat is free."""
    holders = np.flatnonzero(state.match == program)
    free = int(market.seats[program]) - holders.size
    worst_first = holders[np.argsort(-state.held_rank[holders], kind="stable")]
    going = [-1] * free + [int(a) for a in worst_first if a not in stay] + [-1, -1]
    return going[0], going[1]
