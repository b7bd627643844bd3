"""The report: what it shows, what a failure does."""

from __future__ import annotations

import pytest
from carms_lib.exceptions import QualityError, QualityWarning
from carms_lib.quality import CheckResult, Report


def result(*, passed, severity="critical", keys=()):
    return CheckResult("silver", "a check", "program", severity, passed, "3", "4", keys)


@pytest.fixture
def steps(layers):
    return layers.silver.steps


def test_a_failed_check_shows_five_keys_and_counts_the_rest(steps):
    keys = (*(str(number) for number in range(7)), "someone@example.org")
    line = result(passed=False, keys=keys).line()
    assert line == "FAIL critical a check (program): 3; allowed: 4; 0, 1, 2, 3, 4 and 3 more"
    shown = result(passed=False, keys=("someone@example.org",)).line()
    assert "example.org" not in shown


def test_a_critical_failure_raises_and_a_warning_warns(steps):
    critical = Report(steps, (result(passed=False), result(passed=True)))
    assert not critical.passed
    with pytest.raises(QualityError, match="1 critical check failed after step 'silver'"):
        critical.raise_if_critical()
    warning = Report(steps, (result(passed=False, severity="warning"),))
    assert warning.passed
    warning.raise_if_critical()
    with pytest.warns(QualityWarning, match="1 check needs a look"):
        warning.warn()


def test_a_clean_report_says_nothing_and_stops_nothing(steps):
    report = Report(steps, (result(passed=True),))
    report.raise_if_critical()
    report.warn()
    assert "1 of 1 checks passed" in report.summary()


def test_steps_and_results_add_up(layers):
    report = layers.report
    assert report.steps["step"].unique().tolist() == ["bronze", "silver", "gold"]
    both = report.with_step(layers.silver.steps, [result(passed=False)])
    assert len(both.steps) == len(report.steps) + len(layers.silver.steps)
    assert both.failures() == (result(passed=False),)
    assert report.passed  # the report before is as it was


def test_the_frame_has_one_row_per_check(layers):
    frame = layers.report.to_frame()
    assert len(frame) == len(layers.report.results)
    assert frame["passed"].all()
    assert frame["severity"].isin(["critical", "warning"]).all()


def test_the_summary_is_one_screen(layers):
    lines = layers.report.summary().splitlines()
    assert len(lines) < 25
    assert any("3,942" in line for line in lines)
    assert lines[-1].endswith("checks passed")
