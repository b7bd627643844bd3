"""CHECK: what was built keeps what was promised, and agrees with what is published.

Belongs here: checks with a severity, reconciliation with reviewed figures, and the report of a build. Does not
belong here: the shape of a single table (`carms_lib.schemas`), and shaping (`carms_lib.transforms`, which runs the
checks between its steps).
"""

from __future__ import annotations

from carms_lib.quality._checks import (
    check_no_quarantine,
    check_not_empty,
    check_quarantine_share,
    check_references,
    check_same_rows,
    check_same_total,
    check_share,
    check_steps_conserve,
    check_unique,
)
from carms_lib.quality._expected import check_expected, load_expected
from carms_lib.quality._pages import (
    check_body_quota,
    check_corrections,
    check_sites_reviewed,
    check_titles,
    count_csv_cells,
)
from carms_lib.quality._report import CheckResult, Report

__all__ = [
    "CheckResult",
    "Report",
    "check_body_quota",
    "check_corrections",
    "check_expected",
    "check_no_quarantine",
    "check_not_empty",
    "check_quarantine_share",
    "check_references",
    "check_same_rows",
    "check_same_total",
    "check_share",
    "check_sites_reviewed",
    "check_steps_conserve",
    "check_titles",
    "check_unique",
    "count_csv_cells",
    "load_expected",
]
