"""A writer that is killed, at any moment, leaves the last good state: all of its release, or all of the one before."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from carms_lib.warehouse import open_warehouse

#: CARMS_TEST_KILLS asks for more random moments than a run of the whole suite can afford.
N_RANDOM, N_PLACES = int(os.environ.get("CARMS_TEST_KILLS", "12")), 10
KILLED = signal.SIGKILL.value


class Writers:
    """The process that forks writers; see writer.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("writer.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, url: str, quota: int, die_at: int = 0) -> int:
        self.process.stdin.write(json.dumps({"url": url, "quota": quota, "die_at": die_at}) + "\n")
        self.process.stdin.flush()
        word, pid = self.process.stdout.readline().split()
        assert word == "started"
        return int(pid)

    def wait(self) -> int:
        """Return the status of the writer, once it is gone."""
        while True:
            word, number = self.process.stdout.readline().split()
            if word == "ended":
                return int(number)
            self.statements = int(number)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def writers():
    writers = Writers()
    yield writers
    writers.close()


@pytest.fixture
def good(kind, url, make_tables, invented):
    """A warehouse with one good release, and what it answers."""
    make_tables(kind, url)
    layers = invented.invent(60, texts=True)
    with open_warehouse(url) as warehouse:
        warehouse.write(layers)
        yield warehouse, layers


def quotas(warehouse):
    """The quotas of the programs that a writer changes, after a look that everything else is whole."""
    frame = warehouse.programs(limit=100).frame
    assert len(frame) == 60
    changed = frame.loc[frame["program_stream_id"].isin([str(10_000 + place) for place in range(1, 60, 3)]), "quota"]
    return changed.tolist()


def require_whole(warehouse, url, rows, n_writes):
    """No version without its sections, no text without a version, no run without its versions, nothing open twice."""
    assert rows("SELECT count(*) FROM load_run") == [(n_writes,)]
    assert rows("SELECT count(*) FROM program WHERE valid_to IS NULL") == [(60,)]
    assert rows("SELECT count(*) FROM program") == [(60 + 20 * (n_writes - 1),)]
    assert rows("SELECT count(*) FROM section") == [(3 * (60 + 20 * (n_writes - 1)),)]
    assert rows("SELECT count(*) FROM search_document") == [(60 * 4,)]
    if url.startswith("sqlite"):
        assert rows("PRAGMA integrity_check") == [("ok",)]
        assert rows("PRAGMA foreign_key_check") == []
    assert len(warehouse.search("committee", limit=1_000)) == 3 * sum(place % 7 != 3 for place in range(60))


def test_killed_at_random_moments(good, url, writers, rows):
    warehouse, _ = good
    writers.start(url, 500)
    start = time.perf_counter()
    assert writers.wait() == 0
    usual = time.perf_counter() - start
    state, n_writes = [500] * 20, 2
    draw = random.Random(2025)  # noqa: S311 - moments, not secrets
    n_killed = 0
    for attempt in range(N_RANDOM):
        quota = 501 + attempt
        pid = writers.start(url, quota)
        time.sleep(draw.uniform(0.0, 1.1 * usual))
        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            os.kill(pid, signal.SIGKILL)
        status = writers.wait()
        found = quotas(warehouse)
        assert found in (state, [quota] * 20), "a state in between"
        if status == 0:
            assert found == [quota] * 20, "a write that ended well was lost"
        n_killed += status == KILLED
        n_writes += found != state
        state = found
    assert n_killed >= N_RANDOM // 3
    require_whole(warehouse, url, rows, n_writes)
    assert warehouse.write(good[1]).n_changed == 20  # and the next write goes on


def test_killed_before_one_statement_after_another(good, url, writers, rows):
    """At places spread over all statements of a write, the first and the commit among them, nothing of it is there."""
    warehouse, _ = good
    writers.start(url, 600)
    assert writers.wait() == 0
    n_statements = writers.statements
    before = warehouse.programs(limit=100).frame
    places = {round(1 + place * (n_statements - 1) / (N_PLACES - 1)) for place in range(N_PLACES)}
    assert {1, n_statements} <= places
    for die_at in sorted(places):
        writers.start(url, 700, die_at)
        assert writers.wait() == KILLED, die_at
        pd.testing.assert_frame_equal(warehouse.programs(limit=100).frame, before)
    require_whole(warehouse, url, rows, 2)
    writers.start(url, 700)
    assert writers.wait() == 0
    assert quotas(warehouse) == [700] * 20
