"""Making the record of a run while it runs, and telling the log: ordinary `logging`, and JSON for machines.

Belongs here: times, failure and log lines of a run. The library only ever writes to the logger "carms_lib" and below;
handlers and levels are the user's. Does not belong here: the record itself (`_run`). The clock and
the timer are arguments: given the same ones, the same run gives the same record.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Protocol, Self

import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.provenance import package_versions
from carms_lib.quality._report import Report
from carms_lib.quality._run import RunRecord, empty_audit, failure_class, failure_text
from carms_lib.schemas import redact_contacts

__all__ = ["JsonFormatter", "Recorder"]


LOGGER: Final = logging.getLogger("carms_lib.quality")
logging.getLogger("carms_lib").addHandler(logging.NullHandler())


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class ReleaseLike(Protocol):
    """What the recorder notes of a release (`carms_lib.Release`)."""

    @property
    def release_id(self) -> str:
        """Its number."""

    @property
    def sources(self) -> pd.DataFrame:
        """One row per file: file, role, sha256, n_bytes."""


class Recorder:
    """Records one run: give it to `build`, or put a ``with`` around several steps.

    Parameters
    ----------
    run_id : str, optional
        Key of the run; by default its moment to the microsecond and a fingerprint of the tags.
    tags : mapping of str to str, optional
        Whatever is worth noting: who or what started the run, and why.
    clock : callable
        Returns the present moment with its zone.
    timer : callable
        Returns seconds that only ever grow.

    Raises
    ------
    ArgumentError
        If `run_id` is empty, a tag is not text, or the clock returns a moment without a zone.

    Notes
    -----
    A run that fails is recorded too: `record` then says how far it came, whose turn it is, and what was said; the
    error goes on to the caller.

    Examples
    --------
    >>> import carms_lib as carms
    >>> from carms_lib.quality import Recorder
    >>> with Recorder(tags={"purpose": "example"}) as recorder:
    ...     with recorder.step("load"):
    ...         release = carms.load_release()
    ...     layers = carms.build(release, recorder=recorder)
    >>> recorder.record.passed, list(recorder.record.timings)
    (True, ['load', 'raw', 'bronze', 'silver', 'gold'])
    """

    def __init__(
        self,
        *,
        run_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        clock: Callable[[], dt.datetime] = _utc_now,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        if run_id is not None and not run_id.strip():
            msg = f"run_id={run_id!r} is empty. Give a name, or None to have one made."
            raise ArgumentError(msg)
        tags = dict(tags or {})
        if not all(isinstance(part, str) for pair in tags.items() for part in pair):
            msg = f"tags={tags!r}: names and values must be text."
            raise ArgumentError(msg)
        self._run_id, self._tags, self._clock, self._timer = run_id, tags, clock, timer
        self._depth = 0
        self._started_at: dt.datetime | None = None
        self._began = self._ended = 0.0
        self._timings: dict[str, float] = {}
        self._report = Report(empty_audit("step"))
        self._quarantine = empty_audit("quarantine")
        self._release_id: str | None = None
        self._sources: dict[str, str] = {}
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        if self._depth == 0:
            if self._started_at is not None:
                msg = f"This recorder has recorded {self.run_id!r} already. Make another Recorder for another run."
                raise ArgumentError(msg)
            now = self._clock()
            if now.tzinfo is None:
                msg = f"clock returned {now!r}, a moment without a zone. Return datetime.now(UTC), or the like."
                raise ArgumentError(msg)
            self._started_at, self._began = now, self._timer()
            self._log(logging.INFO, "run started", "run_started", tags=self._tags)
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        self._error = self._error or error
        if self._depth == 0:
            self._ended = self._timer()
            record = self.record
            level = logging.INFO if record.passed else logging.ERROR
            ended = "passed" if record.passed else f"failed ({record.failure_class})"
            self._log(
                level,
                f"run {ended} after {record.seconds:.2f} s",
                "run_ended",
                passed=record.passed,
                failure_class=record.failure_class,
                failure=record.failure,
                seconds=round(record.seconds, 6),
            )

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step of the run, called `name`.

        Yields
        ------
        None
        """
        with self:
            began = self._timer()
            try:
                yield
            finally:
                seconds = self._timer() - began
                self._timings[name] = self._timings.get(name, 0.0) + float(seconds)
                self._log(
                    logging.INFO,
                    f"step {name} took {seconds:.2f} s",
                    "step_ended",
                    step=name,
                    seconds=round(seconds, 6),
                )

    def saw_release(self, release: ReleaseLike) -> None:
        """Note which `release` the run is about, and the hash of each of its files."""
        self._release_id = release.release_id
        self._sources = dict(zip(release.sources["file"], release.sources["sha256"], strict=True))

    def saw_report(self, report: Report, quarantine: pd.DataFrame) -> None:
        """Note the report and the quarantine as far as the run has come; failed checks go to the log.

        Parameters
        ----------
        report : Report
            All steps and results so far.
        quarantine : DataFrame
            Everything set aside so far (contract audit.quarantine).
        """
        for result in report.results[len(self._report.results) :]:
            if not result.passed:
                level = logging.ERROR if result.severity == "critical" else logging.WARNING
                self._log(
                    level,
                    f"check failed: {result.check} ({result.table})",
                    "check_failed",
                    step=result.step,
                    check=result.check,
                    table=result.table,
                    kind=result.kind,
                    severity=result.severity,
                    observed=result.observed,
                    expected=result.expected,
                    failing_keys=result.shown_keys,
                )
        self._report, self._quarantine = report, quarantine

    @property
    def run_id(self) -> str:
        """Key of the run."""
        if self._run_id is None:
            self._run_id = self._make_id()
        return self._run_id

    @property
    def record(self) -> RunRecord:
        """The record of the run, or of what there is of it so far.

        Raises
        ------
        ArgumentError
            If nothing has run yet.
        """
        if self._started_at is None:
            msg = "This recorder has recorded nothing yet: give it to build, or open it with a with statement."
            raise ArgumentError(msg)
        ended = self._timer() if self._depth else self._ended
        error = self._error
        return RunRecord(
            run_id=self.run_id,
            started_at=self._started_at,
            seconds=float(ended - self._began),
            release_id=self._release_id,
            timings=dict(self._timings),
            report=self._report,
            quarantine=self._quarantine,
            versions=package_versions(),
            sources=self._sources,
            tags=self._tags,
            failure_class=None if error is None else failure_class(error),
            failure=None if error is None else failure_text(error),
        )

    def _make_id(self) -> str:
        moment = self._started_at or self._clock()
        made_of = repr((moment.isoformat(), sorted(self._tags.items())))
        stamp = moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return f"{stamp}-{hashlib.sha256(made_of.encode()).hexdigest()[:6]}"

    def _log(self, level: int, message: str, event: str, **fields: object) -> None:
        LOGGER.log(
            level, "%s: %s", self.run_id, message, extra={"event": {"event": event, "run_id": self.run_id, **fields}}
        )


# --- the log ---------------------------------------------------------------------------------------------


class JsonFormatter(logging.Formatter):
    """Writes each log record as one line of JSON: time, level, logger, message, and the fields of the event.

    Examples
    --------
    >>> import logging, sys
    >>> from carms_lib.quality import JsonFormatter
    >>> handler = logging.StreamHandler(sys.stderr)
    >>> handler.setFormatter(JsonFormatter())
    >>> logging.getLogger("carms_lib").addHandler(handler)
    >>> logging.getLogger("carms_lib").removeHandler(handler)  # when it is no longer wanted
    """

    def __init__(self) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """Return a log `record` as one line of JSON, without contact details."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "event", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = "".join(traceback.format_exception_only(record.exc_info[0], record.exc_info[1])).strip()
        return redact_contacts(json.dumps(line, ensure_ascii=False, default=str))
