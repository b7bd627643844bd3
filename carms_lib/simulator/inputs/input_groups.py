"""The registry of groups of uncertain inputs: what a reader would look up together.

Belongs here: one row per group, and which group an input falls into. Does not belong here: values and ranges, which are
a cohort's, and how much a group moves a result (`carms_lib.pressure`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from carms_lib.exceptions import ArgumentError, UnknownNameError

__all__ = ["INPUT_GROUPS", "InputGroup", "input_group"]


@dataclass(frozen=True)
class InputGroup:
    """A named group of uncertain inputs.

    Parameters
    ----------
    meaning : str
        What the group holds, as a noun phrase that a sentence can take.
    parameters : tuple of str
        Names of `PARAMETERS`.
    tables : tuple of str
        First words of other inputs: the table of a cell of joint draws ("table.column.item"), "size" of "size of img".
    """

    meaning: str
    parameters: tuple[str, ...]
    tables: tuple[str, ...] = ()


INPUT_GROUPS: dict[str, InputGroup] = {
    "disciplines": InputGroup(
        "the popularity of disciplines and how many of them applicants rank",
        ("demand_spread", "one_discipline", "third_discipline"),
        ("disciplines",),
    ),
    "places": InputGroup(
        "the appeal of places and applicants' attachment to them",
        ("home_school", "school_province", "home_province", "other_language", "quota_appeal", "program_spread"),
        ("provinces", "schools"),
    ),
    "list lengths": InputGroup(
        "the number of programs that applicants apply to",
        ("applications_first", "applications_behind", "applications_spread"),
    ),
    "selection": InputGroup(
        "the weights that programs give to merit, first choice, home and chance",
        ("merit", "first_discipline", "home_candidate", "local_candidate", "interview_noise"),
        ("classes",),
    ),
    "interviews": InputGroup(
        "the interviews that programs hold and the share of candidates that they rank",
        ("ranked_share", "ranked_share_abroad", "interviews_per_seat"),
    ),
    "participation": InputGroup(
        "the number of applicants in each class, and couples", ("couples_share", "couple_nearness"), ("size",)
    ),
    "seats and second iteration": InputGroup(
        "growth of quotas, reversions and the second iteration",
        ("quota_drift", "reversion_share", "second_applications", "second_ranked_share"),
    ),
}


def input_group(names: Iterable[str]) -> list[str]:
    """Return the group of each input.

    Parameters
    ----------
    names : iterable of str
        Columns of `Study.inputs`.

    Returns
    -------
    list of str
        Names of `INPUT_GROUPS`.

    Raises
    ------
    UnknownNameError
        An input that no group holds.

    Examples
    --------
    >>> input_group(["merit", "size of img"])
    ['selection', 'participation']
    """
    given: Any = names
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ArgumentError(f"names={names!r} must be several names of inputs, such as ['merit'].")
    found = []
    for name in names:
        if not isinstance(name, str):
            raise UnknownNameError("input", name, [each for row in INPUT_GROUPS.values() for each in row.parameters])
        groups = [
            group
            for group, row in INPUT_GROUPS.items()
            if name in row.parameters or name.replace(".", " ").split(" ")[0] in row.tables
        ]
        if not groups:
            raise UnknownNameError("input", name, [each for row in INPUT_GROUPS.values() for each in row.parameters])
        found.append(groups[0])
    return found
