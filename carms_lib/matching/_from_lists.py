"""Dicts of names to arrays of numbers.

Belongs here: reading `MatchingProblem.from_lists`' arguments, and breaking ties in them. Does not belong here:
what is checked on arrays (`_checks`, `_couple_lists`), scores and frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ArgumentError, ProblemError, UnknownNameError
from carms_lib.matching._checks import check_choice, check_quotas
from carms_lib.matching._couple_lists import NO_MATCH, CoupleLists
from carms_lib.matching._submitted_lists import SubmittedLists

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from carms_lib.kernels.arrays import Int32s, Int64s

__all__ = ["TIES", "generator", "number_couples", "number_lists", "number_quotas", "numbers", "parts_from_lists"]

TIES = ("refuse", "first_given", "lottery")


def parts_from_lists(
    applicants: Mapping[Hashable, Sequence[Any]],
    programs: Mapping[Hashable, Sequence[Any]],
    quotas: Mapping[Hashable, int],
    couples: Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]] | None,
    partners: Mapping[Any, Any] | None,
    ties: str,
    rng: int | np.random.Generator | None,
) -> SubmittedLists:
    """Return the parts of a problem from dicts; see `MatchingProblem.from_lists`."""
    check_choice("ties", ties, TIES)
    lottery = generator(rng, needed=ties == "lottery")
    applicants = _mapping("applicants", applicants)
    programs = _mapping("programs", programs)
    if partners is not None:
        if couples is not None:
            msg = "couples and partners are two forms of one thing; give one of them."
            raise ArgumentError(msg)
        applicants, couples = pair_up(applicants, partners)
    names = [*applicants, *_new_members(applicants, couples)]
    applicant_number, program_number = numbers(names), numbers(programs)
    applicant_ptr, applicant_idx = number_lists("applicants", applicants, program_number, ties, lottery)
    program_ptr, program_idx = number_lists("programs", programs, applicant_number, ties, lottery)
    return SubmittedLists(
        applicants=names,
        programs=list(programs),
        applicant_ptr=np.append(applicant_ptr, np.full(len(names) - len(applicants), applicant_ptr[-1])),
        applicant_idx=applicant_idx,
        quotas=number_quotas(quotas, list(programs)),
        program_ptr=program_ptr,
        program_idx=program_idx,
        couples=number_couples(couples, applicant_number, program_number),
    )


def numbers(names: Iterable[Any]) -> dict[Any, int]:
    """Return the number of each name."""
    return {name: number for number, name in enumerate(names)}


def generator(rng: int | np.random.Generator | None, *, needed: bool) -> np.random.Generator | None:
    """Return the generator of a lottery, or raise ArgumentError where it is missing or of no use."""
    if not needed:
        if rng is not None:
            msg = "rng is of use with a lottery only; leave it out, or ask for the lottery."
            raise ArgumentError(msg)
        return None
    if rng is None:
        msg = "rng is missing: a lottery needs a seed or a numpy.random.Generator, so that it can be drawn again."
        raise ArgumentError(msg)
    return np.random.default_rng(rng)


def number_lists(
    argument: str,
    lists: Mapping[Any, Sequence[Any]],
    number: Mapping[Any, int],
    ties: str = "refuse",
    lottery: np.random.Generator | None = None,
) -> tuple[Int64s, Int32s]:
    """Return lists of names as a CSR pointer and numbers."""
    rows = list(lists.values())
    for owner, row in lists.items():
        if isinstance(row, str | bytes) or not isinstance(row, Sequence | np.ndarray):
            msg = f"{argument}[{owner!r}] is {row!r}; a list of names, best first, is needed."
            raise ProblemError(msg)
    try:
        count = np.fromiter(map(len, rows), np.int64, len(rows))
        flat = np.fromiter(map(number.__getitem__, chain.from_iterable(rows)), np.int32, int(count.sum()))
    except (KeyError, TypeError):  # an unknown name, or a group of equals: find out which
        resolved = [_resolve(argument, owner, row, number, ties, lottery) for owner, row in lists.items()]
        count = np.fromiter(map(len, resolved), np.int64, len(resolved))
        flat = np.fromiter(chain.from_iterable(resolved), np.int32, int(count.sum()))
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(count))), flat


def number_quotas(quotas: Mapping[Hashable, int], programs: Sequence[Any]) -> Int32s:
    """Return every program's quota, or say which is missing or belongs to no program."""
    quotas = _mapping("quotas", quotas)
    known = set(programs)
    for name in quotas:
        if name not in known:
            raise UnknownNameError("quotas", name, programs)
    missing = [name for name in programs if name not in quotas]
    if missing:
        msg = f"quotas has no number for program {missing[0]!r} ({len(missing)} missing). Give 0 for a closed program."
        raise ProblemError(msg)
    values = [quotas[name] for name in programs]
    return check_quotas(np.array(values) if _all_counts(values) else np.array(values, object), programs)


def number_couples(
    couples: Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]] | None,
    applicant_number: Mapping[Any, int],
    program_number: Mapping[Any, int],
) -> CoupleLists | None:
    """Return couples as arrays; None where there are none."""
    if not couples:
        return None
    program_or_none = {**program_number, None: NO_MATCH}
    members, pairs, pointer = [], [], [0]
    for couple, ranked in couples.items():
        members.append([applicant_number[name] for name in couple])
        for pair in ranked:
            if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
                msg = f"couples[{couple!r}] ranks {pair!r}; a pair (program, program) is needed, None for no match."
                raise ProblemError(msg)
            pairs.append([_look_up(f"couples[{couple!r}]", name, program_or_none) for name in pair])
        pointer.append(len(pairs))
    return CoupleLists.checked(members, pointer, pairs, list(applicant_number), list(program_number))


def pair_up(
    applicants: Mapping[Any, Sequence[Any]], partners: Mapping[Any, Any]
) -> tuple[dict[Any, Sequence[Any]], dict[tuple[Any, Any], list[tuple[Any, Any]]]]:
    """Turn lists that are read side by side into couples' pairs.

    Raises
    ------
    ProblemError
        The two disagree about who is whose partner, or on the length of their lists.
    """
    partners = _mapping("partners", partners)
    couples: dict[tuple[Any, Any], list[tuple[Any, Any]]] = {}
    taken: dict[Any, Any] = {}
    for first, second in partners.items():
        for name in (first, second):
            if name not in applicants:
                raise UnknownNameError("partners", name, applicants)
        for name, other in ((first, second), (second, first)):
            if taken.get(name, other) != other:
                msg = f"partners disagree: {name!r} is the partner of {taken[name]!r} and of {other!r}."
                raise ProblemError(msg)
        if first in taken:
            continue
        taken[first], taken[second] = second, first
        a, b = applicants[first], applicants[second]
        if len(a) != len(b):
            msg = (
                f"The lists of the couple ({first!r}, {second!r}) disagree: they have {len(a)} and {len(b)} choices. "
                "They are read side by side; write None where a choice is no match."
            )
            raise ProblemError(msg)
        couples[first, second] = list(zip(a, b, strict=True))
    singles = {name: row for name, row in applicants.items() if name not in taken}
    return singles, couples


def _new_members(applicants: Mapping[Any, Any], couples: Mapping[Any, Any] | None) -> list[Any]:
    if couples is None:
        return []
    names: dict[Any, None] = {}
    for couple in _mapping("couples", couples):
        if isinstance(couple, str) or not isinstance(couple, Sequence) or len(couple) != 2:
            msg = f"couples has the key {couple!r}; a pair of applicants (first, second) is needed."
            raise ProblemError(msg)
        for name in couple:
            if name in applicants:
                msg = (
                    f"{name!r} is in couples and in applicants. Rank pairs for the couple and leave its members out "
                    "of applicants, or give partners."
                )
                raise ProblemError(msg)
            names[name] = None
    return list(names)


def _resolve(
    argument: str,
    owner: Any,
    row: Sequence[Any],
    number: Mapping[Any, int],
    ties: str,
    lottery: np.random.Generator | None,
) -> list[int]:
    """Return one list as numbers, groups of equals put in order."""
    resolved: list[int] = []
    for name in row:
        if not isinstance(name, list | AbstractSet):
            resolved.append(_look_up(f"{argument}[{owner!r}]", name, number))
            continue
        group = sorted(_look_up(f"{argument}[{owner!r}]", member, number) for member in name)
        if ties == "refuse" and len(group) > 1:
            msg = (
                f"{argument}[{owner!r}] has equals: {name!r}. Put them in order, or say how ties are broken: "
                "ties='first_given' or ties='lottery'."
            )
            raise ProblemError(msg)
        resolved += group if lottery is None else lottery.permutation(group).tolist()
    return resolved


def _look_up(argument: str, name: Any, number: Mapping[Any, int]) -> int:
    try:
        return number[name]
    except (KeyError, TypeError):
        raise UnknownNameError(argument, name, number) from None


def _mapping(argument: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        msg = f"{argument} is a {type(value).__name__}; a dict from name to list is needed."
        raise ProblemError(msg)
    return value


def _all_counts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values)
