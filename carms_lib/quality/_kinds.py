"""The kinds of check, and how a function says which it is.

Belongs here: the catalogue of kinds and the mark that each function puts on its results. Does not belong here: any
check.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, ParamSpec, TypeVar, cast

from carms_lib.quality._report import CheckResult

__all__ = ["CHECK_KINDS", "KIND_OF", "of_kind"]

P = ParamSpec("P")
R = TypeVar("R", bound="CheckResult | list[CheckResult]")

CHECK_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "null": "Is a value missing?",
        "unique": "Does a key occur twice?",
        "range": "Does a number lie within its limits?",
        "allowed": "Is a value one of those that are known?",
        "reference": "Does a foreign key refer to something?",
        "freshness": "Is the newest date recent, and none in the future?",
        "row_count": "Are there as many rows, or seats, as there should be?",
        "conservation": "Is what went in kept or set aside, between layers?",
        "reconciliation": "Do totals meet the published and reviewed figures?",
        "distribution": "Is a column distributed as in the release before?",
        "source_schema": "Do the published files have the form that they had?",
        "quarantine": "How much was set aside?",
        "agreement": "Do two places that say the same agree?",
        "own": "A question of the user's own.",
    }
)
"""Every kind of check and the question that it asks."""

KIND_OF: Final[dict[str, str]] = {}  # name of a function that checks -> kind of its results


def of_kind(kind: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function: whatever result it returns is of this `kind`."""
    if kind not in CHECK_KINDS:
        msg = f"{kind!r} is not in the catalogue of kinds"
        raise TypeError(msg)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            found: CheckResult | list[CheckResult] = function(*args, **kwargs)
            if isinstance(found, CheckResult):
                return cast("R", replace(found, kind=kind))
            return cast("R", [replace(result, kind=kind) for result in found])

        KIND_OF[function.__name__] = kind
        return marked

    return decorate
