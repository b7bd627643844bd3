"""Roth and Peranson's procedure: admit units one after another and chain from one instability to the next.

Belongs here: the procedure with its two stacks, and what is done if a chain cycles. Does not belong here: who is in
a couple, what they list and which orders are tried (the caller's: the simulator, and `_couples_search`); the moves
(`moves`); whom a program would take and who would come for a seat (`blocking`).

While anyone waits, the unit on top of the applicant stack gives up its seats and applies from the top of its list;
whoever it displaces waits in turn, and the partner of a displaced member withdraws. When nobody waits, a program that
has lost someone calls those who would rather be there. When both stacks are empty, nobody admitted is in a blocking
coalition.

Nobody's rank order is sorted for that: a program holds its admitted applicants in a heap with the worst at the root,
and reads its applications only when it has lost someone. Every array is the caller's, so a match allocates nothing.

References
----------
Roth, A. E. and Peranson, E. (1999). The redesign of the matching market for American physicians. American Economic
Review 89, 748-780.
Roth, A. E. and Vande Vate, J. H. (1990). Random paths to stability in two-sided matching. Econometrica 58,
1475-1480.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching.scored.blocking import (
    BIS,
    best_who_blocks,
    couple_blocks_with,
    entry_of,
    find_blocking,
    first_to_take,
    prefers,
)
from carms_lib.matching.scored.lists import (
    MOVER,
    NOBODY,
    STATE_HASH,
    VACATED,
    WAITING,
    ScoredLists,
    ScoredState,
    code_of,
)
from carms_lib.matching.scored.moves import begin, n_options, push_unit, seat_unit, vacate_unit

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s

__all__ = ["LEFT_EARLY", "Admission", "admit_all", "match_in_order"]

#: What an admission returns that was left at the first loop.
LEFT_EARLY = -1


class Admission(NamedTuple):
    """How units are admitted; whole numbers, of one kind, so that the kernels are compiled once."""

    rule: int  # when a program takes a couple: `blocking.BIS` or `blocking.MM`
    budget: int  # steps for each unit, before a chain is taken for a loop
    seats_singles: int  # 1: all singles first, by deferred acceptance; 0: nobody is admitted to begin with
    calls_all: (
        int  # whom a program calls that has lost someone. 1: all at once, the best on top; 0: the best, and again
    )
    goes_on: int  # if a chain cycles. 1: a unit is rejected and the chain followed on; 0: the chain is abandoned
    sends_mover: (
        int  # who is rejected. 1: the couple that applied last; 0: who is being admitted, then the couple before
    )
    rounds: int  # how many times those who were rejected are admitted again, after all others


@inner_kernel
def call_all(lists: ScoredLists, state: ScoredState, rule: int, program: int) -> None:
    """Put every admitted unit that blocks with `program` on the applicant stack, the best-ranked on top.

    The lists are those of rank orders: `application` has applicants, best first, and the score of the next is one less.
    """
    if state.quota[program] == 0:
        return
    first, end, reached = lists.program_ptr[program], lists.program_ptr[program + 1], state.reach[program]
    if state.held_count[program] == state.quota[program]:
        end = first + np.int64(-state.held_score[state.seat_ptr[program]])
    singles_from = end if reached == -np.inf else first + np.int64(-reached)  # none who is better comes; see `vacate`
    for at in range(end - 1, first - 1, -1):
        applicant = ~np.int64(lists.application[at])
        couple = lists.couple_of[applicant]
        unit = applicant if couple < 0 else np.int64(state.match.size + couple)
        if (couple < 0 and at < singles_from) or not state.admitted[unit]:
            continue
        entry = entry_of(lists, applicant, program)
        if entry == NOBODY:
            continue
        if (
            prefers(lists, state, unit, entry)
            if couple < 0
            else couple_blocks_with(lists, state, rule, entry, np.int64(0))
        ):
            push_unit(state, unit)


@inner_kernel
def chain(lists: ScoredLists, state: ScoredState, how: Admission) -> bool:
    """Work off both stacks; return False when that takes more steps than the budget.

    Whole rounds of a circle are left out, as `lists` says; `state` is as if they had been walked.
    """
    n, budget = state.match.size, how.budget
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
            vacate_unit(lists, state, unit)
            if unit >= n:
                state.count[MOVER] = unit - n
            _apply(lists, state, how.rule, unit)
        else:
            top = state.count[VACATED] - 1
            program, called = np.int64(state.vacated[top]), NOBODY
            if how.calls_all == 0:
                called = best_who_blocks(lists, state, how.rule, program)
            if called != NOBODY:
                push_unit(state, called)
                continue
            state.count[VACATED] = top
            state.count[STATE_HASH] ^= code_of(VACATED, program, top)
            state.is_vacated[program] = False
            if how.calls_all != 0:
                call_all(lists, state, how.rule, program)
    return True


@inner_kernel
def _apply(lists: ScoredLists, state: ScoredState, rule: int, unit: int) -> None:
    """Let a unit that sits nowhere apply from the top of its list."""
    member = unit if unit < state.match.size else np.int64(lists.members[unit - state.match.size, 0])
    place = first_to_take(lists, state, rule, unit, 0, n_options(lists, member))
    if place != NOBODY:
        seat_unit(lists, state, unit, place)


@inner_kernel
def admit(lists: ScoredLists, state: ScoredState, order: Int32s, how: Admission) -> int:
    """Admit the units of `order` to a state without instability, one after another.

    Parameters
    ----------
    lists, state
    order : ndarray of int32
        Couples by number; a single among them is its number less that of all applicants, which is negative.
    how : Admission

    Returns
    -------
    int
        How many units stayed away, or LEFT_EARLY. 0 means that nobody in the market is in a blocking coalition.
    """
    n, away = state.match.size, np.int64(order.size)
    for _ in range(how.rounds + 1):
        for turn in range(order.size):
            unit = np.int64(n + order[turn])
            if state.admitted[unit]:
                continue
            state.admitted[unit] = True
            away -= 1
            push_unit(state, unit)
            state.count[MOVER] = NOBODY
            while not chain(lists, state, how):
                if how.goes_on == 0:
                    return LEFT_EARLY
                loops = _who_loops(state, order, turn, how)
                if loops != NOBODY:  # else only singles move, whose chains always end: they need more steps
                    state.admitted[loops] = False
                    vacate_unit(lists, state, loops)
                    away += 1
        if away == 0:
            break
    return away


@inner_kernel
def _who_loops(state: ScoredState, order: Int32s, turn: int, how: Admission) -> int:
    """Return the unit to reject if a rejection chain cycles, or NOBODY if no couple moves in it."""
    n = state.match.size
    if how.sends_mover != 0:
        mover = state.count[MOVER]
        state.count[MOVER] = NOBODY
        return NOBODY if mover == NOBODY else n + mover
    for at in range(turn, -1, -1):
        if state.admitted[n + order[at]] and (at == turn or order[at] >= 0):
            return np.int64(n + order[at])
    return NOBODY


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
    one = np.int64(1)
    how = Admission(
        rule=BIS,
        budget=np.int64(budget),
        seats_singles=one,
        calls_all=one - one,
        goes_on=one,
        sends_mover=one,
        rounds=np.int64(rounds),
    )
    begin(lists, state, True)
    return admit(lists, state, order, how)


@kernel(what="the match with couples", seconds=4)
def admit_all(lists: ScoredLists, state: ScoredState, order: Int32s, how: Admission) -> tuple[int, int]:
    """Admit everybody from empty seats, and look for who blocks.

    Parameters
    ----------
    lists : ScoredLists
    state : ScoredState
        As for `match_in_order`.
    order : ndarray of int32
        As for `admit`: everybody whom `how` does not seat before.
    how : Admission

    Returns
    -------
    tuple of (int, int)
        What `admit` returns, and how many coalitions block; no such number, -1, where it was left early.
    """
    begin(lists, state, how.seats_singles != 0)
    away = admit(lists, state, order, how)
    blocking = NOBODY if away == LEFT_EARLY else find_blocking(lists, state, how.rule, lists.members[:0])
    return away, blocking
