"""Every check passes on the release and fails on an input made to break it."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib import quality
from carms_lib.exceptions import ArgumentError
from carms_lib.schemas import contracts, load_reference


@pytest.fixture
def silver(layers):
    """A copy of silver to break."""
    return {name: frame.copy() for name, frame in layers.silver.items()}


@pytest.fixture
def bronze(layers):
    return {name: frame.copy() for name, frame in layers.bronze.items()}


def only(results):
    (result,) = results if isinstance(results, list) else [results]
    return result


# --- conservation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["rows", "seats"])
def test_a_lost_row_or_seat_is_seen(layers, unit):
    steps = layers.silver.steps
    assert all(result.passed for result in quality.check_steps_conserve(steps))
    broken = steps.copy()
    broken.loc[broken["table"] == "page", f"{unit}_kept"] -= 1
    failed = only([result for result in quality.check_steps_conserve(broken) if not result.passed])
    assert failed.check == f"{unit} conserved"
    assert failed.table == "page"
    assert failed.severity == "critical"


def test_totals_that_differ_are_seen():
    assert quality.check_same_total("gold", "seats", {"silver": 3, "gold": 3}).passed
    failed = quality.check_same_total("gold", "seats", {"silver": 3, "gold": 2})
    assert not failed.passed
    assert failed.observed == "silver 3, gold 2"


def test_a_shorter_table_is_seen(layers, bronze):
    assert all(result.passed for result in quality.check_same_rows("bronze", layers.bronze, bronze))
    bronze["page"] = bronze["page"].iloc[1:]
    failed = only([r for r in quality.check_same_rows("bronze", layers.bronze, bronze) if not r.passed])
    assert failed.check == "rows of page"


def test_an_empty_table_is_seen(silver):
    assert quality.check_not_empty("silver", silver, "program").passed
    silver["program"] = silver["program"].iloc[:0]
    assert not quality.check_not_empty("silver", silver, "program").passed


# --- keys ------------------------------------------------------------------------------------------------

REFERENCES = [
    (name, columns, target)
    for name, promise in contracts()["silver"].items()
    for columns, target in promise.references.items()
]


def test_every_reference_of_the_release_holds(silver):
    results = quality.check_references("silver", silver)
    assert len(results) == len(REFERENCES)
    assert all(result.passed for result in results)


@pytest.mark.parametrize(("table", "columns", "target"), REFERENCES)
def test_a_reference_to_nothing_is_seen(silver, table, columns, target):
    row = silver[table].dropna(subset=list(columns)).index[0]
    silver[table].loc[row, columns[-1]] = "nowhere"
    failed = only(
        [
            result
            for result in quality.check_references("silver", silver)
            if not result.passed and result.table == table and result.check.startswith(" + ".join(columns))
        ]
    )
    assert failed.check == f"{' + '.join(columns)} refers to {target}"
    assert failed.observed.startswith("1 of ")
    assert len(failed.failing_keys) == 1


def test_a_missing_value_refers_to_nothing_and_passes(silver):
    silver["program"]["mailing_province"] = pd.Series([None] * len(silver["program"]), dtype="str")
    assert all(result.passed for result in quality.check_references("silver", silver))


def test_rows_that_repeat_are_seen(silver):
    columns = ["school", "discipline", "site", "stream"]
    assert quality.check_unique("silver", silver, "program", columns, key="program_stream_id").passed
    silver["program"].loc[1, columns] = silver["program"].loc[0, columns]
    failed = quality.check_unique("silver", silver, "program", columns, key="program_stream_id")
    assert not failed.passed
    assert failed.failing_keys == tuple(silver["program"].loc[[0, 1], "program_stream_id"])


# --- shares ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_failing", "threshold", "passed"),
    [(0, 0, True), (1, 0, False), (5, 0.05, True), (6, 0.05, False), (100, 1, True)],
)
def test_a_share_is_held_against_its_threshold(n_failing, threshold, passed):
    keys = [str(i) for i in range(n_failing)]
    result = quality.check_share("silver", "share", "t", keys, 100, threshold=threshold, severity="warning")
    assert result.passed is passed
    assert result.observed == f"{n_failing} of 100 ({n_failing / 100:.1%})"


def test_a_share_of_nothing_passes_and_a_threshold_that_is_none_is_refused():
    assert quality.check_share("silver", "share", "t", [], 0, threshold=0, severity="critical").passed
    with pytest.raises(ArgumentError, match=r"threshold=7 is not a share"):
        quality.check_share("silver", "share", "t", [], 1, threshold=7, severity="critical")
    with pytest.raises(ArgumentError, match="severity='fatal'"):
        quality.check_share("silver", "share", "t", [], 1, threshold=0, severity="fatal")


def quarantine(rows):
    columns = list(contracts()["audit"]["quarantine"].columns)
    return pd.DataFrame(rows, columns=columns)


def test_a_quarantine_that_grows_too_large_is_seen(layers):
    steps = layers.silver.steps
    rows = [("silver", "page", row, f"1503-{row}", "quota", "zero", "0") for row in range(1, 43)]
    passed = {r.table: r.passed for r in quality.check_quarantine_share(steps, quarantine(rows), threshold=0.05)}
    assert passed == {"discipline": True, "program_master": True, "page": False, "section": True}
    twice = rows[:40] + [(*row[:4], "stream", "missing", None) for row in rows[:40]]  # two reasons, one row
    assert all(r.passed for r in quality.check_quarantine_share(steps, quarantine(twice), threshold=0.05))


def test_a_quarantine_with_one_row_is_a_warning():
    assert quality.check_no_quarantine("silver", quarantine([])).passed
    failed = quality.check_no_quarantine("silver", quarantine([("silver", "page", 1, "1503-1", "quota", "zero", "0")]))
    assert not failed.passed
    assert failed.severity == "warning"
    assert failed.observed == "page: zero (1)"
    assert failed.failing_keys == ("page 1503-1",)


# --- this publication --------------------------------------------------------------------------------------


def test_a_title_of_another_program_is_seen(bronze, silver):
    assert quality.check_titles(bronze, silver).passed
    bronze["page"].loc[0, "title"] = "University of Nowhere - Family Medicine - Atlantis"
    failed = quality.check_titles(bronze, silver)
    assert failed.failing_keys == (bronze["page"].loc[0, "program_stream_id"],)
    assert failed.severity == "warning"


def test_french_titles_are_understood(bronze, silver):
    french = bronze["page"].loc[bronze["page"]["page_language"] == "fr", "title"]
    assert french.str.contains("Médecine familiale").any()
    silver["discipline"]["discipline_fr"] = pd.Series([None] * len(silver["discipline"]), dtype="str")
    failed = quality.check_titles(bronze, silver)
    assert len(failed.failing_keys) == len(french)


def test_quotas_that_header_and_body_tell_differently_are_counted(silver):
    silver["program"]["body_quota"] = silver["program"]["quota"].astype("Int64")
    assert quality.check_body_quota(silver).observed.startswith("0 of 815")
    silver["program"].loc[:40, "body_quota"] += 1
    assert not quality.check_body_quota(silver).passed
    assert quality.check_body_quota(silver, threshold=0.06).passed


def test_a_site_that_no_one_reviewed_is_seen(silver):
    assert quality.check_sites_reviewed(silver, load_reference()).passed
    silver["site"].loc[0, "site"] = "Atlantis"
    failed = quality.check_sites_reviewed(silver, load_reference())
    assert failed.failing_keys == (f"{silver['site'].loc[0, 'school']} / Atlantis",)


def test_a_correction_that_no_longer_meets_its_value_is_seen(bronze):
    reference = load_reference()
    assert quality.check_corrections(bronze, reference).passed
    master = bronze["program_master"]
    master.loc[master["program_stream_id"] == "27076", "program_site"] = "Indigenous communities"
    assert quality.check_corrections(bronze, reference).failing_keys == ("27076 program_site",)
    bronze["program_master"] = master.assign(release_id="1600")
    assert quality.check_corrections(bronze, reference).passed  # of another release


def test_sections_are_counted_as_the_publishers_csv_does(bronze):
    assert quality.count_csv_cells(bronze) == 10_716
    assert len(bronze["section"]) == 9_824
