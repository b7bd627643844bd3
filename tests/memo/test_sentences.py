"""The sentences of a memo against its frames: every number moves with what it was computed from, and none is typed."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.memo import published_backtest, story
from carms_lib.memo.findings import LARGE, OUTER, find
from carms_lib.memo.forms import to_markdown
from carms_lib.pressure import seat_values

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

NUMBER = re.compile(r"(?<![\w.])[+−]?\d[\d,]*(?:\.\d+)?")
#: What stands in a memo and is no finding: levels, the size from which disciplines are named, years, names.
FIXED = {f"{100 * OUTER:.0f}", "50", f"{LARGE}", "1", "2"}


def moved(value: object, by: float) -> object:
    """Return `value` with every number in it made larger, and shares still shares."""
    if isinstance(value, (bool, np.bool_, str)) or value is None or value is pd.NA:
        return value
    if isinstance(value, (int, np.integer)):
        return int(value * by) + 3
    if isinstance(value, (float, np.floating)):
        return float(value) * by + (0.0613 if abs(value) < 1 else 3.7)
    if isinstance(value, pd.DataFrame):
        numbers = [name for name in value.select_dtypes("number") if name != "level"]
        return value.assign(**{name: [moved(each, by) for each in value[name]] for name in numbers})
    if is_dataclass(value):
        return replace(value, **{field.name: moved(getattr(value, field.name), by) for field in fields(value)})
    if isinstance(value, Mapping):
        return {name: each if name == "level" else moved(each, by) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(moved(each, by) for each in value)
    raise TypeError(type(value))


@pytest.fixture(scope="module")
def told(national, bundled_layers, study):
    more = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    seats = seat_values(national, n_draws=study.n_draws, rng=2025)
    return find(study, bundled_layers, seats, national, [more])


def sentences(findings, cohort, study, monkeypatch, backtest=None) -> str:
    if backtest is not None:
        monkeypatch.setattr(story, "published_backtest", lambda: backtest)
    blocks = story.tell(findings, cohort, study.provenance, [])
    text = to_markdown("title", "subtitle", blocks, "figures")
    return text.split("## Provenance")[0]


def test_every_number_of_the_memo_moves_with_its_frame(told, national, study, monkeypatch):
    """What does not change when all findings, the cohort and the record change was not computed from them."""
    record = published_backtest()
    names = {
        *told.large,
        *record["forecast"],
        *told.comparison["note"],
        *record["figures"],
        "Ontario FM +10 %",
        told.release_id,
        national.cohort.name,
    }
    before = sentences(told, national.cohort, study, monkeypatch)
    cohort = copy.copy(national.cohort)
    object.__setattr__(cohort, "classes", cohort.classes.assign(size=cohort.classes["size"] * 3 + 11))
    more = cohort.parameters.iloc[:7].rename(index="once more {}".format)
    object.__setattr__(cohort, "parameters", pd.concat([cohort.parameters, more]))
    provenance = replace(
        study.provenance, settings={name: moved(value, 1.37) for name, value in study.provenance.settings.items()}
    )
    other = replace(moved(told, 1.37), release_id=told.release_id, cycle=told.cycle + 3, large=(*told.large, "Other"))

    figures = other.comparison
    changed = {"value": figures["value"] * 5, "lower": figures["lower"] + 4, "inside": ~figures["inside"]}
    other = replace(other, comparison=figures.assign(**changed))
    otherwise = moved(record, 1.37).assign(forecast="2031 from 2030", model_error=record["naive_error"].to_numpy())
    after = sentences(other, cohort, SimpleNamespace(provenance=provenance), monkeypatch, otherwise)
    for name in sorted(names - {""}, key=len, reverse=True):
        before, after = before.replace(name, "name"), after.replace(name, "name")
    # how many rows a table has, which moves with no number in it
    rows = {str(len(table)) for table in (told.comparison, record, told.seat_places)}
    fixed = FIXED | rows | {str(told.heat["province"].nunique())}
    first, second = before.splitlines(), after.splitlines()
    assert len(first) == len(second)
    typed = []
    compared = 0
    for one, two in zip(first, second, strict=True):
        numbers, others = NUMBER.findall(one), NUMBER.findall(two)
        if len(numbers) != len(others):  # a sentence that another finding puts differently
            continue
        for a, b in zip(numbers, others, strict=True):
            compared += 1
            if a == b and a not in fixed:
                typed.append((a, one))
    assert compared > 200
    assert typed == [], "\n".join(f"{a}: {line}" for a, line in typed)


def test_the_back_test_stands_before_the_advice(told, national, study, monkeypatch):
    text = sentences(told, national.cohort, study, monkeypatch)
    record = published_backtest()
    worse = int((record["model_error"] >= record["naive_error"]).sum())
    held = f"{record['inside'].sum()} of {record['of'].sum()} published figures"
    answer = text.split("## The answer")[1].split("\n## ")[0]
    assert held in answer
    assert f"{worse} of {len(record)} groups of figures, last year’s figure was nearer" in answer
    assert text.index("How its forecasts of past years did") < text.index("## What more seats would do")


def test_fault_10_a_table_has_one_horizon(told, national, study, monkeypatch):
    """Matched applicants after both iterations stood beside newly matched ones of the first."""
    text = sentences(told, national.cohort, study, monkeypatch)
    both, first = (
        next(table for table in text.split("\n\n") if table.startswith(f"| {head}"))
        for head in ("Option, after both iterations |", "One more seat there, first iteration |")
    )
    change, seat = told.changes[0], told.changes[0].seat_value
    assert f"**{seat['estimate']:.1f}**" in first
    assert f"**{seat['estimate']:.1f}**" not in both
    assert f"**{change.matched['estimate']:+,.0f}**" in both
    assert "**+" not in first
