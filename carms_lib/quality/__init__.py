"""CHECK: what was built keeps what was promised, and agrees with what is published.

Belongs here: checks with a severity and a threshold, reconciliation with reviewed figures, comparison with the last
release, and the record of a run. Does not belong here: the shape of a single table (`carms_lib.schemas`), and shaping
(`carms_lib.transforms`, which runs the checks between its steps).

- A *check* looks at tables and returns a `CheckResult`: what it looked at, what it found, what it allows, which keys
  fail. The functions `check_…` answer one question each; `CHECK_KINDS` tells the kinds.
- A *suite* is what a build runs: `default_checks`, and any `Check` of your own.
- A *run* is one attempt at a build; a `Recorder` makes its `RunRecord`, which goes to JSON and back.
- A *scorecard* shows one run beside those before it.
"""

from __future__ import annotations

from carms_lib.quality._defaults import Limits, check_pairs, default_checks
from carms_lib.quality._publication import (
    check_body_quota,
    check_corrections,
    check_sites_reviewed,
    check_source_schema,
    check_titles,
    count_csv_cells,
)
from carms_lib.quality._reconciliation import (
    check_expected,
    check_no_quarantine,
    check_not_empty,
    check_quarantine_share,
    check_same_rows,
    check_same_total,
    check_steps_conserve,
    load_expected,
)
from carms_lib.quality._recorder import JsonFormatter, Recorder
from carms_lib.quality._releases import (
    check_distribution,
    check_freshness,
    check_row_count_change,
    kolmogorov_smirnov,
    population_stability,
)
from carms_lib.quality._report import CHECK_KINDS, CheckResult, Report
from carms_lib.quality._rows import (
    check_allowed,
    check_not_null,
    check_range,
    check_references,
    check_share,
    check_unique,
)
from carms_lib.quality._run import RunRecord, failure_class
from carms_lib.quality._run_comparison import Freshness, Scorecard
from carms_lib.quality._suite import Check, Evidence, run_checks

__all__ = [
    "CHECK_KINDS",
    "Check",
    "CheckResult",
    "Evidence",
    "Freshness",
    "JsonFormatter",
    "Limits",
    "Recorder",
    "Report",
    "RunRecord",
    "Scorecard",
    "check_allowed",
    "check_body_quota",
    "check_corrections",
    "check_distribution",
    "check_expected",
    "check_freshness",
    "check_no_quarantine",
    "check_not_empty",
    "check_not_null",
    "check_pairs",
    "check_quarantine_share",
    "check_range",
    "check_references",
    "check_row_count_change",
    "check_same_rows",
    "check_same_total",
    "check_share",
    "check_sites_reviewed",
    "check_source_schema",
    "check_steps_conserve",
    "check_titles",
    "check_unique",
    "count_csv_cells",
    "default_checks",
    "failure_class",
    "kolmogorov_smirnov",
    "load_expected",
    "population_stability",
    "run_checks",
]
