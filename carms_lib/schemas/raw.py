"""The raw layer: what the loaders return, every column text, nothing typed, nothing dropped.

Belongs here: the tables. Does not belong here: their columns, which are rows of `carms_lib.schemas.fields`, and any
rule on values; a bad value is still a fact about the publication.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, register

__all__ = ["RawDiscipline", "RawPage", "RawProgramMaster", "RawSection"]


@register("raw", "discipline", key=("discipline_id",))
class RawDiscipline(Table):
    """One row per discipline, as in the workbook of disciplines."""


@register(
    "raw",
    "program_master",
    key=("program_stream_id",),
    first=("row_number", "discipline_id", "discipline_name", "school_id", "school_name", "program_stream_id"),
)
class RawProgramMaster(Table):
    """One row per program, as in the master workbook."""


@register(
    "raw",
    "page",
    key=("document_id",),
    first=("document_id", "program_stream_id", "source_url", "page_language", "title", "match_name", "stream"),
)
class RawPage(Table):
    """One row per program page, its printed facts after unwrapping lines."""


@register("raw", "section", key=("document_id", "section_position"), references={("document_id",): "page"})
class RawSection(Table):
    """One row per section of a program page."""
