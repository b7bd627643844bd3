"""Coverage of every kind of band on the real cohort, at the size of study that the notebooks and the memo use.

    python docs/make_coverage_national.py            # the long study; writes docs/explanation/coverage-national.csv
    python docs/make_coverage_national.py --quick    # fewer repetitions; prints and writes nothing

One large pool of settings is simulated: the bundled release, the cohort of 2025, and one scenario. A repetition is a
study of `SETTINGS` settings of the pool, whose joint draws of the inputs are distinct as in a study, and a truth that
the study did not see:

outcome
    One draw of a setting that is not in the study.
mean
    The mean over the whole pool. The pool holds the study, whose error is therefore smaller by sqrt(1 - f), f being the
    share of the pool that the study is; the distance is made larger by as much.

Bands of kind input are counted on the synthetic market of `make_coverage`, where the expectation of a setting can be
had from very many draws of it.

Coverage is counted for each cell over all repetitions, then averaged over the cells of a view. A cell whose count is
below `RARE` in an average draw takes so few values that no band holds just 90 %: such cells are apart.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import carms_lib as carms
import numpy as np
import pandas as pd
from carms_lib.pressure._bands import Counted, Measure, _band, count
from carms_lib.pressure._choices import measure_choices
from carms_lib.pressure._pressure import measure_outcomes, measure_preferences, measure_pressure
from carms_lib.pressure.ranks import Ranking, rank_counted
from carms_lib.simulator import BASELINE
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT
from carms_lib.simulator.draw.settings import joint_rows

TABLE = Path(__file__).resolve().parent / "explanation" / "coverage-national.csv"
LEVEL = 0.90
SETTINGS = 100  # of a study of 1,000 draws
RARE = 5.0  # persons or seats in an average draw
ENTROPY = 20180
TINY = 1e-9
SCENARIO = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
#: View -> group keys.
VIEWS: dict[str, list[str] | None] = {
    "pressure": ["discipline"],
    "pressure by class": ["discipline", "eligibility"],
    "outcomes of seats": ["province", "discipline"],
    "outcomes of applicants": ["applicant_class"],
    "outcomes, country": None,
    "placements": ["applicant_class", "province"],
    "preferences": ["discipline"],
    "choices obtained": ["applicant_class"],
    "choices obtained by discipline": ["discipline"],
}


#: View and metric whose cells are read, and marked, at once.
TOGETHER = {
    ("pressure", "pressure"),
    ("pressure, difference", "pressure"),
    ("outcomes of seats", "filled"),
    ("outcomes of seats, difference", "filled"),
}


class Pool(NamedTuple):
    """Draws of many settings; `rows` is the joint draw of the inputs of each setting."""

    study: carms.Study | None
    rows: np.ndarray


class Piece(NamedTuple):
    """A metric of a view in every draw of the pool, and the one it is compared with."""

    view: str
    measure: Measure
    minus: Measure | None


def make_pool(market: carms.Market, settings: int) -> Pool:
    """Simulate the pool."""
    study = carms.simulate(market, SCENARIO, n_draws=settings * DRAWS_PER_INPUT, rng=ENTROPY)
    return Pool(study, joint_rows(study.entropy, settings, max(len(market.cohort.draws), 1)))


def pieces(study: carms.Study) -> Iterator[Piece]:
    """Go through every metric of every view, as it is and as a difference."""
    for view, by in VIEWS.items():
        for against in (None, BASELINE):
            if view.startswith("pressure"):
                found, _ = measure_pressure(
                    study, by, metric=None, first_choice="wished", iteration="final",
                    scenario=None if against else BASELINE, against=against, fewest=0.0,
                )  # fmt: skip
            elif view == "preferences":
                if against:
                    continue
                found, _ = measure_preferences(study, by or [], metric=None, first_choice="wished", scenario=BASELINE)
            elif view.startswith("choices"):
                found, _ = measure_choices(
                    study,
                    by,
                    metric=None,
                    scenario=None if against else BASELINE,
                    against=against,
                    where=None,
                    fewest=0.0,
                )
            else:
                found, _ = measure_outcomes(
                    study, by, metric=None, scenario=None if against else BASELINE, against=against
                )
            name = SCENARIO.name if against else BASELINE
            base = found[BASELINE] if against else [None] * len(found[name])
            for measure, minus in zip(found[name], base, strict=True):
                yield Piece(f"{view}, difference" if against else view, measure, minus)


def part(measure: Measure, draws: np.ndarray) -> Measure:
    """Return a measure in some of the draws."""
    top, bottom = (None if each is None else each[draws] for each in (measure.top, measure.bottom))
    return measure._replace(top=top, bottom=bottom)


def counted_in(piece: Piece, draws: np.ndarray) -> Counted:
    """Return what a study of these draws would count."""
    minus = None if piece.minus is None else part(piece.minus, draws)
    return count(part(piece.measure, draws), DRAWS_PER_INPUT, minus)


def draws_of(settings: np.ndarray) -> np.ndarray:
    """Return the numbers of all draws of some settings."""
    return (settings[:, None] * DRAWS_PER_INPUT + np.arange(DRAWS_PER_INPUT)).ravel()


def choose(pool: Pool, rng: np.random.Generator, settings: int) -> np.ndarray:
    """Return the settings of one study: as many joint draws as it has settings, each in one of its settings."""
    n_rows = int(pool.rows.max()) + 1
    if n_rows < settings:
        return np.sort(rng.choice(len(pool.rows), size=settings, replace=False))
    order = rng.permutation(len(pool.rows))
    _, first = np.unique(pool.rows[order], return_index=True)
    return np.sort(order[rng.permutation(first)[:settings]])


def hold(truth: np.ndarray, band: Mapping[str, np.ndarray]) -> np.ndarray:
    """Say of each cell whether its band holds the truth, with its ends and without; missing where there is none."""
    there = np.isfinite(truth) & np.isfinite(band["lower"])
    with_ends = (band["lower"] - TINY <= truth) & (truth <= band["upper"] + TINY)
    within = (band["lower"] + TINY < truth) & (truth < band["upper"] - TINY)
    return np.where(there, np.stack([with_ends, within]), np.nan)


def apart(estimate: np.ndarray, whole: np.ndarray, share: float) -> np.ndarray:
    """Return the truth as far from a study's estimate as if the study were no part of the pool, `share` of it."""
    return np.asarray(estimate + (whole - estimate) / np.sqrt(1.0 - share))


def row_of(view: str, metric: str, kind: str, is_rare: bool, of_cells: np.ndarray, repetitions: int) -> dict[str, Any]:
    """Return one row of the table from the coverage of its cells, ends included and not."""
    return {
        "view": view, "metric": metric, "kind": kind, "rare": is_rare, "cells": of_cells.shape[1],
        "repetitions": repetitions, "coverage": of_cells[0].mean(), "without_ends": of_cells[1].mean(),
        "least": of_cells[0].min(), "most": of_cells[0].max(),
    }  # fmt: skip


def cover(all_pieces: Iterable[Piece], pool: Pool, repetitions: int, settings: int) -> pd.DataFrame:
    """Count how often bands of measures in the draws of a pool hold what they are for.

    Returns
    -------
    pandas.DataFrame
        One row per view, metric, kind, "rare" or not: cells, repetitions, coverage, its least and its most over cells.
    """
    rows = []
    for piece in all_pieces:
        whole = count(piece.measure, DRAWS_PER_INPUT, piece.minus)
        held: dict[str, list[np.ndarray]] = {"outcome": [], "mean": []}
        rng = np.random.default_rng([ENTROPY, 1])
        for _ in range(repetitions):
            chosen = choose(pool, rng, settings)
            others = np.setdiff1d(np.arange(len(pool.rows)), chosen)
            counted = counted_in(piece, draws_of(chosen))
            next_draw = whole.of_draws[int(rng.choice(others)) * DRAWS_PER_INPUT + int(rng.integers(DRAWS_PER_INPUT))]
            truths = {"outcome": next_draw, "mean": apart(counted.estimate, whole.estimate, settings / len(pool.rows))}
            for kind, truth in truths.items():
                band = _band(counted, LEVEL, kind, DRAWS_PER_INPUT)
                held[kind].append(hold(truth, band))
        size = size_of_change = np.nan_to_num(np.abs(whole.of_draws)).mean(axis=0)
        known = np.nan_to_num(whole.of_draws)
        varies = np.ptp(known, axis=0) > 0  # a number that never changes says nothing of bands
        if piece.measure.bottom is not None:  # of a share, the smaller of what is counted and what is not
            top, bottom = piece.measure.top.mean(axis=0), piece.measure.bottom.mean(axis=0)
            size = np.minimum(top, bottom - top) if piece.measure.scale == "share" else top
            if piece.minus is not None and piece.minus.bottom is not None:
                size = size_of_change * bottom
        for kind, each in held.items():
            if each:
                with np.errstate(invalid="ignore"):
                    of_cells = np.nanmean(np.array(each), axis=0)
                for is_rare in (False, True):
                    here = of_cells[:, ((size < RARE) == is_rare) & np.isfinite(of_cells[0]) & varies]
                    if here.size:
                        rows.append(row_of(piece.view, piece.measure.metric, kind, is_rare, here, len(each)))
    return pd.DataFrame(rows)


def cover_ranks(pool: Pool, repetitions: int, settings: int) -> pd.DataFrame:
    """Count how often intervals of ranks hold the rank in an unseen draw, or the rank of the averages."""
    rows = []
    for view, by in {"ranks of disciplines": ["discipline"], "ranks of cells": ["province", "discipline"]}.items():
        found, _ = measure_pressure(
            pool.study, by, metric=["pressure", "unfilled"], first_choice="wished", iteration="final",
            scenario=BASELINE, against=None, fewest=5.0,
        )  # fmt: skip
        for measure in found[BASELINE]:
            whole = count(measure, DRAWS_PER_INPUT)
            known = np.isfinite(whole.of_draws).all(axis=0)
            if measure.bottom is not None:
                known &= measure.bottom.mean(axis=0) >= 5.0
            if known.sum() < 2:
                continue  # nothing to rank
            everything = whole.of_groups(known)
            rng = np.random.default_rng([ENTROPY, 2])
            held: dict[str, list[np.ndarray]] = {"outcome": [], "mean": []}
            for repetition in range(repetitions):
                chosen = choose(pool, rng, settings)
                others = np.setdiff1d(np.arange(len(pool.rows)), chosen)
                counted = counted_in(Piece(view, measure, None), draws_of(chosen)).of_groups(known)
                next_draw = everything.of_draws[int(rng.choice(others)) * DRAWS_PER_INPUT]
                mean = apart(counted.estimate, everything.estimate, settings / len(pool.rows))
                for kind, truth in (("outcome", next_draw), ("mean", mean)):
                    band, _ = rank_counted(counted, Ranking(5, LEVEL, kind, DRAWS_PER_INPUT, repetition))
                    rank = len(truth) + 1 - pd.Series(truth).rank(method="average").to_numpy()
                    held[kind].append(hold(rank, band))
            for kind, each in held.items():
                rows.append(row_of(view, measure.metric, kind, False, np.mean(each, axis=0), len(each)))
    return pd.DataFrame(rows)


def cover_together(pool: Pool, repetitions: int, settings: int) -> pd.DataFrame:
    """Count how often simultaneous bands of kind mean hold all their cells at once."""
    rows = []
    for piece in pieces(pool.study):
        if (piece.view, piece.measure.metric) not in TOGETHER:
            continue
        whole = count(piece.measure, DRAWS_PER_INPUT, piece.minus)
        rng = np.random.default_rng([ENTROPY, 3])
        all_held = []
        for _ in range(repetitions):
            counted = counted_in(piece, draws_of(choose(pool, rng, settings)))
            band = _band(counted, LEVEL, "mean", DRAWS_PER_INPUT, simultaneous=True)
            held = hold(apart(counted.estimate, whole.estimate, settings / len(pool.rows)), band)
            all_held.append(np.nanmin(held, axis=1, keepdims=True))
        of_all = np.mean(all_held, axis=0)
        rows.append(
            row_of(f"{piece.view}, all cells at once", piece.measure.metric, "mean", False, of_all, repetitions)
        )
    return pd.DataFrame(rows)


def study(market: carms.Market, *, settings: int, repetitions: int, size: int) -> pd.DataFrame:
    """Return the coverage of every view, metric and kind that needs no more than the pool."""
    pool = make_pool(market, settings)
    parts = [function(pool, repetitions, size) for function in (cover_ranks, cover_together)]
    parts = [cover(pieces(pool.study), pool, repetitions, size), *parts]
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Run the study, print a summary and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; print and write nothing")
    given = parser.parse_args()
    market = carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))
    quick = {"settings": 200, "repetitions": 20, "size": 40}
    long = {"settings": 2_000, "repetitions": 400, "size": SETTINGS}
    frame = study(market, **(quick if given.quick else long))
    frame["weight"] = frame["cells"]
    told = frame.groupby(["view", "kind", "rare"]).apply(
        lambda g: pd.Series(
            {name: np.average(g[name], weights=g["cells"]) for name in ("coverage", "without_ends")}
            | {"cells": g["cells"].sum()}
        )
    )
    sys.stdout.write(told.to_string(float_format=lambda share: f"{share:.3f}") + "\n")
    if not given.quick:
        frame.drop(columns="weight").to_csv(TABLE, index=False, lineterminator="\n", float_format="%.4f")


if __name__ == "__main__":
    main()
