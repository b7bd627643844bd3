"""Seats that a couple might have moved for: everybody matched again, couples and all.

Belongs here: solving the first iteration afresh with one more seat, and who stands elsewhere than before. Does not
belong here: chains of single applicants (`seat_chains`), which are hundreds of times faster and enough for most seats.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import allocating_kernel, inner_kernel
from carms_lib.matching.scored.lists import ScoredLists, ScoredState
from carms_lib.matching.scored.roth_peranson import match_in_order
from carms_lib.simulator.draw.first_iteration import COUPLE_ROUNDS, COUPLE_STEPS
from carms_lib.simulator.seats.standing import Gains, Standing

__all__ = ["match_concerned_again"]


@allocating_kernel
def match_concerned_again(
    lists: ScoredLists,
    state: ScoredState,
    order: np.ndarray,
    before: Standing,
    concerned: np.ndarray,
    gains: Gains,
    movers: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Replace what chains said of the seats for which a couple might have moved.

    Parameters
    ----------
    lists : ScoredLists
        Of the draw.
    state : ScoredState
        New work space, with room for one seat more than the draw has.
    order : ndarray of shape (C,), int32
        The order in which the draw admitted its couples.
    before : Standing
        The draw's own matching.
    concerned : ndarray of shape (P,), bool
        For which programs a seat is matched afresh. Where the order comes to no stable matching, the chain stands.
    gains : Gains
        Changed for these programs.
    movers : ndarray of int32
        Everybody who is better off, program after program.

    Returns
    -------
    movers : ndarray of int32
        The same with the programs matched afresh.
    unsettled : int
        Programs for which the order came to no stable matching.
    """
    quota, match, position = before.quota, before.match, before.position
    length, newly, worse, mover_ptr = gains.length, gains.newly, gains.worse, gains.mover_ptr
    unsettled = 0
    found = np.empty(2 * len(movers) + len(match), dtype=np.int32)
    count = 0
    start = np.int64(0)  # of this program's movers in `movers`; its place in `mover_ptr` is overwritten meanwhile
    for p in range(len(quota)):
        end = np.int64(mover_ptr[p + 1])
        settled = False
        if concerned[p]:
            settled = _match_with_seat(lists, state, order, quota, p)
            unsettled += not settled
        room = count + len(match) + end - start
        if room > len(found):
            longer = np.empty(2 * room, dtype=np.int32)
            longer[:count] = found[:count]
            found = longer
        if settled:
            length[p], newly[p], worse[p] = 0, 0, 0
            for a in range(len(match)):
                if state.position[a] < position[a]:
                    found[count] = a
                    count += 1
                    length[p] += 1
                    newly[p] += match[a] < 0 and state.match[a] >= 0
                elif state.position[a] > position[a]:
                    worse[p] += 1
        else:
            for k in range(start, end):
                found[count] = movers[k]
                count += 1
        start = end
        mover_ptr[p + 1] = count
    return found[:count].copy(), unsettled


@inner_kernel
def _match_with_seat(
    lists: ScoredLists, state: ScoredState, order: np.ndarray, quota: np.ndarray, program: int
) -> bool:
    """Match everybody with one more seat in `program`; return whether the matching is stable."""
    for p in range(len(quota)):
        state.quota[p] = quota[p] + (p == program)
        state.seat_ptr[p + 1] = state.seat_ptr[p] + state.quota[p]
    return match_in_order(lists, state, order, COUPLE_STEPS, COUPLE_ROUNDS) == 0
