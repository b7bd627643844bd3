"""Who blocks, where programs rank by score: whom a program would take, and who would come for a seat.

Belongs here: what is asked of a matching with couples as it stands. Does not belong here: what changes it, which is
`roth_peranson`, and problems with labels and ranks, which `_blocking_pairs` looks through.

A pair of programs is taken by the rule "BIS" of `carms_lib.matching._couple_market.would_take`: each program takes its
member, and a program asked for both takes both if both are among the best that it can hold.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.matching.scored.deferred_acceptance import is_worse
from carms_lib.matching.scored.lists import NOBODY, ScoredLists, ScoredState

__all__ = ["best_who_blocks", "count_blocking", "would_take"]


@inner_kernel
def would_take(lists: ScoredLists, state: ScoredState, first: int, second: int) -> bool:
    """Tell whether every program of a couple's pair of entries would take its member, as the matching stands.

    Members who hold a seat are judged where they sit: one who stays counts as taken.
    """
    if first < 0 or second < 0 or lists.idx[first] != lists.idx[second]:
        return (first < 0 or sits_at(lists, state, first) or beats_worst(lists, state, first)) and (
            second < 0 or sits_at(lists, state, second) or beats_worst(lists, state, second)
        )
    program = lists.idx[first]
    if state.quota[program] < 2:
        return False
    free = state.quota[program] - state.held_count[program]
    if sits_at(lists, state, first) or sits_at(lists, state, second):  # one is there already, the other would join
        joins, stays = (second, first) if sits_at(lists, state, first) else (first, second)
        if not beats_worst(lists, state, joins):
            return False
        # Full, and to make room the partner would have to go: then not both are among the best.
        return free > 0 or state.held_applicant[state.seat_ptr[program]] != lists.owner[stays]
    one, other = lists.score[first], lists.score[second]
    if one == -np.inf or other == -np.inf:
        return False
    lower = first if is_worse(one, lists.owner[first], other, lists.owner[second]) else second
    if free >= 2:
        return True
    if free == 1:
        root = state.seat_ptr[program]
        return not is_worse(lists.score[lower], lists.owner[lower], state.held_score[root], state.held_applicant[root])
    return beats_second_worst(lists, state, lower)


@inner_kernel
def sits_at(lists: ScoredLists, state: ScoredState, entry: int) -> bool:
    """Tell whether the applicant of an entry holds a seat at its program."""
    return state.match[lists.owner[entry]] == lists.idx[entry]


@inner_kernel
def beats_worst(lists: ScoredLists, state: ScoredState, entry: int) -> bool:
    """Tell whether the program of an entry has a free seat for its applicant, or holds someone worse."""
    program, score = lists.idx[entry], lists.score[entry]
    if score == -np.inf or state.quota[program] == 0:
        return False
    if state.held_count[program] < state.quota[program]:
        return True
    root = state.seat_ptr[program]
    return not is_worse(score, lists.owner[entry], state.held_score[root], state.held_applicant[root])


@inner_kernel
def beats_second_worst(lists: ScoredLists, state: ScoredState, entry: int) -> bool:
    """Tell the same of the second-worst held; the program is full and holds at least two."""
    program = lists.idx[entry]
    root = state.seat_ptr[program]
    place = root + 1
    if state.held_count[program] > 2 and is_worse(
        state.held_score[root + 2],
        state.held_applicant[root + 2],
        state.held_score[root + 1],
        state.held_applicant[root + 1],
    ):
        place = root + 2
    return not is_worse(lists.score[entry], lists.owner[entry], state.held_score[place], state.held_applicant[place])


@inner_kernel
def best_who_blocks(lists: ScoredLists, state: ScoredState, program: int) -> int:
    """Return the unit that blocks with `program` by the application it ranks highest, or NOBODY.

    Most are left out by their priority alone: below the best so far or the worst held, or above what `vacate` found.
    The last is of singles only: a couple may have been refused by its other program.
    """
    unit, best, who = NOBODY, -np.inf, NOBODY
    if state.quota[program] == 0:
        return unit
    if not state.is_read[program]:
        read_applications(lists, state, program)
    worst, held, reach = -np.inf, NOBODY, state.reach[program]
    if state.held_count[program] == state.quota[program]:
        root = state.seat_ptr[program]
        worst, held = state.held_score[root], np.int64(state.held_applicant[root])
    for at in range(np.uint64(lists.program_ptr[program]), np.uint64(state.couples_to[program])):
        score = state.priority[at]
        if (score <= best) | (score < worst):  # of equals the first is best, as they stand by applicant
            continue
        entry = np.int64(state.entry[at])
        member = np.int64(state.applicant[at])
        if couple_blocks_with(lists, state, member, entry, np.int64(state.option[at])):
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
        entry = np.uint64(lists.application[at])
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
def couple_blocks_with(lists: ScoredLists, state: ScoredState, member: int, entry: int, first: int) -> bool:
    """Tell whether an admitted couple prefers, and would get, an option that moves a member of it to that entry.

    `first` is the first option with it.
    """
    couple = lists.couple_of[member]
    better = state.position[lists.members[couple, 0]]
    if first >= better or not state.admitted[couple] or state.match[member] == lists.idx[entry]:
        return False
    side, start = np.int64(lists.members[couple, 1] == member), lists.pair_ptr[couple]
    for option in range(start + first, start + better):
        if lists.pairs[option, side] == entry and would_take(
            lists, state, np.int64(lists.pairs[option, 0]), np.int64(lists.pairs[option, 1])
        ):
            return True
    return False


@inner_kernel
def prefers(lists: ScoredLists, state: ScoredState, single: int, entry: int) -> bool:
    """Tell whether a single would rather be at the program of an entry of its list than where it is."""
    return entry - lists.ptr[np.uint64(single)] < state.position[np.uint64(single)]


@inner_kernel
def count_blocking(lists: ScoredLists, state: ScoredState) -> int:
    """Count blocking coalitions: (single, program), or (couple, pair), that would all rather be matched so.

    Couples that were sent away count like all others.
    """
    blocking = 0
    for applicant in range(state.match.size):
        if lists.couple_of[applicant] >= 0:
            continue
        start = lists.ptr[applicant]
        for entry in range(start, start + state.position[applicant]):
            blocking += beats_worst(lists, state, entry)
    for couple in range(lists.members.shape[0]):
        start = lists.pair_ptr[couple]
        for option in range(start, start + state.position[lists.members[couple, 0]]):
            blocking += would_take(lists, state, np.int64(lists.pairs[option, 0]), np.int64(lists.pairs[option, 1]))
    return blocking
