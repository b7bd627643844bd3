"""The bronze layer: every raw row, stamped with where it was read.

Belongs here: the tables; their columns are those of raw and the lineage of `carms_lib.schemas.fields`. Does not belong
here: cleaning. Nothing is dropped, nothing is corrected, so that a fault found later can be shown as it was published.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, register
from carms_lib.schemas.raw import RawDiscipline, RawPage, RawProgramMaster, RawSection

__all__ = ["BronzeDiscipline", "BronzePage", "BronzeProgramMaster", "BronzeSection"]


@register("bronze", "discipline", key=("source_row",), first=RawDiscipline.column_names())
class BronzeDiscipline(Table):
    """One row per row of the workbook of disciplines, with its lineage."""


@register("bronze", "program_master", key=("source_row",), first=RawProgramMaster.column_names())
class BronzeProgramMaster(Table):
    """One row per row of the master workbook, with its lineage."""


@register("bronze", "page", key=("source_row",), first=RawPage.column_names())
class BronzePage(Table):
    """One row per program page, with its lineage."""


@register("bronze", "section", key=("source_row",), first=RawSection.column_names())
class BronzeSection(Table):
    """One row per section of a program page, with its lineage."""
