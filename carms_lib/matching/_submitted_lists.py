"""From checked arrays to linked lists: couples' own lists, both sides' ranks, and what only one side lists.

Belongs here: what a constructor hands over, and the steps that make lists of it. Does not belong here: names
turned into numbers (`_from_lists`, `_from_frames`, `_from_scores`), kernels (`_linking`).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import DroppedWarning, ProblemError
from carms_lib.matching._checks import shown
from carms_lib.matching._linked_lists import NOT_LISTED, LinkedLists, entry_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carms_lib.kernels.arrays import Bools, Float64s, Int32s, Int64s
    from carms_lib.matching._couple_lists import CoupleLists

__all__ = ["ONE_SIDED", "SubmittedLists", "couple_of", "expand_couples", "settle"]

ONE_SIDED = ("drop", "keep", "refuse")


@dataclass(frozen=True, slots=True, eq=False)
class SubmittedLists:
    """Names and checked arrays of a problem.

    Parameters
    ----------
    applicants, programs : sequence
    applicant_ptr, applicant_idx : ndarrays of int64 and int32
        Applicants' lists; members of couples have theirs after `expand_couples`.
    quotas : ndarray of int32
    program_ptr, program_idx : ndarrays of int64 and int32, optional
        Programs' rank orders; empty where programs rank by score.
    scores : ndarray of float64 or callable, optional
        A score for each entry of the applicants' lists, or of (applicant, program).
    couples : CoupleLists, optional
    places : ndarray of int32, optional
        Place of each entry in its list; None where that is simply its number (no couples).
    pair_entry : ndarray of int32, shape (n_pairs, 2), optional
        Entry of each pair's two parts in the members' lists; -1 for no match.
    """

    applicants: Sequence[Any]
    programs: Sequence[Any]
    applicant_ptr: Int64s
    applicant_idx: Int32s
    quotas: Int32s
    program_ptr: Int64s
    program_idx: Int32s
    scores: Float64s | Callable[[int, int], float] | None = None
    couples: CoupleLists | None = None
    places: Int32s | None = None
    pair_entry: Int32s | None = None

    @property
    def owner(self) -> Int64s:
        """Applicant of each entry of the applicants' lists."""
        return np.repeat(np.arange(len(self.applicants)), self.applicant_ptr[1:] - self.applicant_ptr[:-1])

    @property
    def program_owner(self) -> Int64s:
        """Program of each entry of the programs' lists."""
        return np.repeat(np.arange(len(self.programs)), self.program_ptr[1:] - self.program_ptr[:-1])


def couple_of(parts: SubmittedLists) -> Int32s:
    """Return the couple of each applicant; -1 for singles."""
    couple = np.full(len(parts.applicants), -1, np.int32)
    if parts.couples is not None:
        couple[parts.couples.members] = np.arange(len(parts.couples), dtype=np.int32)[:, None]
    return couple


def expand_couples(parts: SubmittedLists) -> SubmittedLists:
    """Give each member of a couple the list that its side of the pairs makes.

    Raises
    ------
    ProblemError
        A member has a list of its own.
    """
    couples = parts.couples
    if couples is None or not len(couples):
        return parts
    own = parts.owner
    rival = couple_of(parts)[own] >= 0
    if rival.any():
        name = parts.applicants[int(own[int(rival.argmax())])]
        msg = f"{name!r} is in a couple and has a list of its own. Rank pairs for the couple, and only there."
        raise ProblemError(msg)
    applicant, program, place, entry = couples.member_lists()
    everyone = np.concatenate((own, applicant))
    order = np.argsort(everyone, kind="stable")
    moved_to = np.empty(order.size + 1, np.int32)
    moved_to[order] = np.arange(order.size, dtype=np.int32)
    moved_to[-1] = -1  # an entry of -1, no match, stays so
    places = np.concatenate((np.arange(own.size) - parts.applicant_ptr[own], place)).astype(np.int32)
    return replace(
        parts,
        applicant_ptr=_pointer(everyone, len(parts.applicants)),
        applicant_idx=np.concatenate((parts.applicant_idx, program))[order].astype(np.int32),
        places=places[order],
        pair_entry=moved_to[np.where(entry < 0, -1, own.size + entry)],
    )


def link(parts: SubmittedLists) -> tuple[LinkedLists, int]:
    """Link both sides' lists; return them and the number of mutual entries.

    Raises
    ------
    ProblemError
        A list names the same twice.
    """
    from carms_lib.matching import _linking  # noqa: PLC0415 - numba loads with the first problem

    dtype, shift = entry_type(len(parts.programs), parts.program_ptr)
    entries: np.ndarray = np.empty(parts.applicant_idx.size, dtype)
    code, where, mutual = _linking.link_lists(
        parts.applicant_ptr,
        parts.applicant_idx,
        parts.program_ptr,
        parts.program_idx,
        shift,
        entries,
        np.empty(parts.program_idx.size, dtype),
        np.empty(len(parts.applicants) + 1, np.int64),
        np.empty(len(parts.programs), np.int64),
    )
    if code == _linking.DUPLICATE_PROGRAM:
        applicant, program = int(parts.owner[where]), int(parts.applicant_idx[where])
        msg = (
            f"Applicant {parts.applicants[applicant]!r} ranks program {parts.programs[program]!r} twice. "
            "Each program may be listed once."
        )
        raise ProblemError(msg)
    if code == _linking.DUPLICATE_APPLICANT:
        program, applicant = int(parts.program_owner[where]), int(parts.program_idx[where])
        msg = (
            f"Program {parts.programs[program]!r} ranks applicant {parts.applicants[applicant]!r} twice. "
            "Each applicant may be listed once."
        )
        raise ProblemError(msg)
    length = parts.program_ptr[1:] - parts.program_ptr[:-1]
    lists = LinkedLists(
        applicant_ptr=parts.applicant_ptr,
        entries=entries,
        shift=shift,
        places=parts.places,
        program_ptr=parts.program_ptr,
        program_idx=parts.program_idx,
        seats=np.minimum(parts.quotas, length).astype(np.int32),
    )
    return lists, mutual


def settle(parts: SubmittedLists, one_sided: str) -> tuple[SubmittedLists, LinkedLists]:
    """Link the lists and do what `one_sided` asks with entries that only one side lists.

    Raises
    ------
    ProblemError
        There are such entries and `one_sided` is "refuse".

    Warns
    -----
    DroppedWarning
        Some were left out because `one_sided` is "drop".
    """
    lists, mutual = link(parts)
    if one_sided == "keep" or mutual == parts.applicant_idx.size == parts.program_idx.size:
        return parts, lists
    listed_only = lists.ranks == lists.unranked
    message = _describe(parts, listed_only, lists.program_pos == NOT_LISTED)
    if one_sided == "refuse":
        msg = f"{message}. Mend the lists, or give one_sided='drop' or 'keep'."
        raise ProblemError(msg)
    warnings.warn(f"{message}. They can never match and were left out.", DroppedWarning, stacklevel=4)
    parts = _without_listed_only(parts, listed_only)
    lists, _ = link(parts)
    kept = lists.program_pos != NOT_LISTED
    parts = replace(
        parts,
        program_ptr=_pointer(parts.program_owner[kept], len(parts.programs)),
        program_idx=parts.program_idx[kept],
    )
    return parts, link(parts)[0]


def _without_listed_only(parts: SubmittedLists, listed_only: Bools) -> SubmittedLists:
    """Leave out singles' one-sided entries, and couples' pairs of which one part is one-sided."""
    couples = parts.couples
    if couples is not None and parts.pair_entry is not None:
        one_sided: Bools = np.append(listed_only, False)[parts.pair_entry]
        couples = couples.keep(np.logical_not(np.logical_or.reduce(one_sided, axis=1)))
    owner = parts.owner
    wanted = ~listed_only & (couple_of(parts)[owner] < 0)
    return expand_couples(
        replace(
            parts,
            applicant_ptr=_pointer(owner[wanted], len(parts.applicants)),
            applicant_idx=parts.applicant_idx[wanted],
            couples=couples,
            places=None,
            pair_entry=None,
        )
    )


def _describe(parts: SubmittedLists, listed_only: Bools, ranked_only: Bools) -> str:
    sides = []
    for side, mask, owner, owners, target, targets in (
        ("applicants", listed_only, parts.owner, parts.applicants, parts.applicant_idx, parts.programs),
        ("programs", ranked_only, parts.program_owner, parts.programs, parts.program_idx, parts.applicants),
    ):
        entries = np.flatnonzero(mask)
        if entries.size:
            names = [f"{owners[int(owner[e])]!r} -> {targets[int(target[e])]!r}" for e in entries[:5]]
            more = ", …" if entries.size > 5 else ""
            sides.append(f"{entries.size} of {side} ({shown(names)}{more})")
    total = int(listed_only.sum() + ranked_only.sum())
    return f"{total} entries are in the list of one side only: {', '.join(sides)}"


def _pointer(owner: Int64s, n_lists: int) -> Int64s:
    """Return the CSR pointer of lists from the owner of each entry."""
    return np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=n_lists)))).astype(np.int64)
