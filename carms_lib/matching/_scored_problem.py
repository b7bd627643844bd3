"""Lists of a problem as the scored engine takes them: ranks as scores, couples' pairs as entries of members' lists.

Belongs here: the door between ranks and scores, where every array gets the one kind that the kernels are compiled for.
Does not belong here: the kernels (`scored`, `_linking`), and which procedure is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.matching import _linking
from carms_lib.matching._couple_lists import CoupleLists
from carms_lib.matching._submitted_lists import SubmittedLists, couple_of
from carms_lib.matching.scored.blocking import BIS, MM
from carms_lib.matching.scored.lists import ScoredLists

if TYPE_CHECKING:
    from carms_lib.matching._linked_lists import LinkedLists

__all__ = ["RULES", "to_scored"]

RULES = {"BIS": int(BIS), "MM": int(MM)}


def to_scored(parts: SubmittedLists, lists: LinkedLists) -> ScoredLists:
    """Return linked lists with scores; seats are no part of them."""
    couples = CoupleLists.none() if parts.couples is None else parts.couples
    scored = ScoredLists(
        ptr=_writable(lists.applicant_ptr),
        idx=np.empty(lists.entries.size, np.int32),
        score=np.empty(lists.entries.size),
        owner=np.empty(lists.entries.size, np.int32),
        program_ptr=_writable(lists.program_ptr),
        application=~lists.program_idx,
        couple_of=couple_of(parts),
        members=_writable(couples.members),
        n_couples=np.array([len(couples.members)]),
        pair_ptr=_writable(couples.pair_ptr),
        pairs=_writable(couples.pairs if parts.pair_entry is None else parts.pair_entry),
    )
    _linking.score_ranks(lists.packed, scored)
    return scored


def _writable(array: np.ndarray) -> Any:
    """Return a contiguous array that may be written to: kernels are compiled anew for each kind of array."""
    return np.require(array, requirements=["C", "W"])
