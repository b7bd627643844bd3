"""Couples as arrays: who they are, the pairs of programs they rank, and what that makes of each member's list.

Belongs here: the arrays and their checks. Does not belong here: how couples are matched (`scored`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ProblemError
from carms_lib.matching._checks import check_indices, check_pointer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from carms_lib.kernels.arrays import Bools, Int32s, Int64s

__all__ = ["NO_MATCH", "CoupleLists"]

NO_MATCH = -1


@dataclass(frozen=True, slots=True, eq=False)
class CoupleLists:
    """Couples and their ranked pairs of programs.

    Parameters
    ----------
    members : ndarray of int32, shape (n_couples, 2)
        Applicant indices of the first and second member.
    pair_ptr : ndarray of int64, shape (n_couples + 1,)
        Where each couple's pairs begin.
    pairs : ndarray of int32, shape (n_pairs, 2)
        Programs of the first and second member, best pair first; -1 is "no match".
    """

    members: Int32s
    pair_ptr: Int64s
    pairs: Int32s

    def __len__(self) -> int:
        return int(self.members.shape[0])

    @classmethod
    def none(cls) -> CoupleLists:
        """Return the couples of a market that has none."""
        return cls(np.zeros((0, 2), np.int32), np.zeros(1, np.int64), np.zeros((0, 2), np.int32))

    @classmethod
    def checked(
        cls,
        members: ArrayLike,
        pair_ptr: ArrayLike,
        pairs: ArrayLike,
        applicants: Sequence[Any],
        programs: Sequence[Any],
    ) -> CoupleLists:
        """Return the couples, or raise ProblemError for whatever is not allowed of them."""
        who = _two_columns("couple_members", members, "one row (first, second) for each couple")
        what = _two_columns("couple_pairs", pairs, "one row (first's program, second's program) for each pair")
        flat = check_indices("couple_members", who.ravel(), len(applicants), "applicant").reshape(-1, 2)
        options = check_indices("couple_pairs", what.ravel(), len(programs), "program", least=-1).reshape(-1, 2)
        pointer = check_pointer("couple_ptr", pair_ptr, len(options))
        if pointer.size != len(flat) + 1:
            msg = f"couple_ptr has {pointer.size} values; {len(flat) + 1} are needed for {len(flat)} couples."
            raise ProblemError(msg)
        couples = cls(flat, pointer, options)
        couples._check_members(applicants)
        couples._check_pairs(applicants, programs)
        return couples

    def couple_of_pair(self) -> Int64s:
        """Return the couple of each pair."""
        return np.repeat(np.arange(len(self)), np.diff(self.pair_ptr))

    def _check_members(self, applicants: Sequence[Any]) -> None:
        same = self.members[:, 0] == self.members[:, 1]
        if same.any():
            name = applicants[int(self.members[int(same.argmax()), 0])]
            msg = f"couples: {name!r} is both members of one couple; a couple needs two applicants."
            raise ProblemError(msg)
        count = np.bincount(self.members.ravel(), minlength=1)
        if count.max(initial=0) > 1:
            name = applicants[int(count.argmax())]
            msg = f"couples: {name!r} is in {int(count.max())} couples; an applicant may be in one."
            raise ProblemError(msg)

    def _check_pairs(self, applicants: Sequence[Any], programs: Sequence[Any]) -> None:
        couple = self.couple_of_pair()
        nobody = (self.pairs == NO_MATCH).all(axis=1)
        if nobody.any():
            at = int(couple[int(nobody.argmax())])
            msg = (
                f"couples: {self.name(at, applicants)} ranks (no match, no match). That is what happens when no "
                "pair can be had; leave it out, together with any pair below it."
            )
            raise ProblemError(msg)
        size = len(programs) + 1
        key = (couple * size + self.pairs[:, 0] + 1) * size + self.pairs[:, 1] + 1
        _, first = np.unique(key, return_index=True)
        if first.size < key.size:
            again = np.ones(key.size, bool)
            again[first] = False
            at = int(again.argmax())
            names = tuple(None if p == NO_MATCH else programs[int(p)] for p in self.pairs[at])
            msg = f"couples: {self.name(int(couple[at]), applicants)} ranks the pair {names!r} twice."
            raise ProblemError(msg)

    def name(self, couple: int, applicants: Sequence[Any]) -> str:
        """Return the couple as ``('a', 'b')``."""
        first, second = self.members[couple]
        return f"({applicants[int(first)]!r}, {applicants[int(second)]!r})"

    def keep(self, wanted: Bools) -> CoupleLists:
        """Return the couples with only those pairs for which `wanted` is true."""
        count = np.bincount(self.couple_of_pair()[wanted], minlength=len(self))
        return CoupleLists(self.members, np.concatenate(([0], np.cumsum(count))), self.pairs[wanted])

    def member_lists(self) -> tuple[Int64s, Int32s, Int32s, Int32s]:
        """Return each member's own list: the programs of its side, in the order in which pairs name them first.

        Returns
        -------
        tuple of ndarrays
            Applicant, program and place of each entry, sorted by applicant and place, where the place is that
            of the first pair that names the program; then for each pair and side the entry, -1 for no match.
        """
        couple = self.couple_of_pair()
        place = np.arange(len(self.pairs)) - self.pair_ptr[couple]
        applicant = self.members[couple].astype(np.int64).ravel()
        program = self.pairs.ravel()
        place = np.repeat(place, 2)
        named = program != NO_MATCH
        key = applicant * (int(program.max(initial=0)) + 1) + program
        order = np.lexsort((place, applicant))
        order = order[named[order]]
        _, first, inverse = np.unique(key[order], return_index=True, return_inverse=True)
        kept = np.sort(first)  # entries in the order of applicant and place
        number = np.empty(first.size, np.int64)
        number[np.argsort(first)] = np.arange(first.size)
        entry = np.full(program.size, -1, np.int32)
        entry[order] = number[inverse]
        chosen = order[kept]
        return applicant[chosen], program[chosen], place[chosen].astype(np.int32), entry.reshape(-1, 2)


def _two_columns(argument: str, values: ArrayLike, meaning: str) -> Any:
    array = np.asarray(values)
    if array.size == 0:
        return array.reshape(0, 2).astype(np.int64)
    if array.ndim != 2 or array.shape[1] != 2:
        msg = f"{argument} has shape {array.shape}; two columns are needed, {meaning}."
        raise ProblemError(msg)
    return array
