"""What the kernels on rank orders take: packed lists of both sides, and who sits where while one side proposes.

Belongs here: the two sets of arrays. Does not belong here: how lists are packed (`_linking`), what else is known of
them (`_linked_lists`), and how rows of held seats are laid out (`_held_seats`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s, Int64s, UInt64s, UInts

__all__ = ["PackedLists", "Seating", "new_seating"]


class PackedLists(NamedTuple):
    """Linked lists; n applicants, P programs. An entry's lower half is the program's rank, the upper the program."""

    applicant_ptr: Int64s  # [n + 1]
    entries: UInts  # applicants' lists; see `_linking`
    program_ptr: Int64s  # [P + 1]
    program_idx: Int32s  # programs' rank orders
    seats: Int32s  # [P]: no more than there are applicants in the program's list
    row_ptr: Int64s  # [P + 1]: where each program's row of held seats begins


class Seating(NamedTuple):
    """Who sits where while applicants or programs propose."""

    match: Int32s  # [n]: program of each applicant, -1 when unmatched
    position: Int32s  # [n]: place in the own list, its length when unmatched
    words: UInt64s  # rows of held seats
    worst: Int32s  # [P]: the worst rank that holds a seat
    waiting: Int32s  # [n]: applicants who propose next


def new_seating(lists: PackedLists) -> Seating:
    """Return room for an outcome on these lists; nobody is matched."""
    n = lists.applicant_ptr.size - 1
    return Seating(
        match=np.full(n, -1, np.int32),
        position=np.zeros(n, np.int32),
        words=np.empty(int(lists.row_ptr[-1]), np.uint64),
        worst=np.empty(lists.seats.size, np.int32),
        waiting=np.empty(n, np.int32),
    )
