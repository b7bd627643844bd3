"""What commands read with and write with.

Belongs here: the options that several commands share, turning an argument into a value of the library, and a table into
CSV. Does not belong here: commands.
Heavy packages are imported when they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carms_lib.exceptions import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.loaders import Release
    from carms_lib.simulator import Study
    from carms_lib.warehouse import Warehouse

__all__ = [
    "DrawsOption",
    "OptionalOutOption",
    "OutOption",
    "ReleaseOption",
    "RngOption",
    "ScenarioOption",
    "UrlOption",
    "day_of",
    "lists_from_json",
    "log_as_json",
    "make_folder",
    "print_table",
    "release_at",
    "scenario_at",
    "study_of",
    "tags_of",
    "text_at",
    "warehouse_at",
    "write_table",
]

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


def day_of(text: str | None) -> dt.date | None:
    """Read a day written as 2025-03-01."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        msg = f"as_of={text!r} is no day. Write it as 2025-03-01."
        raise ArgumentError(msg) from None


def tags_of(given: list[str] | None) -> dict[str, str]:
    """Read tags written as name=value."""
    tags = dict(text.partition("=")[::2] for text in given or ())
    if not all(tags) or len(tags) < len(given or ()) or not all("=" in text for text in given or ()):
        msg = f"tag={given!r}: write each as name=value, each name once."
        raise ArgumentError(msg)
    return tags


def log_as_json() -> None:
    """Log what the library does as lines of JSON on standard error."""
    import logging

    from carms_lib.quality import JsonFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("carms_lib")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def release_at(path: Path | None) -> Release:
    """Return the release at `path`, or the bundled one."""
    from carms_lib.loaders import load_release

    return load_release(path)


def study_of(release: Path | None, scenarios: list[Path] | None, draws: int, rng: int) -> Study:
    """Simulate the release with the scenarios of the files given."""
    from carms_lib.simulator import Market, load_cohort
    from carms_lib.simulator import simulate as run
    from carms_lib.transforms import build as build_layers

    chosen = [scenario_at(path) for path in scenarios or []]
    source = release_at(release)
    market = Market.from_gold(build_layers(source).gold, load_cohort("2025"), provenance=source.provenance)
    return run(market, *chosen, n_draws=draws, rng=rng, progress=True)


def scenario_at(path: Path) -> Any:
    """Read a scenario from a TOML file."""
    from carms_lib.simulator import Scenario

    return Scenario.from_toml(text_at(path))


def text_at(path: Path) -> str:
    """Read a file as UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise ArgumentError(msg) from error


def lists_from_json(path: Path) -> dict[str, Any]:
    """Read the lists of a match, as `MatchingProblem.from_lists` takes them, from a JSON file."""
    import json

    try:
        lists = json.loads(text_at(path))
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


def make_folder(path: Path) -> None:
    """Make a folder if it is not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"out={str(path)!r} cannot be written: {error.strerror}."
        raise ArgumentError(msg) from error


def warehouse_at(url: str) -> Warehouse:
    """Open a warehouse for reading alone."""
    from carms_lib.warehouse import open_warehouse

    return open_warehouse(url, read_only=True)


def print_table(frame: pd.DataFrame, out: Path | None) -> None:
    """Write a table as CSV in which no text can be taken for a formula: to a file, or to standard output."""
    from carms_lib.warehouse import csv_text

    if out is None:
        typer.echo(csv_text(frame), nl=False)
        return
    make_folder(out.parent)
    write_table(frame, out)
    typer.echo(out)


def write_table(frame: pd.DataFrame, place: Path) -> None:
    """Write a table as CSV to the file `place`, as `print_table` does."""
    from carms_lib.warehouse import write_csv

    try:
        write_csv(frame, place)
    except ArgumentError as error:
        raise ArgumentError(str(error).replace("path=", "out=", 1)) from error
