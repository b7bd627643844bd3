"""Raw to gold in one go, with checks between the steps.

Belongs here: the order of steps and checks, and the record of a build. Does not belong here: the steps and checks
themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from carms_lib import quality
from carms_lib.exceptions import UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.quality import Check, Evidence, Limits, Recorder, Report
from carms_lib.schemas import Reference, load_reference
from carms_lib.transforms._bronze import require_release, to_bronze
from carms_lib.transforms._gold import to_gold
from carms_lib.transforms._layer import Layer, empty_quarantine, steps_frame
from carms_lib.transforms._lineage import trace
from carms_lib.transforms._silver import to_silver

if TYPE_CHECKING:
    from carms_lib.loaders import Release

__all__ = ["Layers", "build"]


@dataclass(frozen=True, repr=False)
class Layers(Mapping[str, Layer]):
    """The layers of one release, built and checked; a read-only mapping of layer name to `Layer`.

    Parameters
    ----------
    bronze, silver, gold : Layer
        Mappings of table name to frame, each held against its contract.
    report : Report
        Rows and seats of each step, and what every check found.
    release_id : str
        The release that was built.
    provenance : Provenance
        What it was built from.
    reference : Reference
        The reviewed reference data that it was built with.
    """

    bronze: Layer
    silver: Layer
    gold: Layer
    report: Report
    release_id: str
    provenance: Provenance
    reference: Reference = field(default_factory=load_reference)

    def __getitem__(self, layer: str) -> Layer:
        if layer not in self:
            raise UnknownNameError("layer", layer, self)
        found: Layer = getattr(self, layer)
        return found

    def __contains__(self, layer: object) -> bool:
        return layer in {"bronze", "silver", "gold"}

    def __iter__(self) -> Iterator[str]:
        return iter(("bronze", "silver", "gold"))

    def __len__(self) -> int:
        return 3

    @property
    def quarantine(self) -> pd.DataFrame:
        """Every row that was set aside, one row per reason (contract audit.quarantine)."""
        return pd.concat([layer.quarantine for layer in self.values()], ignore_index=True)

    def lineage(self, column: str | None = None, *, table: str = "program", **key: object) -> pd.DataFrame:
        """Return where values of gold come from: published file, row and page.

        Parameters
        ----------
        column : str, optional
            A column of the table; by default every one.
        table : str, default "program"
            "program" or "cell" of gold.
        **key : object
            Which rows: values of columns of the table, such as ``program_stream_id="27447"``, or ``province="ON",
            discipline="Psychiatry"`` for cells.

        Returns
        -------
        DataFrame
            One row per value of gold and published value behind it: program_stream_id, column, value (in gold), rule
            (as the contract of silver has it), source_table, source_column, printed (as published), source_file,
            source_row (position in the raw table, from 1), source_sha256, document_id (of the page, where it was read
            from one; the file of that name in the archive), page (its address) and note. A value that was looked up
            has a row for the reviewed reference data, of the library or as `build` was given it (that has no file), and
            one for what was looked up. A cell has the rows of each of
            its programs.

        Raises
        ------
        UnknownNameError
            If there is no such table, column or value.
        ArgumentError
            If no row is asked for, or none has all the values given.

        Examples
        --------
        >>> import carms_lib as carms
        >>> layers = carms.build(carms.load_release())
        >>> traced = layers.lineage("quota", program_stream_id="27447")
        >>> traced[["value", "printed", "source_table", "source_file", "document_id"]].values.tolist()
        [['4', '4', 'page', 'program_descriptions.zip', '1503-27447']]
        """
        layers = (self.bronze, self.silver, self.gold)
        return trace(*layers, self.quarantine, self.reference, table, column, key)

    def summary(self) -> str:
        """Return one screen: tables and rows per layer, then the report."""
        return "\n".join([*(layer.summary() for layer in self.values()), "", self.report.summary()])

    def __repr__(self) -> str:
        gold = self.gold["program"]
        return (
            f"Layers(release {self.release_id}: {len(gold):,} programs, {int(gold['quota'].sum()):,} seats, "
            f"{len(self.quarantine):,} reasons in quarantine, "
            f"{len(self.report.failures()):,} of {len(self.report.results):,} checks failed)"
        )


def build(
    release: Release,
    *,
    reference: Reference | None = None,
    max_set_aside: float = 0.05,
    previous: Mapping[str, Mapping[str, pd.DataFrame]] | None = None,
    as_of: dt.date | None = None,
    limits: Limits | None = None,
    checks: Iterable[Check] = (),
    recorder: Recorder | None = None,
) -> Layers:
    """Build bronze, silver and gold of a release, with checks between the steps.

    Parameters
    ----------
    release : Release
        What a loader returned.
    reference : Reference, optional
        The reviewed reference data; by default that which ships with the library.
    max_set_aside : float, default 0.05
        Largest share of the rows of a table, 0 to 1, that may be in quarantine. More, and the source has changed
        its form: the build stops.
    previous : mapping of str to mapping of str to DataFrame, optional
        The last release, to compare with: the `Layers` of its build, or whatever tables of it are at hand, such as
        ``{"gold": {"program": frame}}`` from a warehouse.
    as_of : date, optional
        The day on which freshness is judged; by default it is not judged.
    limits : Limits, optional
        The other thresholds of the library's checks.
    checks : iterable of Check
        Checks of your own, run after those of the library.
    recorder : Recorder, optional
        Makes the record of this run: timings, checks, failure.

    Returns
    -------
    Layers
        With `report` and `quarantine`.

    Raises
    ------
    SchemaError
        If a table breaks its contract.
    QualityError
        If a critical check fails. Checks on silver run before gold is made.
    ArgumentError
        If `release` is not a release, `max_set_aside` is not between 0 and 1, or a check returns no result.

    Warns
    -----
    QualityWarning
        If checks of severity "warning" fail; once, with all of them.

    Notes
    -----
    A pure function: the same release gives the same layers to the byte, and the order of its rows changes neither
    silver nor gold. Only the recorder knows the time.
    """
    require_release(release)
    suite = (*quality.default_checks(max_set_aside=max_set_aside, limits=limits), *checks)
    evidence = Evidence(
        {"raw": release.tables},
        previous=previous or {},
        as_of=as_of,
        expected=quality.load_expected(release.release_id),
        reference=reference or load_reference(),
    )
    bench = _Bench(suite, evidence, recorder)
    with bench.recorded():
        if recorder is not None:
            recorder.saw_release(release)
        with bench.timed("raw"):
            # A table that lacks a column is refused by its contract, which tells more; this goes to the record.
            bench.check("raw")
        with bench.timed("bronze"):
            bronze = to_bronze(release)
            bench.add(bronze)
        with bench.timed("silver"):
            silver = to_silver(bronze, reference=evidence.reference)
            bench.add(silver)
        with bench.timed("gold"):
            gold = to_gold(silver)
            bench.add(gold)
    bench.report.warn()
    kept = (bench.report, release.release_id, release.provenance, evidence.reference)
    return Layers(bronze, silver, gold, *kept)


class _Bench:
    """A build on its way: what is there so far, what was found, and who records it."""

    def __init__(self, suite: tuple[Check, ...], evidence: Evidence, recorder: Recorder | None) -> None:
        self._suite, self._evidence, self._recorder = suite, evidence, recorder
        self._quarantine = [empty_quarantine()]
        self.report = Report(steps_frame([]))

    def recorded(self) -> AbstractContextManager[object]:
        return nullcontext() if self._recorder is None else self._recorder

    def timed(self, step: str) -> AbstractContextManager[None]:
        return nullcontext() if self._recorder is None else self._recorder.step(step)

    def check(self, step: str) -> None:
        """Run the checks of a step and record what they found."""
        self.report = replace(
            self.report, results=(*self.report.results, *quality.run_checks(self._suite, self._evidence, step))
        )
        if self._recorder is not None:
            self._recorder.saw_report(self.report, pd.concat(self._quarantine, ignore_index=True))

    def add(self, layer: Layer) -> None:
        """Add a layer to what is there, check it, and stop if a critical check failed."""
        self.report = self.report.with_step(layer.steps, ())
        self._quarantine.append(layer.quarantine)
        self._evidence = replace(
            self._evidence,
            layers={**self._evidence.layers, layer.name: layer},
            steps=self.report.steps,
            quarantine=pd.concat(self._quarantine, ignore_index=True),
        )
        self.check(layer.name)
        self.report.raise_if_critical()
