"""Running draws and spreading them over workers.

Belongs here: `simulate`, the plan of which scenarios share lists, the uncertain inputs of each block, the one seam
through which work spreads. Does not belong here: what happens within a draw, and what results mean.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import pickle
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from carms_lib import __version__
from carms_lib.argument_checks import check_path
from carms_lib.exceptions import ArgumentError, StabilityWarning, WorkerError
from carms_lib.kernels.noise import entropy_from
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, BlockInputs, BlockResult, compile_block, run_block
from carms_lib.simulator.draw.settings import check_draws, draw_settings, input_moments, inputs_of_settings
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.scenario import Scenario
from carms_lib.simulator.inputs.tables import NOT_IN_LISTS, Tables
from carms_lib.simulator.study.draw_store import Layout, entropy_of, open_store
from carms_lib.simulator.study.outcomes import BASELINE
from carms_lib.simulator.study.study import Study

__all__ = ["simulate"]

_MOST_UNSTABLE = 0.05  # share of draws; more than that means a market that couples rule
_FEWEST_UNSTABLE = 2  # draws: so few say nothing of a share
_MOST_DROPPED = 3  # times that one job is asked for again
_LOST = {"KilledWorker", "CommClosedError", "FutureCancelledError", "CancelledError"}  # of distributed


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
    checkpoint: str | Path | None = None,
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
        Where blocks of draws run: a pool of processes, or a cluster's `dask.distributed.Client.get_executor()`. By
        default, threads, one for each core.
    checkpoint : str or Path, optional
        A file in which draws are kept as they are done. A run that was interrupted goes on where it stopped when it
        is started again with the same file and inputs, to the same numbers; more draws may be asked for. The study
        reads from the file, so keep it as long as the study. With ``rng=None`` a file that is there gives its entropy.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    Study

    Raises
    ------
    ArgumentError
        market is not a Market, a scenario is not a Scenario, n_draws is not a positive whole number, two scenarios
        have one name, or rng is of no known kind.
    UnknownNameError, ScenarioError
        A scenario does not fit the market.
    StudyError
        The checkpoint is of other inputs.
    WorkerError
        A worker of the executor died, or could not be reached.

    Warns
    -----
    LargeChangeWarning
        A lever multiplies seats by a factor below 0.5 or above 2.
    StabilityWarning
        In more than two draws, and more than 5 % of those of a scenario, no stable matching with couples was
        found; see `Study.couples`.

    Notes
    -----
    Numbers are the same whatever the executor, the number of workers or the order in which they finish, and the
    first draws of a longer study are those of a shorter one.

    Memory does not grow with the number of draws: a study that would take more than 128 MB lies in a file, temporary
    unless `checkpoint` names one. Views read it a few draws at a time.
    """
    n_draws = check_draws(n_draws)
    _check_kinds(market, scenarios)
    if checkpoint is not None:
        checkpoint = check_path("checkpoint", checkpoint, "study.checkpoint")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ArgumentError(
            f"executor={executor!r} must be a concurrent.futures.Executor, such as ProcessPoolExecutor(), or None for "
            "the threads of this machine."
        )
    names = [scenario.name for scenario in scenarios]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ArgumentError(f"scenarios: the names {sorted(twice)} appear more than once; give each its own.")
    entropy = entropy_of(checkpoint) if rng is None else None
    entropy = entropy_from(rng) if entropy is None else entropy
    markets = {BASELINE: market, **{scenario.name: scenario.apply(market) for scenario in scenarios}}
    families = _families(markets)
    blocks = -(-n_draws // DRAWS_PER_INPUT)
    theta, sizes, shifts = draw_settings(market.cohort, entropy, blocks)
    drawn = inputs_of_settings(market.cohort, entropy, theta, sizes)

    layout = Layout(families, {name: (made.n_applicants, made.n_programs) for name, made in markets.items()})
    inputs = _made_from(markets, entropy) if checkpoint is not None else {}
    store = open_store(layout, blocks, checkpoint, inputs)
    done = store.finished(blocks, n_draws)
    tasks = [
        _Task(
            block=block,
            draws=np.arange(block * DRAWS_PER_INPUT, min((block + 1) * DRAWS_PER_INPUT, n_draws)),
            entropy=entropy,
            families=tuple(tuple(markets[name] for name in family) for family in families),
            inputs=BlockInputs(theta=theta[block], sizes=sizes[block], shift=shifts[block]),
        )
        for block in range(blocks)
        if block not in done
    ]
    if tasks and isinstance(executor, ThreadPoolExecutor | ProcessPoolExecutor | None):
        _compile(tasks[0])  # before the bar, so that it counts matches; and before processes would each do it
    with tqdm(total=n_draws, desc="matches", unit="draw", disable=not progress) as bar:
        bar.update(n_draws - sum(len(task.draws) for task in tasks))
        try:
            for task, results in _run(tasks, executor):
                store.write(task.block, dict(zip(layout.scenarios, results, strict=True)))
                bar.update(len(task.draws))
        except Exception as error:
            if not _is_lost_worker(error):
                raise
            raise WorkerError(_lost(error, bar.n, n_draws, checkpoint)) from error
    study = Study.from_store(
        store, markets, n_draws=n_draws, entropy=entropy, inputs=drawn,
        input_moments=input_moments(market.cohort, entropy), scenarios=scenarios,
    )  # fmt: skip
    _warn_if_unstable(study)
    return study


def _check_kinds(market: Any, scenarios: Sequence[Any]) -> None:
    """Raise ArgumentError where the market, or a scenario, is of another kind."""
    if not isinstance(market, Market):
        raise ArgumentError(
            f"market={type(market).__name__} must be a Market. Make one: Market.from_gold(gold, cohort)."
        )
    for place, scenario in enumerate(scenarios):
        if not isinstance(scenario, Scenario):
            raise ArgumentError(
                f"scenarios[{place}]={scenario!r} must be a Scenario, such as Scenario('more').scale_quota(1.10); give "
                "several one after another: simulate(market, one, other)."
            )


def _warn_if_unstable(study: Study) -> None:
    table = study.couples()
    shares = dict(zip(table["scenario"], table["draws_unstable"], strict=True))
    worst = max(shares, key=shares.__getitem__)
    if shares[worst] > _MOST_UNSTABLE and round(shares[worst] * study.n_draws) > _FEWEST_UNSTABLE:
        warnings.warn(
            f"In {shares[worst]:.0%} of the draws of {worst!r} no stable matching with couples was "
            "found: Study.couples() counts what blocks. Is couples_share as it should be?",
            StabilityWarning,
            stacklevel=3,
        )


def _is_lost_worker(error: Exception) -> bool:
    # By name: distributed is optional and need not be there to be told from an error of ours.
    return isinstance(error, BrokenExecutor) or type(error).__name__ in _LOST


def _lost(error: Exception, done: int, n_draws: int, checkpoint: str | Path | None) -> str:
    kept = (
        f"They are in checkpoint={str(checkpoint)!r}: run the same call again to go on."
        if checkpoint is not None
        else "Give checkpoint=… to keep draws as they are done, and to go on after such a loss."
    )
    what = f"{type(error).__name__}: {error}"
    return f"executor: a worker died ({what}) when {done:,} of {n_draws:,} draws were done. {kept}"


def _made_from(markets: dict[str, Market], entropy: int) -> dict[str, Any]:
    """Return what decides every number of a run, as digests that can be compared."""
    made: dict[str, Any] = {"entropy": entropy, "library": __version__, "draws_per_input": DRAWS_PER_INPUT}
    for name, market in markets.items():
        digest = hashlib.blake2b(digest_size=16)
        for array in market.tables:
            digest.update(np.ascontiguousarray(array).tobytes())
        for table in (market.programs, market.applicants):
            digest.update(table.to_csv(index=False).encode())
        digest.update(market.cohort.to_toml().encode())
        digest.update(repr((market.second_iteration, market.class_factors.tolist())).encode())
        made["market" if name == BASELINE else f"scenario {name!r}"] = digest.hexdigest()
    return made


def _families(markets: dict[str, Market]) -> list[list[str]]:
    """Group the scenarios that share lists; the first of each group writes them."""
    families: list[list[str]] = []
    for name, market in markets.items():
        for family in families:
            if share_lists(markets[family[0]], market):
                family.append(name)
                break
        else:
            families.append([name])
    return families


def share_lists(one: Market, other: Market) -> bool:
    """Say whether two markets write the same rank-order lists, so that the second needs the match alone.

    Nobody applies to a program without seats, so the same programs must have some.
    """
    return np.array_equal(one.tables.program_quota > 0, other.tables.program_quota > 0) and all(
        getattr(one.tables, name) is getattr(other.tables, name) for name in Tables._fields if name not in NOT_IN_LISTS
    )


def _run(tasks: Sequence[_Task], executor: Executor | None) -> Iterator[tuple[_Task, list[BlockResult]]]:
    """Yield results as they finish; never more than a few blocks are in flight."""
    workers = os.cpu_count() or 1
    if executor is None:
        with ThreadPoolExecutor(workers) as threads:
            yield from _run(tasks, threads)
        return
    if isinstance(executor, ThreadPoolExecutor):  # they see the markets where they are
        jobs, window = [(_run_task, (task,)) for task in tasks], 4 * workers
    else:
        plan = _Plan(tasks)
        jobs, window = [plan.job(place) for place in range(len(tasks))], 64
    for place, results in _drain(jobs, executor, window):
        yield tasks[place], results


class _Plan:
    """Tasks as they travel to other processes: what they share is pickled once and kept by each worker."""

    def __init__(self, tasks: Sequence[_Task]) -> None:
        self._tasks = tasks
        families = tasks[0].families if tasks else ()
        self._shared = pickle.dumps(families, protocol=pickle.HIGHEST_PROTOCOL)
        self._key = hashlib.blake2b(self._shared, digest_size=16).hexdigest()

    def job(self, place: int) -> tuple[Callable[..., list[BlockResult]], tuple[Any, ...]]:
        task = self._tasks[place]._replace(families=())
        return _run_remote, (task, self._key, self._shared)


_SHARED: dict[str, tuple[tuple[Market, ...], ...]] = {}  # of this process, when it is a worker: the plan at hand


def _run_remote(task: _Task, key: str, shared: bytes) -> list[BlockResult]:
    families = _SHARED.get(key)
    if families is None:
        families = pickle.loads(shared)  # noqa: S301 - pickled by `_Plan` in the process that started this worker
        _SHARED.clear()
        _SHARED[key] = families
    return _run_task(task._replace(families=families))


def _drain(
    jobs: Sequence[tuple[Callable[..., list[BlockResult]], tuple[Any, ...]]], executor: Executor, window: int
) -> Iterator[tuple[int, list[BlockResult]]]:
    """Submit jobs, at most `window` at a time, and yield the place and the result of each as it is done.

    A result that the executor dropped on the way is asked for again; a job gives the same numbers whenever it runs.
    """
    waiting = iter(range(len(jobs)))
    dropped: Counter[int] = Counter()
    running: dict[Future[list[BlockResult]], int] = {}
    try:
        while True:
            for place in itertools.islice(waiting, window - len(running)):
                function, arguments = jobs[place]
                running[executor.submit(function, *arguments)] = place
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                place = running.pop(done)
                try:
                    result = done.result()
                except ValueError as error:
                    dropped[place] += 1
                    if not _is_dropped(error) or dropped[place] > _MOST_DROPPED:
                        raise
                    function, arguments = jobs[place]
                    running[executor.submit(function, *arguments)] = place
                else:
                    yield place, result
    finally:
        for future in running:
            future.cancel()


def _is_dropped(error: ValueError) -> bool:
    """Tell whether distributed fetched a result and then took it for an error.

    When the worker that holds a result dies just after it was fetched, its future is pending again, and
    `distributed.cfexecutor` unpacks the result as though it were type, exception and traceback: a ValueError raised in
    that very function, where an error of the job itself has its innermost frame in the job.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_name == "_cascade_future"


def _compile(task: _Task) -> None:
    for family in task.families:
        compile_block(family[0], family, task.inputs)


def _run_task(task: _Task) -> list[BlockResult]:
    results: list[BlockResult] = []
    for family in task.families:
        sizes = task.inputs.sizes * family[0].class_factors
        inputs = task.inputs._replace(sizes=sizes)
        results += run_block(family[0], family, task.entropy, task.block, task.draws, inputs)
    return results
