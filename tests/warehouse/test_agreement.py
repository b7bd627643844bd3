"""SQL and pandera agree: keys, missing values, ranges and closed lists, tried on the databases themselves.

For each rule of a contract a row of the database is changed so that it breaks the rule; the database must refuse. For
each edge that a contract allows, it must accept. What only one side can say stands in the lists below, with why.
"""

from __future__ import annotations

import pytest
from carms_lib.schemas import contracts
from carms_lib.schemas.codes import APPLICATIONS_BANDS, INTERVIEW_BANDS
from carms_lib.transforms.values import read_band
from carms_lib.warehouse.tables import TABLES
from sqlalchemy import Boolean, create_engine, select, update
from sqlalchemy.exc import IntegrityError

# Contract -> table that keeps it; and, where a column has another name there, which.
HOMES = {
    ("silver", "release"): "release",
    ("silver", "province"): "province",
    ("silver", "discipline"): "discipline",
    ("silver", "school"): "school",
    ("silver", "stream"): "stream",
    ("silver", "site"): "site",
    ("silver", "program"): "program",
    ("silver", "section"): "section",
    ("silver", "interview_date"): "interview_date",
    ("silver", "exam"): "exam",
    ("audit", "step"): "load_step",
    ("audit", "check"): "load_check",
    ("audit", "quarantine"): "load_quarantine",
}
BUILDS = {("audit", "step"): "build_count", ("audit", "check"): "build_check"}

# Names that a star keeps as keys of a dimension; a foreign key holds them to it.
AS_KEYS = {
    ("program", "discipline"): "discipline_key",
    ("program", "school"): "school_key",
    ("program", "site"): "site_key",
    ("program", "stream"): "stream_key",
    ("site", "school"): "school_key",
    **{(child, "program_stream_id"): "program_key" for child in ("section", "interview_date", "exam")},
}
# Unique among the members of one release, which have editions here: unique together with their hash.
WITHIN_A_RELEASE = {("discipline", "discipline_id"), ("school", "school_short")}
# What must not be empty because a pattern says so; SQL says it only where the text is free.
PATTERN_ONLY = {("discipline", "discipline_id")}  # digits only: a pattern of pandera's


@pytest.fixture(scope="module")
def kept(shared, invented):
    """A release, its audit and a build: at least one row in every table."""
    from types import SimpleNamespace

    import pandas as pd

    layers = invented.invent(30)
    steps = pd.DataFrame([("silver", "page", 6, 5, 1, 20, 18, 2)], columns=contracts()["audit"]["step"].columns)
    found = [("silver", "rows conserved", "page", "critical", True, "6", "6", "", "conservation", 0.0, 0.0)]
    checks = pd.DataFrame(found, columns=contracts()["audit"]["check"].columns)
    aside = [("silver", "page", 6, "10006", "quota", "no quota", "zero")]
    quarantine = pd.DataFrame(aside, columns=contracts()["audit"]["quarantine"].columns)
    report = SimpleNamespace(steps=steps, to_frame=lambda: checks)
    shared.write(
        SimpleNamespace(
            bronze=layers.bronze, silver=layers.silver, gold=layers.gold, report=report, quarantine=quarantine
        )
    )
    seats = ["seats_read", "seats_kept", "seats_quarantined"]
    record = {"run_id": "b1", "release_id": "", "started_at": "2031-01-01T00:00+00:00", "seconds": 1}
    shared.write_build(
        {**record, "failure_class": None}, checks=checks, counts=steps.astype(dict.fromkeys(seats, "Int64"))
    )
    engine = create_engine(shared._url)
    yield engine
    engine.dispose()


def rules():
    """Every rule of every contract: the table that keeps it, column, what is tried, and whether it is allowed."""
    for (layer, name), table in [*HOMES.items(), *BUILDS.items()]:
        for column, rule in contracts()[layer][name].schema.columns.items():
            there = AS_KEYS.get((table, column), column)
            yield table, there, "a missing value", None, rule.nullable
            if there != column:
                yield table, there, "a member that is not there", 10**9, False
                continue
            for check in rule.checks:
                told = check.statistics
                match check.name:
                    case "greater_than_or_equal_to":
                        yield table, column, "below", told["min_value"] - 1, False
                        yield table, column, "the least", told["min_value"], True
                    case "less_than_or_equal_to":
                        yield table, column, "above", told["max_value"] + 1, False
                        yield table, column, "the most", told["max_value"], True
                    case "isin":
                        yield table, column, "not on the list", "no such value", False
                    case "str_matches" if (table, column) not in PATTERN_ONLY:
                        yield table, column, "empty text", "", False


RULES = sorted(set(rules()), key=str)


@pytest.mark.parametrize(("table", "column", "what", "value", "allowed"), RULES, ids=str)
def test_the_database_refuses_what_the_contract_refuses(kept, table, column, what, value, allowed):
    target = TABLES[table]
    row = [key == kept_key for key, kept_key in zip(target.primary_key.columns, first_key(kept, target), strict=True)]
    changed = update(target).where(*row).values({column: value})
    with kept.connect() as connection:  # never committed
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        if allowed:
            assert connection.execute(changed).rowcount == 1
        else:
            with pytest.raises(IntegrityError):
                connection.execute(changed)


def first_key(engine, table):
    """The key of a row on which nothing else hangs that would forbid the change first."""
    with engine.connect() as connection:
        return connection.execute(select(*table.primary_key.columns).limit(1)).one()


def test_there_are_rules_of_every_kind():
    kinds = {what for _, _, what, _, _ in RULES}
    assert kinds == {
        "a missing value",
        "a member that is not there",
        "below",
        "the least",
        "above",
        "the most",
        "not on the list",
        "empty text",
    }
    assert len(RULES) > 120


@pytest.mark.parametrize(("contract", "table"), [*HOMES.items(), *BUILDS.items()], ids=str)
def test_every_column_of_a_contract_has_a_home_with_the_same_nullability(contract, table):
    layer, name = contract
    for column, rule in contracts()[layer][name].schema.columns.items():
        there = TABLES[table].c[AS_KEYS.get((table, column), column)]
        assert there.nullable == rule.nullable, f"{table}.{there.name}"
        if str(rule.dtype) == "bool":
            assert isinstance(there.type, Boolean)


@pytest.mark.parametrize(("contract", "table"), [*HOMES.items(), *BUILDS.items()], ids=str)
def test_the_key_of_a_contract_is_unique_in_sql(contract, table):
    """Within what SQL adds: the release and its versions, the run, the build, or the edition."""
    layer, name = contract
    key = {AS_KEYS.get((table, column), column) for column in contracts()[layer][name].key}
    added = {"release_id", "valid_from", "run_id", "build_id", "row_hash"} - key
    target = TABLES[table]
    unique = [set(target.primary_key.columns.keys())]
    unique += [set(each.columns.keys()) for each in target.constraints if each.__visit_name__ == "unique_constraint"]
    unique += [set(index.columns.keys()) for index in target.indexes if index.unique]
    assert any(columns - added == key for columns in unique)


def test_what_a_contract_calls_unique_is_unique_in_sql():
    for (layer, name), table in HOMES.items():
        for column, rule in contracts()[layer][name].schema.columns.items():
            if not rule.unique or (table, column) in WITHIN_A_RELEASE:
                continue
            target = TABLES[table]
            unique = [set(each.columns.keys()) for each in target.constraints if hasattr(each, "columns")]
            unique += [set(index.columns.keys()) for index in target.indexes if index.unique]
            assert any(columns - {"release_id"} == {column} for columns in unique), f"{table}.{column}"


def test_gold_promises_nothing_that_sql_does_not_keep(kept):
    """Gold has no table: it is read from the star, whose columns carry the same rules under the same names."""
    from carms_lib.warehouse.gold_view import gold_columns

    kept_by = {**contracts()["silver"]}
    for name, rule in contracts()["gold"]["program"].schema.columns.items():
        source = gold_columns()[name]
        if getattr(source, "table", None) is None:  # counted
            continue
        home = source.table.name
        assert TABLES[home].c[name].nullable == rule.nullable or name == "program_stream_id", name
        if home in kept_by and name in kept_by[home].schema.columns:
            silver = {check.name: check.statistics for check in kept_by[home].schema.columns[name].checks}
            gold = {check.name: check.statistics for check in rule.checks}
            assert gold.items() <= silver.items() or set(gold) <= {"str_matches"}, name


def test_every_contract_of_silver_and_of_the_audit_has_a_home():
    """A contract that is added is held against SQL too; bands are closed lists and columns of program."""
    told = {(layer, name) for layer in ("silver", "audit") for name in contracts()[layer]}
    assert told - set(HOMES) == {("silver", "band")}


@pytest.mark.parametrize(("metric", "labels"), [("applications", APPLICATIONS_BANDS), ("interview", INTERVIEW_BANDS)])
def test_the_bands_of_the_database_are_those_that_pages_are_read_by(kept, metric, labels):
    table = TABLES[f"{metric}_band"]
    with kept.connect() as connection:
        there = {tuple(row) for row in connection.execute(select(*table.columns))}
    assert there == {tuple(read_band(label, labels, metric)) for label in labels}
    program = TABLES["program"].c[f"{metric}_band"]
    assert [key.column for key in program.foreign_keys] == [table.c[f"{metric}_band"]]
    assert not program.nullable
