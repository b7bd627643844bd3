"""Is a matching stable, and who blocks it: the tables, and the checks of a matching that a user brings.

Belongs here: `is_stable`, `blocking_pairs`, `check_matching`. Does not belong here: the search (`_blocking`) and the
predicate (`_market`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ProblemError, UnknownNameError
from carms_lib.matching._checks import check_choice
from carms_lib.matching._result import Matching, name_column, whole_column

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.matching._market import Market, State
    from carms_lib.matching._problem import MatchingProblem
    from carms_lib.matching._types import Int32s

__all__ = ["blocking_frame", "blocking_pairs", "check_matching", "count_blocking", "is_stable"]


def is_stable(problem: MatchingProblem, matching: Mapping[Any, Any], *, rule: str = "BIS") -> bool:
    """Tell whether a matching is stable.

    Parameters
    ----------
    problem : MatchingProblem
    matching : mapping of applicant to program
        None, or no entry, for the unmatched.
    rule : {"BIS", "MM"}, default "BIS"
        When a program takes a couple.

    Returns
    -------
    bool

    Raises
    ------
    ProblemError
        It is no matching of this problem: too many in a program, somebody where it is not listed, a couple in a
        pair that it does not rank.
    """
    return count_blocking(check_matching(problem, matching, rule=rule)) == 0


def blocking_pairs(problem: MatchingProblem, matching: Mapping[Any, Any], *, rule: str = "BIS") -> pd.DataFrame:
    """Return the blocking pairs and coalitions of a matching; see `Matching.blocking_pairs` for the columns.

    Parameters
    ----------
    problem : MatchingProblem
    matching : mapping
        Applicant -> program, None or absent for unmatched.
    rule : {"BIS", "MM"}, default "BIS"
        When a program takes a couple; see `solve`.

    Returns
    -------
    pandas.DataFrame
        Empty if and only if the matching is stable. Errors are those of `is_stable`.
    """
    return blocking_frame(check_matching(problem, matching, rule=rule))


def check_matching(problem: MatchingProblem, matching: Mapping[Any, Any], *, rule: str = "BIS") -> Matching:
    """Return a matching that a user brings, after checking that it is one.

    Parameters
    ----------
    problem : MatchingProblem
    matching : mapping
        Applicant -> program, None or absent for unmatched.
    rule : {"BIS", "MM"}, default "BIS"
        When a program takes a couple; see `solve`.

    Returns
    -------
    Matching
        Its status is that which the checker finds. Errors are those of `is_stable`.
    """
    check_choice("rule", rule, ("BIS", "MM"))
    if not isinstance(matching, Mapping):
        msg = f"matching is a {type(matching).__name__}; a dict from applicant to program is needed."
        raise ProblemError(msg)
    match = np.full(problem.n_applicants, -1, np.int32)
    for applicant, program in matching.items():
        number = problem.applicant_number(applicant)
        if program is not None:
            try:
                match[number] = problem.program_number(program)
            except UnknownNameError as error:
                raise UnknownNameError(f"matching[{applicant!r}]", program, problem.programs) from error
    position = _positions(problem, match)
    filled = np.bincount(match[match >= 0], minlength=problem.n_programs)
    over = filled > problem.quotas
    if over.any():
        program = int(over.argmax())
        msg = (
            f"matching puts {filled[program]} applicants into program {problem.programs[program]!r}, which has "
            f"{problem.quotas[program]} positions."
        )
        raise ProblemError(msg)
    result = Matching(problem, match, position, proposing="applicants", rule=rule, rung="given")
    result.status = "stable" if result.is_stable else "unstable"
    return result


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


def _find(matching: Matching, found: Int32s) -> tuple[int, Market, State]:
    from carms_lib.matching import _blocking, _market  # noqa: PLC0415 - compiled kernels load late

    market = _market.to_market(matching.problem)
    state = _market.new_state(market)
    state.match[:] = matching.match
    state.position[:] = matching.position
    state.held_rank[:] = matching.held_ranks
    _market.seat_all(market, state)
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


def _positions(problem: MatchingProblem, match: Int32s) -> Int32s:
    """Return the place of each applicant's program in its list, or raise where it is not there."""
    lists, position = problem.lists, np.zeros(match.size, np.int32)
    for applicant in np.flatnonzero(problem.couple_of < 0):
        own = slice(lists.applicant_ptr[applicant], lists.applicant_ptr[applicant + 1])
        programs = lists.entries[own].astype(np.int64) >> lists.shift
        position[applicant] = programs.size
        if match[applicant] >= 0:
            mutual = (programs == match[applicant]) & (lists.ranks[own] != lists.unranked)
            if not mutual.any():
                who, where = problem.applicants[int(applicant)], problem.programs[int(match[applicant])]
                msg = f"matching puts {who!r} into {where!r}; they do not both list each other."
                raise ProblemError(msg)
            position[applicant] = int(mutual.argmax())
    if problem.couples is None:
        return position
    couples = problem.couples
    for couple, members in enumerate(couples.members):
        pairs = couples.pairs[couples.pair_ptr[couple] : couples.pair_ptr[couple + 1]]
        now = match[members]
        position[members] = len(pairs)
        if (now >= 0).any():
            here = (pairs == now).all(axis=1)
            if not here.any():
                names = tuple(None if p < 0 else problem.programs[int(p)] for p in now)
                name = couples.name(couple, problem.applicants)
                msg = f"matching puts the couple {name} into {names!r}, a pair it does not rank."
                raise ProblemError(msg)
            position[members] = int(here.argmax())
            ranks = problem.pair_ranks[couples.pair_ptr[couple] + int(here.argmax())]
            if (ranks >= 2**31 - 1).any():
                names = tuple(None if p < 0 else problem.programs[int(p)] for p in now)
                name = couples.name(couple, problem.applicants)
                msg = f"matching puts the couple {name} into {names!r}; not both programs rank their member."
                raise ProblemError(msg)
    return position
