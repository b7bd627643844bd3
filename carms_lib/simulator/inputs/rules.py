"""The registry of rules: one row for each rule that a province can set.

Belongs here: what each rule means, which values it takes, its default, and the function that turns it into arrays; and
the arrays that the table of programs gives before any rule. Does not belong here: which province has which rule in
which year, which is data (`carms_lib/data/rules.toml`, read by `rule_record`), and the match that obeys the rules.

A rule holds in a province for a match. Its function gets the programs with the value that the rule has in the province
of each, and returns arrays; functions run in the order of the registry, each on the arrays of those before it.

A new rule is a row of `RULES`, and its function where no function here does already what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError

__all__ = ["RULES", "RuleKind", "RuledPrograms", "reversion_targets", "rule_arrays"]

_FAMILY_MEDICINE = "Family Medicine"


class RuledPrograms(NamedTuple):
    """What the function of a rule is given; P programs."""

    programs: pd.DataFrame
    value: np.ndarray  # [P]: the rule in the province of each program
    province: np.ndarray  # int32[P]
    stream: Mapping[str, int]  # "CMG", "IMG", "MOTP" -> the bits of the classes of applicants in that stream
    arrays: Mapping[str, np.ndarray]  # as the rules before have left them


@dataclass(frozen=True)
class RuleKind:
    """One row of the registry.

    Parameters
    ----------
    meaning : str
        What the rule says where it holds, in words.
    effect : callable
        RuledPrograms -> the arrays that it changes, by name.
    touches : tuple of str
        Names of the arrays that the effect may return. A test compares.
    allowed : tuple
        The values that it can take.
    default : bool or str
        Its value where nobody has said anything: what changes nothing.
    """

    meaning: str
    effect: Callable[[RuledPrograms], Mapping[str, np.ndarray]]
    touches: tuple[str, ...]
    allowed: tuple[bool | str, ...] = (False, True)
    default: bool | str = False

    def check(self, argument: str, value: Any) -> bool | str:
        """Return a value that the rule can take in its own type, or raise ArgumentError; 1 is not True."""
        if isinstance(value, np.bool_):
            value = bool(value)
        for known in self.allowed:
            if type(value) is type(known) and value == known:
                return known
        allowed = " or ".join(map(repr, self.allowed))
        raise ArgumentError(f"{argument}={value!r} must be {allowed} (a {type(self.default).__name__}).")

    def column(self, values: Any) -> np.ndarray:
        """Return values of the rule as one array of their own type."""
        return np.array([self.check("value", value) for value in values], dtype=type(self.default))


# --- effects: from the value of a rule to arrays ---------------------------------------------------------------------


def _merge_in_second(at: RuledPrograms) -> dict[str, np.ndarray]:
    civil = (at.programs["eligibility"] != "MOTP").to_numpy(bool)
    second = at.arrays["second_open"]
    both = np.uint8(at.stream["CMG"] | at.stream["IMG"])
    return {"second_open": np.where(at.value & civil, second | both, second).astype(np.uint8)}


def _revert(at: RuledPrograms) -> dict[str, np.ndarray]:
    return {"reverts_to": _reverting_too(at, at.value)}


def _revert_in_family_medicine(at: RuledPrograms) -> dict[str, np.ndarray]:
    return {"reverts_to": _reverting_too(at, at.value & (at.programs["discipline"] == _FAMILY_MEDICINE).to_numpy(bool))}


def _reverting_too(at: RuledPrograms, chosen: np.ndarray) -> np.ndarray:
    return np.where(chosen, reversion_targets(at.programs, chosen), at.arrays["reverts_to"]).astype(np.int32)


def _need_residence(at: RuledPrograms) -> dict[str, np.ndarray]:
    # A stream for the people of one province stays theirs.
    residence = at.arrays["residence"]
    return {"residence": np.where(at.value & (residence < 0), at.province, residence).astype(np.int32)}


def _need_schooling(at: RuledPrograms) -> dict[str, np.ndarray]:
    return {"schooling": np.where(at.value, at.province, at.arrays["schooling"]).astype(np.int32)}


def reversion_targets(programs: pd.DataFrame, reverts: np.ndarray) -> np.ndarray:
    """Return the IMG program that takes a CMG program's unfilled seats: same school and discipline, largest quota."""
    target = np.full(len(programs), -1, dtype=np.int32)
    takers = programs[programs["eligibility"] == "IMG"]
    best = takers.sort_values(["quota", "program_stream_id"], ascending=[False, True]).drop_duplicates(
        ["school", "discipline"]
    )
    number = dict(zip(zip(best["school"], best["discipline"], strict=True), best.index.to_numpy(), strict=True))
    for i, (school, discipline, stream) in enumerate(
        zip(programs["school"], programs["discipline"], programs["eligibility"], strict=True)
    ):
        if reverts[i] and stream == "CMG":
            target[i] = number.get((school, discipline), -1)
    return target


# --- the registry ----------------------------------------------------------------------------------------------------

#: Name -> row. The name is the column of a cohort's provinces, the rule of `Scenario.set_rule`, and that of the file.
RULES: dict[str, RuleKind] = {
    "streams_merge": RuleKind(
        "In the second iteration, seats of the CMG and the IMG stream are open to graduates of both.",
        _merge_in_second,
        ("second_open",),
    ),
    "reverts": RuleKind(
        "In the first iteration, unfilled CMG seats revert to the IMG program of the same school and discipline.",
        _revert,
        ("reverts_to",),
    ),
    "family_medicine_reverts": RuleKind(
        "In the first iteration, unfilled CMG seats of Family Medicine revert to the school's IMG program.",
        _revert_in_family_medicine,
        ("reverts_to",),
    ),
    "img_residents_only": RuleKind(
        "Graduates of schools abroad, US schools included, apply only if they live in the province.",
        _need_residence,
        ("residence",),
    ),
    "img_schooling": RuleKind(
        "Graduates who apply to the IMG stream need schooling in the province to apply in the first iteration. A "
        "cohort does not say where they went to school, so residents of the province count as schooled there.",
        _need_schooling,
        ("schooling",),
    ),
}


def rule_arrays(programs: pd.DataFrame, classes: pd.DataFrame, provinces: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return who may apply where and which unfilled seats revert, from the streams of programs and all rules.

    Parameters
    ----------
    programs : pandas.DataFrame
        As `check_programs` returns it.
    classes, provinces : pandas.DataFrame
        Of a cohort; `provinces` has a column for each rule.

    Returns
    -------
    dict of str to ndarray of shape (P,)
        `first_open`, `second_open`, `residence`, `schooling` and `reverts_to` of `Tables`.
    """
    name = classes["stream"].to_numpy(object)
    bits = 1 << np.arange(len(name))
    stream = {each: int(bits[name == each].sum()) for each in ("CMG", "IMG", "MOTP")}
    province = provinces.index.get_indexer(pd.Index(programs["school_province"])).astype(np.int32)
    arrays = _before_rules(programs, stream, provinces)
    for rule, kind in RULES.items():
        value = provinces[rule].to_numpy(type(kind.default))[province]
        given = RuledPrograms(programs=programs, value=value, province=province, stream=stream, arrays=arrays)
        arrays |= kind.effect(given)
    return arrays


def _before_rules(programs: pd.DataFrame, stream: Mapping[str, int], provinces: pd.DataFrame) -> dict[str, np.ndarray]:
    """What the table of programs says by itself: its streams, in both iterations, and streams for one's own people."""
    by_stream = {**stream, "ALL": stream["CMG"] | stream["IMG"]}
    opened = programs["eligibility"].map(by_stream).to_numpy(np.uint8)
    if "admits_motp" in programs.columns:
        opened = np.where(programs["admits_motp"].to_numpy(bool), opened | stream["MOTP"], opened).astype(np.uint8)
    nowhere = np.full(len(programs), -1, dtype=np.int32)
    residence = nowhere
    if "home_province" in programs.columns:
        residence = provinces.index.get_indexer(pd.Index(programs["home_province"])).astype(np.int32)
    return {
        "first_open": opened,
        "second_open": opened,
        "residence": residence,
        "schooling": nowhere,
        "reverts_to": nowhere,
    }
