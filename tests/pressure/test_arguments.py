"""What cannot be answered is said to be so: every view, every argument, things of the wrong kind included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, CarmsError, UnknownNameError
from carms_lib.pressure import (
    SeatValues,
    allocate_seats,
    compare_supply,
    find_sensitivity,
    project_series,
    published_rates,
    seat_values,
    supply_score,
)

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

SERIES = pd.DataFrame({"series": "x", "year": range(2010, 2016), "value": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
#: Argument -> what it may not be, whatever the view.
NEVER: dict[str, list[Any]] = {
    "by": ["provnce", "", 5, 3.5, True, b"x", {"province": 1}, {"province"}, [["province"]], [None], ["province"] * 2],
    "level": [0, 1, 0.0, 1.0, -0.5, 90, float("nan"), float("inf"), "0.9", "high", None, True, [0.9], np.array([0.9])],
    "kind": ["means", "", None, 3, ["mean"], {}],
    "metric": ["presure", "", 3, [], {}, {"pressure"}, [3], [["pressure"]], ["unfilled", 3]],
    "scenario": ["mor", "", 3, {}, ["mor"], [3], ["more"] * 2],
    "where": ["ON", 3, ["province"], {"provnce": "ON"}, {3: "x"}, {"province": 3}, {"province": "O"}],
    "against": ["basline", 3, {}, ["baseline"]],
    "first_choice": ["rank", None, 3, {}, ["wished"]],
    "iteration": ["frist", None, 3, {}, ["final"]],
    "fewest": [-1, float("nan"), float("inf"), "5", None, True, [5]],
    "k": [0, -1, 1.5, "3", True, [3], float("nan"), 10**9],
}
ARGUMENTS = {
    "pressure": [
        "by",
        "level",
        "kind",
        "metric",
        "scenario",
        "against",
        "first_choice",
        "iteration",
        "fewest",
        "where",
    ],
    "outcomes": ["by", "level", "kind", "metric", "scenario", "against", "where"],
    "compared pressure": ["by", "level", "kind", "metric", "first_choice", "iteration", "fewest", "where"],
    "compared outcomes": ["by", "level", "kind", "metric", "where"],
    "preferences": ["by", "level", "kind", "metric", "scenario", "first_choice", "where"],
    "ranks": ["by", "k", "level", "kind", "metric", "scenario", "first_choice", "iteration", "fewest", "where"],
    "seat values": ["by", "level", "kind", "metric"],
    "gains": ["by", "level", "kind"],
    "supply": ["by", "level", "metric", "scenario", "first_choice", "iteration", "fewest"],
    "supply score": ["by"],
}


@pytest.fixture(scope="module")
def study(market: carms.Market) -> carms.Study:
    return carms.simulate(market, carms.Scenario("more").add_seats(4, province="QC"), n_draws=20, rng=1)


@pytest.fixture(scope="module")
def values(market: carms.Market) -> SeatValues:
    return seat_values(market, n_draws=10, rng=1)


@pytest.fixture(scope="module")
def views(study: carms.Study, values: SeatValues, market: carms.Market) -> dict[str, Callable[..., Any]]:
    cells = ["province", "discipline"]
    return {
        "pressure": study.pressure,
        "outcomes": study.outcomes,
        "compared pressure": study.compare("more").pressure,
        "compared outcomes": study.compare("more").outcomes,
        "preferences": study.preferences,
        "ranks": lambda **asked: study.ranks(**{"by": "discipline", "fewest": 0, **asked}),
        "seat values": values.bands,
        "gains": values.gains,
        "supply": lambda **asked: compare_supply(study, **{"by": cells, "fewest": 0, **asked}),
        "supply score": lambda **asked: supply_score(market, **asked),
    }


@pytest.mark.parametrize(("view", "argument"), [(view, name) for view, names in ARGUMENTS.items() for name in names])
def test_every_view_refuses_what_it_cannot_answer(
    views: dict[str, Callable[..., Any]], view: str, argument: str
) -> None:
    for value in NEVER[argument]:
        with pytest.raises(CarmsError) as error:
            views[view](**{argument: value})
        assert str(error.value).startswith((f"{argument}=", "programs=")), (value, str(error.value))


def test_errors_say_what_is_allowed(study: carms.Study) -> None:
    with pytest.raises(UnknownNameError, match=r"scenario='moar' is unknown. Did you mean 'more'"):
        study.outcomes(scenario=["moar"])
    with pytest.raises(ArgumentError, match=r"by=5 is neither a name nor a list of names.*'discipline'"):
        study.pressure(by=5)
    with pytest.raises(ArgumentError, match=r"metric=\[\] names none. Give some of \['pressure', "):
        study.pressure(metric=[])
    with pytest.raises(ArgumentError, match=r"level='0.9' must be a number between 0 and 1"):
        study.pressure(level="0.9")
    with pytest.raises(ArgumentError, match="k=4 is more than the 3 groups with a rank"):
        study.ranks("discipline", k=4, fewest=0)


def test_names_come_in_any_ordered_collection(study: carms.Study) -> None:
    expected = study.pressure(["province"]).to_frame()
    for by in ("province", ("province",), pd.Index(["province"]), np.array(["province"]), pd.Series(["province"])):
        pd.testing.assert_frame_equal(study.pressure(by).to_frame(), expected)
    pd.testing.assert_frame_equal(study.pressure([]).to_frame(), study.pressure().to_frame())


def test_k_follows_the_groups_where_it_is_not_given(study: carms.Study) -> None:
    frame = study.ranks("discipline", fewest=0).to_frame()
    assert frame["k"].unique().tolist() == [3]
    assert (frame["among_first"] == 1.0).all()
    assert study.ranks(["province", "discipline"], fewest=0).to_frame()["k"].unique().tolist() == [5]


def test_nothing_is_compared_with_itself(study: carms.Study, market: carms.Market) -> None:
    alone = carms.simulate(market, n_draws=10, rng=1)
    for call in (study.pressure, study.outcomes):
        with pytest.raises(ArgumentError, match="against='more' leave no scenario to show"):
            call(scenario="more", against="more")
    for call in (alone.pressure, alone.outcomes):
        with pytest.raises(ArgumentError, match="against='baseline' leave no scenario to show"):
            call(against="baseline")


@pytest.mark.parametrize("scenario", ["baseline", "mor", 3, ["mor"], [], {}])
def test_compare_takes_one_scenario_other_than_the_baseline(study: carms.Study, scenario: Any) -> None:
    with pytest.raises(UnknownNameError, match="'more'"):
        study.compare(scenario)


@pytest.mark.parametrize("to", [3, None, [], [3], "discipline", {}, [["applicant_class"]]])
def test_gains_go_to_applicants(values: SeatValues, to: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^to="):
        values.gains(to)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(({"k": k}, "^k=") for k in NEVER["k"]),
        *(({"objective": one}, "^objective=.*most_better_off") for one in ("most", 3, None, {}, ["most_better_off"])),
        *(({"among": one}, "^among=") for one in ("ON", 3, ["province"], {3: "x"}, {"provnce": "ON"})),
        *(({"among": {"province": one}}, "province=") for one in (3, "O", ["ON", 3], {"ON"})),
        *(({"among": {"province": one}}, "selects no program") for one in ([], None)),
        *(({name: n}, f"^{name}=") for name in ("n_draws", "n_check") for n in (0, -1, 1.5, "3", None)),
        ({"rng": "x"}, "rng is a str"),
    ],
)
def test_seats_are_placed_for_a_question_that_makes_sense(
    market: carms.Market, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        allocate_seats(market, **{"k": 1, "n_draws": 2, "n_check": 2, "rng": 1, **options})


def test_a_market_is_a_market_and_a_scenario_a_scenario(market: carms.Market, study: carms.Study) -> None:
    for call in (seat_values, lambda given: allocate_seats(given, 1), study.seat_value):
        with pytest.raises(ArgumentError, match=r"market=DataFrame must be a Market.*from_gold"):
            call(market.programs)
    with pytest.raises(ArgumentError, match="scenario='more' must be a Scenario"):
        seat_values(market, "more")


@pytest.mark.parametrize("metric", ["unfilld", 3, [], [3], {}])
def test_sensitivity_is_of_headlines(market: carms.Market, metric: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^metric="):
        find_sensitivity(market, n=8, draws_per_point=1, independent=True, metric=metric)


@pytest.mark.parametrize(
    "options",
    [
        *({"until": one} for one in ("2017", 2017.5, None)),
        *({"model": one} for one in (["trend"], 3, None)),
        *({"transform": one} for one in (["log"], 3, None)),
        *({"keys": one} for one in (3, ["series", 3], None, {"series"})),
        {"level": [0.9]},
        {"value": 3},
    ],
)
def test_series_of_the_wrong_kind(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        project_series(SERIES, **{"until": 2017, **options})
    with pytest.raises(ArgumentError, match="must be a frame"):
        project_series(SERIES.to_dict(), until=2017)


@pytest.mark.parametrize("options", [{"method": ["wilson"]}, {"method": None}, {"count": 3}, {"total": ["b"]}])
def test_published_counts_of_the_wrong_kind(options: dict[str, Any]) -> None:
    counts = pd.DataFrame({"a": [1], "b": [2]})
    with pytest.raises(ArgumentError):
        published_rates(counts, **{"count": "a", "total": "b", **options})
    with pytest.raises(ArgumentError, match="must be a frame"):
        published_rates(counts.to_dict(), count="a", total="b")


@pytest.mark.parametrize("programs", [None, {"x": 1}, {"program": 3}, "gold"])
def test_supply_is_of_a_table_of_programs(programs: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^programs="):
        supply_score(programs)
