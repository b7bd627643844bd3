"""What one seat or one applicant more or less does to a match without couples, without starting over.

Belongs here: the verbs, the checks before them, and who moved. Does not belong here: the chains themselves
(`scored.vacancy_chains`), deferred acceptance (`_deferred_acceptance`).

A seat more and an applicant less leave a vacancy, which is followed to its end; a seat less and an applicant more leave
somebody without a seat, who goes on proposing. Either way the result is what solving the changed problem afresh gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.argument_checks import check_instance, check_mapping
from carms_lib.exceptions import ArgumentError
from carms_lib.matching._assignment import name_column, whole_column
from carms_lib.matching._checks import check_count
from carms_lib.matching._matching import Matching
from carms_lib.matching._packed_lists import new_seating
from carms_lib.matching._problem import MatchingProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching.scored.vacancy_chains import Chain

__all__ = ["Change", "add_applicant", "add_seat", "remove_applicant", "remove_seat"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Change:
    """A match before and after a change, and who moved.

    Parameters
    ----------
    before, after : Matching
        `after` belongs to the changed problem, ``after.problem``.
    moved : ndarray of int32
        Numbers of the applicants whose outcome differs, in the order of their numbers.
    """

    before: Matching
    after: Matching
    moved: Int32s

    def to_frame(self) -> pd.DataFrame:
        """Return who moved.

        Returns
        -------
        DataFrame
            One row per applicant who moved: applicant, from_program and to_program (missing for none), from_rank and
            to_rank (places in the applicant's list, 1 = first; missing when unmatched).
        """
        import pandas as pd  # noqa: PLC0415 - arrays need no pandas

        columns: dict[str, Any] = {"applicant": name_column(self.after.problem.applicants, self.moved)}
        for word, matching in (("from", self.before), ("to", self.after)):
            program, rank = _seat_of(matching, self.moved)
            columns[f"{word}_program"] = name_column(matching.problem.programs, program)
            columns[f"{word}_rank"] = whole_column(rank, program >= 0)
        return pd.DataFrame(columns)[["applicant", "from_program", "to_program", "from_rank", "to_rank"]]

    def summary(self) -> str:
        """Return a line of text: how many moved, and how many more or fewer are matched."""
        more = self.after.n_matched - self.before.n_matched
        unit = "applicant" if self.moved.size == 1 else "applicants"
        return f"{self.moved.size} {unit} moved; {self.after.n_matched} matched ({more:+d})"

    def __repr__(self) -> str:
        return f"Change({self.summary()})"


def add_seat(matching: Matching, program: Any, n: int = 1) -> Change:
    """Give a program more seats and follow the vacancy to its end.

    Parameters
    ----------
    matching : Matching
        From `solve`, without couples, applicants proposing.
    program : object
        Name of the program.
    n : int, default 1
        How many seats.

    Returns
    -------
    Change

    Raises
    ------
    ArgumentError, UnknownNameError
        The matching is not of that kind, or there is no such program.

    References
    ----------
    Blum, Y., Roth, A. E. and Rothblum, U. G. (1997). Vacancy chains and equilibration in senior-level labor markets.
    Journal of Economic Theory 76, 362-411.
    """
    check_instance("matching", matching, Matching, "solve(problem)")
    from carms_lib.matching.scored import vacancy_chains  # noqa: PLC0415 - compiled kernels load when they are needed

    problem, number = _check(matching), matching.problem.program_number(program)
    more = check_count("n", n, least=1)
    match, position = matching.match.copy(), matching.position.copy()
    chain = _chain(matching)
    for _ in range(min(more, problem.n_applicants)):
        vacancy_chains.add_seat(problem.applicant_ptr, problem.applicant_idx, match, position, number, chain)
    return _change(matching, _with_seats(problem, number, more), match, position)


def remove_seat(matching: Matching, program: Any, n: int = 1) -> Change:
    """Take seats from a program; whoever loses one goes on proposing.

    Parameters
    ----------
    matching, program, n
        As in `add_seat`; the program must have that many seats. Errors are those of `add_seat`, too.

    Returns
    -------
    Change
    """
    check_instance("matching", matching, Matching, "solve(problem)")
    problem, number = _check(matching), matching.problem.program_number(program)
    fewer, quota = check_count("n", n, least=1), int(matching.problem.quotas[number])
    if fewer > quota:
        msg = f"n={fewer} is not allowed: program {program!r} has {quota} seats."
        raise ArgumentError(msg)
    match, position = matching.match.copy(), matching.position.copy()
    holders = np.flatnonzero(match == number)
    losers = holders[np.argsort(matching.held_ranks[holders])][quota - fewer :].astype(np.int32)
    match[losers] = -1
    position[losers] += 1
    changed = _with_seats(problem, number, -fewer)
    _go_on(changed, match, position, losers)
    return _change(matching, changed, match, position)


def add_applicant(matching: Matching, name: Any, choices: Sequence[Any], ranks: Mapping[Any, int]) -> Change:
    """Let one more applicant take part.

    Parameters
    ----------
    matching : Matching
        From `solve`, without couples, applicants proposing.
    name : object
        The newcomer; where applicants are numbers, the next one.
    choices : sequence of program names
        The newcomer's list, best first.
    ranks : mapping of program name to int
        The place that each program gives the newcomer in its rank order, 1 = first; whoever was there or below goes one
        down. A program that is not named does not rank the newcomer.

    Returns
    -------
    Change
        Its problem holds rank orders, also where the programs of the old one ranked by score.

    Raises
    ------
    ArgumentError, UnknownNameError, ProblemError
        The matching is not of that kind, the name is taken, a program is unknown or listed twice, a rank is no place in
        its order.
    """
    check_instance("matching", matching, Matching, "solve(problem)")
    try:
        hash(name)
        is_key = bool(name == name)  # noqa: PLR0124 - what is not equal to itself, or does not say, names nobody
    except (TypeError, ValueError):
        is_key = False
    if not is_key:
        raise ArgumentError(f"name={name!r} must be a name: text, a whole number, or what else is equal to itself.")
    given: Any = choices
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ArgumentError(f"choices={choices!r} must be the programs of a rank-order list, such as ['p', 'q'].")
    check_mapping("ranks", ranks, "{'p': 2}")
    problem = _check(matching)
    lists, n = problem.lists, problem.n_applicants
    if isinstance(problem.applicants, range):
        if name != n:
            msg = f"name={name!r} is not allowed: applicants are numbered, and the next one is {n}."
            raise ArgumentError(msg)
        names: Sequence[Any] = range(n + 1)
    else:
        if name in problem.applicants:
            msg = f"name={name!r} is not allowed: there is an applicant of that name."
            raise ArgumentError(msg)
        names = [*problem.applicants, name]
    own = np.array([problem.program_number(choice) for choice in choices], np.int32)
    length = np.diff(lists.program_ptr)
    at = np.full(problem.n_programs, -1, np.int64)
    for program, rank in ranks.items():
        number = problem.program_number(program)
        if not 1 <= check_count(f"ranks[{program!r}]", rank, least=1) <= length[number] + 1:
            msg = (
                f"ranks[{program!r}]={rank} is not allowed: that order has {length[number]} names; give 1 to one more."
            )
            raise ArgumentError(msg)
        at[number] = lists.program_ptr[number] + rank - 1
    ranking = np.flatnonzero(at >= 0)
    parts = replace(
        problem._parts,
        applicants=names,
        applicant_ptr=np.append(problem.applicant_ptr, problem.applicant_ptr[-1] + own.size),
        applicant_idx=np.concatenate((problem.applicant_idx, own)),
        program_ptr=lists.program_ptr + np.concatenate(([0], np.cumsum(at >= 0))),
        program_idx=np.insert(lists.program_idx, at[ranking], n).astype(np.int32),
        scores=None,
    )
    changed = MatchingProblem(parts, one_sided="keep")
    match = np.append(matching.match, np.int32(-1))
    position = np.append(matching.position, np.int32(0))
    _go_on(changed, match, position, np.array([n], np.int32))
    return _change(matching, changed, match, position)


def remove_applicant(matching: Matching, name: Any) -> Change:
    """Take an applicant out of the match and follow the seat that is left, if there is one.

    Parameters
    ----------
    matching : Matching
        From `solve`, without couples, applicants proposing.
    name : object
        Who withdraws. The name stays, with an empty list, so that all numbers keep their meaning.

    Returns
    -------
    Change
        Its problem holds rank orders, also where the programs of the old one ranked by score.

    Raises
    ------
    ArgumentError, UnknownNameError
        The matching is not of that kind, or there is no such applicant.
    """
    check_instance("matching", matching, Matching, "solve(problem)")
    from carms_lib.matching.scored import vacancy_chains  # noqa: PLC0415 - compiled kernels load when they are needed

    problem, number = _check(matching), matching.problem.applicant_number(name)
    lists = problem.lists
    match, position = matching.match.copy(), matching.position.copy()
    vacancy_chains.remove_applicant(
        problem.applicant_ptr, problem.applicant_idx, match, position, number, _chain(matching)
    )
    start, end = problem.applicant_ptr[number], problem.applicant_ptr[number + 1]
    stay = lists.program_idx != number
    owner = np.repeat(np.arange(problem.n_programs), np.diff(lists.program_ptr))
    length = np.bincount(owner[stay], minlength=problem.n_programs)
    parts = replace(
        problem._parts,
        applicant_ptr=problem.applicant_ptr - np.where(np.arange(problem.n_applicants + 1) > number, end - start, 0),
        applicant_idx=np.delete(problem.applicant_idx, slice(start, end)),
        program_ptr=np.concatenate(([0], np.cumsum(length))).astype(np.int64),
        program_idx=lists.program_idx[stay],
        scores=None,
    )
    return _change(matching, MatchingProblem(parts, one_sided="keep"), match, position)


def _check(matching: Matching) -> MatchingProblem:
    """Return the problem of a matching from which a chain may start, or raise ArgumentError."""
    if matching.problem.n_couples:
        msg = "With couples a change has no chain of its own, for it may leave no stable matching: solve afresh."
        raise ArgumentError(msg)
    if matching.proposing != "applicants" or matching.rung not in ("deferred_acceptance", "restart"):
        msg = (
            "A chain starts from the applicants' best stable matching: give what solve(problem, "
            f"proposing='applicants') returns, not one by {matching.rung!r} with {matching.proposing} proposing."
        )
        raise ArgumentError(msg)
    return matching.problem


def _chain(matching: Matching) -> Chain:
    from carms_lib.matching.scored import vacancy_chains  # noqa: PLC0415 - compiled kernels load when they are needed

    lists, n = matching.problem.lists, matching.problem.n_applicants
    chain = vacancy_chains.new_chain(n, lists.n_programs, 0)._replace(
        applicant=lists.program_idx, place=lists.program_pos
    )
    vacancy_chains.index_ranked(lists.program_ptr, matching.position, chain)
    return chain


def _with_seats(problem: MatchingProblem, program: int, more: int) -> MatchingProblem:
    quotas = problem.quotas.astype(np.int64)
    quotas[program] += more
    return problem.with_quotas(quotas)


def _go_on(problem: MatchingProblem, match: Int32s, position: Int32s, waiting: Int32s) -> None:
    """Let those who wait propose from their positions on, while everybody else keeps the seat they hold."""
    from carms_lib.matching import _deferred_acceptance  # noqa: PLC0415 - compiled kernels load when they are needed

    lists = problem.lists.packed
    seating = new_seating(lists)._replace(match=match, position=position)
    seating.waiting[: waiting.size] = waiting
    _deferred_acceptance.applicants_go_on(lists, seating, waiting.size)


def _change(before: Matching, problem: MatchingProblem, match: Int32s, position: Int32s) -> Change:
    after = Matching(problem, match, position, proposing="applicants", rule=before.rule, rung="restart")
    everybody = np.arange(match.size, dtype=np.int32)
    return Change(before, after, everybody[_seat_of(before, everybody)[0] != match])


def _seat_of(matching: Matching, applicants: Int32s) -> tuple[Any, Any]:
    """Return program and 1-based rank of some applicants; no seat for one who did not take part then."""
    program = np.append(matching.match, -1)[np.minimum(applicants, matching.match.size)]
    rank = np.append(matching.position, 0)[np.minimum(applicants, matching.match.size)] + 1
    return program, rank
