"""The steps of the library as assets, one partition a release, with the library's own checks between them.

Every group of checks of `carms_lib.quality.default_checks` is an asset check that blocks. A critical failure is an
error, so that nothing downstream runs and nothing is published; a failure of severity "warning" is shown and lets pass.
What a step hands on lies where Dagster keeps it; the contract of every table is held again when it is taken up.
"""

import datetime as dt
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import carms_lib as carms
import dagster as dg
import pandas as pd
from carms_lib import quality
from carms_lib.quality import Evidence, Report
from carms_lib.transforms import Layer, Layers
from examples.api.publish import views_of
from examples.dagster_project.platform import Platform

RELEASES = dg.DynamicPartitionsDefinition(name="release")
SUITE = quality.default_checks()
AS_OF = "carms/as_of"  # tag of a run: the day on which freshness is judged


def name_of(check: quality.Check) -> str:
    """Return the name of a check as Dagster allows it."""
    return re.sub(r"\W+", "_", check.name)


def specs(asset: str, step: str) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(name_of(check), asset=asset, description=check.name, blocking=True)
        for check in SUITE
        if check.step == step
    ]


# --- what goes from step to step --------------------------------------------------------------------------


def pack(layer: Layer) -> dict[str, Any]:
    """Return a layer as plain frames, for Dagster to keep."""
    return {"tables": dict(layer), "quarantine": layer.quarantine, "steps": layer.steps}


def unpack(name: str, packed: Mapping[str, Any]) -> Layer:
    return Layer(name, packed["tables"], quarantine=packed["quarantine"], steps=packed["steps"])


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the SHA-256 of the content of tables: equal hashes, equal data."""
    content = hashlib.sha256()
    for name, frame in tables.items():
        content.update(f"{name}\n{frame.to_csv(index=False, lineterminator=chr(10))}".encode())
    return content.hexdigest()


def about(tables: Mapping[str, pd.DataFrame], seconds: float, **more: Any) -> dict[str, Any]:
    """Return the metadata of a layer: rows by table and in all, its hash, how long it took."""
    rows = "\n".join(f"| {name} | {len(frame):,} |" for name, frame in tables.items())
    return {
        "rows": sum(map(len, tables.values())),
        "tables": dg.MetadataValue.md(f"| table | rows |\n| --- | --- |\n{rows}"),
        "sha256": digest(tables),
        "seconds": round(seconds, 3),
        **more,
    }


def checked(step: str, evidence: Evidence) -> Iterator[dg.AssetCheckResult]:
    """Run the library's checks of a step, one Dagster result a group."""
    for check in SUITE:
        if check.step != step:
            continue
        failed = [result for result in quality.run_checks([check], evidence, step) if not result.passed]
        critical = any(result.severity == "critical" for result in failed)
        yield dg.AssetCheckResult(
            check_name=name_of(check),
            passed=not failed,
            severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
            description="; ".join(result.line() for result in failed[:5]) or None,
            metadata={"failed": len(failed), "kinds": ", ".join(sorted({result.kind for result in failed})) or "none"},
        )


def evidence_of(
    context: dg.AssetExecutionContext, platform: Platform, release_id: str, layers: Mapping[str, Any], *packed: Any
) -> Evidence:
    """Return what the checks may look at: layers, the last release, the day, the reviewed figures."""
    day = context.run.tags.get(AS_OF)
    return Evidence(
        layers,
        previous=platform.last_published(),
        as_of=dt.date.fromisoformat(day) if day else dt.datetime.now(dt.UTC).date(),
        steps=pd.concat([part["steps"] for part in packed], ignore_index=True) if packed else None,
        quarantine=pd.concat([part["quarantine"] for part in packed], ignore_index=True) if packed else None,
        expected=quality.load_expected(release_id),
    )


# --- the assets -------------------------------------------------------------------------------------------


@dg.asset(partitions_def=RELEASES, group_name="build", check_specs=specs("release", "raw"), kinds={"python"})
def release(context: dg.AssetExecutionContext, platform: Platform):
    """The published files, read: raw text, without contact details."""
    started = time.perf_counter()
    read = platform.read(context.partition_key)
    tables = dict(read.tables)
    sources = {row["file"]: f"{row['sha256']} ({row['n_bytes']:,} bytes)" for row in read.sources.to_dict("records")}
    yield dg.Output(
        {"release_id": read.release_id, "origin": read.origin, "tables": tables, "sources": read.sources},
        metadata=about(tables, time.perf_counter() - started, release=read.release_id, files=sources),
    )
    yield from checked("raw", evidence_of(context, platform, read.release_id, {"raw": tables}))


@dg.asset(partitions_def=RELEASES, group_name="build", check_specs=specs("bronze", "bronze"), kinds={"pandas"})
def bronze(context: dg.AssetExecutionContext, platform: Platform, release: dict):
    """What was published, typed and stamped with file, hash and row; nothing dropped."""
    started = time.perf_counter()
    layer = carms.to_bronze(carms.Release(**release))
    yield dg.Output(
        pack(layer),
        metadata=about(layer, time.perf_counter() - started),
    )
    layers = {"raw": release["tables"], "bronze": layer}
    yield from checked("bronze", evidence_of(context, platform, release["release_id"], layers, pack(layer)))


@dg.asset(partitions_def=RELEASES, group_name="build", check_specs=specs("silver", "silver"), kinds={"pandas"})
def silver(context: dg.AssetExecutionContext, platform: Platform, release: dict, bronze: dict):
    """One fact a row, conformed; what cannot be read rightly is set aside with its reason."""
    started = time.perf_counter()
    layer = carms.to_silver(unpack("bronze", bronze))
    yield dg.Output(
        pack(layer),
        metadata=about(
            layer,
            time.perf_counter() - started,
            seats=int(layer["program"]["quota"].sum()),
            set_aside=len(layer.quarantine),
        ),
    )
    layers = {"raw": release["tables"], "bronze": unpack("bronze", bronze), "silver": layer}
    yield from checked("silver", evidence_of(context, platform, release["release_id"], layers, bronze, pack(layer)))


@dg.asset(partitions_def=RELEASES, group_name="build", check_specs=specs("gold", "gold"), kinds={"pandas"})
def gold(context: dg.AssetExecutionContext, platform: Platform, release: dict, bronze: dict, silver: dict):
    """Analysis-ready: one row a program; rows and seats as in silver, drift against the last release."""
    started = time.perf_counter()
    layer = carms.to_gold(unpack("silver", silver))
    program = layer["program"]
    yield dg.Output(
        pack(layer),
        metadata=about(layer, time.perf_counter() - started, programs=len(program), seats=int(program["quota"].sum())),
    )
    layers = {"bronze": unpack("bronze", bronze), "silver": unpack("silver", silver), "gold": layer}
    yield from checked(
        "gold", evidence_of(context, platform, release["release_id"], layers, bronze, silver, pack(layer))
    )


@dg.asset(partitions_def=RELEASES, group_name="publish", kinds={"sql"})
def warehouse(platform: Platform, release: dict, bronze: dict, silver: dict, gold: dict) -> dg.MaterializeResult:
    """The release in the warehouse: idempotent, with its history, all or nothing."""
    started = time.perf_counter()
    packed = {"bronze": bronze, "silver": silver, "gold": gold}
    built = {name: unpack(name, part) for name, part in packed.items()}
    steps = pd.concat([part["steps"] for part in packed.values()], ignore_index=True)
    read = carms.Release(**release)
    with platform.warehouse() as opened:
        written = opened.write(
            Layers(**built, report=Report(steps), release_id=read.release_id, provenance=read.provenance)
        )
    return dg.MaterializeResult(
        metadata={
            "new": written.n_new,
            "changed": written.n_changed,
            "vanished": written.n_vanished,
            "unchanged": written.n_unchanged,
            "seats": written.seats,
            "seconds": round(time.perf_counter() - started, 3),
        }
    )


@dg.asset(partitions_def=RELEASES, group_name="publish", deps=[warehouse], kinds={"numba"})
def study(platform: Platform, release: dict, gold: dict):
    """The baseline, simulated; a study of the same market and settings is taken from its file."""
    started = time.perf_counter()
    path = platform.study_file(release["release_id"], digest(gold["tables"]))
    cohort, source = carms.load_cohort(platform.cohort), carms.Release(**release).provenance
    market = carms.Market.from_gold(unpack("gold", gold), cohort, provenance=source)
    known = path.exists()
    if not known:
        path.parent.mkdir(parents=True, exist_ok=True)
        carms.simulate(market, n_draws=platform.draws, rng=platform.entropy).save(path)
    yield dg.Output(
        str(path),
        metadata={
            "draws": platform.draws,
            "entropy": str(platform.entropy),
            "from_file": known,
            "path": dg.MetadataValue.path(str(path)),
            "seconds": round(time.perf_counter() - started, 3),
        },
    )


@dg.asset(partitions_def=RELEASES, group_name="publish", kinds={"sql"})
def pressure(platform: Platform, study: str) -> dg.MaterializeResult:
    """The views that the service of `examples/api` reads, with their bands, in the warehouse."""
    started = time.perf_counter()
    loaded = carms.Study.load(Path(study))
    views = views_of(loaded)
    with platform.warehouse() as opened:
        study_id = opened.write_study(loaded, views)
    table = views["pressure by province"].to_frame()
    shown = table.loc[table["metric"] == "pressure", ["province", "estimate", "lower", "upper"]].round(3)
    lines = ["province | pressure | lower | upper", "--- | --- | --- | ---"]
    lines += [" | ".join(map(str, row)) for row in shown.itertuples(index=False)]
    return dg.MaterializeResult(
        metadata={
            "study": study_id,
            "bands": sum(len(view.to_frame()) for view in views.values()),
            "pressure": dg.MetadataValue.md("\n".join(lines)),
            "seconds": round(time.perf_counter() - started, 3),
        }
    )


ASSETS = [release, bronze, silver, gold, warehouse, study, pressure]
