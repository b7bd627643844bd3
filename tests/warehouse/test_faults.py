"""What can go wrong with a database: nothing is lost, nothing half written, and the error says what to do."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import tempfile
import threading
import time
import traceback
from pathlib import Path

import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.warehouse import open_warehouse
from sqlalchemy import create_engine, event, make_url

SECRET = "open-sesame-42"  # noqa: S105 - the password that no message may repeat


@pytest.fixture
def filled(empty, invented):
    """A warehouse with one release, and the same release corrected."""
    layers = invented.invent(40)
    empty.write(layers)
    return empty, layers, invented.edit(layers, "program", {}, quota=9)


def require_state(warehouse, layers, rows, n_loads=1):
    pd.testing.assert_frame_equal(warehouse.programs(limit=100).frame, layers.gold["program"])
    assert rows("SELECT count(*) FROM load_run") == [(n_loads,)]


# --- the disk --------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path, make_tables, invented):
    """A file with one release."""
    url = f"sqlite:///{tmp_path / 'carms.db'}"
    make_tables("sqlite", url)
    with open_warehouse(url) as warehouse:
        warehouse.write(invented.invent(40))
    return url, tmp_path / "carms.db"


def test_a_full_disk_leaves_the_release_before(file, invented):
    url, _ = file
    with open_warehouse(url) as warehouse:
        with warehouse._engine.connect() as connection:  # the pool gives this connection again
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(exceptions.WarehouseUnavailableError, match=r"disk .*full.*Nothing was written.*Free space"):
            warehouse.write(invented.invent(400, release_id="9002", cycle=2032))
        assert warehouse.releases() == ["9001"]
        assert len(warehouse.programs().frame) == 40
        with warehouse._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert warehouse.write(invented.invent(400, release_id="9002", cycle=2032)).n_new == 400


def test_a_file_that_may_not_grow_leaves_the_release_before(file, invented):
    """The operating system refuses in the middle of a write, as it does at a quota."""
    url, path = file
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_warehouse(url) as warehouse:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 8_192, limits[1]))
        try:
            with pytest.raises(exceptions.WarehouseUnavailableError, match=r"disk.*Nothing was written"):
                warehouse.write(invented.invent(400, release_id="9002", cycle=2032))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert warehouse.releases() == ["9001"]
        assert warehouse.write(invented.invent(400, release_id="9002", cycle=2032)).n_new == 400
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("state", "error", "says"),
    [
        ("53100", exceptions.WarehouseUnavailableError, "disk .*full"),
        ("53200", exceptions.WarehouseUnavailableError, "does not answer"),
        ("23514", exceptions.WarehouseError, "refused"),
    ],
)
def test_a_server_that_fails_in_the_middle_of_a_write(
    postgresql_url, make_tables, run_script, invented, state, error, says
):
    """The server itself raises what it raises when its disk is full, after most of the release went over."""
    make_tables("postgresql", postgresql_url)
    run_script(
        postgresql_url,
        f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{state}'; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON search_document FOR EACH ROW WHEN (new.program_key = 39)
        EXECUTE FUNCTION fail();
        """,
    )
    with open_warehouse(postgresql_url, retries=0) as warehouse:
        with pytest.raises(error, match=f"{says}.*Nothing was written|Nothing was written.*{says}"):
            warehouse.write(invented.invent(40))
        assert warehouse.releases() == []
        run_script(postgresql_url, "DROP TRIGGER fail ON search_document")
        assert warehouse.write(invented.invent(40)).n_new == 40


@pytest.fixture
def as_nobody():
    """Run a part of the test without the powers of root, for whom no file is read-only."""

    @contextlib.contextmanager
    def drop():
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65_534)
        try:
            yield
        finally:
            os.seteuid(0)

    return drop


def test_a_file_that_is_read_only(file, invented, as_nobody):
    _, path = file
    folder = Path(tempfile.mkdtemp(prefix="carms_read_only_"))
    try:
        copy = Path(shutil.copy(path, folder / "carms.db"))
        copy.chmod(0o444)
        folder.chmod(0o555)
        with as_nobody():
            with open_warehouse(f"sqlite:///{copy}") as warehouse:
                with pytest.raises(exceptions.WarehouseUnavailableError, match=r"read-only\. Nothing was written"):
                    warehouse.write(invented.invent(3))
                with pytest.raises(exceptions.WarehouseUnavailableError, match="write permission, or open a copy"):
                    warehouse.downgrade("0001")
            with open_warehouse(f"sqlite:///{copy}", read_only=True) as warehouse:
                assert len(warehouse.programs().frame) == 40
            with pytest.raises(exceptions.WarehouseUnavailableError, match="cannot be opened"):
                open_warehouse(f"sqlite:///{folder / 'new.db'}").upgrade()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("damage", ["not a database", "cut off", "overwritten"])
def test_a_file_that_is_damaged(file, damage):
    url, path = file
    content = bytearray(path.read_bytes())
    if damage == "not a database":
        content = bytearray(b"program_stream_id,quota\n" * 1_000)
    elif damage == "cut off":
        content = content[: len(content) // 3]
    else:
        content[8_192:-8_192] = b"\xff" * (len(content) - 16_384)
    path.write_bytes(content)
    with pytest.raises(exceptions.WarehouseError, match=r"damaged|lacks tables"):
        read_all(url)


def read_all(url):
    with open_warehouse(url) as warehouse:
        warehouse.programs(limit=1_000)
        warehouse.check()


@pytest.mark.parametrize("name", ["nowhere/carms.db", "."])
def test_a_place_where_no_file_can_be(tmp_path, name):
    with pytest.raises(exceptions.WarehouseUnavailableError, match=r"cannot be opened\. Check that the folder exists"):
        open_warehouse(f"sqlite:///{tmp_path / name}")


def test_reading_a_file_that_is_not_there_makes_none(tmp_path):
    with pytest.raises(exceptions.WarehouseUnavailableError, match="cannot be opened"):
        open_warehouse(f"sqlite:///{tmp_path / 'carms.db'}", read_only=True)
    assert not (tmp_path / "carms.db").exists()


def test_an_unfinished_write_is_named_to_a_reader_who_may_not_undo_it(file):
    """A writer that was killed leaves its journal; only who may write can roll it back."""
    _, path = file
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        many = "CREATE TABLE many AS SELECT randomblob(900) AS x FROM section, exam LIMIT 2000"
        writer.execute(many)
        writer.executescript("PRAGMA cache_size = 5; BEGIN IMMEDIATE; UPDATE many SET x = zeroblob(900);")
        broken = path.parent / "broken.db"
        shutil.copy(path, broken)
        shutil.copy(f"{path}-journal", f"{broken}-journal")
    with pytest.raises(exceptions.WarehouseUnavailableError, match=r"unfinished write.*Open it once without read_only"):
        open_warehouse(f"sqlite:///{broken}", read_only=True).releases()
    with open_warehouse(f"sqlite:///{broken}") as warehouse:
        assert warehouse.releases() == ["9001"]
    with open_warehouse(f"sqlite:///{broken}", read_only=True) as warehouse:
        assert len(warehouse.programs().frame) == 40


# --- locks -----------------------------------------------------------------------------------------------


@pytest.fixture
def held(url, kind):
    """Hold the lock of writers, as another writer does in the middle of its work."""
    engine = create_engine(url)

    @contextlib.contextmanager
    def hold():
        with engine.connect() as connection:
            if kind == "sqlite":
                connection.connection.driver_connection.isolation_level = None
                connection.exec_driver_sql("BEGIN EXCLUSIVE")
            else:
                lock = "SELECT pg_advisory_xact_lock(hashtext('carms_lib ' || current_schema()))"
                connection.exec_driver_sql(lock)
            yield
            connection.connection.rollback()

    yield hold
    engine.dispose()


def test_a_writer_that_waits_too_long_says_so(filled, held, rows):
    warehouse, layers, corrected = filled
    with held():
        start = time.monotonic()
        with pytest.raises(exceptions.WriteConflictError, match=r"more than 0\.5 s\. Nothing was written\."):
            warehouse.write(corrected)
        assert time.monotonic() - start >= 0.4
        with pytest.raises(exceptions.WriteConflictError):
            warehouse.downgrade("0001")
    require_state(warehouse, layers, rows)
    assert warehouse.write(corrected).n_changed > 0


def test_readers_of_a_server_do_not_wait_for_a_writer_and_those_of_a_file_say_why(filled, held, kind, rows):
    warehouse, layers, _ = filled
    with held():
        if kind == "postgresql":
            pd.testing.assert_frame_equal(warehouse.programs(limit=100).frame, layers.gold["program"])
        else:
            with pytest.raises(exceptions.WarehouseUnavailableError, match=r"locked by a writer for more than 0\.5 s"):
                warehouse.programs()
    require_state(warehouse, layers, rows)


def test_a_writer_that_waits_long_enough_goes_on(filled, held, url):
    _, _, corrected = filled
    reports = []
    with open_warehouse(url, lock_timeout=20) as patient:
        thread = threading.Thread(target=lambda: reports.append(patient.write(corrected)))
        with held():
            thread.start()
            time.sleep(0.3)
            assert reports == []
        thread.join()
    assert reports[0].n_changed > 0


# --- the server ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(load_helper):
    """A server that the test may stop and start."""
    server = load_helper("servers").open_server(os.environ["CARMS_TEST_POSTGRES_URL"])
    yield server
    server.close()


@pytest.fixture
def on_server(server, own_schema, invented):
    """A warehouse with one release on the server that may be stopped."""
    for url in own_schema(server.url):
        with open_warehouse(url, retries=2, lock_timeout=5) as warehouse:
            warehouse.upgrade()
            warehouse.write(invented.invent(40))
            yield warehouse, url


@pytest.mark.postgres
def test_a_server_that_goes_and_comes_back(on_server, server, invented):
    warehouse, _ = on_server
    layers = invented.invent(40)
    server.stop()
    for ask in (warehouse.programs, lambda: warehouse.write(invented.invent(9, release_id="9002"))):
        with pytest.raises(
            exceptions.WarehouseUnavailableError, match=r"does not answer\. It was tried 3 times"
        ) as caught:
            ask()
        assert SECRET not in "".join(traceback.format_exception(caught.value))
    server.start()
    pd.testing.assert_frame_equal(warehouse.programs(limit=100).frame, layers.gold["program"])
    assert warehouse.releases() == ["9001"]
    assert warehouse.write(invented.invent(9, release_id="9002", cycle=2032)).n_new == 9


@pytest.mark.postgres
def test_a_server_that_restarts_is_waited_for(on_server, server):
    warehouse, url = on_server
    server.stop()
    back = threading.Timer(0.5, server.start)
    back.start()
    with open_warehouse(url, retries=6) as patient:  # pauses double: 0.2, 0.4, 0.8 … 5 s
        assert len(patient.programs().frame) == 40
    back.join()
    assert len(warehouse.programs().frame) == 40


@pytest.mark.postgres
def test_a_server_that_crashes_in_the_middle_of_a_write(on_server, server, invented):
    """All that went over is gone with the crash; the write is tried again and then is whole."""
    warehouse, url = on_server
    crashed = []

    def crash(connection, cursor, statement, parameters, context, many):
        if not crashed and "max(program.program_key)" in statement:
            crashed.append(statement)
            server.stop()
            server.start()

    event.listen(warehouse._engine, "before_cursor_execute", crash)
    report = warehouse.write(invented.edit(invented.invent(40), "program", {}, quota=9))
    assert crashed
    assert report.n_changed > 30
    with open_warehouse(url) as again:
        assert set(again.programs(limit=100).frame["quota"]) == {9}
        assert again.history("10001")["run_id"].tolist() == [1, 2]


@pytest.mark.postgres
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("moment", ["SELECT max(search_document.document_key)", "UPDATE program SET"])
def test_a_connection_that_is_cut_in_the_middle_of_a_write(postgresql_url, make_tables, invented, retries, moment):
    make_tables("postgresql", postgresql_url)
    layers = invented.invent(40)
    corrected = invented.edit(layers, "program", {}, quota=9)
    with open_warehouse(postgresql_url, retries=retries) as warehouse:
        warehouse.write(layers)
        cuts = []

        def cut(connection, cursor, statement, parameters, context, many):
            if not cuts and statement.startswith(moment):
                cuts.append(connection.connection.driver_connection.info.backend_pid)
                terminate(postgresql_url, cuts[0])

        event.listen(warehouse._engine, "before_cursor_execute", cut)
        if retries:
            assert warehouse.write(corrected).n_changed > 30
        else:
            with pytest.raises(exceptions.WarehouseUnavailableError, match=r"does not answer\. Nothing was written"):
                warehouse.write(corrected)
            pd.testing.assert_frame_equal(warehouse.programs(limit=100).frame, layers.gold["program"])
        assert cuts
    with open_warehouse(postgresql_url) as again:
        assert len(again.history("10001")) == (2 if retries else 1)


def terminate(url, pid):
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").scalar_one()
    engine.dispose()


@pytest.mark.postgres
def test_idle_connections_that_were_cut_are_replaced(postgresql_url, make_tables, invented):
    make_tables("postgresql", postgresql_url)
    with open_warehouse(postgresql_url, retries=0) as warehouse:
        warehouse.write(invented.invent(5))
        with warehouse._engine.connect() as connection:
            pid = connection.connection.driver_connection.info.backend_pid
        terminate(postgresql_url, pid)
        assert len(warehouse.programs().frame) == 5


# --- addresses and passwords -----------------------------------------------------------------------------

WRONG = [
    f"postgresql+psycopg://keeper:{SECRET}@127.0.0.1:1/carms",
    f"postgresql://keeper:{SECRET}@nohost.invalid/carms",
    f"postgresql://keeper:{SECRET}@127.0.0.1:65000/carms?options=-c%20search_path%3D{SECRET}",
]
NO_ADDRESS = [
    f"mysql://keeper:{SECRET}@host/carms",
    f"postgresql://keeper:{SECRET}@host:port/carms",
    f"{SECRET}",
    f"keeper:{SECRET}@host",
    "",
]


@pytest.mark.parametrize("url", WRONG)
def test_an_address_where_nobody_answers_never_shows_its_password(url, caplog):
    pytest.importorskip("psycopg")
    with (
        caplog.at_level("DEBUG"),
        pytest.raises(exceptions.WarehouseUnavailableError, match="does not answer") as caught,
    ):
        open_warehouse(url, retries=0)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in told
    assert "keeper@" in str(caught.value)


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_address_is_not_repeated(url):
    with pytest.raises(exceptions.ArgumentError, match=r"Allowed: 'sqlite:///carms\.db'") as caught:
        open_warehouse(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("password", [f"{SECRET}@more", f"at@{SECRET}", f"@{SECRET}"])
def test_a_password_with_an_at_sign_is_not_taken_for_the_host(password, caplog):
    """Behind the first of two such signs everything would be the host, and be shown."""
    pytest.importorskip("psycopg")
    with (
        caplog.at_level("DEBUG"),
        pytest.raises(exceptions.ArgumentError, match=r"more than one '@'.*as %40") as caught,
    ):
        open_warehouse(f"postgresql://keeper:{password}@127.0.0.1:1/carms", retries=0)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_an_option_that_the_driver_does_not_know():
    pytest.importorskip("psycopg")
    with pytest.raises(
        exceptions.WarehouseUnavailableError, match=r"an option after its '\?' that .* not know"
    ) as caught:
        open_warehouse(f"postgresql://keeper:{SECRET}@127.0.0.1:1/carms?{SECRET}=1")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_an_address_is_told_without_its_password():
    from carms_lib.warehouse.engine import label

    told = label(make_url(f"postgresql+psycopg://keeper:{SECRET}@db.example.org:5433/carms?sslpassword={SECRET}"))
    assert told == "postgresql://keeper@db.example.org:5433/carms"
    assert "in memory" in repr(open_warehouse("sqlite://"))


@pytest.mark.parametrize(
    ("state", "message", "says"),
    [
        ("28P01", 'password authentication failed for user "keeper"', "does not accept this user or password"),
        ("28000", 'no pg_hba.conf entry for host "127.0.0.1", user "keeper"', "does not accept this user or password"),
        ("3D000", 'database "carms" does not exist', "no such database or user"),
        ("53300", "sorry, too many clients already", "does not answer"),
    ],
)
def test_a_login_that_is_refused(load_helper, state, message, says):
    pytest.importorskip("psycopg")
    port, thread = load_helper("servers").refuse_logins(message, state)
    with pytest.raises(exceptions.WarehouseUnavailableError, match=says) as caught:
        open_warehouse(f"postgresql://keeper:{SECRET}@127.0.0.1:{port}/carms?sslmode=disable", retries=0)
    thread.join()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.postgres
def test_wrong_names_and_passwords_at_a_real_server(server):
    """A private cluster asks for the password; a server of one's own may not, and then only the names are wrong."""
    right = make_url(server.url)
    wrong = [right.set(database="no_such_database"), right.set(username="nobody_at_all", password=SECRET + "!")]
    if right.password:
        wrong.append(right.set(password=SECRET + "!"))
    for url in wrong:
        start = time.monotonic()
        with pytest.raises(exceptions.WarehouseUnavailableError, match=r"does not accept|no such database") as caught:
            open_warehouse(url, retries=6)
        assert time.monotonic() - start < 10  # such a fault does not pass, so that it is not tried again
        assert SECRET not in "".join(traceback.format_exception(caught.value))
