"""What a build found: one result per check, of one of the kinds, and the report that gathers steps and results.

Belongs here: the kinds of check, the records, their one-screen summary, and what a failure does. Does not belong here:
the checks.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, ParamSpec, TypeVar, cast

import pandas as pd

from carms_lib.exceptions import ArgumentError, QualityError, QualityWarning
from carms_lib.schemas import codes, contract, redact_contacts, validate

__all__ = ["CHECK_KINDS", "CheckResult", "Report", "of_kind"]

_SHOWN = 5


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


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Parameters
    ----------
    step : str
        Step of the build after which it ran: "raw", "bronze", "silver" or "gold".
    check : str
        Its name.
    table : str
        What it looked at.
    severity : str
        "critical" (a failure stops the build) or "warning" (a failure is reported).
    passed : bool
    observed, expected : str
        What it found and what it allows.
    failing_keys : tuple of str
        Keys of the rows that fail, all of them; shown five at a time.
    kind : str, default "own"
        What kind of question it asks (`CHECK_KINDS`); "own" for a check of the user's.
    columns : tuple of str
        The columns that it looked at; none for a whole table.
    measured, threshold : float, optional
        What it found and the largest number that passes, where it measures one: a share (0 to 1), a count, a
        distance, days.
    """

    step: str
    check: str
    table: str
    severity: str
    passed: bool
    observed: str
    expected: str
    failing_keys: tuple[str, ...] = ()
    kind: str = "own"
    columns: tuple[str, ...] = ()
    measured: float | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.severity not in codes.SEVERITIES:
            msg = f"severity={self.severity!r} is not allowed. Allowed: {', '.join(codes.SEVERITIES)}."
            raise ArgumentError(msg)

    @property
    def shown_keys(self) -> str:
        """The first five failing keys, joined with commas, and how many more there are."""
        keys = list(dict.fromkeys(self.failing_keys))  # a key that fails in several rows is shown once
        shown = ", ".join(redact_contacts(key) for key in keys[:_SHOWN])
        more = len(keys) - _SHOWN
        return f"{shown} and {more:,} more" if more > 0 else shown

    def line(self) -> str:
        """Return the result as one line of text."""
        mark = "ok  " if self.passed else "FAIL"
        keys = f"; {self.shown_keys}" if self.failing_keys else ""
        return f"{mark} {self.severity:<8} {self.check} ({self.table}): {self.observed}; allowed: {self.expected}{keys}"


P = ParamSpec("P")
R = TypeVar("R", bound="CheckResult | list[CheckResult]")


def of_kind(kind: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function: every result that it returns is of this `kind`, and so is the function."""
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

        marked.__dict__["kind"] = kind
        return marked

    return decorate


@dataclass(frozen=True)
class Report:
    """Steps and checks of a build, in the order in which they ran.

    Parameters
    ----------
    steps : DataFrame
        Rows and seats read, kept and set aside, one row per step and table (contract audit.step).
    results : tuple of CheckResult
    """

    steps: pd.DataFrame
    results: tuple[CheckResult, ...] = ()

    def with_step(self, steps: pd.DataFrame, results: Iterable[CheckResult]) -> Report:
        """Return a report with the steps and results of one more step.

        Parameters
        ----------
        steps : DataFrame
            Contract audit.step.
        results : iterable of CheckResult

        Returns
        -------
        Report
        """
        both = pd.concat([self.steps, steps], ignore_index=True)
        return replace(self, steps=both, results=(*self.results, *results))

    @property
    def passed(self) -> bool:
        """No critical check failed."""
        return not self.failures("critical")

    def failures(self, severity: str | None = None) -> tuple[CheckResult, ...]:
        """Return the failed checks, of one `severity` or of both."""
        return tuple(result for result in self.results if not result.passed and severity in {None, result.severity})

    def to_frame(self) -> pd.DataFrame:
        """Return one row per check (contract audit.check)."""
        columns = contract("audit", "check").dtypes
        rows = [
            (
                *(r.step, r.check, r.table, r.severity, r.passed, redact_contacts(r.observed), r.expected),
                *(r.shown_keys, r.kind, r.measured, r.threshold),
            )
            for r in self.results
        ]
        return validate(pd.DataFrame(rows, columns=list(columns)).astype(columns), "audit", "check")

    def summary(self) -> str:
        """Return one screen: rows and seats per step, then every failed check, then how many passed."""
        lines = [
            "step     table                 read       kept  set aside   seats read       kept  set aside",
            *(
                f"{step:<8} {table:<15} {read:>10,} {kept:>10,} {aside:>10,}   {_cells(seats)}".rstrip()
                for step, table, read, kept, aside, *seats in self.steps.itertuples(index=False)
            ),
            *(result.line() for result in self.failures()),
        ]
        n_failed = len(self.failures())
        lines.append(f"{len(self.results) - n_failed} of {len(self.results)} checks passed")
        return "\n".join(lines)

    def raise_if_critical(self) -> None:
        """Raise QualityError if a critical check failed.

        Raises
        ------
        QualityError
            With one line per failed critical check, and what to do.
        """
        failed = self.failures("critical")
        if not failed:
            return
        count = "1 critical check" if len(failed) == 1 else f"{len(failed)} critical checks"
        lines = [f"{count} failed after step {failed[-1].step!r}; nothing downstream was touched."]
        lines += [f"  {result.line()}" for result in failed]
        lines.append("Correct the source, or the reviewed figures if the publication has changed.")
        raise QualityError("\n".join(lines))

    def warn(self) -> None:
        """Issue one QualityWarning that lists the failed checks of severity "warning", if there are any."""
        failed = self.failures("warning")
        if failed:
            lines = "\n".join(f"  {result.line()}" for result in failed)
            count = "1 check needs" if len(failed) == 1 else f"{len(failed)} checks need"
            warnings.warn(f"{count} a look:\n{lines}", QualityWarning, stacklevel=3)


def _cells(seats: list[object]) -> str:
    return " ".join("" if seat is pd.NA else f"{seat:>10,}" for seat in seats)
