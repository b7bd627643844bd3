"""The words, tables and grids of the scorecard, as blocks of a page.

Belongs here: what the page of a scorecard says, in which order. Does not belong here: a number that the scorecard does
not hold (`carms_lib.quality`), or how a block looks (`forms`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from carms_lib.memo.blocks import Block, Cell, Grid, Heading, Items, Paragraph, Preformatted, TableBlock, Tile, Tiles
from carms_lib.quality import CHECK_KINDS

if TYPE_CHECKING:
    from carms_lib.quality import CheckResult, RunRecord, Scorecard

__all__ = ["scorecard_blocks", "scorecard_subtitle", "scorecard_title"]

_SHOWN_REASONS = 20
_FILLED = ((0.999, "good"), (0.75, "fair"), (0.0, "poor"))


def scorecard_title(card: Scorecard) -> str:
    """Return the title of the page."""
    return f"Data quality of release {card.record.release_id or '(not known)'}"


def scorecard_subtitle(card: Scorecard) -> str:
    """Return the line under the title."""
    return f"Run {card.record.run_id}, {_moment(card.record.started_at)}. Freshness on {card.as_of.isoformat()}."


def scorecard_blocks(card: Scorecard) -> Iterator[Block]:
    """Yield the page from the verdict to the provenance."""
    yield _tiles(card)
    yield from _needs_a_look(card)
    yield from _freshness(card)
    yield from _completeness(card)
    yield from _checks(card)
    yield from _drift(card)
    yield from _quarantine(card)
    yield from _latency(card)
    yield from _run_times(card)
    yield from _provenance(card)


def _tiles(card: Scorecard) -> Tiles:
    record, report = card.record, card.record.report
    failed = report.failures()
    n_critical = len(report.failures("critical"))
    aside = int(report.steps["rows_quarantined"].sum())
    tiles = [
        Tile("Verdict", "Passed" if card.passed else "Failed", _verdict(card), "good" if card.passed else "poor"),
        Tile(
            "Checks passed",
            f"{len(report.results) - len(failed):,} of {len(report.results):,}",
            f"{n_critical:,} critical and {len(failed) - n_critical:,} warnings failed" if failed else "none failed",
            "poor" if n_critical else "fair" if failed else "good",
        ),
    ]
    if card.programs is not None and card.seats is not None:
        tiles.append(Tile("Programs", f"{card.programs:,}", f"{card.seats:,} seats"))
    read = int(report.steps["rows_read"].sum())
    tiles.append(Tile("Set aside", f"{aside:,} rows", f"of {read:,} read, over all steps", "fair" if aside else "good"))
    if card.freshness is not None:
        age = card.freshness.age(card.freshness.newest)
        fresh = [result for result in report.results if result.kind == "freshness"]
        tone = "" if not fresh else "good" if all(result.passed for result in fresh) else "fair"
        tiles.append(Tile("Age of newest page", f"{age:,} days", f"approved {card.freshness.newest}", tone))
    tiles.append(Tile("Run time", f"{record.seconds:,.1f} s", f"{len(card.earlier):,} earlier runs below"))
    return Tiles(tuple(tiles))


def _verdict(card: Scorecard) -> str:
    if card.passed:
        return "no critical check failed"
    meaning = {
        "source": "the published files cannot be used",
        "contract": "a table breaks its promise",
        "data": "a critical check failed",
        "infrastructure": "the machine, network or database",
        "code": "an argument, or a fault of ours",
    }
    name = card.record.failure_class or "data"
    return f"{name}: {meaning[name]}"


def _needs_a_look(card: Scorecard) -> Iterator[Block]:
    yield Heading("Needs a look")
    if card.record.failure is not None:
        yield Paragraph(f"The run ended with a failure of class **{card.record.failure_class}**:")
        yield Preformatted(card.record.failure)
    failed = sorted(card.record.report.failures(), key=lambda result: result.severity)
    if not failed:
        n_ran = len(card.record.report.results)
        yield Paragraph(f"All {n_ran:,} checks that ran passed." if n_ran else "The run ended before any check ran.")
        return
    yield Grid(
        ("Check", "Severity", "Looked at", "Found", "Allowed", "First keys"),
        tuple(
            (
                Cell(result.check),
                Cell(result.severity, "poor" if result.severity == "critical" else "fair"),
                Cell(_looked_at(result)),
                Cell(result.observed),
                Cell(result.expected),
                Cell(result.shown_keys or "—"),
            )
            for result in failed
        ),
        prose=True,
    )


def _looked_at(result: CheckResult) -> str:
    return f"{result.step}: {result.table} {', '.join(result.columns)}".rstrip()


def _freshness(card: Scorecard) -> Iterator[Block]:
    yield Heading("Freshness")
    if card.freshness is None:
        yield Paragraph("The run made no table whose age could be told.", quiet=True)
        return
    fresh = card.freshness
    yield TableBlock(
        ("Pages", "Approved on", f"Age on {card.as_of.isoformat()}"),
        tuple(
            (name, day.isoformat(), f"{fresh.age(day):,} days")
            for name, day in (("Newest", fresh.newest), ("Median", fresh.median), ("Oldest", fresh.oldest))
        ),
    )
    yield Paragraph(f"{fresh.share_within_year:.0%} of the pages were approved within the year before.", quiet=True)


def _completeness(card: Scorecard) -> Iterator[Block]:
    yield Heading("Completeness")
    if card.completeness is None:
        yield Paragraph("The run made no gold tables, so that nothing can be counted by province.", quiet=True)
        return
    frame = card.completeness
    yield Paragraph("Share of pages that state a fact, by province of the school.")
    yield Grid(
        ("Fact of a page", *("All" if name == "all" else str(name) for name in frame.columns)),
        tuple(
            (Cell(str(name).replace("_", " ")), *(Cell(_percent(share), _filled(share)) for share in shares))
            for name, *shares in frame.itertuples()
        ),
    )
    yield Paragraph("A fact may be absent from a page for good reason; absent means unknown, not none.", quiet=True)


def _percent(share: float) -> str:
    """Return a share as a percentage that says 100 only where nothing is missing, and 0 only where all is."""
    shown = f"{share:.0%}"
    return f"{share:.1%}" if (shown == "100%" and share < 1) or (shown == "0%" and share > 0) else shown


def _filled(share: float) -> str:
    return next(tone for limit, tone in _FILLED if share >= limit)


def _checks(card: Scorecard) -> Iterator[Block]:
    yield Heading("Checks")
    kinds = card.by_kind()
    yield Grid(
        ("Kind", "Question", "Asked", "Warnings", "Critical"),
        tuple(
            (
                Cell(_kind(row["kind"])),
                Cell(row["question"]),
                Cell(f"{row['checks']:,}"),
                Cell(f"{row['warnings']:,}", "fair" if row["warnings"] else ""),
                Cell(f"{row['critical']:,}", "poor" if row["critical"] else ""),
            )
            for row in kinds.to_dict("records")
        ),
        prose=True,
    )
    yield Heading("Checks over time")
    if not card.earlier:
        yield Paragraph(_alone(), quiet=True)
        return
    counts = [{row["kind"]: row for row in card.by_kind(run).to_dict("records")} for run in card.runs]
    rows = [
        (Cell(_kind(kind)), *(_outcome(of_run.get(kind)) for of_run in counts))
        for kind in CHECK_KINDS
        if any(kind in of_run for of_run in counts)
    ]
    ended = (Cell("ended"), *(Cell("passed" if r.passed else r.failure_class or "data", _tone(r)) for r in card.runs))
    yield Grid(("Run", *map(_run_label, card.runs)), (ended, *rows))
    yield Paragraph("Failed checks of each kind; a tick where all passed, a dash where none was asked.", quiet=True)


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def _alone() -> str:
    return (
        "No earlier run was given. Runs are kept in a warehouse (carms-lib quality --url … --keep) and shown here from "
        "then on."
    )


def _tone(record: RunRecord) -> str:
    return "good" if record.passed else "poor"


def _outcome(row: Mapping[Any, Any] | None) -> Cell:
    if row is None:
        return Cell("–")
    warnings, critical = row["warnings"], row["critical"]
    if not warnings + critical:
        return Cell("✓", "good")
    told = [f"{critical} critical"] if critical else []
    told += [f"{warnings} warn."] if warnings else []
    return Cell(", ".join(told), "poor" if critical else "fair")


def _drift(card: Scorecard) -> Iterator[Block]:
    yield Heading("Drift")
    if not card.drift:
        yield Paragraph("No earlier release was given to compare with.", quiet=True)
        return
    yield Paragraph("This release against the last one: how far each count and distribution moved.")
    yield Grid(
        ("Check", "Looked at", "Moved", "Allowed", "Found"),
        tuple(
            (
                Cell(result.check.removesuffix(" distributed as in the last release").replace("_", " ")),
                Cell(f"{result.step}: {result.table}"),  # a table of one name is in several layers
                _moved(result),
                Cell("—" if result.threshold is None else f"{result.threshold:g}"),
                Cell(result.observed),
            )
            for result in card.drift
        ),
        prose=True,
    )
    if card.earlier:
        yield from _drift_over_time(card)


def _moved(result: CheckResult) -> Cell:
    if result.measured is None or not result.threshold:
        return Cell("—")
    tone = "good" if result.passed else "poor" if result.severity == "critical" else "fair"
    return Cell(f"{result.measured:.3f}", tone, min(result.measured / result.threshold, 1.0))


def _drift_over_time(card: Scorecard) -> Iterator[Block]:
    of_runs = [
        {(r.table, r.check): r for r in run.report.results if r.kind == "distribution" and r.measured is not None}
        for run in card.runs
    ]
    names = list(dict.fromkeys(name for of_run in of_runs for name in of_run))
    if sum(bool(of_run) for of_run in of_runs) < 2:
        return
    yield Grid(
        ("Distribution", *map(_run_label, card.runs)),
        tuple(
            (
                Cell(name[1].removesuffix(" distributed as in the last release").replace("_", " ")),
                *(Cell(f"{r.measured:.3f}", "" if r.passed else "fair") if (r := of_run.get(name)) else Cell("–")
                  for of_run in of_runs),
            )
            for name in names
        ),
    )  # fmt: skip


def _quarantine(card: Scorecard) -> Iterator[Block]:
    yield Heading("Quarantine")
    yield Paragraph("Every row that a step reads is kept or set aside with its reason.")
    steps = card.record.report.steps
    if len(steps):
        yield Grid(
            ("Step", "Table", "Rows read", "Kept", "Set aside", "Seats read", "Kept", "Set aside"),
            tuple(
                (
                    Cell(str(row["step"])),
                    Cell(str(row["table"])),
                    *(_count(name, row[name]) for name in steps.columns[2:]),
                )
                for row in steps.to_dict("records")
            ),
        )
    reasons = card.reasons()
    if reasons.empty:
        yield Paragraph("Nothing was set aside.", quiet=True)
    else:
        yield Grid(
            ("Table", "Column", "Reason", "Rows", "First keys"),
            tuple(
                (
                    Cell(row["table"]),
                    Cell(row["column"]),
                    Cell(row["reason"]),
                    Cell(f"{row['rows']:,}"),
                    Cell(row["keys"]),
                )
                for row in reasons.head(_SHOWN_REASONS).to_dict("records")
            ),
            prose=True,
        )
        if len(reasons) > _SHOWN_REASONS:
            yield Paragraph(f"{len(reasons) - _SHOWN_REASONS:,} further reasons are in the record.", quiet=True)
    if card.earlier:
        aside = [int(run.report.steps["rows_quarantined"].sum()) for run in card.runs]
        yield Grid(
            ("Run", *map(_run_label, card.runs)),
            ((Cell("rows set aside"), *(Cell(f"{n:,}", "fair" if n else "good") for n in aside)),),
        )


def _count(name: str, value: Any) -> Cell:
    if pd.isna(value):
        return Cell("–")
    return Cell(f"{int(value):,}", "fair" if value and name.endswith("quarantined") else "")


def _latency(card: Scorecard) -> Iterator[Block]:
    yield Heading("Query latency")
    if card.latencies is None or card.latencies.empty:
        yield Paragraph("No warehouse was asked.", quiet=True)
        return
    slowest = float(card.latencies["p95"].max()) or 1.0
    yield Grid(
        ("Question", "Asked", "Median", "95 %", "Slowest"),
        tuple(
            (
                Cell(row["verb"].replace("_", " ")),
                Cell(f"{row['n']:,}"),
                Cell(_milliseconds(row["p50"])),
                Cell(_milliseconds(row["p95"]), "", float(row["p95"]) / slowest),
                Cell(_milliseconds(row["max"])),
            )
            for row in card.latencies.to_dict("records")
        ),
    )
    yield Paragraph("Time from asking to answer, connecting included, as this process measured it.", quiet=True)


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:,.1f} ms"


def _run_times(card: Scorecard) -> Iterator[Block]:
    yield Heading("Run times")
    timings = card.record.timings
    if timings:
        longest = max(timings.values()) or 1.0
        yield Grid(
            ("Step", "Time"),
            tuple((Cell(step), Cell(f"{s:,.2f} s", "", s / longest)) for step, s in timings.items()),
        )
    if card.earlier:
        steps = list(dict.fromkeys(step for run in card.runs for step in run.timings))
        rows = [
            (Cell(step), *(Cell(f"{run.timings[step]:,.2f} s" if step in run.timings else "–") for run in card.runs))
            for step in steps
        ]
        whole = (Cell("whole run"), *(Cell(f"{run.seconds:,.2f} s") for run in card.runs))
        yield Grid(("Run", *map(_run_label, card.runs)), (*rows, whole))


def _provenance(card: Scorecard) -> Iterator[Block]:
    yield Heading("Provenance")
    if card.notes:
        yield Items(card.notes)
    record = card.record
    lines = [f"run      {record.run_id}", f"started  {record.started_at.astimezone(dt.UTC).isoformat()}"]
    lines += [f"tag      {name} = {value}" for name, value in sorted(record.tags.items())]
    lines += [f"source   {name}  sha256 {digest}" for name, digest in sorted(record.sources.items())]
    lines.append("versions " + ", ".join(f"{name} {version}" for name, version in sorted(record.versions.items())))
    yield Preformatted("\n".join(lines))


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _run_label(record: RunRecord) -> str:
    return record.started_at.astimezone(dt.UTC).strftime("%d %b %H:%M")
