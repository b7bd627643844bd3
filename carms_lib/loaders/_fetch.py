"""`fetch_release`: the published files, downloaded once and kept.

Belongs here: where the publisher keeps the files, which bytes they must be, the cache, and saying what to do when
a download fails. Does not belong here: reading the files (`_release_reader`).

The registry pins one commit of the publisher's repository. The SHA-256 of the two workbooks is known. Of the
archives of pages it is not: the pages in hand were packed anew, and the hash of a zip is that of its packing. An
archive is therefore opened and every page in it checked against its own checksum before it is taken.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carms_lib.exceptions import FetchError, SourceError, UnknownNameError

from ._files import find_release
from .archives import Budget, open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_DIR_VARIABLE = "CARMS_DATA_DIR"
_TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class PublishedRelease:
    """Where a release is published, and as what.

    Parameters
    ----------
    base_url : str
        What comes before a file's name, slash included; pinned to a commit.
    workbooks : dict of str to str
        File name -> SHA-256.
    pages : tuple of str
        The forms of the pages in order of preference; the first that is there is taken.
    home : str
        The page on which a person finds the files.
    """

    base_url: str
    workbooks: dict[str, str]
    pages: tuple[str, ...]
    home: str


_HOME = "https://github.com/dnokes/Junior-Data-Scientist"
_REGISTRY: dict[str, PublishedRelease] = {
    "1503": PublishedRelease(
        base_url=f"{_HOME}/raw/277454740f8c7797ae059ade0a61aa4261cca70e/",
        workbooks={
            "1503_discipline.xlsx": "3f0515cd32cb12d7284aa494eb1beee69f43e977e5c4dd6c70163ddbb94b07f4",
            "1503_program_master.xlsx": "db8d8eeec24b20899bfdcfe54884ab0baf91a1040a7cd4605be8652199716b18",
        },
        pages=(
            "program_descriptions.zip",
            "1503_markdown_program_descriptions_v2.zip",
            "1503_program_descriptions_x_section.zip",
        ),
        home=_HOME,
    )
}


def fetch_release(release_id: str = "1503", *, cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """Download the published files of a release, once, and return the folder that holds them.

    Parameters
    ----------
    release_id : str, default "1503"
    cache_dir : path-like, optional
        Where to keep the files, in a folder ``release_<id>``. By default the folder that the operating system
        has for caches; or, where the environment variable CARMS_DATA_DIR names a folder with ``release_<id>`` in
        it, that one, and nothing is downloaded.

    Returns
    -------
    pathlib.Path
        Ready for `load_release`. Files that are there already are not downloaded again, so that with all of them
        there no network is needed.

    Raises
    ------
    UnknownNameError
        The library does not know where `release_id` is published.
    FetchError
        A download failed, or brought something other than what was published; nothing of it is kept.
    SourceError
        The folder that CARMS_DATA_DIR names is there and is not a release.

    Notes
    -----
    The workbooks are checked against their SHA-256. The publisher's archive of pages is opened and read through
    instead, as the hash of its packing is not known; what was read is in ``release.sources``.

    References
    ----------
    The publisher's repository, https://github.com/dnokes/Junior-Data-Scientist

    Examples
    --------
    >>> release = load_release(fetch_release())  # doctest: +SKIP
    """
    given: Any = release_id
    if not isinstance(given, str) or release_id not in _REGISTRY:
        raise UnknownNameError("release_id", release_id, _REGISTRY)
    published = _REGISTRY[release_id]
    folder = f"release_{release_id}"
    at_hand = os.environ.get(DATA_DIR_VARIABLE)
    if cache_dir is None and at_hand and (Path(at_hand) / folder).is_dir():
        place = Path(at_hand) / folder
        find_release(place, release_id)
        return place
    place = _default_cache() / folder if cache_dir is None else Path(cache_dir).expanduser() / folder
    for name, sha256 in published.workbooks.items():
        if not _download(published, place, name, sha256):
            raise _failed(published, place, name, "it is not there (404)")
    _fetch_pages(published, place)
    return place


def _default_cache() -> Path:
    import pooch  # noqa: PLC0415 - brings requests along, which reading a release does not need

    return Path(pooch.os_cache("carms-lib"))


def _fetch_pages(published: PublishedRelease, place: Path) -> None:
    """Bring the pages in the first form that can be had; a form that is cached already comes before all others."""
    for name in sorted(published.pages, key=lambda name: not (place / name).is_file()):
        if _download(published, place, name, None):
            _check_archive(published, place, name)
            return
    raise _failed(published, place, published.pages[0], "no form of the pages is there (404)")


def _download(published: PublishedRelease, place: Path, name: str, sha256: str | None) -> bool:
    """Bring one file unless it is cached; False when the publisher has no such file."""
    import pooch  # noqa: PLC0415
    import requests  # noqa: PLC0415

    cache = pooch.create(path=place, base_url=published.base_url, registry={name: sha256})
    try:
        with _quiet(pooch.get_logger()):
            cache.fetch(name, downloader=pooch.HTTPDownloader(timeout=_TIMEOUT))
    except requests.HTTPError as error:
        status = None
        if error.response is not None:
            status = error.response.status_code
            error.response.close()
        if status == requests.codes.not_found:
            return False
        raise _failed(published, place, name, str(error)) from error
    except requests.RequestException as error:
        raise _failed(published, place, name, f"no answer or a broken one ({type(error).__name__})") from error
    except ValueError as error:  # pooch's word for a hash that differs
        why = f"what came is not the published file (SHA-256 is not {sha256})"
        raise _failed(published, place, name, why) from error
    except OSError as error:
        raise _failed(published, place, name, f"{place} cannot be written ({error.strerror or error})") from error
    return True


def _check_archive(published: PublishedRelease, place: Path, name: str) -> None:
    """Read an archive through, and remove it when it is damaged."""
    file = place / name
    try:
        budget = Budget()
        for entry in open_archive(name, file.read_bytes(), budget):
            entry.read()
    except SourceError as error:
        file.unlink(missing_ok=True)
        raise _failed(published, place, name, f"what came is no sound archive ({error})") from error


def _failed(published: PublishedRelease, place: Path, name: str, why: str) -> FetchError:
    return FetchError(
        f"{name} could not be fetched from {published.base_url}{name}: {why}. Check the connection and the proxy and "
        f"call again; or get the files by hand from {published.home} and put them into {place}, or into the folder "
        f"{place.name} of what {DATA_DIR_VARIABLE} names. Without them load_release() reads the bundled facts."
    )


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep pooch from advising on its own arguments, which the user of this library never sees."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
