"""What an argument must be, checked at the door: kinds, paths and names, each with an error that says what to give.

Belongs here: checks that several packages share. Does not belong here: what only one package knows of its arguments.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from carms_lib.exceptions import ArgumentError

__all__ = ["check_instance", "check_mapping", "check_path", "check_text", "check_whole"]

T = TypeVar("T")


def check_instance(argument: str, value: Any, kind: type[T], make: str) -> T:
    """Return a value of the kind that an argument must have.

    Parameters
    ----------
    argument : str
        Named in the error.
    value : object
    kind : type
    make : str
        How to make one, such as "Market.from_gold(gold, cohort)".

    Returns
    -------
    object
        `value`.

    Raises
    ------
    ArgumentError
        It is of another kind.
    """
    if not isinstance(value, kind):
        raise ArgumentError(f"{argument}={type(value).__name__} must be a {kind.__name__}. Make one: {make}.")
    return value


def check_path(argument: str, value: Any, such_as: str) -> Path:
    """Return a path.

    Parameters
    ----------
    argument : str
    value : object
        Text or path-like.
    such_as : str
        An example for the error.

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        It is another kind of value, is empty, or holds a NUL character.
    """
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text or "\x00" in text:
        raise ArgumentError(f"{argument}={value!r} must be a path, such as {such_as!r}.")
    return Path(text)


def check_text(argument: str, value: Any, such_as: str) -> str:
    """Return text that is not empty, or raise ArgumentError with an example."""
    if not isinstance(value, str) or not value:
        raise ArgumentError(f"{argument}={value!r} must be text, such as {such_as!r}.")
    return value


def check_mapping(argument: str, value: Any, such_as: str) -> Mapping[Any, Any]:
    """Return a mapping, or raise ArgumentError with an example."""
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{argument}={type(value).__name__} must be a mapping, such as {such_as}.")
    return value


def check_whole(argument: str, value: Any, such_as: int, *, largest: int = 2**63 - 1) -> int:
    """Return a whole number that a database can hold, or raise ArgumentError with an example."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not abs(int(value)) <= largest:
        raise ArgumentError(f"{argument}={value!r} must be a whole number, such as {such_as}.")
    return int(value)
