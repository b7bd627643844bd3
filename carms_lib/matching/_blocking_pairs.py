"""Blocking pairs and blocking coalitions of a matching: counted, and shown as a table.

Belongs here: the table in which a user reads them. Does not belong here: how they are found and the predicate by which
programs judge (`scored.blocking`), matchings that a user brings (`_external_matching`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.matching._assignment import Assignment, name_column, whole_column
from carms_lib.matching._scored_problem import RULES
from carms_lib.matching.scored.blocking import seat_and_find_blocking
from carms_lib.matching.scored.lists import state_for

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.kernels.arrays import Int32s

__all__ = ["blocking_frame", "count_blocking", "list_blocking"]


def count_blocking(matching: Assignment) -> int:
    """Return the number of blocking pairs and coalitions."""
    return _find(matching, np.zeros((0, 2), np.int32))


def list_blocking(matching: Assignment) -> Int32s:
    """Return one row (unit, place in its list) per blocking pair or coalition, by unit, then place."""
    found = np.zeros((count_blocking(matching), 2), np.int32)
    _find(matching, found)
    return found


def _find(matching: Assignment, found: Int32s) -> int:
    state = state_for(matching.problem.scored, matching.problem.lists.seats, reads=False)
    state.match[:] = matching.match
    state.position[:] = matching.position
    return int(seat_and_find_blocking(matching.problem.scored, state, RULES[matching.rule], found))


def blocking_frame(matching: Assignment) -> pd.DataFrame:
    """Return the blocking pairs and coalitions; see `Matching.blocking_pairs`."""
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    found = list_blocking(matching)
    count, problem, n = len(found), matching.problem, matching.match.size
    rows = [_coalition(matching, int(unit), int(place)) for unit, place in found]
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


def _coalition(matching: Assignment, unit: int, place: int) -> tuple[int, int, int, int, int, int, int, int]:
    """Return applicant, partner, two programs, two ranks and two displaced applicants; -1 for none."""
    problem, n = matching.problem, matching.match.size
    if unit < n or problem.couples is None:
        entry = problem.applicant_ptr[unit] + place
        program, rank = int(problem.applicant_idx[entry]), int(problem.lists.ranks[entry])
        return unit, -1, program, -1, rank, -1, _would_go(matching, program, ())[0], -1
    first, second = (int(member) for member in problem.couples.members[unit - n])
    option = int(problem.couples.pair_ptr[unit - n]) + place
    one, other = (int(program) for program in problem.couples.pairs[option])
    ranks = [int(rank) for rank in problem.pair_ranks[option]]
    moves = [program >= 0 and program != matching.match[member] for program, member in ((one, first), (other, second))]
    if one == other:
        going = _would_go(matching, one, (first, second))
        lost = [going[0], going[1]] if all(moves) else [going[0] if move else -1 for move in moves]
    else:
        lost = [
            _would_go(matching, program, ())[0] if move else -1
            for program, move in zip((one, other), moves, strict=True)
        ]
    return first, second, one, other, ranks[0], ranks[1], lost[0], lost[1]


def _would_go(matching: Assignment, program: int, stay: tuple[int, ...]) -> tuple[int, int]:
    """Return whom a program would let go for one and for another newcomer, -1 where a seat is free."""
    holders = np.flatnonzero(matching.match == program)
    free = int(matching.problem.lists.seats[program]) - holders.size
    worst_first = holders[np.argsort(-matching.held_ranks[holders], kind="stable")]
    going = [-1] * free + [int(a) for a in worst_first if a not in stay] + [-1, -1]
    return going[0], going[1]
