"""The referee: every index is in bounds and every quota a count before a kernel sees them.

Belongs here: checks of arrays, quotas, choices among words, and the messages they give. Does not belong here:
how names become indices (`_from_lists`, `_from_frames`, `_from_scores`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ArgumentError, ProblemError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from carms_lib.kernels.arrays import Float64s, Int32s, Int64s

__all__ = ["check_choice", "check_count", "check_indices", "check_pointer", "check_quotas", "check_scores", "shown"]

LARGEST = 2**31 - 2


def check_choice(argument: str, value: object, allowed: Sequence[str]) -> None:
    """Raise UnknownNameError unless `value` is one of `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise UnknownNameError(argument, value, allowed)


def check_count(argument: str, value: object, *, least: int = 0) -> int:
    """Return `value` as an int, or raise ArgumentError unless it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        msg = f"{argument}={value!r} is not allowed: give a whole number of at least {least}."
        raise ArgumentError(msg)
    return int(value)


def _integers(argument: str, values: ArrayLike) -> Any:
    array = np.asarray(values)
    if array.ndim != 1:
        msg = f"{argument} has {array.ndim} dimensions; a flat array of integers is needed."
        raise ProblemError(msg)
    if array.size == 0:
        return array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        msg = f"{argument} holds {array.dtype} values; integers are needed (0-based indices)."
        raise ProblemError(msg)
    return array


def check_pointer(argument: str, pointer: ArrayLike, n_entries: int) -> Int64s:
    """Return a CSR pointer as int64: it begins at 0, never falls, and ends at `n_entries`."""
    array = _integers(argument, pointer)
    if array.size == 0:
        msg = f"{argument} is empty; it needs one more value than there are lists, so at least [0]."
        raise ProblemError(msg)
    if array[0] != 0 or array[-1] != n_entries:
        msg = (
            f"{argument} runs from {array[0]} to {array[-1]}; it must run from 0 to {n_entries}, "
            "the number of entries of the lists."
        )
        raise ProblemError(msg)
    array = np.ascontiguousarray(array, np.int64)
    if array.size > LARGEST:
        msg = f"{argument} describes {array.size - 1} lists; at most {LARGEST - 1} are possible."
        raise ProblemError(msg)
    falls = array[1:] < array[:-1]
    if falls.any():
        at = int(falls.argmax())
        msg = f"{argument} falls from {array[at]} to {array[at + 1]} at place {at + 1}; it must never fall."
        raise ProblemError(msg)
    return array


def check_indices(argument: str, indices: ArrayLike, limit: int, what: str, *, least: int = 0) -> Int32s:
    """Return indices as int32, all of them from `least` to ``limit - 1``."""
    array = _integers(argument, indices)
    if array.size and (array.min() < least or array.max() >= limit):
        at = int(((array < least) | (array >= limit)).argmax())
        msg = (
            f"{argument}[{at}]={array[at]} is no {what}: there are {limit}, numbered from 0"
            f"{'' if least == 0 else ', and -1 means no match'}."
        )
        raise ProblemError(msg)
    return np.ascontiguousarray(array, np.int32)


def check_quotas(quotas: ArrayLike, labels: Sequence[Any]) -> Int32s:
    """Return quotas as int32, one for each program, none negative."""
    array = np.asarray(quotas)
    if array.shape != (len(labels),):
        msg = f"quotas has shape {array.shape}; one number for each of the {len(labels)} programs is needed."
        raise ProblemError(msg)
    if array.size == 0:
        return np.zeros(0, np.int32)
    if not np.issubdtype(array.dtype, np.integer):
        bad = next((k for k, value in enumerate(array.tolist()) if not _is_count(value)), None)
        if bad is None:
            msg = f"quotas holds {array.dtype} values; whole numbers are needed. Convert them with astype(int)."
        else:
            msg = f"quotas[{labels[bad]!r}]={array[bad]!r} is not a whole number of positions, zero or more."
        raise ProblemError(msg)
    wrong = (array < 0) | (array > LARGEST)
    if wrong.any():
        bad = int(wrong.argmax())
        msg = f"quotas[{labels[bad]!r}]={array[bad]} is not allowed: give a number of positions from 0 to {LARGEST}."
        raise ProblemError(msg)
    return np.ascontiguousarray(array, np.int32)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def check_scores(scores: ArrayLike, shape: tuple[int, ...], meaning: str) -> Float64s:
    """Return scores as float64 of the given shape, none of them NaN."""
    array = np.asarray(scores)
    if array.shape != shape:
        msg = f"scores has shape {array.shape}; {shape} is needed: {meaning}."
        raise ProblemError(msg)
    if array.size and not (np.issubdtype(array.dtype, np.number) and not np.iscomplexobj(array)):
        msg = f"scores holds {array.dtype} values; numbers are needed (higher is better, -inf is not ranked)."
        raise ProblemError(msg)
    array = np.ascontiguousarray(array, np.float64)
    if np.isnan(array).any():
        at = tuple(int(place[0]) for place in np.nonzero(np.isnan(array)))
        msg = (
            f"scores[{', '.join(map(str, at))}] is NaN ({int(np.isnan(array).sum())} in all). "
            "Write -inf where a program does not rank an applicant."
        )
        raise ProblemError(msg)
    return array


def shown(values: Sequence[Any], limit: int = 5) -> str:
    """Return the first few values as text, with how many more there are."""
    text = ", ".join(str(value) for value in values[:limit])
    return text if len(values) <= limit else f"{text} and {len(values) - limit} more"
