"""The command group ``carms-lib warehouse``: keep the tables in a database and read them back.

Belongs here: its commands. Does not belong here: what a database does (`carms_lib.warehouse`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from carms_lib.cli._input import OptionalOutOption, ReleaseOption, UrlOption, print_table, release_at, warehouse_at

__all__ = ["warehouse_app"]

warehouse_app = typer.Typer(help="Keep the tables in a database and read them back.", no_args_is_help=True)


@warehouse_app.command("upgrade")
def warehouse_upgrade(
    url: UrlOption = "sqlite:///carms.db",
    revision: Annotated[str, typer.Option("--revision", help="Where to go; the newest without it.")] = "head",
) -> None:
    """Bring the database up to the schema of this version."""
    from carms_lib.warehouse import open_warehouse

    with open_warehouse(url) as warehouse:
        typer.echo(f"The schema is at revision {warehouse.upgrade(revision)}.")


@warehouse_app.command("downgrade")
def warehouse_downgrade(
    revision: Annotated[str, typer.Argument(help='Where to go back to, such as 0004; "base" removes every table.')],
    url: UrlOption = "sqlite:///carms.db",
) -> None:
    """Take the schema back; the release notes of the schema say what is lost."""
    from carms_lib.warehouse import open_warehouse

    with open_warehouse(url) as warehouse:
        typer.echo(f"The schema is at revision {warehouse.downgrade(revision)}.")


@warehouse_app.command("check")
def warehouse_check(url: UrlOption = "sqlite:///carms.db") -> None:
    """Compare tables, keys, indexes and rules in the database with those of this version."""
    with warehouse_at(url) as warehouse:
        warehouse.check()
        typer.echo(f"The schema is as declared, at revision {warehouse.current()}.")


@warehouse_app.command("sql")
def warehouse_sql(
    dialect: Annotated[str, typer.Argument(help="sqlite or postgresql.")],
    start: Annotated[str, typer.Option("--start", help="Revision to start from.")] = "base",
    end: Annotated[str, typer.Option("--end", help="Revision to arrive at.")] = "head",
) -> None:
    """Print the migrations as SQL, for an administrator to read or run."""
    from carms_lib.warehouse import migration_sql

    typer.echo(migration_sql(dialect, start=start, end=end), nl=False)


@warehouse_app.command("write")
def warehouse_write(url: UrlOption = "sqlite:///carms.db", release: ReleaseOption = None) -> None:
    """Build a release and keep its tables; what changed goes to standard error."""
    from carms_lib.transforms import build as build_layers
    from carms_lib.warehouse import open_warehouse

    layers = build_layers(release_at(release))
    with open_warehouse(url) as warehouse:
        warehouse.upgrade()
        report = warehouse.write(layers)
    typer.echo(repr(layers))
    typer.echo(report.summary(), err=True)


@warehouse_app.command("releases")
def warehouse_releases(url: UrlOption = "sqlite:///carms.db") -> None:
    """Print the releases that are kept, the newest first, one a line."""
    with warehouse_at(url) as warehouse:
        for release in warehouse.releases():
            typer.echo(release)


@warehouse_app.command("programs")
def warehouse_programs(
    url: UrlOption = "sqlite:///carms.db",
    province: Annotated[str | None, typer.Option("--province", help="Of the school, two-letter code.")] = None,
    discipline: Annotated[str | None, typer.Option("--discipline", help="Name as in gold.")] = None,
    school: Annotated[str | None, typer.Option("--school", help="Name as in gold.")] = None,
    stream: Annotated[str | None, typer.Option("--stream", help="Name as in gold.")] = None,
    eligibility: Annotated[str | None, typer.Option("--eligibility", help="CMG, IMG, ALL or MOTP.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Words that must all occur.")] = None,
    of: Annotated[str | None, typer.Option("--of", help="Release; the newest without it.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Moment, such as 2025-01-31; now without it.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most rows, at most 1,000.")] = 50,
    after: Annotated[str | None, typer.Option("--after", help="The key that the page before ended with.")] = None,
    out: OptionalOutOption = None,
) -> None:
    """Print one page of programs; the key of the next page goes to standard error."""
    with warehouse_at(url) as warehouse:
        page = warehouse.programs(
            province=province,
            discipline=discipline,
            school=school,
            stream=stream,
            eligibility=eligibility,
            text=text,
            release=of,
            as_of=as_of,
            limit=limit,
            after=after,
        )
    print_table(page.frame, out)
    if page.next_key is not None:
        typer.echo(f"more with --after {page.next_key}", err=True)


@warehouse_app.command("history")
def warehouse_history(
    program_stream_id: Annotated[str, typer.Argument(help="Key of a program, such as 27447.")],
    url: UrlOption = "sqlite:///carms.db",
    out: OptionalOutOption = None,
) -> None:
    """Print every version of a program that was ever kept, with where each came from."""
    with warehouse_at(url) as warehouse:
        print_table(warehouse.history(program_stream_id), out)


@warehouse_app.command("diff")
def warehouse_diff(
    release_a: Annotated[str, typer.Argument(help="Release before.")],
    release_b: Annotated[str, typer.Argument(help="Release after.")],
    url: UrlOption = "sqlite:///carms.db",
    out: OptionalOutOption = None,
) -> None:
    """Print what differs between two releases, one row per program and column."""
    with warehouse_at(url) as warehouse:
        print_table(warehouse.diff(release_a, release_b), out)


@warehouse_app.command("search")
def warehouse_search(
    text: Annotated[str, typer.Argument(help='Words and "phrases in quotes"; all must occur in one text.')],
    url: UrlOption = "sqlite:///carms.db",
    language: Annotated[str | None, typer.Option("--language", help="en or fr; both without it.")] = None,
    of: Annotated[str | None, typer.Option("--of", help="Release; the newest without it.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most rows, at most 1,000.")] = 20,
    out: OptionalOutOption = None,
) -> None:
    """Search facts and, where the published pages were read, the text of their sections; the best first."""
    with warehouse_at(url) as warehouse:
        print_table(warehouse.search(text, language=language, release=of, limit=limit), out)


@warehouse_app.command("builds")
def warehouse_builds(
    url: UrlOption = "sqlite:///carms.db",
    checks: Annotated[
        str | None, typer.Option("--checks", help="A run_id: print what each check of that build found and allowed.")
    ] = None,
    out: OptionalOutOption = None,
) -> None:
    """Print the builds whose records are kept, the latest first, or the checks of one."""
    with warehouse_at(url) as warehouse:
        found = warehouse.builds() if checks is None else warehouse.build_details("checks", run_id=checks)
        print_table(found, out)
