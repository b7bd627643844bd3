"""Placing seats by value, and which assumption moves the answer."""

from __future__ import annotations

from dataclasses import replace

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.pressure import (
    HEADLINES,
    METRIC_VIEWS,
    OBJECTIVES,
    Allocation,
    allocate_seats,
    find_sensitivity,
    seat_values,
)
from matplotlib.figure import Figure

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")


@pytest.fixture(scope="module")
def allocations(market: carms.Market) -> dict[str, Allocation]:
    options = {"most_filled": {"discipline": "Family Medicine"}, "most_need_met": {"need": "quota"}}
    return {
        name: allocate_seats(market, 4, objective=name, n_draws=200, n_check=200, rng=3, **options.get(name, {}))
        for name in OBJECTIVES
    }


def test_the_first_seat_goes_where_one_seat_does_most(programs, cohort) -> None:
    """Without couples, who hold their seats when seats are placed and need not when one seat is valued."""
    market = carms.Market.from_gold(programs, cohort.with_parameter("couples_share", 0.0, source="none in this test"))
    values = seat_values(market, n_draws=400, rng=3)
    best = values.bands("program_stream_id", metric="seat_value").to_frame().sort_values("estimate").iloc[-1]
    step = allocate_seats(market, 1, objective="most_better_off", n_draws=400, n_check=10, rng=3).steps.iloc[0]
    assert step["program_stream_id"] == best["program_stream_id"]
    assert step["value"] == pytest.approx(best["estimate"])


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_k_seats_are_placed_either_way_and_by_value_serves_the_objective_best(allocations, objective) -> None:
    allocation = allocations[objective]
    assert allocation.to_frame()[["by_seat_value", "in_proportion"]].sum().tolist() == [4, 4]
    metric = OBJECTIVES[objective].metric
    bands = allocation.bands().to_frame().set_index(["metric", "scenario"])["estimate"]
    for name, other in allocations.items():
        rows = other.bands().to_frame().set_index(["metric", "scenario"])["estimate"]
        if name != objective and (metric, "by seat value") in rows.index and metric != "need_met":
            assert bands[metric, "by seat value"] >= rows[metric, "by seat value"] - 0.35  # judged on few other draws
    assert bands[metric, "by seat value"] >= bands[metric, "in proportion"]


def test_the_difference_is_paired(allocations) -> None:
    allocation = allocations["most_better_off"]
    apart = allocation.bands().to_frame().set_index(["metric", "scenario"])["estimate"]
    paired = allocation.bands(against="in proportion").to_frame().set_index("metric")["estimate"]
    for metric in paired.index:
        assert paired[metric] == pytest.approx(apart[metric, "by seat value"] - apart[metric, "in proportion"])


def test_scenarios_add_exactly_these_seats(market, allocations) -> None:
    before = market.programs.set_index("program_stream_id")["quota"]
    for allocation in allocations.values():
        by_value, in_proportion = allocation.scenarios
        more = by_value.apply(market).programs.set_index("program_stream_id")["quota"] - before
        expected = allocation.to_frame().set_index("program_stream_id")["by_seat_value"]
        assert more[more > 0].to_dict() == expected[expected > 0].to_dict()
        assert in_proportion.apply(market).seats - market.seats == pytest.approx(4)
        assert len(in_proportion.levers) == 1


def test_seats_added_leave_nobody_worse_off(market) -> None:
    """Every single gains or stays, in every draw: each of ten draws is a study of its own."""
    gains = allocate_seats(market, 5, n_draws=10, n_check=10, rng=7)._gains  # private: draws before bands
    counts = [name for name in METRIC_VIEWS["allocation"].counts if name not in {"filled_in_discipline", "need_met"}]
    columns = [counts.index(name) for name in ("newly_matched_cmg", "better_off")]
    assert all((of_draws[:, columns] >= 0).all() for of_draws in gains.values())


def test_in_proportion_by_hand(market) -> None:
    """As many seats as three programs have: each gets its own number once more."""
    three = market.programs.iloc[:3].set_index("program_stream_id")["quota"]
    seats = int(three.sum())
    placed = allocate_seats(market, seats, among={"program_stream_id": list(three.index)}, n_draws=1, n_check=1, rng=1)
    got = placed.to_frame().set_index("program_stream_id")["in_proportion"]
    assert got[got > 0].to_dict() == pytest.approx(three.to_dict())


def test_only_some_programs(market) -> None:
    allocation = allocate_seats(market, 2, among={"province": "ON"}, n_draws=10, n_check=10, rng=1)
    assert allocation.to_frame()["school"].unique().tolist() == ["University of Toronto"]
    assert allocation.provenance.settings["among"] == {"province": "ON"}


def test_the_same_rng_gives_the_same_places(market, allocations) -> None:
    again = allocate_seats(market, 4, objective="most_better_off", n_draws=200, n_check=20, rng=3)
    pd.testing.assert_frame_equal(again.steps, allocations["most_better_off"].steps)


def test_an_allocation_answers_what_results_answer(allocations, tmp_path) -> None:
    allocation = allocations["fewest_unmatched_cmg"]
    assert "in proportion" in allocation.summary()
    assert allocation.plot(ax=Figure().add_subplot()).get_title(loc="left") == "What 4 more seats do"
    path = allocation.save(tmp_path / "seats.csv")
    assert pd.read_csv(path)["by_seat_value"].sum() == 4


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"k": 0}, ArgumentError, "k=0"),
        ({"k": 1.5}, ArgumentError, "k=1.5"),
        ({"k": 1, "n_draws": 0}, ArgumentError, "n_draws"),
        ({"k": 1, "objective": "most_better"}, UnknownNameError, "'most_better_off'"),
        ({"k": 1, "among": {"provnce": "ON"}}, UnknownNameError, "'province'"),
        ({"k": 1, "among": {"province": "O"}}, UnknownNameError, "'ON'"),
        ({"k": 1, "among": {"province": "QC", "eligibility": "MOTP"}}, ArgumentError, "selects no program"),
    ],
)
def test_bad_placements(market, options, error, message) -> None:
    with pytest.raises(error, match=message):
        allocate_seats(market, **options)
    with pytest.raises(UnknownNameError, match="'in proportion'"):
        allocate_seats(market, 1, n_draws=10, n_check=10, rng=1).bands(against="proportion")


@pytest.fixture(scope="module")
def found(market):
    return find_sensitivity(market, n=8, draws_per_point=1, independent=True, rng=3)


class TestSensitivity:
    def test_one_row_per_result_input_and_order(self, found, market):
        frame = found.to_frame()
        tables = (market.cohort.parameters, market.cohort.classes)
        moving = sum(int((table["high"] > table["low"]).sum()) for table in tables)
        assert len(frame) == len(HEADLINES) * 2 * moving
        assert set(frame["order"]) == {"first", "total"}
        still = frame["metric"].isin(found.results.query("sd == 0")["metric"])
        assert (frame["lower"].isna() == still).all()
        assert (frame["lower"] <= frame["upper"])[~still].all()
        assert frame["n_draws"].unique().tolist() == [8 * (moving + 2)]
        assert found.results["mean"].ge(0).all()

    def test_an_input_that_alone_moves_the_answer_has_all_of_it(self, market):
        """Held but for two sizes, one wide and one of three persons: the first has the variance, the other none."""
        cohort = market.cohort
        for name, row in cohort.parameters.iterrows():
            cohort = cohort.with_parameter(str(name), row["value"], source="held for this test")
        classes = cohort.classes.assign(low=cohort.classes["size"], high=cohort.classes["size"])
        programs = market.programs.drop(columns="province")
        held = carms.Market.from_gold(programs, replace(cohort, classes=classes))
        with pytest.raises(ArgumentError, match="takes two"):
            find_sensitivity(held, independent=True, n=8)
        classes.loc["cmg_current", ["low", "high"]] = [10.0, 60.0]
        classes.loc["military", ["low", "high"]] = [
            classes.loc["military", "size"] - 1,
            classes.loc["military", "size"],
        ]
        two = carms.Market.from_gold(programs, replace(cohort, classes=classes))
        frame = find_sensitivity(
            two, independent=True, n=64, draws_per_point=1, metric="unmatched_cmg", rng=3
        ).to_frame()
        got = frame.set_index(["input", "order"])["estimate"]
        assert got["size of cmg_current", "total"] == pytest.approx(1.0, abs=0.1)
        assert got["size of cmg_current", "first"] == pytest.approx(1.0, abs=0.1)
        assert got["size of military", "total"] == pytest.approx(0.0, abs=0.05)

    def test_headlines_are_those_of_the_outcomes(self, market):
        """Where no input moves, every point of the design runs the same ten draws, which a study runs too."""
        cohort = market.cohort.without_draws()
        for name, row in cohort.parameters.iterrows():
            cohort = cohort.with_parameter(str(name), row["value"], source="held for this test")
        size = cohort.classes["size"].round()
        classes = cohort.classes.assign(size=size, low=size, high=size)
        classes.loc[["cmg_current", "img"], "high"] += 1e-9  # two must have a range, however narrow
        held = carms.Market.from_gold(market.programs.drop(columns="province"), replace(cohort, classes=classes))
        found = find_sensitivity(held, independent=True, n=8, draws_per_point=10, rng=5).results.set_index("metric")
        assert found["sd"].tolist() == pytest.approx([0.0] * len(HEADLINES))
        study = carms.simulate(held, n_draws=10, rng=5)
        country = study.outcomes().to_frame().set_index("metric")["estimate"]
        by_discipline = study.outcomes("discipline").to_frame().set_index(["metric", "discipline"])["estimate"]
        of_class = study.outcomes("applicant_class").to_frame().set_index(["metric", "applicant_class"])["estimate"]
        outcomes = study.outcomes_of()
        discipline = outcomes.programs["discipline"].to_numpy()
        choosing = outcomes.wished >= 0
        same = (outcomes.final >= 0) & (discipline[outcomes.final] == discipline[outcomes.wished])
        streams = classes.query("graduates_of == 'schools' and stream == 'CMG'").index
        assert found["mean"].to_dict() == pytest.approx(
            {
                "unmatched_cmg": of_class["unmatched"][streams].sum(),
                "matched_img": of_class["matched"][classes.index[classes["stream"] == "IMG"]].sum(),
                "unfilled": country["unfilled"],
                "unfilled_family_medicine": by_discipline["unfilled", "Family Medicine"],
                "first_choice_lost": (choosing & ~same).sum() / choosing.sum(),
            }
        )

    def test_a_result_answers_what_results_answer(self, found, tmp_path):
        assert "size of" in found.summary()
        ax = found.plot(ax=Figure().add_subplot(), metric="unfilled", n_rows=3)
        assert len(ax.get_yticklabels()) == 3
        assert len(pd.read_csv(found.save(tmp_path / "s.csv"))) == len(found.to_frame())

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"n": 12}, ArgumentError, "power of 2"),
            ({"n": 4}, ArgumentError, "at least 8"),
            ({"draws_per_point": 0}, ArgumentError, "draws_per_point"),
            ({"metric": "unmatched"}, UnknownNameError, "'unmatched_cmg'"),
            ({"level": 2}, ArgumentError, "level"),
            ({"independent": "yes"}, ArgumentError, "independent"),
        ],
    )
    def test_bad_designs(self, market, options, error, message):
        with pytest.raises(error, match=message):
            find_sensitivity(market, **options)
