"""Held seats as heaps: each program's worst applicant is at the root.

Belongs here: the order of two applicants at a program; a seat taken, given up, or asked for. Does not belong here: who
asks (`deferred_acceptance`), couples (`moves`).

The seats of program `p` begin at ``seat_ptr[p]``, and the first ``held_count[p]`` of them are taken. Places are counted
without a sign where every nanosecond counts: an index that may be negative costs a test and a sum.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching.scored.lists import ScoredLists, ScoredState

__all__ = ["REJECTED", "SEATED", "has_less_priority", "is_worse", "leave", "loses_to", "offer", "take"]

SEATED, REJECTED = -1, -2
_ONE = np.uint64(1)


@inner_kernel
def is_worse(score: float, applicant: int, other_score: float, other_applicant: int) -> bool:
    """Tell whether `applicant` has less priority: a lower score, or an equal one and a higher index."""
    return score < other_score or (score == other_score and applicant > other_applicant)


@inner_kernel
def has_less_priority(lists: ScoredLists, entry: int, other: int) -> bool:
    """Tell whether the applicant of an entry has less priority than that of another entry of the same program."""
    return is_worse(lists.score[entry], np.int64(lists.owner[entry]), lists.score[other], np.int64(lists.owner[other]))


@inner_kernel
def loses_to(state: ScoredState, seat: np.uint64, applicant: int, value: float) -> bool:
    """Tell whether `applicant`, whose score is `value`, has less priority than who holds a seat."""
    return is_worse(value, applicant, state.held_score[seat], np.int64(state.held_applicant[seat]))


@kernel
def offer(state: ScoredState, applicant: int, value: float, program: int) -> int:
    """Let `applicant`, whose score is `value`, propose to `program`.

    Returns
    -------
    int64
        REJECTED; or SEATED, where a free seat was taken; or whom the proposal displaced.
    """
    at = np.uint64(program)
    if value == -np.inf or state.quota[at] == 0:
        return REJECTED
    if state.held_count[at] == state.quota[at] and loses_to(state, np.uint64(state.seat_ptr[at]), applicant, value):
        return REJECTED
    return take(state, applicant, value, program)


@inner_kernel
def take(state: ScoredState, applicant: int, value: float, program: int) -> int:
    """Give `applicant` a seat, a free one or that of the worst held; return SEATED or whom that displaces."""
    at = np.uint64(program)
    size, root = np.uint64(state.held_count[at]), np.uint64(state.seat_ptr[at])
    if state.held_count[at] == state.quota[at]:
        displaced = np.int64(state.held_applicant[root])
        _put(state, root + _sunk(state, root, size, np.uint64(0), applicant, value), applicant, value)
        return displaced
    _put(state, root + _risen(state, root, size, applicant, value), applicant, value)
    state.held_count[at] += 1
    return SEATED


@inner_kernel
def leave(state: ScoredState, applicant: int, program: int) -> None:
    """Let `applicant` give up its seat: the last of the heap takes the place, and rises or sinks from there."""
    at = np.uint64(program)
    size, root = np.uint64(state.held_count[at]) - _ONE, np.uint64(state.seat_ptr[at])
    state.held_count[at] -= 1
    place = np.uint64(0)
    while state.held_applicant[root + place] != applicant:
        place += _ONE
    if place < size:
        last, score = np.int64(state.held_applicant[root + size]), state.held_score[root + size]
        place = _risen(state, root, place, last, score)
        _put(state, root + _sunk(state, root, size, place, last, score), last, score)


@inner_kernel
def _put(state: ScoredState, at: np.uint64, applicant: int, value: float) -> None:
    state.held_score[at] = value
    state.held_applicant[at] = applicant


@inner_kernel
def _risen(state: ScoredState, root: np.uint64, hole: np.uint64, applicant: int, value: float) -> np.uint64:
    """Move who is better than (`applicant`, `value`) down along the way up from `hole`; return the new hole."""
    while hole > 0:
        parent = (hole - _ONE) >> _ONE
        if not loses_to(state, root + parent, applicant, value):
            break
        _put(state, root + hole, np.int64(state.held_applicant[root + parent]), state.held_score[root + parent])
        hole = parent
    return hole


@inner_kernel
def _sunk(
    state: ScoredState, root: np.uint64, size: np.uint64, hole: np.uint64, applicant: int, value: float
) -> np.uint64:
    """Move who is worse than (`applicant`, `value`) up along the way down from `hole`; return the new hole."""
    child = hole + hole + _ONE
    while child < size:
        below = root + child
        other = below + _ONE
        if child + _ONE < size and loses_to(
            state, below, np.int64(state.held_applicant[other]), state.held_score[other]
        ):
            child += _ONE
            below = other
        held, score = np.int64(state.held_applicant[below]), state.held_score[below]
        if not is_worse(score, held, value, applicant):
            break
        _put(state, root + hole, held, score)
        hole = child
        child = hole + hole + _ONE
    return hole
