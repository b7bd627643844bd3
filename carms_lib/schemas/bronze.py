"""The bronze layer: every raw row, stamped with where it was read.

Belongs here: the raw columns and their lineage. Does not belong here: cleaning. Nothing is dropped, nothing
is corrected, so that a fault found later can be shown as it was published.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, Text, field, register
from carms_lib.schemas.raw import RawDiscipline, RawPage, RawProgramMaster, RawSection

__all__ = ["BronzeDiscipline", "BronzePage", "BronzeProgramMaster", "BronzeSection"]


class Lineage(Table):
    """Columns that every bronze table carries."""

    release_id: Text = field("release: release_id")
    source_file: Text = field("release: sources.file")
    source_row: int = field("position in the raw table", minimum=1)
    source_sha256: Text = field("release: sources.sha256", pattern="[0-9a-f]{64}", nullable=True)


@register("bronze", "discipline", key=("source_row",))
class BronzeDiscipline(Lineage, RawDiscipline):
    """One row per row of the workbook of disciplines, with its lineage."""


@register("bronze", "program_master", key=("source_row",))
class BronzeProgramMaster(Lineage, RawProgramMaster):
    """One row per row of the master workbook, with its lineage."""


@register("bronze", "page", key=("source_row",))
class BronzePage(Lineage, RawPage):
    """One row per program page, with its lineage."""


@register("bronze", "section", key=("source_row",))
class BronzeSection(Lineage, RawSection):
    """One row per section of a program page, with its lineage."""
