"""`load_release`: one verb for the bundle and for the published files.

Belongs here: putting the frames of a release together. Does not belong here: how any of the files is read.
"""

from __future__ import annotations

import hashlib


from carms_lib.exceptions import CorruptSourceError
from carms_lib.provenance import sha256_bytes

from ._bundle import load_bundle
from ._files import PageFiles, find_release
from ._page import ParsedPage, parse_page
from ._release import (
    DISCIPLINE_COLUMNS,
    MASTER_COLUMNS,
    PAGE_COLUMNS,
    SECTION_COLUMNS,
    Release,
    text_frame,
)
from ._workbook import read_workbook
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._archive import Entry
    import pandas as pd
    from collections.abc import Iterable
    import os


def load_release(path: str | os.PathLike[str] | None = None, *, release_id: str = "1503") -> Release:
    """Read a release: the bundled facts, or the publisher's files.

    Parameters
    ----------
    path : path-like, optional
        A folder, or a zip or tar archive, with the two workbooks and the pages. Without it the facts that ship
        with the library are read.
    release_id : str, default "1503"
        Which release: of those bundled, or of those at `path` when there are several. With one release at `path`
        its id is taken from the file names.

    Returns
    -------
    Release
    """
    if path is None:
        return load_bundle(release_id)
    files = find_release(path, release_id)
    discipline, master = files.discipline.read(), files.program_master.read()
    pages, page_sources = _read_pages(files.pages)
    sources = [
        (files.discipline.name, "discipline", sha256_bytes(discipline), len(discipline)),
        (files.program_master.name, "program_master", sha256_bytes(master), len(master)),
        *page_sources,
    ]
    return Release(
        release_id=files.release_id,
        origin=f"{files.kind} ({files.pages.where})",
        tables={
            "discipline": read_workbook(files.discipline.name, discipline, DISCIPLINE_COLUMNS),
            "program_master": read_workbook(files.program_master.name, master, MASTER_COLUMNS),
            "page": text_frame((page.page for page in pages), PAGE_COLUMNS),
            "section": text_frame((row for page in pages for row in page.sections), SECTION_COLUMNS),
        },
        sources=source_frame(sources),
    )


def source_frame(rows: Iterable[tuple[str, str, str, int]]) -> pd.DataFrame:
    """Return the table of files read."""
    frame = text_frame(
        [(file, role, sha256, str(n_bytes)) for file, role, sha256, n_bytes in rows],
        ["file", "role", "sha256", "n_bytes"],
    )
    return frame.astype({"n_bytes": "int64"})


def _read_pages(files: PageFiles) -> tuple[list[ParsedPage], list[tuple[str, str, str, int]]]:
    contents = [(entry, entry.read()) for entry in files.entries]
    pages = [parse_page(entry.base.rpartition(".")[0], text) for entry, text in _decoded(contents)]
    if files.container is not None:
        packed = files.container.read()
        return pages, [(files.container.name, "pages", sha256_bytes(packed), len(packed))]
    together = hashlib.sha256()
    for entry, content in contents:
        together.update(f"{entry.name} {sha256_bytes(content)}\\n".encode())
    folder = contents[0][0].name.rpartition("/")[0] or "."
    n_bytes = sum(len(content) for _, content in contents)
    return pages, [(f"{folder} ({len(contents):,} files)", "pages", together.hexdigest(), n_bytes)]


def _decoded(contents: list[tuple[Entry, bytes]]) -> list[tuple[Entry, str]]:
    decoded, wrong = [], []
    for entry, content in contents:
        try:
            decoded.append((entry, content.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            wrong.append(f"{entry.name} (byte {error.start:,})")
    if wrong:
        msg = f"{len(wrong)} of {len(contents)} pages are not UTF-8: {', '.join(wrong[:5])}. Save them as UTF-8 and load again."
        raise CorruptSourceError(msg)
    return decoded
