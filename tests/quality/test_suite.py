"""Checks of one's own: how they are made, what they find, and what is refused."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
import pytest
from carms_lib.exceptions import ArgumentError, QualityError, QualityWarning, UnknownNameError
from carms_lib.loaders import load_release
from carms_lib.quality import Check, CheckResult, Evidence, Limits, default_checks, run_checks
from carms_lib.transforms import build


@pytest.fixture(scope="module")
def evidence(layers):
    return Evidence(dict(layers))


def result(step="gold", check="mine", table="program", **values):
    return CheckResult(step, check, table, "warning", values.pop("passed", True), "1", "1", **values)


class TestRows:
    def test_a_rule_about_rows_names_the_rows_that_fail(self, evidence, layers):
        program = layers.gold["program"]
        large = Check.of_rows(
            "large", "gold.program", lambda p: p["quota"] > 50, columns=["quota"], threshold=0.5, kind="range"
        )
        (found,) = run_checks([large], evidence, "gold")
        expected = program.loc[program["quota"] > 50, "program_stream_id"]
        assert found.failing_keys == tuple(expected)
        assert found.passed
        assert (found.kind, found.columns, found.threshold) == ("range", ("quota",), 0.5)
        assert found.measured == pytest.approx(len(expected) / 815)

    def test_a_key_of_several_columns_is_joined(self, evidence):
        cell = Check.of_rows("alone", "gold.cell", lambda c: (c["province"] == "NL") & (c["programs"] == 1))
        (found,) = run_checks([cell], evidence, "gold")
        assert all(key.startswith("1503 / NL / ") for key in found.failing_keys)

    def test_a_missing_truth_value_is_no_failure(self, evidence):
        letters = Check.of_rows("letters", "gold.program", lambda p: p["reference_letters"] > 100)
        (found,) = run_checks([letters], evidence, "gold")
        assert found.passed

    @pytest.mark.parametrize("returned", [True, [True], pd.Series([True])])
    def test_anything_but_one_truth_value_per_row_is_refused(self, evidence, returned):
        broken = Check.of_rows("broken", "gold.program", lambda program: returned)
        with pytest.raises(ArgumentError, match=r"The check 'broken' returned .* one truth value per row"):
            run_checks([broken], evidence, "gold")


class TestSchema:
    def test_a_schema_names_rows_and_rules(self, evidence, layers):
        schema = pa.DataFrameSchema({"quota": pa.Column(int, pa.Check.le(50)), "school": pa.Column(str, nullable=True)})
        (found,) = run_checks([Check.of_schema("modest", "gold.program", schema)], evidence, "gold")
        program = layers.gold["program"]
        assert found.failing_keys == tuple(program.loc[program["quota"] > 50, "program_stream_id"])
        assert "less_than_or_equal_to(50)" in found.observed
        assert found.columns == ("quota", "school")

    def test_a_threshold_allows_some_rows(self, evidence):
        schema = pa.DataFrameSchema({"quota": pa.Column(int, pa.Check.le(50))})
        (found,) = run_checks([Check.of_schema("modest", "gold.program", schema, threshold=0.1)], evidence, "gold")
        assert found.passed
        assert found.failing_keys

    @pytest.mark.parametrize(
        "column", [{"colour": pa.Column(str)}, {"quota": pa.Column(str)}], ids=["missing", "another type"]
    )
    def test_a_fault_of_the_whole_table_fails_at_any_threshold(self, evidence, column):
        check = Check.of_schema("other", "gold.program", pa.DataFrameSchema(column), threshold=1.0)
        (found,) = run_checks([check], evidence, "gold")
        assert not found.passed
        assert found.observed.startswith("the table fails: ")


class TestRunning:
    def test_a_build_runs_them_after_its_own_and_warns_of_what_they_find(self):
        tiny = Check.of_rows("no single seat", "silver.program", lambda program: program["quota"] == 1)
        with pytest.warns(QualityWarning, match="no single seat") as caught:
            layers = build(load_release(), checks=[tiny])
        assert caught[0].filename == __file__
        assert [r.check for r in layers.report.failures()] == ["no single seat"]
        assert layers.report.to_frame().query("check == 'no single seat'")["passed"].tolist() == [False]

    def test_a_check_may_look_at_everything_and_return_several_results(self, evidence):
        def look(given):
            yield result(check="one")
            yield result(check="two", passed=len(given["silver"]["program"]) == 1)

        found = run_checks([Check("gold", "both", look)], evidence, "gold")
        assert [(r.check, r.passed) for r in found] == [("one", True), ("two", False)]
        assert run_checks([Check("gold", "both", look)], evidence, "silver") == []

    @pytest.mark.parametrize(
        ("look", "message"),
        [
            (lambda evidence: [True], "returned bool. Return a CheckResult"),
            (lambda evidence: result(step="silver"), "returned a result of 'silver'"),
            (lambda evidence: [result(), result()], "Two checks after step 'gold' are called 'mine'"),
        ],
    )
    def test_what_is_no_result_is_refused(self, evidence, look, message):
        with pytest.raises(ArgumentError, match=message):
            run_checks([Check("gold", "mine", look)], evidence, "gold")

    def test_a_check_that_cannot_look_says_which_it_was(self, evidence):
        with pytest.raises(ZeroDivisionError) as raised:
            run_checks([Check("gold", "broken", lambda evidence: 1 / 0)], evidence, "gold")
        assert raised.value.__notes__ == ["raised by the check 'broken' after step 'gold'"]
        with pytest.raises(UnknownNameError, match=r"layer='golden' is unknown\. Did you mean 'gold'"):
            run_checks([Check("gold", "broken", lambda evidence: evidence["golden"])], evidence, "gold")

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Check("golden", "x", lambda evidence: result()), "step='golden' is unknown. Did you mean 'gold'"),
            (lambda: Check("gold", "", lambda evidence: result()), "name='' is empty"),
            (lambda: Check.of_rows("x", "gold.programme", lambda p: p["quota"] > 1), "Did you mean 'program'"),
            (lambda: Check.of_rows("x", "gold.program", lambda p: p["quota"] > 1, kind="rage"), "Did you mean 'range'"),
            (lambda: run_checks([], Evidence({}), "gilt"), "step='gilt' is unknown"),
            (lambda: Limits(stability=-1), "stability=-1 is no limit"),
            (lambda: Limits(distance=float("nan")), "distance=nan is no limit"),
            (lambda: default_checks(max_set_aside=2), "max_set_aside=2 is not a share"),
        ],
    )
    def test_arguments_that_are_not_allowed(self, make, message):
        with pytest.raises(ArgumentError, match=message):
            make()

    @pytest.mark.parametrize(("change", "lost"), [(0.5, 0.5), (0.499, 0.5), (0.5, 0.499), (0.1, 0.1)])
    def test_two_limits_on_rows_may_be_one(self, layers, change, lost):
        again = build(load_release(), previous=layers, limits=Limits(rows_change=change, rows_lost=lost))
        of_pages = [r for r in again.report.results if (r.step, r.table, r.kind) == ("bronze", "page", "row_count")]
        assert [(r.severity, r.threshold) for r in of_pages] == [("critical", lost)]
        shorter = {name: frame.head(10) if name == "page" else frame for name, frame in layers.bronze.items()}
        with pytest.raises(QualityError, match=r"rows within \d+% of the last release \(page\)"):
            build(load_release(), previous={"bronze": shorter}, limits=Limits(rows_change=change, rows_lost=lost))

    def test_limits_are_those_of_the_user(self, layers):
        with pytest.warns(QualityWarning, match="quota from 1 to 100"):
            build(load_release(), limits=Limits(max_quota=100))
