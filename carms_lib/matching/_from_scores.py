"""Problems in which programs hold no lists: they score, or they have no preferences at all.

Belongs here: reading `MatchingProblem.from_scores` and `from_choices`, and making rank orders of scores when a
check needs them. Does not belong here: matching by score (`deferred_acceptance`, `_solve`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ArgumentError, ProblemError, UnknownNameError
from carms_lib.matching._checks import check_choice, check_scores
from carms_lib.matching._from_lists import TIES, generator, number_couples, number_lists, number_quotas, numbers
from carms_lib.matching._linked_lists import LinkedLists, entry_type
from carms_lib.matching._submitted_lists import SubmittedLists, expand_couples

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from carms_lib.kernels.arrays import Float64s, Int64s

__all__ = ["lists_from_scores", "not_a_score", "parts_from_choices", "parts_from_scores", "plain_score"]

Score = Callable[[int, int], float]
Couples = Mapping[tuple[Any, Any], Sequence[tuple[Any, Any]]]

PRIORITIES = ("first_given", "lottery", "lotteries")


def parts_from_scores(
    applicants: Mapping[Hashable, Sequence[Any]],
    scores: ArrayLike | Score,
    quotas: Mapping[Hashable, int],
    couples: Couples | None,
    ties: str,
    rng: int | np.random.Generator | None,
) -> SubmittedLists:
    """Return the parts of a problem in which programs score; see `MatchingProblem.from_scores`."""
    check_choice("ties", ties, TIES)
    lottery = generator(rng, needed=ties == "lottery")
    parts = expand_couples(_one_side(applicants, quotas, couples))
    if callable(scores):
        if ties != "first_given":
            msg = f"ties={ties!r} needs scores as an array: a function is not called before someone proposes."
            raise ArgumentError(msg)
        return _with_scores(parts, scores)
    shape = (len(parts.applicants), len(parts.programs))
    if couples is None and np.ndim(scores) == 1:
        flat = check_scores(scores, (parts.applicant_idx.size,), "one score for each entry of the lists")
    else:
        table = check_scores(scores, shape, "one row for each applicant, one column for each program")
        flat = table[parts.owner, parts.applicant_idx]
    return _with_scores(parts, _untie(parts, flat, ties, lottery))


def parts_from_choices(
    lists: Mapping[Hashable, Sequence[Any]],
    quotas: Mapping[Hashable, int],
    held_by: str,
    priority: str | Sequence[Any],
    couples: Couples | None,
    rng: int | np.random.Generator | None,
) -> SubmittedLists:
    """Return the parts of a problem in which one side has no lists; see `MatchingProblem.from_choices`."""
    check_choice("held_by", held_by, ("applicants", "programs"))
    if isinstance(priority, str):
        check_choice("priority", priority, PRIORITIES)
    lottery = generator(rng, needed=isinstance(priority, str) and priority != "first_given")
    if held_by == "applicants":
        parts = expand_couples(_one_side(lists, quotas, couples))
        place = _places(priority, parts.applicants, lottery)
        if priority == "lotteries" and lottery is not None:
            return _with_scores(parts, lottery.random(parts.applicant_idx.size))
        return _with_scores(parts, -place[parts.owner].astype(np.float64))
    if couples is not None:
        msg = "couples rank pairs, so they hold lists: give held_by='applicants'."
        raise ArgumentError(msg)
    programs = numbers(quotas)
    for name in lists:
        if name not in programs:
            raise UnknownNameError("lists", name, programs)
    full: dict[Any, Sequence[Any]] = {name: lists.get(name, ()) for name in programs}
    applicants = list(dict.fromkeys(name for row in full.values() for name in row))
    program_ptr, program_idx = number_lists("lists", full, numbers(applicants))
    owner = np.repeat(np.arange(len(full)), np.diff(program_ptr))
    place = _places(priority, list(full), lottery)
    if priority == "lotteries" and lottery is not None:
        order = np.lexsort((lottery.random(owner.size), program_idx))
    else:
        order = np.lexsort((place[owner], program_idx))
    count = np.bincount(program_idx, minlength=len(applicants))
    return SubmittedLists(
        applicants=applicants,
        programs=list(full),
        applicant_ptr=np.concatenate(([0], np.cumsum(count))).astype(np.int64),
        applicant_idx=owner[order].astype(np.int32),
        quotas=number_quotas(quotas, list(full)),
        program_ptr=program_ptr,
        program_idx=program_idx,
    )


def evaluate(parts: SubmittedLists) -> Float64s:
    """Return the score of every entry of the applicants' lists, calling a function for each.

    Raises
    ------
    ProblemError
        A function returned NaN.
    """
    if not callable(parts.scores):
        return np.zeros(0) if parts.scores is None else parts.scores
    score = plain_score(parts.scores)
    owner, program = parts.owner.tolist(), parts.applicant_idx.tolist()
    values = np.fromiter(map(score, owner, program), np.float64, len(owner))
    if np.isnan(values).any():
        at = int(np.isnan(values).argmax())
        raise ProblemError(not_a_score(parts.applicants[owner[at]], parts.programs[program[at]]))
    return values


def plain_score(score: Score) -> Score:
    """Return a score function that gives floats for plain numbers, or says what else it was given."""

    def asked(applicant: int, program: int) -> float:
        value = score(int(applicant), int(program))
        try:
            return float(value)
        except (TypeError, ValueError):
            msg = f"The score function returned {value!r} for applicant {applicant}, program {program}; give a number."
            raise ProblemError(msg) from None

    return asked


def not_a_score(applicant: Any, program: Any) -> str:
    """Return the message for a score function that returned NaN."""
    return (
        f"The score function returned NaN for applicant {applicant!r} at program {program!r}. "
        "Return -inf where a program does not rank an applicant."
    )


def lists_from_scores(parts: SubmittedLists) -> LinkedLists:
    """Return linked lists in which every program ranks whoever it gives a finite score, highest first."""
    from carms_lib.matching._linking import rank_by_score  # noqa: PLC0415 - numba loads when it is needed

    score = evaluate(parts)
    length = (parts.applicant_ptr[1:] - parts.applicant_ptr[:-1]).astype(np.int32)
    program_ptr = np.empty(len(parts.programs) + 1, np.int64)
    order = np.empty(parts.applicant_idx.size, np.int64)
    rank_by_score(parts.applicant_ptr, parts.applicant_idx, score, length, program_ptr, order)
    order = order[: program_ptr[-1]]
    dtype, shift = entry_type(len(parts.programs), program_ptr)
    entries = parts.applicant_idx.astype(np.int64) << shift | ((1 << shift) - 1)
    rank = np.arange(order.size) - np.repeat(program_ptr[:-1], np.diff(program_ptr))
    entries[order] = parts.applicant_idx[order].astype(np.int64) << shift | rank
    return LinkedLists(
        applicant_ptr=parts.applicant_ptr,
        entries=entries.astype(dtype),
        shift=shift,
        places=parts.places,
        program_ptr=program_ptr,
        program_idx=parts.owner[order].astype(np.int32),
        seats=np.minimum(parts.quotas, np.diff(program_ptr)).astype(np.int32),
    )


def _one_side(
    applicants: Mapping[Hashable, Sequence[Any]], quotas: Mapping[Hashable, int], couples: Couples | None
) -> SubmittedLists:
    """Return the parts of a problem with applicants' lists only."""
    members = dict.fromkeys(name for couple in couples or () for name in couple)
    rival = next((name for name in members if name in applicants), None)
    if rival is not None:
        msg = f"{rival!r} is in couples and in applicants; leave the members of couples out of applicants."
        raise ProblemError(msg)
    names = [*applicants, *members]
    programs = numbers(quotas)
    pointer, flat = number_lists("applicants", applicants, programs)
    return SubmittedLists(
        applicants=names,
        programs=list(programs),
        applicant_ptr=np.append(pointer, np.full(len(members), pointer[-1])),
        applicant_idx=flat,
        quotas=number_quotas(quotas, list(programs)),
        program_ptr=np.zeros(len(programs) + 1, np.int64),
        program_idx=np.zeros(0, np.int32),
        couples=number_couples(couples, numbers(names), programs),
    )


def _with_scores(parts: SubmittedLists, scores: Float64s | Score) -> SubmittedLists:
    """Return the parts with scores, after making sure that no applicant lists a program twice."""
    key = parts.owner * max(len(parts.programs), 1) + parts.applicant_idx
    _, first = np.unique(key, return_index=True)
    if first.size < key.size:
        again = np.ones(key.size, bool)
        again[first] = False
        at = int(again.argmax())
        msg = (
            f"Applicant {parts.applicants[int(parts.owner[at])]!r} ranks program "
            f"{parts.programs[int(parts.applicant_idx[at])]!r} twice. Each program may be listed once."
        )
        raise ProblemError(msg)
    return replace(parts, scores=scores)


def _untie(parts: SubmittedLists, scores: Float64s, ties: str, lottery: np.random.Generator | None) -> Float64s:
    """Return scores without ties at any program, or as they are where the first given wins."""
    if ties == "first_given":
        return scores
    second = np.zeros(scores.size) if lottery is None else lottery.random(scores.size)
    order = np.lexsort((second, scores, parts.applicant_idx))
    program, value = parts.applicant_idx[order], scores[order]
    equal = (program[1:] == program[:-1]) & (value[1:] == value[:-1]) & (value[1:] != -np.inf)
    if not equal.any():
        return scores
    if lottery is None:
        at = int(equal.argmax())
        names = [parts.applicants[int(parts.owner[order[k]])] for k in (at, at + 1)]
        msg = (
            f"Program {parts.programs[int(program[at])]!r} gives applicants {names[0]!r} and {names[1]!r} the same "
            f"score {value[at]!r} ({int(equal.sum())} such pairs). Say how ties are broken: ties='first_given' or "
            "ties='lottery'."
        )
        raise ProblemError(msg)
    untied = np.full(scores.size, -np.inf)
    untied[order] = np.where(value == -np.inf, -np.inf, np.arange(scores.size, dtype=np.float64))
    return untied


def _places(priority: str | Sequence[Any], names: Sequence[Any], lottery: np.random.Generator | None) -> Int64s:
    """Return the place of each name in the common order."""
    if lottery is not None:
        return lottery.permutation(len(names))
    if isinstance(priority, str):
        return np.arange(len(names))
    number = numbers(names)
    order: list[int] = []
    for name in priority:
        if name not in number:
            raise UnknownNameError("priority", name, names)
        order.append(number[name])
    if sorted(order) != list(range(len(names))):
        given: set[int] = set()
        for k in order:
            if k in given:
                msg = f"priority names {names[k]!r} twice; each must be named once."
                raise ProblemError(msg)
            given.add(k)
        missing = next(name for name in names if number[name] not in given)
        msg = f"priority does not name {missing!r} ({len(names) - len(order)} missing); each must be named once."
        raise ProblemError(msg)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return place
