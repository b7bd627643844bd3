"""Count how often the intervals of sensitivity by group hold, on results whose truth is known.

Run as ``python tests/benchmarks/sensitivity_coverage.py [repetitions]``. Inputs are settings of a bundled cohort's
joint draws; the result is a linear function of them, with or without a curved part, plus chance. Truths: "spread"
(every input of every group matters), "one group" (one group has most), "few inputs" (one input in each of three
groups). The truth is the Shapley effect under the correlations of many settings, by the same formula as the
estimate's.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import carms_lib as carms
import numpy as np
import pandas as pd
from carms_lib.pressure.group_effects import InputLaw, group_effects, shapley_forms
from carms_lib.simulator import INPUT_GROUPS, input_group
from carms_lib.simulator.draw.settings import draw_settings, input_moments, inputs_of_settings

LEVEL = 0.90


class Population(NamedTuple):
    """Settings to draw from, standardised, and the Shapley forms of all of them; the law is that of other settings."""

    inputs: np.ndarray
    groups: np.ndarray
    forms: np.ndarray
    correlations: np.ndarray
    law: InputLaw


def population(year: str, keep: tuple[str, ...] | None = None, settings: int = 4_000) -> Population:
    """Return many settings of a bundled cohort, of the groups to keep."""
    cohort = carms.load_cohort(year)
    theta, sizes, _ = draw_settings(cohort, 7, settings)
    frame = inputs_of_settings(cohort, 7, theta, sizes)
    frame = frame.loc[:, np.ptp(frame.to_numpy(float), axis=0) > 0]
    names = np.array(input_group(frame.columns))
    kept = np.isin(names, list(keep or INPUT_GROUPS))
    x = frame.to_numpy(float)[:, kept]
    groups = np.unique(names[kept], return_inverse=True)[1]
    mean, sd = x.mean(axis=0), x.std(axis=0)
    z = (x - mean) / sd
    correlations = z.T @ z / len(z)
    # What a study knows: other settings than these, of the same cohort.
    moments = input_moments(cohort, 8)[frame.columns[kept]]
    known = 0.99 * moments.loc[moments.columns].to_numpy() + 0.01 * np.eye(x.shape[1])
    law = InputLaw((moments.loc["mean"].to_numpy() - mean) / sd, moments.loc["sd"].to_numpy() / sd, known)
    return Population(z, groups, shapley_forms(correlations, groups), correlations, law)


def coefficients(truth: str, people: Population, rng: np.random.Generator) -> np.ndarray:
    """Return coefficients of a kind of truth."""
    groups, count = people.groups, int(people.groups.max()) + 1
    weight = rng.gamma(1.0, size=count)
    if truth == "one group":
        weight[rng.integers(count)] = 4.0 * weight.sum()
    beta = rng.standard_normal(len(groups)) * np.sqrt(weight / np.bincount(groups))[groups]
    if truth == "few inputs":
        chosen = rng.choice(count, 3, replace=False)
        beta[:] = 0.0
        for group in chosen:
            beta[rng.choice(np.flatnonzero(groups == group))] = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.5)
    return beta


def one(
    people: Population, truth: str, curved: float, settings: int, noise: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Return one row per group of one made-up study: true, estimate, lower, upper, leading."""
    z = people.inputs[rng.choice(len(people.inputs), settings, replace=False)]
    beta = coefficients(truth, people, rng)
    signal = float(beta @ people.correlations @ beta)
    values = np.array([float(beta @ form @ beta) for form in people.forms])
    bend = (z[:, rng.integers(z.shape[1])] ** 2 - 1.0) / np.sqrt(2.0) if curved else np.zeros(settings)
    y = z @ beta + np.sqrt(curved / (1.0 - curved) * signal) * bend
    chance = noise * signal / (1.0 - curved)
    y = y + rng.normal(0.0, np.sqrt(chance), settings)
    found = group_effects(y, z, people.groups, chance, LEVEL, rng, people.law)
    true = values / signal * (1.0 - curved)
    return pd.DataFrame(
        {"true": true, "estimate": found.estimate, "lower": found.lower, "upper": found.upper, "leading": found.leading}
    )


def count(people: Population, truth: str, curved: float, settings: int, noise: float, repetitions: int) -> dict:
    """Return shares of repetitions in which intervals hold together, the true largest is in the set, and more."""
    rng = np.random.default_rng([settings, int(100 * noise), int(100 * curved), len(truth)])
    joint = best = named = wrong = 0
    single, errors, widths, totals = [], [], [], []
    for _ in range(repetitions):
        frame = one(people, truth, curved, settings, noise, rng)
        inside = frame["true"].between(frame["lower"] - 1e-9, frame["upper"] + 1e-9)
        largest = int(frame["true"].argmax())
        joint += inside.all()
        best += frame["leading"][largest]
        alone = frame["leading"].sum() == 1
        named += alone
        wrong += alone and not frame["leading"][largest]
        single.append(inside.mean())
        errors.append((frame["estimate"] - frame["true"])[largest])
        widths.append((frame["upper"] - frame["lower"]).mean())
        totals.append(frame["estimate"].sum())
    return {
        "truth": truth, "curved": curved, "settings": settings, "groups": int(people.groups.max()) + 1, "noise": noise,
        "together": joint / repetitions, "each": np.mean(single), "largest in set": best / repetitions,
        "named": named / repetitions, "named wrongly": wrong / repetitions, "error of largest": np.mean(errors),
        "width": np.mean(widths), "most summed": np.max(totals),
    }  # fmt: skip


CELLS = (
    ("spread", 0.0, 100), ("one group", 0.0, 100), ("few inputs", 0.0, 100), ("spread", 0.1, 100),
    ("spread", 0.0, 200), ("one group", 0.0, 200), ("spread", 0.0, 40), ("one group", 0.0, 40),
)  # fmt: skip
FOUR = ("list lengths", "selection", "interviews", "seats and second iteration")


def main(repetitions: int, first: int = 0, step: int = 1) -> None:
    """Print the table, of every `step`-th cell from the `first` on."""
    every, four = population("2025"), population("2025", FOUR)
    for truth, curved, settings in CELLS[first::step]:
        row = count(four if settings < 10 * len(INPUT_GROUPS) else every, truth, curved, settings, 0.1, repetitions)
        if (truth, curved, settings) == CELLS[first]:
            sys.stdout.write("| " + " | ".join(row) + " |\n|" + " --- |" * len(row) + "\n")
        cells = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
        sys.stdout.write("| " + " | ".join(cells) + " |" + "\n")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ["400"])))
