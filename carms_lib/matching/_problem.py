"""The matching problem: who ranks whom, how many positions there are, and who are couples.

Belongs here: the problem as a value and its constructors' signatures. Does not belong here: how names become
indices (`_from_lists`, `_from_frames`, `_from_scores`), how lists are linked (`_submitted_lists`), solving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ProblemError, UnknownNameError
from carms_lib.matching._checks import check_choice, check_indices, check_pointer, check_quotas
from carms_lib.matching._couple_lists import CoupleLists
from carms_lib.matching._linked_lists import NOT_LISTED, LinkedLists
from carms_lib.matching._submitted_lists import ONE_SIDED, SubmittedLists, couple_of, expand_couples, settle

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Hashable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from carms_lib.kernels.arrays import Float64s, Int32s, Int64s
    from carms_lib.matching.scored.lists import ScoredLists

__all__ = ["MatchingProblem"]


class MatchingProblem:
    """A match to be solved: two sides' lists, quotas, and perhaps couples.

    Build it with `from_lists`, `from_frames`, `from_csv`, `from_arrays`, `from_scores` or `from_choices`. All of
    them check like a referee, and none repairs silently.

    Attributes
    ----------
    applicants, programs : sequence
        Names, in the order that decides every tie; numbers from 0 where arrays were given.
    quotas : ndarray of int32, shape (n_programs,)
        Positions of each program.
    couples : CoupleLists or None
        Couples and their ranked pairs.

    Raises
    ------
    ProblemError
        The input contradicts itself: something ranked twice, a negative quota, a member of two couples, ….
    UnknownNameError
        A list names what is not there.
    """

    def __init__(self, parts: SubmittedLists, *, one_sided: str = "drop") -> None:
        check_choice("one_sided", one_sided, ONE_SIDED)
        self._parts = expand_couples(parts)
        if parts.scores is None:
            self._parts, lists = settle(self._parts, one_sided)
            self.__dict__["lists"] = lists  # fills the cached property: nothing is left to be made

    @classmethod
    def from_lists(
        cls,
        applicants: Mapping[Hashable, Sequence[Any]],
        programs: Mapping[Hashable, Sequence[Any]],
        quotas: Mapping[Hashable, int],
        *,
        couples: Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]] | None = None,
        partners: Mapping[Any, Any] | None = None,
        one_sided: str = "drop",
        ties: str = "refuse",
        rng: int | np.random.Generator | None = None,
    ) -> MatchingProblem:
        """Build a problem from dicts of lists, best first.

        Parameters
        ----------
        applicants : mapping of name to sequence of program names
            Each single applicant's list; a list may be empty.
        programs : mapping of name to sequence of applicant names
            Each program's rank order, in which couples appear as two individuals.
        quotas : mapping of program name to int
            Positions of every program.
        couples : mapping of (name, name) to sequence of (program, program), optional
            Ranked pairs; None in a pair is "no match" for that member. Members must not be in `applicants`.
        partners : mapping of name to name, optional
            The other form of couples: both members are in `applicants`, with lists of one length that are read
            side by side, None meaning "no match". Give each couple once or both ways round.
        one_sided : {"drop", "keep", "refuse"}, default "drop"
            What to do with an entry that only one side lists. It can never match. "drop" leaves it out, with a
            DroppedWarning that counts, and ranks are counted without it; "keep" leaves lists as they are;
            "refuse" raises.
        ties : {"refuse", "first_given", "lottery"}, default "refuse"
            A list within a list is a group of equals. "first_given" prefers who comes first in `applicants`
            (then `couples`) or `programs`; "lottery" draws with `rng`.
        rng : int or numpy.random.Generator, optional
            For ties="lottery" only.

        Returns
        -------
        MatchingProblem

        Examples
        --------
        >>> problem = MatchingProblem.from_lists(
        ...     applicants={"ana": ["p", "q"], "ben": ["q"]},
        ...     programs={"p": ["ana"], "q": ["ben", "ana"]},
        ...     quotas={"p": 1, "q": 1},
        ... )
        >>> problem
        MatchingProblem(2 applicants, 2 programs, 2 positions)
        """
        from carms_lib.matching._from_lists import parts_from_lists  # noqa: PLC0415 - one reader at a time

        parts = parts_from_lists(applicants, programs, quotas, couples, partners, ties, rng)
        return cls(parts, one_sided=one_sided)

    @classmethod
    def from_frames(
        cls,
        applicants: pd.DataFrame,
        programs: pd.DataFrame,
        quotas: pd.DataFrame,
        *,
        partners: pd.DataFrame | None = None,
        one_sided: str = "drop",
        ties: str = "refuse",
        rng: int | np.random.Generator | None = None,
    ) -> MatchingProblem:
        """Build a problem from long tables, one row per ranked choice.

        Parameters
        ----------
        applicants : DataFrame
            Columns applicant, rank, program. Ranks are whole numbers from 1; only their order counts. A row
            without program and rank gives an applicant with an empty list.
        programs : DataFrame
            Columns program, rank, applicant.
        quotas : DataFrame
            Columns program, quota: every program once.
        partners : DataFrame, optional
            Columns applicant, partner. Couples' rows in `applicants` are read side by side: both members need
            the same ranks, and a missing program is "no match".
        one_sided, ties, rng
            As in `from_lists`; equal ranks in one list are a tie.

        Returns
        -------
        MatchingProblem
        """
        from carms_lib.matching._from_frames import parts_from_frames  # noqa: PLC0415 - pandas is needed only here

        parts = parts_from_frames(applicants, programs, quotas, partners, ties, rng)
        return cls(parts, one_sided=one_sided)

    @classmethod
    def from_csv(
        cls,
        applicants: str | os.PathLike[str],
        programs: str | os.PathLike[str],
        quotas: str | os.PathLike[str],
        *,
        partners: str | os.PathLike[str] | None = None,
        one_sided: str = "drop",
        ties: str = "refuse",
        rng: int | np.random.Generator | None = None,
    ) -> MatchingProblem:
        """Build a problem from CSV files with the columns that `from_frames` takes. Names are read as text.

        Parameters
        ----------
        applicants, programs, quotas, partners : str or path
            The files; see `from_frames` for their columns. `partners` is needed only where there are couples.
        one_sided, ties, rng
            As in `from_frames`.

        Returns
        -------
        MatchingProblem

        Raises
        ------
        SourceNotFoundError, CorruptSourceError
            A file is not there, or is no CSV file.
        """
        from carms_lib.matching._from_frames import parts_from_csv  # noqa: PLC0415 - pandas is needed only here

        parts = parts_from_csv(applicants, programs, quotas, partners, ties, rng)
        return cls(parts, one_sided=one_sided)

    @classmethod
    def from_arrays(
        cls,
        applicant_ptr: ArrayLike,
        applicant_idx: ArrayLike,
        program_ptr: ArrayLike,
        program_idx: ArrayLike,
        quotas: ArrayLike,
        *,
        couples: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
        one_sided: str = "drop",
    ) -> MatchingProblem:
        """Build a problem from lists in CSR form: 0-based integer arrays.

        Parameters
        ----------
        applicant_ptr : array of int, shape (n_applicants + 1,)
            Applicant `a` ranks ``applicant_idx[applicant_ptr[a]:applicant_ptr[a + 1]]``, best first.
        applicant_idx : array of int
            Programs, 0-based.
        program_ptr, program_idx : arrays of int
            The same for programs' rank orders of applicants.
        quotas : array of int, shape (n_programs,)
            Positions.
        couples : tuple of (members, pair_ptr, pairs), optional
            Applicants of each couple, shape (n_couples, 2), whose own lists must be empty; where each couple's
            pairs begin; programs of each pair, shape (n_pairs, 2), with -1 for "no match".
        one_sided
            As in `from_lists`.

        Returns
        -------
        MatchingProblem
        """
        n_applicants, n_programs = max(np.size(applicant_ptr) - 1, 0), np.size(quotas)
        applicants, programs = range(n_applicants), range(n_programs)
        parts = SubmittedLists(
            applicants,
            programs,
            check_pointer("applicant_ptr", applicant_ptr, np.size(applicant_idx)),
            check_indices("applicant_idx", applicant_idx, n_programs, "program"),
            check_quotas(quotas, programs),
            check_pointer("program_ptr", program_ptr, np.size(program_idx)),
            check_indices("program_idx", program_idx, n_applicants, "applicant"),
            couples=None if couples is None else CoupleLists.checked(*couples, applicants, programs),
        )
        if parts.program_ptr is not None and parts.program_ptr.size != n_programs + 1:
            msg = (
                f"program_ptr describes {parts.program_ptr.size - 1} lists and quotas has {n_programs} values; "
                "there must be one of each for every program."
            )
            raise ProblemError(msg)
        return cls(parts, one_sided=one_sided)

    @classmethod
    def from_scores(
        cls,
        applicants: Mapping[Hashable, Sequence[Any]],
        scores: ArrayLike | Callable[[int, int], float],
        quotas: Mapping[Hashable, int],
        *,
        couples: Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]] | None = None,
        ties: str = "first_given",
        rng: int | np.random.Generator | None = None,
    ) -> MatchingProblem:
        """Build a problem in which programs rank by score instead of by list.

        Parameters
        ----------
        applicants : mapping of name to sequence of program names
            Each applicant's list, best first.
        scores : array or callable
            Higher is better, -inf means not ranked. Either an array of shape (n_applicants, n_programs) in the
            order of `applicants` (then members of `couples`) and `quotas`; or, without couples, a flat array
            with one score for each entry of the lists, one list after another; or a function of (applicant,
            program), both numbered from 0 in that order, which is called when that applicant proposes there
            and at no other time (compiled with `numba.njit` it runs inside the kernel).
        quotas : mapping of program name to int
            Every program and its positions.
        couples
            As in `from_lists`.
        ties : {"first_given", "refuse", "lottery"}, default "first_given"
            Equal scores at one program. "refuse" and "lottery" need an array.
        rng : int or numpy.random.Generator, optional
            For ties="lottery" only.

        Returns
        -------
        MatchingProblem
        """
        from carms_lib.matching._from_scores import parts_from_scores  # noqa: PLC0415 - one reader at a time

        return cls(parts_from_scores(applicants, scores, quotas, couples, ties, rng), one_sided="keep")

    @classmethod
    def from_choices(
        cls,
        lists: Mapping[Hashable, Sequence[Any]],
        quotas: Mapping[Hashable, int],
        *,
        held_by: str = "applicants",
        priority: str | Sequence[Any] = "first_given",
        couples: Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> MatchingProblem:
        """Build a problem in which only one side has lists and the other has none.

        Parameters
        ----------
        lists : mapping of name to sequence of names
            The lists of the side that has some.
        quotas : mapping of program name to int
            Every program and its positions.
        held_by : {"applicants", "programs"}, default "applicants"
            Whose lists they are.
        priority : {"first_given", "lottery", "lotteries"} or sequence of names, default "first_given"
            How the side without lists orders whoever lists it: as they were given; by one random order for
            all; by a random order for each; or by the order of the names in a sequence, which must name each
            of them once.
        couples
            As in `from_lists`; with ``held_by="applicants"`` only.
        rng : int or numpy.random.Generator, optional
            For the lotteries.

        Returns
        -------
        MatchingProblem
        """
        from carms_lib.matching._from_scores import parts_from_choices  # noqa: PLC0415 - one reader at a time

        return cls(parts_from_choices(lists, quotas, held_by, priority, couples, rng), one_sided="keep")

    def with_quotas(self, quotas: Mapping[Hashable, int] | ArrayLike) -> MatchingProblem:
        """Return the same problem with other quotas; lists are shared, not copied.

        Parameters
        ----------
        quotas : mapping of program name to int, or array of int of shape (n_programs,)
            A mapping may name some programs only; the others keep theirs.

        Returns
        -------
        MatchingProblem
        """
        if isinstance(quotas, Mapping):
            changed = self.quotas.astype(object)
            for name, quota in quotas.items():
                changed[self.program_number(name)] = quota
            quotas = np.array(changed.tolist())
        parts = replace(self._parts, quotas=check_quotas(quotas, self.programs))
        problem = object.__new__(type(self))
        problem._parts = parts
        if "lists" in self.__dict__:
            seats = np.minimum(parts.quotas, np.diff(self.lists.program_ptr)).astype(np.int32)
            problem.__dict__["lists"] = lists = replace(self.lists, seats=seats)
            lists.__dict__["program_pos"] = self.lists.program_pos  # does not depend on seats
            if "scored" in self.__dict__:
                problem.__dict__["scored"] = self.scored
        return problem

    @property
    def applicants(self) -> Sequence[Any]:
        """Names of the applicants."""
        return self._parts.applicants

    @property
    def programs(self) -> Sequence[Any]:
        """Names of the programs."""
        return self._parts.programs

    @property
    def quotas(self) -> Int32s:
        """Positions of each program."""
        return self._parts.quotas

    @property
    def couples(self) -> CoupleLists | None:
        """Couples and their pairs, or None."""
        return self._parts.couples

    @property
    def scores(self) -> Float64s | Callable[[int, int], float] | None:
        """Scores of each entry, or the function that gives them; None where programs hold lists."""
        return self._parts.scores

    @property
    def n_applicants(self) -> int:
        """Number of applicants, members of couples among them."""
        return len(self._parts.applicants)

    @property
    def n_programs(self) -> int:
        """Number of programs."""
        return len(self._parts.programs)

    @property
    def n_couples(self) -> int:
        """Number of couples."""
        return 0 if self._parts.couples is None else len(self._parts.couples)

    @property
    def applicant_ptr(self) -> Int64s:
        """Where each applicant's list begins; a member of a couple lists the programs of its side."""
        return self._parts.applicant_ptr

    @property
    def applicant_idx(self) -> Int32s:
        """Programs of the applicants' lists."""
        return self._parts.applicant_idx

    @cached_property
    def lists(self) -> LinkedLists:
        """Both sides' lists, linked. Where programs rank by score, their orders are made here."""
        from carms_lib.matching._from_scores import lists_from_scores  # noqa: PLC0415 - scores only

        return lists_from_scores(self._parts)

    @cached_property
    def scored(self) -> ScoredLists:
        """The lists as the engine for couples takes them, ranks written as scores."""
        from carms_lib.matching._scored_problem import to_scored  # noqa: PLC0415 - compiled kernels load when they are needed

        return to_scored(self)

    @property
    def pair_entries(self) -> Int32s:
        """Entry of each pair's two parts in the members' lists, shape (n_pairs, 2); -1 for no match."""
        return np.zeros((0, 2), np.int32) if self._parts.pair_entry is None else self._parts.pair_entry

    @cached_property
    def pair_ranks(self) -> Int32s:
        """The programs' ranks of both members at each pair of the couples, shape (n_pairs, 2).

        -1 stands for no match, NOT_LISTED for a program that does not rank the member.
        """
        ranks = np.append(self.lists.ranks, -1)
        ranks[ranks == self.lists.unranked] = NOT_LISTED
        at_pairs: Int32s = ranks[self.pair_entries].astype(np.int32)
        return at_pairs

    @cached_property
    def couple_of(self) -> Int32s:
        """Couple of each applicant; -1 for singles."""
        return couple_of(self._parts)

    def applicant_number(self, name: Any) -> int:
        """Return the 0-based number of the applicant `name`, or raise UnknownNameError."""
        return _number(self._applicant_numbers, "applicant", name)

    def program_number(self, name: Any) -> int:
        """Return the 0-based number of the program `name`, or raise UnknownNameError."""
        return _number(self._program_numbers, "program", name)

    @cached_property
    def _applicant_numbers(self) -> dict[Any, int]:
        return {name: number for number, name in enumerate(self.applicants)}

    @cached_property
    def _program_numbers(self) -> dict[Any, int]:
        return {name: number for number, name in enumerate(self.programs)}

    def __repr__(self) -> str:
        couples = f", {self.n_couples} couples" if self.n_couples else ""
        return (
            f"MatchingProblem({self.n_applicants} applicants{couples}, {self.n_programs} programs, "
            f"{int(self.quotas.sum(dtype=np.int64))} positions)"
        )


def _number(numbers: Mapping[Any, int], argument: str, name: Any) -> int:
    try:
        return numbers[name]
    except (KeyError, TypeError):
        raise UnknownNameError(argument, name, numbers) from None
