"""Every stable matching of a market without couples, and whom each applicant may have in one.

Belongs here: going through the stable matchings from the programs' best to the applicants' best. Does not belong here:
finding these two (`_solve`), the cycles themselves (`vacancy_chains`).

From a stable matching, a cycle of programs in which each takes its candidate from the next leads to another that is
better for applicants (a rotation, read backwards). Every way up meets every rotation once (Irving and Leather 1986), so
one way up shows every pair that is stable, and all ways together show every matching.

References
----------
Irving, R. W. and Leather, P. (1986). The complexity of counting stable marriages. SIAM Journal on Computing 15,
655-667.
Gusfield, D. and Irving, R. W. (1989). The stable marriage problem: structure and algorithms. MIT Press.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.argument_checks import check_instance
from carms_lib.exceptions import ArgumentError
from carms_lib.matching._assignment import name_column
from carms_lib.matching._checks import check_count
from carms_lib.matching._matching import Matching
from carms_lib.matching._problem import MatchingProblem
from carms_lib.matching._solve import solve

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching.scored.vacancy_chains import Chain

__all__ = ["stable_matchings", "stable_pairs"]


def stable_pairs(problem: MatchingProblem) -> pd.DataFrame:
    """Return every pair that some stable matching has.

    Parameters
    ----------
    problem : MatchingProblem
        Without couples, of any size.

    Returns
    -------
    DataFrame
        One row per applicant and program that are together in some stable matching: applicant, program, applicant_rank
        (1 = first choice), by applicant and rank. Unmatched applicants have no row: they are so in every one.

    Raises
    ------
    ArgumentError
        There are couples.
    """
    check_instance("problem", problem, MatchingProblem, "MatchingProblem.from_lists(applicants, programs, quotas)")
    import pandas as pd  # noqa: PLC0415 - arrays need no pandas

    from carms_lib.matching.scored import vacancy_chains  # noqa: PLC0415 - compiled kernels load when they are needed

    worst, chain = _programs_best(problem)
    match, position = worst.match.copy(), worst.position.copy()
    matched = np.flatnonzero(match >= 0)
    pairs = [np.stack((matched, match[matched], position[matched]))]
    found = True
    while found:
        found = False
        for program in range(problem.n_programs):
            known = int(chain.count[vacancy_chains.WALKS])
            while vacancy_chains.walk(match, position, program, known, chain):
                known = int(chain.count[vacancy_chains.WALKS])
                moved = chain.moved[: chain.count[vacancy_chains.MOVED]].copy()
                pairs.append(np.stack((moved, match[moved], position[moved])))
                vacancy_chains.keep(problem.applicant_ptr, problem.applicant_idx, position, chain)
                found = True
    applicant, program_of, place = np.concatenate(pairs, axis=1)
    order = np.lexsort((place, applicant))
    return pd.DataFrame(
        {
            "applicant": name_column(problem.applicants, applicant[order]),
            "program": name_column(problem.programs, program_of[order]),
            "applicant_rank": (place[order] + 1).astype(np.int64),
        }
    )


def stable_matchings(problem: MatchingProblem, limit: int = 1_000) -> list[Matching]:
    """Return every stable matching, the applicants' best first and the programs' best last.

    Parameters
    ----------
    problem : MatchingProblem
        Without couples.
    limit : int, default 1000
        There may be exponentially many; more than this are refused.

    Returns
    -------
    list of Matching
        In between, in the order of the applicants' summed ranks; `proposing` is "neither" there.

    Raises
    ------
    ArgumentError
        There are couples, or more than `limit` stable matchings.
    """
    check_instance("problem", problem, MatchingProblem, "MatchingProblem.from_lists(applicants, programs, quotas)")
    most = check_count("limit", limit, least=1)
    worst, chain = _programs_best(problem)
    best = solve(problem)
    todo = [(worst.match, worst.position)]
    found = {worst.match.tobytes(): (worst.match, worst.position)}
    while todo:
        match, position = todo.pop()
        for above in _ways_up(match, position, chain):
            key = above[0].tobytes()
            if key not in found:
                found[key] = above
                todo.append(above)
            if len(found) > most:
                msg = f"limit={limit} is passed: there are more stable matchings; stable_pairs() needs no limit."
                raise ArgumentError(msg)
    ends = {best.match.tobytes(): best, worst.match.tobytes(): worst}
    ranked = sorted(found.items(), key=lambda item: (int(item[1][1].sum()), item[1][0].tolist()))
    return [
        ends[key] if key in ends else Matching(problem, match, position, proposing="neither", rung="lattice")
        for key, (match, position) in ranked
    ]


def _programs_best(problem: MatchingProblem) -> tuple[Matching, Chain]:
    from carms_lib.matching.scored import vacancy_chains  # noqa: PLC0415 - compiled kernels load when they are needed

    if problem.n_couples:
        msg = "With couples the stable matchings have no order to go through: solve(problem) finds one."
        raise ArgumentError(msg)
    worst = solve(problem, proposing="programs")
    lists = problem.lists
    chain = vacancy_chains.new_chain(problem.n_applicants, problem.n_programs, 0)._replace(
        applicant=lists.program_idx, place=lists.program_pos
    )
    vacancy_chains.index_ranked(lists.program_ptr, worst.position, chain)
    return worst, chain


def _ways_up(match: Int32s, position: Int32s, chain: Chain) -> list[tuple[Int32s, Int32s]]:
    """Return the matchings to which one cycle leads from this one."""
    from carms_lib.matching.scored import vacancy_chains  # noqa: PLC0415 - compiled kernels load when they are needed

    ways = []
    known = int(chain.count[vacancy_chains.WALKS])
    for program in range(chain.first.size):
        if vacancy_chains.walk(match, position, program, known, chain):
            ways.append((match.copy(), position.copy()))
            vacancy_chains.undo(match, position, chain)  # what was seen stays seen: each cycle is met once
    return ways
