"""Both sides' lists as the kernels want them: packed entries, rank orders, and rows for the held seats.

Belongs here: the arrays of a problem after linking, and the work arrays of one run. Does not belong here: names
and policies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s, Int64s, UInt64s, UInts

__all__ = ["NOT_LISTED", "LinkedLists", "PackedLists", "Seating", "entry_type", "new_seating"]

NOT_LISTED = 2**31 - 1


def entry_type(n_programs: int, program_ptr: Int64s) -> tuple[type, int]:
    """Return the integer type and shift of packed entries: four bytes where programs and ranks fit, else eight."""
    longest = int((program_ptr[1:] - program_ptr[:-1]).max(initial=0))
    # A row holds a bit for each rank and at most as many seats; all ones is kept for "not ranked".
    narrow = n_programs <= 2**16 and 2 * longest < 2**16 - 1
    return (np.uint32, 16) if narrow else (np.uint64, 32)


class PackedLists(NamedTuple):
    """Linked lists as the kernels take them; see `LinkedLists`."""

    applicant_ptr: Int64s
    entries: UInts
    program_ptr: Int64s
    program_idx: Int32s
    seats: Int32s
    row_ptr: Int64s  # [P + 1]: where each program's row of held seats begins


@dataclass(frozen=True, eq=False)
class LinkedLists:
    """Linked lists of both sides.

    Parameters
    ----------
    applicant_ptr, entries, shift
        Applicants' lists: each entry is ``program << shift | rank``.
    places : ndarray of int32
        Place of each entry in the applicant's list, 0-based; for a member of a couple that of the first pair
        which names the program.
    program_ptr, program_idx
        Programs' rank orders.
    seats : ndarray of int32, shape (n_programs,)
        Positions, no more than there are applicants in the program's list: the rest can never be filled.
    """

    applicant_ptr: Int64s
    entries: UInts
    shift: int
    places: Int32s | None
    program_ptr: Int64s
    program_idx: Int32s
    seats: Int32s

    @property
    def n_applicants(self) -> int:
        return self.applicant_ptr.size - 1

    @property
    def n_programs(self) -> int:
        return self.seats.size

    @property
    def unranked(self) -> int:
        """The rank that means "not ranked"."""
        return (1 << self.shift) - 1

    @cached_property
    def lengths(self) -> Int32s:
        """Length of each applicant's list, in entries."""
        return (self.applicant_ptr[1:] - self.applicant_ptr[:-1]).astype(np.int32)

    @cached_property
    def ranks(self) -> Int64s:
        """The program's rank of the applicant at each entry, 0-based; `unranked` where there is none."""
        return self.entries.astype(np.int64) & self.unranked

    def ranks_at(self, entries: Int64s) -> Int64s:
        """Return the programs' ranks at some entries of the applicants' lists."""
        return self.entries[entries].astype(np.int64) & self.unranked

    @cached_property
    def applicant_of_entry(self) -> Int64s:
        """Applicant of each entry of the applicants' lists."""
        return np.repeat(np.arange(self.n_applicants), self.lengths)

    @cached_property
    def entry_places(self) -> Int32s:
        """Place of each entry in its applicant's list, 0-based."""
        if self.places is not None:
            return self.places
        return (np.arange(self.entries.size) - self.applicant_ptr[self.applicant_of_entry]).astype(np.int32)

    @cached_property
    def program_pos(self) -> Int32s:
        """Place of the program in the list of each applicant it ranks; NOT_LISTED where it is not there."""
        from carms_lib.matching._linking import cross_positions  # noqa: PLC0415 - numba loads at the first solve

        positions = np.empty(self.program_idx.size, np.int32)
        cross_positions(self.applicant_ptr, self.entries, self.shift, self.entry_places, self.program_ptr, positions)
        return positions

    @cached_property
    def row_ptr(self) -> Int64s:
        """First word of each program's row of held seats."""
        bits = self.program_ptr[1:] - self.program_ptr[:-1] + self.seats
        pointer = np.zeros(self.n_programs + 1, np.int64)
        np.cumsum((bits + 63) >> 6, out=pointer[1:])
        return pointer

    @cached_property
    def packed(self) -> PackedLists:
        """The arrays for the kernels."""
        return PackedLists(
            applicant_ptr=self.applicant_ptr,
            entries=self.entries,
            program_ptr=self.program_ptr,
            program_idx=self.program_idx,
            seats=self.seats,
            row_ptr=self.row_ptr,
        )


class Seating(NamedTuple):
    """Who sits where while applicants or programs propose."""

    match: Int32s  # [n]: program of each applicant, -1 when unmatched
    position: Int32s  # [n]: place in the own list, its length when unmatched
    words: UInt64s  # rows of held seats, as `_held_seats` lays them out
    worst: Int32s  # [P]: the worst rank that holds a seat
    waiting: Int32s  # [n]: applicants who propose next


def new_seating(lists: LinkedLists) -> Seating:
    """Return room for the outcome on these lists."""
    return Seating(
        match=np.full(lists.n_applicants, -1, np.int32),
        position=np.zeros(lists.n_applicants, np.int32),
        words=np.empty(int(lists.row_ptr[-1]), np.uint64),
        worst=np.empty(lists.n_programs, np.int32),
        waiting=np.empty(lists.n_applicants, np.int32),
    )
