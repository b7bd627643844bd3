"""Records of builds: kept as they were given, also of builds that failed, and told over time."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.schemas import contract, validate

START = dt.datetime(2031, 3, 1, 12, tzinfo=dt.UTC)


def record(**values):
    given = {
        "run_id": "b1",
        "release_id": "9001",
        "started_at": START,
        "seconds": 2.5,
        "failure_class": None,
        "timings": {"bronze": 0.5, "silver": 1.75, "gold": 0.25},
        "tags": {"by": "nightly"},
    }
    return {**given, **values}


def checks(passed=True):
    return pd.DataFrame(
        [
            ("silver", "rows conserved", "page", "critical", passed, "6", "6", "", "conservation", 0.0, 0.0),
            (
                "silver",
                "share set aside",
                "page",
                "critical",
                True,
                "1 of 6",
                "at most 20%",
                "6",
                "quarantine",
                1 / 6,
                0.2,
            ),
            ("silver", "told in words", "page", "warning", True, "6", "6", "", "own", None, None),
        ],
        columns=contract("audit", "check").columns,
    )


def counts():
    frame = pd.DataFrame(
        [("silver", "page", 6, 5, 1, 20, 18, 2), ("gold", "program", 5, 5, 0, None, None, None)],
        columns=contract("audit", "step").columns,
    )
    return frame.astype(dict.fromkeys(frame.columns[-3:], "Int64"))


def test_a_record_comes_back_whole(empty, invented):
    load = empty.write(invented.invent(5))
    assert empty.write_build(record(), checks=checks(), counts=counts(), load=load) == "b1"
    build = empty.builds().iloc[0]
    assert (build["run_id"], build["release_id"], build["seconds"], build["status"]) == ("b1", "9001", 2.5, "passed")
    assert build["started_at"] == pd.Timestamp(START)
    assert build["load_run_id"] == load.run_id
    assert pd.isna(build["failure_class"])
    assert empty.build_record("b1") == record(started_at=START.isoformat())
    timings = empty.build_details("timings")
    assert timings[["step", "seconds"]].to_records(index=False).tolist() == list(record()["timings"].items())
    for what, promise, given in (("checks", "check", checks()), ("counts", "step", counts())):
        told = empty.build_details(what, run_id="b1").drop(columns=["run_id", "release_id", "started_at"])
        pd.testing.assert_frame_equal(
            validate(told, "audit", promise).sort_values(list(told)[:2], ignore_index=True),
            given.astype(told.dtypes).sort_values(list(told)[:2], ignore_index=True),
        )


def test_a_build_that_failed_is_kept_without_a_release(empty):
    empty.write_build(record(run_id="b0"))
    later = START + dt.timedelta(days=1)
    empty.write_build(
        record(failure_class="data", release_id="", started_at=later.isoformat(), message="ask a.person@example.org"),
        checks=checks(passed=False),
    )
    assert empty.builds()["run_id"].tolist() == ["b1", "b0"]
    assert empty.builds()["status"].tolist() == ["failed", "passed"]
    assert empty.build_details("checks")["passed"].tolist() == [False, True, True]
    assert empty.build_record("b1")["message"] == "ask [contact]"
    assert empty.releases() == []


def test_checks_are_told_over_time(empty):
    for day in (3, 1, 2):
        started = START + dt.timedelta(days=day)
        empty.write_build(record(run_id=f"b{day}", started_at=started), checks=checks(passed=day != 2))
    told = empty.build_details("checks")
    conserved = told[told["check"] == "rows conserved"]
    assert conserved["run_id"].tolist() == ["b1", "b2", "b3"]
    assert conserved["passed"].tolist() == [True, False, True]
    share = told[told["kind"] == "quarantine"]  # so a steward sees how near a limit comes, run by run
    assert share[["measured", "threshold"]].to_numpy().tolist() == [[1 / 6, 0.2]] * 3
    assert len(empty.build_details("checks", run_id="b2")) == 3


def test_checks_without_kind_and_numbers_are_kept_without_them(empty):
    empty.write_build(record(), checks=checks().drop(columns=["kind", "measured", "threshold"]))
    told = empty.build_details("checks")
    assert told[["kind", "measured", "threshold"]].isna().all(axis=None)
    assert told["passed"].all()
    with pytest.raises(exceptions.SchemaError, match="observed: is missing"):
        empty.write_build(record(run_id="b2"), checks=checks().drop(columns="observed"))
    assert empty.builds()["run_id"].tolist() == ["b1"]


def test_what_a_build_found_is_kept_as_it_was_found(empty):
    import carms_lib as carms
    from carms_lib.quality import Recorder

    recorder = Recorder(run_id="whole")
    layers = carms.build(carms.load_release(), recorder=recorder)
    empty.write_build(recorder.record.to_dict(), checks=layers.report.to_frame(), counts=layers.report.steps)
    told = empty.build_details("checks").set_index(["step", "check", "table"])
    assert len(told) == len(layers.report.results)
    assert told["kind"].notna().all()
    for result in layers.report.results:
        kept = told.loc[(result.step, result.check, result.table)]
        assert kept["kind"] == result.kind
        for number in ("measured", "threshold"):
            given = getattr(result, number)
            assert pd.isna(kept[number]) if given is None else kept[number] == given


def test_the_same_record_is_kept_once_and_another_under_its_name_is_refused(empty):
    empty.write_build(record(), checks=checks())
    empty.write_build(record(), checks=checks())
    assert len(empty.builds()) == 1
    assert len(empty.build_details("checks")) == 3
    with pytest.raises(exceptions.WarehouseError, match="run_id='b1' is kept with another record"):
        empty.write_build(record(seconds=3))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"run_id": ""}, "run_id=''"),
        ({"run_id": 7}, "run_id=7"),
        ({"release_id": None}, "release_id=None"),
        ({"started_at": "yesterday"}, "started_at='yesterday'"),
        ({"started_at": dt.datetime(2031, 3, 1)}, "with its zone"),  # noqa: DTZ001 - what is refused
        ({"seconds": -1}, "seconds=-1"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"failure_class": "datum"}, "Did you mean 'data'"),
        ({"timings": [1, 2]}, "mapping of step to seconds"),
        ({"timings": {"gold": "long"}}, r"timings\['gold'\]='long'"),
    ],
    ids=str,
)
def test_a_record_that_is_not_allowed_is_refused(empty, values, says):
    with pytest.raises(exceptions.ArgumentError, match=says):
        empty.write_build(record(**values))
    assert empty.builds().empty


def test_what_is_missing_and_what_is_unknown_is_named(empty, invented):
    with pytest.raises(exceptions.ArgumentError, match="record lacks seconds, failure_class"):
        empty.write_build({"run_id": "b1", "release_id": "", "started_at": START})
    with pytest.raises(exceptions.SchemaError, match="severity"):
        empty.write_build(record(), checks=checks().assign(severity="grave"))
    load = empty.write(invented.invent(3))
    with pytest.raises(exceptions.WarehouseError, match="run 7 is not one of this database"):
        empty.write_build(record(), load=type(load)(**{**vars(load), "run_id": 7}))
    with pytest.raises(exceptions.UnknownNameError, match="Did you mean 'checks'"):
        empty.build_details("check")
    empty.write_build(record())
    for ask in (empty.build_record, lambda run_id: empty.build_details("checks", run_id=run_id)):
        with pytest.raises(exceptions.UnknownNameError, match="Did you mean 'b1'"):
            ask("b11")


def test_latencies_count_what_succeeded(empty):
    before = empty.latencies().set_index("verb")["n"]
    for _ in range(3):
        empty.programs()
    with pytest.raises(exceptions.ArgumentError):
        empty.programs(limit=0)
    told = empty.latencies().set_index("verb")
    assert told["n"]["programs"] == before.get("programs", 0) + 3
    assert (told["p50"] <= told["p95"]).all()
    assert (told["p95"] <= told["max"]).all()
    assert set(told.index) == {"open", "programs"}
