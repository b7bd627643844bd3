"""The warehouse from a shell."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from carms_lib import cli, exceptions
from carms_lib.schemas import contract
from typer.testing import CliRunner

runner = CliRunner()


def run(*arguments):
    result = runner.invoke(cli.app, ["warehouse", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory, make_tables, invented):
    """The address of a file with two releases; a site in the second would be a formula to a spreadsheet."""
    from carms_lib.warehouse import open_warehouse

    url = f"sqlite:///{tmp_path_factory.mktemp('cli') / 'carms.db'}"
    make_tables("sqlite", url)
    second = invented.invent(20, release_id="9002", cycle=2032)
    silver = {
        name: frame.replace({"site": {"Site 1": "=HYPERLINK(1)"}}) if "site" in frame else frame
        for name, frame in second.silver.items()
    }
    with open_warehouse(url) as warehouse:
        warehouse.write(invented.invent(20))
        warehouse.write(invented.rebuild(second, silver))
    return url


def test_the_schema_goes_up_and_down_and_is_checked(tmp_path):
    url = f"sqlite:///{tmp_path / 'carms.db'}"
    assert "revision 0003" in run("upgrade", "--url", url, "--revision", "0003")
    with pytest.raises(exceptions.MigrationError, match="revision 0003"):
        run("check", "--url", url)
    run("upgrade", "--url", url)
    assert "as declared" in run("check", "--url", url)
    assert "revision 0001" in run("downgrade", "0001", "--url", url)


def test_migrations_are_printed_as_sql():
    assert "CREATE TABLE study" in run("sql", "postgresql", "--start", "0003", "--end", "0004")


def test_the_tables_are_read(kept):
    assert run("releases", "--url", kept).split() == ["9002", "9001"]
    assert len(rows(run("programs", "--url", kept, "--of", "9001", "--stream", "IMG Stream for IMG"))) > 0
    assert len(rows(run("search", "university", "--url", kept, "--limit", "3"))) == 3
    assert {row["column"] for row in rows(run("diff", "9001", "9002", "--url", kept))} >= {"site"}
    assert rows(run("builds", "--url", kept)) == []


def test_the_checks_of_a_build_are_read(tmp_path, make_tables):
    from carms_lib.warehouse import open_warehouse

    url = f"sqlite:///{tmp_path / 'carms.db'}"
    make_tables("sqlite", url)
    checks = pd.DataFrame(
        [
            (
                "silver",
                "share set aside",
                "page",
                "critical",
                True,
                "1 of 6",
                "at most 20%",
                "6",
                "quarantine",
                0.125,
                0.2,
            )
        ],
        columns=contract("audit", "check").columns,
    )
    record = {"run_id": "b1", "release_id": "9001", "started_at": "2031-01-01T00:00:00Z", "seconds": 1}
    with open_warehouse(url) as warehouse:
        warehouse.write_build({**record, "failure_class": None}, checks=checks)
    (told,) = rows(run("builds", "--url", url, "--checks", "b1"))
    assert (told["kind"], told["measured"], told["threshold"]) == ("quarantine", "0.125", "0.2")
    assert [row["run_id"] for row in rows(run("builds", "--url", url))] == ["b1"]
    with pytest.raises(exceptions.UnknownNameError, match=r"run_id='b2' is unknown\. Allowed: 'b1'"):
        run("builds", "--url", url, "--checks", "b2")


@pytest.mark.parametrize("to_file", [False, True])
def test_no_cell_is_a_formula(kept, tmp_path, to_file):
    where = ["--out", tmp_path / "programs.csv"] if to_file else []
    text = run("programs", "--url", kept, *where)
    if to_file:
        text = (tmp_path / "programs.csv").read_text(encoding="utf-8")
    assert {row["site"] for row in rows(text)} >= {"'=HYPERLINK(1)"}


def test_reading_makes_no_file_and_changes_none(tmp_path):
    with pytest.raises(exceptions.WarehouseUnavailableError, match="cannot be opened"):
        run("programs", "--url", f"sqlite:///{tmp_path / 'typo.db'}")
    assert list(tmp_path.iterdir()) == []
