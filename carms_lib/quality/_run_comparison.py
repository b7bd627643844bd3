"""The scorecard: one run beside those before it, as numbers.

Belongs here: what the scorecard states, and its form on a terminal. Does not belong here: its page
(`carms_lib.memo`), and making the run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.quality._defaults import OPTIONAL, REQUIRED
from carms_lib.quality._report import CHECK_KINDS, CheckResult
from carms_lib.quality._rows import Tables
from carms_lib.quality._run import RunRecord

__all__ = ["Freshness", "Scorecard"]

_AT_MOST = 12  # runs shown
_FACTS = (*REQUIRED["page"], *OPTIONAL, "exams")


@dataclass(frozen=True)
class Freshness:
    """How old the pages of a release are.

    Parameters
    ----------
    as_of : date
        The day on which it is asked.
    newest, median, oldest : date
        Of the days on which the pages were last approved.
    share_within_year : float
        Share of the pages approved within the 365 days before `as_of`, 0 to 1.
    """

    as_of: dt.date
    newest: dt.date
    median: dt.date
    oldest: dt.date
    share_within_year: float

    def age(self, day: dt.date) -> int:
        """Return how old a `day` is [days]; negative in the future."""
        return (self.as_of - day).days


@dataclass(frozen=True, eq=False)
class Scorecard:
    """What an operator looks at: one run, beside those before it.

    Parameters
    ----------
    record : RunRecord
        The run.
    as_of : date
        The day on which freshness is judged.
    earlier : tuple of RunRecord
        Runs before it, the earliest first; at most eleven are held.
    programs, seats : int, optional
        What gold holds [programs, seats]; None where the run never made gold.
    freshness : Freshness, optional
        None where the run never made silver.
    completeness : DataFrame, optional
        One row per fact of a page and one column per province of the school, before them "all", and "set aside" where
        pages were: share of the pages read that state the fact, 0 to 1. None where the run never made gold.
    latencies : DataFrame, optional
        How long a warehouse took to answer: verb, n, p50, p95, max [s]. None where none was asked.
    notes : tuple of str
        What else an operator should know of this scorecard.
    """

    record: RunRecord
    as_of: dt.date
    earlier: tuple[RunRecord, ...] = ()
    programs: int | None = None
    seats: int | None = None
    freshness: Freshness | None = None
    completeness: pd.DataFrame | None = None
    latencies: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        record: RunRecord,
        layers: Mapping[str, Tables] | None = None,
        *,
        as_of: dt.date | None = None,
        earlier: Iterable[RunRecord] = (),
        latencies: pd.DataFrame | None = None,
        notes: Iterable[str] = (),
    ) -> Self:
        """Put the scorecard of a run together.

        Parameters
        ----------
        record : RunRecord
            The run.
        layers : mapping of str to mapping of str to DataFrame, optional
            What it built (`carms_lib.Layers`); None where it failed.
        as_of : date, optional
            The day on which freshness is judged; by default the day on which the run began.
        earlier : iterable of RunRecord
            Runs to show beside it, in any order; the run itself among them is passed over.
        latencies : DataFrame, optional
            What a warehouse's `latencies` returned.
        notes : iterable of str
            What else an operator should know.

        Returns
        -------
        Scorecard

        Raises
        ------
        ArgumentError
            If `record` is no record of a run.
        """
        given: object = record
        if not isinstance(given, RunRecord):
            msg = f"record must be a RunRecord; {type(record).__name__} was given. Take Recorder.record."
            raise ArgumentError(msg)
        day = as_of or record.started_at.astimezone(dt.UTC).date()
        before = sorted((run for run in earlier if run.run_id != record.run_id), key=lambda run: run.started_at)
        built = layers if layers is not None else {}
        program = built["gold"]["program"] if "gold" in built else None
        return cls(
            record=record,
            as_of=day,
            earlier=tuple(before[-(_AT_MOST - 1) :]),
            programs=None if program is None else len(program),
            seats=None if program is None else int(program["quota"].sum()),
            freshness=None if program is None else _freshness(program["approval_date"], day),
            completeness=None if program is None else _completeness(built["bronze"]["page"], built["silver"], program),
            latencies=latencies,
            notes=tuple(notes),
        )

    @property
    def passed(self) -> bool:
        """The run came to its end, and no critical check failed."""
        return self.record.passed

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The earlier runs and this one, the earliest first."""
        return (*self.earlier, self.record)

    @property
    def drift(self) -> tuple[CheckResult, ...]:
        """The checks against the last release, in the order in which they ran."""
        kinds = {"distribution", "row_count"}
        return tuple(r for r in self.record.report.results if r.kind in kinds and "last release" in r.check)

    def by_kind(self, record: RunRecord | None = None) -> pd.DataFrame:
        """Return one row per kind of check that a run asked: kind, question, checks, warnings, critical.

        Parameters
        ----------
        record : RunRecord, optional
            By default the run of the scorecard.

        Returns
        -------
        DataFrame
            "checks" counts all of them, "warnings" and "critical" those that failed.
        """
        results = (record or self.record).report.results
        rows = []
        for kind, question in CHECK_KINDS.items():
            of_kind = [result for result in results if result.kind == kind]
            failed = [result.severity for result in of_kind if not result.passed]
            if of_kind:
                rows.append((kind, question, len(of_kind), failed.count("warning"), failed.count("critical")))
        return pd.DataFrame(rows, columns=["kind", "question", "checks", "warnings", "critical"])

    def reasons(self) -> pd.DataFrame:
        """Return why rows were set aside: table, column, reason, rows and the first keys, the commonest first."""
        quarantine = self.record.quarantine
        grouped = quarantine.groupby(["table", "column", "reason"], sort=True)
        found = grouped.agg(rows=("source_row", "nunique"), keys=("key", lambda keys: ", ".join(keys.unique()[:5])))
        return found.reset_index().sort_values("rows", ascending=False, kind="stable", ignore_index=True)

    def summary(self) -> str:
        """Return the scorecard for a terminal: verdict, freshness, completeness, checks, drift, quarantine, times."""
        record, report = self.record, self.record.report
        verdict = "PASSED" if self.passed else f"FAILED ({record.failure_class or 'data'})"
        n_passed = len(report.results) - len(report.failures())
        lines = [
            f"{verdict}   release {record.release_id or 'not known'}, run {record.run_id}",
            f"{n_passed} of {len(report.results)} checks passed"
            + ("" if self.programs is None else f"; {self.programs:,} programs, {self.seats:,} seats"),
        ]
        if record.failure is not None:
            lines += ["", *record.failure.splitlines()]
        failed = report.failures()
        lines += [
            "",
            "Needs a look",
            *(
                [f"  {result.line()}" for result in failed]
                or [f"  none of the {len(report.results):,} checks that ran"]
            ),
        ]
        if self.freshness is not None:
            fresh = self.freshness
            days = [f"{name} {day} ({fresh.age(day):,} days)" for name, day in _days(fresh).items()]
            lines += ["", f"Freshness on {self.as_of}: pages approved", "  " + ", ".join(days)]
        if self.completeness is not None:
            least = self.completeness["all"].sort_values(kind="stable").head(5)
            lines += ["", "Completeness, the five least filled facts of a page"]
            lines += [f"  {name:<24} {share:>6.1%}" for name, share in least.items()]
        lines += ["", "Checks            asked   warnings   critical"]
        lines += [
            f"  {kind:<15} {checks:>5,} {warnings:>10,} {critical:>10,}"
            for kind, _, checks, warnings, critical in self.by_kind().itertuples(index=False)
        ]
        if self.drift:
            lines += ["", "Against the last release"]
            lines += [f"  {'ok  ' if r.passed else 'FAIL'} {r.check} ({r.table}): {r.observed}" for r in self.drift]
        reasons = self.reasons()
        lines += ["", f"Set aside: {int(report.steps['rows_quarantined'].sum()):,} rows"]
        lines += [
            f"  {row['rows']:>5,}  {row['table']}.{row['column']}: {row['reason']}"
            for row in reasons.head(10).to_dict("records")
        ]
        lines += ["", f"Run time {record.seconds:.2f} s: " + _times(record.timings)]
        if self.latencies is not None:
            lines += ["", "Warehouse          asked   median [ms]   95 % [ms]"]
            lines += [
                f"  {row['verb']:<15} {row['n']:>6,} {1e3 * row['p50']:>13,.1f} {1e3 * row['p95']:>11,.1f}"
                for row in self.latencies.to_dict("records")
            ]
        if self.earlier:
            lines += ["", "Runs before"]
            lines += [f"  {run.run_id}  {'passed' if run.passed else 'FAILED'}  {run.seconds:.2f} s, "
                      f"{len(run.report.failures())} checks failed" for run in self.earlier]  # fmt: skip
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)


def _days(freshness: Freshness) -> dict[str, dt.date]:
    return {"newest": freshness.newest, "median": freshness.median, "oldest": freshness.oldest}


def _times(timings: Mapping[str, float]) -> str:
    return ", ".join(f"{step} {seconds:.2f} s" for step, seconds in timings.items())


def _freshness(approved: pd.Series[pd.Timestamp], as_of: dt.date) -> Freshness | None:
    ordered = approved.dropna().sort_values(ignore_index=True)
    if ordered.empty:
        return None
    days = [stamp.date() for stamp in ordered]
    recent = sum(0 <= (as_of - day).days <= 365 for day in days)
    return Freshness(as_of, days[-1], days[len(days) // 2], days[0], recent / len(days))


def _completeness(page: pd.DataFrame, silver: Tables, program: pd.DataFrame) -> pd.DataFrame:
    """Return the share of all pages read that state each fact, by province of the school."""
    documents = silver["program"].set_index("program_stream_id")["document_id"]
    province = dict(zip(documents.loc[program["program_stream_id"]], program["school_province"], strict=True))
    group = page["document_id"].map(province).fillna("set aside").to_numpy()
    filled = page[list(_FACTS)].notna()
    by_province = filled.groupby(group).mean().T.sort_index(axis="columns")
    by_province.insert(0, "all", filled.mean())
    return by_province.loc[list(_FACTS)]
