"""Do bands keep their promise? Coverage on synthetic markets whose truth is known.

    python docs/make_coverage.py            # the long study; writes docs/explanation/coverage.md
    python docs/make_coverage.py --quick    # the same on fewer draws; prints and writes nothing

The market is nine programs and about 540 applicants of the bundled cohort, so that the truth can be simulated too:

outcome
    A next year is drawn from the model: another setting of the uncertain inputs, other chance. Does it lie in the band?
mean
    The mean over very many settings and draws is the truth. Does the band of a short study hold it?
input
    A setting is drawn, and its expectation found from very many draws of that setting alone. Does it lie in the band?
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
from carms_lib.exceptions import TooFewDrawsWarning
from carms_lib.simulator import BASELINE
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, run_block
from carms_lib.simulator.study.replay import plan_blocks

PAGE = Path(__file__).resolve().parent / "explanation" / "coverage.md"
NATIONAL, OTHERS = (PAGE.with_name(f"coverage-{name}.csv") for name in ("national", "others"))
LEVEL = 0.90
TRUTHS = 2_000  # next years, short studies, settings: a share of so many has a standard error of 0.7 points
METRICS = ("matched", "unmatched", "matched_first_iteration", "filled", "unfilled", "unfilled_first_iteration")
_COLUMNS = ["program_stream_id", "discipline", "school", "eligibility", "school_province", "language", "quota"]


def synthetic_market(size: float = 0.1) -> carms.Market:
    """Nine programs and `size` times the applicants of the bundled cohort."""
    rows = [
        ("10", "Family Medicine", "University of Toronto", "CMG", "ON", "en", 120, "76 - 100"),
        ("11", "Family Medicine", "University of Toronto", "IMG", "ON", "en", 30, "0 - 25"),
        ("12", "Family Medicine", "Université Laval", "ALL", "QC", "fr", 80, "76 - 100"),
        ("13", "Psychiatry", "University of Toronto", "CMG", "ON", "en", 40, "26 - 50"),
        ("14", "Psychiatry", "Université Laval", "ALL", "QC", "fr", 20, "51 - 75"),
        ("15", "Dermatology", "University of Calgary", "CMG", "AB", "either", 10, "0 - 25"),
        ("16", "Family Medicine", "University of Calgary", "CMG", "AB", "en", 50, "76 - 100"),
        ("17", "Family Medicine", "University of Calgary", "IMG", "AB", "en", 10, "0 - 25"),
        ("18", "Family Medicine", "University of Calgary", "MOTP", "AB", "en", 5, "51 - 75"),
    ]
    programs = pd.DataFrame(rows, columns=[*_COLUMNS, "interview_band"])
    programs["quota"] = (programs["quota"] * size * 10).round().clip(lower=1).astype(int)
    national = carms.load_cohort("2025")
    classes = national.classes.copy()
    for column in ("size", "low", "high"):
        classes[column] = national.classes[column] * size
    return carms.Market.from_gold(programs, replace(national, classes=classes))


def values_of(outcomes: carms.simulator.Outcomes) -> dict[str, np.ndarray]:
    """The metrics of every draw, counted without the library's own counters."""
    taking_part = (outcomes.final > -2).sum(axis=1)
    matched, first = (outcomes.final >= 0).sum(axis=1), (outcomes.first >= 0).sum(axis=1)
    seats = outcomes.quota.sum(axis=1)
    numbers = (matched, taking_part - matched, first, matched, seats - matched, seats - first)
    return dict(zip(METRICS, numbers, strict=True))


def bands_of(study: carms.Study, kind: str) -> pd.DataFrame:
    """Return all bands of one kind of a study, indexed by metric."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TooFewDrawsWarning)
        frame = study.outcomes(kind=kind, level=LEVEL, scenario=BASELINE).to_frame()
    return frame[frame["metric"].isin(METRICS)].set_index("metric")


def inside(bands: pd.DataFrame, metric: str, truth: np.ndarray) -> np.ndarray:
    """Return which values of the truth the band of a metric holds."""
    return (bands.loc[metric, "lower"] <= truth) & (truth <= bands.loc[metric, "upper"])


def cover_outcome(market: carms.Market, *, studies: int, n_draws: int, truths: int, rng: int) -> dict[str, float]:
    """Share of next years, one from each of `truths` settings, that lie in the bands of `studies` studies."""
    next_years = carms.simulate(market, n_draws=truths * DRAWS_PER_INPUT, rng=rng).outcomes_of()
    one_each = {name: numbers[::DRAWS_PER_INPUT] for name, numbers in values_of(next_years).items()}
    found: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for i in range(studies):
        bands = bands_of(carms.simulate(market, n_draws=n_draws, rng=rng + 1 + i), "outcome")
        for metric in METRICS:
            found[metric].append(float(inside(bands, metric, one_each[metric]).mean()))
    return {metric: float(np.mean(shares)) for metric, shares in found.items()}


def cover_mean(market: carms.Market, *, studies: int, n_draws: int, rng: int) -> dict[str, float]:
    """Share of `studies` short studies whose band holds the mean of all of them together."""
    whole = carms.simulate(market, n_draws=studies * n_draws, rng=rng)
    truth = {metric: numbers.mean() for metric, numbers in values_of(whole.outcomes_of()).items()}
    found: dict[str, list[bool]] = {metric: [] for metric in METRICS}
    for start in range(0, whole.n_draws, n_draws):
        part = carms.Study(
            {BASELINE: whole.outcomes_of(BASELINE, start, start + n_draws)},
            entropy=rng,
            inputs=whole.inputs,
            provenance=whole.provenance,
        )
        bands = bands_of(part, "mean")
        for metric in METRICS:
            found[metric].append(bool(inside(bands, metric, truth[metric])))
    return {metric: float(np.mean(held)) for metric, held in found.items()}


def cover_input(
    market: carms.Market, *, studies: int, n_draws: int, truths: int, draws_of_truth: int, rng: int
) -> dict[str, float]:
    """Share of `truths` settings whose expectation, found from many draws, lies in the bands of `studies` studies."""
    _, plans = plan_blocks(market, truths * DRAWS_PER_INPUT, rng)
    expected: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for plan in plans:
        many = np.arange(draws_of_truth)
        result = run_block(market, [market], plan.entropy, plan.block, many, plan.inputs)[0]
        outcomes = carms.simulator.Outcomes(market.programs, market.applicants, *result)
        for metric, numbers in values_of(outcomes).items():
            expected[metric].append(float(numbers.mean()))
    found: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for i in range(studies):
        bands = bands_of(carms.simulate(market, n_draws=n_draws, rng=rng + 1 + i), "input")
        for metric in METRICS:
            found[metric].append(float(inside(bands, metric, np.array(expected[metric])).mean()))
    return {metric: float(np.mean(shares)) for metric, shares in found.items()}


def study(quick: bool) -> pd.DataFrame:
    """Return the share of truths that bands hold, by metric (rows) and kind (columns)."""
    market = synthetic_market()
    few = 4 if quick else 1
    kinds = {
        "outcome": cover_outcome(market, studies=8 // few, n_draws=1_500, truths=TRUTHS // few, rng=100),
        "mean": cover_mean(market, studies=TRUTHS // few, n_draws=100, rng=200),
        "input": cover_input(
            market, studies=8 // few, n_draws=1_500, truths=TRUTHS // few, draws_of_truth=100, rng=300
        ),
    }
    frame = pd.DataFrame(kinds)
    frame.loc["all of them"] = frame.mean()
    return frame


def national_section() -> str:
    """Return the section on the real cohort, from the table that `make_coverage_national.py` wrote."""
    table = pd.read_csv(NATIONAL)
    rows = []
    for (view, kind), part in table.groupby(["view", "kind"], sort=False):
        cells = [f"| {view} | {kind} "]
        for is_rare in (False, True):
            own = part[part["rare"] == is_rare]
            if own.empty:
                cells.append("| – | – ")
                continue
            ends = [np.average(own[name], weights=own["cells"]) for name in ("without_ends", "coverage")]
            told = f"{ends[1]:.1%}" if ends[1] - ends[0] < 0.005 else f"{ends[0]:.1%} to {ends[1]:.1%}"
            cells.append(f"| {int(own['cells'].sum()):,} | {told} ")
        rows.append("".join(cells) + "|")
    body = "\n".join(rows)
    most = int(table["repetitions"].max())
    low = table[(table["coverage"] < 0.87) & (table["cells"] > 0)]
    less = [
        f"`{row.metric}` ({row.view}, {row.kind}{', rare' if row.rare else ''}): {row.coverage:.1%}"
        for row in low.itertuples()
    ]
    holds_less = (
        "None holds less than 87 % on average over its cells." if low.empty else f"Less than 87 %: {'; '.join(less)}."
    )
    worst = float(table["least"].min())
    return f"""## On the real cohort

The bundled release, the cohort of 2025 and the scenario “Ontario FM +10 %”: {most} studies of 1,000 draws on 100
settings, and for each a truth that the study did not see. A cell is one metric of one group; cells of fewer than five
persons or seats in an average draw are apart. Written by `docs/make_coverage_national.py`. Where a band often ends on
the truth, as that of a small whole number does, both shares are given: without the ends and with them.

| view | kind | cells | hold the truth | rare cells | hold the truth |
| --- | --- | --- | --- | --- | --- |
{body}

{holds_less} The cell that holds least holds {worst:.0%}; a cell of {most} repetitions has a standard error of 1.5
points.

{others_section()}

## Where 90 % is at least 90 %

Three kinds of band hold more than they say, and cannot hold less:

- **Counts of few.** A count that is 0, 1 or 2 in most years takes so few values that one of them alone can be more than
  the level. With its ends a band of whole numbers holds more than 90 %, without them less; both shares are given.
- **Differences that are zero in most draws**, for the same reason.
- **Averages (kind mean) of a cohort with joint draws, and their ranks.** The bundled cohorts hold 200 joint draws of
  their inputs, and a study of 1,000 draws visits 100 of them, each once. That pins an average down better than 100
  free draws would, and the band takes no credit for it. Intervals of ranks hold together for all groups, with whole
  ranks."""


def others_section() -> str:
    """Return the section on bands that are no views of a study, from `make_coverage_others.py`."""
    table = pd.read_csv(OTHERS)
    of_cohort, made = (table[(table["kind"] == "known truth") == is_made] for is_made in (False, True))
    lines = []
    for (view, kind), part in of_cohort.groupby(["view", "kind"], sort=False):
        ends = [np.average(part[name], weights=part["cells"]) for name in ("without_ends", "coverage")]
        told = f"{ends[1]:.1%}" if ends[1] - ends[0] < 0.005 else f"{ends[0]:.1%} to {ends[1]:.1%}"
        lines.append(f"| {view} | {kind} | {int(part['cells'].sum())} | {told} |")
    known = [f"| {row.view} | {row.metric} | {row.coverage:.1%} |" for row in made.itertuples()]
    outside = made[~made["coverage"].between(0.87, 0.93) & (made["view"] != "sensitivity, largest among the leading")]
    low = of_cohort[of_cohort["coverage"] < 0.87]
    less = [
        f"`{row.metric}` ({row.view}, {row.kind}{', rare' if row.rare else ''}): {row.coverage:.1%}"
        for row in low.itertuples()
    ]
    holds_less = "None holds less than 87 %." if low.empty else f"Less than 87 %: {'; '.join(less)}."
    most = int(table["repetitions"].max())
    return f"""## Seat values and allocation, on the real cohort

As above, {most} studies of 1,000 draws from a pool of 10,000; five seats were placed. Written by
`docs/make_coverage_others.py`.

| band | kind | cells | hold the truth |
| --- | --- | --- | --- |
{chr(10).join(lines)}

{holds_less}

## Shares, series and sensitivity, on truths that are made

{most} repetitions each. Shares of groups are drawn from a beta distribution, series from a law, results from given
inputs of the cohort of 2025. {len(outside)} of {len(made)} rows lie outside 87 to 93 %; “largest among the leading” is
a promise of at least 90 %, and “all groups together” one of the whole set.

| band | truth | holds |
| --- | --- | --- |
{chr(10).join(known)}"""


def page(frame: pd.DataFrame) -> str:
    """Return the page for the shares that `study` returned."""
    rows = "\n".join(
        f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"
        for name, shares in zip(frame.index, frame.to_numpy(), strict=True)
    )
    of_metrics = frame.drop(index="all of them").to_numpy()
    worst = np.abs(of_metrics - LEVEL).max()
    error = np.sqrt(LEVEL * (1.0 - LEVEL) / TRUTHS)
    outside = int(((of_metrics < 0.87) | (of_metrics > 0.93)).sum())
    return f"""# Do the bands keep their promise?

A 90 % band should hold the truth 90 % of the time. Where the truth is known that can be counted. This page is written
by `docs/make_coverage.py`; a shorter form of it runs with the tests, and one that goes through every
metric by name.

The market is synthetic, nine programs and about 540 applicants of the bundled cohort, small enough to simulate the
truth itself many times over. What is counted differs by kind, as the kinds promise different things:

- **outcome**: next years, drawn from the model with inputs and chance of their own, that lie in the band;
- **mean**: short studies of 100 draws whose band holds the mean over all draws of all of them;
- **input**: settings of the inputs whose expectation, found from 100 draws of that setting alone, lies in the band.

There are {TRUTHS:,} truths of each kind. By their number alone a share has a standard error of {100 * error:.1f}
points; metrics of one market rise and fall together, and so do their shares.

| metric | outcome | mean | input |
| --- | --- | --- | --- |
{rows}

The worst of the {of_metrics.size} shares is {100 * worst:.1f} points from 90 %; {outside} of them lie outside 87 to
93 %.

{national_section()}

This says that the bands are right if the model is. It does not say that the model is right: next year's real match
is not a draw from it. What the model gets wrong about published years is a matter of the back-test.
"""


def main() -> None:
    """Run the study, print its shares and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer draws; print and write nothing")
    given = parser.parse_args()
    frame = study(given.quick)
    sys.stdout.write(frame.to_string(float_format=lambda share: f"{share:.3f}") + "\n")
    if not given.quick:
        PAGE.write_text(page(frame), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
