"""Choices obtained: by hand, against the draws counted again, and against the other views."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.pressure import CHOICE_METRICS
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, Outcomes

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

PROGRAMS = pd.DataFrame(
    {"program_stream_id": ["a", "b", "c"], "discipline": ["X", "X", "Y"], "province": ["ON", "QC", "ON"]}
)
APPLICANTS = pd.DataFrame({"applicant_class": ["cmg", "cmg", "cmg", "img", "img", "img"]})
PARTS = [f"{name}_choice_obtained" for name in ("first", "second", "third", "lower", "no")] + ["no_interview"]


def _study(**arrays: list[int]) -> carms.Study:
    tiled = {
        name: np.tile(np.array([row], dtype=np.int32 if name == "quota" else np.int16), (100, 1))
        for name, row in arrays.items()
    }
    outcomes = Outcomes(PROGRAMS, APPLICANTS, final=tiled["first"], **tiled)
    return carms.Study({BASELINE: outcomes}, entropy=1, inputs=pd.DataFrame(), provenance=Provenance())


@pytest.fixture
def by_hand() -> carms.Study:
    # One gets the first choice, one the third, one none; of the others one was not interviewed, one gets the fifth
    # choice, and the last does not take part.
    return _study(
        wished=[0, 0, 1, 2, 2, -2], ranked=[0, 1, 2, -1, 2, -2], first=[0, 2, -1, -1, 1, -2],
        place=[1, 3, 0, 0, 5, 0], interviews=[4, 3, 2, 0, 6, 0], quota=[1, 1, 1],
    )  # fmt: skip


def _values(study: carms.Study, by: str | list[str] | None = None, **where: str) -> pd.Series:
    frame = study.choices_obtained(by, fewest=0).to_frame()
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame.set_index("metric")["estimate"]


def test_the_country_by_hand(by_hand):
    found = _values(by_hand)
    assert found[PARTS].tolist() == pytest.approx([1 / 5, 0, 1 / 5, 1 / 5, 1 / 5, 1 / 5])
    assert found["any_choice_obtained"] == pytest.approx(3 / 5)
    assert found["interviews_held"] == pytest.approx(15 / 5)
    assert "first_choice_elsewhere" not in found.index  # of cells


def test_classes_by_hand(by_hand):
    assert _values(by_hand, "applicant_class", applicant_class="img")[PARTS].tolist() == [0, 0, 0, 0.5, 0, 0.5]
    assert _values(by_hand, "applicant_class", applicant_class="cmg")["interviews_held"] == 3


def test_cells_are_those_of_the_first_choice_and_of_residents(by_hand):
    """X heads two lists; Y two, and was wanted most by who had no interview. Of X's two residents one headed Y."""
    x, y = (_values(by_hand, "discipline", discipline=name) for name in "XY")
    assert x[PARTS].tolist() == [0.5, 0, 0.5, 0, 0, 0]
    assert y[PARTS].tolist() == pytest.approx([0, 0, 0, 1 / 3, 1 / 3, 1 / 3])
    assert x["first_choice_elsewhere"] == 0.5
    assert y["first_choice_elsewhere"] == 1


def test_a_filter_of_programs_leaves_out_who_heads_none_of_them(by_hand):
    frame = by_hand.choices_obtained(metric="interviews_held", where={"discipline": "Y"}, fewest=0).to_frame()
    assert frame["estimate"].item() == pytest.approx(8 / 3)


def test_shares_add_up_to_one_in_every_group(small_study):
    for by in (None, "applicant_class", "discipline", ["applicant_class", "province"]):
        frame = small_study.choices_obtained(by, fewest=0).to_frame()
        keys = [by] if isinstance(by, str) else by or []
        parts = frame[frame["metric"].isin(PARTS)].dropna(subset=["estimate"])
        sums = parts.groupby(["scenario", *keys])["estimate"].sum()
        np.testing.assert_allclose(sums, 1.0)


def test_draws_counted_again(small_study):
    """Against lists of the same draws: places and interviews are those of whoever looks."""
    outcomes = small_study.outcomes_of()
    taking_part = outcomes.ranked > -2
    matched = outcomes.first >= 0
    found = _values(small_study)
    assert found["any_choice_obtained"] == pytest.approx(matched.sum() / taking_part.sum())
    assert found["interviews_held"] == pytest.approx(outcomes.interviews.sum() / taking_part.sum())
    assert found["first_choice_obtained"] == pytest.approx(
        (matched & (outcomes.first == outcomes.ranked)).sum() / taking_part.sum()
    )
    assert ((outcomes.place == 1) == (matched & (outcomes.first == outcomes.ranked))).all()
    assert ((outcomes.place > 0) == matched).all()
    assert (outcomes.place <= outcomes.interviews).all()
    assert ((outcomes.interviews > 0) == (outcomes.ranked >= 0)).all()
    matched_first = small_study.outcomes(metric="matched_first_iteration", scenario=BASELINE).to_frame()["estimate"]
    assert matched.sum(axis=1).mean() == pytest.approx(matched_first.item())


def test_a_study_keeps_its_places_in_a_file(small_study, tmp_path):
    loaded = carms.Study.load(small_study.save(tmp_path / "study.npz"))
    pd.testing.assert_frame_equal(
        loaded.choices_obtained("discipline").to_frame(), small_study.choices_obtained("discipline").to_frame()
    )


def test_a_study_without_places_says_so(by_hand):
    outcomes = by_hand.outcomes_of()
    without = outcomes._replace(place=np.zeros((0, 0), np.int16), interviews=np.zeros((0, 0), np.int16))
    old = carms.Study({BASELINE: without}, entropy=1, inputs=pd.DataFrame(), provenance=Provenance())
    with pytest.raises(StudyError, match=r"does not hold interviews and places.*Simulate it again"):
        old.choices_obtained()


def test_what_cannot_be_answered_is_refused(small_study):
    with pytest.raises(ArgumentError, match=r"first_choice_elsewhere.*group by columns of the programs"):
        small_study.choices_obtained("applicant_class", metric="first_choice_elsewhere")
    with pytest.raises(UnknownNameError, match="first_choice_obtained"):
        small_study.choices_obtained(metric="first_choices_obtained")
    with pytest.raises(UnknownNameError, match="elsewhere"):
        small_study.choices_obtained("elsewhere")


def test_more_seats_move_people_up_their_lists(market):
    more = carms.Scenario("more").scale_quota(1.5)
    changes = carms.simulate(market, more, n_draws=400, rng=3, progress=False).compare("more").choices_obtained()
    frame = changes.to_frame().set_index("metric")
    assert frame.loc["first_choice_obtained", "lower"] > 0
    assert frame.loc["no_choice_obtained", "upper"] < 0
    assert set(frame.index) == set(CHOICE_METRICS) - {"first_choice_elsewhere"}


def test_programs_stay_in_their_group_where_a_lever_changes_the_column(market):
    """Half as many seats again make other values of "quota": cells of the baseline hold for both."""
    more = carms.Scenario("more").scale_quota(1.5)
    study = carms.simulate(market, more, n_draws=20, rng=3, progress=False)
    frames = {name: study.outcomes_of(name, 0, 0).programs["quota"] for name in study.scenarios}
    assert set(frames["more"]) != set(frames[BASELINE])
    for frame in (study.outcomes("quota", metric="seats"), study.choices_obtained("quota"), study.pressure("quota")):
        for _, of in frame.to_frame().groupby("scenario"):
            assert set(of["quota"]) == set(frames[BASELINE])
