"""The gold layer: analysis-ready tables, small, with no prose and no person.

Belongs here: what the simulator, the warehouse's readers and a planner start from; columns are rows of
`carms_lib.schemas.fields`. Does not belong here: a column that no analysis uses, and lineage, which bronze holds under
the same keys.
"""

from __future__ import annotations

from carms_lib.schemas._model import Table, register

__all__ = ["GoldCell", "GoldProgram"]


@register(
    "gold",
    "program",
    key=("program_stream_id",),
    first=(
        *("program_stream_id", "release_id", "cycle", "iteration", "discipline", "school", "site", "stream"),
        *("eligibility", "admits_cmg", "admits_img", "admits_motp", "home_province", "return_of_service"),
        *(
            "school_province",
            "site_province",
            "site_class",
            "community",
            "mailing_province",
            "language",
            "page_language",
            "quota",
        ),
        *("applications_band", "applications_lower", "applications_upper"),
        *("interview_band", "interview_lower", "interview_upper", "accreditation"),
    ),
)
class GoldProgram(Table):
    """One row per program, sorted by program_stream_id; its quotas sum to those of silver."""


@register("gold", "cell", key=("release_id", "province", "discipline", "eligibility"), first=("release_id", "province"))
class GoldCell(Table):
    """One row per release, province of the school, discipline and eligibility that has a program."""
