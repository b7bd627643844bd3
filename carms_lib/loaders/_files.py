"""Finding the files of a release in a folder or an archive.

Belongs here: which names mean what, which form of the pages is taken when several are there, and saying
what was found and what is expected. Does not belong here: opening archives safely (`archives`), or what is
in the files.

Expected, in the folder itself or up to three folders below it:

- ``<id>_discipline.xlsx`` and ``<id>_program_master.xlsx``;
- the pages in one of these forms; of several the first in this order is taken:

  1. Markdown files ``<id>-<program>.md`` in a folder,
  2. the same in an archive whose name has ``program_descriptions``,
  3. JSON ``…descriptions….json``, in the folder or in such an archive (of several one with ``markdown`` in its name,
     then the last by name, so ``_v2`` before the older form),
  4. the section table ``…x_section….csv``, in the folder or in such an archive.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from carms_lib.exceptions import (
    ArgumentError,
    CorruptSourceError,
    DroppedWarning,
    SourceError,
    SourceNotFoundError,
)
from carms_lib.provenance import sha256_bytes

from .archives import LIMITS, Budget, Entry, is_archive_name, open_archive

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEPTH = 3
_WORKBOOK = re.compile(r"(?P<release>\d+)_(?P<role>discipline|program_master)\.xlsx", re.IGNORECASE)
_PAGE = re.compile(r"(?P<release>\d+)-(?P<program>\d+)\.md", re.IGNORECASE)
_JSON = re.compile(r"(?:(?P<release>\d+)_)?.*descriptions.*\.json", re.IGNORECASE)
_CSV = re.compile(r"(?:(?P<release>\d+)_)?.*x_section.*\.csv", re.IGNORECASE)
_PACKED = re.compile(r"(?:(?P<release>\d+)_)?.*program_descriptions.*", re.IGNORECASE)
_NOT_PAGES = re.compile(r"(?:readme|license|licence|changelog|contributing)\.md", re.IGNORECASE)
_EXPECTED = (
    "Expected: <id>_discipline.xlsx, <id>_program_master.xlsx and the pages "
    "(program_descriptions.zip, a folder of <id>-<program>.md, …descriptions….json or …x_section….csv)."
)


@dataclass(frozen=True)
class PageFiles:
    """The pages in the form chosen: "Markdown", "JSON" or "CSV", and where they lie."""

    form: str
    entries: list[Entry]
    container: Entry | None

    @property
    def where(self) -> str:
        """The form in words, for the release's origin."""
        if self.form == "Markdown":
            return "Markdown archive" if self.container else "Markdown files"
        return self.form + (" in an archive" if self.container else "")


@dataclass(frozen=True)
class ReleaseFiles:
    """The files of one release: its id, how the source is stored, workbooks and pages."""

    release_id: str
    kind: str
    discipline: Entry
    program_master: Entry
    pages: PageFiles


def find_release(path: str | os.PathLike[str], release_id: str) -> ReleaseFiles:
    """Find the files of a release.

    Parameters
    ----------
    path : path-like
        A folder, or a zip or tar archive.
    release_id : str
        Which release to take when the source holds several; with one only, that one is taken.

    Returns
    -------
    ReleaseFiles

    Raises
    ------
    SourceNotFoundError
        Nothing is at `path`, or a file that a release needs is not there.
    SourceError
        There is something at `path`, but not a release, or it cannot be told which file to take.
    CorruptSourceError, UnsafeSourceError
        An archive cannot or must not be read.
    """
    place = _existing(path)
    budget = Budget(LIMITS)
    if place.is_dir():
        kind, entries = "folder", _walk(place)
    elif is_archive_name(place.name):
        kind = "zip" if place.suffix.casefold() == ".zip" else "tar"
        entries = open_archive(place.name, _read_file(place), budget)
    else:
        msg = f"path={str(path)!r} is neither a folder nor a zip or tar archive. {_EXPECTED}"
        raise SourceError(msg)
    entries = [entry for entry in entries if not _is_litter(entry.name)]
    source = place.name or str(place)  # "." has no name
    workbooks = _workbooks(entries)
    chosen = _choose_release(workbooks, entries, release_id, source)
    return ReleaseFiles(
        release_id=chosen,
        kind=kind,
        discipline=_one(workbooks, chosen, "discipline", entries, source),
        program_master=_one(workbooks, chosen, "program_master", entries, source),
        pages=_find_pages(entries, chosen, set(workbooks), budget, source),
    )


def _existing(path: object) -> Path:
    if not isinstance(path, str | os.PathLike):
        msg = f"path={path!r} is a {type(path).__name__}; give the folder or archive of a release as str or Path."
        raise ArgumentError(msg)
    try:
        place = Path(path).expanduser()
        place.stat()
    except (OSError, RuntimeError, ValueError) as error:  # no such file, home folder or name of a file
        shown = repr(str(path)[:200])
        if isinstance(error, PermissionError):
            msg = f"path={shown} cannot be read: {error.strerror}. Give a folder or archive that you may read."
            raise SourceError(msg) from error
        msg = f"path={shown} does not exist. Give the folder or archive of a release. {_EXPECTED}"
        raise SourceNotFoundError(msg) from error
    return place


def _walk(folder: Path) -> list[Entry]:
    """List the files of `folder` down to a few levels, sorted, links to folders not followed."""
    entries: list[Entry] = []
    for where, folders, files in os.walk(folder):
        below = Path(where).relative_to(folder)
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if len(below.parts) < _DEPTH else []
        for name in sorted(files):
            place = Path(where) / name
            if place.exists() and not place.is_file():
                continue  # a pipe or device; a broken link stays, so that it is reported and not lost
            entries.append(Entry((below / name).as_posix(), partial(_read_file, place)))
            if len(entries) > LIMITS.n_entries:
                msg = (
                    f"path={str(folder)!r} holds more than {LIMITS.n_entries:,} files; a release has about a thousand."
                )
                raise SourceError(msg)
    return entries


def _read_file(place: Path) -> bytes:
    try:
        if place.stat().st_size > LIMITS.total_bytes:
            msg = f"{place.name} is larger than {LIMITS.total_bytes >> 20:,} MiB; no file of a release is."
            raise CorruptSourceError(msg)
        return place.read_bytes()
    except OSError as error:
        msg = f"{place.name} cannot be read: {error.strerror or error}."
        raise SourceError(msg) from error


def _is_litter(name: str) -> bool:
    """Answer whether a file was left by an operating system or an editor."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith((".", "~$")) for part in parts)


def _workbooks(entries: Iterable[Entry]) -> dict[str, dict[str, list[Entry]]]:
    """Return release -> role -> workbooks."""
    found: dict[str, dict[str, list[Entry]]] = {}
    for entry in entries:
        if match := _WORKBOOK.fullmatch(entry.base):
            found.setdefault(match["release"], {}).setdefault(match["role"].casefold(), []).append(entry)
    return found


def _choose_release(
    workbooks: dict[str, dict[str, list[Entry]]], entries: list[Entry], release_id: str, source: str
) -> str:
    if not workbooks:
        msg = f"{source} is not the folder or archive of a release: it has no workbook. {_found(entries)} {_EXPECTED}"
        raise SourceNotFoundError(msg)
    if release_id in workbooks:
        return release_id
    if len(workbooks) == 1:
        return next(iter(workbooks))
    msg = (
        f"{source} holds the releases {', '.join(sorted(workbooks))} and none is release_id={release_id!r}. "
        "Say which one: load_release(path, release_id=…)."
    )
    raise SourceError(msg)


def _one(
    workbooks: dict[str, dict[str, list[Entry]]],
    release_id: str,
    role: str,
    entries: list[Entry],
    source: str,
) -> Entry:
    candidates = workbooks[release_id].get(role, [])
    if not candidates:
        msg = f"{source} has no {release_id}_{role}.xlsx. {_found(entries)} {_EXPECTED}"
        raise SourceNotFoundError(msg)
    if len({sha256_bytes(entry.read()) for entry in candidates}) > 1:
        names = ", ".join(entry.name for entry in candidates[:5])
        msg = f"{source} has {len(candidates)} different files for one table: {names}. Keep one and load again."
        raise SourceError(msg)
    return candidates[0]


def _find_pages(entries: list[Entry], release_id: str, releases: set[str], budget: Budget, source: str) -> PageFiles:
    packed: list[tuple[Entry, list[Entry]]] = []
    if pages := _markdown(entries, release_id, releases):
        return PageFiles("Markdown", pages, None)
    for entry in entries:
        match = _PACKED.fullmatch(entry.base)
        if match and is_archive_name(entry.base) and match["release"] in (None, release_id):
            inner = [file for file in open_archive(entry.name, entry.read(), budget) if not _is_litter(file.name)]
            if pages := _markdown(inner, release_id, releases):
                return PageFiles("Markdown", pages, entry)
            packed.append((entry, inner))
    for form, pattern in (("JSON", _JSON), ("CSV", _CSV)):
        candidates = [
            (file, container)
            for container, files in [(None, entries), *packed]
            for file in files
            if (match := pattern.fullmatch(file.base)) and match["release"] in (None, release_id)
        ]
        if candidates:
            # A file that says "markdown" beats one that does not; then the last by name, so that _v2 comes first.
            file, container = max(candidates, key=lambda found: ("markdown" in found[0].base.casefold(), found[0].base))
            return PageFiles(form, [file], container)
    msg = f"{source} has no pages of release {release_id}. {_found(entries)} {_EXPECTED}"
    raise SourceNotFoundError(msg)


def _markdown(entries: list[Entry], release_id: str, releases: set[str]) -> list[Entry]:
    """Return the pages of a release by name; say what lies beside them and is left out."""
    pages, folders, strangers = [], set(), []
    for entry in entries:
        match = _PAGE.fullmatch(entry.base)
        if match and match["release"] == release_id:
            pages.append(entry)
            folders.add(PurePosixPath(entry.name).parent)
        elif match and match["release"] in releases:
            continue  # of another release that is there as a whole
        elif entry.base.casefold().endswith(".md") and not _NOT_PAGES.fullmatch(entry.base):
            strangers.append(entry)
    beside = [entry.name for entry in strangers if PurePosixPath(entry.name).parent in folders]
    if beside:
        warnings.warn(
            f"{len(beside)} Markdown files beside the pages are left out, as their names are not "
            f"{release_id}-<program>.md: {', '.join(beside[:5])}. Rename them if they are pages.",
            DroppedWarning,
            stacklevel=4,
        )
    return sorted(pages, key=lambda entry: (entry.base, entry.name))


def _found(entries: list[Entry]) -> str:
    if not entries:
        return "Found: nothing."
    names = ", ".join(entry.name for entry in entries[:5])
    more = f" and {len(entries) - 5:,} more" if len(entries) > 5 else ""
    return f"Found: {names}{more}."
