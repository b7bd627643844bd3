"""Deferred acceptance where programs rank by score: the kernels on which `solve` and the simulator stand.

Belongs here: loops over integer arrays, callable from other compiled functions, that allocate nothing. Does
not belong here: labels, checks of what a user gave (a kernel trusts its input: every index in bounds, see
`carms_lib.matching._checks`), couples, pandas.

Applicants apply one after another; one who is displaced goes on at once from where it stands in its list. Without
couples the order does not matter (McVitie and Wilson 1971).

References
----------
Gale, D. and Shapley, L. S. (1962). College admissions and the stability of marriage. American Mathematical
Monthly 69, 9-15.
McVitie, D. G. and Wilson, L. B. (1971). The stable marriage problem. Communications of the ACM 14, 486-490.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching.scored.heaps import REJECTED, offer
from carms_lib.matching.scored.lists import ScoredLists, ScoredState

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["propose_called", "propose_scored", "resume_scored"]

_ONE = np.uint64(1)


@kernel
def propose_scored(lists: ScoredLists, state: ScoredState) -> int:
    """Match applicants to programs that rank by score; applicants propose, from empty seats.

    Parameters
    ----------
    lists : ScoredLists
        `ptr`, `idx` and `score` are read; couples' lists are not distinguished from those of singles.
    state : ScoredState
        `quota` and `seat_ptr` are given. Written: `match`, `position`, and the held seats.

    Returns
    -------
    int64
        Number of proposals made, counting those to programs that do not rank the applicant.

    Notes
    -----
    Equal scores: the lower applicant index wins.
    """
    n = lists.ptr.size - 1
    state.held_count[:] = 0
    for applicant in range(n):
        state.match[applicant] = -1
        state.position[applicant] = 0
        state.waiting[n - 1 - applicant] = applicant
    return resume_scored(lists, state, n)


@inner_kernel
def resume_scored(lists: ScoredLists, state: ScoredState, n_waiting: int) -> int:
    """Go on from a state: the top `n_waiting` applicants of the stack propose, each from its `position` on.

    The result is that of `propose_scored`. Whoever is on the stack holds no seat; everything else stays as it is unless
    a proposal displaces it.
    """
    proposals = 0
    while n_waiting > 0:
        n_waiting -= 1
        applicant = np.int64(state.waiting[n_waiting])
        while applicant >= 0:  # follow the chain of displaced applicants to its end
            who = np.uint64(applicant)
            start, end = np.uint64(lists.ptr[who]), np.uint64(lists.ptr[who + _ONE])
            entry = start + np.uint64(state.position[who])
            outcome = REJECTED
            state.match[who] = -1
            while entry < end:
                proposals += 1
                program = np.int64(lists.idx[entry])
                outcome = offer(state, applicant, lists.score[entry], program)
                if outcome != REJECTED:
                    state.match[who] = program
                    break
                entry += _ONE
            state.position[who] = entry - start
            applicant = outcome
            if applicant >= 0:
                state.position[np.uint64(applicant)] += 1
    return proposals


@kernel
def propose_called(lists: ScoredLists, state: ScoredState, score_of: Callable[[int, int], float]) -> int:
    """Match as `propose_scored` does, calling ``score_of(applicant, program)`` when a proposal is made.

    Returns
    -------
    int64
        Number of proposals; or, where `score_of` returned NaN, -1 less the entry at which it did.
    """
    n = lists.ptr.size - 1
    state.held_count[:] = 0
    state.position[:] = 0
    proposals = 0
    for first in range(n):
        applicant = first
        while applicant >= 0:
            entry = lists.ptr[applicant] + state.position[applicant]
            end = lists.ptr[applicant + 1]
            outcome = REJECTED
            state.match[applicant] = -1
            while entry < end:
                proposals += 1
                program = np.int64(lists.idx[entry])
                value = score_of(applicant, program)
                if np.isnan(value):
                    return -1 - entry
                outcome = offer(state, applicant, value, program)
                if outcome != REJECTED:
                    state.match[applicant] = program
                    break
                entry += 1
            state.position[applicant] = entry - lists.ptr[applicant]
            applicant = outcome
            if applicant >= 0:
                state.position[applicant] += 1
    return proposals
