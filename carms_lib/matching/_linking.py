"""Find each program's rank of each applicant who lists it, from lists that know only one side.

Belongs here: the kernels that turn two sets of lists, or one set with scores, into packed entries. Does not
belong here: what to do about one-sided entries; that is a policy (`carms_lib.matching._problem`).

An entry of an applicant's list is packed into one integer, ``program << shift | rank``: what a proposal needs is
read in one go. `shift` is 16 in four bytes where programs and ranks fit, else 32 in eight. The rank of a program
that does not rank the applicant has all bits set, so that nobody is beaten by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Float64s, Int32s, Int64s, UInts
    from carms_lib.matching._packed_lists import PackedLists
    from carms_lib.matching.scored.lists import ScoredLists

__all__ = [
    "DUPLICATE_APPLICANT",
    "DUPLICATE_PROGRAM",
    "LINKED",
    "cross_positions",
    "link_lists",
    "rank_by_score",
    "score_ranks",
]

LINKED, DUPLICATE_PROGRAM, DUPLICATE_APPLICANT = 0, 1, 2


@kernel
def link_lists(
    applicant_ptr: Int64s,
    applicant_idx: Int32s,
    program_ptr: Int64s,
    program_idx: Int32s,
    shift: int,
    entries: UInts,
    offers: UInts,
    offer_ptr: Int64s,
    slot: Int64s,
) -> tuple[int, int, int]:
    """Pack each entry of the applicants' lists with the program's rank.

    Parameters
    ----------
    applicant_ptr, applicant_idx, program_ptr, program_idx
        Both sides' lists, every index in bounds.
    shift : int
        Bits of the rank: 16 or 32.
    entries : ndarray of uint32 or uint64, one for each entry of `applicant_idx`, out
        ``program << shift | rank``.
    offers : ndarray of the same type, one for each entry of `program_idx`, work
    offer_ptr : ndarray of int64, shape (n_applicants + 1,), work
    slot : ndarray of int64, shape (n_programs,), work

    Returns
    -------
    tuple of (int, int, int)
        LINKED, 0 and the number of mutual entries; or what is listed twice, and at which entry.
    """
    n_applicants = applicant_ptr.size - 1
    offer_ptr[:] = 0
    for entry in range(program_idx.size):
        offer_ptr[program_idx[entry] + 1] += 1
    for applicant in range(n_applicants):
        offer_ptr[applicant + 1] += offer_ptr[applicant]
    for program in range(slot.size):
        first = program_ptr[program]
        for entry in range(first, program_ptr[program + 1]):
            applicant = program_idx[entry]
            offers[offer_ptr[applicant]] = (program << shift) | (entry - first)
            offer_ptr[applicant] += 1
    # offer_ptr[a] is now where the offers to `a` end, and they are sorted by program.
    unranked = (1 << shift) - 1
    slot[:] = -1
    mutual = 0
    offer = 0
    for applicant in range(n_applicants):
        first = applicant_ptr[applicant]
        for entry in range(first, applicant_ptr[applicant + 1]):
            program = np.int64(applicant_idx[entry])
            if slot[program] >= first:
                return DUPLICATE_PROGRAM, entry, 0
            slot[program] = entry
            entries[entry] = (program << shift) | unranked
        previous = np.int64(-1)
        while offer < offer_ptr[applicant]:
            packed = np.int64(offers[offer])
            program = packed >> shift
            if program == previous:
                return DUPLICATE_APPLICANT, program_ptr[program] + (packed & unranked), 0
            previous = program
            entry = slot[program]
            if entry >= first:
                entries[entry] = packed
                mutual += 1
            offer += 1
    return LINKED, 0, mutual


@kernel
def cross_positions(
    applicant_ptr: Int64s, entries: UInts, shift: int, places: Int32s, program_ptr: Int64s, positions: Int32s
) -> None:
    """Write for each entry of the programs' lists the place that the program has in the applicant's list.

    Parameters
    ----------
    applicant_ptr, entries, shift
        The applicants' lists as `link_lists` packed them.
    places : ndarray of int32, one for each entry of the applicants' lists
        The place of that entry, 0-based: for a member of a couple, the first pair that names the program.
    program_ptr : ndarray of int64
    positions : ndarray of int32, one for each entry of the programs' lists, out
        The largest int32 where the applicant does not list the program.
    """
    positions[:] = 2147483647
    unranked = (1 << shift) - 1
    for entry in range(applicant_ptr[-1]):
        packed = np.int64(entries[entry])
        rank = packed & unranked
        if rank != unranked:
            positions[program_ptr[packed >> shift] + rank] = places[entry]


@kernel
def score_ranks(lists: PackedLists, scored: ScoredLists) -> None:
    """Write packed lists with scores: 0 for whom a program ranks first, -1 for the next, -inf for the unranked.

    Parameters
    ----------
    lists : PackedLists
    scored : ScoredLists, out
        Written: `idx`, `score` and `owner`.
    """
    one = np.uint64(1)
    shift = np.uint64(4 * lists.entries.itemsize)  # half of the bits of an entry
    unranked = (one << shift) - one
    for applicant in range(lists.applicant_ptr.size - 1):
        for entry in range(np.uint64(lists.applicant_ptr[applicant]), np.uint64(lists.applicant_ptr[applicant + 1])):
            packed = np.uint64(lists.entries[entry])
            rank = packed & unranked
            scored.idx[entry] = packed >> shift
            scored.owner[entry] = applicant
            scored.score[entry] = -np.inf if rank == unranked else -np.float64(rank)


@kernel
def rank_by_score(ptr: Int64s, idx: Int32s, score: Float64s, upto: Int32s, program_ptr: Int64s, order: Int64s) -> None:
    """Write each program's rank order as entries of the applicants' lists, highest score first.

    Parameters
    ----------
    ptr, idx, score
        The applicants' lists with priorities, as `scored.deferred_acceptance.propose_scored` takes them.
    upto : ndarray of int32, shape (n_applicants,)
        How many of each applicant's entries count, from the top: the list's length for all.
    program_ptr : ndarray of int64, shape (n_programs + 1,), out
        Where each program's order begins in `order`.
    order : ndarray of int64, as many as finite scores within `upto`, or more, out
        Entries of `idx`, in each program's order; equal scores favour the lower applicant.
    """
    program_ptr[:] = 0
    n_programs = program_ptr.size - 1
    for applicant in range(ptr.size - 1):
        for entry in range(ptr[applicant], ptr[applicant] + upto[applicant]):
            if score[entry] != -np.inf:
                program_ptr[idx[entry] + 1] += 1
    for program in range(n_programs):
        program_ptr[program + 1] += program_ptr[program]
    for applicant in range(ptr.size - 1):
        for entry in range(ptr[applicant], ptr[applicant] + upto[applicant]):
            if score[entry] != -np.inf:
                program = idx[entry]
                order[program_ptr[program]] = entry
                program_ptr[program] += 1
    for program in range(n_programs - 1, -1, -1):  # filling moved each start to the next one's
        program_ptr[program + 1] = program_ptr[program]
    program_ptr[0] = 0
    for program in range(n_programs):
        _sort_by_score(order, program_ptr[program], program_ptr[program + 1], score)


@inner_kernel
def _sort_by_score(order: Int64s, first: int, end: int, score: Float64s) -> None:
    """Sort ``order[first:end]`` by falling score, then rising entry: insertion if short, heap if long."""
    size = end - first
    if size <= 24:
        for place in range(first + 1, end):
            entry = order[place]
            hole = place
            while hole > first and _comes_before(entry, order[hole - 1], score):
                order[hole] = order[hole - 1]
                hole -= 1
            order[hole] = entry
        return
    for parent in range(size // 2 - 1, -1, -1):
        _sift_down(order, first, size, parent, score)
    for last in range(size - 1, 0, -1):
        order[first], order[first + last] = order[first + last], order[first]
        _sift_down(order, first, last, 0, score)


@inner_kernel
def _sift_down(order: Int64s, first: int, size: int, parent: int, score: Float64s) -> None:
    entry = order[first + parent]
    child = 2 * parent + 1
    while child < size:
        if child + 1 < size and _comes_before(order[first + child], order[first + child + 1], score):
            child += 1
        if not _comes_before(entry, order[first + child], score):
            break
        order[first + parent] = order[first + child]
        parent = child
        child = 2 * parent + 1
    order[first + parent] = entry


@inner_kernel
def _comes_before(entry: int, other: int, score: Float64s) -> bool:
    return score[entry] > score[other] or (score[entry] == score[other] and entry < other)
