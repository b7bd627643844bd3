"""The facts that ship with the library, as a release.

Belongs here: reading ``carms_lib/data/release_<id>/`` as written by the bundle's script. Does not belong
here: writing it. The bundle holds facts only: free notes are missing in every row, and so are section texts but for
placeholders such as "n/a", which tell that a section says nothing.
"""

from __future__ import annotations

import csv
import gzip
import io
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd

from carms_lib.exceptions import CorruptSourceError, UnknownNameError

from ._release import SOURCE_COLUMNS, TABLE_COLUMNS, Release, missing_columns, text_dtype, text_frame

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

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
