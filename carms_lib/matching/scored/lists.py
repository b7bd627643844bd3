"""Lists with scores and the state of a match with couples, and the hash of that state for cycle detection.

Belongs here: the arrays, where they are made, and the hash of one fact about a state. Does not belong here: the
procedures (`roth_peranson`, `kojima_pathak_roth`), what they ask of the arrays (`blocking`), and what is done about a
cycle.

A program that holds a rank order ranks by score too: the score is the rank, counted downwards.

The hash of a state is the exclusive or of the codes of all its facts, so that one operation adds a fact or takes
it out. It is counted from wherever it stood: only whether two of them are equal says anything.

What a chain does next depends on the state alone, so a state that comes back comes back for ever. One is remembered at
steps 1, 2, 4, 8 and so on, and where it is met again the rest of the budget of steps is not walked: only what is left
of it after whole rounds.

References
----------
Brent, R. P. (1980). An improved Monte Carlo factorization algorithm. BIT 20, 176-184: finding a cycle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Bools, Float64s, Int32s, Int64s

__all__ = [
    "MOVER",
    "NOBODY",
    "SITS",
    "STATE_HASH",
    "VACATED",
    "WAITING",
    "ScoredLists",
    "ScoredState",
    "code_of",
    "index_programs",
    "lists_of_singles",
    "new_scored_state",
    "state_for",
]


#: The place in a state's `count` of the couple that applied last.
MOVER = np.int64(3)
#: Who holds a seat that nobody holds; also where someone sits who sits nowhere.
NOBODY = -1


class ScoredLists(NamedTuple):
    """What does not change while a match runs; n applicants, P programs, E entries, C couples."""

    ptr: Int64s  # [n + 1]: where each applicant's list begins
    idx: Int32s  # [E]: program of each entry, best first
    score: Float64s  # [E]: priority of the applicant there; -inf means not ranked
    owner: Int32s  # [E]: applicant of each entry
    program_ptr: Int64s  # [P + 1]: where each program's applications begin in `application`
    application: Int32s  # [E]: by program, and there by applicant or best first, entries; or applicants a as -1 - a
    couple_of: Int32s  # [n]: number of the couple, -1 for a single
    members: Int32s  # [C or more, 2]
    n_couples: Int64s  # [1]: C; of a draw, whose arrays are made for the most that there can be
    pair_ptr: Int64s  # [C + 1]: where each couple's list of pairs begins
    pairs: Int32s  # [pairs, 2]: the entry of each member, -1 for "no match"


class ScoredState(NamedTuple):
    """What does: who sits where, and who waits."""

    quota: Int32s  # [P]
    seat_ptr: Int64s  # [P + 1]: where each program's seats begin in `held_applicant`
    match: Int32s  # [n]: program of each applicant, -1 when unmatched
    position: Int32s  # [n]: place in the own list, of pairs for a member of a couple; its length when unmatched
    held_applicant: Int32s
    held_score: Float64s
    held_count: Int32s  # [P]
    waiting: Int32s  # [n + C], a stack of units; also the stack of deferred acceptance
    is_waiting: Bools  # [n + C]
    vacated: Int32s  # [P], a stack of programs
    is_vacated: Bools  # [P]
    reach: Float64s  # [P]: of a vacated one, the priority that no single exceeds who would come; see `vacate`
    is_read: Bools  # [P]: whether what follows is written for it; False for all when there are new lists
    couples_to: Int64s  # [P]: where its applications end that members of couples made
    singles_from: Int64s  # [P]: where those of singles begin
    entry: Int32s  # [E]: applications that are ranked, from both ends of each program's part
    applicant: Int32s  # [E]: who made each
    priority: Float64s  # [E]: of each
    option: Int32s  # [E]: of a member's, the first option of the couple that has it
    admitted: Bools  # [n + C], by unit
    count: Int64s  # [4]: heights of the two stacks, the fingerprint (see above), and `MOVER`


def new_scored_state(n: int, programs: int, seats: int, entries: int) -> ScoredState:
    """Return arrays for a match with at most n / 2 couples, and so many seats and entries of lists."""
    couples = n // 2
    return ScoredState(
        quota=np.zeros(programs, np.int32),
        seat_ptr=np.zeros(programs + 1, np.int64),
        match=np.full(n, NOBODY, np.int32),
        position=np.zeros(n, np.int32),
        held_applicant=np.zeros(seats, np.int32),
        held_score=np.zeros(seats),
        held_count=np.zeros(programs, np.int32),
        waiting=np.zeros(n + couples, np.int32),
        is_waiting=np.zeros(n + couples, np.bool_),
        vacated=np.zeros(programs, np.int32),
        is_vacated=np.zeros(programs, np.bool_),
        reach=np.zeros(programs),
        is_read=np.zeros(programs, np.bool_),
        couples_to=np.zeros(programs, np.int64),
        singles_from=np.zeros(programs, np.int64),
        entry=np.zeros(entries, np.int32),
        applicant=np.zeros(entries, np.int32),
        priority=np.zeros(entries),
        option=np.zeros(entries, np.int32),
        admitted=np.zeros(n + couples, np.bool_),
        count=np.zeros(4, np.int64),
    )


def state_for(lists: ScoredLists, quota: Int32s, *, reads: bool = True) -> ScoredState:
    """Return arrays for a match on these lists, with these seats; `reads` says whether programs read applications."""
    entries = lists.idx.size if reads else 0
    state = new_scored_state(lists.ptr.size - 1, quota.size, int(quota.sum(dtype=np.int64)), entries)
    state.quota[:] = quota
    np.cumsum(quota, out=state.seat_ptr[1:])
    return state


def lists_of_singles(ptr: Int64s, idx: Int32s, score: Float64s) -> ScoredLists:
    """Return lists for deferred acceptance, which asks neither whose an entry is nor who is a couple."""
    nothing, no_pairs, nowhere = np.zeros(0, np.int32), np.zeros((0, 2), np.int32), np.zeros(1, np.int64)
    return ScoredLists(
        ptr=ptr,
        idx=idx,
        score=score,
        owner=nothing,
        program_ptr=nowhere,
        application=nothing,
        couple_of=nothing,
        members=no_pairs,
        n_couples=nowhere,
        pair_ptr=nowhere,
        pairs=no_pairs,
    )


@kernel
def index_programs(ptr: Int64s, idx: Int32s, owner: Int32s, program_ptr: Int64s, application: Int32s) -> None:
    """Write who owns each entry, and the entries of each program."""
    n, programs, one = ptr.size - 1, program_ptr.size - 1, np.uint64(1)
    program_ptr[:] = 0
    for applicant in range(n):
        for entry in range(np.uint64(ptr[applicant]), np.uint64(ptr[applicant + 1])):
            owner[entry] = applicant
            program_ptr[np.uint64(idx[entry]) + one] += 1
    for program in range(programs):
        program_ptr[program + 1] += program_ptr[program]
    for entry in range(ptr[n]):
        of = np.uint64(idx[entry])
        at = np.uint64(program_ptr[of])
        application[at] = entry
        program_ptr[of] = at + one
    for program in range(programs, 0, -1):  # each place has walked to the next one's beginning
        program_ptr[program] = program_ptr[program - 1]
    program_ptr[0] = 0


#: Kinds of facts: a unit stands at a height of the applicant stack, a program at one of the program stack, an
#: applicant sits at a program. The first two are also the places of the heights in the states' `count`.
WAITING, VACATED, SITS = np.int64(0), np.int64(1), np.int64(2)
#: The place of the fingerprint in the states' `count`.
STATE_HASH = np.int64(2)
_LOW = np.int64(0x7FFFFFFF)
_MIX = (np.int64(0x45D9F3B3), np.int64(0x3C6EF373), np.int64(0x2545F491), np.int64(0x5BD1E995))


@inner_kernel
def code_of(kind: int, one: int, other: int) -> int:
    """Return the code of one fact: a kind and two numbers below 2^31, hashed to 62 bits.

    Different states have one fingerprint by chance in one of 2^62 pairs. No product leaves 63 bits, so that the
    interpreted kernel does the same.
    """
    x = ((one + 1) * _MIX[0]) ^ ((3 * other + kind + 1) * _MIX[1])
    for _ in range(2):
        x ^= x >> 29
        x = ((x & _LOW) * _MIX[2]) ^ (((x >> 31) & _LOW) * _MIX[3])
    return x ^ (x >> 29)
