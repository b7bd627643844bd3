"""`solve`: from a problem to a matching.

Belongs here: the verb, its arguments, and which procedure answers. Does not belong here: the procedures.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from carms_lib.argument_checks import check_instance
from carms_lib.exceptions import ArgumentError, ProblemError, StabilityWarning
from carms_lib.matching._checks import check_choice, check_count
from carms_lib.matching._from_scores import not_a_score, plain_score
from carms_lib.matching._matching import Matching
from carms_lib.matching._packed_lists import new_seating
from carms_lib.matching._problem import MatchingProblem

__all__ = ["solve"]

_LOWEST_BUDGET = 20_000


def solve(
    problem: MatchingProblem,
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
    """Find a stable matching.

    Parameters
    ----------
    problem : MatchingProblem
    proposing : {"applicants", "programs"}, default "applicants"
        Whose side proposes. Without couples, that side gets the best that any stable matching has for it. With
        couples, applicants propose.
    rule : {"BIS", "MM"}, default "BIS"
        With couples: when a program takes both members. Under "BIS", if both are among the best it can hold; under
        "MM", if the better beats its second-worst and the other its worst.
    order : {"couples_last", "couples_first", "by_number", "random"}, default "couples_last"
        With couples: the order in which Roth and Peranson's procedure admits applicants.
    reshuffles : int, default 10
        With couples: how many other orders of the couples are tried where the first finds nothing stable.
    budget : int, optional
        With couples: steps for each admitted applicant before a loop is assumed and the unit sent away; by default
        20,000, and more in markets of more than 10,000 applicants. Orders are tried with at most 1,000 first.
    passes : int, default 100
        With couples: passes of Kojima, Pathak and Roth's procedure.
    exact_limit : int, default 150
        With couples: the largest number of applicants for which other orders of that procedure and then an integer
        program are tried at last.
    time_limit : float, default 10.0
        For that program [s].
    rng : int or numpy.random.Generator, default 0
        Draws the other orders. The default gives the same answer every time.

    Returns
    -------
    Matching
        Its `status` says whether it is stable.

    Raises
    ------
    ArgumentError
        An argument is not allowed, or not for this problem.
    ProblemError
        A score function returned NaN.

    Warns
    -----
    StabilityWarning
        No stable matching was found, or there is none; the result has the fewest blocking coalitions found.

    References
    ----------
    Gale, D. and Shapley, L. S. (1962). College admissions and the stability of marriage. American Mathematical
    Monthly 69, 9-15.
    Roth, A. E. and Peranson, E. (1999). The redesign of the matching market for American physicians. American
    Economic Review 89, 748-780.

    Examples
    --------
    >>> from carms_lib.matching import MatchingProblem, solve
    >>> problem = MatchingProblem.from_lists(
    ...     applicants={"ana": ["p", "q"], "ben": ["q"]},
    ...     programs={"p": ["ana"], "q": ["ben", "ana"]},
    ...     quotas={"p": 1, "q": 1},
    ... )
    >>> solve(problem).status
    'stable'
    """
    check_instance("problem", problem, MatchingProblem, "MatchingProblem.from_lists(applicants, programs, quotas)")
    check_choice("proposing", proposing, ("applicants", "programs"))
    check_choice("rule", rule, ("BIS", "MM"))
    if not problem.n_couples:
        if proposing == "programs":
            return _programs_propose(problem, rule)
        if problem.scores is not None:
            return _score(problem, rule)
        return _applicants_propose(problem, rule)
    if proposing == "programs":
        msg = "proposing='programs' is not possible with couples: a program cannot propose to half a pair."
        raise ArgumentError(msg)
    from carms_lib.matching import _couples_search  # noqa: PLC0415 - compiled kernels load when they are needed

    check_choice("order", order, _couples_search.ORDERS)
    if not time_limit > 0:
        msg = f"time_limit={time_limit!r} is not allowed: give seconds, more than 0."
        raise ArgumentError(msg)
    settings = _couples_search.SearchSettings(
        rule=rule,
        order=order,
        reshuffles=check_count("reshuffles", reshuffles),
        budget=max(_LOWEST_BUDGET, 2 * problem.n_applicants)
        if budget is None
        else check_count("budget", budget, least=1),
        passes=check_count("passes", passes),
        exact_limit=check_count("exact_limit", exact_limit),
        time_limit=float(time_limit),
        rng=np.random.default_rng(rng),
    )
    found = _couples_search.climb(problem.scored, problem.lists.seats, settings)
    if found.n_blocking:
        why = {"none_exists": "there is none", "budget": "the exact search ran out of time"}
        warnings.warn(
            f"No stable matching under {rule}: {why.get(found.status, 'none was found')}. The matching returned has "
            f"{found.n_blocking} blocking coalition(s); see blocking_pairs().",
            StabilityWarning,
            stacklevel=2,
        )
    return Matching(
        problem,
        found.match,
        found.position,
        proposing=proposing,
        status=found.status,
        rung=found.rung,
        rule=rule,
        attempts=tuple(found.attempts),
    )


def _applicants_propose(problem: MatchingProblem, rule: str) -> Matching:
    from carms_lib.matching import _deferred_acceptance  # noqa: PLC0415 - compiled kernels load when they are needed

    lists = problem.lists.packed
    seating = new_seating(lists)
    proposals = int(_deferred_acceptance.applicants_propose(lists, seating))
    return Matching(problem, seating.match, seating.position, proposing="applicants", rule=rule, proposals=proposals)


def _programs_propose(problem: MatchingProblem, rule: str) -> Matching:
    from carms_lib.matching import _deferred_acceptance  # noqa: PLC0415 - compiled kernels load when they are needed

    lists = problem.lists
    seating = new_seating(lists.packed)
    seating.position[:] = lists.lengths
    vacancies, stack = np.empty(lists.n_programs, np.int32), np.empty(lists.n_programs, np.int32)
    next_offer = np.empty(lists.n_programs, np.int64)
    offers = _deferred_acceptance.programs_propose(
        lists.packed, lists.program_pos, seating, vacancies, next_offer, stack
    )
    return Matching(problem, seating.match, seating.position, proposing="programs", rule=rule, proposals=int(offers))


def _score(problem: MatchingProblem, rule: str) -> Matching:
    """Solve without making lists: a score is looked up, or asked for, when an applicant proposes."""
    from carms_lib.matching.scored import deferred_acceptance as scored  # noqa: PLC0415 - compiled kernels load when they are needed
    from carms_lib.matching.scored.lists import lists_of_singles, state_for  # noqa: PLC0415 - as above

    wanted = np.bincount(problem.applicant_idx, minlength=problem.n_programs)
    source: Any = problem.scores
    given = np.zeros(0) if callable(source) else source
    lists = lists_of_singles(problem.applicant_ptr, problem.applicant_idx, given)
    state = state_for(lists, np.minimum(problem.quotas, wanted).astype(np.int32), reads=False)
    if not callable(source):
        proposals = int(scored.propose_scored(lists, state))
    elif hasattr(source, "py_func"):
        proposals = int(scored.propose_called(lists, state, source))
    else:  # a plain function: the kernel runs as plain Python too
        propose: Any = getattr(scored.propose_called, "py_func", scored.propose_called)
        proposals = int(propose(lists, state, plain_score(source)))
    if proposals < 0:
        entry = -1 - proposals
        applicant = int(np.searchsorted(lists.ptr, entry, "right")) - 1
        raise ProblemError(not_a_score(problem.applicants[applicant], problem.programs[int(lists.idx[entry])]))
    return Matching(problem, state.match, state.position, proposing="applicants", rule=rule, proposals=proposals)
