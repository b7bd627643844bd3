"""The moves of a match with couples: who waits, who takes a seat, who gives one up, and who withdraws with a partner.

Belongs here: steps that change a state, each of one unit. Does not belong here: who moves when (`roth_peranson`,
`kojima_pathak_roth`), and whom a program would take (`blocking`).

A *unit* is a single applicant (unit number = applicant number) or a couple (unit number = number of applicants plus
number of the couple). Members of couples share one `position`: the place of their pair.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.matching.scored.deferred_acceptance import resume_scored
from carms_lib.matching.scored.heaps import has_less_priority, leave, take
from carms_lib.matching.scored.lists import (
    NOBODY,
    SITS,
    STATE_HASH,
    VACATED,
    WAITING,
    ScoredLists,
    ScoredState,
    code_of,
)

__all__ = ["begin", "displace", "n_options", "push_unit", "seat_unit", "vacate_unit"]


@inner_kernel
def n_options(lists: ScoredLists, applicant: int) -> int:
    """Return the length of an applicant's list: of pairs for a member of a couple."""
    couple = lists.couple_of[applicant]
    if couple < 0:
        return lists.ptr[applicant + 1] - lists.ptr[applicant]
    return lists.pair_ptr[couple + 1] - lists.pair_ptr[couple]


@inner_kernel
def begin(lists: ScoredLists, state: ScoredState, seats_singles: bool) -> None:
    """Empty every seat and every stack; nobody is admitted but, where it `seats_singles`, all of them at once."""
    n = state.match.size
    state.held_count[:] = 0
    state.count[:] = 0
    state.is_waiting[:] = False
    state.is_vacated[:] = False
    state.admitted[:] = False
    singles = np.int64(0)
    for applicant in range(n - 1, -1, -1):
        state.match[applicant] = NOBODY
        if seats_singles and lists.couple_of[applicant] < 0:
            state.position[applicant] = 0
            state.admitted[applicant] = True
            state.waiting[singles] = applicant
            singles += 1
        else:
            state.position[applicant] = n_options(lists, applicant)
    resume_scored(lists, state, singles)


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
    program = np.int64(state.match[applicant])
    if program < 0:
        return
    state.match[applicant] = NOBODY
    state.count[STATE_HASH] ^= code_of(SITS, applicant, program)
    if not state.is_vacated[program]:
        state.reach[program] = -np.inf
    if state.held_count[program] == state.quota[program]:
        state.reach[program] = max(state.reach[program], state.held_score[state.seat_ptr[program]])
    leave(state, applicant, program)
    if not state.is_vacated[program]:
        state.is_vacated[program] = True
        state.vacated[state.count[VACATED]] = program
        state.count[STATE_HASH] ^= code_of(VACATED, program, state.count[VACATED])
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
def seat_unit(lists: ScoredLists, state: ScoredState, unit: int, place: int) -> None:
    """Give a unit that sits nowhere the seats at a place of its list, whose programs would take it.

    Of two members at one program the better is seated first: each lets the worst go, and under "MM" the other member
    may be the worst of all.
    """
    n = state.match.size
    if unit < n:
        state.position[unit] = place
        displace(lists, state, _seat(lists, state, lists.ptr[unit] + place))
        return
    option = lists.pair_ptr[unit - n] + place
    first, second = np.int64(lists.pairs[option, 0]), np.int64(lists.pairs[option, 1])
    state.position[lists.members[unit - n, 0]] = place
    state.position[lists.members[unit - n, 1]] = place
    if first >= 0 and second >= 0 and lists.idx[first] == lists.idx[second]:
        if has_less_priority(lists, first, second):
            first, second = second, first
    one, other = NOBODY, NOBODY
    if first >= 0:
        one = _seat(lists, state, first)
    if second >= 0:
        other = _seat(lists, state, second)
    displace(lists, state, one)
    displace(lists, state, other)


@inner_kernel
def _seat(lists: ScoredLists, state: ScoredState, entry: int) -> int:
    """Give the applicant of an entry a seat at its program; return whom that displaces, or NOBODY."""
    applicant, program = np.int64(lists.owner[entry]), np.int64(lists.idx[entry])
    displaced = take(state, applicant, lists.score[entry], program)
    state.match[applicant] = program
    state.count[STATE_HASH] ^= code_of(SITS, applicant, program)
    if displaced >= 0:
        state.count[STATE_HASH] ^= code_of(SITS, displaced, program)
        state.match[displaced] = NOBODY  # at once: the partner may be displaced by the same pair
    return displaced
