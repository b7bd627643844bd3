"""Deferred acceptance where programs hold rank orders: applicants propose, or programs do.

Belongs here: the two kernels on packed lists and rows of bits. Does not belong here: couples, scores.

Applicants propose in waves: all who are unplaced apply, and whoever is displaced applies in the next wave. The
order changes nothing (McVitie and Wilson 1971), but a wave lets a processor fetch one applicant's list while it
still waits for another's, which at a million applicants is most of the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching._held_seats import empty_rows, exchange
from carms_lib.matching._linked_lists import PackedLists, Seating

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s, Int64s

__all__ = ["applicants_go_on", "applicants_propose", "programs_propose"]


@kernel
def applicants_propose(lists: PackedLists, seating: Seating) -> int:
    """Let applicants propose, from empty seats, until all is settled.

    Parameters
    ----------
    lists : PackedLists
    seating : Seating, out

    Returns
    -------
    int
        Number of proposals, those to programs that do not rank the applicant among them.
    """
    empty_rows(lists, seating)
    n = seating.match.size
    for applicant in range(n):
        seating.position[applicant] = 0
        seating.waiting[applicant] = applicant
    return _propose_in_waves(lists, seating, n)


@kernel
def applicants_go_on(lists: PackedLists, seating: Seating, n_waiting: int) -> int:
    """Seat everybody where `match` and `position` say, and let the first `n_waiting` of `waiting` propose.

    Each of them proposes from its `position` on and holds no seat. The result is that of `applicants_propose`.
    """
    empty_rows(lists, seating)
    shift = np.int64(4 * lists.entries.itemsize)  # half of the bits of an entry
    for applicant in range(seating.match.size):
        program = np.int64(seating.match[applicant])
        if program >= 0:
            packed = np.int64(lists.entries[lists.applicant_ptr[applicant] + seating.position[applicant]])
            rank = packed & ((1 << shift) - 1)
            seating.worst[program] = exchange(
                seating.words, lists.row_ptr[program], np.int64(seating.worst[program]), rank
            )
    return _propose_in_waves(lists, seating, n_waiting)


@inner_kernel
def _propose_in_waves(lists: PackedLists, seating: Seating, n_waiting: int) -> int:
    proposals = 0
    shift = np.int64(4 * lists.entries.itemsize)
    unranked = (1 << shift) - 1
    while n_waiting > 0:
        n_displaced = 0
        for turn in range(n_waiting):
            applicant = seating.waiting[turn]
            start = lists.applicant_ptr[applicant]
            first = start + seating.position[applicant]
            end = lists.applicant_ptr[applicant + 1]
            entry = first
            program = np.int64(0)
            rank = np.int64(0)
            while entry < end:
                packed = np.int64(lists.entries[entry])
                program = packed >> shift
                rank = packed & unranked
                if rank < seating.worst[program]:
                    break
                entry += 1
            proposals += entry - first
            seating.position[applicant] = entry - start
            if entry == end:
                seating.match[applicant] = -1
                continue
            proposals += 1
            seating.match[applicant] = program
            loser = np.int64(seating.worst[program])
            seating.worst[program] = exchange(seating.words, lists.row_ptr[program], loser, rank)
            place = lists.program_ptr[program] + loser
            if place < lists.program_ptr[program + 1]:  # else an empty seat was taken
                displaced = lists.program_idx[place]
                seating.position[displaced] += 1
                seating.waiting[n_displaced] = displaced
                n_displaced += 1
        n_waiting = n_displaced
    return proposals


@kernel
def programs_propose(
    lists: PackedLists, program_pos: Int32s, seating: Seating, vacancies: Int32s, next_offer: Int64s, stack: Int32s
) -> int:
    """Let programs offer their seats down their lists; applicants keep the best offer.

    Parameters
    ----------
    lists : PackedLists
    program_pos : ndarray of int32
        Place of the program in that applicant's list; the largest int32 where it is not listed.
    seating : Seating, in and out
        To begin with, `match` is -1 and `position` the list's length.
    vacancies, stack : ndarrays of int32, shape (n_programs,), work
    next_offer : ndarray of int64, shape (n_programs,), work

    Returns
    -------
    int
        Number of offers, those to applicants who do not list the program among them.
    """
    match, position = seating.match, seating.position
    offers = 0
    n_stack = 0
    for program in range(lists.seats.size - 1, -1, -1):
        vacancies[program] = lists.seats[program]
        next_offer[program] = lists.program_ptr[program]
        stack[n_stack] = program
        n_stack += 1
    while n_stack > 0:
        n_stack -= 1
        program = stack[n_stack]
        entry = next_offer[program]
        end = lists.program_ptr[program + 1]
        while vacancies[program] > 0 and entry < end:
            offers += 1
            applicant = lists.program_idx[entry]
            place = program_pos[entry]
            entry += 1
            if place >= position[applicant]:
                continue
            left = match[applicant]
            if left >= 0:
                if vacancies[left] == 0:  # it had come to rest: its list goes on
                    stack[n_stack] = left
                    n_stack += 1
                vacancies[left] += 1
            match[applicant] = program
            position[applicant] = place
            vacancies[program] -= 1
        next_offer[program] = entry
    return offers
