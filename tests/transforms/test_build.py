"""The whole build: order of the checks, what stops it, what it warns of."""

from __future__ import annotations

import pytest
from carms_lib.exceptions import ArgumentError, QualityError, QualityWarning, SchemaError, UnknownNameError
from carms_lib.quality import Recorder
from carms_lib.transforms import Layers, build


def test_a_sound_release_is_built_without_a_warning(bench):
    layers = build(bench.release)
    assert isinstance(layers, Layers)
    assert list(layers) == ["bronze", "silver", "gold"]
    assert len(layers) == 3
    assert layers["gold"] is layers.gold
    assert layers.release_id == layers.provenance.release_id == "9901"
    assert layers.quarantine.empty
    assert not layers.report.failures()
    assert repr(layers).startswith("Layers(release 9901: 4 programs, 10 seats, 0 reasons in quarantine, 0 of ")
    assert "checks passed" in layers.summary()
    with pytest.raises(UnknownNameError, match="Did you mean 'gold'"):
        layers["golden"]


def test_the_steps_account_for_every_row_and_seat(bench):
    steps = build(bench.release).report.steps
    assert (steps["rows_read"] == steps["rows_kept"] + steps["rows_quarantined"]).all()
    seats = steps.dropna()
    assert seats["step"].tolist() == ["silver", "gold"]
    assert (seats["seats_read"] == seats["seats_kept"] + seats["seats_quarantined"]).all()


def test_a_row_set_aside_is_a_warning_with_its_reason(bench):
    damaged = bench.set("page", "101", quota="none")
    with pytest.warns(QualityWarning, match="not a whole number") as caught:
        layers = build(damaged.release, max_set_aside=0.5)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(layers.gold["program"]) == 3
    assert layers.gold["program"]["quota"].sum() == 7
    assert layers.report.passed
    assert layers.quarantine.query("table == 'page'")["key"].tolist() == ["9901-101"]
    assert "seats" in layers.report.summary()


def test_too_many_rows_set_aside_stop_the_build_before_gold(bench):
    damaged = bench.set("page", "101", quota="none")
    recorder = Recorder()
    with pytest.raises(QualityError, match="share set aside") as caught:
        build(damaged.release, recorder=recorder)
    assert list(recorder.record.timings) == ["raw", "bronze", "silver"]  # gold was not begun
    message = str(caught.value)
    assert "nothing downstream was touched" in message
    assert "9901-101" in message
    assert "at most 5.0%" in message


def test_a_release_of_which_nothing_is_left_stops_the_build(bench):
    for number in ("101", "102", "103", "104"):
        bench = bench.set("page", number, quota=None)
    with pytest.raises(QualityError, match=r"not empty \(program\): 0 rows"):
        build(bench.release, max_set_aside=1)


def test_a_table_of_another_form_stops_the_build(bench):
    bench = bench._with("page", bench.release["page"].drop(columns="quota"))
    with pytest.raises(SchemaError, match="quota: is missing"):
        build(bench.release)


def test_a_site_that_no_one_reviewed_is_a_warning(bench):
    damaged = bench.set("program_master", "101", program_site="Camelot").set(
        "page", "101", title="Queen’s University - Family Medicine - Camelot"
    )
    with pytest.warns(QualityWarning, match="site is reviewed.*Queen's University / Camelot"):
        build(damaged.release)


def test_a_title_that_names_another_program_is_a_warning(bench):
    damaged = bench.set("page", "101", title="Queen’s University - Psychiatry - Kingston")
    with pytest.warns(QualityWarning, match="title names the program.*101"):
        build(damaged.release)


def test_header_and_body_that_disagree_are_recorded_and_reported(bench):
    damaged = bench.set("page", "101", body_quota="2")
    with pytest.warns(QualityWarning, match="header and body agree on quota.*101"):
        layers = build(damaged.release)
    program = layers.silver["program"].set_index("program_stream_id")
    assert program.loc["101", ["quota", "body_quota"]].tolist() == [3, 2]


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(bench, share):
    with pytest.raises(ArgumentError, match="threshold"):
        build(bench.release, max_set_aside=share)


@pytest.mark.parametrize("release", ["release_1503", None, {"page": None}])
def test_what_is_no_release_is_refused(release):
    with pytest.raises(ArgumentError, match=r"Call carms_lib\.load_release first"):
        build(release)
