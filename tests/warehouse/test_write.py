"""Writing a release: idempotent, incremental, versions that follow one another, all or nothing."""

from __future__ import annotations

import datetime as dt
import threading

import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.warehouse import open_warehouse

COUNTS = ("n_new", "n_changed", "n_vanished", "n_unchanged")


def counts(report):
    return tuple(getattr(report, name) for name in COUNTS)


def test_a_release_comes_back_as_it_was_built(empty, invented):
    layers = invented.invent(40)
    report = empty.write(layers)
    assert counts(report) == (40, 0, 0, 0)
    assert report.seats == layers.gold["program"]["quota"].sum()
    assert report.summary().startswith("run 1, release 9001: 40 new, 0 changed")
    pd.testing.assert_frame_equal(empty.programs(limit=100).frame, layers.gold["program"])


def test_writing_again_touches_no_row(empty, invented, table_rows):
    layers = invented.invent(20)
    empty.write(layers)
    tables = ("program", "section", "exam", "interview_date", "discipline", "school", "site", "stream", "source_file")
    before = {name: table_rows(name) for name in tables}
    report = empty.write(layers)
    assert counts(report) == (0, 0, 0, 20)
    assert {name: table_rows(name) for name in tables} == before
    assert len(table_rows("load_run")) == 2


def test_the_order_of_rows_changes_nothing(empty, invented):
    layers = invented.invent(20)
    empty.write(layers)
    silver = {name: frame.iloc[::-1] for name, frame in layers.silver.items()}
    assert counts(empty.write(invented.rebuild(layers, silver))) == (0, 0, 0, 20)


def test_a_changed_program_closes_its_version_and_opens_another(empty, invented):
    layers = invented.invent(20)
    empty.write(layers)
    report = empty.write(invented.edit(layers, "program", {"program_stream_id": "10003"}, quota=77))
    assert counts(report) == (0, 1, 0, 19)
    history = empty.history("10003")
    assert history["quota"].tolist() == [3, 77]
    assert history["closed_as"].fillna("").tolist() == ["changed", ""]
    first, second = history.itertuples()
    assert first.valid_to == second.valid_from == second.loaded_at
    assert (first.run_id, first.closed_by_run_id, second.run_id) == (1, 2, 2)


@pytest.mark.parametrize(
    ("table", "where", "values"),
    [
        ("section", {"program_stream_id": "10003", "section_key": "review_process"}, {"n_characters": 1}),
        ("section", {"program_stream_id": "10003", "section_key": "review_process"}, {"is_filled": False}),
        ("exam", {"program_stream_id": "10003"}, {"exam": "USMLE Step 3"}),
        ("interview_date", {"program_stream_id": "10003"}, {"interview_date": pd.Timestamp("2031-02-28")}),
        ("program", {"program_stream_id": "10003"}, {"program_length_years": pd.NA}),
        (
            "band",
            {"program_stream_id": "10003", "metric": "interview"},
            {"band": "0 - 25", "band_lower": 0, "band_upper": 25},
        ),
    ],
)
def test_whatever_a_page_says_belongs_to_its_version(empty, invented, table, where, values):
    layers = invented.edit(invented.invent(20), "program", {"program_stream_id": "10003"}, program_length_years=5)
    layers = invented.edit(
        layers, "section", {"program_stream_id": "10003", "section_key": "review_process"}, is_filled=True
    )
    empty.write(layers)
    changed = invented.edit(layers, table, where, **values)
    assert counts(empty.write(changed)) == (0, 1, 0, 19)
    pd.testing.assert_frame_equal(empty.programs().frame, changed.gold["program"])


def test_a_vanished_program_is_closed_and_may_return(empty, invented):
    layers = invented.invent(10)
    empty.write(layers)
    assert counts(empty.write(invented.drop(layers, "10004"))) == (0, 0, 1, 9)
    assert "10004" not in set(empty.programs().frame["program_stream_id"])
    assert counts(empty.write(layers)) == (1, 0, 0, 9)
    history = empty.history("10004")
    assert history["closed_as"].fillna("").tolist() == ["vanished", ""]
    assert history["valid_to"].iloc[0] < history["valid_from"].iloc[1]


def test_a_corrected_member_gets_another_edition_and_history_keeps_the_first(empty, invented, table_rows):
    layers = invented.invent(40)
    other = invented.invent(40, release_id="9002", cycle=2032)
    empty.write(layers)
    empty.write(other)
    stream = "IMG Stream for IMG"
    n_programs = int((layers.gold["program"]["stream"] == stream).sum())
    corrected = invented.edit(layers, "stream", {"stream": stream}, eligibility_rule="Corrected rule.")
    assert n_programs > 0
    assert counts(empty.write(corrected)) == (0, n_programs, 0, 40 - n_programs)
    assert [row[1] for row in table_rows("stream")].count(stream) == 2
    # the other release was written with the first edition and is untouched, also when it is written again
    assert counts(empty.write(other)) == (0, 0, 0, 40)
    assert counts(empty.write(corrected)) == (0, 0, 0, 40)


def test_a_corrected_school_carries_its_sites_and_programs_along(empty, invented):
    layers = invented.invent(40)
    empty.write(layers)
    school = layers.silver["school"]["school"].iloc[0]
    corrected = invented.edit(layers, "school", {"school": school}, school_province="YT")
    corrected = invented.edit(corrected, "site", {"school": school}, site_province="YT")
    report = empty.write(corrected)
    assert report.n_changed == (layers.gold["program"]["school"] == school).sum()
    assert set(empty.programs(province="YT").frame["school"]) == {school}
    pd.testing.assert_frame_equal(empty.programs(limit=100).frame, corrected.gold["program"])
    pd.testing.assert_frame_equal(empty.programs(as_of="2030-01-01", limit=100).frame, layers.gold["program"])


def test_each_release_is_kept_by_itself(empty, invented):
    first, second = invented.invent(10), invented.invent(12, release_id="9002", cycle=2032)
    empty.write(first)
    assert counts(empty.write(second)) == (12, 0, 0, 0)
    assert empty.releases() == ["9002", "9001"]
    pd.testing.assert_frame_equal(empty.programs(release="9001").frame, first.gold["program"])
    pd.testing.assert_frame_equal(empty.programs().frame, second.gold["program"])


def test_lineage_names_run_file_hash_and_row(empty, invented):
    empty.write(invented.invent(10))
    version = empty.history("10003").iloc[0]
    assert (version["run_id"], version["source_file"], version["source_row"]) == (1, "pages_9001.zip", 3)
    assert version["source_sha256"] == "ab" * 32
    assert version["loaded_at"] == pd.Timestamp("2030-01-01", tz="UTC")


def test_a_clock_that_stands_still_or_goes_back_never_makes_versions_overlap(url, invented):
    moments = iter([dt.datetime(2030, 1, 2, tzinfo=dt.UTC)] * 2 + [dt.datetime(2030, 1, 1, tzinfo=dt.UTC)])
    layers = invented.invent(5)
    with open_warehouse(url, clock=lambda: next(moments)) as warehouse:
        warehouse.upgrade()
        for quota in (1, 2, 3):
            warehouse.write(invented.edit(layers, "program", {"program_stream_id": "10002"}, quota=quota))
        history = warehouse.history("10002")
    assert history["quota"].tolist() == [1, 2, 3]
    assert (history["valid_to"].iloc[:2] > history["valid_from"].iloc[:2]).all()
    assert history["valid_from"].is_monotonic_increasing


def test_a_clock_without_a_zone_is_refused(url, invented):
    with open_warehouse(url, clock=lambda: dt.datetime(2030, 1, 1)) as warehouse:  # noqa: DTZ001
        warehouse.upgrade()
        with pytest.raises(exceptions.ArgumentError, match="clock"):
            warehouse.write(invented.invent(3))


def test_what_never_changes_is_refused_and_nothing_is_written(empty, invented, rows):
    layers = invented.invent(5)
    empty.write(layers)
    for table, where, values in (
        ("release", {"release_id": "9001"}, {"cycle": 2040}),
        ("province", {"province": "ON"}, {"province_name": "Upper Canada"}),
        ("band", {"metric": "interview", "band": "0 - 25"}, {"band_upper": 26}),
    ):
        wrong = invented.edit(layers, table, where, **values)
        wrong = invented.edit(wrong, "program", {"program_stream_id": "10002"}, quota=99)
        with pytest.raises(exceptions.WarehouseError, match="never changes"):
            empty.write(wrong)
    assert rows("SELECT count(*) FROM load_run") == [(1,)]
    pd.testing.assert_frame_equal(empty.programs().frame, layers.gold["program"])


def test_a_table_that_breaks_its_contract_is_refused(empty, invented, rows):
    layers = invented.invent(5)
    silver = {**layers.silver, "program": layers.silver["program"].assign(quota=0)}
    with pytest.raises(exceptions.SchemaError, match="quota: must be at least 1"):
        empty.write(invented.Layers(layers.bronze, silver))
    assert rows("SELECT count(*) FROM program") == [(0,)]


def test_layers_of_two_releases_are_refused(empty, invented):
    layers = invented.invent(5)
    program = layers.silver["program"].copy()
    program.loc[0, "release_id"] = "9002"
    with pytest.raises(exceptions.ArgumentError, match="one write takes one release"):
        empty.write(invented.Layers(layers.bronze, {**layers.silver, "program": program}))


def test_writing_before_upgrading_says_what_to_do(url, invented):
    with open_warehouse(url) as warehouse, pytest.raises(exceptions.MigrationError, match=r"warehouse\.upgrade\(\)"):
        warehouse.write(invented.invent(3))


def test_the_audit_of_a_real_build_is_kept(empty, rows, bundled_layers):
    layers = bundled_layers
    report = empty.write(layers)
    assert (report.n_new, report.seats) == (815, 3942)
    assert rows("SELECT count(*) FROM load_check") == [(len(layers.report.results),)]
    kept = rows('SELECT step, "check", "table", kind, measured, threshold FROM load_check')
    found = [(r.step, r.check, r.table, r.kind, r.measured, r.threshold) for r in layers.report.results]
    assert sorted(kept, key=str) == sorted(found, key=str)
    assert {None} < {measured for *_, measured, _ in kept}
    assert rows("SELECT count(*) FROM load_step") == [(len(layers.report.steps),)]
    assert rows("SELECT count(*) FROM load_quarantine") == [(len(layers.quarantine),)]
    pd.testing.assert_frame_equal(empty.programs(limit=1000).frame, layers.gold["program"])
    assert counts(empty.write(layers)) == (0, 0, 0, 815)


def test_quarantine_and_checks_are_kept_by_run(empty, invented, rows):
    layers = invented.invent(5)
    empty.write(WithReport(layers))
    assert rows('SELECT "table", reason, value FROM load_quarantine') == [("page", "no quota", "zero")]
    # a report of before checks had kinds is kept without
    told = rows('SELECT "check", severity, passed, kind, measured FROM load_check')
    assert told == [("rows conserved", "critical", 1, None, None)]


def test_a_nul_character_does_not_keep_a_release_out(empty, invented, rows):
    """PostgreSQL holds it in no text: one page or value with it must not stop the others, and no engine differs."""
    layers = invented.invent(5, texts=True)
    section = layers.bronze["section"].copy()
    first = section.index[section["text"].notna()][0]
    section.loc[first, "text"] = "Wel\x00come zebra"
    damaged = WithReport(invented.Layers({**layers.bronze, "section": section}, layers.silver))
    damaged.quarantine["value"] = "ze\x00ro"
    assert empty.write(damaged).n_new == 5
    assert rows("SELECT value FROM load_quarantine") == [("ze\ufffdro",)]
    assert len(empty.search("zebra")) == 1
    assert counts(empty.write(damaged)) == (0, 0, 0, 5)  # and it is the same when it is written again
    assert rows("SELECT count(*) FROM search_document WHERE content = 'Wel come zebra'") == [(1,)]


@pytest.mark.postgres
def test_a_value_that_a_server_cannot_hold_is_said_to_be_that(postgresql_url, make_tables):
    make_tables("postgresql", postgresql_url)
    with (
        open_warehouse(postgresql_url, retries=0) as warehouse,
        pytest.raises(exceptions.WarehouseError, match=r"cannot hold a value that was given: .*NUL"),
    ):
        warehouse._ask(
            "text", lambda connection: connection.exec_driver_sql("SELECT %(text)s::text", {"text": "a\x00b"})
        )


class WithReport:
    """Layers with an audit of their own."""

    def __init__(self, layers):
        self.bronze, self.silver, self.gold = layers.bronze, layers.silver, layers.gold
        self.report = self
        self.steps = pd.DataFrame(
            [("silver", "page", 6, 5, 1, 20, 18, 2)],
            columns=[
                "step",
                "table",
                "rows_read",
                "rows_kept",
                "rows_quarantined",
                "seats_read",
                "seats_kept",
                "seats_quarantined",
            ],
        )
        self.quarantine = pd.DataFrame(
            [("silver", "page", 6, "10006", "quota", "no quota", "zero")],
            columns=["step", "table", "source_row", "key", "column", "reason", "value"],
        )

    def to_frame(self):
        return pd.DataFrame(
            [("silver", "rows conserved", "page", "critical", True, "6", "6", "")],
            columns=["step", "check", "table", "severity", "passed", "observed", "expected", "failing_keys"],
        )


def test_two_writers_at_once_are_serialised(url, invented):
    """Both end, one after the other; nothing of either is lost."""
    releases = [invented.invent(30, release_id=str(9001 + place), cycle=2031 + place) for place in range(2)]
    with open_warehouse(url) as warehouse:
        warehouse.upgrade()
    start = threading.Barrier(2)
    failures = []

    def write(layers):
        with open_warehouse(url, lock_timeout=20) as warehouse:
            start.wait()
            try:
                warehouse.write(layers)
            except exceptions.CarmsError as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(layers,)) for layers in releases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_warehouse(url) as warehouse:
        for layers in releases:
            release = layers.silver["release"]["release_id"].iloc[0]
            pd.testing.assert_frame_equal(warehouse.programs(release=release).frame, layers.gold["program"])
