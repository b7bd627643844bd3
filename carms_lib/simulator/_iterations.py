"""The two iterations of one national match.

Belongs here: seats of a draw, the first iteration with its reversions, the second iteration over what is left.
Does not belong here: how lists come about, and the mechanism, which is `carms_lib.matching`.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.matching._jit import kernel
from carms_lib.matching._kernels import propose_scored
from carms_lib.simulator._cohort import PARAMETERS
from carms_lib.simulator._funnel import keep_best, read_files
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, normal, stream, uniform
from carms_lib.simulator._race import earliest, new_track
from carms_lib.simulator._wishes import MAX_LIST, gather_open

__all__ = ["draw_quota", "first_iteration", "second_iteration"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_DRIFT, _REVERSION = _AT["quota_drift"], _AT["reversion_share"]
_SECOND_LENGTH, _LENGTH_SPREAD = _AT["second_applications"], _AT["applications_spread"]
_SECOND_RANKED = _AT["second_ranked_share"]
_QUOTA, _SECOND, _OF_LENGTH, _OF_TASTE, _SECOND_FILE = (
    Purpose.QUOTA,
    Purpose.SECOND,
    Purpose.SECOND_LENGTH,
    Purpose.SECOND_TASTE,
    Purpose.SECOND_FILE,
)
_MOST_REVERSIONS = 3  # rounds; a seat that reverts can free another, which is rare and soon over


@kernel
def draw_quota(
    entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, stated: np.ndarray, quota: np.ndarray
) -> None:
    """Write the quotas of one draw: what the release says is approximate.

    A `stated` quota q becomes q + floor(q * drift + u) with u uniform, so that it grows by q * drift on average. A
    closed program (quota 0) stays closed.
    """
    state = stream(entropy, _QUOTA, draw)
    for p in range(len(quota)):
        seats = stated[p]
        more = math.floor(seats * theta[_DRIFT] + uniform(fold(state, tables.program_key[p])))
        quota[p] = seats + more if seats > 0 else 0


@kernel
def _seat_offsets(quota: np.ndarray, seat_ptr: np.ndarray) -> None:
    seat_ptr[0] = 0
    for p in range(len(quota)):
        seat_ptr[p + 1] = seat_ptr[p] + quota[p]


@kernel
def first_iteration(
    theta: np.ndarray,
    reverts_to: np.ndarray,
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
    quota: np.ndarray,
    seat_ptr: np.ndarray,
    match: np.ndarray,
    position: np.ndarray,
    held_applicant: np.ndarray,
    held_score: np.ndarray,
    held_count: np.ndarray,
    stack: np.ndarray,
) -> None:
    """Match, and move unfilled seats where a province lets them revert, until none moves.

    `quota` holds the seats of the draw and is changed where seats revert; `match` is the outcome.
    """
    for _ in range(_MOST_REVERSIONS):
        _seat_offsets(quota, seat_ptr)
        propose_scored(
            ptr,
            program,
            score,
            quota,
            seat_ptr,
            match,
            position,
            held_applicant,
            held_score,
            held_count,
            stack,
        )
        moved = 0
        for p in range(len(quota)):
            to = reverts_to[p]
            if to >= 0 and held_count[p] < quota[p]:
                seats = round((quota[p] - held_count[p]) * theta[_REVERSION])
                quota[p] -= seats
                quota[to] += seats
                moved += seats
        if moved == 0:
            return
    # The last round moved seats too: match once more with the quotas as they now are.
    _seat_offsets(quota, seat_ptr)
    propose_scored(ptr, program, score, quota, seat_ptr, match, position, held_applicant, held_score, held_count, stack)


@kernel
def second_iteration(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    weight: np.ndarray,
    taking_part: np.ndarray,
    first_of: np.ndarray,
    match: np.ndarray,
    quota: np.ndarray,
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
    threshold: np.ndarray,
    offset: np.ndarray,
    values: np.ndarray,
    seat_ptr: np.ndarray,
    second: np.ndarray,
    position: np.ndarray,
    held_applicant: np.ndarray,
    held_score: np.ndarray,
    held_count: np.ndarray,
    stack: np.ndarray,
) -> None:
    """Match unmatched applicants to unfilled seats with new lists.

    Parameters
    ----------
    match : ndarray of shape (n,), int32
        The first iteration's outcome; `held_count` holds its filled seats.
    quota : ndarray of shape (P,), int32
        Seats of the first iteration; on return the seats that stood open in the second.
    second : ndarray of shape (n,), int32
        Written: the second iteration's outcome, -1 for everybody who stays unmatched or did not take part.
    """
    programs = len(quota)
    openings = np.zeros(programs, dtype=np.uint8)
    for p in range(programs):
        quota[p] -= held_count[p]
        if quota[p] > 0:
            openings[p] = tables.second_open[p]
    of_second = stream(entropy, _SECOND, draw)
    of_length = stream(entropy, _OF_LENGTH, draw)
    of_taste = stream(entropy, _OF_TASTE, draw)
    track = new_track(programs + 1)
    start = np.empty(len(tables.discipline_key) + 1, dtype=np.int64)
    candidates = np.empty(programs, dtype=np.int32)
    keys, waits = np.empty(programs, dtype=np.uint64), np.empty(programs)
    pace = np.inf
    edge = 0
    for t in range(len(tables.type_class)):
        c = tables.type_class[t]
        gather_open(tables, weight[t], openings, np.uint8(1 << c), start, candidates, keys, waits)
        found = start[len(start) - 1]
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            ptr[a] = edge
            if match[a] >= 0 or found == 0 or a - tables.type_start[t] >= taking_part[t]:
                continue
            key = tables.applicant_key[a]
            if uniform(fold(of_second, key)) >= tables.class_second[c]:
                continue
            breadth = math.exp(theta[_LENGTH_SPREAD] * normal(fold(of_length, key)))
            length = min(max(round(theta[_SECOND_LENGTH] * breadth), 1), MAX_LIST)
            count, pace = earliest(
                fold(of_taste, key), candidates, keys, waits, 0, found, length, pace, track, program, edge
            )
            edge += count
    n = len(tables.applicant_type)
    ptr[n] = edge
    read_files(entropy, _SECOND_FILE, draw, theta, tables, first_of, ptr, program, score)
    share = np.full(programs, theta[_SECOND_RANKED])
    keep_best(program[:edge], score[:edge], share, np.zeros(programs), threshold, offset, values)
    for e in range(edge):
        if score[e] < threshold[program[e]]:
            score[e] = -np.inf
    _seat_offsets(quota, seat_ptr)
    propose_scored(
        ptr, program, score, quota, seat_ptr, second, position, held_applicant, held_score, held_count, stack
    )
