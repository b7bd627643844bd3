"""Raw to bronze: every row stamped with where it was read.

Belongs here: lineage. Does not belong here: any change of a value; bronze is what was published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.schemas import TEXT, contracts, validate
from carms_lib.transforms._layer import Layer, empty_quarantine, step_row, steps_frame

if TYPE_CHECKING:
    from carms_lib.loaders import Release

__all__ = ["require_release", "to_bronze"]


def to_bronze(release: Release) -> Layer:
    """Stamp every raw row with where it was read.

    Parameters
    ----------
    release : Release
        What a loader returned: raw tables and their sources.

    Returns
    -------
    Layer
        Tables "discipline", "program_master", "page", "section": the raw columns, then release_id, source_file,
        source_row (1-based position in the raw table) and source_sha256. Nothing is dropped or changed.

    Raises
    ------
    SchemaError
        If a raw table lacks a column, has one too many or one renamed, or holds anything but text.
    UnknownNameError
        If the release lacks a table.
    ArgumentError
        If `release` is not a release.
    """
    require_release(release)
    tables = {}
    steps = []
    for table in contracts()["raw"]:
        raw = validate(release[table], "raw", table)
        tables[table] = _stamped(raw, table, release)
        steps.append(step_row("bronze", table, len(raw), len(tables[table]), 0))
    return Layer(
        "bronze", tables, quarantine=empty_quarantine(), steps=steps_frame(steps), provenance=release.provenance
    )


def require_release(release: object) -> None:
    """Raise ArgumentError unless `release` is a release."""
    if not hasattr(release, "sources"):
        msg = f"release must be a Release; {type(release).__name__} was given. Call carms_lib.load_release first."
        raise ArgumentError(msg)


# Role of a published file -> the raw tables that are read from it.
_TABLES_OF_ROLE = {
    "discipline": ("discipline",),
    "program_master": ("program_master",),
    "pages": ("page", "section"),
}


def _stamped(raw: pd.DataFrame, table: str, release: Release) -> pd.DataFrame:
    role = next(role for role, tables in _TABLES_OF_ROLE.items() if table in tables)
    files = release.sources.loc[release.sources["role"] == role]
    stamps = {
        "release_id": release.release_id,
        "source_file": "; ".join(files["file"]) or release.origin,
        "source_row": range(1, len(raw) + 1),
        "source_sha256": files["sha256"].iloc[0] if len(files) == 1 else None,
    }
    text = dict.fromkeys(("release_id", "source_file", "source_sha256"), TEXT)
    lineage = pd.DataFrame(stamps, index=range(len(raw))).astype({**text, "source_row": "int64"})
    return pd.concat([raw.reset_index(drop=True), lineage], axis="columns")
