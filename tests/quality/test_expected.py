"""The reviewed figures: each is met by the release, and missed by a release that differs."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.quality import check_expected, load_expected

FIGURES = load_expected("1503")


def figure(where, measure, value=0.0, table="program"):
    row = {"layer": "gold", "table": table, "where": where, "measure": measure, "value": value}
    return pd.DataFrame([row | {"severity": "critical", "source": "invented"}])


def test_the_figures_are_whole():
    assert len(FIGURES) > 100
    assert not FIGURES.duplicated(["layer", "table", "where", "measure"]).any()
    assert set(FIGURES["layer"]) == {"bronze", "silver", "gold"}
    assert FIGURES["source"].ne("").all()
    assert set(FIGURES["severity"]) == {"critical", "warning"}


def test_the_release_meets_every_figure(layers):
    for layer in ("bronze", "silver", "gold"):
        results = check_expected(layer, layers[layer], FIGURES)
        assert len(results) == (FIGURES["layer"] == layer).sum()
        assert [result.line() for result in results if not result.passed] == []


@pytest.mark.parametrize("position", range(len(FIGURES)))
def test_each_figure_can_be_missed(layers, position):
    row = FIGURES.iloc[[position]]
    layer = row["layer"].iloc[0]
    (result,) = check_expected(layer, layers[layer], row.assign(value=row["value"] + 1))
    assert not result.passed
    assert result.severity == row["severity"].iloc[0]
    assert row["source"].iloc[0] in result.expected


def test_a_lost_seat_misses_every_figure_that_counts_it(layers):
    program = layers.gold["program"].copy()
    row = program.index[program["discipline"] == "Family Medicine"][0]
    program.loc[row, "quota"] += 1
    failed = {
        result.check
        for result in check_expected("gold", {**layers.gold, "program": program}, FIGURES)
        if not result.passed
    }
    assert {"reconciles: sum:quota", "reconciles: sum:quota where discipline=Family Medicine"} <= failed
    assert len(failed) >= 4  # total, discipline, eligibility, stream, province


def test_an_unknown_release_has_no_figures():
    assert load_expected("9901").empty
    assert load_expected("../release_1503").empty


@pytest.mark.parametrize(
    ("where", "measure", "value"),
    [
        ("", "rows", 815),
        ("eligibility=CMG", "rows", 456),
        ("eligibility=CMG;school_province=ON", "sum:quota", None),
        ("school_province<>site_province", "rows", 18),
        ("", "distinct:school", 18),
        ("", "filled:mailing_province", 806),
        ("admits_motp=True", "sum:quota", 894),
        ("", "min:quota", 1),
        ("", "median:quota", 2),
        ("", "max:quota", 127),
    ],
)
def test_measures(layers, where, measure, value):
    program = layers.gold["program"]
    if value is None:
        value = program.query("eligibility == 'CMG' and school_province == 'ON'")["quota"].sum()
    (result,) = check_expected("gold", layers.gold, figure(where, measure, float(value)))
    assert result.passed, result.line()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"where": "", "measure": "mean:quota"}, UnknownNameError, "measure='mean' is unknown"),
        ({"where": "", "measure": "sum:quotas"}, UnknownNameError, "column='quotas' is unknown. Did you mean 'quota'"),
        ({"where": "colour=red", "measure": "rows"}, UnknownNameError, "column='colour' is unknown"),
        ({"where": "quota", "measure": "rows"}, ArgumentError, "where='quota' cannot be read"),
        ({"where": "", "measure": "rows", "table": "programs"}, UnknownNameError, "Did you mean 'program'"),
    ],
)
def test_a_figure_that_cannot_be_evaluated_is_an_error(layers, arguments, error, message):
    with pytest.raises(error, match=message):
        check_expected("gold", layers.gold, figure(**arguments))
