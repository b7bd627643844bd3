"""On a real PostgreSQL: a role that can only read, a query that takes too long, a server that goes away."""

from __future__ import annotations

import threading
import uuid

import pytest

pytest.importorskip("fastapi", reason="pip install 'carms-lib[examples]'")
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def reader(postgres_schema, layers, study):
    """The address for a role of its own that was granted to read, and nothing else."""
    from examples.api.publish import grant_reader, keep
    from sqlalchemy import create_engine, make_url

    owner = make_url(postgres_schema)
    keep(owner, layers, study)
    role = f"carms_reader_{uuid.uuid4().hex[:8]}"
    grant_reader(owner, role)
    yield owner.set(username=role).render_as_string(hide_password=False)
    engine = create_engine(owner, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    engine.dispose()


def test_the_service_works_as_a_role_that_may_only_read(client_for, reader, published):
    on_server, on_file = client_for(reader), client_for(published)
    assert on_server.get("/ready").json() == {"status": "ready", "release": "1503", "study": 1}
    for path in ("/programs?province=ON&discipline=Psychiatry", "/disciplines", "/map",
                 "/analytics/match-pressure?limit=10", "/analytics/preferences?by=province"):  # fmt: skip
        assert on_server.get(path).json() == on_file.get(path).json()
    assert on_server.get("/programs/search?q=psychiatrie").json()[0]["discipline"] == "Psychiatry"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO discipline SELECT * FROM discipline",
        "UPDATE program SET quota = 99",
        "DELETE FROM study_band",
        "DROP TABLE program",
        "CREATE TABLE mine (a int)",
        "TRUNCATE load_run",
    ],
)
def test_the_database_itself_refuses_the_role_every_change(reader, statement):
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import ProgrammingError

    engine = create_engine(reader)
    with engine.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = off"))  # as an intruder would
        connection.commit()
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))
    engine.dispose()


def test_the_grant_may_be_given_again_with_a_password(reader, postgres_schema, client_for):
    from examples.api.publish import grant_reader
    from sqlalchemy import create_engine, make_url, text

    role = make_url(reader).username
    grant_reader(postgres_schema, role, password="it's \\ quoted")  # noqa: S106
    engine = create_engine(postgres_schema)
    with engine.connect() as connection:
        kept = connection.scalar(text("SELECT rolpassword FROM pg_authid WHERE rolname = :role"), {"role": role})
    engine.dispose()
    assert kept.startswith("SCRAM-SHA-256$")
    assert client_for(reader).get("/ready").status_code == 200


def test_a_query_that_takes_too_long_is_stopped_and_the_next_one_is_served(client_for, reader, postgres_schema):
    from sqlalchemy import create_engine

    client = client_for(reader, statement_timeout=0.3)
    engine = create_engine(postgres_schema)
    with engine.begin() as migration:
        migration.exec_driver_sql("LOCK TABLE program IN ACCESS EXCLUSIVE MODE")  # every reader now waits
        answer = client.get("/programs?limit=1")
        assert answer.status_code == 503
        assert answer.json()["detail"] == "The warehouse cannot answer now. Try again shortly."
        assert client.get("/health").status_code == 200
    engine.dispose()
    assert client.get("/programs?limit=1").status_code == 200


def test_connections_that_the_server_cuts_are_replaced(client_for, reader, postgres_schema):
    from sqlalchemy import create_engine, make_url, text

    client = client_for(reader)
    assert client.get("/programs?limit=1").status_code == 200
    engine = create_engine(postgres_schema)
    with engine.begin() as connection:
        cut = connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role"),
            {"role": make_url(reader).username},
        ).all()
    engine.dispose()
    assert cut
    assert client.get("/programs?limit=1").status_code == 200


def test_many_at_once_get_the_same_answer(client_for, reader):
    client = client_for(reader, pool_size=3)
    wanted = client.get("/programs?province=QC&limit=20").json()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.get("/programs?province=QC&limit=20").json()))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [wanted] * 12
