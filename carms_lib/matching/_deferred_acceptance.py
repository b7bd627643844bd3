"""Deferred acceptance where programs hold rank orders: applicants propose, or programs do.

Belongs here: the two kernels on packed lists and rows of bits. Does not belong here: couples, scores.

Applicants propose in waves: all who are unplaced apply, and whoever is displaced applies in the next wave. The
order changes nothing (McVitie and Wilson 1971), but a wave lets a processor fetch one applicant's list while it
still waits for another's, which at a million applicants is most of the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.kernels.jit import kernel
from carms_lib.matching._held_seats import exchange

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s, Int64s, UInt64s, UInts

__all__ = ["applicants_propose", "programs_propose"]


@kernel
def applicants_propose(
    ptr: Int64s,
    entries: UInts,
    shift: int,
    program_ptr: Int64s,
    program_idx: Int32s,
    row_ptr: Int64s,
    words: UInt64s,
    worst: Int32s,
    match: Int32s,
    position: Int32s,
    wave: Int32s,
    n_wave: int,
) -> int:
    """Let the first `n_wave` applicants of `wave` propose, each from its `position` on, until all is settled.

    Parameters
    ----------
    ptr, entries, shift
        The applicants' lists, packed.
    program_ptr, program_idx
        The programs' rank orders.
    row_ptr, words, worst
        The rows of held seats, as `carms_lib.matching._held_seats` lays them out; they hold the result's seats.
    match, position : ndarrays of int32, shape (n_applicants,), in and out
        Program, or -1; place in the own list, 0-based, or its length.
    wave : ndarray of int32, shape (n_applicants,), in and work
        Applicants without a seat who propose.
    n_wave : int

    Returns
    -------
    int
        Number of proposals, those to programs that do not rank the applicant among them.
    """
    proposals = 0
    unranked = (1 << shift) - 1
    while n_wave > 0:
        n_displaced = 0
        for turn in range(n_wave):
            applicant = wave[turn]
            start = ptr[applicant]
            first = start + position[applicant]
            end = ptr[applicant + 1]
            entry = first
            program = np.int64(0)
            rank = np.int64(0)
            while entry < end:
                packed = np.int64(entries[entry])
                program = packed >> shift
                rank = packed & unranked
                if rank < worst[program]:
                    break
                entry += 1
            proposals += entry - first
            position[applicant] = entry - start
            if entry == end:
                match[applicant] = -1
                continue
            proposals += 1
            match[applicant] = program
            loser = np.int64(worst[program])
            worst[program] = exchange(words, row_ptr[program], loser, rank)
            place = program_ptr[program] + loser
            if place < program_ptr[program + 1]:  # else an empty seat was taken
                displaced = program_idx[place]
                position[displaced] += 1
                wave[n_displaced] = displaced
                n_displaced += 1
        n_wave = n_displaced
    return proposals


@kernel
def programs_propose(
    program_ptr: Int64s,
    program_idx: Int32s,
    program_pos: Int32s,
    seats: Int32s,
    match: Int32s,
    position: Int32s,
    vacancies: Int32s,
    next_offer: Int64s,
    stack: Int32s,
) -> int:
    """Let programs offer their seats down their lists; applicants keep the best offer.

    Parameters
    ----------
    program_ptr, program_idx
        The programs' rank orders.
    program_pos : ndarray of int32
        Place of the program in that applicant's list; the largest int32 where it is not listed.
    seats : ndarray of int32, shape (n_programs,)
    match, position : ndarrays of int32, shape (n_applicants,), in and out
        -1 and the list's length to begin with.
    vacancies, stack : ndarrays of int32, shape (n_programs,), work
    next_offer : ndarray of int64, shape (n_programs,), work

    Returns
    -------
    int
        Number of offers, those to applicants who do not list the program among them.
    """
    offers = 0
    n_stack = 0
    for program in range(seats.size - 1, -1, -1):
        vacancies[program] = seats[program]
        next_offer[program] = program_ptr[program]
        stack[n_stack] = program
        n_stack += 1
    while n_stack > 0:
        n_stack -= 1
        program = stack[n_stack]
        entry = next_offer[program]
        end = program_ptr[program + 1]
        while vacancies[program] > 0 and entry < end:
            offers += 1
            applicant = program_idx[entry]
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
