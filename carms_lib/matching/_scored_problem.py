"""A problem as the scored engine takes it: ranks as scores, couples' pairs as entries of their members' lists.

Belongs here: the door between ranks and scores, where every array gets the one kind that the kernels are compiled for.
Does not belong here: the kernels (`scored`, `_linking`), and which procedure is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.matching import _linking
from carms_lib.matching.scored.blocking import BIS, MM
from carms_lib.matching.scored.lists import ScoredLists, ScoredState, state_for

if TYPE_CHECKING:
    from carms_lib.matching._assignment import Assignment
    from carms_lib.matching._problem import MatchingProblem

__all__ = ["RULES", "as_it_stands", "to_scored", "writable"]

RULES = {"BIS": int(BIS), "MM": int(MM)}


def to_scored(problem: MatchingProblem) -> ScoredLists:
    """Return the lists of a problem with scores; its quotas are not asked."""
    lists, couples = problem.lists, problem.couples
    no_pairs = np.zeros((0, 2), np.int32)
    scored = ScoredLists(
        ptr=writable(lists.applicant_ptr),
        idx=np.empty(lists.entries.size, np.int32),
        score=np.empty(lists.entries.size),
        owner=np.empty(lists.entries.size, np.int32),
        program_ptr=np.empty(lists.n_programs + 1, np.int64),
        application=np.empty(lists.program_idx.size, np.int32),
        couple_of=problem.couple_of,
        members=no_pairs if couples is None else writable(couples.members),
        pair_ptr=np.zeros(1, np.int64) if couples is None else writable(couples.pair_ptr),
        pairs=writable(problem.pair_entries),
    )
    _linking.score_ranks(lists.packed, scored)
    return scored


def as_it_stands(matching: Assignment) -> tuple[ScoredLists, ScoredState]:
    """Return the lists of a matching and who sits where; the seats are yet to be filled."""
    lists = matching.problem.scored
    state = state_for(lists, matching.problem.lists.seats)
    state.match[:] = matching.match
    state.position[:] = matching.position
    return lists, state


def writable(array: np.ndarray) -> Any:
    """Return a contiguous array that may be written to: one kind, for each kind of array is compiled for anew."""
    return np.require(array, requirements=["C", "W"])
