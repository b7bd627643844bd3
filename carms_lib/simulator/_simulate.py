"""Running draws and spreading them over workers.

Belongs here: `simulate`, the plan of which scenarios share lists, the uncertain inputs of each block, the one seam
through which work spreads. Does not belong here: what happens within a draw, and what results mean.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from carms_lib.exceptions import ArgumentError
from carms_lib.simulator._cohort import PARAMETERS, Cohort, draw_parameters, split_uniform
from carms_lib.simulator._draw import DRAWS_PER_INPUT, BlockInputs, BlockResult, run_block
from carms_lib.simulator._market import Market, Tables
from carms_lib.simulator._noise import Purpose, entropy_from, uniform_array
from carms_lib.simulator._scenario import Scenario
from carms_lib.simulator._study import BASELINE, Study

__all__ = ["simulate"]

# What may differ between two markets whose applicants and programs nevertheless write the same lists.
_NOT_IN_LISTS = {"program_quota", "reverts_to"}


class _Task(NamedTuple):
    """One block of draws for all scenarios; what a worker needs and nothing else."""

    block: int
    draws: np.ndarray
    entropy: int
    families: tuple[tuple[Market, ...], ...]
    inputs: BlockInputs


def simulate(
    market: Market,
    *scenarios: Scenario,
    n_draws: int = 1_000,
    rng: Any = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> Study:
    """Simulate the match many times, with the baseline always in it and all scenarios on common draws.

    Parameters
    ----------
    market : Market
    *scenarios : Scenario
        Names must differ. A scenario that touches only seats shares the lists of the baseline and costs a rematch.
    n_draws : int, default 1000
        Draws [national matches] for each scenario, at least 1.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        SPEC 7. None asks the operating system; the entropy is in the study's provenance either way.
    executor : concurrent.futures.Executor, optional
        Where blocks of draws run. By default, threads, one for each core.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    Study

    Raises
    ------
    ArgumentError
        n_draws is not a positive whole number, two scenarios have one name, or rng is of no known kind.
    UnknownNameError, ScenarioError
        A scenario does not fit the market.

    Notes
    -----
    Numbers are the same whatever the executor, the number of workers or the order in which they finish, and the
    first draws of a longer study are those of a shorter one.
    """
    n_draws = _check_draws(n_draws)
    names = [scenario.name for scenario in scenarios]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ArgumentError(f"scenarios: the names {sorted(twice)} appear more than once; give each its own.")
    entropy = entropy_from(rng)
    markets = {BASELINE: market, **{scenario.name: scenario.apply(market) for scenario in scenarios}}
    families = _families(markets)
    blocks = -(-n_draws // DRAWS_PER_INPUT)
    theta, sizes = _inputs(market.cohort, entropy, blocks)

    study = Study.empty(markets, n_draws=n_draws, entropy=entropy, theta=theta, scenarios=scenarios)
    tasks = [
        _Task(
            block,
            np.arange(block * DRAWS_PER_INPUT, min((block + 1) * DRAWS_PER_INPUT, n_draws)),
            entropy,
            tuple(tuple(markets[name] for name in family) for family in families),
            BlockInputs(theta[block], sizes[block]),
        )
        for block in range(blocks)
    ]
    order = [name for family in families for name in family]
    bar = tqdm(total=n_draws, desc="matches", unit="draw", disable=not progress)
    with bar:
        for task, results in _run(tasks, executor):
            for name, result in zip(order, results, strict=True):
                study.put(name, task.draws, result)
            bar.update(len(task.draws))
    return study


def _check_draws(n_draws: Any) -> int:
    if isinstance(n_draws, bool) or not isinstance(n_draws, (int, np.integer)) or n_draws < 1:
        raise ArgumentError(f"n_draws={n_draws!r} must be a whole number of at least 1.")
    return int(n_draws)


def _families(markets: dict[str, Market]) -> list[list[str]]:
    """Group the scenarios that share lists; the first of each group writes them."""
    families: list[list[str]] = []
    for name, market in markets.items():
        for family in families:
            if _same_lists(markets[family[0]], market):
                family.append(name)
                break
        else:
            families.append([name])
    return families


def _same_lists(one: Market, other: Market) -> bool:
    return all(
        getattr(one.tables, name) is getattr(other.tables, name) for name in Tables._fields if name not in _NOT_IN_LISTS
    )


def _inputs(cohort: Cohort, entropy: int, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the uncertain inputs of each block: parameters, and sizes of the classes [persons]."""
    unit = uniform_array(entropy, Purpose.INPUT, np.arange(blocks), len(PARAMETERS) + len(cohort.classes))
    theta = draw_parameters(cohort, unit[:, : len(PARAMETERS)])
    size, low, high = (cohort.classes[name].to_numpy(float) for name in ("size", "low", "high"))
    return theta, split_uniform(unit[:, len(PARAMETERS) :], size, low, high)


def _run(tasks: Sequence[_Task], executor: Executor | None) -> Iterator[tuple[_Task, list[BlockResult]]]:
    """Yield results as they finish; never more than a few blocks are in flight."""
    if executor is not None:
        yield from _drain(tasks, executor, window=256)
        return
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as threads:
        yield from _drain(tasks, threads, window=4 * workers)


def _drain(tasks: Sequence[_Task], executor: Executor, window: int) -> Iterator[tuple[_Task, list[BlockResult]]]:
    waiting = iter(tasks)
    running: dict[Future[list[BlockResult]], _Task] = {}
    for task in waiting:
        running[executor.submit(_run_task, task)] = task
        if len(running) >= window:
            break
    while running:
        done = next(as_completed(running))
        task = running.pop(done)
        yield task, done.result()
        following = next(waiting, None)
        if following is not None:
            running[executor.submit(_run_task, following)] = following


def _run_task(task: _Task) -> list[BlockResult]:
    results: list[BlockResult] = []
    for family in task.families:
        sizes = task.inputs.sizes * family[0].class_factors
        inputs = BlockInputs(task.inputs.theta, sizes)
        results += run_block(family[0], family, task.entropy, task.block, task.draws, inputs)
    return results
