"""Matchings that a user brings: are they matchings of this problem, are they stable, and who blocks them.

Belongs here: `is_stable`, `blocking_pairs`, `check_matching`. Does not belong here: the search for blocking pairs and
its table (`_blocking_pairs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.argument_checks import check_instance
from carms_lib.exceptions import ProblemError, UnknownNameError
from carms_lib.matching._blocking_pairs import blocking_frame, count_blocking
from carms_lib.matching._checks import check_choice
from carms_lib.matching._linked_lists import NOT_LISTED
from carms_lib.matching._matching import Matching
from carms_lib.matching._problem import MatchingProblem

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.kernels.arrays import Int32s

__all__ = ["blocking_pairs", "check_matching", "is_stable"]


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
    check_instance("problem", problem, MatchingProblem, "MatchingProblem.from_lists(applicants, programs, quotas)")
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
            if (ranks == NOT_LISTED).any():
                names = tuple(None if p < 0 else problem.programs[int(p)] for p in now)
                name = couples.name(couple, problem.applicants)
                msg = f"matching puts the couple {name} into {names!r}; not both programs rank their member."
                raise ProblemError(msg)
    return position
