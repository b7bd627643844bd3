"""What a view may be asked: levels, kinds, counts and names, checked before anything is counted.

Belongs here: checks that several views share, each with an error that says what is allowed. Does not belong here: what
only one view knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError

__all__ = [
    "KINDS",
    "KIND_NOTES",
    "check_count",
    "check_fewest",
    "check_kind",
    "check_level",
    "check_name",
    "check_names",
    "check_simultaneous",
]

KINDS = ("outcome", "mean", "input")
#: What a band of each kind holds, for a reader of a saved table.
KIND_NOTES = {
    "outcome": "A band of kind outcome holds the next match: chance and uncertain inputs together.",
    "mean": "A band of kind mean is the Monte Carlo error of the estimate: it shrinks with more draws.",
    "input": "A band of kind input is the spread that the uncertain inputs alone give the expected result.",
}


def check_level(level: Any) -> float:
    """Return `level` if it is a number in (0, 1).

    Raises
    ------
    ArgumentError
        Anything else; 90 for 0.90 is the usual slip.
    """
    if isinstance(level, bool) or not isinstance(level, Real) or not 0.0 < float(level) < 1.0:
        raise ArgumentError(f"level={level!r} must be a number between 0 and 1, both left out, such as 0.90.")
    return float(level)


def check_simultaneous(simultaneous: Any, kind: str) -> None:
    """Raise ArgumentError unless `simultaneous` is a bool, and bands that hold together are of kind "mean"."""
    if not isinstance(simultaneous, (bool, np.bool_)):
        raise ArgumentError(f"simultaneous={simultaneous!r} must be True or False.")
    if simultaneous and kind != "mean":
        raise ArgumentError(
            f"simultaneous=True is for bands of kind 'mean', which say how well averages are known; kind={kind!r} says "
            "what one match may bring, cell by cell."
        )


def check_count(argument: str, value: Any, least: int = 1) -> int:
    """Return `value` if it is a whole number of at least `least`; `argument` names it in the error."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{argument}={value!r} must be a whole number of at least {least}.")
    return int(value)


def check_fewest(fewest: Any) -> float:
    """Return `fewest` if it is a number of persons, 0 or more."""
    if isinstance(fewest, bool) or not isinstance(fewest, Real) or not 0.0 <= float(fewest) < math.inf:
        raise ArgumentError(f"fewest={fewest!r} must be a number of persons, 0 or more.")
    return float(fewest)


def check_kind(kind: Any) -> str:
    """Return `kind` if it is one of KINDS."""
    return check_name("kind", kind, KINDS)


def check_name(argument: str, value: Any, allowed: Iterable[Any]) -> str:
    """Return `value` if it is one of the names allowed.

    Raises
    ------
    UnknownNameError
        Anything else: another name, no name at all, or several where one is wanted.
    """
    names = [str(name) for name in allowed]
    if not isinstance(value, str) or value not in names:
        raise UnknownNameError(argument, value, names)
    return value


def check_names(argument: str, value: Any, allowed: Iterable[Any] | None = None) -> list[str]:
    """Return `value`, a name or several in an order, as a list; None is no name.

    Parameters
    ----------
    argument : str
        For the error.
    value : str, sequence of str, or None
    allowed : iterable of str, optional
        The names that there are.

    Raises
    ------
    UnknownNameError
        A name that is not allowed.
    ArgumentError
        Something that is neither a name nor an ordered collection of names, or a name given twice.
    """
    if value is None:
        return []
    if isinstance(value, str):
        names: Sequence[Any] = [value]
    elif isinstance(value, (list, tuple, pd.Index, pd.Series)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        names = list(value)
    else:
        raise ArgumentError(
            f"{argument}={value!r} is neither a name nor a list of names. Give one, such as {argument}='discipline', "
            f"or several in order, such as {argument}=['province', 'discipline']."
            if argument in ("by", "to")
            else f"{argument}={value!r} is neither a name nor a list of names. Give one name, or a list of them."
        )
    known = None if allowed is None else [str(name) for name in allowed]
    for name in names:
        if not isinstance(name, str) or (known is not None and name not in known):
            raise UnknownNameError(argument, name, known or [])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"{argument}={names!r} names {twice} more than once.")
    return [str(name) for name in names]
