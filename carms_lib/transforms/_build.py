"""Raw to gold in one go, with checks between the steps.

Belongs here: the order of steps and checks, and the record of a build. Does not belong here: the steps and checks
themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from carms_lib import quality
from carms_lib.exceptions import UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.quality import Report
from carms_lib.schemas import Reference, load_reference
from carms_lib.transforms._bronze import to_bronze
from carms_lib.transforms._gold import to_gold
from carms_lib.transforms._layer import Layer
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
    """

    bronze: Layer
    silver: Layer
    gold: Layer
    report: Report
    release_id: str
    provenance: Provenance

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


def build(release: Release, *, reference: Reference | None = None, max_set_aside: float = 0.05) -> Layers:
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
        If `release` is not a release, or `max_set_aside` is not between 0 and 1.

    Warns
    -----
    QualityWarning
        If checks of severity "warning" fail; once, with all of them.

    Notes
    -----
    A pure function: the same release gives the same layers to the byte, and the order of its rows changes neither
    silver nor gold.
    """
    bronze = to_bronze(release)
    reference = reference or load_reference()
    expected = quality.load_expected(release.release_id)
    report = Report(
        bronze.steps,
        (
            *quality.check_steps_conserve(bronze.steps),
            *quality.check_same_rows("bronze", {name: release[name] for name in bronze}, bronze),
            *quality.check_expected("bronze", bronze, expected),
        ),
    )
    report.raise_if_critical()

    silver = to_silver(bronze, reference=reference)
    report = report.with_step(silver.steps, _silver_checks(bronze, silver, reference, expected, max_set_aside))
    report.raise_if_critical()

    gold = to_gold(silver)
    report = report.with_step(gold.steps, _gold_checks(silver, gold, expected))
    report.raise_if_critical()
    report.warn()
    return Layers(bronze, silver, gold, report, release.release_id, release.provenance)


def _silver_checks(
    bronze: Layer, silver: Layer, reference: Reference, expected: pd.DataFrame, max_set_aside: float
) -> list[quality.CheckResult]:
    kept = silver.steps.set_index("table")[["rows_kept", "seats_kept"]].to_dict("index")
    program = silver["program"]
    return [
        *quality.check_steps_conserve(silver.steps),
        quality.check_not_empty("silver", silver, "program"),
        quality.check_same_total(
            "silver",
            "programs kept",
            {
                "program_master": kept["program_master"]["rows_kept"],
                "page": kept["page"]["rows_kept"],
                "program": len(program),
            },
        ),
        quality.check_same_total(
            "silver",
            "seats kept",
            {"page": kept["page"]["seats_kept"], "program": int(program["quota"].sum())},
        ),
        quality.check_same_total(
            "silver",
            "sections kept",
            {"section read": kept["section"]["rows_kept"], "section": len(silver["section"])},
        ),
        *quality.check_references("silver", silver),
        quality.check_unique(
            "silver",
            silver,
            "program",
            ["school", "discipline", "site", "stream"],
            key="program_stream_id",
            severity="warning",
        ),
        *quality.check_quarantine_share(silver.steps, silver.quarantine, threshold=max_set_aside),
        quality.check_no_quarantine("silver", silver.quarantine),
        quality.check_titles(bronze, silver),
        quality.check_body_quota(silver),
        quality.check_sites_reviewed(silver, reference),
        quality.check_corrections(bronze, reference),
        *quality.check_expected("silver", silver, expected),
    ]


def _gold_checks(silver: Layer, gold: Layer, expected: pd.DataFrame) -> list[quality.CheckResult]:
    program, cell = gold["program"], gold["cell"]
    return [
        *quality.check_steps_conserve(gold.steps),
        quality.check_same_total(
            "gold",
            "programs conserved",
            {
                "silver.program": len(silver["program"]),
                "gold.program": len(program),
                "gold.cell": int(cell["programs"].sum()),
            },
        ),
        quality.check_same_total(
            "gold",
            "seats conserved",
            {
                "silver.program": int(silver["program"]["quota"].sum()),
                "gold.program": int(program["quota"].sum()),
                "gold.cell": int(cell["seats"].sum()),
            },
        ),
        *quality.check_expected("gold", gold, expected),
    ]
