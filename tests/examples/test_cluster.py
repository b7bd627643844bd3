"""The example on a cluster of real worker processes."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import carms_lib as carms
import numpy as np
import pytest

pytest.importorskip("distributed", reason="the cluster needs the extra 'distributed'")

EXAMPLE = Path(__file__).parents[2] / "examples" / "cluster.py"
MORE = carms.Scenario("more").add_seats(4, discipline="Family Medicine")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cluster_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(one: carms.Study, two: carms.Study) -> None:
    for name in one.scenarios:
        for a, b in zip(one.outcomes_of(name)[2:], two.outcomes_of(name)[2:], strict=True):
            np.testing.assert_array_equal(a, b)


# A cluster that goes down tells its sockets and loops late, when the garbage collector finds them.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_gives_the_numbers_of_one_machine_even_when_a_worker_dies(
    example: ModuleType, market: carms.Market
) -> None:
    from distributed import Client, LocalCluster

    alone = carms.simulate(market, MORE, n_draws=600, rng=11)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        first = example.run(market, MORE, n_draws=600, rng=11, scheduler=cluster.scheduler_address, progress=False)
        same(alone, first)

        pids = client.run(os.getpid)
        victim = next(iter(pids.values()))
        killed = threading.Event()

        def kill() -> None:
            time.sleep(0.2)
            os.kill(victim, signal.SIGKILL)
            killed.set()

        killer = threading.Thread(target=kill)
        killer.start()
        longer = carms.simulate(market, MORE, n_draws=4_000, rng=11, executor=client.get_executor())
        killer.join()
        assert killed.is_set()
        assert victim not in client.run(os.getpid).values()
    for name in alone.scenarios:
        for a, b in zip(alone.outcomes_of(name)[2:], longer.outcomes_of(name, 0, 600)[2:], strict=True):
            np.testing.assert_array_equal(a, b)
    same(carms.simulate(market, MORE, n_draws=4_000, rng=11), longer)


class DropsResults(Executor):
    """Runs jobs at once, and hands some results over as distributed does when their worker dies just then."""

    def __init__(self, every: int) -> None:
        self.every, self.submitted = every, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        from distributed.cfexecutor import _cascade_future

        self.submitted += 1
        status = "pending" if self.submitted % self.every == 0 else "finished"
        result = fn(*args, **kwargs)

        async def fetched(raiseit: bool) -> Any:
            return result

        ours: Future[Any] = Future()

        async def hand_over() -> None:
            await _cascade_future(SimpleNamespace(_result=fetched, status=status), ours)

        asyncio.run(hand_over())
        return ours


def test_a_result_that_is_lost_when_its_worker_dies_is_asked_for_again(market: carms.Market) -> None:
    executor = DropsResults(every=3)
    same(
        carms.simulate(market, MORE, n_draws=100, rng=11),
        carms.simulate(market, MORE, n_draws=100, rng=11, executor=executor),
    )
    assert executor.submitted > 10
    with pytest.raises(ValueError, match="unpack"):  # not for ever
        carms.simulate(market, MORE, n_draws=20, rng=11, executor=DropsResults(every=1))


def test_an_error_of_the_job_is_not_taken_for_a_lost_result(
    market: carms.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail(*_: Any) -> None:
        calls.append(1)
        raise ValueError("of the job")

    monkeypatch.setattr("carms_lib.simulator.study.simulation.run_block", fail)
    with ThreadPoolExecutor(1) as threads, pytest.raises(ValueError, match="of the job"):
        carms.simulate(market, n_draws=10, rng=11, executor=threads)
    assert len(calls) == 1
