"""What the examples run on: the bundled release and a short study, published once into a database of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import carms_lib as carms
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
sys.path.insert(0, str(ROOT))  # `examples` is run from the root of the checkout

KEY = "a key that only the tests know, long enough"
N_DRAWS = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.examples)


@pytest.fixture(scope="session")
def layers(bundled_layers: carms.Layers) -> carms.Layers:
    return bundled_layers


@pytest.fixture(scope="session")
def study(national: carms.Market) -> carms.Study:
    """The national market, drawn just often enough for a band."""
    return carms.simulate(national, n_draws=N_DRAWS, rng=2025)


@pytest.fixture(scope="session")
def published(layers: carms.Layers, study: carms.Study, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an SQLite warehouse with the release and the study; only read from here on."""
    from examples.api.publish import keep

    url = f"sqlite:///{tmp_path_factory.mktemp('examples') / 'carms.db'}"
    keep(url, layers, study)
    return url


@pytest.fixture(scope="session")
def released(layers: carms.Layers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an SQLite warehouse with the release alone; only read from here on."""
    url = f"sqlite:///{tmp_path_factory.mktemp('released') / 'carms.db'}"
    with carms.open_warehouse(url) as warehouse:
        warehouse.upgrade()
        warehouse.write(layers)
    return url


@pytest.fixture(scope="session")
def postgres_schema() -> Iterator[str]:
    """The address of an empty schema on the test server; use it only in tests marked `postgres`."""
    from sqlalchemy import create_engine, make_url

    server = make_url(os.environ["CARMS_TEST_POSTGRES_URL"])
    schema = f"carms_examples_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        yield server.update_query_dict({"options": f"-c search_path={schema}"}).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET client_min_messages = warning")
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


@pytest.fixture(scope="session")
def settings_for() -> Callable[..., Any]:
    """Make settings for a database, with the tests' key and no limit that a test would run into unawares."""
    from examples.api.settings import Settings, hash_key

    def make(url: str, **values: object) -> Settings:
        return Settings(database_url=url, **{"keys": {"tester": hash_key(KEY)}, "rate": 1e6, "burst": 10**6, **values})

    return make


@pytest.fixture
def client_for(settings_for: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Start the service on a database; every request carries the tests' key."""
    from examples.api.app import create_app
    from fastapi.testclient import TestClient

    with contextlib.ExitStack() as stack:

        def start(url: str, **values: object) -> TestClient:
            app = create_app(settings_for(url, **values))
            client = TestClient(app, headers={"X-API-Key": KEY}, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(client_for: Callable[..., Any], published: str) -> Any:
    return client_for(published)


@pytest.fixture(scope="session")
def site(published: str, settings_for: Callable[..., Any]) -> Iterator[str]:
    """The address of the service on a real socket of this machine."""
    import uvicorn
    from examples.api.app import create_app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(settings_for(published)), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < until, "the server did not start in 20 s"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, driven by its own driver."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    assert program is not None, "use it in tests marked browser"
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = program
    options.add_argument("--headless=new")
    options.add_argument("--disable-dev-shm-usage")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to sandbox itself for root, as in a container
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    window.set_page_load_timeout(20)
    yield window
    window.quit()
