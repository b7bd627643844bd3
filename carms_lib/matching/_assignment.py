"""Who is matched where, as arrays, and how to name it in a table.

Belongs here: the arrays of a matching and what follows from them alone; columns of labels and of whole numbers. Does
not belong here: what a matching can be asked (`_matching`, `_blocking_pairs`, `_explanation`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching._problem import MatchingProblem

__all__ = ["Assignment", "name_column", "whole_column"]


class Assignment:
    """The programs of a problem's applicants.

    Attributes
    ----------
    problem : MatchingProblem
    match : ndarray of int32, shape (n_applicants,)
        Number of each applicant's program, 0-based; -1 when unmatched.
    position : ndarray of int32, shape (n_applicants,)
        0-based place in the applicant's list (in the couple's list of pairs); its length when unmatched.
    rule : {"BIS", "MM"}
        When a program takes a couple.
    """

    def __init__(self, problem: MatchingProblem, match: Int32s, position: Int32s, *, rule: str = "BIS") -> None:
        self.problem = problem
        self.match = match
        self.position = position
        self.rule = rule

    @property
    def n_matched(self) -> int:
        """Number of matched applicants."""
        return int((self.match >= 0).sum())

    @cached_property
    def filled(self) -> Int32s:
        """Filled positions of each program."""
        return np.bincount(self.match[self.match >= 0], minlength=self.problem.n_programs).astype(np.int32)

    @cached_property
    def held_ranks(self) -> Int32s:
        """The program's rank of each matched applicant, 0-based; -1 when unmatched."""
        return _held_ranks(self.problem, self.match, self.position)


def _held_ranks(problem: MatchingProblem, match: Int32s, position: Int32s) -> Int32s:
    """Return each matched applicant's rank at its program, 0-based; -1 when unmatched."""
    lists = problem.lists
    ranks = np.full(match.size, -1, np.int32)
    single = np.flatnonzero((match >= 0) & (problem.couple_of < 0))
    ranks[single] = lists.ranks_at(lists.applicant_ptr[single] + position[single])
    if problem.couples is not None:
        members = problem.couples.members
        placed = position[members[:, 0]] < np.diff(problem.couples.pair_ptr)
        option = problem.couples.pair_ptr[:-1][placed] + position[members[placed, 0]]
        ranks[members[placed]] = problem.pair_ranks[option]
    return ranks


def name_column(names: Any, numbers: Any) -> Any:
    """Return a column of names by number, missing for -1."""
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    if isinstance(names, range):
        return whole_column(numbers, numbers >= 0)
    lookup = np.empty(len(names) + 1, object)
    lookup[:-1] = [*names] if not any(isinstance(name, tuple) for name in names) else _boxed(names)
    lookup[-1] = None  # what -1 finds
    return pd.Series(lookup[numbers]).infer_objects()


def _boxed(names: Any) -> Any:
    box = np.empty(len(names), object)
    for place, name in enumerate(names):
        box[place] = name
    return box


def whole_column(values: Any, valid: Any) -> Any:
    """Return a column of whole numbers, missing where not `valid`."""
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    return pd.arrays.IntegerArray(values.astype(np.int64), ~np.asarray(valid))
