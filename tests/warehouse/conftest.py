"""A warehouse of either engine, empty or filled, and a clock that tests set."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from carms_lib.warehouse import Warehouse, migration_sql, open_warehouse
from sqlalchemy import create_engine, make_url, select, table, text
from sqlalchemy.pool import NullPool

HERE = Path(__file__).parent


def load_by_path(name: str) -> ModuleType:
    """pytest imports tests by path (importmode importlib), so that a helper beside them is loaded by path too."""
    full = f"carms_warehouse_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


@pytest.fixture(scope="session")
def invented() -> ModuleType:
    """Invented releases; see invented.py."""
    return load_by_path("invented")


class Clock:
    """Returns the moment it is set to, and moves on by a day after each look."""

    def __init__(self) -> None:
        self.now = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        moment = self.now
        self.now += dt.timedelta(days=1)
        return moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    """The engine; each test that asks for a warehouse runs on both."""
    return request.param


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of its own: a file, or a schema on the test server."""
    yield from own_database(kind, tmp_path)


@pytest.fixture
def postgresql_url(tmp_path: Path) -> Iterator[str]:
    """The address of an empty schema on the test server; use it only in tests marked `postgres`."""
    yield from own_database("postgresql", tmp_path)


@pytest.fixture(scope="module")
def shared(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse with its tables that the tests of a module fill once and then only read."""
    for url in own_database(kind, tmp_path_factory.mktemp("shared")):
        with open_warehouse(url, clock=Clock()) as warehouse:
            warehouse.upgrade()
            yield warehouse


def own_database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'carms.db'}"
    else:
        yield from make_schema(os.environ["CARMS_TEST_POSTGRES_URL"])


@pytest.fixture(scope="session")
def load_helper() -> Callable[[str], ModuleType]:
    """Load a helper that stands beside the tests, by its name."""
    return load_by_path


@pytest.fixture(scope="session")
def own_schema() -> Callable[[str], Iterator[str]]:
    """Make an empty schema on a server, and remove it in the end."""
    return make_schema


def make_schema(address: str) -> Iterator[str]:
    server = make_url(address)
    schema = f"carms_test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        yield server.update_query_dict({"options": f"-c search_path={schema}"}).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET client_min_messages = warning")
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


@pytest.fixture
def empty(kind: str, url: str, clock: Clock) -> Iterator[Warehouse]:
    """A warehouse with its tables and nothing in them."""
    create_tables(kind, url)
    with open_warehouse(url, clock=clock, lock_timeout=0.5) as warehouse:
        yield warehouse


@cache
def tables_as_sql(kind: str) -> str:
    return migration_sql(kind)


def create_tables(kind: str, url: str) -> None:
    execute_script(url, tables_as_sql(kind))


@pytest.fixture(scope="session")
def make_tables() -> Callable[[str, str], None]:
    """Run the migrations as one script: what `upgrade` does, in a tenth of the time."""
    return create_tables


@pytest.fixture(scope="session")
def run_script() -> Callable[[str, str], None]:
    """Run SQL of many statements past the library."""
    return execute_script


def execute_script(url: str, script: str) -> None:
    engine = create_engine(url)
    driver = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            driver.driver_connection.executescript(script)
        else:
            driver.driver_connection.execute(script)
        driver.commit()
    finally:
        driver.close()
        engine.dispose()


@pytest.fixture
def rows(url: str) -> Iterator[Callable[[str], list[tuple[object, ...]]]]:
    """Ask the database itself, past the library, in SQL."""
    engine = create_engine(url)

    def ask(sql: str) -> list[tuple[object, ...]]:
        with engine.begin() as connection:
            found = connection.exec_driver_sql(sql)
            return [tuple(row) for row in found] if found.returns_rows else []

    yield ask
    engine.dispose()


@pytest.fixture
def table_rows(url: str) -> Iterator[Callable[[str], list[tuple[object, ...]]]]:
    """Read a whole table past the library, in an order that depends on its content only."""
    engine = create_engine(url)

    def read(name: str) -> list[tuple[object, ...]]:
        with engine.begin() as connection:
            found = connection.execute(select(text("*")).select_from(table(name)))
            return sorted((tuple(row) for row in found), key=str)

    yield read
    engine.dispose()
