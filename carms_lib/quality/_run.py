"""The record of a run: when, on what, how long, what was kept and set aside, what every check found, how it ended.

Belongs here: the record itself and its JSON. Does not belong here: making one (`_recorder`). A record is
the only thing of a run that knows the time; tables, provenance and figures never do.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import pandas as pd

from carms_lib.exceptions import (
    ArgumentError,
    CarmsError,
    FetchError,
    MissingExtraError,
    QualityError,
    SchemaError,
    SourceError,
    WarehouseError,
)
from carms_lib.quality._report import CheckResult, Report
from carms_lib.schemas import codes, contract, redact_contacts, validate

__all__ = ["RunRecord", "empty_audit", "failure_class"]

_LONGEST_FAILURE = 2_000  # characters


def failure_class(error: BaseException) -> str:
    """Return whose turn it is when a run ends with `error`.

    Returns
    -------
    str
        "source": the published files cannot be used. "contract": a table breaks its promise. "data": a critical check
        failed. "infrastructure": the machine, network or database. "code": everything else, a wrong argument included.
    """
    if isinstance(error, FetchError | WarehouseError | MissingExtraError):
        return "infrastructure"
    if isinstance(error, SourceError):
        return "source"
    if isinstance(error, SchemaError):
        return "contract"
    if isinstance(error, QualityError):
        return "data"
    if isinstance(error, CarmsError):
        return "code"
    if isinstance(error, OSError | MemoryError) or not isinstance(error, Exception):
        return "infrastructure"
    return "code"


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What one run did.

    Parameters
    ----------
    run_id : str
        Key of the run.
    started_at : datetime
        With its zone.
    seconds : float
        How long it took [s].
    release_id : str, optional
        None where the run failed before the release was known.
    timings : mapping of str to float
        Step -> how long it took [s], in the order in which they first ended; a step that ran twice has the sum.
    report : Report
        Rows and seats of each step, and what every check found, as far as the run came.
    quarantine : DataFrame
        What was set aside (contract audit.quarantine).
    versions, sources : mapping of str to str
        Package -> version; published file -> SHA-256.
    tags : mapping of str to str
        What whoever started the run wished to note.
    failure_class, failure : str, optional
        Whose turn it is and what was said, where the run failed; contact details removed.
    """

    run_id: str
    started_at: dt.datetime
    seconds: float
    release_id: str | None
    timings: Mapping[str, float]
    report: Report
    quarantine: pd.DataFrame
    versions: Mapping[str, str]
    sources: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    failure_class: str | None = None
    failure: str | None = None

    def __post_init__(self) -> None:
        if self.started_at.tzinfo is None:
            msg = f"started_at={self.started_at!r} is a moment without a zone. Give one with its zone, such as UTC."
            raise ArgumentError(msg)
        if self.failure_class is not None and self.failure_class not in codes.FAILURE_CLASSES:
            msg = f"failure_class={self.failure_class!r} is not allowed. Allowed: {', '.join(codes.FAILURE_CLASSES)}."
            raise ArgumentError(msg)

    @property
    def passed(self) -> bool:
        """The run came to its end, and no critical check failed."""
        return self.failure_class is None and self.report.passed

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and lists, ready for JSON and for a warehouse's `write_build`; `from_dict` reads them."""
        return {
            "run_id": self.run_id,
            "release_id": self.release_id or "",
            "started_at": self.started_at.astimezone(dt.UTC).isoformat(),
            "seconds": self.seconds,
            "failure_class": self.failure_class,
            "failure": self.failure,
            "tags": dict(sorted(self.tags.items())),
            "versions": dict(sorted(self.versions.items())),
            "sources": dict(sorted(self.sources.items())),
            "timings": dict(self.timings),
            "steps": _records(self.report.steps),
            "checks": [_plain_result(result) for result in self.report.results],
            "quarantine": _records(self.quarantine),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Read a `record` that `to_dict` wrote.

        Raises
        ------
        ArgumentError
            If it is no record of a run.
        """
        try:
            return cls(
                run_id=str(record["run_id"]),
                started_at=dt.datetime.fromisoformat(record["started_at"]),
                seconds=float(record["seconds"]),
                release_id=record["release_id"] or None,
                timings={str(step): float(seconds) for step, seconds in record["timings"].items()},
                report=Report(_frame(record["steps"], "step"), tuple(map(_result, record["checks"]))),
                quarantine=_frame(record["quarantine"], "quarantine"),
                versions=dict(record["versions"]),
                sources=dict(record["sources"]),
                tags=dict(record["tags"]),
                failure_class=record["failure_class"],
                failure=record["failure"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            msg = f"record is no record of a run: {error!r}. Give what RunRecord.to_dict returned."
            raise ArgumentError(msg) from error

    def to_json(self) -> str:
        """Return the record as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def save(self, path: str | Path) -> None:
        """Write the record to the file `path` as indented JSON.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        ArgumentError
            If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"
        try:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            msg = f"path={str(path)!r} cannot be written: {error.strerror}. Give a file you may write to."
            raise ArgumentError(msg) from error

    def summary(self) -> str:
        """Return one screen: the run, its timings, and the report."""
        ended = "passed" if self.passed else f"FAILED ({self.failure_class or 'data'})"
        lines = [
            f"run        {self.run_id}  {ended} after {self.seconds:.2f} s",
            f"started    {self.started_at.astimezone(dt.UTC).isoformat(timespec='seconds')}",
            f"release    {self.release_id or 'not known'}",
            *(f"source     {name}  sha256 {digest[:16]}…" for name, digest in sorted(self.sources.items())),
            *(f"tag        {name} = {value}" for name, value in sorted(self.tags.items())),
            "timings    " + ", ".join(f"{step} {seconds:.2f} s" for step, seconds in self.timings.items()),
        ]
        if self.failure is not None:
            lines.append(f"failure    {self.failure}")
        return "\n".join([*lines, "", self.report.summary()])


def empty_audit(table: str) -> pd.DataFrame:
    """Return an audit `table` without rows, in the types of its contract."""
    dtypes = contract("audit", table).dtypes
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()})


def failure_text(error: BaseException) -> str:
    """Return what `error` says, cut to a length that can be kept, without contact details."""
    text = redact_contacts(str(error) or type(error).__name__)
    named = text if isinstance(error, CarmsError) else f"{type(error).__name__}: {text}"
    return named if len(named) <= _LONGEST_FAILURE else named[: _LONGEST_FAILURE - 1] + "…"


def _typed(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    promise = contract("audit", table)
    return validate(frame[promise.columns].astype(promise.dtypes), "audit", table)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(name): value.item() if hasattr(value, "item") else value for name, value in row.items()}
        for row in plain.to_dict("records")
    ]


def _frame(records: list[dict[str, Any]], table: str) -> pd.DataFrame:
    if not records:
        return empty_audit(table)
    return _typed(pd.DataFrame(records), table)


def _plain_result(result: CheckResult) -> dict[str, Any]:
    plain: dict[str, Any] = dict(vars(result))
    if result.measured is not None and math.isnan(result.measured):
        plain["measured"] = None  # JSON has no such number
    keys = [redact_contacts(key) for key in result.failing_keys]
    return plain | {"columns": list(result.columns), "failing_keys": keys, "observed": redact_contacts(result.observed)}


def _result(record: Mapping[str, Any]) -> CheckResult:
    known = {one.name: record[one.name] for one in fields(CheckResult)}
    return CheckResult(**(known | {"columns": tuple(known["columns"]), "failing_keys": tuple(known["failing_keys"])}))
