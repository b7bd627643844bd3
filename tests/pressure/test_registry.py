"""The registry of metrics: what a row must hold, and that views, figures and the documentation follow it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.plotting import plot_bands
from carms_lib.pressure import (
    ALLOCATION_METRICS,
    CHOICE_METRICS,
    COUNTS,
    HEADLINES,
    METRIC_VIEWS,
    METRICS,
    OUTCOME_METRICS,
    PLACEMENT_METRICS,
    PREFERENCE_METRICS,
    PRESSURE_METRICS,
    SEAT_METRICS,
    Measure,
    allocate_seats,
    describe_metrics,
    find_sensitivity,
    metric_of,
    metrics_of,
    seat_values,
    summarise,
)
from carms_lib.pressure.allocation.objectives import Aim
from carms_lib.provenance import Provenance

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "pressure.md"
pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")


def table_of(view: str | None) -> str:
    """The table of the page, from the registry."""
    columns = ["metric", "definition", "unit"] if view else ["metric", "definition", "unit", "iterations", "views"]
    rows = describe_metrics(view)[columns].assign(metric=lambda t: "`" + t["metric"] + "`")
    lines = [columns, ["---"] * len(columns), *rows.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@pytest.mark.parametrize("view", ["pressure", "all"])
def test_the_tables_of_the_page_are_those_of_the_registry(view: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- metrics: {view} -->\n\n(.*?)\n\n<!-- end -->", text, flags=re.DOTALL)
    assert found, f"{PAGE.name} has no table between <!-- metrics: {view} --> and <!-- end -->"
    wanted = table_of(None if view == "all" else view)
    assert found[1] == wanted, f"{PAGE.name} lags behind the registry; the table is now\n{wanted}"


# --- rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "no name"),
        ({"unit": ""}, "no unit"),
        ({"label": ""}, "no label"),
        ({"definition": ""}, "no definition"),
        ({"views": ()}, "no views"),
        ({"form": "percent"}, "unknown form 'percent'"),
        ({"iterations": "third"}, "unknown iterations 'third'"),
        ({"views": ("presure",)}, "unknown view 'presure'"),
        ({"numerator": "first_choices_won"}, "unknown count of 'pressure' 'first_choices_won'"),
        ({"numerator": "seats - filed"}, "unknown count of 'pressure' 'filed'"),
        ({"denominator": "persons"}, "unknown count of 'pressure' 'persons'"),
        ({"denominator": None}, "share without a denominator"),
    ],
)
def test_a_row_that_lacks_something_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        replace(METRICS["pressure"], **change)


def test_every_metric_has_its_own_label() -> None:
    labels = [metric.label for metric in METRICS.values()]
    assert len(set(labels)) == len(labels)
    assert all(name == metric.name for name, metric in METRICS.items())


def test_shares_are_said_to_be_shares() -> None:
    for metric in METRICS.values():
        assert (metric.form == "share") == (metric.unit == "share, 0 to 1"), metric.name


def test_persons_or_seats_by_hand() -> None:
    assert metric_of("pressure").of == metric_of("unmatched").of == metric_of("first_choice_ratio").of == "persons"
    assert metric_of("unfilled").of == metric_of("fill_rate").of == metric_of("seat_taken").of == "seats"


def test_shares_of_persons_are_those_that_are_suppressed(small_study: carms.Study) -> None:
    few = small_study.pressure(fewest=10_000).to_frame().set_index("metric")["estimate"]
    suppressed = {name for name in PRESSURE_METRICS if METRICS[name].is_share_of_persons}
    assert suppressed == set(few.index[few.isna()]) == {
        "pressure", "pressure_funnel", "pressure_scarcity", "pressure_competition", "unmatched_risk",
    }  # fmt: skip


def test_an_unknown_name_gets_a_near_one() -> None:
    with pytest.raises(UnknownNameError, match="'pressure'"):
        metric_of("presure")
    with pytest.raises(UnknownNameError, match="'outcomes'"):
        metrics_of("outcome")
    with pytest.raises(UnknownNameError, match="'outcomes'"):
        describe_metrics("outcome")


def test_every_count_is_made_by_a_view_and_every_view_shows_a_metric() -> None:
    made = {count for view in METRIC_VIEWS.values() for count in view.counts}
    assert made == set(COUNTS)
    assert {view for metric in METRICS.values() for view in metric.views} == set(METRIC_VIEWS)
    assert set(describe_metrics()["of"]) == {"persons", "seats"}


# --- views -----------------------------------------------------------------------------------------------


def test_views_show_the_metrics_of_their_rows_in_order(small_study: carms.Study, market: carms.Market) -> None:
    """A count that a view promises and does not make would leave its metrics out here."""
    values = seat_values(market, n_draws=10, rng=1)
    placed = allocate_seats(market, 1, n_draws=10, n_check=10, rng=1)
    every = Aim("fewest_unmatched_cmg", discipline="Family Medicine", need=np.ones(market.n_programs))
    gains = {name: np.ones((10, len(every.counts))) for name in placed._gains}
    placed = replace(placed, _aim=every, _gains=gains)
    shown = {
        "pressure": (small_study.pressure(), PRESSURE_METRICS),
        "outcomes": (small_study.outcomes(), OUTCOME_METRICS),
        "placements": (small_study.outcomes(["applicant_class", "discipline"]), PLACEMENT_METRICS),
        "choices": (small_study.choices_obtained("discipline"), CHOICE_METRICS),
        "preferences": (small_study.preferences(), PREFERENCE_METRICS),
        "seat_values": (values.bands(), SEAT_METRICS),
        "gains": (values.gains(), metrics_of("gains")),
        "allocation": (placed.bands(), ALLOCATION_METRICS),
        "headlines": (find_sensitivity(market, n=8, draws_per_point=1, independent=True, rng=1), tuple(HEADLINES)),
    }
    assert set(shown) == set(METRIC_VIEWS)
    for view, (answer, names) in shown.items():
        assert tuple(answer.to_frame()["metric"].unique()) == names == metrics_of(view)


def test_a_figure_of_an_unknown_metric_is_refused() -> None:
    made = summarise(
        {"baseline": [Measure("pressures", pd.DataFrame({"x": [1, 2] * 50}).to_numpy())]},
        pd.DataFrame({"discipline": ["Psychiatry"]}), level=0.9, kind="outcome", draws_per_input=10,
        headline="pressures", provenance=Provenance(),
    )  # fmt: skip
    with pytest.raises(UnknownNameError, match="'pressure'"):
        plot_bands(made)
