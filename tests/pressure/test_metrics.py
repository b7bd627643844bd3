"""Definitions, on studies that can be counted by hand."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, TooFewDrawsWarning, UnknownNameError
from carms_lib.pressure import KINDS, PRESSURE_METRICS
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, Outcomes

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

PROGRAMS = pd.DataFrame(
    {
        "program_stream_id": ["a", "b", "c", "d"],
        "discipline": ["X", "X", "Y", "Z"],
        "province": ["ON", "QC", "ON", "QC"],
    }
)
APPLICANTS = pd.DataFrame({"applicant_class": ["cmg", "cmg", "cmg", "img", "img", "img"]})


def _study(wished: list[list[int]], final: list[list[int]], quota: list[int], repeat: int = 100) -> carms.Study:
    """A study whose draws are the rows given, over and over."""
    tiled = [np.tile(np.array(rows, dtype=np.int16), (repeat, 1)) for rows in (wished, final)]
    outcomes = Outcomes(
        PROGRAMS,
        APPLICANTS,
        wished=tiled[0],
        ranked=tiled[1],
        first=tiled[1],
        final=tiled[1],
        quota=np.tile(np.array(quota, dtype=np.int32), (len(tiled[0]), 1)),
    )
    return carms.Study({BASELINE: outcomes}, entropy=1, inputs=pd.DataFrame(), provenance=Provenance())


@pytest.fixture
def study() -> carms.Study:
    # One draw, repeated. a and b are X, c is Y, d is Z; the last applicant does not take part.
    return _study(wished=[[0, 0, 1, 2, 2, -2]], final=[[0, 1, -1, 2, 3, -2]], quota=[1, 2, 1, 3])


def _value(study: carms.Study, metric: str, by: str | list[str] | None = None, **where: str) -> float:
    frame = study.pressure(by, metric=metric, fewest=0).to_frame()
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return float(frame["estimate"].iloc[0])


def test_pressure_by_discipline(study: carms.Study) -> None:
    # X was wanted by three; one got a, one got b (X too), one nothing.
    assert _value(study, "pressure", "discipline", discipline="X") == pytest.approx(1 / 3)
    # Y was wanted by two; one got it, the other went to Z.
    assert _value(study, "pressure", "discipline", discipline="Y") == pytest.approx(1 / 2)


def test_pressure_by_finer_cells_counts_moves_between_them(study: carms.Study) -> None:
    # In X, Ontario: two wanted a, one went to b in Québec, which is outside this cell.
    by = ["province", "discipline"]
    assert _value(study, "pressure", by, province="ON", discipline="X") == pytest.approx(1 / 2)
    assert _value(study, "pressure", by, province="QC", discipline="X") == 1.0


def test_pressure_of_the_country_is_the_risk_of_being_unmatched(study: carms.Study) -> None:
    assert _value(study, "pressure") == _value(study, "unmatched_risk") == pytest.approx(1 / 5)


def test_unmatched_risk_and_ratio_and_seats(study: carms.Study) -> None:
    assert _value(study, "unmatched_risk", "discipline", discipline="X") == pytest.approx(1 / 3)
    assert _value(study, "unmatched_risk", "discipline", discipline="Y") == 0.0
    assert _value(study, "first_choice_ratio", "discipline", discipline="X") == pytest.approx(3 / 3)
    assert _value(study, "first_choice_ratio", "discipline", discipline="Y") == pytest.approx(2 / 1)
    assert _value(study, "fill_rate", "discipline", discipline="X") == pytest.approx(2 / 3)
    assert _value(study, "unfilled", "discipline", discipline="Z") == 2.0


def test_a_cell_that_nobody_wants_has_no_pressure(study: carms.Study) -> None:
    frame = study.pressure("discipline", metric="pressure", fewest=0).to_frame().set_index("discipline")
    assert np.isnan(frame.loc["Z", ["estimate", "lower", "upper"]].astype(float)).all()
    assert frame.loc["Z", "n_draws"] == 0


def test_a_share_of_few_persons_is_missing_with_its_reason(study: carms.Study) -> None:
    bands = study.pressure("discipline", fewest=3)
    frame = bands.to_frame().set_index(["metric", "discipline"])["estimate"]
    assert frame["pressure", "X"] == pytest.approx(1 / 3)
    assert np.isnan(frame["pressure", "Y"])
    assert frame["first_choice_ratio", "Y"] == 2.0  # a ratio to seats, not a share of persons
    reasons = bands.sizes.set_index(["metric", "discipline"])["reason"]
    assert reasons.isna().to_dict() == (frame.notna()).to_dict()
    assert reasons["pressure", "Y"] == "fewer than 3 first choices in an average draw"
    assert reasons["unmatched_risk", "Z"] == "no first choices in any draw"
    assert "1 without an estimate: fewer than 3 first choices" in bands.summary()


def test_cells_without_seats_say_so() -> None:
    empty = _study(wished=[[0, 0, 1, 2, 2, -2]], final=[[0, 1, -1, -1, 3, -2]], quota=[1, 2, 0, 3])
    bands = empty.pressure("discipline", fewest=0)
    rows = bands.to_frame().set_index(["metric", "discipline"])
    assert np.isnan(rows.loc[("fill_rate", "Y"), "estimate"])
    assert np.isnan(rows.loc[("first_choice_ratio", "Y"), "estimate"])
    assert rows.loc[("unfilled", "Y"), "estimate"] == 0
    assert bands.sizes.set_index(["metric", "discipline"])["reason"]["fill_rate", "Y"] == "no seats in any draw"


@pytest.mark.parametrize("fewest", [-1, float("nan")])
def test_fewest_is_a_number_of_persons(study: carms.Study, fewest: float) -> None:
    with pytest.raises(ArgumentError, match="fewest"):
        study.pressure(fewest=fewest)


def test_pressure_by_class_of_applicant(study: carms.Study) -> None:
    frame = study.pressure(["applicant_class", "discipline"], metric="pressure", fewest=0).to_frame()
    got = frame.set_index(["applicant_class", "discipline"])["estimate"]
    assert got["cmg", "X"] == pytest.approx(1 / 3)
    assert got["img", "Y"] == pytest.approx(1 / 2)
    assert np.isnan(got["img", "X"])


def test_outcomes_add_up(study: carms.Study) -> None:
    country = study.outcomes().to_frame().set_index("metric")["estimate"]
    assert country[["seats", "filled", "unfilled"]].tolist() == [7, 4, 3]
    assert country[["applicants", "matched", "unmatched"]].tolist() == [5, 4, 1]
    for by, metrics in (
        ("discipline", ["seats", "filled", "unfilled", "first_choices"]),
        (["province", "discipline"], ["seats", "filled", "unfilled", "first_choices"]),
        ("applicant_class", ["applicants", "matched", "unmatched"]),
    ):
        parts = study.outcomes(by).to_frame().groupby("metric")["estimate"].sum()
        for metric in metrics:
            assert parts[metric] == pytest.approx(country[metric])


def test_ranked_first_choice_leaves_out_those_without_a_list(study: carms.Study) -> None:
    frame = study.pressure("discipline", first_choice="ranked", metric="pressure", fewest=0).to_frame()
    assert (frame["estimate"].dropna() == 0.0).all()


def test_columns_are_those_of_a_band(study: carms.Study) -> None:
    frame = study.pressure(["province", "discipline"]).to_frame()
    assert list(frame.columns) == [
        "metric", "scenario", "province", "discipline", "estimate", "lower", "upper", "level", "kind", "n_draws",
        "median", "share_zero", "effective_draws",
    ]  # fmt: skip
    assert set(frame["metric"]) == set(PRESSURE_METRICS)


def test_relabelling_and_reordering_change_nothing(market: carms.Market) -> None:
    study = carms.simulate(market, n_draws=100, rng=4)
    frame = study.pressure(["province", "discipline"]).to_frame()
    other = study.pressure(["discipline", "province"]).to_frame()[frame.columns]
    order = ["metric", "province", "discipline"]
    pd.testing.assert_frame_equal(
        frame.sort_values(order, ignore_index=True), other.sort_values(order, ignore_index=True)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "provnce"}, "'province'"),
        ({"metric": "presure"}, "'pressure'"),
        ({"kind": "outcomes"}, "'outcome'"),
        ({"first_choice": "rank"}, "'ranked'"),
        ({"iteration": "frist"}, "'first'"),
        ({"scenario": "base"}, "'baseline'"),
        ({"against": "base"}, "'baseline'"),
    ],
)
def test_unknown_names_are_answered_with_near_names(study: carms.Study, options: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        study.pressure(**options)


@pytest.mark.parametrize("level", [0, 1, 90, -0.5, "high", None, float("nan")])
def test_level_lies_between_0_and_1(study: carms.Study, level: object) -> None:
    with pytest.raises(ArgumentError, match="level"):
        study.pressure(level=level)


def test_parts_of_pressure_by_hand() -> None:
    """X has one seat. Of four who want it one gets it; one ranks nothing, one heads the list with Y, one is beaten."""
    programs = PROGRAMS.iloc[[0, 2]]
    wished, ranked, final = [[0, 0, 0, 0]], [[0, -1, 1, 0]], [[0, -1, 1, -1]]
    arrays = [np.tile(np.array(rows, dtype=np.int16), (100, 1)) for rows in (wished, ranked, final)]

    def parts(seats: int) -> list[float]:
        outcomes = Outcomes(
            programs, APPLICANTS.iloc[:4], wished=arrays[0], ranked=arrays[1], first=arrays[2], final=arrays[2],
            quota=np.tile(np.array([seats, 1], dtype=np.int32), (100, 1)),
        )  # fmt: skip
        made = carms.Study({BASELINE: outcomes}, entropy=1, inputs=pd.DataFrame(), provenance=Provenance())
        frame = made.pressure("discipline", fewest=0).to_frame()
        found = frame[frame["discipline"] == "X"].set_index("metric")["estimate"]
        names = ("pressure", "pressure_funnel", "pressure_scarcity", "pressure_competition")
        return [found[name] for name in names]

    assert parts(seats=1) == pytest.approx([3 / 4, 2 / 4, 1 / 4, 0])  # two head their list with one seat
    assert parts(seats=2) == pytest.approx([3 / 4, 2 / 4, 0, 1 / 4])  # a seat for each, and one is lost all the same
    assert parts(seats=3) == pytest.approx([3 / 4, 2 / 4, 0, 1 / 4])


def test_questions_without_an_answer_are_refused(study: carms.Study) -> None:
    with pytest.raises(ArgumentError, match="no class of applicant"):
        study.pressure("applicant_class", metric="unfilled")
    with pytest.raises(ArgumentError, match="more than once"):
        study.pressure(["discipline", "discipline"])


@pytest.mark.parametrize("kind", KINDS)
def test_few_draws_warn_and_say_how_many_are_needed(market: carms.Market, kind: str) -> None:
    study = carms.simulate(market, n_draws=20, rng=4)
    with pytest.warns(TooFewDrawsWarning, match=f"n_draws={400 if kind == 'outcome' else 100} or more"):
        study.pressure(kind=kind)


def test_one_draw_has_an_estimate_and_no_invented_error(market: carms.Market) -> None:
    study = carms.simulate(market, n_draws=1, rng=4)
    with pytest.warns(TooFewDrawsWarning):
        frame = study.outcomes(kind="mean").to_frame()
    assert frame["estimate"].notna().all()
    assert frame[["lower", "upper"]].isna().all(axis=None)
