"""The schema, from its first version to this one and back: the same on both engines, nothing lost that is promised."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from carms_lib import exceptions
from carms_lib.warehouse import migration_sql, open_warehouse
from carms_lib.warehouse.revisions import HEAD, revisions
from carms_lib.warehouse.tables import TABLES
from sqlalchemy import create_engine, inspect, select, text

VERSIONS = Path(__file__).parent / "versions"
REVISIONS = revisions()
CLOSED_LISTS = {"province", "applications_band", "interview_band"}


def script_of(kind, revision):
    return (VERSIONS / kind / f"{revision}.sql").read_text(encoding="utf-8")


def words(sql):
    return sql.split()


def born_in(revision):
    """The tables that a revision brought."""
    return set(re.findall(r"^CREATE TABLE (\w+)", script_of("sqlite", revision), flags=re.MULTILINE)) & set(TABLES)


def added_after(revision):
    """The columns that later revisions added to tables that were there."""
    added = {}
    for later in REVISIONS[REVISIONS.index(revision) + 1 :]:
        for table, column in re.findall(
            r"^ALTER TABLE (\w+) ADD COLUMN (\w+)", script_of("sqlite", later), re.MULTILINE
        ):
            added.setdefault(table, []).append(column)
    return added


@pytest.fixture
def old(kind, url, run_script):
    """Build a database of an older version, with rows, from the files of that version only."""

    def build(revision):
        for step in REVISIONS[: REVISIONS.index(revision) + 1]:
            run_script(url, script_of(kind, step))
            if (VERSIONS / f"rows_{step}.sql").exists():
                zone = "SET TIME ZONE 'UTC';\n" if kind == "postgresql" else ""
                run_script(url, zone + (VERSIONS / f"rows_{step}.sql").read_text(encoding="utf-8"))
        return url

    return build


@pytest.fixture
def content(url):
    """Read every row of every table of ours that is there: by default every column, else those of an earlier look."""

    def read(like=None):
        engine = create_engine(url)
        with engine.begin() as connection:
            found = {}
            for name in set(inspect(connection).get_table_names()) & set(TABLES):
                there = {column["name"] for column in inspect(connection).get_columns(name)}
                asked = [column for column in TABLES[name].c if column.name in there]
                if like is not None and name in like:
                    asked = [column for column in asked if column.name in like[name][0]]
                rows = sorted(map(tuple, connection.execute(select(*asked))), key=str)
                found[name] = [column.name for column in asked], rows
        engine.dispose()
        return found

    return read


# --- what was released stays as it is --------------------------------------------------------------------


def test_revisions_are_one_line_and_numbered():
    assert list(REVISIONS) == [f"{place:04d}" for place in range(1, len(REVISIONS) + 1)]
    assert REVISIONS[-1] == HEAD


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_no_migration_that_is_out_was_edited(dialect):
    for before, revision in zip(("base", *REVISIONS), REVISIONS, strict=False):
        assert words(migration_sql(dialect, start=before, end=revision)) == words(script_of(dialect, revision)), (
            revision
        )


def test_every_migration_says_what_going_back_costs_and_the_notes_name_it():
    from carms_lib.warehouse import revisions

    notes = (VERSIONS.parents[2] / "docs" / "reference" / "schema-release-notes.md").read_text(encoding="utf-8")
    for path in sorted((Path(revisions.__file__).parent / "migrations" / "versions").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        revision = re.search(r'^revision = "(\w+)"', source, flags=re.MULTILINE)[1]
        assert path.name.startswith(f"{revision}_")
        assert re.search(r"^Going back: .{20,}", source, flags=re.MULTILINE), path.name
        assert f"## {revision}" in notes
    assert len(re.findall(r"^## \d{4}", notes, flags=re.MULTILINE)) == len(REVISIONS)


def test_migrations_as_sql_refuse_what_is_unknown():
    with pytest.raises(exceptions.UnknownNameError, match="Did you mean 'postgresql'"):
        migration_sql("postgres")
    with pytest.raises(exceptions.UnknownNameError, match="revision='0010'"):
        migration_sql("sqlite", end="0010")


# --- up --------------------------------------------------------------------------------------------------


def test_an_empty_database_upgrades_to_what_is_declared(url):
    with open_warehouse(url) as warehouse:
        assert warehouse.current() is None
        assert warehouse.upgrade() == HEAD == warehouse.current()
        warehouse.check()
        assert warehouse.upgrade() == HEAD  # nothing to do


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_every_older_version_upgrades_with_its_rows(kind, old, content, revision):
    url = old(revision)
    before = content()
    assert len(before["program"][1]) == 7
    with open_warehouse(url) as warehouse:
        assert warehouse.current() == revision
        if revision != HEAD:
            with pytest.raises(exceptions.MigrationError, match=rf"at revision {revision}.*warehouse\.upgrade\(\)"):
                warehouse.programs()
        assert warehouse.upgrade() == HEAD
        warehouse.check()
        after = content(like=before)
        assert {name: after[name] for name in before} == before
        # what was kept then is answered now
        assert warehouse.programs().frame["quota"].tolist() == [1, 2, 77, 4, 6]
        assert warehouse.programs(as_of="2030-01-01").frame["quota"].tolist() == [1, 2, 3, 4, 5, 6]
        assert warehouse.history("10005")["closed_as"].tolist() == ["vanished"]
        assert warehouse.search("pediatrie")["program_stream_id"].tolist() == ["10006"]
        n_sections = len(warehouse.search("committee"))
        assert n_sections == (12 if revision >= "0003" else 0)
        assert warehouse.studies()["entropy"].tolist() == (["2025"] if revision >= "0004" else [])
        assert warehouse.builds()["run_id"].tolist() == (["b1"] if revision >= "0005" else [])
        checks = warehouse.build_details("checks").set_index("check")
        kept_before = checks.loc[checks.index == "rows conserved", ["kind", "measured", "threshold"]]
        assert len(kept_before) == (revision >= "0005")
        assert kept_before.isna().all(axis=None)
        if revision >= "0007":
            assert checks.loc["share set aside", ["kind", "measured", "threshold"]].tolist() == [
                "quarantine",
                0.0,
                0.05,
            ]


# --- down, and up again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_down_and_up_again_keeps_what_the_notes_promise(old, content, revision):
    url = old(HEAD)
    before = content()
    lost = set().union(*(born_in(later) for later in REVISIONS[REVISIONS.index(revision) + 1 :]))
    with open_warehouse(url) as warehouse:
        assert warehouse.downgrade(revision) == revision
        between = content()
        assert set(between) == set(before) - lost
        # a table that stays keeps its rows, but for columns that came later
        for name, (columns, rows) in between.items():
            had, old_rows = before[name]
            assert rows == sorted((tuple(row[had.index(c)] for c in columns) for row in old_rows), key=str), name
            assert set(had) - set(columns) <= set(added_after(revision).get(name, ()))
        warehouse.upgrade()
        warehouse.check()
        after = content(like=between)
        assert {name: after[name] for name in between} == between
        assert set(after) == set(before)
        # facts are searchable again without writing anything; texts, studies and builds that went are gone
        assert warehouse.search("pediatrie")["section_key"].tolist() == ["facts"]
        assert all(after[name][1] == [] for name in lost - {"search_document"})


def test_down_to_nothing_leaves_nothing(url, old, kind):
    with open_warehouse(old(HEAD)) as warehouse:
        assert warehouse.downgrade("base") == "base"
        assert warehouse.current() is None
        with pytest.raises(exceptions.MigrationError, match="nothing to undo"):
            warehouse.downgrade("base")
        engine = create_engine(url)
        assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
        assert inspect(engine).get_view_names() == []
        if kind == "sqlite":  # neither index, nor trigger, nor shadow table
            with engine.connect() as connection:
                left = connection.execute(
                    text("SELECT name FROM sqlite_master WHERE name NOT LIKE '%alembic_version%'")
                )
                assert left.all() == []
        engine.dispose()
        assert warehouse.upgrade() == HEAD


def test_a_direction_that_is_wrong_is_refused(url, old):
    with open_warehouse(old("0002")) as warehouse:
        with pytest.raises(exceptions.MigrationError, match="later than 0001"):
            warehouse.upgrade("0001")
        with pytest.raises(exceptions.UnknownNameError, match="revision='0003'"):
            warehouse.downgrade("0003")
        with pytest.raises(exceptions.UnknownNameError, match="Did you mean '0004'"):
            warehouse.upgrade("004")
        assert warehouse.current() == "0002"


# --- what is not ours, and what goes wrong ---------------------------------------------------------------


@pytest.mark.parametrize("verb", ["programs", "write", "upgrade", "downgrade", "check"])
def test_a_database_of_a_newer_library_is_left_alone(empty, rows, invented, verb):
    rows("UPDATE alembic_version SET version_num = '9999'")
    ask = {
        "programs": empty.programs,
        "write": lambda: empty.write(invented.invent(3)),
        "upgrade": empty.upgrade,
        "downgrade": lambda: empty.downgrade("0001"),
        "check": empty.check,
    }[verb]
    with pytest.raises(exceptions.MigrationError, match=r"'9999', which this library does not know.*pip install -U"):
        ask()
    assert rows("SELECT version_num FROM alembic_version") == [("9999",)]
    assert rows("SELECT count(*) FROM load_run") == [(0,)]


def test_tables_of_somebody_else_are_not_touched(url, run_script, rows):
    run_script(url, "CREATE TABLE program (id INTEGER); INSERT INTO program VALUES (7);")
    with open_warehouse(url) as warehouse:
        with pytest.raises(exceptions.MigrationError, match=r"other tables of the same name \(program\)"):
            warehouse.upgrade()
        with pytest.raises(exceptions.MigrationError, match=r"no tables of this library yet.*upgrade"):
            warehouse.programs()
    assert rows("SELECT id FROM program") == [(7,)]


def test_a_migration_that_fails_leaves_the_version_before(url, old, content, run_script):
    old("0003")
    run_script(url, "CREATE TABLE study_band (mine INTEGER);")  # stands where the last table of 0004 belongs
    before = content_of_names(url)
    with open_warehouse(url) as warehouse:
        with pytest.raises(exceptions.WarehouseError, match="Nothing was written"):
            warehouse.upgrade()
        assert warehouse.current() == "0003"
    assert content_of_names(url) == before


def content_of_names(url):
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_rows_that_refer_to_nothing_stop_a_migration(url, old, run_script, kind):
    """SQLite follows no foreign keys while a table is rebuilt; they are checked before the commit."""
    if kind == "postgresql":
        with pytest.raises(Exception, match="foreign key"):
            run_script(old("0003"), "INSERT INTO exam VALUES (999, 'NAC');")
        return
    run_script(old("0003"), "PRAGMA foreign_keys = OFF; INSERT INTO exam VALUES (999, 'NAC');")
    with open_warehouse(url) as warehouse:
        with pytest.raises(exceptions.MigrationError, match=r"1 rows.*refer to nothing.*'exam'.*Nothing was changed"):
            warehouse.upgrade()
        assert warehouse.current() == "0003"


CHANGED_BY_HAND = {
    "a column more": "ALTER TABLE program ADD COLUMN mine INTEGER",
    "an index less": "DROP INDEX ix_program_history",
    "an index more": "CREATE INDEX ix_program_mine ON program (quota)",
    "a rule more": "ALTER TABLE section ADD COLUMN mine INTEGER CONSTRAINT ck_section_mine CHECK (mine > 0)",
    "a table less": "DROP TABLE build_check",
}
CHANGED_ON_A_SERVER = {
    "a rule less": ("ALTER TABLE program DROP CONSTRAINT ck_program_quota_at_least_1", "quota_at_least_1"),
    "a foreign key less": ("ALTER TABLE program DROP CONSTRAINT fk_program_stream_key", "stream_key"),
    "a key less": ("ALTER TABLE stream DROP CONSTRAINT uq_stream_stream_row_hash", "uq_stream_stream_row_hash"),
    "a column that may be missing": ("ALTER TABLE program ALTER COLUMN quota DROP NOT NULL", "quota"),
}


@pytest.mark.parametrize("change", CHANGED_BY_HAND)
def test_check_sees_what_was_changed_by_hand(empty, rows, change):
    empty.check()
    rows(CHANGED_BY_HAND[change])
    with pytest.raises(exceptions.MigrationError, match="differs from the tables of this library") as caught:
        empty.check()
    assert re.search("mine|ix_program_history|build_check", str(caught.value))


@pytest.mark.postgres
@pytest.mark.parametrize("change", CHANGED_ON_A_SERVER)
def test_check_sees_a_constraint_that_is_gone(postgresql_url, make_tables, run_script, change):
    make_tables("postgresql", postgresql_url)
    statement, named = CHANGED_ON_A_SERVER[change]
    run_script(postgresql_url, statement)
    with open_warehouse(postgresql_url) as warehouse, pytest.raises(exceptions.MigrationError, match=named):
        warehouse.check()


def test_check_sees_a_rule_that_is_gone_in_sqlite(tmp_path, make_tables, run_script):
    url = f"sqlite:///{tmp_path / 'carms.db'}"
    make_tables("sqlite", url)
    run_script(
        url,
        """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'CONSTRAINT ck_program_quota_at_least_1 CHECK (quota >= 1),', '')
        WHERE name = 'program';
        """,
    )
    with open_warehouse(url) as warehouse, pytest.raises(exceptions.MigrationError, match="quota_at_least_1"):
        warehouse.check()


# --- names of constraints --------------------------------------------------------------------------------


def test_every_constraint_has_the_name_that_the_convention_gives(empty, url):
    """In the declaration and in the database: pk, fk, uq, ck and ix, then the table, then what is constrained."""
    engine = create_engine(url)
    found = inspect(engine)
    for table in TABLES.values():
        declared = {constraint.name for constraint in table.constraints}
        there = {
            found.get_pk_constraint(table.name)["name"],
            *(key["name"] for key in found.get_foreign_keys(table.name)),
            *(key["name"] for key in found.get_unique_constraints(table.name)),
            *(rule["name"] for rule in found.get_check_constraints(table.name)),
        }
        assert there == declared, table.name
        for name in there | {index["name"] for index in found.get_indexes(table.name)}:
            assert re.fullmatch(rf"(pk|fk|uq|ck|ix)_{table.name}(_\w+)?", name), name
            assert len(name) <= 63, f"PostgreSQL would cut {name}"
    engine.dispose()


def test_migrations_load_no_model():
    """A migration says what it does itself; else a later change of a model would change the past."""
    folder = Path(importlib.import_module("carms_lib.warehouse.revisions").__file__).parent / "migrations" / "versions"
    for path in folder.glob("*.py"):
        assert "carms_lib" not in path.read_text(encoding="utf-8"), path.name
