"""The two iterations of one national match.

Belongs here: seats of a draw, the first iteration with its reversions, the second iteration over what is left.
Does not belong here: how lists come about, and the mechanism, which is `carms_lib.matching`.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.matching._blocking_scored import count_blocking
from carms_lib.matching._jit import inner_kernel, kernel
from carms_lib.matching._kernels import propose_scored
from carms_lib.matching._paired import PairedLists, PairedState
from carms_lib.matching._roth_peranson_scored import match_in_order
from carms_lib.simulator._funnel import keep_best, leave_out, read_files
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, halves, stream, uniform
from carms_lib.simulator._parameters import PARAMETERS
from carms_lib.simulator._race import MOST_RACES, PACES, lay_out, run_races, total_weight
from carms_lib.simulator._space import MAX_LIST, Space
from carms_lib.simulator._variates import exp_of, normal
from carms_lib.simulator._wishes import gather_open, length_of_list

__all__ = ["COUPLE_ROUNDS", "COUPLE_STEPS", "draw_quota", "first_iteration", "most_seats", "second_iteration"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_DRIFT, _REVERSION = _AT["quota_drift"], _AT["reversion_share"]
_SECOND_LENGTH, _LENGTH_SPREAD = _AT["second_applications"], _AT["applications_spread"]
_SECOND_RANKED = _AT["second_ranked_share"]
_ORDER, _OF_REVERSION = Purpose.COUPLE_ORDER, Purpose.REVERSION
_QUOTA, _FIRST, _SECOND, _OF_LENGTH, _OF_TASTE, _SECOND_FILE = (
    Purpose.QUOTA,
    Purpose.FIRST,
    Purpose.SECOND,
    Purpose.SECOND_LENGTH,
    Purpose.SECOND_TASTE,
    Purpose.SECOND_FILE,
)
_MOST_REVERSIONS = 3  # rounds; a seat that reverts can free another, which is rare and soon over
# Orders of couples that are tried. The first, with its rounds, finds a stable matching in 99 of 100 national draws; in
# the others there is a couple that no order settles, but smaller and more crowded markets need one more often.
_MOST_ORDERS = 4
#: Rounds in which couples are admitted again that set off a loop.
COUPLE_ROUNDS = 3
#: Steps for each couple; a national chain that ends rarely needs half of them.
COUPLE_STEPS = 400


@inner_kernel
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


def most_seats(stated: np.ndarray, theta: np.ndarray) -> int:
    """Return how many seats a draw of one market has at most; `stated` quotas of shape (..., P) of one or several."""
    return int((stated * (1.0 + theta[_DRIFT]) + 1.0).sum(axis=-1).max()) + 1


@inner_kernel
def _seat_offsets(quota: np.ndarray, seat_ptr: np.ndarray) -> None:
    seat_ptr[0] = 0
    for p in range(len(quota)):
        seat_ptr[p + 1] = seat_ptr[p] + quota[p]


@inner_kernel
def _match(entropy: np.uint64, draw: int, lists: PairedLists, state: PairedState, order: np.ndarray) -> tuple[int, int]:
    """Match once; with couples, try one order of admission after another until the matching is stable.

    Returns
    -------
    orders, blocking : int
        How many orders were tried, and how many coalitions block what came out: 0 where it is stable.
    """
    _seat_offsets(state.quota, state.seat_ptr)
    state_of_order = stream(entropy, _ORDER, draw)
    best, fewest = 0, np.int64(2**62)
    for attempt in range(_MOST_ORDERS):
        _shuffle(state_of_order, attempt, order)
        if match_in_order(lists, state, order, COUPLE_STEPS, COUPLE_ROUNDS) == 0:
            return attempt + 1, 0
        blocking = count_blocking(lists, state)
        if blocking < fewest:
            best, fewest = attempt, blocking
    if best < _MOST_ORDERS - 1:  # the best of them again: what is at hand is the outcome of the last
        _shuffle(state_of_order, best, order)
        match_in_order(lists, state, order, COUPLE_STEPS, COUPLE_ROUNDS)
    return _MOST_ORDERS, fewest


@inner_kernel
def _shuffle(state: np.uint64, attempt: int, order: np.ndarray) -> None:
    """Write the order in which couples are admitted: as they are numbered at first, by chance afterwards."""
    for i in range(len(order)):
        order[i] = i
    if attempt == 0:
        return
    chance = fold(state, np.uint64(attempt))
    for i in range(len(order) - 1, 0, -1):
        j = min(np.int64(uniform(fold(chance, np.uint64(i))) * (i + 1)), i)
        order[i], order[j] = order[j], order[i]


@kernel
def first_iteration(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    stated: np.ndarray,
    reverts_to: np.ndarray,
    space: Space,
    state: PairedState,
    couples: int,
) -> tuple[int, int]:
    """Match, and move unfilled seats where a province lets them revert, until none moves.

    Parameters
    ----------
    stated : ndarray of shape (P,), int32
        Seats as the release states them.
    reverts_to : ndarray of shape (P,), int32
    space : Space
        Lists and couples, as `carms_lib.simulator._lists` writes them.
    state : PairedState
        Written: `quota`, the seats of the draw after reversions, and `match`, the outcome.
    couples : int
        How many couples there are.

    Returns
    -------
    orders, blocking : int
        Of the last match: how many orders of couples were tried, and how many coalitions block it.
    """
    lists = PairedLists(
        space.ptr, space.program, space.score, space.owner, space.program_ptr, space.application, space.couple_of,
        space.members[:couples], space.pair_ptr, space.pairs,
    )  # fmt: skip
    state.is_read[:] = False
    draw_quota(entropy, draw, theta, tables, stated, state.quota)
    of_reversion = stream(entropy, _OF_REVERSION, draw)
    quota, held_count, reverted = state.quota, state.held_count, space.reverted
    reverted[:] = 0
    orders, blocking = 0, 0
    for turn in range(_MOST_REVERSIONS + 1):
        orders, blocking = _match(entropy, draw, lists, state, space.order[:couples])
        if turn == _MOST_REVERSIONS:
            break
        moved = 0
        for p in range(len(quota)):
            to = reverts_to[p]
            if to < 0 or held_count[p] >= quota[p]:
                continue
            left = quota[p] - held_count[p] + reverted[p]
            due = math.floor(left * theta[_REVERSION] + uniform(fold(of_reversion, tables.program_key[p])))
            seats = due - reverted[p]
            if seats > 0:
                quota[p] -= seats
                quota[to] += seats
                reverted[p] += seats
                moved += seats
        if moved == 0:
            break
    return orders, blocking


@inner_kernel
def second_iteration(
    entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space, state: PairedState
) -> None:
    """Match unmatched applicants to unfilled seats with new lists; a couple that went unmatched applies apart.

    Parameters
    ----------
    space : Space
        `taking_part`, `first_of`, `merit` and `wait` are read. Written: `second_ptr`, `second_program`, `second_score`,
        and `second`, the outcome: -1 for everybody who stays unmatched or did not take part.
    state : PairedState
        The first iteration's `match`, `held_count` and `quota`; on return `quota` holds the seats that stood open in
        the second, and all else but `match` is overwritten.
    """
    ptr, program, score, opened = space.second_ptr, space.second_program, space.second_score, space.opened
    programs, open_programs = len(state.quota), np.int64(0)
    for p in range(programs):
        state.quota[p] -= state.held_count[p]
        if state.quota[p] > 0:
            opened[open_programs] = p
            open_programs += 1
    of_first = stream(entropy, _FIRST, draw)
    of_second = stream(entropy, _SECOND, draw)
    of_length = stream(entropy, _OF_LENGTH, draw)
    of_taste = stream(entropy, _OF_TASTE, draw)
    races = space.races
    space.pace[:PACES] = 1.0
    edge = 0
    for t in range(len(tables.type_class)):
        c = tables.type_class[t]
        bit = np.uint8(1 << c)
        found, weight, whole, cut = -1, 0.0, 0, 0  # programs are gathered for the first of a type who applies
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            ptr[a] = edge
            if state.match[a] >= 0 or found == 0 or a - tables.type_start[t] >= space.taking_part[t]:
                continue
            if found < 0:
                found = gather_open(
                    space.wait[t], tables.second_open, bit, opened, 0, open_programs, space, space.field, 0
                )
                if found == 0:
                    continue
                weight = total_weight(space.field, 0, found)
            key = tables.applicant_key[a]
            came_late = uniform(fold(of_first, key)) >= tables.class_first[c]
            if not came_late and uniform(fold(of_second, key)) >= tables.class_second[c]:
                continue
            breadth = exp_of(theta[_LENGTH_SPREAD] * normal(fold(of_length, key)))
            low, high = halves(fold(of_taste, key))
            wanted = min(length_of_list(theta[_SECOND_LENGTH] * breadth, MAX_LIST), found)
            if whole + cut == MOST_RACES:
                run_races(space.field, races, whole, cut, space.pace, space.track, program)
                whole, cut = 0, 0
            whole, cut = lay_out(races, whole, cut, low, high, 0, found, weight, wanted, 0, edge)
            edge += wanted
        run_races(space.field, races, whole, cut, space.pace, space.track, program)
    n = len(tables.applicant_type)
    ptr[n] = edge
    read_files(entropy, _SECOND_FILE, draw, theta, tables, space, ptr, program, score)
    threshold, kept, fewest = space.threshold, space.kept, space.fewest
    kept[:] = theta[_SECOND_RANKED]
    fewest[:] = 0.0
    keep_best(program[:edge], score[:edge], kept, fewest, threshold, space.offset, space.codes)
    leave_out(program[:edge], score[:edge], threshold)
    _seat_offsets(state.quota, state.seat_ptr)
    propose_scored(
        ptr, program, score, state.quota, state.seat_ptr, space.second, state.position, state.held_applicant,
        state.held_score, state.held_count, state.waiting,
    )  # fmt: skip
