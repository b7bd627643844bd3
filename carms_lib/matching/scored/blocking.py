"""Who blocks: whom a program would take, and who would come for a seat.

Belongs here: questions about a given matching with couples; the one predicate that says when programs take a
couple, so that algorithm and checker cannot disagree. Does not belong here: what changes a matching (`moves`,
`roth_peranson`), and problems with labels and ranks (`carms_lib.matching`).

Under "BIS" a program asked for both members takes them if both are among the best that it can hold; under "MM" if the
better beats its second-worst and the other its worst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import inlined_kernel, inner_kernel, kernel
from carms_lib.matching.scored.heaps import has_less_priority, is_worse, loses_to, take
from carms_lib.matching.scored.lists import NOBODY, ScoredLists, ScoredState

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s

__all__ = [
    "BIS",
    "MM",
    "best_who_blocks",
    "count_blocking",
    "couple_blocks_with",
    "entry_of",
    "find_blocking",
    "first_to_take",
    "prefers",
    "seat_and_find_blocking",
    "would_take",
]

#: When a program takes both members of a couple.
BIS, MM = np.int64(0), np.int64(1)


@inner_kernel
def would_take(lists: ScoredLists, state: ScoredState, rule: int, option: int) -> bool:
    """Tell whether every program of a row of `pairs` would take its member, as the matching stands.

    Members who hold a seat are judged where they sit: one who stays counts as taken.
    """
    first, second = np.int64(lists.pairs[option, 0]), np.int64(lists.pairs[option, 1])
    if first < 0 or second < 0 or lists.idx[first] != lists.idx[second]:
        return (first < 0 or sits_at(lists, state, first) or beats_worst(lists, state, first)) and (
            second < 0 or sits_at(lists, state, second) or beats_worst(lists, state, second)
        )
    program = lists.idx[first]
    if state.quota[program] < 2:
        return False
    free = state.quota[program] - state.held_count[program]
    worst = np.uint64(state.seat_ptr[program])
    if sits_at(lists, state, first) or sits_at(lists, state, second):  # one is there already, the other would join
        joins, stays = (second, first) if sits_at(lists, state, first) else (first, second)
        if not beats_worst(lists, state, joins):
            return False
        if free > 0 or state.held_applicant[worst] != lists.owner[stays]:
            return True
        # Full, and to make room the partner would have to go: then not both are among the best.
        return rule == MM and beats(lists, state, joins, second_worst(state, program))
    if lists.score[first] == -np.inf or lists.score[second] == -np.inf:
        return False
    better, other = first, second
    if has_less_priority(lists, first, second):
        better, other = second, first
    if free >= 2:
        return True
    if free == 1:
        return beats(lists, state, other if rule == BIS else better, worst)
    if rule == BIS:
        return beats(lists, state, other, second_worst(state, program))
    return beats(lists, state, better, second_worst(state, program)) and beats(lists, state, other, worst)


@inner_kernel
def sits_at(lists: ScoredLists, state: ScoredState, entry: int) -> bool:
    """Tell whether the applicant of an entry holds a seat at its program."""
    return state.match[lists.owner[entry]] == lists.idx[entry]


@inner_kernel
def beats(lists: ScoredLists, state: ScoredState, entry: int, seat: np.uint64) -> bool:
    """Tell whether the applicant of an entry has more priority than who holds a seat of its program."""
    return not loses_to(state, seat, np.int64(lists.owner[entry]), lists.score[entry])


@inner_kernel
def beats_worst(lists: ScoredLists, state: ScoredState, entry: int) -> bool:
    """Tell whether the program of an entry has a free seat for its applicant, or holds someone worse."""
    at = np.uint64(entry)
    program, score = np.uint64(lists.idx[at]), lists.score[at]
    if score == -np.inf or state.quota[program] == 0:
        return False
    if state.held_count[program] < state.quota[program]:
        return True
    return not loses_to(state, np.uint64(state.seat_ptr[program]), np.int64(lists.owner[at]), score)


@inner_kernel
def second_worst(state: ScoredState, program: int) -> np.uint64:
    """Return which seat the second-worst holds, at a program that holds at least two."""
    seat = np.uint64(state.seat_ptr[program] + 1)
    other = seat + np.uint64(1)
    if state.held_count[program] > 2 and loses_to(
        state, seat, np.int64(state.held_applicant[other]), state.held_score[other]
    ):
        return other
    return seat


@inlined_kernel
def first_to_take(lists: ScoredLists, state: ScoredState, rule: int, unit: int, first: int, end: int) -> int:
    """Return the first of the places ``first .. end - 1`` of a unit's list whose programs would take it, or NOBODY."""
    n = state.match.size
    start = lists.ptr[unit] if unit < n else lists.pair_ptr[unit - n]
    for at in range(start + first, start + end):
        if beats_worst(lists, state, at) if unit < n else would_take(lists, state, rule, at):
            return at - start
    return NOBODY


@inner_kernel
def best_who_blocks(lists: ScoredLists, state: ScoredState, rule: int, program: int) -> int:
    """Return the unit that blocks with `program` by the application it ranks highest, or NOBODY.

    Most are left out by their priority alone: below the best so far or the worst held, or above what `vacate` found.
    The last is of singles only: a couple may have been refused by its other program.
    """
    unit, best, who = np.int64(NOBODY), -np.inf, np.int64(NOBODY)
    if state.quota[program] == 0:
        return unit
    if not state.is_read[program]:
        read_applications(lists, state, program)
    worst, held, reach = -np.inf, np.int64(NOBODY), state.reach[program]
    if state.held_count[program] == state.quota[program]:
        root = state.seat_ptr[program]
        worst, held = state.held_score[root], np.int64(state.held_applicant[root])
    for at in range(np.uint64(lists.program_ptr[program]), np.uint64(state.couples_to[program])):
        score = state.priority[at]
        if (score <= best) | (score < worst):  # of equals the first is best, as they stand by applicant
            continue
        entry = np.int64(state.entry[at])
        member = np.int64(state.applicant[at])
        if state.match[member] != program and couple_blocks_with(lists, state, rule, entry, np.int64(state.option[at])):
            unit, best, who = state.match.size + lists.couple_of[member], score, member
    lowest = max(best, worst)
    if reach == -np.inf or reach < lowest:
        return unit
    for at in range(np.uint64(state.singles_from[program]), np.uint64(lists.program_ptr[program + 1])):
        score = state.priority[at]
        if min(max(score, lowest), reach) != score:  # not between them: one branch, and its guess is seldom wrong
            continue
        entry = np.int64(state.entry[at])
        single = np.int64(state.applicant[at])
        if is_worse(score, single, best, who) or is_worse(score, single, worst, held):
            continue
        if prefers(lists, state, single, entry):
            unit, best, who, lowest = single, score, single, score
    return unit


@inner_kernel
def read_applications(lists: ScoredLists, state: ScoredState, program: int) -> None:
    """Write a program's applications side by side: those of couples' members from the front, of singles from the back.

    A program that loses one often loses more, and each time looks through them. Whom it does not rank is left out.
    """
    begin, end = np.uint64(lists.program_ptr[program]), np.uint64(lists.program_ptr[program + 1])
    front, back, one = begin, end, np.uint64(1)
    for at in range(begin, end):
        found = np.int64(lists.application[at])
        if found < 0:
            found = entry_of(lists, ~found, program)
            if found < 0:
                continue
        entry = np.uint64(found)
        score, applicant = lists.score[entry], np.uint64(lists.owner[entry])
        if score == -np.inf:
            continue
        if lists.couple_of[applicant] < 0:
            back -= one
            state.entry[back], state.applicant[back], state.priority[back] = entry, applicant, score
        else:
            state.entry[front], state.applicant[front], state.priority[front] = entry, applicant, score
            state.option[front] = first_option(lists, np.int64(applicant), np.int64(entry))
            front += one
    state.couples_to[program], state.singles_from[program] = front, back
    state.is_read[program] = True


@inner_kernel
def entry_of(lists: ScoredLists, applicant: int, program: int) -> int:
    """Return the entry of an applicant's list that names a program, or NOBODY."""
    for entry in range(np.uint64(lists.ptr[applicant]), np.uint64(lists.ptr[applicant + 1])):
        if lists.idx[entry] == program:
            return np.int64(entry)
    return NOBODY


@inner_kernel
def first_option(lists: ScoredLists, member: int, entry: int) -> int:
    """Return the first option of a member's couple that has an entry of the member's list; their number for none."""
    couple = lists.couple_of[member]
    side = np.int64(lists.members[couple, 1] == member)
    start, end = lists.pair_ptr[couple], lists.pair_ptr[couple + 1]
    for option in range(start, end):
        if lists.pairs[option, side] == entry:
            return option - start
    return end - start


@inner_kernel
def couple_blocks_with(lists: ScoredLists, state: ScoredState, rule: int, entry: int, first: int) -> bool:
    """Tell whether an admitted couple prefers, and would get, an option with that entry of a member's list.

    No option before `first` has it.
    """
    member = lists.owner[entry]
    couple = lists.couple_of[member]
    better = state.position[member]
    if first >= better or not state.admitted[state.match.size + couple]:
        return False
    side, start = np.int64(lists.members[couple, 1] == member), lists.pair_ptr[couple]
    for option in range(start + first, start + better):
        if lists.pairs[option, side] == entry and would_take(lists, state, rule, option):
            return True
    return False


@inner_kernel
def prefers(lists: ScoredLists, state: ScoredState, single: int, entry: int) -> bool:
    """Tell whether an admitted single would rather be at the program of an entry of its list than where it is."""
    who = np.uint64(single)
    return entry - lists.ptr[who] < state.position[who] and state.admitted[who]


@inner_kernel
def count_blocking(lists: ScoredLists, state: ScoredState) -> int:
    """Count blocking coalitions under "BIS": (single, program), or (couple, pair), that would all rather be so matched.

    Couples that were sent away count like all others.
    """
    return find_blocking(lists, state, BIS, lists.members[:0])


@inner_kernel
def find_blocking(lists: ScoredLists, state: ScoredState, rule: int, found: Int32s) -> int:
    """Write the blocking coalitions of a matching as rows (unit, place in its list), by unit, then place.

    Returns how many there are, also where they do not all fit.
    """
    n, count = state.match.size, 0
    for unit in range(n + lists.n_couples[0]):
        applicant, start = unit, np.int64(0)
        if unit >= n:
            applicant, start = np.int64(lists.members[unit - n, 0]), lists.pair_ptr[unit - n]
        elif lists.couple_of[unit] >= 0:
            continue
        else:
            start = lists.ptr[unit]
        for at in range(start, start + state.position[applicant]):
            if beats_worst(lists, state, at) if unit < n else would_take(lists, state, rule, at):
                if count < found.shape[0]:
                    found[count, 0] = unit
                    found[count, 1] = at - start
                count += 1
    return count


@kernel
def seat_and_find_blocking(lists: ScoredLists, state: ScoredState, rule: int, found: Int32s) -> int:
    """Seat everybody where `match` and `position` say, and do what `find_blocking` does."""
    state.held_count[:] = 0
    for applicant in range(state.match.size):
        program, couple = np.int64(state.match[applicant]), lists.couple_of[applicant]
        if program < 0:
            continue
        if couple < 0:
            entry = lists.ptr[applicant] + state.position[applicant]
        else:
            side = np.int64(lists.members[couple, 1] == applicant)
            entry = np.int64(lists.pairs[lists.pair_ptr[couple] + state.position[applicant], side])
        take(state, applicant, lists.score[entry], program)
    return find_blocking(lists, state, rule, found)
