"""Roth and Peranson's procedure: admit applicants one unit at a time and chain from one instability to the next.

Belongs here: the procedure with its two stacks. Does not belong here: what happens when it finds no stable
matching (`_couples_search`), and when programs take a couple (`_couple_market`).

While anyone waits, the unit on top of the applicant stack gives up its seats and applies from the top of its list;
whoever it displaces waits in turn, and the partner of a displaced member withdraws. When nobody waits, a program
that has lost someone looks down its rank order: every admitted unit that would block with it is put on the
applicant stack, the best-ranked on top. When both stacks are empty, nobody admitted is in a blocking coalition.

References
----------
Roth, A. E. and Peranson, E. (1999). The redesign of the matching market for American physicians. American Economic
Review 89, 748-780.
Roth, A. E. and Vande Vate, J. H. (1990). Random paths to stability in two-sided matching. Econometrica 58,
1475-1480.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import kernel
from carms_lib.matching._couple_market import leave, n_options, take, take_pair, would_take
from carms_lib.matching.scored.lists import STATE_HASH, VACATED, WAITING, code_of

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching._couple_market import CoupleMarket, CoupleState

__all__ = ["WAITING", "admit", "displace", "push_unit", "push_vacated"]


@kernel
def push_unit(state: CoupleState, unit: int) -> None:
    """Put a unit on top of the applicant stack, unless it is there."""
    if not state.is_waiting[unit]:
        state.is_waiting[unit] = True
        state.waiting[state.count[WAITING]] = unit
        state.count[STATE_HASH] ^= code_of(WAITING, np.int64(unit), state.count[WAITING])
        state.count[WAITING] += 1


@kernel
def push_vacated(state: CoupleState, program: int) -> None:
    """Put a program on top of the program stack, unless it is there."""
    if not state.is_vacated[program]:
        state.is_vacated[program] = True
        state.vacated[state.count[VACATED]] = program
        state.count[STATE_HASH] ^= code_of(VACATED, np.int64(program), state.count[VACATED])
        state.count[VACATED] += 1


@kernel
def displace(market: CoupleMarket, state: CoupleState, applicant: int) -> None:
    """Let a displaced applicant wait; the partner of a member withdraws and the couple waits."""
    if applicant < 0:
        return
    couple = market.couple_of[applicant]
    state.position[applicant] = n_options(market, applicant)
    if couple < 0:
        push_unit(state, applicant)
        return
    partner = market.members[couple, 0]
    if partner == applicant:
        partner = market.members[couple, 1]
    state.position[partner] = state.position[applicant]
    if state.match[partner] >= 0:
        push_vacated(state, state.match[partner])
        leave(market, state, partner)
    push_unit(state, state.match.size + couple)


@kernel
def vacate(market: CoupleMarket, state: CoupleState, applicant: int) -> None:
    """Let an applicant give up its seat, if it has one; its program goes on the program stack."""
    if state.match[applicant] >= 0:
        push_vacated(state, state.match[applicant])
        leave(market, state, applicant)
    state.position[applicant] = n_options(market, applicant)


@kernel
def apply_single(market: CoupleMarket, state: CoupleState, applicant: int) -> None:
    """Let a single apply from the top of its list."""
    start = market.ptr[applicant]
    unranked = (1 << market.shift) - 1
    for entry in range(start, market.ptr[applicant + 1]):
        packed = np.int64(market.entries[entry])
        program = packed >> market.shift
        rank = packed & unranked
        if rank < state.worst[program]:
            state.position[applicant] = entry - start
            displace(market, state, take(market, state, applicant, program, rank))
            return


@kernel
def seat_couple(market: CoupleMarket, state: CoupleState, couple: int, option: int) -> None:
    """Give both members of a couple, who sit nowhere, the seats of pair `option`."""
    first = market.members[couple, 0]
    second = market.members[couple, 1]
    place = option - market.pair_ptr[couple]
    state.position[first] = place
    state.position[second] = place
    one = np.int64(-1)
    other = np.int64(-1)
    to_first = market.pairs[option, 0]
    to_second = market.pairs[option, 1]
    first_rank = market.pair_ranks[option, 0]
    second_rank = market.pair_ranks[option, 1]
    if to_first == to_second:
        one, other = take_pair(market, state, first, second, to_first, (first_rank, second_rank))
    else:
        if to_first >= 0:
            one = np.int64(take(market, state, first, to_first, first_rank))
        if to_second >= 0:
            other = np.int64(take(market, state, second, to_second, second_rank))
    displace(market, state, one)
    displace(market, state, other)


@kernel
def apply_couple(market: CoupleMarket, state: CoupleState, couple: int, rule: int) -> None:
    """Let a couple apply from the top of its list."""
    for option in range(market.pair_ptr[couple], market.pair_ptr[couple + 1]):
        if would_take(market, state, rule, -1, -1, option):
            seat_couple(market, state, couple, option)
            return


@kernel
def member_blocks(
    market: CoupleMarket, state: CoupleState, applicant: int, program: int, place: int, rule: int
) -> bool:
    """Tell whether a member's couple prefers, and would get, a pair that takes the member to `program`."""
    couple = market.couple_of[applicant]
    first = market.members[couple, 0]
    second = market.members[couple, 1]
    side = 0 if applicant == first else 1
    start = market.pair_ptr[couple]
    for option in range(start + place, start + state.position[applicant]):
        if market.pairs[option, side] == program and would_take(
            market, state, rule, state.match[first], state.match[second], option
        ):
            return True
    return False


@kernel
def look_down(market: CoupleMarket, state: CoupleState, program: int, rule: int) -> None:
    """Put every admitted unit that blocks with `program` on the applicant stack, the best-ranked on top."""
    base = market.program_ptr[program]
    length = market.program_ptr[program + 1] - base
    for rank in range(min(np.int64(state.worst[program]), length) - 1, -1, -1):
        applicant = market.program_idx[base + rank]
        place = market.program_pos[base + rank]
        if place >= state.position[applicant]:
            continue
        couple = market.couple_of[applicant]
        unit = applicant if couple < 0 else state.match.size + couple
        if state.admitted[unit] and (couple < 0 or member_blocks(market, state, applicant, program, place, rule)):
            push_unit(state, unit)


@kernel
def vacate_unit(market: CoupleMarket, state: CoupleState, unit: int) -> None:
    """Let a unit give up whatever it holds."""
    n = state.match.size
    if unit < n:
        vacate(market, state, unit)
    else:
        vacate(market, state, market.members[unit - n, 0])
        vacate(market, state, market.members[unit - n, 1])


@kernel
def chain(market: CoupleMarket, state: CoupleState, rule: int, budget: int) -> bool:
    """Work off both stacks; return False when that takes more than `budget` steps.

    Whole rounds of a circle are left out, as `scored.lists` says; `state` is as if they had been walked.
    """
    n = state.match.size
    steps, remembered, at = 0, state.count[STATE_HASH], 0
    while state.count[WAITING] > 0 or state.count[VACATED] > 0:
        if steps > at and state.count[STATE_HASH] == remembered:
            budget = steps + (budget - steps) % (steps - at)
            at = budget
        elif steps == 2 * at or steps == 1:
            remembered, at = state.count[STATE_HASH], steps
        if steps == budget:
            return False
        steps += 1
        if state.count[WAITING] > 0:
            state.count[WAITING] -= 1
            unit = np.int64(state.waiting[state.count[WAITING]])
            state.count[STATE_HASH] ^= code_of(WAITING, unit, state.count[WAITING])
            state.is_waiting[unit] = False
            if not state.admitted[unit]:
                continue
            vacate_unit(market, state, unit)
            if unit < n:
                apply_single(market, state, unit)
            else:
                apply_couple(market, state, unit - n, rule)
        else:
            state.count[VACATED] -= 1
            program = state.vacated[state.count[VACATED]]
            state.count[STATE_HASH] ^= code_of(VACATED, np.int64(program), state.count[VACATED])
            state.is_vacated[program] = False
            look_down(market, state, program, rule)
    return True


@kernel
def admit(market: CoupleMarket, state: CoupleState, order: Int32s, rule: int, budget: int, to_the_end: bool) -> int:
    """Admit the units of `order` one after another to a state without instability.

    Parameters
    ----------
    market, state
        `state.admitted` says who is in already.
    order : ndarray of int32
        Units, each once, none admitted yet.
    rule : int
        When a program takes a couple; see `carms_lib.matching._couple_market.would_take`.
    budget : int
        Steps for each unit. A unit that needs more is taken to have set off a loop: it is sent away again,
        unmatched, and after it others, the last admitted first, until the rest comes to rest.
    to_the_end : bool
        Whether to go on after a loop. Without it the procedure stops there, in the middle.

    Returns
    -------
    int
        How many units were sent away; -1 where it stopped at a loop. 0 means that nobody in the market is in a
        blocking coalition.
    """
    n = state.match.size
    sent_away = 0
    for turn in range(order.size):
        unit = order[turn]
        state.admitted[unit] = True
        push_unit(state, unit)
        victim, allowed = turn, budget
        while not chain(market, state, rule, allowed):
            if not to_the_end:
                return -1
            while victim >= 0 and not (state.admitted[order[victim]] and (victim == turn or order[victim] >= n)):
                victim -= 1
            if victim < 0:  # only singles are left, who always come to rest
                allowed = 2**62
                continue
            state.admitted[order[victim]] = False
            vacate_unit(market, state, order[victim])
            sent_away += 1
    return sent_away
