"""What production needs of an engine: time limits, tries, the pool, readers that cannot write, one state per read."""

from __future__ import annotations

import threading
import time

import pytest
from carms_lib import exceptions
from carms_lib.warehouse import open_warehouse
from carms_lib.warehouse.engine import Settings, parse_url
from carms_lib.warehouse.faults import attempt
from sqlalchemy.exc import IntegrityError, OperationalError

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 400000000) SELECT count(*) FROM n"


def test_a_query_that_runs_too_long_is_stopped(url, make_tables, kind, invented):
    make_tables(kind, url)
    with open_warehouse(url, statement_timeout=0.3, retries=0) as warehouse:
        start = time.monotonic()
        with pytest.raises(exceptions.WarehouseUnavailableError, match=r"longer than 0\.3 s.*statement_timeout"):
            warehouse._ask("endless", lambda connection: connection.exec_driver_sql(ENDLESS).scalar_one())
        assert time.monotonic() - start < 20
        assert warehouse.write(invented.invent(40)).n_new == 40  # writes are exempt
        assert len(warehouse.programs().frame) == 40  # the connection is as good as before


WRITES = ["DELETE FROM section", "UPDATE program SET quota = 99", "CREATE TABLE mine (x INTEGER)", "DROP TABLE exam"]


def test_the_database_itself_refuses_a_reader_who_writes(url, empty, invented, rows):
    empty.write(invented.invent(10))
    with open_warehouse(url, read_only=True) as reader:
        assert "read_only=True" in repr(reader)
        assert len(reader.programs().frame) == 10
        for verb in (lambda: reader.write(invented.invent(10)), reader.upgrade, lambda: reader.downgrade("base")):
            with pytest.raises(exceptions.WarehouseUnavailableError, match="opened with read_only=True"):
                verb()
        for statement in WRITES:
            with pytest.raises(exceptions.WarehouseUnavailableError, match=r"read-only|only read"):
                reader._ask("attack", lambda connection, sql=statement: connection.exec_driver_sql(sql))
    assert rows("SELECT count(*) FROM section") == [(30,)]


def test_one_read_sees_one_state(url, empty, invented, kind):
    """Between two statements of a question another writer commits; the question does not see it."""
    empty.write(invented.invent(10))
    counts = []

    def twice(connection):
        counts.append(connection.exec_driver_sql("SELECT count(*) FROM program").scalar_one())
        if kind == "postgresql":  # SQLite lets no writer commit while a reader reads
            with open_warehouse(url) as writer:
                writer.write(invented.invent(10, release_id="9002", cycle=2032))
        counts.append(connection.exec_driver_sql("SELECT count(*) FROM program").scalar_one())

    empty._ask("twice", twice)
    assert counts == [10, 10]


@pytest.mark.postgres
def test_connections_are_shared_and_a_pool_that_is_used_up_says_so(postgresql_url, make_tables):
    make_tables("postgresql", postgresql_url)
    busy = pytest.raises(exceptions.WarehouseUnavailableError, match=r"All 1 connections .* 0\.3 s\. Raise pool_size")
    with open_warehouse(postgresql_url, pool_size=1, statement_timeout=0.3, retries=0) as warehouse:
        with warehouse._engine.connect(), busy:
            warehouse.programs()
        assert warehouse.programs().frame.empty


def test_many_readers_at_once_get_whole_answers(empty, invented):
    layers = invented.invent(30)
    empty.write(layers)
    answers = []
    readers = [threading.Thread(target=lambda: answers.append(empty.programs().frame)) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(answers) == 8
    assert all(answer.equals(layers.gold["program"]) for answer in answers)


def test_a_warehouse_that_was_closed_connects_again(url, make_tables, kind):
    make_tables(kind, url)
    with open_warehouse(url) as warehouse:
        warehouse.close()
        assert warehouse.releases() == []


@pytest.mark.parametrize(
    "setting",
    [
        {"statement_timeout": 0},
        {"statement_timeout": float("nan")},
        {"lock_timeout": -1},
        {"pool_size": 0},
        {"retries": -1},
    ],
    ids=str,
)
def test_a_setting_that_is_not_allowed_is_named(setting):
    (name,) = setting
    with pytest.raises(exceptions.ArgumentError, match=f"{name}="):
        open_warehouse("sqlite://", **setting)


# --- trying again ----------------------------------------------------------------------------------------


class DriverError(Exception):
    """What a driver raises, with the server's code."""

    def __init__(self, sqlstate):
        super().__init__("the server said something")
        self.sqlstate = sqlstate


def failing(times, error):
    """Return an operation that fails so many times and then answers, and the pauses between."""
    left = [error] * times

    def operation():
        if left:
            raise left.pop()
        return "answer"

    return operation, []


URL = parse_url("sqlite://")
PASSES = ["40001", "40P01", "57P01", "57P03", "08006", None]
STAYS = ["23505", "42P01", "28P01", "3D000", "53100"]


@pytest.mark.parametrize("state", PASSES)
def test_a_fault_that_passes_is_tried_again_after_pauses_that_double(state):
    operation, pauses = failing(3, OperationalError("SELECT", {}, DriverError(state)))
    assert attempt(operation, URL, Settings(retries=3), pause=pauses.append) == "answer"
    assert pauses == [0.2, 0.4, 0.8]


@pytest.mark.parametrize("state", PASSES)
def test_a_fault_that_does_not_pass_in_time_is_told(state):
    operation, pauses = failing(9, OperationalError("SELECT", {}, DriverError(state)))
    with pytest.raises(exceptions.WarehouseError):
        attempt(operation, URL, Settings(retries=7), pause=pauses.append)
    assert len(pauses) == 7
    assert max(pauses) == 5.0


@pytest.mark.parametrize("state", STAYS)
def test_a_fault_that_stays_is_told_at_once(state):
    kind = IntegrityError if state == "23505" else OperationalError
    operation, pauses = failing(1, kind("INSERT", {}, DriverError(state)))
    with pytest.raises(exceptions.WarehouseError):
        attempt(operation, URL, Settings(retries=5), pause=pauses.append)
    assert pauses == []


def test_an_error_of_ours_is_never_tried_again():
    operation, pauses = failing(1, exceptions.ArgumentError("wrong"))
    with pytest.raises(exceptions.ArgumentError):
        attempt(operation, URL, Settings(), pause=pauses.append)
    assert pauses == []
