"""Fill the warehouse that the service reads: release, baseline study and the views that are asked for most.

    CARMS_DATABASE_URL=postgresql+psycopg://owner@host/carms python -m examples.api.publish [PATH OF A RELEASE]

Bands are counted once, here, and only looked up by the service. Running it again changes nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import carms_lib as carms
from carms_lib.pressure import Bands
from psycopg import sql
from sqlalchemy import URL, create_engine, make_url, text

GROUPINGS: Mapping[str, list[str]] = {
    "country": [],
    "province": ["province"],
    "discipline": ["discipline"],
    "province,discipline": ["province", "discipline"],
}


def publish(url: str | URL, release: carms.Release, *, n_draws: int = 1_000, rng: int = 2025) -> int:
    """Build a release, simulate its baseline, keep both; return the number of the study."""
    layers = carms.build(release)
    market = carms.Market.from_gold(layers.gold, carms.load_cohort("2025"), provenance=layers.provenance)
    return keep(url, layers, carms.simulate(market, n_draws=n_draws, rng=rng))


def keep(url: str | URL, layers: carms.Layers, study: carms.Study) -> int:
    """Write a release and a study of it; return the number of the study."""
    with carms.open_warehouse(url) as warehouse:
        warehouse.upgrade()
        warehouse.write(layers)
        return warehouse.write_study(study, views_of(study))


def views_of(study: carms.Study) -> dict[str, Bands]:
    """Return the views that the service knows, by the names under which it looks for them."""
    views = {f"pressure by {name}": study.pressure(by=by or None) for name, by in GROUPINGS.items()}
    return views | {
        f"preferences by {place}": study.preferences(["applicant_class", place], scenario="baseline")
        for place in ("province", "discipline")
    }


def grant_reader(url: str | URL, role: str, *, password: str | None = None, statement_timeout: float = 5.0) -> None:
    """Make a PostgreSQL role that may log in and read, and nothing else; run it as the owner of the tables.

    It may be run again, and tables that a later migration makes are readable too. Without a password, set one with
    ``\\password`` in psql, or let the server trust another proof of who it is.
    """
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        quote = connection.dialect.identifier_preparer.quote
        name, schema = quote(role), quote(connection.exec_driver_sql("SELECT current_schema()").scalar_one())
        database = quote(connection.exec_driver_sql("SELECT current_database()").scalar_one())
        known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first()
        rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
        for statement in (
            f"{'ALTER' if known else 'CREATE'} ROLE {name} {rights}",
            f"ALTER ROLE {name} SET default_transaction_read_only = on",
            f"ALTER ROLE {name} SET statement_timeout = {int(1_000 * statement_timeout)}",
            f"GRANT CONNECT ON DATABASE {database} TO {name}",
            f"GRANT USAGE ON SCHEMA {schema} TO {name}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {name}",
        ):
            connection.exec_driver_sql(statement)
        if password is not None:  # as a literal made by the driver: a statement like this takes no parameters
            raw = connection.connection.driver_connection
            raw.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
    engine.dispose()


def main(release: carms.Release) -> None:
    """Publish to CARMS_DATABASE_URL; where CARMS_READER_URL is given, let its user read."""
    url = os.environ["CARMS_DATABASE_URL"]
    print("study", publish(url, release, n_draws=int(os.environ.get("CARMS_DRAWS", "1000"))))
    if reader := os.environ.get("CARMS_READER_URL"):
        user = make_url(reader)
        grant_reader(url, user.username or "", password=user.password)


if __name__ == "__main__":
    main(carms.load_release(*sys.argv[1:2]))
