"""Kojima, Pathak and Roth's procedure: deferred acceptance with couples in rounds, then passes over everybody.

Belongs here: the procedure. Does not belong here: the predicate and the moves (`_couple_market`), when it is tried
(`_couples_search`).

A pass visits every unit in turn. A unit that would get something better than it has moves there; whoever it
displaces goes on from below its last choice, in the order in which they were displaced. Vacancies are not
followed up: the next pass finds who would use them. A pass in which nobody moves shows a stable matching.

References
----------
Kojima, F., Pathak, P. A. and Roth, A. E. (2013). Matching with couples: stability and incentives in large markets.
Quarterly Journal of Economics 128, 1585-1632, appendix B.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import kernel
from carms_lib.matching._couple_market import leave, n_options, take, take_pair, would_take

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching._couple_market import CoupleMarket, CoupleState

__all__ = ["pass_over"]


@kernel
def _drop_out(market: CoupleMarket, state: CoupleState, applicant: int, last: Int32s, queue: Int32s, tail: int) -> int:
    """Queue the unit of a displaced applicant; its partner withdraws. Return the new number of queued units."""
    if applicant < 0:
        return tail
    couple = market.couple_of[applicant]
    unit = np.int64(applicant) if couple < 0 else np.int64(state.match.size + couple)
    if state.is_waiting[unit]:  # both members were displaced at once, and the first has been seen to
        return tail
    last[unit] = state.position[applicant]
    if couple >= 0:
        partner = market.members[couple, 0]
        if partner == applicant:
            partner = market.members[couple, 1]
        if state.match[partner] >= 0:
            leave(market, state, partner)
        state.position[partner] = n_options(market, applicant)
    state.position[applicant] = n_options(market, applicant)
    state.is_waiting[unit] = True
    queue[tail % queue.size] = unit
    return tail + 1


@kernel
def _move_single(
    market: CoupleMarket,
    state: CoupleState,
    applicant: int,
    first: int,
    end: int,
    queue: Int32s,
    last: Int32s,
    tail: int,
) -> int:
    """Let a single take the first of its choices ``first .. end - 1`` that would take it; -1 when none would."""
    unranked = (1 << market.shift) - 1
    start = market.ptr[applicant]
    for place in range(first, end):
        packed = np.int64(market.entries[start + place])
        program = packed >> market.shift
        rank = packed & unranked
        if rank < state.worst[program]:
            if state.match[applicant] >= 0:
                leave(market, state, applicant)
            displaced = take(market, state, applicant, program, rank)
            state.position[applicant] = place
            return _drop_out(market, state, displaced, last, queue, tail)
    return -1


@kernel
def _move_couple(
    market: CoupleMarket,
    state: CoupleState,
    couple: int,
    first: int,
    end: int,
    rule: int,
    queue: Int32s,
    last: Int32s,
    tail: int,
) -> int:
    """Let a couple take the first of its pairs ``first .. end - 1`` that it would get; -1 when there is none."""
    one = market.members[couple, 0]
    other = market.members[couple, 1]
    start = market.pair_ptr[couple]
    for option in range(start + first, start + end):
        if not would_take(market, state, rule, state.match[one], state.match[other], option):
            continue
        for member in (one, other):
            if state.match[member] >= 0:
                leave(market, state, member)
        to_one = market.pairs[option, 0]
        to_other = market.pairs[option, 1]
        lost = np.int64(-1)
        lost_too = np.int64(-1)
        if to_one == to_other:
            ranks = (market.pair_ranks[option, 0], market.pair_ranks[option, 1])
            lost, lost_too = take_pair(market, state, one, other, to_one, ranks)
        else:
            if to_one >= 0:
                lost = np.int64(take(market, state, one, to_one, market.pair_ranks[option, 0]))
            if to_other >= 0:
                lost_too = np.int64(take(market, state, other, to_other, market.pair_ranks[option, 1]))
        state.position[one] = option - start
        state.position[other] = option - start
        tail = _drop_out(market, state, lost, last, queue, tail)
        return _drop_out(market, state, lost_too, last, queue, tail)
    return -1


@kernel
def pass_over(
    market: CoupleMarket, state: CoupleState, order: Int32s, rule: int, passes: int, queue: Int32s, last: Int32s
) -> bool:
    """Make passes until one changes nothing.

    Parameters
    ----------
    market, state
        The state of a matching of the units in `order`.
    order : ndarray of int32
        All units, in the order of each pass.
    rule : int
    passes : int
        How many passes to make at most; within a pass, everybody goes down its list once.
    queue, last : ndarrays of int32, shape (n_units,), work

    Returns
    -------
    bool
        Whether the last pass changed nothing: the matching is stable.
    """
    n = state.match.size
    for _ in range(passes):
        moved = False
        for turn in range(order.size):
            unit = np.int64(order[turn])
            head = 0
            if unit < n:
                tail = _move_single(market, state, unit, 0, state.position[unit], queue, last, 0)
            else:
                place = state.position[market.members[unit - n, 0]]
                tail = _move_couple(market, state, unit - n, 0, place, rule, queue, last, 0)
            moved = moved or tail >= 0
            while head < tail:
                unit = np.int64(queue[head % queue.size])
                head += 1
                state.is_waiting[unit] = False
                if unit < n:
                    end = market.ptr[unit + 1] - market.ptr[unit]
                    grown = _move_single(market, state, unit, last[unit] + 1, end, queue, last, tail)
                else:
                    end = market.pair_ptr[unit - n + 1] - market.pair_ptr[unit - n]
                    grown = _move_couple(market, state, unit - n, last[unit] + 1, end, rule, queue, last, tail)
                tail = max(tail, grown)
        if not moved:
            return True
    return False
