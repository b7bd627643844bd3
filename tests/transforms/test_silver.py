"""Bronze to silver: what passes, what is set aside, and that nothing is lost."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib.schemas import load_reference
from carms_lib.transforms import to_bronze, to_silver


def assert_nothing_lost(bench, silver):
    """Every bronze row is kept or in quarantine, exactly once."""
    bronze = bench.bronze()
    steps = silver.steps.set_index("table")
    for table, frame in bronze.items():
        rows = silver.quarantine.query("table == @table")["source_row"]
        assert steps.loc[table, "rows_read"] == len(frame)
        assert steps.loc[table, "rows_quarantined"] == rows.nunique()
        assert steps.loc[table, "rows_kept"] == len(frame) - rows.nunique()
        assert set(rows) <= set(frame["source_row"])
    page = steps.loc["page"]
    assert page["seats_read"] == page["seats_kept"] + page["seats_quarantined"]
    assert page["seats_kept"] == silver["program"]["quota"].sum()
    assert steps.loc["section", "rows_kept"] == len(silver["section"])
    assert steps.loc["page", "rows_kept"] == steps.loc["program_master", "rows_kept"] == len(silver["program"])


def reasons(silver, table=None):
    """(table, key, column, reason) of each fault."""
    rows = silver.quarantine if table is None else silver.quarantine.query("table == @table")
    return list(rows[["table", "key", "column", "reason"]].itertuples(index=False, name=None))


# --- what passes -----------------------------------------------------------------------------------------


def test_a_sound_release_passes_whole(bench):
    silver = bench.silver()
    assert silver.quarantine.empty
    assert_nothing_lost(bench, silver)
    program = silver["program"].set_index("program_stream_id")
    assert program.loc["102"].dropna().to_dict() == {
        "release_id": "9901",
        "document_id": "9901-102",
        "discipline": "Family Medicine",
        "school": "Université Laval",
        "site": "Québec",
        "stream": "Regular Stream for All",
        "mailing_province": "QC",
        "language": "fr",
        "page_language": "fr",
        "quota": 3,
        "accreditation": "Accredited",
        "approval_date": pd.Timestamp("2024-09-03"),
        "program_length_years": 2,
        "reference_letters": 3,
    }
    assert program["body_quota"].isna().all()
    assert pd.isna(program.loc["102", "personal_letter_words"])  # printed as "Aucun": there is no limit
    assert program.loc["101", "school"] == "Queen's University"
    assert program.loc["103", "language"] == "either"
    assert program["quota"].sum() == 10


def test_dimensions_hold_the_members_in_use(bench):
    silver = bench.silver()
    assert silver["release"].to_dict("records") == [
        {"release_id": "9901", "match": "R-1 Main Residency Match", "cycle": 2025, "iteration": "first"}
    ]
    assert silver["province"]["province"].tolist() == ["BC", "NB", "NS", "ON", "QC"]
    assert silver["discipline"]["discipline_id"].tolist() == ["1", "2"]
    assert silver["school"]["school_short"].tolist() == ["Dalhousie", "Queen's", "UBC", "Laval"]
    assert len(silver["site"]) == 4


def test_three_provinces_are_kept_apart(bench):
    silver = bench.silver()
    site = silver["site"].set_index("site")
    school = silver["school"].set_index("school")
    assert site.loc["Moncton", "site_province"] == "NB"
    assert "New Brunswick" in site.loc["Moncton", "site_province_reason"]
    assert school.loc["Dalhousie University", "school_province"] == "NS"
    assert silver["program"].set_index("program_stream_id")["mailing_province"].isna()["103"]


def test_eligibility_is_data(bench):
    stream = bench.silver()["stream"].set_index("stream")
    assert stream.loc["New Brunswicker IMG Stream for IMG", "home_province"] == "NB"
    assert stream.loc["Competitive RoS Stream for All", ["admits_cmg", "admits_img", "return_of_service"]].all()
    assert stream["eligibility"].to_dict() == {
        "CMG Stream for CMG": "CMG",
        "Competitive RoS Stream for All": "ALL",
        "New Brunswicker IMG Stream for IMG": "IMG",
        "Regular Stream for All": "ALL",
    }


def test_bands_have_limits(bench):
    band = bench.set("page", "101", applications_band="601 +").silver()["band"]
    rows = band[band["program_stream_id"] == "101"].set_index("metric")
    assert rows.loc["applications", ["band", "band_lower"]].tolist() == ["601 +", 601]
    assert rows.loc["applications", "band_upper"] is pd.NA
    assert rows.loc["interview", ["band_lower", "band_upper"]].tolist() == [26, 50]


def test_lists_become_rows_in_order(bench):
    silver = bench.silver()
    dates = silver["interview_date"]
    of_102 = dates.loc[dates["program_stream_id"] == "102", "interview_date"]
    assert of_102.tolist() == [pd.Timestamp("2025-01-22"), pd.Timestamp("2025-02-04")]
    exams = silver["exam"]
    assert exams.loc[exams["program_stream_id"] == "102", "exam"].tolist() == ["FMProC", "MCCQE Part I"]


@pytest.mark.parametrize(
    ("values", "filled"),
    [
        ({"n_characters": "35", "text": "Something."}, True),
        ({"n_characters": "3", "text": "n/a"}, False),
        ({"n_characters": "0", "text": ""}, False),
        ({"n_characters": "0", "text": None}, False),
        ({"n_characters": "35", "text": None}, True),  # contacts, or the bundle
        ({"n_characters": "300", "text": "-" * 300}, False),  # the longest body that can be a placeholder
        ({"n_characters": "301", "text": "-" * 301}, True),
    ],
)
def test_present_is_not_filled(bench, values, filled):
    section = bench.set_row("section", 2, **values).silver()["section"]
    row = section[(section["program_stream_id"] == "101") & (section["section_key"] == "selection_criteria")]
    assert row["is_filled"].tolist() == [filled]


def test_a_site_that_no_one_reviewed_gets_its_schools_province_and_says_so(bench):
    site = bench.set("program_master", "101", program_site="Camelot").silver()["site"].set_index("site")
    assert site.loc["Camelot", "site_province"] == "ON"
    assert "not reviewed" in site.loc["Camelot", "site_province_reason"]


def test_the_row_that_the_master_cut_wrongly_is_put_right(bench):
    """A correction applies to its release, its row and the value it noted; nothing else."""
    reference = load_reference()
    row = reference.correction.iloc[0]
    assert (row["release_id"], row["program_stream_id"]) == ("1503", "27076")
    bronze = to_bronze(bench.release)
    master = bronze["program_master"]
    master = master.assign(
        release_id="1503",
        program_stream_id=["27076", "102", "103", "104"],
        program_site=["Indigenous communities - CMG"] * 2 + ["Indigenous communities", "Halifax"],
    )
    page = bronze["page"].assign(release_id="1503", program_stream_id=master["program_stream_id"])
    page["document_id"] = "1503-" + page["program_stream_id"]
    section = bronze["section"].iloc[:0]
    silver = to_silver({**bronze, "program_master": master, "page": page, "section": section})
    assert silver["program"].set_index("program_stream_id")["site"].to_dict() == {
        "27076": "Indigenous communities",
        "102": "Indigenous communities - CMG",
        "103": "Indigenous communities",
        "104": "Halifax",
    }


# --- what is set aside, one by one ------------------------------------------------------------------------

PAGE_FAULTS = [
    ("quota", None, "missing"),
    ("quota", "0", "zero"),
    ("quota", "-2", "negative"),
    ("quota", "several", "not a whole number"),
    ("quota", "2.5", "not a whole number"),
    ("body_quota", "some", "not a whole number"),
    ("applications_band", "1000 +", "unknown applications band; allowed: 0 - 50"),
    ("applications_band", None, "missing"),
    ("interview_band", "0 - 50", "unknown interview band"),
    ("stream", "CMG Strem for CMG", "unknown stream; nearest known: 'CMG Stream for CMG'"),
    ("stream", "IMG Stream for IMG", "the master has 'CMG Stream for CMG'"),
    ("application_language", "Latin", "unknown language of application"),
    ("page_language", None, "missing"),
    ("accreditation", "Acredited", "unknown accreditation status; nearest known: 'Accredited'"),
    ("approval_date", "someday", "not a date"),
    ("mailing_province", "Ontari", "unknown province; nearest known: 'ON'"),
    ("match_name", "2025 R-1 Main Residency Match", "not the name of a match"),
    ("match_name", "2024 R-1 Main Residency Match - first iteration", "is not the match that most pages name"),
    ("program_length", "long", "not a number of years"),
    ("reference_letters", "many", "not a whole number"),
    ("personal_letter_words", "short", "not a whole number"),
    ("interview_dates", "January 17, 2025; whenever", "not a date"),
    ("exams", "Casper; Tarot", "unknown examination"),
    ("document_id", "1503-101", "is not of this release and program"),
]


@pytest.mark.parametrize(("column", "value", "reason"), PAGE_FAULTS)
def test_a_page_that_cannot_be_read_is_set_aside_with_its_master_row_and_sections(bench, column, value, reason):
    damaged = bench.set_row("page", 0, **{column: value})
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    (fault,) = silver.quarantine.query("table == 'page'").to_dict("records")
    assert (fault["column"], fault["source_row"], fault["step"]) == (column, 1, "silver")
    assert reason in fault["reason"]
    assert fault["value"] == value if value is not None else pd.isna(fault["value"])
    assert reasons(silver, "program_master") == [
        ("program_master", "101", "program_stream_id", "its page was set aside")
    ]
    assert "101" not in set(silver["program"]["program_stream_id"])
    assert "101" not in set(silver["section"]["program_stream_id"])
    expected = "has no page" if column == "document_id" else "its page was set aside"
    assert {why for *_, why in reasons(silver, "section")} == {expected}
    assert len(reasons(silver, "section")) == 3


MASTER_FAULTS = [
    ("program_stream", "Regular", "unknown stream"),
    ("program_stream", "IMG Streams for IMG", "unknown stream; nearest known: 'IMG Stream for IMG'"),
    ("program_stream", None, "missing"),
    ("school_name", "Queens Univercity", 'unknown school; nearest known: "Queen\'s University"'),
    ("discipline_name", "Familly Medicine", "unknown discipline; nearest known: 'Family Medicine'"),
    ("discipline_id", "2", "is not the number of the discipline named beside it"),
    ("program_site", None, "missing"),
    ("program_site", " \u200b", "empty"),
]


@pytest.mark.parametrize(("column", "value", "reason"), MASTER_FAULTS)
def test_a_master_row_that_cannot_be_read_is_set_aside_with_its_page(bench, column, value, reason):
    damaged = bench.set("program_master", "101", **{column: value})
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    (fault,) = silver.quarantine.query("table == 'program_master'").to_dict("records")
    assert (fault["column"], fault["key"]) == (column, "101")
    assert reason in fault["reason"]
    assert reasons(silver, "page") == [("page", "9901-101", "program_stream_id", "its row in the master was set aside")]
    steps = silver.steps.set_index("table")
    assert steps.loc["page", "seats_quarantined"] == 3


def test_a_master_row_without_a_number_leaves_its_page_alone(bench):
    damaged = bench.set_row("program_master", 0, program_stream_id=None)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert ("program_master", "missing", "program_stream_id", "missing") in reasons(silver)
    assert ("page", "9901-101", "program_stream_id", "has no row in the master") in reasons(silver)


def test_a_number_that_is_none_is_set_aside(bench):
    damaged = bench.set_row("program_master", 0, program_stream_id="101.0")
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert ("program_master", "101.0", "program_stream_id", "not a number of digits only") in reasons(silver)


def test_a_page_without_a_master_row(bench):
    damaged = bench.drop("program_master", 0)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert reasons(silver, "page") == [("page", "9901-101", "program_stream_id", "has no row in the master")]
    assert len(silver["program"]) == 3


def test_a_master_row_without_a_page(bench):
    damaged = bench.drop("page", 0)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert reasons(silver, "program_master") == [("program_master", "101", "program_stream_id", "has no page")]
    assert {why for *_, why in reasons(silver, "section")} == {"has no page"}


@pytest.mark.parametrize("table", ["program_master", "page"])
def test_a_row_told_twice_counts_once(bench, table):
    changed = {"row_number": "9"} if table == "program_master" else {}
    damaged = bench.repeat(table, 0, **changed)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert [why for *_, why in reasons(silver)] == ["repeats an earlier row"]
    assert len(silver["program"]) == 4


@pytest.mark.parametrize(
    ("table", "changed"), [("program_master", {"program_site": "Toronto"}), ("page", {"quota": "5"})]
)
def test_rows_that_contradict_each_other_are_all_set_aside(bench, table, changed):
    damaged = bench.repeat(table, 0, **changed)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    whys = [why for *_, why in reasons(silver, table)]
    assert whys == ["several rows with this key contradict each other"] * 2
    assert "101" not in set(silver["program"]["program_stream_id"])


def test_disciplines_that_cannot_be_told_apart(bench):
    damaged = bench.repeat("discipline", 0, discipline_id="3")
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert {why for *_, why in reasons(silver, "discipline")} == {"the same name under two numbers"}
    assert "unknown discipline" in {why for *_, why in reasons(silver, "program_master")}


SECTION_FAULTS = [
    ({"section_key": "selection_criterion"}, "section_key", "unknown section; nearest known: 'selection_criteria'"),
    ({"section_key": None}, "section_key", "missing"),
    ({"section_position": "0"}, "section_position", "zero"),
    ({"n_characters": "many"}, "n_characters", "not a whole number"),
    ({"document_id": "9901-999"}, "document_id", "has no page"),
    ({"document_id": None}, "document_id", "missing"),
    ({"section_key": "return_of_service"}, "section_key", "second section with this key on its page"),
]


@pytest.mark.parametrize(("values", "column", "reason"), SECTION_FAULTS)
def test_a_section_that_cannot_be_read_is_set_aside_alone(bench, values, column, reason):
    damaged = bench.set_row("section", 2, **values)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert [(row, why) for *_, row, why in reasons(silver)] == [(column, reason)]
    assert len(silver["program"]) == 4
    assert len(silver["section"]) == 11


def test_a_row_with_two_faults_counts_once_and_tells_both(bench):
    damaged = bench.set("page", "101", quota="none", accreditation=None)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert [row for *_, row, _ in reasons(silver, "page")] == ["accreditation", "quota"]


def test_no_contact_detail_reaches_the_quarantine(bench):
    value = "call 613-555-0100 or write to someone@example.org " + "x" * 200
    silver = bench.set("page", "101", quota=value).silver()
    (shown,) = silver.quarantine.query("column == 'quota'")["value"]
    assert shown.startswith("call [contact] or write to [contact] xxx")
    assert len(shown) == 60


def test_nothing_left_is_an_empty_layer_not_an_error(bench):
    damaged = bench
    for number in ("101", "102", "103", "104"):
        damaged = damaged.set("page", number, quota=None)
    silver = damaged.silver()
    assert_nothing_lost(damaged, silver)
    assert all(silver[table].empty for table in silver if table != "discipline")
