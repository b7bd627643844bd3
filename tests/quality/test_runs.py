"""The record of a run: what it holds, how it ends, what the log says."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import logging

import pytest
from carms_lib import exceptions, quality
from carms_lib.loaders import load_release
from carms_lib.quality import JsonFormatter, Recorder, RunRecord, failure_class
from carms_lib.transforms import build

START = dt.datetime(2025, 3, 1, 9, 30, tzinfo=dt.UTC)


def recorder(**values) -> Recorder:
    """A recorder whose clock stands still and whose timer ticks a second each time it is asked."""
    return Recorder(clock=lambda: START, timer=itertools.count().__next__, **values)


@pytest.fixture(scope="module")
def record() -> RunRecord:
    run = recorder(tags={"by": "nightly"})
    build(load_release(), recorder=run)
    return run.record


class TestRecord:
    def test_it_holds_what_the_run_did(self, record, layers):
        assert record.passed
        assert (record.release_id, record.started_at, record.failure_class, record.failure) == (
            "1503",
            START,
            None,
            None,
        )
        assert list(record.timings) == ["raw", "bronze", "silver", "gold"]
        assert set(record.timings.values()) == {1}
        assert record.sources == layers.provenance.sources
        assert record.versions == layers.provenance.versions
        assert record.report.results == layers.report.results
        assert record.tags == {"by": "nightly"}

    def test_the_same_clock_gives_the_same_record(self, record):
        again = recorder(tags={"by": "nightly"})
        build(load_release(), recorder=again)
        assert again.record.to_json() == record.to_json()
        assert record.run_id.startswith("20250301T093000.000000Z-")
        assert recorder(tags={"by": "hand"}).run_id != record.run_id

    def test_provenance_knows_nothing_of_the_run(self, layers):
        recorded = build(load_release(), recorder=recorder())
        assert recorded.provenance == layers.provenance

    def test_it_goes_to_json_and_comes_back(self, record):
        back = RunRecord.from_dict(json.loads(record.to_json()))
        assert back.to_json() == record.to_json()
        assert back.report.results == record.report.results
        assert back.report.steps.equals(record.report.steps)
        assert back.started_at == record.started_at

    def test_the_quarantine_and_its_reasons_come_back(self, bench_record):
        back = RunRecord.from_dict(json.loads(bench_record.to_json()))
        assert {"not a whole number", "its page was set aside"} <= set(back.quarantine["reason"])
        assert back.quarantine.equals(bench_record.quarantine)

    def test_the_summary_is_one_screen(self, record):
        text = record.summary()
        assert "passed after" in text
        assert "tag        by = nightly" in text
        assert "timings    raw 1.00 s, bronze 1.00 s, silver 1.00 s, gold 1.00 s" in text
        assert len(text.splitlines()) < 35

    @pytest.mark.parametrize("broken", [{}, {"run_id": "x"}, []])
    def test_what_is_no_record_is_refused(self, broken):
        with pytest.raises(exceptions.ArgumentError, match="record is no record of a run"):
            RunRecord.from_dict(broken)


@pytest.fixture(scope="module")
def bench_record():
    """The record of a run in which something was set aside."""
    release = load_release()
    page = release["page"].copy()
    page.loc[0, "quota"] = "some, ask a.person@example.org"
    run = recorder()
    damaged = type(release)(release.release_id, release.origin, dict(release.tables) | {"page": page}, release.sources)
    with pytest.raises(exceptions.QualityError):  # the reviewed figures are missed
        build(damaged, recorder=run)
    return run.record


class TestFailure:
    def test_a_run_that_fails_is_recorded_as_far_as_it_came(self, bench_record):
        assert not bench_record.passed
        assert bench_record.failure_class == "data"
        assert "critical check" in bench_record.failure
        assert list(bench_record.timings) == ["raw", "bronze", "silver", "gold"]
        assert set(bench_record.quarantine["table"]) == {"page", "program_master", "section"}
        assert "example.org" not in bench_record.to_json()
        assert "FAILED (data)" in bench_record.summary()

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (exceptions.SourceNotFoundError("x"), "source"),
            (exceptions.CorruptSourceError("x"), "source"),
            (exceptions.UnsafeSourceError("x"), "source"),
            (exceptions.SchemaError("x"), "contract"),
            (exceptions.QualityError("x"), "data"),
            (exceptions.FetchError("x"), "infrastructure"),
            (exceptions.WarehouseUnavailableError("x"), "infrastructure"),
            (exceptions.WriteConflictError("x"), "infrastructure"),
            (exceptions.MissingExtraError("psycopg", "postgres", "speak to a server"), "infrastructure"),
            (OSError("disk full"), "infrastructure"),
            (MemoryError(), "infrastructure"),
            (KeyboardInterrupt(), "infrastructure"),
            (exceptions.ArgumentError("x"), "code"),
            (ZeroDivisionError("x"), "code"),
        ],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    def test_every_error_is_of_one_class(self, error, expected):
        assert failure_class(error) == expected
        run = recorder()
        with pytest.raises(type(error)), run, run.step("load"):
            raise error
        assert run.record.failure_class == expected
        assert run.record.failure
        assert not run.record.passed

    def test_a_failure_in_another_step_counts_for_the_whole_run(self):
        run = recorder(run_id="r1")
        with run:
            with run.step("load"):
                release = load_release()
            build(release, recorder=run)
            with pytest.raises(OSError, match="gone"), run.step("warehouse"):
                raise OSError("gone")
        assert list(run.record.timings) == ["load", "raw", "bronze", "silver", "gold", "warehouse"]
        assert run.record.failure == "OSError: gone"

    def test_a_schema_that_drifted_is_in_the_record_though_the_contract_stopped_the_build(self):
        release = load_release()
        page = release["page"].rename(columns={"quota": "quotas"})
        renamed = type(release)(release.release_id, "x", dict(release.tables) | {"page": page}, release.sources)
        run = recorder()
        with pytest.raises(exceptions.SchemaError, match="was it renamed"):
            build(renamed, recorder=run)
        assert run.record.failure_class == "contract"
        (failed,) = run.record.report.failures("critical")
        assert failed.failing_keys == ("renamed: quota -> quotas",)


class TestRecorder:
    def test_one_recorder_records_one_run(self):
        run = recorder()
        with run:
            pass
        with pytest.raises(exceptions.ArgumentError, match="Make another Recorder"), run:
            pass

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Recorder(run_id=" "), "run_id=' ' is empty"),
            (lambda: Recorder(tags={"n": 1}), "names and values must be text"),
            (lambda: Recorder().record, "has recorded nothing yet"),
            (lambda: Recorder(clock=lambda: dt.datetime(2025, 1, 1)).__enter__(), "without a zone"),  # noqa: DTZ001
        ],
    )
    def test_what_is_refused(self, make, message):
        with pytest.raises(exceptions.ArgumentError, match=message):
            make()

    def test_a_step_that_runs_twice_has_the_sum(self):
        run = recorder()
        with run:
            for _ in range(2):
                with run.step("load"):
                    pass
        assert run.record.timings == {"load": 2}
        assert run.record.seconds == 5


class TestLog:
    def test_a_run_tells_the_log_and_a_failed_check_is_a_line_of_its_own(self, caplog):
        run = recorder(run_id="r1")
        odd = quality.Check.of_rows("odd", "gold.program", lambda p: p["quota"] > 100, severity="critical")
        with caplog.at_level(logging.INFO, logger="carms_lib"), pytest.raises(exceptions.QualityError):
            build(load_release(), checks=[odd], recorder=run)
        messages = [record.getMessage() for record in caplog.records]
        assert messages[0] == "r1: run started"
        assert messages[-1] == "r1: run failed (data) after 9.00 s"
        (failed,) = [record for record in caplog.records if record.levelno == logging.ERROR][:1]
        assert failed.getMessage() == "r1: check failed: odd (program)"
        assert failed.event["step"] == "gold"
        assert {record.name for record in caplog.records} == {"carms_lib.quality"}

    def test_json_on_request(self, caplog):
        run = recorder(run_id="r1", tags={"by": "a.person@example.org"})
        with caplog.at_level(logging.INFO, logger="carms_lib"), run, run.step("load"):
            pass
        lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
        assert [line["event"] for line in lines] == ["run_started", "step_ended", "run_ended"]
        assert lines[1] | {"time": ""} == {
            "time": "", "level": "INFO", "logger": "carms_lib.quality", "message": "r1: step load took 1.00 s",
            "event": "step_ended", "run_id": "r1", "step": "load", "seconds": 1,
        }  # fmt: skip
        assert lines[0]["tags"] == {"by": "[contact]"}
        assert dt.datetime.fromisoformat(lines[0]["time"]).tzinfo is not None

    def test_an_error_that_is_logged_keeps_its_name(self):
        error = ValueError("no")
        broke = (type(error), error, None)
        record = logging.LogRecord("carms_lib", logging.ERROR, __file__, 1, "it %s", ("broke",), broke)
        line = json.loads(JsonFormatter().format(record))
        assert (line["message"], line["error"]) == ("it broke", "ValueError: no")

    def test_nothing_is_logged_without_a_recorder(self, caplog):
        with caplog.at_level(logging.DEBUG, logger="carms_lib"):
            build(load_release())
        assert caplog.records == []
