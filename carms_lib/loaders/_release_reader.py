"""`load_release`: one function for the bundled facts and for the published files.

Belongs here: putting the frames of a release together, the record of the files read, and reading the bundle,
``carms_lib/data/release_<id>/``. Does not belong here: how a published file is found, opened or read; writing the
bundle.

The bundle holds facts only: free notes are missing in every row, and so are section texts but for placeholders such as
"n/a", which mean that a section says nothing.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd

from carms_lib.exceptions import CorruptSourceError, UnknownNameError
from carms_lib.provenance import sha256_bytes

from ._files import PageFiles, find_release
from ._release import SOURCE_COLUMNS, TABLE_COLUMNS, Release, missing_columns, source_frame, text_dtype, text_frame
from .json_and_csv import pages_from_csv, pages_from_json
from .pages import PageParts, read_pages, take_apart
from .workbooks import read_workbook

if TYPE_CHECKING:
    import os
    from importlib.resources.abc import Traversable

    from .archives import Entry

_SourceRow = tuple[str, str, str, int]


def load_release(path: str | os.PathLike[str] | None = None, *, release_id: str = "1503") -> Release:
    """Read a release: the bundled facts, or the publisher's files.

    Parameters
    ----------
    path : path-like, optional
        A folder, or a zip or tar archive, with the two workbooks and the pages. Without it the facts that ship
        with the library are read, in a moment and without any text.
    release_id : str, default "1503"
        Which release: of those bundled, or of those at `path` when there are several. When `path` holds one
        release only, its id is taken from the file names, whatever is given here.

    Returns
    -------
    Release
        The tables ``discipline``, ``program_master``, ``page`` and ``section``: text as published, contact details
        gone.

    Raises
    ------
    UnknownNameError
        `release_id` is not among the bundled releases.
    ArgumentError
        `path` is no path.
    SourceNotFoundError
        Nothing is at `path`, or a file that a release needs is not there.
    CorruptSourceError
        A file is truncated, damaged, not UTF-8, or not what its name says.
    UnsafeSourceError
        An archive or workbook could harm this machine: an entry leaves its folder or is a link, content expands
        without end, XML entities are declared.
    SourceError
        It cannot be told which file to read.
    SchemaError
        A column is missing or there twice.

    Warns
    -----
    DroppedWarning
        Files or columns beside those of the release are left out, with their count.

    Notes
    -----
    The pages may come as Markdown (files, or an archive of them), as JSON, or as the table with one column per
    section; where several forms are there the first of these is read. They give the same frames, but for what the
    section table lacks: the section on important information, headings as printed, and empty sections.

    Nothing is repaired. A page without a row in the master, a row without a page, and ids that occur twice are kept
    as they are; the transforms set them aside with their reason.

    Every first-level heading under a rule begins a section; release 1503 has 9,824, all of them known. Of a section
    whose heading is not known the heading is given and the text is not, since contacts may stand in it; a check of
    every build names such headings. The publisher's own
    count is 10,716: it counts title and header block of each page too, and leaves out Important Information.

    Examples
    --------
    >>> release = load_release()
    >>> release["program_master"].shape
    (815, 11)
    """
    if path is None:
        return load_bundle(release_id)
    files = find_release(path, release_id)
    discipline, master = files.discipline.read(), files.program_master.read()
    tables = {
        "discipline": read_workbook(files.discipline.name, discipline, TABLE_COLUMNS["discipline"]),
        "program_master": read_workbook(files.program_master.name, master, TABLE_COLUMNS["program_master"]),
    }
    pages, page_source = _take_apart(files.pages)
    page_rows, section_rows = read_pages(pages)
    tables["page"] = text_frame(page_rows, TABLE_COLUMNS["page"])
    tables["section"] = text_frame(section_rows, TABLE_COLUMNS["section"])
    sources = source_frame(
        [
            (files.discipline.name, "discipline", sha256_bytes(discipline), len(discipline)),
            (files.program_master.name, "program_master", sha256_bytes(master), len(master)),
            page_source,
        ]
    )
    return Release(files.release_id, f"{files.kind} ({files.pages.where})", tables, sources)


def _take_apart(files: PageFiles) -> tuple[list[PageParts], _SourceRow]:
    """Return the pages in whatever form they come, and the row of `sources` for them."""
    contents = [(entry, entry.read()) for entry in files.entries]
    texts = _decoded(contents)
    if files.form == "Markdown":
        pages = [take_apart(entry.base.rpartition(".")[0], text) for entry, text in texts]
    else:
        take = pages_from_json if files.form == "JSON" else pages_from_csv
        pages = [page for entry, text in texts for page in take(entry.name, text)]
    if files.container is not None:
        contents = [(files.container, files.container.read())]
    if len(contents) == 1:
        entry, content = contents[0]
        return pages, (entry.name, "pages", sha256_bytes(content), len(content))
    return pages, _source_of_many(contents)


def _source_of_many(contents: list[tuple[Entry, bytes]]) -> _SourceRow:
    """Return one row for many files: the hash of their hashes, each beside its name, in order."""
    listing = "".join(f"{sha256_bytes(content)}  {entry.base}\n" for entry, content in contents)
    folder = contents[0][0].name.rpartition("/")[0] or "."
    n_bytes = sum(len(content) for _, content in contents)
    digest = hashlib.sha256(listing.encode()).hexdigest()
    return f"{folder} ({len(contents):,} files)", "pages", digest, n_bytes


def _decoded(contents: list[tuple[Entry, bytes]]) -> list[tuple[Entry, str]]:
    """Return the texts; UTF-8 with or without a byte order mark is the only encoding read.

    Another encoding can only be guessed, and a wrong guess changes names unseen; so it is an error.
    """
    decoded, wrong = [], []
    for entry, content in contents:
        try:
            decoded.append((entry, content.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            wrong.append(f"{entry.name} (byte {error.start:,})")
    if wrong:
        of_how_many = f"{len(wrong):,} of {len(contents):,} page files are" if len(contents) > 1 else "The pages are"
        msg = (
            f"{of_how_many} not UTF-8: {', '.join(wrong[:5])}. The publisher's files are; another program may have "
            "saved them otherwise (Windows-1252, UTF-16). Get them again, or save them as UTF-8."
        )
        raise CorruptSourceError(msg)
    return decoded


_PREFIX = "release_"


def bundled_releases() -> list[str]:
    """Return the ids of the releases that ship with the library, sorted."""
    return sorted(
        place.name.removeprefix(_PREFIX)
        for place in _data().iterdir()
        if place.is_dir() and place.name.startswith(_PREFIX)
    )


def load_bundle(release_id: str) -> Release:
    """Read the bundled facts of a release.

    Parameters
    ----------
    release_id : str

    Returns
    -------
    Release
        With the columns of `TABLE_COLUMNS`; those that the bundle leaves out are missing throughout.

    Raises
    ------
    UnknownNameError
        No such release ships with the library.
    CorruptSourceError
        A file of the bundle is gone or damaged: the installation is.
    """
    known = bundled_releases()
    if release_id not in known:
        raise UnknownNameError("release_id", release_id, known)
    folder = _data() / f"{_PREFIX}{release_id}"
    tables = {name: _with_columns(_read_table(folder, name), columns) for name, columns in TABLE_COLUMNS.items()}
    sources = _read_table(folder, "sources")
    columns = [str(column) for column in sources.columns]
    absent = [column for column in SOURCE_COLUMNS if column not in columns]
    if absent:
        raise missing_columns("sources.csv", absent, columns)
    sources = sources[list(SOURCE_COLUMNS)].astype({"n_bytes": "int64"})
    return Release(release_id, "bundle", tables, sources)


def _data() -> Traversable:
    return resources.files("carms_lib") / "data"


def _with_columns(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    for column in columns:
        if column not in frame:
            frame[column] = pd.Series(pd.NA, index=frame.index, dtype=text_dtype())
    return frame[[*columns, *(column for column in frame if column not in columns)]]


def _read_table(folder: Traversable, name: str) -> pd.DataFrame:
    for file, opener in ((f"{name}.csv.gz", gzip.decompress), (f"{name}.csv", bytes)):
        place = folder / file
        if not place.is_file():
            continue
        try:
            text = opener(place.read_bytes()).decode("utf-8")
            rows = csv.reader(io.StringIO(text, newline=""))
            header = next(rows)
            return text_frame(([cell or None for cell in row] for row in rows), header)
        except (OSError, EOFError, ValueError, StopIteration) as error:
            msg = f"The bundled {file} of {folder.name} is damaged: {error}. Install the library again."
            raise CorruptSourceError(msg) from error
    msg = f"The bundled {name}.csv of {folder.name} is not there. Install the library again."
    raise CorruptSourceError(msg)
