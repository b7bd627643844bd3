"""The main job: from a release to a memo in a folder, and whether the memo is still up to date.

Belongs here: the order of the steps, what is written where, which finding is drawn by which figure (as SVG, the same
bytes for the same numbers); comparing the record beside a memo with what a memo would be made from today. Does not
belong here: any step itself, each in a package of its own; how a figure is drawn (`carms_lib.plotting`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from carms_lib.argument_checks import check_path
from carms_lib.exceptions import MemoError, TooFewDrawsWarning
from carms_lib.loaders import Release, load_release
from carms_lib.memo.findings import find
from carms_lib.memo.forms import find_browser, print_pdf, to_html, to_markdown
from carms_lib.memo.story import TITLE, subtitle, tell
from carms_lib.plotting import plot_differences, plot_forest, plot_heatmap, plot_site_map, plot_tile_map
from carms_lib.pressure import seat_values
from carms_lib.provenance import Provenance, package_versions
from carms_lib.simulator import Market, Scenario, load_cohort, simulate
from carms_lib.transforms import build
from carms_lib.warehouse import open_warehouse

if TYPE_CHECKING:
    from carms_lib.memo.findings import Findings

__all__ = ["RECORD", "MemoPaths", "check_memo", "draw_figures", "write_memo"]


@dataclass(frozen=True)
class MemoPaths:
    """Where a memo was written.

    Parameters
    ----------
    folder : Path
    html : Path
        One self-contained page.
    markdown : Path
        The same in Markdown; its figures lie in `figures`.
    figures : Path
    warehouse : Path
        The tables and the bands behind the memo, in SQLite.
    provenance : Path
        What the memo was made from, as JSON; `check_memo` reads it.
    pdf : Path
        The page as PDF, where it was asked for.
    """

    folder: Path
    html: Path
    markdown: Path
    figures: Path
    warehouse: Path
    provenance: Path
    pdf: Path

    @classmethod
    def of(cls, folder: Path) -> MemoPaths:
        """Return the paths of a memo in `folder`."""
        return cls(
            folder,
            folder / "index.html",
            folder / "memo.md",
            folder / "figures",
            folder / "carms.db",
            folder / RECORD,
            folder / "memo.pdf",
        )


def write_memo(
    out: str | Path,
    *,
    release: Release | str | Path | None = None,
    n_draws: int = 1_000,
    rng: Any = 2025,
    scenarios: Sequence[Scenario] | None = None,
    overwrite: bool = False,
    pdf: bool = False,
    progress: bool = True,
) -> MemoPaths:
    """Build the tables of a release, simulate its match, and write what follows as a memo.

    Parameters
    ----------
    out : str or Path
        A folder that does not exist yet or is empty.
    release : Release, str or Path, optional
        A release, or the path of its published files; None takes the bundled facts of release 1503.
    n_draws : int, default 1000
        Draws [national matches] for the baseline and for each scenario.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None, default 2025
        Where randomness comes from; the entropy is printed in the memo.
    scenarios : sequence of Scenario, optional
        What to compare with the baseline; None adds one tenth to Ontario's Family Medicine seats.
    overwrite : bool, default False
        Replace the files of a memo that is there; files of other names are left alone.
    pdf : bool, default False
        Whether to print the page as ``memo.pdf`` too, by a browser that is installed (Chromium, Chrome or Edge).
    progress : bool, default True
        Whether to show a progress bar.

    Returns
    -------
    MemoPaths
        ``index.html``, ``memo.md`` with ``figures/``, ``carms.db`` with every table and the bands of all scenarios,
        and ``provenance.json``, all in `out`.

    Raises
    ------
    MemoError
        If `out` is a file, cannot be written, or holds files and `overwrite` is not given; if a PDF is asked for and
        no browser is there. Nothing was changed.
    SourceError, SchemaError, QualityError
        If the release cannot be read or does not keep its promises.
    ArgumentError, ScenarioError
        If the simulation cannot be run as asked.

    Notes
    -----
    The same release, versions, scenarios, `n_draws` and `rng` give the same bytes of page, Markdown, figures and
    record; a PDF carries the hour at which it was printed. All files are made aside and moved into place at the end:
    a run that fails leaves `out` as it was.
    """
    folder = _check_folder(check_path("out", out, "memo"), overwrite=overwrite)
    browser = find_browser() if pdf else None
    source = release if isinstance(release, Release) else load_release(release)
    layers = build(source)
    cohort = load_cohort("2025")
    market = Market.from_gold(layers.gold, cohort, provenance=source.provenance)
    options = _scenarios(scenarios)
    study = simulate(market, *options, n_draws=n_draws, rng=rng, progress=progress)
    seats = seat_values(market, n_draws=n_draws, rng=study.entropy)
    with _warnings_once() as said:
        findings = find(study, layers, seats, market, options)
        views = {
            "outcomes": study.outcomes(),
            "pressure by discipline": study.pressure(by="discipline"),
            "pressure by province": study.pressure(by="province"),
            "pressure by province and discipline": study.pressure(by=["province", "discipline"]),
            "seat value by discipline": seats.bands("discipline"),
            "seat value by province": seats.bands("province"),
        }
    pictures = draw_figures(findings)
    blocks = tell(findings, cohort, study.provenance, said)
    line = subtitle(findings)
    with _staged(folder) as staged:
        with open_warehouse(f"sqlite:///{staged.warehouse}") as warehouse:
            warehouse.upgrade()
            warehouse.write(layers)
            warehouse.write_study(study, views)
        staged.figures.mkdir()
        for name, picture in pictures.items():
            (staged.figures / f"{name}.svg").write_bytes(picture)
        _write(staged.markdown, to_markdown(TITLE, line, blocks, staged.figures.name))
        _write(staged.html, to_html(TITLE, line, blocks, pictures))
        _write(staged.provenance, study.provenance.to_json() + "\n")
        if browser is not None:
            print_pdf(browser, staged.html, staged.pdf)
    return MemoPaths.of(folder)


def _scenarios(given: Sequence[Scenario] | None) -> Sequence[Scenario]:
    if given is not None:
        return given
    return [Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")]


def _check_folder(folder: Path, *, overwrite: bool) -> Path:
    """Return `folder` if a memo may be written there; find out before a long run, not after it."""
    try:
        there = folder.exists()
    except OSError as error:  # a name that is too long
        raise MemoError(f"out={str(folder)!r} cannot be written: {error.strerror}. Give another folder.") from error
    if there and not folder.is_dir():
        msg = f"out={str(folder)!r} is a file. Give a folder that does not exist yet or is empty."
        raise MemoError(msg)
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        msg = (
            f"out={str(folder)!r} is not empty, and nothing in it was changed. Give another folder, or "
            "overwrite=True (--overwrite) to replace the memo that is there."
        )
        raise MemoError(msg)
    paths = MemoPaths.of(folder)
    for path in (paths.html, paths.markdown, paths.figures, paths.warehouse, paths.provenance, paths.pdf):
        if path.exists() and path.is_dir() != (path == paths.figures):
            kind = "folder" if path.is_dir() else "file"
            msg = f"{str(path)!r} is a {kind} and in the way of the memo; nothing was changed. Move it elsewhere."
            raise MemoError(msg)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".memo-", dir=folder if folder.is_dir() else folder.parent):
            pass
    except OSError as error:
        msg = f"out={str(folder)!r} cannot be written: {error.strerror}. Give a folder you may write to."
        raise MemoError(msg) from error
    return folder


@contextmanager
def _staged(folder: Path) -> Iterator[MemoPaths]:
    """Give paths beside `folder` to write to, and move what was written into it when all went well."""
    with tempfile.TemporaryDirectory(prefix=".memo-", dir=folder.parent) as name:
        staged = MemoPaths.of(Path(name) / "memo")
        staged.folder.mkdir()
        yield staged
        final = MemoPaths.of(folder)
        folder.mkdir(exist_ok=True)
        if final.figures.is_dir():
            shutil.rmtree(final.figures)
        for path in sorted(staged.folder.iterdir()):
            path.replace(folder / path.name)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def _warnings_once() -> Iterator[list[str]]:
    """Collect what is warned of too few draws, and pass each text on once: many views say the same."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    for warning in caught:
        text = str(warning.message)
        if not issubclass(warning.category, TooFewDrawsWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        elif text not in texts:
            texts.append(text)
            warnings.warn(text, TooFewDrawsWarning, stacklevel=4)


# Ids in an SVG are salted at random, and its date is today's, unless told otherwise.
_SVG: Any = {"svg.hashsalt": "carms_lib", "svg.fonttype": "path"}


def draw_figures(findings: Findings) -> dict[str, bytes]:
    """Return the figures by name, each an SVG file."""
    pictures = {
        "pressure-by-province": _svg(plot_tile_map, (7.6, 4.6), findings.provinces),
        "pressure-by-discipline": _svg(plot_forest, (7.6, 1.5 + 0.28 * len(findings.large)), findings.disciplines),
        "pressure-heat-map": _svg(plot_heatmap, (10.2, 1.7 + 0.36 * len(findings.large)), findings.heat),
    }
    if len(findings.trained):
        pictures["seats-by-community"] = _svg(plot_site_map, (7.6, 7.6), findings.trained)
    if len(findings.abroad):
        size = (7.6, 1.5 + 0.28 * len(findings.large))
        pictures["pressure-international"] = _svg(plot_forest, size, findings.abroad)
    for number, change in enumerate(findings.changes, start=1):
        shifts = findings.shifts.loc[findings.shifts["scenario"] == change.scenario]
        pictures[f"scenario-{number}"] = _svg(plot_differences, (7.6, 4.2), shifts)
    return pictures


def _svg(plot: Callable[..., Any], size: tuple[float, float], *args: Any, **options: Any) -> bytes:
    with mpl.rc_context(_SVG):
        figure = Figure(figsize=size, layout="constrained")
        plot(*args, ax=figure.add_subplot(), **options)
        stream = BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


RECORD = "provenance.json"


def check_memo(folder: str | Path, *, release: Release | str | Path | None = None) -> None:
    """Raise MemoError if the memo in `folder` is stale: of other files, or made by other code, than those at hand.

    Parameters
    ----------
    folder : str or Path
        Where `write_memo` wrote.
    release : Release, str or Path, optional
        What the memo should rest on; None takes the bundled facts of release 1503.

    Raises
    ------
    MemoError
        There is no memo in `folder`, its record cannot be read, or it is stale; the message names what differs. Nothing
        is changed.
    SourceError
        The release cannot be read.

    Notes
    -----
    Files are compared by their SHA-256, code by the versions of this library and of the packages that can change a
    number.
    """
    folder = check_path("folder", folder, "memo")
    made = _record(Path(folder))
    source = release if isinstance(release, Release) else load_release(release)
    now = source.provenance
    differs = _differences("file", made.sources, now.sources) + _differences(
        "version of", made.versions, package_versions()
    )
    if made.release_id != now.release_id:
        differs.insert(0, f"release {made.release_id} then, {now.release_id} now")
    if differs:
        more = f"; and {len(differs) - 5} more" if len(differs) > 5 else ""
        msg = (
            f"folder={str(folder)!r}: the memo is stale: {'; '.join(differs[:5])}{more}. Write it anew with "
            "overwrite=True (--overwrite), or into another folder to compare."
        )
        raise MemoError(msg)


def _record(folder: Path) -> Provenance:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"folder={str(folder)!r} holds no memo: {RECORD} is not there. Give a folder that write_memo wrote."
        raise MemoError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"folder={str(folder)!r}: {RECORD} cannot be read ({error}). Write the memo anew."
        raise MemoError(msg) from error
    if not isinstance(record, dict):
        msg = f"folder={str(folder)!r}: {RECORD} cannot be read (it holds no record). Write the memo anew."
        raise MemoError(msg)
    return Provenance.from_dict(record)


def _differences(what: str, then: Any, now: Any) -> list[str]:
    return [
        f"{what} {name} {_short(then.get(name))} then, {_short(now.get(name))} now"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "absent"
    return f"{value[:12]}…" if len(value) == 64 else value
