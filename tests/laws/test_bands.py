"""Laws of every number shown: each verb, grouping, metric, kind, level, scenario and study size.

The market is small on purpose: nine programs and some fifty applicants give small cells, equal values and counts that
are zero in most draws.
"""

from __future__ import annotations

from typing import Any

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.pressure import BAND_COLUMNS, KINDS, Measure, allocate_seats, seat_values
from carms_lib.pressure._bands import _band, count  # private: a band of arrays, without a study
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from laws.verbs import APPLICANT_COLUMNS, ELSEWHERE, VERBS, World, counts_of, is_share, public_verbs

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

SIZES = (20, 100, 400)  # draws: two, ten and forty settings
BANDS = [name for name in VERBS if name != "Study.ranks"]
TINY = 1e-9
ENDS = ["estimate", "lower", "upper"]
#: Why there can be no answer: seats by columns of applicants, a single group, a single setting.
REASONS = ("no class of applicant", "ranks need two", "too few for kind")


@pytest.fixture(scope="module")
def worlds(market: carms.Market) -> dict[int, World]:
    scenarios = [
        carms.Scenario("more").add_seats(4, province="QC"),
        carms.Scenario("one program").add_seats(1, discipline="Dermatology"),
        carms.Scenario("closed").close_programs(discipline="Psychiatry", province="ON"),
        carms.Scenario("nothing").scale_quota(1.0, province="ON"),
    ]
    return {
        n: World(
            market,
            carms.simulate(market, *scenarios, n_draws=n, rng=n),
            seat_values(market, n_draws=n, rng=n),
            allocate_seats(market, 3, n_draws=10, n_check=n, rng=n),
        )
        for n in SIZES
    }


@st.composite
def questions(draw: st.DrawFn, names: list[str]) -> tuple[str, int, dict[str, Any]]:
    """A verb, the size of a study, and what is asked of it."""
    name = draw(st.sampled_from(names))
    verb, asked = VERBS[name], {}
    if verb.by != "none":
        least = 1 if verb.by == "needed" else 0
        asked["by"] = draw(st.lists(st.sampled_from(verb.columns), min_size=least, max_size=3, unique=True))
    asked["kind"] = draw(st.sampled_from(KINDS))
    asked["level"] = draw(st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]) | st.floats(0.05, 0.995))
    if verb.metrics:
        asked["metric"] = draw(st.sampled_from(verb.metrics))
    return name, draw(st.sampled_from(SIZES)), asked


def ask(world: World, name: str, asked: dict[str, Any]) -> Any:
    """Return the answer, or None where the library says why there is none."""
    try:
        return VERBS[name].ask(world, asked)
    except carms.CarmsError as error:
        if not any(reason in str(error) for reason in REASONS):
            raise
        return None


MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(question=questions(BANDS))
@example(question=("Comparison.outcomes", 400, {"by": ["discipline"], "kind": "outcome", "level": 0.9}))
@example(question=("Comparison.pressure", 100, {"by": ["program_stream_id"], "kind": "input", "level": 0.9}))
@example(question=("Study.pressure", 20, {"by": ["program_stream_id"], "kind": "mean", "level": 0.99}))
def test_an_estimate_lies_in_its_band_or_says_how_rare_it_is(
    worlds: dict[int, World], question: tuple[str, int, dict[str, Any]]
) -> None:
    name, size, asked = question
    answer = ask(worlds[size], name, asked)
    if answer is None:
        return
    frame = answer.to_frame()
    columns = list(frame.columns)
    assert columns[columns.index("estimate") : columns.index("estimate") + len(BAND_COLUMNS)] == list(BAND_COLUMNS)
    assert ("against" in columns) == VERBS[name].difference
    known = frame.dropna(subset=["estimate", "lower", "upper"])
    assert (known["lower"] <= known["upper"] + TINY).all()
    inside = (known["lower"] - TINY <= known["estimate"]) & (known["estimate"] <= known["upper"] + TINY)
    if asked["level"] >= 0.8:
        assert (inside | (known["share_zero"] >= (1 + asked["level"]) / 2)).all()
    rare = frame["share_zero"].dropna()
    assert (rare >= (1 + asked["level"]) / 2).all()
    if asked["kind"] == "outcome":
        assert (frame.loc[rare.index, ["lower", "upper"]] == 0).all(axis=None)
        if rare.size and ("metric" not in asked) and (~inside).any():
            assert "zero in" in answer.summary() or answer.keys
    shares = known[[is_share(metric) for metric in known["metric"]]]
    least = -1.0 if VERBS[name].difference else 0.0
    assert ((shares[ENDS] >= least) & (shares[ENDS] <= 1.0)).all(axis=None)
    assert (known["effective_draws"].dropna() <= size).all()
    # what has no estimate has no band, and a reason
    lacking = frame["estimate"].isna().to_numpy()
    assert frame.loc[lacking, ["lower", "upper"]].isna().all(axis=None)
    assert answer.sizes.loc[lacking, "reason"].notna().all()


@MANY
@given(question=questions(BANDS), wider=st.floats(0.001, 0.5))
def test_a_wider_level_contains_a_narrower_one(
    worlds: dict[int, World], question: tuple[str, int, dict[str, Any]], wider: float
) -> None:
    name, size, asked = question
    inner = ask(worlds[size], name, asked)
    if inner is None:
        return
    level = asked["level"] + wider * (0.999 - asked["level"])
    outer = VERBS[name].ask(worlds[size], asked | {"level": level}).to_frame()
    one = inner.to_frame()
    known = one["lower"].notna() & outer["lower"].notna()
    assert (outer.loc[known, "lower"] <= one.loc[known, "lower"] + TINY).all()
    assert (outer.loc[known, "upper"] >= one.loc[known, "upper"] - TINY).all()
    pd.testing.assert_series_equal(one["estimate"], outer["estimate"])


@MANY
@given(question=questions(["Study.outcomes", "Study.pressure", "Comparison.outcomes", "Comparison.pressure"]))
def test_parts_add_up_to_the_whole(worlds: dict[int, World], question: tuple[str, int, dict[str, Any]]) -> None:
    """Counts of persons add up over classes and cells, counts of seats over cells."""
    name, size, asked = question
    answer = ask(worlds[size], name, asked)
    if answer is None:
        return
    parts = counts_of(answer.to_frame())
    whole = counts_of(VERBS[name].ask(worlds[size], asked | {"by": None}).to_frame())
    summed = parts.groupby(["metric", "scenario"])["estimate"].sum()
    expected = whole.set_index(["metric", "scenario"])["estimate"]
    for key, number in summed.items():
        assert number == pytest.approx(expected[key], abs=1e-6), key


@MANY
@given(question=questions(["Study.preferences", "Study.outcomes"]))
def test_shares_of_a_whole_sum_to_one(worlds: dict[int, World], question: tuple[str, int, dict[str, Any]]) -> None:
    name, size, asked = question
    frame = VERBS[name].ask(worlds[size], {key: value for key, value in asked.items() if key != "metric"}).to_frame()
    of_classes = [column for column in asked["by"] if column in APPLICANT_COLUMNS]
    of_cells = [column for column in asked["by"] if column not in APPLICANT_COLUMNS]
    for metric, whole in (
        ("first_choice_share", of_classes), ("destination_share", of_classes), ("share_of_filled", of_cells),
    ):  # fmt: skip
        rows = frame[frame["metric"] == metric].dropna(subset="estimate")
        totals = rows.groupby(["scenario", *whole])["estimate"].sum()
        complete = rows.groupby(["scenario", *whole]).size() == rows.groupby(["scenario", *whole]).size().max()
        if metric == "first_choice_share" or not frame["estimate"].isna().any():
            assert totals[complete].to_numpy() == pytest.approx(np.ones(int(complete.sum())))


TIED = {"by": ["program_stream_id"], "kind": "outcome", "level": 0.9, "metric": "fill_rate"}


@MANY
@given(question=questions(["Study.ranks"]), data=st.data())
@example(
    question=(
        "Study.ranks",
        100,
        {"by": ["program_stream_id"], "kind": "outcome", "level": 0.9, "metric": "fill_rate"},
    ),
    data=None,
)
def test_ranks_share_their_places(
    worlds: dict[int, World], question: tuple[str, int, dict[str, Any]], data: st.DataObject | None
) -> None:
    name, size, asked = question
    ranks = ask(worlds[size], name, asked)
    if ranks is None:
        return
    frame = ranks.to_frame().dropna(subset="estimate")
    k = len(frame) if data is None else data.draw(st.integers(1, len(frame)))
    frame = VERBS[name].ask(worlds[size], asked | {"k": k}).to_frame().dropna(subset="estimate")
    assert frame["among_first"].sum() == pytest.approx(k)
    assert frame["among_first"].between(0, 1 + TINY).all()
    assert ((frame[ENDS] >= 1) & (frame[ENDS] <= len(frame))).all(axis=None)
    if asked["level"] >= 0.8:
        assert ((frame["lower"] <= frame["estimate"]) & (frame["estimate"] <= frame["upper"])).all()
    assert frame["estimate"].sum() == pytest.approx(len(frame) * (len(frame) + 1) / 2)
    pairs = ranks.above()
    keys = list(ranks.keys)
    there = pairs.set_index([f"{key}_{side}" for side in ("above", "below") for key in keys])
    for one, row in there.head(200).iterrows():
        pair = one if isinstance(one, tuple) else (one,)
        back = there.loc[(*pair[len(keys) :], *pair[: len(keys)])]
        if np.isfinite(row["probability"]):
            assert row["probability"] + back["probability"] + row["equal"] == pytest.approx(1.0)


def test_a_scenario_that_changes_nothing_changes_no_number(worlds: dict[int, World]) -> None:
    frame = worlds[100].study.compare("nothing").pressure(["discipline", "applicant_class"], fewest=0).to_frame()
    assert (frame[["estimate", "lower", "upper"]].dropna() == 0).all(axis=None)


def test_every_verb_is_asked() -> None:
    """A verb that is written tomorrow is named in `verbs.py` tomorrow."""
    known = set(VERBS) | set(ELSEWHERE)
    assert public_verbs() == known


@pytest.mark.parametrize(("verb", "by"), [("pressure", ["discipline"]), ("outcomes", ["province"]), ("compare", None)])
def test_bands_that_hold_together_contain_those_that_hold_alone(
    worlds: dict[int, World], verb: str, by: list[str] | None
) -> None:
    study = worlds[400].study
    ask = study.compare().outcomes if verb == "compare" else getattr(study, verb)
    alone, together = (ask(by, kind="mean", simultaneous=each) for each in (False, True))
    one, all_of_them = alone.to_frame(), together.to_frame()
    known = one["lower"].notna()
    assert (all_of_them.loc[known, "lower"] <= one.loc[known, "lower"] + TINY).all()
    assert (all_of_them.loc[known, "upper"] >= one.loc[known, "upper"] - TINY).all()
    assert together.provenance.settings["simultaneous"] is True
    with pytest.raises(ArgumentError, match=r"simultaneous=True is for bands of kind 'mean'.*kind='outcome'"):
        ask(by, simultaneous=True)
    with pytest.raises(ArgumentError, match="simultaneous='yes' must be True or False"):
        ask(by, kind="mean", simultaneous="yes")


def test_bands_that_hold_together_do_so_as_often_as_they_say() -> None:
    """Twenty averages of fifty settings, of which some go together; each alone holds all of them far less often."""
    rng = np.random.default_rng(8)
    held = {False: 0, True: 0}
    for _ in range(300):
        common = rng.normal(size=(50, 1))
        values = 10 + rng.normal(size=(50, 20)) + common * np.linspace(0, 1, 20)
        counted = count(Measure("filled", np.repeat(values, 2, axis=0), scale="real"), 2)
        for simultaneous in held:
            band = _band(counted, 0.9, "mean", 2, simultaneous)
            held[simultaneous] += bool(((band["lower"] <= 10) & (band["upper"] >= 10)).all())
    assert 0.86 <= held[True] / 300 <= 0.95
    assert held[False] / 300 < 0.5
