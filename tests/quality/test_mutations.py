"""Every kind of check passes on a sound input and fails on one made to break it: the mutation suite.

Each case mutates a copy of the bundled release (or two releases made of it) and runs the checks that a build runs, so
that a check which cannot fail, or which a build does not run, is found here. A last test asks that no kind is left out.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from carms_lib import quality
from carms_lib.exceptions import QualityError
from carms_lib.quality import CHECK_KINDS, Check, Evidence, default_checks, load_expected, run_checks
from carms_lib.schemas import contracts

DAY = dt.date(2025, 3, 1)
KIND_OF = {name: getattr(quality, name).kind for name in quality.__all__ if hasattr(getattr(quality, name), "kind")}
KIND_OF = {name: kind for name, kind in KIND_OF.items() if name.startswith("check_")}


@dataclass
class Bench:
    """All that checks look at, as copies that may be broken."""

    layers: dict[str, dict[str, pd.DataFrame]]
    previous: dict[str, dict[str, pd.DataFrame]]
    steps: pd.DataFrame
    quarantine: pd.DataFrame
    as_of: dt.date = DAY

    def failures(self, step: str, checks=()) -> dict[str, list]:
        """Return the failed checks of a step by kind."""
        evidence = Evidence(self.layers, self.previous, self.as_of, self.steps, self.quarantine, load_expected("1503"))
        found: dict[str, list] = {}
        for result in run_checks([*default_checks(), *checks], evidence, step):
            if not result.passed:
                found.setdefault(result.kind, []).append(result)
        return found


@pytest.fixture
def bench(layers) -> Bench:
    def copies():
        found = {name: {table: frame.copy() for table, frame in layer.items()} for name, layer in layers.items()}
        return found | {"raw": {table: _raw(frame) for table, frame in layers.bronze.items()}}

    return Bench(copies(), copies(), layers.report.steps.copy(), layers.quarantine.copy())


def _raw(frame):
    return frame.drop(columns=["release_id", "source_file", "source_row", "source_sha256"])


def change(layer, table, rows, **values) -> Callable[[Bench], None]:
    """Return a mutation that sets values of some rows of a table."""

    def mutate(bench: Bench) -> None:
        frame = bench.layers[layer][table]
        at = frame.index[rows]
        for column, value in values.items():
            frame.loc[at, column] = value

    return mutate


def shorten(layer, table, n) -> Callable[[Bench], None]:
    def mutate(bench: Bench) -> None:
        bench.layers[layer][table] = bench.layers[layer][table].iloc[n:]

    return mutate


def rename(table, before, after) -> Callable[[Bench], None]:
    def mutate(bench: Bench) -> None:
        bench.layers["raw"][table] = bench.layers["raw"][table].rename(columns={before: after})

    return mutate


def add_column(bench: Bench) -> None:
    bench.layers["raw"]["page"]["ranking"] = "1"


def drop_table(bench: Bench) -> None:
    del bench.layers["raw"]["section"]


def lose_seat(bench: Bench) -> None:
    steps = bench.steps
    steps.loc[(steps["step"] == "gold") & (steps["table"] == "program"), "seats_kept"] -= 1


def lose_cell(bench: Bench) -> None:
    bench.layers["gold"]["cell"] = bench.layers["gold"]["cell"].iloc[1:]


def age(bench: Bench) -> None:
    bench.as_of = dt.date(2027, 1, 1)


def shuffle_quota(bench: Bench) -> None:
    program = bench.layers["gold"]["program"]
    program["quota"] = np.where(program.index % 2, program["quota"] * 4, 1)


def set_aside(bench: Bench) -> None:
    rows = [("silver", "page", row, f"1503-{row}", "quota", "zero", "0") for row in range(1, 60)]
    bench.quarantine = pd.DataFrame(rows, columns=bench.quarantine.columns).astype(bench.quarantine.dtypes)


@dataclass(frozen=True)
class Mutation:
    kind: str
    step: str
    mutate: Callable[[Bench], None]
    check: str
    severity: str
    keys: tuple[str, ...] | None = None  # None where the keys are many, or the table fails as a whole


MUTATIONS = [
    Mutation("null", "bronze", change("bronze", "page", slice(50), quota=None), "filled quota", "critical"),
    Mutation("null", "bronze", change("bronze", "page", slice(250), exams=None, interview_dates=None),
             "filled interview_dates", "warning"),
    Mutation("unique", "bronze", change("bronze", "page", slice(60), document_id="1503-1"), "unique document_id",
             "critical", ("1503-1",) * 60),
    Mutation("unique", "silver",
             lambda bench: change("silver", "program", slice(2), **bench.layers["silver"]["program"].loc[
                 0, ["school", "discipline", "site", "stream"]].to_dict())(bench),
             "unique school + discipline + site + stream", "warning", ("26260", "26262")),
    Mutation("range", "silver", change("silver", "program", slice(1), quota=1_270), "quota from 1 to 300", "warning",
             ("26260",)),
    Mutation("range", "silver", change("silver", "program", slice(1), approval_date=pd.Timestamp("1925-03-01")),
             "approval_date from 2023-01-01 to 2025-06-30", "warning", ("26260",)),
    Mutation("allowed", "bronze", change("bronze", "section", slice(1), section_key="salary"), "known section_key",
             "warning"),
    Mutation("allowed", "silver", change("silver", "discipline", slice(1), discipline="Alchemy"), "known discipline",
             "warning", ("Alchemy",)),
    Mutation("reference", "silver", change("silver", "program", slice(1), stream="Nobody's Stream"),
             "stream refers to stream", "critical", ("26260",)),
    Mutation("reference", "bronze", shorten("bronze", "page", 60), "program_stream_id has a page", "critical"),
    Mutation("reference", "bronze", shorten("bronze", "program_master", 60),
             "program_stream_id has a row in the master", "critical"),
    Mutation("freshness", "silver", age, "fresh approval_date", "warning", ()),
    Mutation("freshness", "silver", change("silver", "program", slice(1), approval_date=pd.Timestamp("2025-03-02")),
             "fresh approval_date", "warning", ("26260",)),
    Mutation("row_count", "bronze", shorten("bronze", "page", 100), "rows within 10% of the last release",
             "warning", ()),
    Mutation("row_count", "bronze", shorten("bronze", "page", 500), "rows within 50% of the last release",
             "critical", ()),
    Mutation("row_count", "gold", change("gold", "program", slice(200), quota=20),
             "quota within 10% of the last release", "warning", ()),
    Mutation("row_count", "silver", shorten("silver", "program", 815), "not empty", "critical", ()),
    Mutation("conservation", "gold", lose_seat, "seats conserved", "critical", ()),
    Mutation("conservation", "gold", lose_cell, "seats conserved", "critical", ()),
    Mutation("conservation", "bronze", shorten("bronze", "section", 1), "rows of section", "critical", ()),
    Mutation("reconciliation", "gold", change("gold", "program", slice(1), quota=5),
             "reconciles: sum:quota", "critical", ()),
    Mutation("distribution", "gold", change("gold", "program", slice(300), eligibility="IMG"),
             "eligibility distributed as in the last release", "warning"),
    Mutation("distribution", "gold", shuffle_quota, "quota distributed as in the last release", "warning", ()),
    Mutation("source_schema", "raw", rename("page", "quota", "quotas"), "columns", "critical",
             ("renamed: quota -> quotas",)),
    Mutation("source_schema", "raw", rename("program_master", "school_name", "x"), "columns", "critical",
             ("missing: school_name", "added: x")),
    Mutation("source_schema", "raw", add_column, "columns", "critical", ("added: ranking",)),
    Mutation("source_schema", "raw", drop_table, "columns", "critical", ("missing: table section",)),
    Mutation("source_schema", "raw", change("raw", "page", slice(None), quota="several"), "forms", "warning",
             ("retyped: quota is a whole number no more but a text",)),
    Mutation("source_schema", "raw", change("raw", "section", slice(3), section_key=None, heading="Salary"),
             "known headings", "warning", ("new: Salary (3 pages)",)),
    Mutation("source_schema", "raw", change("raw", "program_master", slice(2), program_stream="Lunar Stream"),
             "known streams", "warning", ("new: Lunar Stream (2 rows of program_master)",)),
    Mutation("source_schema", "raw", change("raw", "program_master", slice(None), row_number="2025-01-01"),
             "columns and forms as in the last release", "warning",
             ("retyped: row_number from whole number to date",)),
    Mutation("source_schema", "raw", change("raw", "section", slice(None), section_key="faq"),
             "headings as in the last release", "warning"),
    Mutation("source_schema", "raw", change("raw", "program_master", slice(1), program_stream="Lunar Stream"),
             "streams as in the last release", "warning", ("new: Lunar Stream",)),
    Mutation("quarantine", "silver", set_aside, "share set aside", "critical"),
    Mutation("quarantine", "silver", set_aside, "nothing set aside", "warning"),
    Mutation("agreement", "silver", change("bronze", "page", slice(1), title="University of Nowhere"),
             "title names the program", "warning"),
    Mutation("agreement", "silver", change("silver", "site", slice(1), site="Atlantis"), "site is reviewed", "warning"),
    Mutation("agreement", "silver", change("silver", "program", slice(60), body_quota=126),
             "header and body agree on quota", "warning"),
    Mutation("agreement", "silver", change("bronze", "program_master", slice(None), program_site="Elsewhere"),
             "correction meets its value", "warning", ("27076 program_site",)),
]  # fmt: skip


def test_the_release_passes_every_check_also_beside_itself(bench):
    assert {step: bench.failures(step) for step in ("raw", "bronze", "silver", "gold")} == {
        step: {} for step in ("raw", "bronze", "silver", "gold")
    }


@pytest.mark.parametrize("case", MUTATIONS, ids=lambda case: f"{case.kind}: {case.check}")
def test_a_broken_input_is_seen(bench, case):
    case.mutate(bench)
    found = [result for result in bench.failures(case.step).get(case.kind, []) if result.check == case.check]
    assert found, f"no {case.kind} check called {case.check!r} failed"
    result = found[0]
    assert result.severity == case.severity
    if case.keys is not None:
        assert result.failing_keys == case.keys
    elif result.kind != "source_schema":
        assert result.failing_keys
    assert result.line().startswith(f"FAIL {case.severity}")
    if result.measured is not None and result.threshold is not None and result.kind != "freshness":
        assert result.measured > result.threshold


def test_a_check_of_ones_own_fails_too(bench):
    large = Check.of_rows("no large program", "gold.program", lambda program: program["quota"] > 100)
    (failed,) = bench.failures("gold", [large])["own"]
    assert failed.observed == "1 of 815 (0.1%)"
    assert len(failed.failing_keys) == 1


def test_every_kind_has_a_mutation():
    assert {case.kind for case in MUTATIONS} | {"own"} == set(CHECK_KINDS)
    assert set(KIND_OF.values()) | {"own"} == set(CHECK_KINDS)


def test_every_function_that_checks_says_its_kind():
    functions = {name for name in quality.__all__ if name.startswith("check_")}
    # rows of a table compared with rows of another: told by the function that it calls
    passing_on = {"check_same_rows", "check_share"}
    assert functions - passing_on == set(KIND_OF)


def test_every_default_check_has_a_mutation(bench):
    """Each check of the suite, by name, holds a result that some mutation above makes fail."""
    evidence = Evidence(bench.layers, bench.previous, DAY, bench.steps, bench.quarantine, load_expected("1503"))
    mutated = {(case.step, case.check) for case in MUTATIONS}
    covered = {
        check.name
        for check in default_checks()
        if {(check.step, result.check) for result in run_checks([check], evidence, check.step)} & mutated
    }
    assert covered == {check.name for check in default_checks()}


def test_a_critical_failure_stops_the_build_before_gold_and_before_the_warehouse():
    import carms_lib as carms
    from carms_lib.quality import Recorder

    never = Check.of_rows("no program", "silver.program", lambda program: program["quota"] > 0, severity="critical")
    recorder = Recorder()
    with pytest.raises(QualityError, match=r"no program \(program\): 815 of 815"):
        carms.build(carms.load_release(), checks=[never], recorder=recorder)
    assert recorder.record.failure_class == "data"
    assert list(recorder.record.timings) == ["raw", "bronze", "silver"]  # gold was not begun


# --- every result, one by one --------------------------------------------------------------------------------------

PLAUSIBLE = {
    "quota": 10**6,
    "reference_letters": 100,
    "personal_letter_words": 10**6,
    "approval_date": pd.Timestamp("1925-03-01"),
}


def each_table(layer, change_table) -> Callable[[Bench], None]:
    def mutate(bench: Bench) -> None:
        for table, frame in bench.layers[layer].items():
            bench.layers[layer][table] = change_table(frame)

    return mutate


def empty_columns(frame):
    return frame.assign(**{name: pd.Series(None, index=frame.index, dtype=frame[name].dtype) for name in frame
                           if name not in {"release_id", "source_row"}})  # fmt: skip


def constant(frame):
    """Every row like the first."""
    return frame.assign(**{name: frame[name].iloc[0] for name in frame})


def refer_to_nothing(bench: Bench) -> None:
    for name, promise in contracts()["silver"].items():
        for columns in promise.references:
            frame = bench.layers["silver"][name]
            row = frame.dropna(subset=list(columns)).index[0]
            frame.loc[row, columns[-1]] = "nowhere"


def implausible(bench: Bench) -> None:
    program = bench.layers["silver"]["program"]
    for column, value in PLAUSIBLE.items():
        program.loc[0, column] = value
    bench.layers["silver"]["interview_date"].loc[0, "interview_date"] = pd.Timestamp("1925-03-01")


def miscount(bench: Bench) -> None:
    for column in ("rows_kept", "seats_kept"):
        bench.steps[column] = bench.steps[column] - 1


def everything_aside(bench: Bench) -> None:
    rows = [("silver", table, row, f"1503-{row}", "quota", "zero", "0")
            for table in bench.layers["bronze"] for row in range(1, 800)]  # fmt: skip
    bench.quarantine = pd.DataFrame(rows, columns=bench.quarantine.columns).astype(bench.quarantine.dtypes)


def multiply_numbers(frame):
    return frame.assign(**{name: np.where(frame.index % 2, frame[name].fillna(0) * 9, 1)
                           for name in frame.select_dtypes("number")})  # fmt: skip


def another_world(bench: Bench) -> None:
    """Another province, stream, site, band and language in every row: every figure with a condition is another."""
    for layer in ("bronze", "silver", "gold"):
        for table, frame in bench.layers[layer].items():
            texts = [name for name in frame if pd.api.types.is_string_dtype(frame[name].dtype) and name != "release_id"]
            bench.layers[layer][table] = frame.assign(**{name: name + " " + frame.index.astype(str) for name in texts})


BLOWS: list[tuple[str, Callable[[Bench], None]]] = [
    ("raw", each_table("raw", lambda frame: frame.iloc[:, 1:])),
    ("raw", each_table("raw", lambda frame: frame.assign(**dict.fromkeys(frame, "several")))),
    *((step, miscount) for step in ("bronze", "silver", "gold")),
    ("bronze", each_table("bronze", empty_columns)),
    ("bronze", each_table("bronze", constant)),
    ("silver", each_table("silver", constant)),
    *((step, each_table(step, lambda frame: frame.iloc[:1])) for step in ("bronze", "silver", "gold")),
    *((step, another_world) for step in ("bronze", "silver", "gold")),
    ("bronze", shorten("bronze", "page", 800)),
    ("bronze", shorten("bronze", "program_master", 800)),
    ("silver", refer_to_nothing),
    ("silver", implausible),
    ("silver", everything_aside),
    ("silver", age),
    ("silver", shorten("silver", "program", 815)),
    ("silver", change("silver", "program", slice(60), body_quota=126)),
    ("silver", change("silver", "section", slice(None), is_filled=True)),
    ("gold", each_table("gold", constant)),
    ("gold", each_table("gold", multiply_numbers)),
    ("gold", lose_cell),
    ("gold", change("gold", "program", slice(None), quota=7)),
]


def test_every_result_of_every_check_can_fail(bench, layers):
    """Whatever a build reports has been made to fail: no check is left that always passes."""
    names = {}
    for step in ("raw", "bronze", "silver", "gold"):
        evidence = Evidence(bench.layers, bench.previous, DAY, bench.steps, bench.quarantine, load_expected("1503"))
        names |= {(r.step, r.check, r.table): r for r in run_checks(default_checks(), evidence, step)}
    assert all(result.passed for result in names.values())
    assert len(names) > 230
    failed = set()
    for step, blow in BLOWS:
        broken = copy.deepcopy(bench)
        blow(broken)
        failed |= {(r.step, r.check, r.table) for kind in broken.failures(step).values() for r in kind}
    assert sorted(set(names) - failed) == []
