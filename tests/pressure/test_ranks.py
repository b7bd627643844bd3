"""Ranks and their intervals: by hand, and against an order that is known."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.pressure import PREFERENCE_METRICS, Ranks, rank_groups
from carms_lib.pressure.ranks import confidence_bounds
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, Outcomes
from matplotlib.figure import Figure

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

CELLS = 6


def _study(lost: np.ndarray, choosing: int = 40) -> carms.Study:
    """A study in which `lost[d, g]` of `choosing` applicants who want cell g end unmatched in draw d."""
    draws, cells = lost.shape
    programs = pd.DataFrame({"program_stream_id": [str(g) for g in range(cells)], "cell": list("ABCDEFGH"[:cells])})
    wished = np.repeat(np.arange(cells), choosing).astype(np.int16)
    final = np.tile(wished, (draws, 1))
    for d in range(draws):
        for g in range(cells):
            final[d, g * choosing : g * choosing + lost[d, g]] = -1
    outcomes = Outcomes(
        programs=programs,
        applicants=pd.DataFrame({"applicant_class": ["cmg"] * len(wished)}),
        wished=np.tile(wished, (draws, 1)),
        ranked=np.tile(wished, (draws, 1)),
        first=final,
        final=final,
        quota=np.full((draws, cells), choosing, dtype=np.int32),
        couples=np.zeros((draws, 5), dtype=np.int32),
    )
    return carms.Study({BASELINE: outcomes}, entropy=1, inputs=pd.DataFrame(), provenance=Provenance())


def test_ranks_by_hand() -> None:
    # A is always first; B and C take turns, B being second in three of four draws.
    rows = [[30, 20, 10], [30, 20, 10], [30, 20, 10], [30, 10, 20]]
    ranks = _study(np.tile(rows, (25, 1))).ranks("cell", k=2)
    frame = ranks.to_frame().set_index("cell")
    assert frame["estimate"].tolist() == [1, 2.25, 2.75]  # mean ranks
    assert frame["value"].tolist() == pytest.approx([0.75, 17.5 / 40, 12.5 / 40])
    assert frame[["lower", "upper"]].round(1).to_numpy().tolist() == [[1, 1], [2, 3], [2, 3]]
    assert frame["among_first"].tolist() == [1.0, 0.75, 0.25]
    above = ranks.above(cell="B").set_index("cell_below")["probability"]
    assert above.to_dict() == {"A": 0.0, "C": 0.75}
    both = ranks.above().set_index(["cell_above", "cell_below"])["probability"]
    assert both["B", "C"] + both["C", "B"] == 1.0


def test_equal_values_share_their_rank_and_the_places_left() -> None:
    ranks = _study(np.tile([[10, 10, 5]], (100, 1))).ranks("cell", k=1)
    frame = ranks.to_frame().set_index("cell")
    assert frame["estimate"].tolist() == [1.5, 1.5, 3]
    assert frame["among_first"].tolist() == [0.5, 0.5, 0]
    assert frame.loc["A", ["lower", "upper"]].tolist() == [1.5, 1.5]
    pair = ranks.above(cell="A").set_index("cell_below").loc["B"]
    assert pair[["probability", "equal"]].tolist() == [0.0, 1.0]


def test_confidence_sets_hold_the_true_rank_as_often_as_they_say() -> None:
    """200 studies whose means are known and close: the interval of a cell holds its rank at least 87 % of the time."""
    rng = np.random.default_rng(5)
    truth = np.array([0.50, 0.49, 0.47, 0.40, 0.39, 0.20])
    held = np.zeros(CELLS)
    for _ in range(200):
        blocks = rng.normal(truth, 0.03, size=(20, CELLS))
        estimate = blocks.mean(axis=0)
        noise = rng.standard_normal((400, 20)) @ (blocks - estimate) / 20
        lower, upper = confidence_bounds(estimate, blocks - estimate, estimate + noise, 0.90)
        place = np.arange(1, CELLS + 1)
        held += (lower <= place) & (place <= upper)
    assert (held / 200 >= 0.87).all()
    assert held[-1] / 200 == 1.0  # far from all others


@pytest.mark.parametrize("kind", ["outcome", "mean", "input"])
def test_kinds_differ_in_width_and_agree_in_order(small_study: carms.Study, kind: str) -> None:
    frame = small_study.ranks(["province", "discipline"], kind=kind, fewest=0).to_frame().dropna(subset="estimate")
    assert (frame["lower"] <= frame["upper"]).all()
    assert frame["among_first"].between(0, 1).all()
    assert frame["among_first"].sum() == pytest.approx(5)
    assert ((frame["lower"] <= frame["estimate"]) & (frame["estimate"] <= frame["upper"])).all()
    widths = {
        each: (f["upper"] - f["lower"]).mean()
        for each in ("outcome", "mean")
        for f in [small_study.ranks(["province", "discipline"], kind=each, fewest=0).to_frame()]
    }
    assert widths["outcome"] > widths["mean"]


def test_small_groups_keep_their_rows_without_a_rank(small_study: carms.Study) -> None:
    frame = small_study.ranks(["province", "discipline"], fewest=3).to_frame()
    everything = small_study.pressure(["province", "discipline"], metric="pressure", fewest=3).to_frame()
    assert len(frame) == len(everything)
    assert frame["estimate"].isna().sum() == everything["estimate"].isna().sum() > 0
    assert "suppressed: too few cases" in small_study.ranks(["province", "discipline"], fewest=3).summary()


def test_any_metric_and_sites_and_classes(small_study: carms.Study) -> None:
    for metric in ("unfilled", "first_choice_ratio", *PREFERENCE_METRICS):
        ranks = small_study.ranks(["discipline", "school"], metric=metric)
        assert ranks.to_frame()["estimate"].dropna().is_monotonic_increasing
    wanted = small_study.ranks(["applicant_class", "discipline"], metric="first_choice_share").to_frame()
    assert set(wanted["of"]) == {"first_choice_share"}


def test_a_result_answers_what_results_answer(small_study: carms.Study, tmp_path) -> None:
    ranks = small_study.ranks("discipline", fewest=0)
    assert isinstance(ranks, Ranks)
    assert ranks.plot(ax=Figure().add_subplot()).get_title(loc="left").startswith("Ranks by")
    assert len(pd.read_csv(ranks.save(tmp_path / "ranks.csv"))) == len(ranks.to_frame())
    assert ranks.provenance.settings["metric"] == "pressure"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"by": "dicipline"}, UnknownNameError, "'discipline'"),
        ({"by": []}, ArgumentError, "nothing to rank"),
        ({"by": "discipline", "metric": "presure"}, UnknownNameError, "'pressure'"),
        ({"by": "discipline", "k": 0}, ArgumentError, "k=0"),
        ({"by": "discipline", "level": 90}, ArgumentError, "level"),
        ({"by": "discipline", "kind": "means"}, UnknownNameError, "'mean'"),
        ({"by": "discipline", "fewest": 1e6}, StudyError, "ranks need two"),
        ({"by": "discipline", "scenario": "base"}, UnknownNameError, "'baseline'"),
    ],
)
def test_bad_questions_are_answered(small_study: carms.Study, options, error, message) -> None:
    with pytest.raises(error, match=message):
        rank_groups(small_study, **options)


def test_pairs_are_named_by_their_keys(small_study: carms.Study) -> None:
    ranks = small_study.ranks(["province", "discipline"], fewest=0)
    with pytest.raises(UnknownNameError, match="province"):
        ranks.above(provnce="ON")
    with pytest.raises(UnknownNameError, match="ON"):
        ranks.above(province="XX")
    with pytest.raises(ArgumentError, match=r"names \d groups"):
        ranks.above(province="ON")
