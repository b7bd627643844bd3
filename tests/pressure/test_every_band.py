"""Every metric's band, of every kind, on a synthetic market whose truth is simulated.

Nine programs and some fifty applicants, so that the truth can be had from many independent draws. A 90 % band must hold
it within four standard errors of a binomial share; where a metric takes few values, ties with the ends count for the
band when it is asked to hold enough, and against it when it is asked not to hold too much. The long study, on a larger
market, is a page of the docs; what is counted for each kind is said there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.pressure import (  # private: draws before bands
    ALLOCATION_METRICS,
    CHOICE_METRICS,
    KINDS,
    OUTCOME_METRICS,
    PLACEMENT_METRICS,
    PREFERENCE_METRICS,
    PRESSURE_METRICS,
    SEAT_METRICS,
    Measure,
    SeatValues,
    _choices,
    _pressure,
    _seat_values,
    summarise,
)
from carms_lib.pressure.allocation.objectives import Aim
from carms_lib.pressure.allocation.placement import judge
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, Outcomes
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, run_block
from carms_lib.simulator.study.replay import BlockPlan, plan_blocks
from scipy import stats

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

LEVEL, ERRORS = 0.90, 4.0
METRICS = (
    *dict.fromkeys((*PRESSURE_METRICS, *OUTCOME_METRICS, *PLACEMENT_METRICS, *CHOICE_METRICS, *PREFERENCE_METRICS)),
    *SEAT_METRICS, "better_off",
    *(f"{name} by three seats" for name in ALLOCATION_METRICS),
)  # fmt: skip
SHORT = 100  # draws of a short study
DRAWS_OF_TRUTH = 50
WIDEST = 1.5  # times the spread of expectations, of a band that chance alone makes
MOVED = 0.4  # of the spread of the means of ten draws; less, and chance hides from few studies what inputs do


class Counted(NamedTuple):
    """A metric in every draw of many settings of the inputs, and in very many draws of some other settings."""

    draws: Measure  # [D, G], ten draws a setting
    settings: Measure  # [D, G], DRAWS_OF_TRUTH draws a setting


@pytest.fixture(scope="module")
def of_couples(programs: pd.DataFrame, cohort: carms.Cohort) -> carms.Market:
    """The nine programs and a cohort in which couples are many, so that what they do is not too rare to count."""
    return carms.Market.from_gold(programs, cohort.with_parameter("couples_share", 0.1, source="for this test"))


def plans(market: carms.Market, settings: int, draws: int, rng: int) -> list[BlockPlan]:
    """The settings of a study, each with as many draws as wanted."""
    _, found = plan_blocks(market, settings * DRAWS_PER_INPUT, rng)
    return [plan._replace(draws=np.arange(plan.block * draws, (plan.block + 1) * draws)) for plan in found]


def study_of(market: carms.Market, settings: int, draws: int, rng: int) -> carms.Study:
    blocks = [
        run_block(market, [market], plan.entropy, plan.block, plan.draws, plan.inputs)[0]
        for plan in plans(market, settings, draws, rng)
    ]
    joined = [np.concatenate(arrays) for arrays in zip(*blocks, strict=True)]
    outcomes = Outcomes(market.programs, market.applicants, *joined)
    return carms.Study({BASELINE: outcomes}, entropy=rng, inputs=pd.DataFrame(), provenance=Provenance())


def values_of(market: carms.Market, settings: int, draws: int, rng: int) -> SeatValues:
    blocks = [_seat_values._follow_block((market, plan)) for plan in plans(market, settings, draws, rng)]
    return SeatValues(market.programs, market.applicants, BASELINE, Provenance(), _seat_values._join(blocks))


def counted_by(*views: Callable[[], Any]) -> list[Measure]:
    """What views count in every draw, before there are bands."""
    caught: list[Measure] = []

    def catch(measures: dict[str, list[Measure]], *_: Any, **__: Any) -> None:
        caught.extend(next(iter(measures.values())))

    with pytest.MonkeyPatch.context() as patch:
        for module in (_pressure, _choices, _seat_values):
            patch.setattr(module, "summarise", catch)
        for view in views:
            view()
    return caught


def measures_of(market: carms.Market, of_couples: carms.Market, settings: int, draws: int, rng: int) -> list[Measure]:
    """Every metric in every draw; the dearer ones in some of the settings."""
    study = study_of(market, settings, draws, rng)
    values = values_of(of_couples, settings // 2, draws, rng)
    three = np.eye(market.n_programs, dtype=np.int64)[0] * 3
    aim = Aim("most_filled", discipline="Family Medicine", need=np.ones(market.n_programs))  # so that all are counted
    some = plans(market, settings * 3 // 10, draws, rng)
    gains = np.concatenate([judge(market, plan, {"three": lambda _: three}, aim)["three"] for plan in some])
    allocated = [Measure(f"{name} by three seats", gains[:, [i]]) for i, name in enumerate(ALLOCATION_METRICS)]
    asked = (
        study.pressure, lambda: study.outcomes("first_language", where={"eligibility": "CMG"}), study.outcomes,
        lambda: study.choices_obtained("province"), study.preferences,
        values.bands, values.gains,
    )  # fmt: skip
    counted = [measure._replace(fewest=0.0) for view in asked for measure in counted_by(view)]
    return counted + allocated


def sums(measure: Measure, draws: int) -> Measure:
    """Add up the draws of each setting."""
    top, bottom = (
        None if each is None else each.reshape(-1, draws, each.shape[1]).sum(axis=1)
        for each in (measure.top, measure.bottom)
    )
    return measure._replace(top=top / draws, bottom=None if bottom is None else bottom / draws)


@pytest.fixture(scope="module")
def counted(market: carms.Market, of_couples: carms.Market) -> dict[str, Counted]:
    short = measures_of(market, of_couples, 800, DRAWS_PER_INPUT, 11)
    long = measures_of(market, of_couples, 160, DRAWS_OF_TRUTH, 12)
    pairs = zip(short, long, strict=True)  # two views count unfilled and first_choices: the last one's is taken
    return {one.metric: Counted(one, other) for one, other in pairs}


def rows(measure: Measure, start: int, stop: int, step: int = 1) -> Measure:
    top, bottom = (None if each is None else each[start:stop:step] for each in (measure.top, measure.bottom))
    return measure._replace(top=top, bottom=bottom)


def side_by_side(measure: Measure) -> Measure:
    """Cut the draws into short studies, each a group of its own."""
    top, bottom = (
        None if each is None else each.reshape(-1, SHORT, each.shape[1]).swapaxes(0, 1).reshape(SHORT, -1)
        for each in (measure.top, measure.bottom)
    )
    return measure._replace(top=top, bottom=bottom)


def values(measure: Measure) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(measure.top if measure.bottom is None else measure.top / measure.bottom, dtype=float)


def band(measure: Measure, kind: str) -> tuple[np.ndarray, np.ndarray]:
    keys = pd.DataFrame({"group": range(measure.top.shape[1])})
    frame = summarise(
        {BASELINE: [measure]}, keys, level=LEVEL, kind=kind, draws_per_input=DRAWS_PER_INPUT, headline=measure.metric,
        provenance=Provenance(),
    ).to_frame()  # fmt: skip
    return frame["lower"].to_numpy(), frame["upper"].to_numpy()


def held(truth: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the share of truths that lie in the band, and that lie in it strictly.

    A band that is widened a little beyond a whole number does not hold it strictly.
    """
    there = np.isfinite(truth)
    tiny = 1e-9
    whole = 0.25 if (truth[there] % 1 == 0).all() else tiny
    loose = (truth >= ends[0] - tiny) & (truth <= ends[1] + tiny)
    strict = (truth > ends[0] + whole) & (truth < ends[1] - whole)
    return np.array([loose[there].mean(), strict[there].mean()])


def cover(one: Counted, kind: str) -> tuple[np.ndarray, int]:
    """Return how often bands of one kind hold the truth, loosely and strictly, and from how many independent cases."""
    draws = len(one.draws.top)
    if kind == "outcome":  # next years, one from each setting of the other half
        half = draws // 2
        halves = [(0, half), (half, draws)]
        found = [
            held(values(rows(one.draws, *other, DRAWS_PER_INPUT)), band(rows(one.draws, *own), kind))
            for own, other in (halves, halves[::-1])
        ]
        return np.mean(found, axis=0), draws // DRAWS_PER_INPUT // 2
    if kind == "mean":  # short studies, and the mean of all of them together
        truth = values(sums(one.draws, draws))
        each = side_by_side(one.draws)
        ends = [end.reshape(-1, truth.shape[1]) for end in band(each, kind)]
        return held(np.broadcast_to(truth, ends[0].shape), (ends[0], ends[1])), len(ends[0])
    # Settings, and the expectation of each from very many draws of it alone.
    truth, moved = expectations(one.settings)
    ends = band(one.draws, kind)
    if not moved.all():  # nobody can say where the expectations lie; the band must not claim that they lie far apart
        spread = values(sums(one.settings, DRAWS_OF_TRUTH)).std(axis=0)
        assert ((ends[1] - ends[0])[~moved] <= WIDEST * 2 * stats.norm.ppf((1 + LEVEL) / 2) * spread[~moved]).all()
        truth[:, ~moved] = np.nan
    return held(truth, ends) if moved.any() else np.array([LEVEL, LEVEL]), len(truth)


def expectations(measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """Return what a metric is expected to be in each setting, and of which groups inputs move it more than chance does.

    Each is the mean of many draws, and chance is still in it: it is drawn in by as much as chance widens their spread.
    """
    means = values(sums(measure, DRAWS_OF_TRUTH))
    scale = 1.0 if measure.bottom is None else measure.bottom.mean(axis=0)
    centre = values(sums(measure, len(measure.top)))
    residual = (measure.top - (0.0 if measure.bottom is None else centre * measure.bottom)) / scale
    within = residual.reshape(-1, DRAWS_OF_TRUTH, residual.shape[1]).var(axis=1, ddof=1).mean(axis=0) / DRAWS_OF_TRUTH
    between = np.maximum(means.var(axis=0, ddof=1) - within, 0.0)
    with np.errstate(invalid="ignore"):  # 0 / 0 of what never varies, which inputs do not move
        of_block = between / (between + within * DRAWS_OF_TRUTH / DRAWS_PER_INPUT)
        return centre + (means - centre) * np.sqrt(between / (between + within)), of_block > MOVED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
def test_a_band_holds_the_truth_as_often_as_it_says(counted: dict[str, Counted], metric: str, kind: str) -> None:
    (loose, strict), cases = cover(counted[metric], kind)
    tolerance = ERRORS * np.sqrt(LEVEL * (1 - LEVEL) / cases)
    assert loose >= LEVEL - tolerance
    assert strict <= LEVEL + tolerance


def test_no_metric_is_left_out(counted: dict[str, Counted]) -> None:
    assert set(counted) == set(METRICS)
