"""Deferred acceptance on flat arrays: the kernels on which `solve` and the simulator stand.

Belongs here: loops over integer arrays, callable from other compiled functions, that allocate nothing. Does
not belong here: labels, checks of what a user gave (a kernel trusts its input: every index in bounds, see
`carms_lib.matching._checks`), couples, pandas.

Lists are in CSR form: the entries of applicant `a` are ``ptr[a] .. ptr[a + 1] - 1``, best first, and ``idx``
holds the program of each entry. Applicants apply one after another; one who is displaced goes on at once from
where it stands in its list. Without couples the order does not matter (McVitie and Wilson 1971).

References
----------
Gale, D. and Shapley, L. S. (1962). College admissions and the stability of marriage. American Mathematical
Monthly 69, 9-15.
McVitie, D. G. and Wilson, L. B. (1971). The stable marriage problem. Communications of the ACM 14, 486-490.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from carms_lib.kernels.arrays import Float64s, Int32s, Int64s

__all__ = ["is_worse", "offer", "propose_called", "propose_scored", "resume_scored"]

SEATED, REJECTED = -1, -2
# Places are counted without a sign where every nanosecond counts: an index that may be negative costs a test and a sum.
_ONE = np.uint64(1)


@kernel
def is_worse(score: float, applicant: int, other_score: float, other_applicant: int) -> bool:
    """Tell whether `applicant` has less priority: a lower score, or an equal one and a higher index."""
    return score < other_score or (score == other_score and applicant > other_applicant)


@kernel
def propose_scored(
    ptr: Int64s,
    idx: Int32s,
    score: Float64s,
    quota: Int32s,
    seat_ptr: Int64s,
    match: Int32s,
    position: Int32s,
    held_applicant: Int32s,
    held_score: Float64s,
    held_count: Int32s,
    stack: Int32s,
) -> int:
    """Match applicants to programs that rank by score; applicants propose, from empty seats.

    Parameters
    ----------
    ptr : ndarray of int64, shape (n_applicants + 1,)
        Where each applicant's list begins.
    idx : ndarray of int32, shape (n_entries,)
        Program of each entry, best first.
    score : ndarray of float64, shape (n_entries,)
        Priority of that applicant at that program: higher is better, -inf means not ranked; never NaN.
    quota : ndarray of int32, shape (n_programs,)
        Positions of each program, zero or more.
    seat_ptr : ndarray of int64, shape (n_programs + 1,)
        Where each program's seats begin in `held_applicant`; at least `quota` apart.
    match : ndarray of int32, shape (n_applicants,), out
        Program of each applicant, -1 when unmatched.
    position : ndarray of int32, shape (n_applicants,), out
        0-based place of the match in the applicant's own list; the list's length when unmatched.
    held_applicant, held_score : ndarrays of int32 and float64, shape (seat_ptr[-1],), out
        Who holds the seats: the first ``held_count[p]`` of each program are a heap, its worst at the root.
    held_count : ndarray of int32, shape (n_programs,), out
        Seats that are taken.
    stack : ndarray of int32, shape (n_applicants,), work
        Applicants who have yet to propose.

    Returns
    -------
    int64
        Number of proposals made, counting those to programs that do not rank the applicant.

    Notes
    -----
    Equal scores: the lower applicant index wins.
    """
    n = ptr.size - 1
    held_count[:] = 0
    for applicant in range(n):
        match[applicant] = -1
        position[applicant] = 0
        stack[n - 1 - applicant] = applicant
    return resume_scored(
        ptr, idx, score, quota, seat_ptr, match, position, held_applicant, held_score, held_count, stack, n
    )


@kernel
def resume_scored(
    ptr: Int64s,
    idx: Int32s,
    score: Float64s,
    quota: Int32s,
    seat_ptr: Int64s,
    match: Int32s,
    position: Int32s,
    held_applicant: Int32s,
    held_score: Float64s,
    held_count: Int32s,
    stack: Int32s,
    n_stack: int,
) -> int:
    """Go on from a state: the top `n_stack` applicants of `stack` propose, each from its `position` on.

    Parameters and result are those of `propose_scored`, except that all arrays hold a state already, in which
    whoever is on the stack holds no seat. Everything else stays as it is unless a proposal displaces it.
    """
    proposals = 0
    while n_stack > 0:
        n_stack -= 1
        applicant = np.int64(stack[n_stack])
        while applicant >= 0:  # follow the chain of displaced applicants to its end
            who = np.uint64(applicant)
            start, end = np.uint64(ptr[who]), np.uint64(ptr[who + _ONE])
            entry = start + np.uint64(position[who])
            outcome = REJECTED
            match[who] = -1
            while entry < end:
                proposals += 1
                program = idx[entry]
                outcome = offer(
                    applicant, score[entry], program, quota, seat_ptr, held_applicant, held_score, held_count
                )
                if outcome != REJECTED:
                    match[who] = program
                    break
                entry += _ONE
            position[who] = entry - start
            applicant = outcome
            if applicant >= 0:
                position[np.uint64(applicant)] += 1
    return proposals


@kernel
def propose_called(
    ptr: Int64s,
    idx: Int32s,
    score_of: Callable[[int, int], float],
    quota: Int32s,
    seat_ptr: Int64s,
    match: Int32s,
    position: Int32s,
    held_applicant: Int32s,
    held_score: Float64s,
    held_count: Int32s,
    stack: Int32s,  # noqa: ARG001 - the same arguments as `propose_scored`
) -> int:
    """Match as `propose_scored` does, calling ``score_of(applicant, program)`` when a proposal is made.

    Returns
    -------
    int64
        Number of proposals; or, where `score_of` returned NaN, -1 less the entry at which it did.
    """
    n = ptr.size - 1
    held_count[:] = 0
    position[:] = 0
    proposals = 0
    for first in range(n):
        applicant = first
        while applicant >= 0:
            entry = ptr[applicant] + position[applicant]
            end = ptr[applicant + 1]
            outcome = REJECTED
            match[applicant] = -1
            while entry < end:
                proposals += 1
                program = idx[entry]
                value = score_of(applicant, program)
                if np.isnan(value):
                    return -1 - entry
                outcome = offer(applicant, value, program, quota, seat_ptr, held_applicant, held_score, held_count)
                if outcome != REJECTED:
                    match[applicant] = program
                    break
                entry += 1
            position[applicant] = entry - ptr[applicant]
            applicant = outcome
            if applicant >= 0:
                position[applicant] += 1
    return proposals


@kernel
def offer(
    applicant: int,
    value: float,
    program: int,
    quota: Int32s,
    seat_ptr: Int64s,
    held_applicant: Int32s,
    held_score: Float64s,
    held_count: Int32s,
) -> int:
    """Let `applicant`, whose score is `value`, propose to `program`.

    Returns
    -------
    int64
        REJECTED; or SEATED, where a free seat was taken; or whom the proposal displaced.
    """
    at = np.uint64(program)
    size, root = np.uint64(held_count[at]), np.uint64(seat_ptr[at])
    if value == -np.inf or quota[at] == 0:
        return REJECTED
    if held_count[at] == quota[at]:
        displaced = held_applicant[root]
        if is_worse(value, applicant, held_score[root], displaced):
            return REJECTED
        _replace_root(held_applicant, held_score, root, size, applicant, value)
        return np.int64(displaced)
    child = size
    while child > 0:
        parent = (child - _ONE) >> _ONE
        if not is_worse(value, applicant, held_score[root + parent], held_applicant[root + parent]):
            break
        held_score[root + child] = held_score[root + parent]
        held_applicant[root + child] = held_applicant[root + parent]
        child = parent
    held_score[root + child] = value
    held_applicant[root + child] = applicant
    held_count[at] += 1
    return SEATED


@kernel
def _replace_root(
    held_applicant: Int32s, held_score: Float64s, root: np.uint64, size: np.uint64, applicant: int, value: float
) -> None:
    """Put (`applicant`, `value`) in place of the worst held; restore the heap of `size` seats at `root`."""
    parent, child = np.uint64(0), _ONE
    while child < size:
        below = root + child
        if child + _ONE < size and is_worse(
            held_score[below + _ONE], held_applicant[below + _ONE], held_score[below], held_applicant[below]
        ):
            child += _ONE
            below += _ONE
        if not is_worse(held_score[below], held_applicant[below], value, applicant):
            break
        held_score[root + parent] = held_score[below]
        held_applicant[root + parent] = held_applicant[below]
        parent = child
        child = parent + parent + _ONE
    held_score[root + parent] = value
    held_applicant[root + parent] = applicant
