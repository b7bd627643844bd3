"""Matches in more than one round: unfilled seats that revert to another program, and a second iteration.

Belongs here: which seats and applicants are left, and where they go. Does not belong here: the match itself (`_solve`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.argument_checks import check_instance, check_mapping
from carms_lib.exceptions import ArgumentError, ProblemError, UnknownNameError
from carms_lib.matching._matching import Matching
from carms_lib.matching._problem import MatchingProblem
from carms_lib.matching._solve import solve

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence


__all__ = ["second_iteration", "solve_with_reversions"]


def solve_with_reversions(
    problem: MatchingProblem,
    reversions: Mapping[Any, Any],
    *,
    proposing: str = "applicants",
    rule: str = "BIS",
    order: str = "couples_last",
    reshuffles: int = 10,
    budget: int | None = None,
    passes: int = 100,
    exact_limit: int = 150,
    time_limit: float = 10.0,
    rng: int | np.random.Generator | None = 0,
) -> Matching:
    """Match, move unfilled seats to the program they revert to, and match again, until no seat moves.

    Parameters
    ----------
    problem : MatchingProblem
    reversions : mapping of program name to program name
        Where the unfilled seats of a program go. It must not lead in a circle.
    proposing, rule, order, reshuffles, budget, passes, exact_limit, time_limit, rng
        As in `solve`.

    Returns
    -------
    Matching
        Its problem has the quotas after the last reversion.

    Raises
    ------
    UnknownNameError, ArgumentError
        A program is unknown; the reversions lead in a circle.

    References
    ----------
    Roth, A. E. and Peranson, E. (1999). The redesign of the matching market for American physicians. American Economic
    Review 89, 748-780; reversions are one of the match variations that they describe.
    """
    check_instance("problem", problem, MatchingProblem, "MatchingProblem.from_lists(applicants, programs, quotas)")
    check_mapping("reversions", reversions, "{'p': 'q'}")
    goes_to = {problem.program_number(source): problem.program_number(to) for source, to in reversions.items()}
    for source in goes_to:
        at, path = source, {source}
        while at in goes_to:
            at = goes_to[at]
            if at in path:
                msg = f"reversions lead in a circle through program {problem.programs[at]!r}; seats must come to rest."
                raise ArgumentError(msg)
            path.add(at)
    while True:
        matching = solve(
            problem, proposing=proposing, rule=rule, order=order, reshuffles=reshuffles, budget=budget, passes=passes,
            exact_limit=exact_limit, time_limit=time_limit, rng=rng,
        )  # fmt: skip
        quotas = problem.quotas.astype(np.int64)
        unfilled = quotas - matching.filled
        moving = [source for source in goes_to if unfilled[source] > 0]
        if not moving:
            return matching
        for source in moving:
            quotas[source] -= unfilled[source]
            quotas[goes_to[source]] += unfilled[source]
        problem = problem.with_quotas(quotas)


def second_iteration(
    first: Matching,
    applicants: Mapping[Hashable, Sequence[Any]],
    programs: Mapping[Hashable, Sequence[Any]],
    *,
    merge: Mapping[Any, Any] | None = None,
    couples: Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]] | None = None,
    partners: Mapping[Any, Any] | None = None,
    one_sided: str = "drop",
    ties: str = "refuse",
    rng: int | np.random.Generator | None = None,
) -> MatchingProblem:
    """Return the problem of a second iteration: unmatched applicants, unfilled seats, new lists.

    Parameters
    ----------
    first : Matching
        The first iteration.
    applicants : mapping of name to sequence of program names
        New lists, best first. Who matched in the first iteration may not take part; newcomers may.
    programs : mapping of program name to sequence of applicant names
        New rank orders of the programs that take part.
    merge : mapping of program name to program name, optional
        Streams whose unfilled seats are offered by another program of the first iteration.
    couples, partners, one_sided, ties, rng
        As in `MatchingProblem.from_lists`.

    Returns
    -------
    MatchingProblem
        Solve it like any other.

    Raises
    ------
    ProblemError
        Somebody takes part who is matched already.
    UnknownNameError
        A program did not take part in the first iteration.
    """
    check_instance("first", first, Matching, "solve(problem)")
    check_mapping("applicants", applicants, "{'c': ['p']}")
    check_mapping("programs", programs, "{'p': ['c']}")
    problem = first.problem
    taken = {problem.applicants[int(a)] for a in np.flatnonzero(first.match >= 0)}
    members = [name for pair in couples or () for name in pair]
    for name in [*applicants, *members]:
        if name in taken:
            msg = f"Applicant {name!r} matched in the first iteration and may not take part in the second."
            raise ProblemError(msg)
    unfilled = dict(zip(problem.programs, (problem.quotas.astype(np.int64) - first.filled).tolist(), strict=True))
    for source, to in (merge or {}).items():
        for name in (source, to):
            if name not in unfilled:
                raise UnknownNameError("merge", name, unfilled)
        if source in programs:
            msg = f"merge gives the seats of program {source!r} to {to!r}; leave it out of programs."
            raise ArgumentError(msg)
        unfilled[to] += unfilled[source]
        unfilled[source] = 0
    for name in programs:
        if name not in unfilled:
            raise UnknownNameError("programs", name, unfilled)
    quotas = {name: unfilled[name] for name in programs}
    return MatchingProblem.from_lists(
        applicants, programs, quotas, couples=couples, partners=partners, one_sided=one_sided, ties=ties, rng=rng
    )
