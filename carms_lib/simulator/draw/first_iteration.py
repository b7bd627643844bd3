"""The first iteration: the match, and the seats that revert.

Belongs here: orders in which couples are admitted, reversions. Does not belong here: how many seats a draw has, which
is `quotas`, how preference lists are generated, and the mechanism, which is `carms_lib.matching`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.kernels.noise import Purpose, fold, stream, uniform
from carms_lib.matching.scored.blocking import count_blocking
from carms_lib.matching.scored.lists import ScoredLists, ScoredState
from carms_lib.matching.scored.roth_peranson import match_in_order
from carms_lib.simulator.draw.workspace import Space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.tables import Tables

__all__ = [
    "COUPLE_ROUNDS",
    "COUPLE_STEPS",
    "CouplesMatch",
    "DrawnMatch",
    "Seats",
    "first_iteration",
    "seat_offsets",
]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_REVERSION = _AT["reversion_share"]
_ORDER, _OF_REVERSION = Purpose.COUPLE_ORDER, Purpose.REVERSION
_MOST_REVERSIONS = 3  # rounds; a seat that reverts can free another, which is rare and soon over
# Orders of couples that are tried. The first, with its rounds, finds a stable matching in 99 of 100 national draws; in
# the others there is a couple that no order settles, but smaller and more crowded markets need one more often.
_MOST_ORDERS = 4
#: Rounds in which couples are admitted again that set off a loop.
COUPLE_ROUNDS = 3
#: Steps for each couple; a national chain that ends rarely needs half of them.
COUPLE_STEPS = 400


class Seats(NamedTuple):
    """The seats of one scenario in one draw, which the same lists can be matched to; P programs."""

    drawn: np.ndarray  # int32[P], as `quotas` draws them
    reverts_to: np.ndarray  # int32[P]: the program that takes unfilled seats, -1 for none


class CouplesMatch(NamedTuple):
    """How a draw with C couples came to its first match; arrays are the caller's, as in `DrawnMatch`."""

    lists: ScoredLists
    position: np.ndarray  # int32[n]: place in the own list, of pairs for a member of a couple; its length for none
    order: np.ndarray  # int32[C]: the order in which couples were admitted
    is_stable: bool


class DrawnMatch(NamedTuple):
    """One draw up to the end of its first iteration; n applicants, P programs. Arrays are the caller's to change.

    Lists are those written after interviews: entries of applicant a are ``ptr[a] .. ptr[a + 1] - 1``, best first.
    """

    draw: int
    ptr: np.ndarray  # int64[n + 1]
    program: np.ndarray  # int32[E]
    score: np.ndarray  # float64[E]: what the program ranks by, -inf where it does not rank the applicant
    quota: np.ndarray  # int32[P]: seats after drift and reversions
    match: np.ndarray  # int32[n]: -1 for none
    couple_of: np.ndarray  # int32[n]: the number of an applicant's couple, -1 for a single
    couples: CouplesMatch | None = None  # what it takes to match everybody again, couples too; None without couples


@inner_kernel
def seat_offsets(quota: np.ndarray, seat_ptr: np.ndarray) -> None:
    """Write where the seats of each program begin."""
    seat_ptr[0] = 0
    for p in range(len(quota)):
        seat_ptr[p + 1] = seat_ptr[p] + quota[p]


@inner_kernel
def _match(entropy: np.uint64, draw: int, lists: ScoredLists, state: ScoredState, order: np.ndarray) -> tuple[int, int]:
    """Match once; with couples, try one order of admission after another until the matching is stable.

    Returns
    -------
    orders, blocking : int
        How many orders were tried, and how many coalitions block what came out: 0 where it is stable.
    """
    seat_offsets(state.quota, state.seat_ptr)
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
    seats: Seats,
    space: Space,
    state: ScoredState,
) -> tuple[int, int]:
    """Match, and move unfilled seats where a province lets them revert, until none moves.

    Parameters
    ----------
    seats : Seats
    space : Space
        Lists and couples, as `rank_lists` writes them.
    state : ScoredState
        Written: `quota`, the seats of the draw after reversions, and `match`, the outcome.

    Returns
    -------
    orders, blocking : int
        Of the last match: how many orders of couples were tried, and how many coalitions block it.
    """
    lists, couples = space.lists, space.lists.n_couples[0]
    state.is_read[:] = False
    for p in range(len(state.quota)):
        state.quota[p] = seats.drawn[p]
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
            to = seats.reverts_to[p]
            if to < 0 or held_count[p] >= quota[p]:
                continue
            left = quota[p] - held_count[p] + reverted[p]
            due = math.floor(left * theta[_REVERSION] + uniform(fold(of_reversion, tables.program_key[p])))
            more = due - reverted[p]
            if more > 0:
                quota[p] -= more
                quota[to] += more
                reverted[p] += more
                moved += more
        if moved == 0:
            break
    return orders, blocking
