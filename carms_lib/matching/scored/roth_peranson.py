"""Roth and Peranson's procedure where programs rank by score: couples in a match whose lists were just written.

Belongs here: deferred acceptance of singles, and couples admitted one after another. Does not belong here: who is in a
couple, what they list and which orders are tried (the caller's); whom a program would take and who would come for a
seat (`blocking`); and problems with labels and ranks, which `_roth_peranson` and `_couples_search` solve.

The steps of a chain are those of `_roth_peranson`, but for two. A program that has lost someone calls one applicant,
the best who would rather be there, and looks again when what that set off is over: in `_roth_peranson` all of them give
up their seats and apply, which costs the square of the size of a program. And where a chain goes round, the couple that
applied last is sent away and may be admitted again.

Nobody's rank order is sorted: a program holds its admitted applicants in a heap with the worst at the root, as
`deferred_acceptance` does, and reads its applications only when it has lost someone. Every array is the caller's, so a
match allocates nothing.

References
----------
Roth, A. E. and Peranson, E. (1999). The redesign of the matching market for American physicians. American Economic
Review 89, 748-780.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.matching.scored.blocking import best_who_blocks, would_take
from carms_lib.matching.scored.deferred_acceptance import REJECTED, is_worse, offer, resume_scored
from carms_lib.matching.scored.lists import (
    MOVER,
    NOBODY,
    SITS,
    STATE_HASH,
    VACATED,
    WAITING,
    ScoredLists,
    ScoredState,
    code_of,
)

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s

__all__ = ["match_in_order"]


@inner_kernel
def n_options(lists: ScoredLists, applicant: int) -> int:
    """Return the length of an applicant's list: of pairs for a member of a couple."""
    couple = lists.couple_of[applicant]
    if couple < 0:
        return lists.ptr[applicant + 1] - lists.ptr[applicant]
    return lists.pair_ptr[couple + 1] - lists.pair_ptr[couple]


@inner_kernel
def push_unit(state: ScoredState, unit: int) -> None:
    """Put a unit on top of the applicant stack, unless it is there."""
    if not state.is_waiting[unit]:
        state.is_waiting[unit] = True
        state.waiting[state.count[WAITING]] = unit
        state.count[STATE_HASH] ^= code_of(WAITING, unit, state.count[WAITING])
        state.count[WAITING] += 1


@inner_kernel
def vacate(lists: ScoredLists, state: ScoredState, applicant: int) -> None:
    """Let an applicant give up its seat, if it has one; its program goes on the program stack.

    A single who would rather be there was refused by it when it was full, and is no better than the worst it held then.
    `reach` is the best of those worst since the program went on the stack: no single above it comes for the seat.
    """
    state.position[applicant] = n_options(lists, applicant)
    program = state.match[applicant]
    if program < 0:
        return
    state.match[applicant] = NOBODY
    state.count[STATE_HASH] ^= code_of(SITS, applicant, np.int64(program))
    root = state.seat_ptr[program]
    if not state.is_vacated[program]:
        state.reach[program] = -np.inf
    if state.held_count[program] == state.quota[program]:
        state.reach[program] = max(state.reach[program], state.held_score[root])
    size = state.held_count[program] - 1
    state.held_count[program] = size
    place = root
    while state.held_applicant[place] != applicant:
        place += 1
    # The last of the heap takes the empty place, and rises or sinks to where it belongs.
    held, score = state.held_applicant[root + size], state.held_score[root + size]
    at = place - root
    if at < size:
        while at > 0:
            parent = (at - 1) >> 1
            if not is_worse(score, held, state.held_score[root + parent], state.held_applicant[root + parent]):
                break
            state.held_score[root + at] = state.held_score[root + parent]
            state.held_applicant[root + at] = state.held_applicant[root + parent]
            at = parent
        child = 2 * at + 1
        while child < size:
            if child + 1 < size and is_worse(
                state.held_score[root + child + 1],
                state.held_applicant[root + child + 1],
                state.held_score[root + child],
                state.held_applicant[root + child],
            ):
                child += 1
            if not is_worse(state.held_score[root + child], state.held_applicant[root + child], score, held):
                break
            state.held_score[root + at] = state.held_score[root + child]
            state.held_applicant[root + at] = state.held_applicant[root + child]
            at = child
            child = 2 * at + 1
        state.held_score[root + at] = score
        state.held_applicant[root + at] = held
    if not state.is_vacated[program]:
        state.is_vacated[program] = True
        state.vacated[state.count[VACATED]] = program
        state.count[STATE_HASH] ^= code_of(VACATED, np.int64(program), state.count[VACATED])
        state.count[VACATED] += 1


@inner_kernel
def vacate_unit(lists: ScoredLists, state: ScoredState, unit: int) -> None:
    """Let a unit give up whatever it holds."""
    n = state.match.size
    if unit < n:
        vacate(lists, state, unit)
    else:
        vacate(lists, state, np.int64(lists.members[unit - n, 0]))
        vacate(lists, state, np.int64(lists.members[unit - n, 1]))


@inner_kernel
def displace(lists: ScoredLists, state: ScoredState, applicant: int) -> None:
    """Let an applicant who lost its seat wait; the partner of a member withdraws and the couple waits."""
    if applicant < 0:
        return
    couple = lists.couple_of[applicant]
    state.position[applicant] = n_options(lists, applicant)
    if couple < 0:
        push_unit(state, applicant)
        return
    partner = np.int64(lists.members[couple, 0])
    if partner == applicant:
        partner = np.int64(lists.members[couple, 1])
    vacate(lists, state, partner)
    push_unit(state, state.match.size + couple)


@inner_kernel
def seat(lists: ScoredLists, state: ScoredState, applicant: int, entry: int) -> int:
    """Let an applicant apply; return REJECTED, or whom it displaced, or SEATED, which is nobody."""
    program = lists.idx[entry]
    outcome = offer(
        applicant,
        lists.score[entry],
        program,
        state.quota,
        state.seat_ptr,
        state.held_applicant,
        state.held_score,
        state.held_count,
    )
    if outcome != REJECTED:
        state.match[applicant] = program
        state.count[STATE_HASH] ^= code_of(SITS, applicant, np.int64(program))
    if outcome >= 0:
        state.count[STATE_HASH] ^= code_of(SITS, outcome, np.int64(program))
        state.match[outcome] = NOBODY  # at once: the partner may be displaced by the same pair
    return outcome


@inner_kernel
def apply_single(lists: ScoredLists, state: ScoredState, applicant: int) -> None:
    """Let a single apply from the top of its list."""
    start = lists.ptr[applicant]
    for entry in range(start, lists.ptr[applicant + 1]):
        outcome = seat(lists, state, applicant, entry)
        if outcome != REJECTED:
            state.position[applicant] = entry - start
            displace(lists, state, outcome)
            return


@inner_kernel
def apply_couple(lists: ScoredLists, state: ScoredState, couple: int) -> None:
    """Let a couple, who sit nowhere, apply from the top of its list."""
    start = lists.pair_ptr[couple]
    for option in range(start, lists.pair_ptr[couple + 1]):
        first, second = np.int64(lists.pairs[option, 0]), np.int64(lists.pairs[option, 1])
        if not would_take(lists, state, first, second):
            continue
        one, other = NOBODY, NOBODY
        if first >= 0:
            one = seat(lists, state, np.int64(lists.owner[first]), first)
        if second >= 0:
            other = seat(lists, state, np.int64(lists.owner[second]), second)
        state.position[lists.members[couple, 0]] = option - start
        state.position[lists.members[couple, 1]] = option - start
        displace(lists, state, one)
        displace(lists, state, other)
        return


@inner_kernel
def chain(lists: ScoredLists, state: ScoredState, budget: int) -> bool:
    """Work off both stacks; return False when that takes more than `budget` steps.

    Whole rounds of a circle are left out, as `lists` says; `state` is as if they had been walked.
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
            if unit >= n and not state.admitted[unit - n]:
                continue
            vacate_unit(lists, state, unit)
            if unit < n:
                apply_single(lists, state, unit)
            else:
                state.count[MOVER] = unit - n
                apply_couple(lists, state, unit - n)
        else:
            top = state.count[VACATED] - 1
            program = np.int64(state.vacated[top])
            unit = best_who_blocks(lists, state, program)
            if unit != NOBODY:
                push_unit(state, unit)
            else:
                state.count[VACATED] = top
                state.count[STATE_HASH] ^= code_of(VACATED, program, top)
                state.is_vacated[program] = False
    return True


@inner_kernel
def match_in_order(lists: ScoredLists, state: ScoredState, order: Int32s, budget: int, rounds: int = 0) -> int:
    """Match singles, then admit couples one after another; applicants propose.

    Parameters
    ----------
    lists : ScoredLists
    state : ScoredState
        `quota` and `seat_ptr` are given, and `is_read`: False for every program where the last match with this state
        had other lists. Everything else is written.
    order : ndarray of int32, shape (C,)
        Couples, each once.
    budget : int
        Steps for each couple. A chain that needs more is taken for a loop: the couple that applied last is sent away,
        unmatched, and the chain is followed on, until it comes to rest.
    rounds : int, default 0
        How many times those who were sent away are admitted again, after all others: a loop often depends on where the
        others sat when it began.

    Returns
    -------
    int
        How many couples stayed away. 0 means that the matching is stable.
    """
    n = state.match.size
    state.held_count[:] = 0
    state.count[:] = 0
    state.is_waiting[:] = False
    state.is_vacated[:] = False
    state.admitted[:] = False
    singles = np.int64(0)
    for applicant in range(n - 1, -1, -1):
        state.match[applicant] = NOBODY
        state.position[applicant] = 0
        if lists.couple_of[applicant] < 0:
            state.waiting[singles] = applicant
            singles += 1
        else:
            state.position[applicant] = n_options(lists, applicant)
    resume_scored(
        lists.ptr, lists.idx, lists.score, state.quota, state.seat_ptr, state.match, state.position,
        state.held_applicant, state.held_score, state.held_count, state.waiting, singles,
    )  # fmt: skip
    away = np.int64(order.size)
    for _ in range(rounds + 1):
        for turn in range(order.size):
            if not state.admitted[order[turn]]:
                state.admitted[order[turn]] = True
                away -= 1
                push_unit(state, np.int64(n + order[turn]))
                away += _come_to_rest(lists, state, budget)
        if away == 0:
            break
    return away


@inner_kernel
def _come_to_rest(lists: ScoredLists, state: ScoredState, budget: int) -> int:
    """Follow the chain that a couple set off, and send couples away while it does not end; return how many.

    Singles alone always come to rest, so a couple goes round in every loop. The one that applied last is sent away.
    """
    sent_away = 0
    state.count[MOVER] = NOBODY
    while not chain(lists, state, budget):
        couple = state.count[MOVER]
        if couple != NOBODY:  # else only singles have moved since: they need more steps
            state.admitted[couple] = False
            vacate_unit(lists, state, state.match.size + couple)
            sent_away += 1
            state.count[MOVER] = NOBODY
    return sent_away
