"""What simulations came to is kept with its provenance, and comes back as it was."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.provenance import Provenance

BAND = [
    "metric", "scenario", "discipline", "estimate", "lower", "upper", "level", "kind", "n_draws",
    "median", "share_zero", "effective_draws",
]  # fmt: skip


@dataclass(frozen=True)
class Study:
    n_draws: int = 3
    entropy: int = 2025
    scenarios: tuple[str, ...] = ("baseline", "more")
    provenance: Any = field(
        default_factory=lambda: Provenance("9001", {"pages.zip": "ab" * 32}, {"python": "3.11"}, 2025, {"level": 0.9})
    )


@dataclass(frozen=True)
class Bands:
    frame: pd.DataFrame
    keys: tuple[str, ...] = ("discipline",)
    difference: bool = False

    def to_frame(self):
        return self.frame


def bands(estimate=0.25, **values):
    rows = [
        ("pressure", "baseline", "Psychiatry", estimate, 0.2, 0.3, 0.9, "outcome", 3, 0.26, None, 2.5),
        ("pressure", "baseline", "Médecine familiale", None, None, None, 0.9, "outcome", 3, None, None, None),
        ("pressure", "more", "Psychiatry", 0.2, 0.1, 0.3, 0.9, "outcome", 3, 0.2, 0.96, 3.0),
    ]
    return Bands(pd.DataFrame(rows, columns=BAND).assign(**values))


def draws(n=3, **values):
    rows = [(name, draw, "matched", 10.0 + draw) for name in ("more", "baseline") for draw in range(n)]
    return pd.DataFrame(rows, columns=["scenario", "draw", "metric", "value"]).assign(**values)


def test_a_study_comes_back_as_it_was_given(empty, invented):
    empty.write(invented.invent(3))
    view = bands()
    assert empty.write_study(Study(), {"pressure": view}, draws=draws()) == 1
    kept = empty.bands(1, "pressure")
    pd.testing.assert_frame_equal(kept.to_frame(), view.frame)
    assert (kept.keys, kept.difference, kept.provenance) == (("discipline",), False, Study().provenance)
    told = empty.studies().iloc[0]
    assert (told["release_id"], told["entropy"], told["n_draws"]) == ("9001", "2025", 3)
    assert (told["scenarios"], told["views"]) == ("baseline; more", "pressure")
    expected = draws().sort_values(["scenario", "draw"], ignore_index=True)
    pd.testing.assert_frame_equal(empty.draws(1), expected)


def test_the_frame_that_is_returned_is_a_copy(empty):
    empty.write_study(Study(), {"pressure": bands()})
    kept = empty.bands(1, "pressure")
    frame = kept.to_frame()
    frame.loc[0, "estimate"] = 9.0
    assert kept.frame["estimate"][0] == 0.25


def test_the_same_study_is_kept_once_and_new_views_join_it(empty):
    for _ in range(2):
        assert empty.write_study(Study(), {"pressure": bands()}, draws=draws()) == 1
    assert empty.write_study(Study(), {"nation": Bands(bands().frame.drop(columns="discipline").head(1), ())}) == 1
    assert empty.write_study(replace(Study(), entropy=7)) == 2
    assert empty.studies()["views"].tolist() == ["nation; pressure", ""]
    assert list(empty.bands(1, "nation").frame.columns) == [name for name in BAND if name != "discipline"]


def test_a_study_of_a_table_of_one_s_own_needs_no_release(empty):
    empty.write_study(replace(Study(), provenance=Provenance()))
    assert empty.studies()["release_id"].isna().tolist() == [True]


def test_numbers_of_any_size_come_back_to_the_bit(empty):
    frame = bands().frame.assign(estimate=[1 / 3, 1e-300, 1e300], lower=[-0.0, -1e300, 5e-324], upper=1e301)
    empty.write_study(replace(Study(), entropy=2**127 + 1), {"pressure": Bands(frame)})
    pd.testing.assert_frame_equal(empty.bands(1, "pressure").frame, frame, check_exact=True)
    assert empty.studies()["entropy"][0] == str(2**127 + 1)


def test_a_view_never_changes_under_its_name(empty):
    empty.write_study(Study(), {"pressure": bands()})
    with pytest.raises(exceptions.WarehouseError, match=r"views\['pressure'\].*already keeps"):
        empty.write_study(Study(), {"pressure": bands(0.26)})
    with pytest.raises(exceptions.WarehouseError, match=r"views\['pressure'\]"):
        empty.write_study(Study(), {"other": bands(), "pressure": bands(level=0.5)})
    assert empty.studies()["views"].tolist() == ["pressure"]  # nothing of the write that failed


def test_draws_never_change(empty):
    empty.write_study(Study(), draws=draws())
    with pytest.raises(exceptions.WarehouseError, match="Nothing was written"):
        empty.write_study(Study(), draws=draws(value=1.0))


def test_a_frame_without_the_columns_of_today_is_kept_and_they_are_missing(empty):
    older = Bands(bands().frame.drop(columns=BAND[-3:]))
    empty.write_study(Study(), {"pressure": older})
    assert empty.bands(1, "pressure").frame[BAND[-3:]].isna().all(axis=None)


def test_a_difference_says_from_what(empty):
    empty.write_study(Study(), {"change": bands(against="baseline")})
    assert empty.bands(1, "change").frame["against"].tolist() == ["baseline"] * 3


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"views": {"v": bands(against="less")}}, exceptions.SchemaError, "one scenario of the study"),
        ({"views": {"": bands()}}, exceptions.ArgumentError, "empty name"),
        ({"views": {"v": bands(scenario="less")}}, exceptions.UnknownNameError, "less"),
        ({"views": {"v": Bands(bands().frame.drop(columns="lower"))}}, exceptions.SchemaError, "must have"),
        ({"views": {"v": bands(kind="guess")}}, exceptions.WarehouseError, "kind"),
        ({"views": {"v": bands(level=1.5)}}, exceptions.WarehouseError, "level"),
        ({"views": {"v": bands(upper=0.0)}}, exceptions.WarehouseError, "band_in_order"),
        ({"draws": draws(4)}, exceptions.SchemaError, "draw 3 is not one of the study's 3"),
        ({"draws": draws(draw=-1)}, exceptions.SchemaError, "draw -1"),
        ({"draws": draws(scenario="moer")}, exceptions.UnknownNameError, "Did you mean 'more'"),
        ({"draws": draws().rename(columns={"value": "number"})}, exceptions.SchemaError, "must have scenario, draw"),
    ],
    ids=str,
)
def test_what_does_not_fit_the_study_is_refused_whole(empty, arguments, error, says):
    with pytest.raises(error, match=says):
        empty.write_study(Study(), arguments.get("views"), draws=arguments.get("draws"))
    assert empty.studies().empty


def test_what_is_not_kept_is_named_with_what_is_near(empty):
    empty.write_study(Study(), {"pressure by discipline": bands()})
    with pytest.raises(exceptions.UnknownNameError, match="Did you mean 'pressure by discipline'"):
        empty.bands(1, "pressure by disciplin")
    for ask in (lambda: empty.bands(2, "pressure"), lambda: empty.draws(2), lambda: empty.draws("1; DROP TABLE study")):
        with pytest.raises(exceptions.UnknownNameError, match="study_id="):
            ask()


@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
def test_a_study_of_the_simulator_is_kept(empty, market):
    study = carms.simulate(market, carms.Scenario("more").scale_quota(1.5, discipline="Psychiatry"), n_draws=20, rng=1)
    views = {"pressure": study.pressure(by="discipline"), "change": study.compare("more").outcomes(by="discipline")}
    number = empty.write_study(study, views)
    for name, view in views.items():
        pd.testing.assert_frame_equal(empty.bands(number, name).frame, view.to_frame(), check_dtype=False)
    assert empty.bands(number, "change").difference is True
    assert empty.bands(number, "pressure").provenance.entropy == study.entropy
