"""What was known when, and what differs between releases."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.schemas import contract


@pytest.fixture(scope="module")
def three_writes(shared, invented):
    """The same release on the 1st, 2nd and 3rd of January 2030: as it was, corrected, and with one program gone."""
    first = invented.invent(12)
    second = invented.edit(first, "program", {"program_stream_id": "10005"}, quota=55)
    third = invented.drop(second, "10005", "10006")
    for layers in (first, second, third):
        shared.write(layers)
    return shared, (first, second, third)


@pytest.mark.parametrize(
    ("as_of", "write"),
    [
        ("2030-01-01", 0),
        ("2030-01-01T23:59:59.999999", 0),
        ("2030-01-02", 1),
        (dt.date(2030, 1, 2), 1),
        (dt.datetime(2030, 1, 2, tzinfo=dt.UTC), 1),
        ("2030-01-02T00:30+01:00", 0),
        (pd.Timestamp("2030-01-01T20:00", tz="America/Toronto"), 1),
        ("2030-01-03", 2),
        ("2099-12-31", 2),
        (None, 2),
    ],
    ids=str,
)
def test_as_of_gives_what_was_known_then(three_writes, as_of, write):
    warehouse, layers = three_writes
    pd.testing.assert_frame_equal(warehouse.programs(as_of=as_of).frame, layers[write].gold["program"])


def test_before_the_first_write_nothing_was_known(three_writes):
    warehouse, _ = three_writes
    assert warehouse.programs(as_of="2029-12-31").frame.empty
    with pytest.raises(exceptions.UnknownNameError, match="release='9001'"):
        warehouse.programs(as_of="2029-12-31", release="9001")


def test_the_past_has_filters_and_pages_too(three_writes):
    warehouse, layers = three_writes
    gold = layers[0].gold["program"]
    frame = warehouse.programs(as_of="2030-01-01", province="ON").frame
    pd.testing.assert_frame_equal(frame, gold.loc[gold["school_province"] == "ON"].reset_index(drop=True))
    page = warehouse.programs(as_of="2030-01-01", limit=5)
    rest = warehouse.programs(as_of="2030-01-01", after=page.next_key).frame
    assert len(page.frame) + len(rest) == 12


def test_history_tells_every_version(three_writes):
    warehouse, _ = three_writes
    history = warehouse.history("10005")
    assert history["quota"].tolist() == [5, 55]
    assert history["closed_as"].tolist() == ["changed", "vanished"]
    assert history["valid_from"].dt.day.tolist() == [1, 2]
    assert history["valid_to"].dt.day.tolist() == [2, 3]
    assert str(history["valid_to"].dtype) == "datetime64[us, UTC]"
    gold = contract("gold", "program").columns
    assert history.columns.tolist() == [
        *gold,
        "valid_from",
        "valid_to",
        "closed_as",
        "run_id",
        "closed_by_run_id",
        "source_file",
        "source_sha256",
        "source_row",
        "loaded_at",
    ]


def test_history_spans_releases(empty, invented):
    empty.write(invented.invent(5, release_id="9002", cycle=2032))
    empty.write(invented.invent(5))
    assert empty.history("10001")["release_id"].tolist() == ["9001", "9002"]


def test_an_unknown_program_is_an_error_with_near_names(three_writes):
    warehouse, _ = three_writes
    with pytest.raises(exceptions.UnknownNameError, match="Did you mean '100"):
        warehouse.history("1000")
    with pytest.raises(exceptions.UnknownNameError):
        warehouse.history("'; DROP TABLE program; --")


def test_every_moment_has_at_most_one_version(empty, invented, rows):
    layers = invented.invent(12)
    for other in (layers, invented.drop(layers, "10005"), layers, invented.edit(layers, "program", {}, quota=3)):
        empty.write(other)
    overlaps = """
        SELECT count(*) FROM program AS one JOIN program AS other
        ON one.release_id = other.release_id AND one.program_stream_id = other.program_stream_id
        AND one.program_key < other.program_key
        AND one.valid_from < coalesce(other.valid_to, '9999-12-31')
        AND other.valid_from < coalesce(one.valid_to, '9999-12-31')
    """
    assert rows(overlaps) == [(0,)]
    # Twelve first versions, one more for the program that came back, one for each whose quota was not 3 before.
    edited = int((layers.silver["program"]["quota"] != 3).sum())
    assert rows("SELECT count(*) FROM program") == [(12 + 1 + edited,)]


def test_diff_names_program_column_and_both_values(empty, invented):
    before = invented.invent(10)
    after = invented.invent(10, release_id="9002", first_program=10_002)
    for name in ("program", "band", "section", "interview_date", "exam"):  # the same programs, one number on
        shifted = before.silver[name].copy()
        if name == "program":
            shifted["release_id"] = "9002"
            shifted["document_id"] = "9002-" + shifted["program_stream_id"]
        after = invented.rebuild(after, {**after.silver, name: shifted})
    after = invented.edit(after, "program", {"program_stream_id": "10004"}, quota=44, mailing_province=None)
    after = invented.drop(after, "10002")
    before = invented.drop(before, "10009")
    empty.write(before)
    empty.write(after)
    found = empty.diff("9001", "9002")
    province = before.silver["program"].set_index("program_stream_id")["mailing_province"]["10004"]
    assert found.fillna("").to_records(index=False).tolist() == [
        ("10002", "removed", "quota", "2", ""),
        ("10004", "changed", "mailing_province", province, ""),
        ("10004", "changed", "quota", "4", "44"),
        ("10009", "added", "quota", "", "9"),
    ]
    assert empty.diff("9001", "9001").empty
    assert set(empty.diff("9002", "9001")["change"]) == {"added", "removed", "changed"}


def test_diff_of_an_unknown_release_is_an_error(three_writes):
    warehouse, _ = three_writes
    with pytest.raises(exceptions.UnknownNameError, match="release_b='9009'"):
        warehouse.diff("9001", "9009")
