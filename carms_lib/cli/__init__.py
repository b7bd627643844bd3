"""The verbs of the library from a shell: ``carms-lib memo --out memo``.

Belongs here: reading arguments, calling the library, printing what came of it, and one line for an error. Does not
belong here: anything that the library could not do without a shell. Heavy packages are imported by the command that
needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from carms_lib import __version__
from carms_lib.cli._input import (
    DrawsOption,
    OptionalOutOption,
    OutOption,
    ReleaseOption,
    RngOption,
    ScenarioOption,
    day_of,
    lists_from_json,
    log_as_json,
    make_folder,
    print_table,
    release_at,
    scenario_at,
    study_of,
    tags_of,
    write_table,
)
from carms_lib.cli._warehouse import warehouse_app
from carms_lib.exceptions import ArgumentError, CarmsError

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
app.add_typer(warehouse_app, name="warehouse")


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
        scenarios=[scenario_at(path) for path in scenario] if scenario else None,
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

    layers = build_layers(release_at(release))
    tables = layers[layer]
    make_folder(out)
    for name, frame in tables.items():
        write_table(frame, out / f"{name}.csv")
    write_table(layers.quarantine, out / "quarantine.csv")
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
    make_folder(out.parent)
    study = study_of(release, scenario, draws, rng)
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
        asked = study_of(release, scenario, draws, rng)
    keys = [key.strip() for key in by.split(",") if key.strip()]
    bands = asked.pressure(by=keys, level=level, kind=kind, metric=metric)
    print_table(bands.to_frame(), out)
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
        lists = MatchingProblem.from_lists(**lists_from_json(problem), one_sided=one_sided)
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
        print_table(matching.to_frame(), out)
        for reason in reasons:
            typer.echo(reason)
    typer.echo(f"status: {matching.status}", err=True)


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
        log_as_json()
    options: dict[str, Any] = {
        "previous": previous,
        "keep": keep,
        "as_of": day_of(as_of),
        "recorder": Recorder(tags=tags_of(tag)),
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
            make_folder(path.parent)
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

    print_table(data_dictionary(layer), out)


@app.command()
def warm(
    cpu: Annotated[
        str, typer.Option("--cpu", help="native: the processor at hand; generic: any of its kind, for an image.")
    ] = "native",
) -> None:
    """Compile every kernel once, for an image or an installer, and print where they lie."""
    from carms_lib.cli._warm import warm as compile_all

    warmed = compile_all(cpu)
    typer.echo(f"{warmed.kernels} kernels, {warmed.compiled} of them compiled now")
    for folder in warmed.folders or ("nowhere: no cache folder can be written",):
        typer.echo(folder)
