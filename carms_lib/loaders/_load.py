"""`load_release`: one verb for the bundle and for the published files.

Belongs here: putting the frames of a release together, and the record of the files read. Does not belong here:
how any of the files is found, opened or read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from carms_lib.exceptions import CorruptSourceError
from carms_lib.provenance import sha256_bytes

from ._bundle import load_bundle
from ._files import PageFiles, find_release
from ._release import TABLE_COLUMNS, Release, source_frame, text_frame
from .json_and_csv import pages_from_csv, pages_from_json
from .pages import PageParts, read_pages, take_apart
from .workbooks import read_workbook

if TYPE_CHECKING:
    import os

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
