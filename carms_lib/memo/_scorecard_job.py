"""From a release to its scorecard, on a page or in hand.

Belongs here: loading, building and asking the warehouse for one scorecard, and writing its page. Does not belong here:
what it says (`_scorecard_page`).
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from carms_lib.argument_checks import check_path
from carms_lib.exceptions import ArgumentError, CarmsError, MemoError, QualityWarning
from carms_lib.loaders import Release, load_release
from carms_lib.memo._scorecard_page import scorecard_blocks, scorecard_subtitle, scorecard_title
from carms_lib.memo.forms import to_html
from carms_lib.quality import Check, Limits, Recorder, RunRecord, Scorecard
from carms_lib.transforms import Layers, build

if TYPE_CHECKING:
    from carms_lib.warehouse import Warehouse

__all__ = ["score_release", "write_scorecard"]

_RUNS = 11  # shown beside the run
_ASKED = 5  # times that each question is put to the warehouse, to measure it

Previous = Mapping[str, Mapping[str, pd.DataFrame]]


def score_release(
    release: Release | str | Path | None = None,
    *,
    previous: Release | str | Path | Previous | None = None,
    warehouse: Warehouse | None = None,
    keep: bool = False,
    as_of: dt.date | None = None,
    limits: Limits | None = None,
    checks: Iterable[Check] = (),
    earlier: Iterable[RunRecord] = (),
    recorder: Recorder | None = None,
) -> Scorecard:
    """Build a release, check it, and say how it stands.

    Parameters
    ----------
    release : Release, str or Path, optional
        A release, or the path of its published files; None takes the bundled facts of release 1503.
    previous : Release, path or mapping, optional
        The last release: itself, the path of its files, or what `build` takes. By default the newest other release of
        the warehouse, or this release as the warehouse keeps it.
    warehouse : Warehouse, optional
        Where earlier runs and releases are kept; its latency is measured.
    keep : bool, default False
        Whether the record of this run, failed or not, is written to the warehouse.
    as_of : date, optional
        The day on which freshness is judged; by default that on which the run begins, by the clock of `recorder`.
    limits : Limits, optional
        The thresholds of the library's checks.
    checks : iterable of Check
        Checks of your own.
    earlier : iterable of RunRecord
        Runs to show beside those that the warehouse keeps.
    recorder : Recorder, optional
        Names, tags and times the run; by default a new one.

    Returns
    -------
    Scorecard
        Also of a run that failed: what stopped it is in its record, and `passed` is false.

    Raises
    ------
    ArgumentError
        If `keep` is asked for without a warehouse, or an argument is of another kind.
    WarehouseError
        If the warehouse cannot be read, or written where `keep` is asked for.
    """
    day: Any = as_of
    if day is not None and not isinstance(day, dt.date):
        raise ArgumentError(f"as_of={day!r} must be a date, such as datetime.date(2025, 3, 4), or None for today.")
    if keep and warehouse is None:
        msg = "keep=True needs a warehouse to keep the record in: give warehouse=open_warehouse(…)."
        raise ArgumentError(msg)
    runs, notes = _runs_of(warehouse)
    recorder = recorder or Recorder()
    layers: Layers | None = None
    with suppress(CarmsError), recorder:
        with recorder.step("load"):
            source = release if isinstance(release, Release) else load_release(release)
        recorder.saw_release(source)
        with recorder.step("compare"):
            before, told = _previous(previous, warehouse, source.release_id)
            notes += told
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QualityWarning)  # the scorecard shows them
            layers = build(
                source,
                previous=before,
                as_of=as_of or recorder.record.started_at.astimezone(dt.UTC).date(),
                limits=limits,
                checks=checks,
                recorder=recorder,
            )
    record = recorder.record
    latencies = None
    if warehouse is not None:
        if keep:
            warehouse.write_build(record.to_dict(), checks=record.report.to_frame(), counts=record.report.steps)
        latencies = _measure(warehouse)
    return Scorecard.of(record, layers, as_of=as_of, earlier=[*runs, *earlier], latencies=latencies, notes=notes)


def write_scorecard(
    path: str | Path,
    scorecard: Scorecard | None = None,
    *,
    release: Release | str | Path | None = None,
    previous: Release | str | Path | Previous | None = None,
    warehouse: Warehouse | None = None,
    keep: bool = False,
    as_of: dt.date | None = None,
) -> Scorecard:
    """Write the scorecard of a release as one HTML page that needs nothing but itself.

    Parameters
    ----------
    path : str or Path
        File to write; one that is there is replaced.
    scorecard : Scorecard, optional
        What to write; by default that of `release`, made with the other arguments.
    release, previous, warehouse, keep, as_of
        As for `score_release`.

    Returns
    -------
    Scorecard
        What the page shows; look at its `passed`.

    Raises
    ------
    MemoError
        If `path` is a folder or cannot be written. Nothing was changed.
    ArgumentError, WarehouseError
        As for `score_release`.

    Notes
    -----
    A release that fails its checks has a page too, and it says so: the page is for whoever must find out why.
    """
    place = _check_file(check_path("path", path, "scorecard.html"))
    card = scorecard or score_release(release, previous=previous, warehouse=warehouse, keep=keep, as_of=as_of)
    page = to_html(scorecard_title(card), scorecard_subtitle(card), scorecard_blocks(card), {}, layout="board")
    try:
        handle, name = tempfile.mkstemp(prefix=".scorecard-", dir=place.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(page)
        Path(name).replace(place)
    except OSError as error:
        raise _not_written(place, error) from error
    return card


def _check_file(place: Path) -> Path:
    """Return `place` if a page may be written there; find out before the run, not after it."""
    try:
        is_folder = place.is_dir()
    except OSError as error:  # a name that is too long
        raise _not_written(place, error) from error
    if is_folder:
        msg = f"path={str(place)!r} is a folder. Give a file to write, such as {str(place / 'scorecard.html')!r}."
        raise MemoError(msg)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except OSError as error:
        raise _not_written(place, error) from error
    return place


def _not_written(place: Path, error: OSError) -> MemoError:
    return MemoError(f"path={str(place)!r} cannot be written: {error.strerror}. Give a file you may write to.")


def _runs_of(warehouse: Warehouse | None) -> tuple[list[RunRecord], list[str]]:
    """Return the last runs that a warehouse keeps, and what to say of those that cannot be shown."""
    if warehouse is None:
        return [], []
    runs, strange = [], 0
    for run_id in warehouse.builds()["run_id"].head(_RUNS):
        try:
            runs.append(RunRecord.from_dict(warehouse.build_record(run_id)))
        except ArgumentError:  # kept by whoever records builds in another form
            strange += 1
    return runs, [f"{strange} kept records are not of this library's form and are not shown."] if strange else []


def _previous(
    given: Release | str | Path | Previous | None, warehouse: Warehouse | None, release_id: str
) -> tuple[Previous | None, list[str]]:
    if given is None:
        return _kept(warehouse, release_id) if warehouse is not None else (None, [])
    if isinstance(given, Mapping):
        return given, []
    source = given if isinstance(given, Release) else load_release(given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QualityWarning)  # the last release was judged when it was the newest
        return build(source), [f"Compared with release {source.release_id}."]


def _kept(warehouse: Warehouse, release_id: str) -> tuple[Previous | None, list[str]]:
    """Return gold's programs of the newest other release of a warehouse, else of this one as it is kept."""
    releases = warehouse.releases()
    if not releases:
        return None, ["The warehouse keeps no release to compare with."]
    chosen = next((name for name in releases if name != release_id), releases[0])
    pages = []
    after = None
    while True:
        page = warehouse.programs(release=chosen, limit=1_000, after=after)
        pages.append(page.frame)
        after = page.next_key
        if after is None:
            break
    told = f"Compared with release {chosen} as the warehouse keeps it."
    return {"gold": {"program": pd.concat(pages, ignore_index=True)}}, [told]


def _measure(warehouse: Warehouse) -> pd.DataFrame:
    """Put the usual questions to a warehouse a few times, and return how long its verbs took."""
    releases = warehouse.releases()
    for _ in range(_ASKED if releases else 0):
        first = warehouse.programs(limit=50)
        warehouse.search("medicine", limit=20)
        for program in first.frame["program_stream_id"].head(1):
            warehouse.history(program)
    return warehouse.latencies()
