"""Stable matching of applicants to programs: the mechanism of a residency match, useful without CaRMS data.

Belongs here: the face of the package, its names imported when they are first used, so that importing it loads
neither numba nor pandas. Does not belong here: anything about Canada, tables or years.

A problem (`MatchingProblem`) is solved (`solve`) and gives a `Matching`, which can be asked who is where, whether
it is stable, who blocks, and why an applicant or a program has this outcome. `add_seat` and its like change a match
without starting over.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from carms_lib.matching._changes import Change, add_applicant, add_seat, remove_applicant, remove_seat
    from carms_lib.matching._explanation import Explanation
    from carms_lib.matching._external_matching import blocking_pairs, check_matching, is_stable
    from carms_lib.matching._iterations import second_iteration, solve_with_reversions
    from carms_lib.matching._lattice import stable_matchings, stable_pairs
    from carms_lib.matching._matching import Matching
    from carms_lib.matching._problem import MatchingProblem
    from carms_lib.matching._solve import solve

_FACE = {
    "Change": "_changes",
    "Explanation": "_explanation",
    "Matching": "_matching",
    "MatchingProblem": "_problem",
    "add_applicant": "_changes",
    "add_seat": "_changes",
    "blocking_pairs": "_external_matching",
    "check_matching": "_external_matching",
    "is_stable": "_external_matching",
    "remove_applicant": "_changes",
    "remove_seat": "_changes",
    "second_iteration": "_iterations",
    "solve": "_solve",
    "solve_with_reversions": "_iterations",
    "stable_matchings": "_lattice",
    "stable_pairs": "_lattice",
}

__all__ = [
    "Change",
    "Explanation",
    "Matching",
    "MatchingProblem",
    "add_applicant",
    "add_seat",
    "blocking_pairs",
    "check_matching",
    "is_stable",
    "remove_applicant",
    "remove_seat",
    "second_iteration",
    "solve",
    "solve_with_reversions",
    "stable_matchings",
    "stable_pairs",
]


def __getattr__(name: str) -> Any:
    if name in _FACE:
        value = getattr(importlib.import_module(f"carms_lib.matching.{_FACE[name]}"), name)
        globals()[name] = value  # the next access is an ordinary attribute
        return value
    msg = f"module 'carms_lib.matching' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
