"""The verbs of the library from a shell: ``carms-lib memo --out memo``.

Belongs here: reading arguments, calling the library, printing what came of it, and one line for an error. Does not
belong here: anything that the library could not do without a shell. Heavy packages are imported by the command that
needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import datetime as dt
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from carms_lib import __version__
from carms_lib.exceptions import ArgumentError, CarmsError

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.loaders import Release
    from carms_lib.simulator import Study
    from carms_lib.warehouse import Warehouse

__all__ = ["app", "main"]

_EXIT_ERROR = 2

app = typer.Typer(
    name="carms-lib",
    help="The Canadian residency match: governed tables, a fast simulation, pressure with honest bands.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
warehouse_app = typer.Typer(help="Keep the tables in a database and read them back.", no_args_is_help=True)
app.add_typer(warehouse_app, name="warehouse")

ReleaseOption = Annotated[
    Path | None,
    typer.Option("--release", help="Folder or archive of the published files; the bundled 1503 without it."),
]
DrawsOption = Annotated[int, typer.Option("--draws", help="Simulated matches for each scenario.")]
RngOption = Annotated[int, typer.Option("--rng", help="Entropy; the same number gives the same result.")]
ScenarioOption = Annotated[
    list[Path] | None,
    typer.Option("--scenario", help="TOML file of a scenario to compare with the baseline; may be repeated."),
]
OutOption = Annotated[Path, typer.Option("--out", help="Where to write.")]
OptionalOutOption = Annotated[Path | None, typer.Option("--out", help="CSV file to write; standard output without it.")]
UrlOption = Annotated[str, typer.Option("--url", help="sqlite:///file.db or postgresql+psycopg://…")]


def main() -> NoReturn:
    """Run the command line; an error of the library is one line on standard error and exit code 2."""
    warnings.showwarning = _show_warning
    try:
        app()
    except CarmsError as error:
        typer.echo(f"carms-lib: {error}", err=True)
        sys.exit(_EXIT_ERROR)
    sys.exit(0)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
) -> None:
    del category, filename, lineno
    typer.echo(f"carms-lib: warning: {message}", err=True)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def memo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the memo; new or empty.")],
    release: ReleaseOption = None,
    draws: DrawsOption = 1_000,
    rng: RngOption = 2025,
    scenario: ScenarioOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the memo that is there.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it as PDF too, by a browser that is installed.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the memo in --out is of older files or code.")
    ] = False,
) -> None:
    """Do the main job: release, tables, match, bands, memo."""
    from carms_lib.memo import check_memo, write_memo

    if check:
        check_memo(out, release=release)
        typer.echo(f"{out}: of this release and this code")
        return
    paths = write_memo(
        out,
        release=release,
        n_draws=draws,
        rng=rng,
        scenarios=[_scenario(path) for path in scenario] if scenario else None,
        overwrite=overwrite,
        pdf=pdf,
    )
    for path in (paths.html, paths.markdown, paths.figures, paths.warehouse, *([paths.pdf] if pdf else [])):
        typer.echo(path)


@app.command()
def build(
    out: OutOption,
    release: ReleaseOption = None,
    layer: Annotated[str, typer.Option("--layer", help="bronze, silver or gold.")] = "gold",
) -> None:
    """Build the tables of a release, check them, and write one layer as CSV files."""
    from carms_lib.transforms import build as build_layers

    layers = build_layers(_release(release))
    tables = layers[layer]
    _folder(out)
    for name, frame in tables.items():
        frame.to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
    layers.quarantine.to_csv(out / "quarantine.csv", index=False, lineterminator="\n")
    typer.echo(layers.summary())


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="File for the study (.npz); must not exist.")],
    release: ReleaseOption = None,
    draws: DrawsOption = 1_000,
    rng: RngOption = 2025,
    scenario: ScenarioOption = None,
) -> None:
    """Simulate the match many times, keep every outcome, and print the national result."""
    if out.exists():  # said now rather than after the run
        msg = f"out={str(out)!r} exists already: choose another name or remove it first."
        raise ArgumentError(msg)
    _folder(out.parent)
    study = _study(release, scenario, draws, rng)
    study.save(out)
    typer.echo(study.summary())


@app.command()
def pressure(
    by: Annotated[str, typer.Option("--by", help="Columns to group by, separated by commas.")] = "discipline",
    study: Annotated[Path | None, typer.Option("--study", help="A saved study; one is simulated without it.")] = None,
    release: ReleaseOption = None,
    draws: DrawsOption = 1_000,
    rng: RngOption = 2025,
    scenario: ScenarioOption = None,
    metric: Annotated[str | None, typer.Option("--metric", help="One metric; all of them without it.")] = None,
    level: Annotated[float, typer.Option("--level", help="Level of the band, between 0 and 1.")] = 0.90,
    kind: Annotated[str, typer.Option("--kind", help="outcome, mean or input.")] = "outcome",
    out: OptionalOutOption = None,
    figure: Annotated[Path | None, typer.Option("--figure", help="SVG, PNG or PDF file to draw.")] = None,
) -> None:
    """Ask where the pressure is: a table of bands, and a figure if one is asked for."""
    if study is not None:
        from carms_lib.simulator import Study

        asked = Study.load(study)
    else:
        asked = _study(release, scenario, draws, rng)
    keys = [key.strip() for key in by.split(",") if key.strip()]
    bands = asked.pressure(by=keys, level=level, kind=kind, metric=metric)
    _table(bands.to_frame(), out)
    if figure is not None:
        from matplotlib.figure import Figure

        from carms_lib.plotting import plot_bands

        drawing = Figure(figsize=(10, 12) if len(keys) > 1 else (8, 9), layout="constrained")
        plot_bands(bands, ax=drawing.add_subplot())
        drawing.savefig(figure)


@app.command()
def match(
    problem: Annotated[
        Path | None, typer.Argument(help="JSON file with applicants, programs, quotas and perhaps couples.")
    ] = None,
    applicants: Annotated[Path | None, typer.Option("--applicants", help="CSV file: applicant, rank, program.")] = None,
    programs: Annotated[Path | None, typer.Option("--programs", help="CSV file: program, rank, applicant.")] = None,
    quotas: Annotated[Path | None, typer.Option("--quotas", help="CSV file: program, quota.")] = None,
    partners: Annotated[
        Path | None, typer.Option("--partners", help="CSV file of couples: applicant, partner.")
    ] = None,
    proposing: Annotated[str, typer.Option("--proposing", help="applicants or programs.")] = "applicants",
    rule: Annotated[str, typer.Option("--rule", help="Of stability with couples: BIS or MM.")] = "BIS",
    one_sided: Annotated[
        str, typer.Option("--one-sided", help="Entries that only one side lists: drop, keep or refuse.")
    ] = "drop",
    explain: Annotated[
        list[str] | None,
        typer.Option("--explain", help="Applicant or program whose outcome to explain; may be repeated."),
    ] = None,
    out: OptionalOutOption = None,
) -> None:
    """Match rank-order lists of your own, from one JSON file or from CSV files."""
    from carms_lib.matching import MatchingProblem, solve

    if problem is not None:
        lists = MatchingProblem.from_lists(**_lists_from_json(problem), one_sided=one_sided)
    elif applicants is not None and programs is not None and quotas is not None:
        lists = MatchingProblem.from_csv(applicants, programs, quotas, partners=partners, one_sided=one_sided)
    else:
        raise ArgumentError(
            "match needs a JSON file, or --applicants, --programs and --quotas; see carms-lib match --help."
        )
    matching = solve(lists, proposing=proposing, rule=rule)
    reasons = [matching.explain(name) for name in explain or ()]
    if reasons and out is None:
        typer.echo("\n".join(map(str, reasons)))
    else:
        _table(matching.to_frame(), out)
        for reason in reasons:
            typer.echo(reason)
    typer.echo(f"status: {matching.status}", err=True)


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
    with _reader(url) as warehouse:
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

    layers = build_layers(_release(release))
    with open_warehouse(url) as warehouse:
        warehouse.upgrade()
        report = warehouse.write(layers)
    typer.echo(repr(layers))
    typer.echo(report.summary(), err=True)


@warehouse_app.command("releases")
def warehouse_releases(url: UrlOption = "sqlite:///carms.db") -> None:
    """Print the releases that are kept, the newest first, one a line."""
    with _reader(url) as warehouse:
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
    with _reader(url) as warehouse:
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
    _safe_table(page.frame, out)
    if page.next_key is not None:
        typer.echo(f"more with --after {page.next_key}", err=True)


@warehouse_app.command("history")
def warehouse_history(
    program_stream_id: Annotated[str, typer.Argument(help="Key of a program, such as 27447.")],
    url: UrlOption = "sqlite:///carms.db",
    out: OptionalOutOption = None,
) -> None:
    """Print every version of a program that was ever kept, with where each came from."""
    with _reader(url) as warehouse:
        _safe_table(warehouse.history(program_stream_id), out)


@warehouse_app.command("diff")
def warehouse_diff(
    release_a: Annotated[str, typer.Argument(help="Release before.")],
    release_b: Annotated[str, typer.Argument(help="Release after.")],
    url: UrlOption = "sqlite:///carms.db",
    out: OptionalOutOption = None,
) -> None:
    """Print what differs between two releases, one row per program and column."""
    with _reader(url) as warehouse:
        _safe_table(warehouse.diff(release_a, release_b), out)


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
    with _reader(url) as warehouse:
        _safe_table(warehouse.search(text, language=language, release=of, limit=limit), out)


@warehouse_app.command("builds")
def warehouse_builds(url: UrlOption = "sqlite:///carms.db", out: OptionalOutOption = None) -> None:
    """Print the builds whose records are kept, the latest first."""
    with _reader(url) as warehouse:
        _safe_table(warehouse.builds(), out)


@app.command()
def quality(
    release: ReleaseOption = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="Published files of the last release, to compare with.")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Warehouse that keeps earlier runs and releases; none without it.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the record of this run in the warehouse.")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Day on which freshness is judged, as 2025-03-01; today without it.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="name=value to note; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="HTML file to write the scorecard to as well.")] = None,
    record: Annotated[Path | None, typer.Option("--record", help="JSON file to write the run's record to.")] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log the run as lines of JSON to stderr.")] = False,
) -> None:
    """Check a release and print its scorecard; exit code 1 if the run failed."""
    from carms_lib.memo import score_release, write_scorecard
    from carms_lib.quality import Recorder

    if log_json:
        _log_json()
    options: dict[str, Any] = {
        "previous": previous,
        "keep": keep,
        "as_of": _day(as_of),
        "recorder": Recorder(tags=_tags(tag)),
    }
    if url is None:
        card = score_release(release, **options)
    else:
        from carms_lib.warehouse import open_warehouse

        with open_warehouse(url, read_only=not keep) as warehouse:
            if keep:
                warehouse.upgrade()
            card = score_release(release, warehouse=warehouse, **options)
    typer.echo(card.summary())
    for path, write in ((out, lambda place: write_scorecard(place, card)), (record, card.record.save)):
        if path is not None:
            _folder(path.parent)
            write(path)
            typer.echo(path)
    if not card.passed:
        raise typer.Exit(1)


@app.command()
def fetch(
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to keep the files in; the system's cache without it.")
    ] = None,
    release_id: Annotated[str, typer.Option("--release-id", help="Which release.")] = "1503",
) -> None:
    """Download the published files of a release, once, and print where they are."""
    from carms_lib.loaders import fetch_release

    typer.echo(fetch_release(release_id, cache_dir=to))


@app.command()
def dictionary(
    layer: Annotated[str | None, typer.Option("--layer", help="raw, bronze, silver, gold or audit.")] = None,
    out: OptionalOutOption = None,
) -> None:
    """Print what every column of every table is: type, unit, meaning, source."""
    from carms_lib.schemas import data_dictionary

    _table(data_dictionary(layer), out)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        msg = f"as_of={text!r} is no day. Write it as 2025-03-01."
        raise ArgumentError(msg) from None


def _tags(given: list[str] | None) -> dict[str, str]:
    tags = dict(text.partition("=")[::2] for text in given or ())
    if not all(tags) or len(tags) < len(given or ()) or not all("=" in text for text in given or ()):
        msg = f"tag={given!r}: write each as name=value, each name once."
        raise ArgumentError(msg)
    return tags


def _log_json() -> None:
    import logging

    from carms_lib.quality import JsonFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("carms_lib")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _release(path: Path | None) -> Release:
    from carms_lib.loaders import load_release

    return load_release(path)


def _study(release: Path | None, scenarios: list[Path] | None, draws: int, rng: int) -> Study:
    from carms_lib.simulator import Market, load_cohort
    from carms_lib.simulator import simulate as run
    from carms_lib.transforms import build as build_layers

    chosen = [_scenario(path) for path in scenarios or []]
    source = _release(release)
    market = Market.from_gold(build_layers(source).gold, load_cohort("2025"), provenance=source.provenance)
    return run(market, *chosen, n_draws=draws, rng=rng, progress=True)


def _scenario(path: Path) -> Any:
    from carms_lib.simulator import Scenario

    return Scenario.from_toml(_text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise ArgumentError(msg) from error


def _lists_from_json(path: Path) -> dict[str, Any]:
    import json

    try:
        lists = json.loads(_text(path))
    except json.JSONDecodeError as error:
        msg = f"{str(path)!r} is not JSON: {error}."
        raise ArgumentError(msg) from error
    needed, allowed = {"applicants", "programs", "quotas"}, {"applicants", "programs", "quotas", "couples"}
    if not isinstance(lists, dict) or not needed <= set(lists) <= allowed:
        msg = f"{str(path)!r} must hold an object with {sorted(needed)} and, if there are any, couples."
        raise ArgumentError(msg)
    try:
        couples = {
            tuple(couple["partners"]): [tuple(pair) for pair in couple["pairs"]]
            for couple in lists.pop("couples", None) or []
        }
    except (KeyError, TypeError) as error:
        msg = (
            f"{str(path)!r}: couples must be a list of objects such as "
            '{"partners": ["cy", "di"], "pairs": [["p", "q"], ["p", null]]}.'
        )
        raise ArgumentError(msg) from error
    return {**lists, "couples": couples or None}


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"out={str(path)!r} cannot be written: {error.strerror}."
        raise ArgumentError(msg) from error


def _reader(url: str) -> Warehouse:
    from carms_lib.warehouse import open_warehouse

    return open_warehouse(url, read_only=True)


def _safe_table(frame: pd.DataFrame, out: Path | None) -> None:
    """Write a table of the warehouse as CSV in which no text can be taken for a formula."""
    from carms_lib.warehouse import csv_text, write_csv

    if out is None:
        typer.echo(csv_text(frame), nl=False)
        return
    _folder(out.parent)
    typer.echo(write_csv(frame, out))


def _table(frame: pd.DataFrame, out: Path | None) -> None:
    """Write a table as CSV: to a file, or to standard output."""
    if out is None:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
        return
    _folder(out.parent)
    frame.to_csv(out, index=False, lineterminator="\n")
    typer.echo(out)
