"""Draws that leave memory, and runs that are interrupted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, StudyError, WorkerError
from carms_lib.simulator.study import draw_store

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

MORE = carms.Scenario("more").add_seats(4, discipline="Family Medicine")
CLOSED = carms.Scenario("closed").close_programs(program_stream_id="13")


def same(one: carms.Study, two: carms.Study) -> None:
    assert one.scenarios == two.scenarios
    for name in one.scenarios:
        for a, b in zip(one.outcomes_of(name)[2:], two.outcomes_of(name)[2:], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def study(market: carms.Market) -> carms.Study:
    return carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025)


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_store, "MEMORY", 0)


@pytest.mark.usefixtures("on_disk")
def test_a_study_in_a_file_is_the_same_study(market: carms.Market, study: carms.Study, tmp_path: Path) -> None:
    filed = carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025)
    same(study, filed)
    pd.testing.assert_frame_equal(study.couples(), filed.couples())
    pd.testing.assert_frame_equal(
        study.pressure(by="discipline").to_frame(), filed.pressure(by="discipline").to_frame()
    )
    same(study, carms.Study.load(filed.save(tmp_path / "study.npz")))


def test_chunks_go_through_every_draw_once(study: carms.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    # private: a chunk of ten draws, where thousands fit into one otherwise
    monkeypatch.setattr("carms_lib.simulator.study.outcomes._CHUNK", 1)
    whole = study.outcomes_of("more")
    seen = np.zeros(study.n_draws, dtype=int)
    for rows, part in study.chunks("more"):
        seen[rows] += 1
        for all_draws, few in zip(whole[2:], part[2:], strict=True):
            np.testing.assert_array_equal(all_draws[rows], few)
    assert (seen == 1).all()
    by = ["province", "discipline"]
    piecemeal = study.pressure(by=by).to_frame()
    monkeypatch.undo()
    pd.testing.assert_frame_equal(study.pressure(by=by).to_frame(), piecemeal)


def test_some_draws_can_be_had_alone(study: carms.Study) -> None:
    few = study.outcomes_of("closed", 7, 23)
    for whole, part in zip(study.outcomes_of("closed")[2:], few[2:], strict=True):
        np.testing.assert_array_equal(whole[7:23], part)


class Dying(ProcessPoolExecutor):
    """A pool of processes whose third job is the last of its worker."""

    submitted = 0

    def submit(self, function, *arguments) -> Future:  # type: ignore[no-untyped-def, override]
        self.submitted += 1
        return super().submit(os._exit, 1) if self.submitted == 3 else super().submit(function, *arguments)


def test_a_dead_worker_is_said_to_be_dead_and_the_run_goes_on(
    market: carms.Market, study: carms.Study, tmp_path: Path
) -> None:
    path = tmp_path / "draws"
    with Dying(1, mp_context=multiprocessing.get_context("spawn")) as pool, pytest.raises(WorkerError, match="again"):
        carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, executor=pool, checkpoint=path)
    same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, checkpoint=path))


SCRIPT = """
import sys, pandas as pd, carms_lib as carms
programs, cohort, path = sys.argv[1:]
market = carms.Market.from_gold(pd.read_json(programs, dtype={"program_stream_id": str}), carms.Cohort.read(cohort))
more = carms.Scenario("more").add_seats(4, discipline="Family Medicine")
carms.simulate(market, more, n_draws=1_000_000, rng=7, checkpoint=path)
"""


def test_a_run_that_is_killed_goes_on_to_the_same_numbers(
    market: carms.Market, programs: pd.DataFrame, cohort: carms.Cohort, tmp_path: Path
) -> None:
    path = tmp_path / "draws"
    programs.to_json(tmp_path / "programs.json")
    cohort.write(tmp_path / "cohort.toml")
    market = carms.Market.from_gold(
        pd.read_json(tmp_path / "programs.json", dtype={"program_stream_id": str}),
        carms.Cohort.read(tmp_path / "cohort.toml"),
    )
    arguments = [str(tmp_path / "programs.json"), str(tmp_path / "cohort.toml"), str(path)]
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments])
    deadline = time.monotonic() + 120
    while not path.exists() or path.stat().st_size < 400_000:  # more than the 300 draws below take
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    alone = carms.simulate(market, MORE, n_draws=300, rng=7)
    size = path.stat().st_size
    resumed = carms.simulate(market, MORE, n_draws=300, rng=7, checkpoint=path)
    same(alone, resumed)
    assert path.stat().st_size == size  # what was there was read, and nothing was run beyond it


def test_what_is_there_is_not_run_again(
    market: carms.Market, study: carms.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "draws"
    same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, checkpoint=path))
    run: list[int] = []
    from carms_lib.simulator.study import simulation

    whole = simulation.run_block
    monkeypatch.setattr(simulation, "run_block", lambda *given: run.append(given[3]) or whole(*given))
    same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, checkpoint=path))
    assert run == []
    # Twenty more draws: two new blocks, and the last one, which held five of its ten draws; two families of lists.
    longer = carms.simulate(market, MORE, CLOSED, n_draws=125, rng=2025, checkpoint=path)
    assert sorted(set(run)) == [10, 11, 12]
    np.testing.assert_array_equal(longer.outcomes_of("closed").final[:105], study.outcomes_of("closed").final)
    again = carms.simulate(market, MORE, CLOSED, n_draws=125, checkpoint=path)  # its entropy is that of the file
    assert again.entropy == 2025


def test_a_damaged_block_is_run_again(market: carms.Market, study: carms.Study, tmp_path: Path) -> None:
    path = tmp_path / "draws"
    carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, checkpoint=path)
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 0xFF
    path.write_bytes(held[:-100])  # and the last one is cut short
    same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, checkpoint=path))


def test_a_checkpoint_of_other_inputs_is_refused(market: carms.Market, tmp_path: Path) -> None:
    path = tmp_path / "draws"
    carms.simulate(market, MORE, n_draws=10, rng=1, checkpoint=path)
    with pytest.raises(StudyError, match=r"entropy \(1 there, 2 here\)"):
        carms.simulate(market, MORE, n_draws=10, rng=2, checkpoint=path)
    with pytest.raises(StudyError, match="scenario 'closed'"):
        carms.simulate(market, MORE, CLOSED, n_draws=10, rng=1, checkpoint=path)
    with pytest.raises(StudyError, match="scenario 'more'"):
        carms.simulate(market, carms.Scenario("more").add_seats(5), n_draws=10, rng=1, checkpoint=path)
    other = carms.Market.from_gold(market.programs, market.cohort.with_parameter("merit", 1.0, source="a test"))
    with pytest.raises(StudyError, match="market"):
        carms.simulate(other, MORE, n_draws=10, rng=1, checkpoint=path)


def test_what_is_no_checkpoint_is_refused(market: carms.Market, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no checkpoint", encoding="utf-8")
    with pytest.raises(StudyError, match="not a checkpoint"):
        carms.simulate(market, n_draws=10, rng=1, checkpoint=tmp_path / "text")
    (tmp_path / "other").write_text('{"format": "another", "inputs": {}}\n', encoding="utf-8")
    with pytest.raises(StudyError, match="format"):
        carms.simulate(market, n_draws=10, checkpoint=tmp_path / "other")
    with pytest.raises(ArgumentError, match="cannot be opened"):
        carms.simulate(market, n_draws=10, rng=1, checkpoint=tmp_path / "absent" / "draws")
