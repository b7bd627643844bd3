"""Opening what may be hostile: zip and tar archives, read in memory and within limits.

Belongs here: listing and reading the entries of an archive without trusting its headers, and refusing what
could harm this machine. Does not belong here: what the entries mean (`_files`). Nothing is ever extracted
to disk.

Limits (`LIMITS`) are set an order of magnitude above the published release: 28 MB of pages in 815 entries,
the busiest of which expands 33 times.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, cast

from carms_lib.exceptions import CorruptSourceError, UnsafeSourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BLOCK = 1 << 16
_TAR_END = 1024  # a tar ends with so many zeros
_ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
# What the standard library raises on damaged archives; each becomes one CorruptSourceError.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold, everything nested in it included."""

    n_entries: int = 20_000
    entry_bytes: int = 128 * 2**20
    total_bytes: int = 512 * 2**20
    ratio: int = 200
    ratio_from_bytes: int = 4 * 2**20  # small entries may compress as well as they like


LIMITS = ArchiveLimits()


@dataclass
class Budget:
    """What has been read so far of one source; shared by an archive and the archives inside it."""

    limits: ArchiveLimits = LIMITS
    n_entries: int = 0
    n_bytes: int = 0

    def count_entry(self, archive: str) -> None:
        """Count one entry of `archive`."""
        self.n_entries += 1
        if self.n_entries > self.limits.n_entries:
            msg = (
                f"{archive} holds more than {self.limits.n_entries:,} entries; a release has about a thousand. It "
                "is not read. Unpack what you need by hand and pass the folder."
            )
            raise UnsafeSourceError(msg)

    def count_bytes(self, n_bytes: int, archive: str) -> None:
        """Count `n_bytes` more of expanded content."""
        self.n_bytes += n_bytes
        if self.n_bytes > self.limits.total_bytes:
            raise _expands(archive, f"to more than {self.limits.total_bytes >> 20:,} MiB in all")


@dataclass(frozen=True)
class Entry:
    """A file of a source: its name with forward slashes, and how to read it.

    Parameters
    ----------
    name : str
        Relative to the source.
    read : callable
        Returns the content; reads again each time.
    """

    name: str
    read: Callable[[], bytes] = field(repr=False)

    @property
    def base(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


def is_archive_name(name: str) -> bool:
    """Answer whether `name` ends like an archive that `open_archive` reads."""
    return name.casefold().endswith(_ARCHIVE_SUFFIXES)


def open_archive(name: str, content: bytes, budget: Budget) -> list[Entry]:
    """List the files of a zip or tar archive.

    Parameters
    ----------
    name : str
        What to call the archive in messages.
    content : bytes
        The archive itself.
    budget : Budget
        Limits, and what was read so far.

    Returns
    -------
    list of Entry
        Files only, in the order of the archive; two entries of one name are both listed.

    Raises
    ------
    CorruptSourceError
        It is truncated, damaged, encrypted or no archive at all.
    UnsafeSourceError
        An entry is absolute, climbs out of the folder, or is a link or device; or a limit is passed.
    """
    if content.startswith(b"PK") or name.casefold().endswith(".zip"):
        return _open_zip(name, content, budget)
    return _open_tar(name, content, budget)


def read_capped(stream: IO[bytes], name: str, budget: Budget, *, packed_bytes: int | None = None) -> bytes:
    """Read `stream` to its end block by block, stopping as soon as a limit is passed.

    `packed_bytes` is the compressed size; with it the ratio is bounded too.
    """
    limits = budget.limits
    blocks: list[bytes] = []
    n_bytes = 0
    while block := stream.read(_BLOCK):
        n_bytes += len(block)
        budget.count_bytes(len(block), name)
        if n_bytes > limits.entry_bytes:
            raise _expands(name, f"to more than {limits.entry_bytes >> 20:,} MiB")
        if packed_bytes is not None and n_bytes > max(limits.ratio_from_bytes, limits.ratio * packed_bytes):
            raise _expands(name, f"more than {limits.ratio} times")
        blocks.append(block)
    return b"".join(blocks)


def _expands(name: str, how: str) -> UnsafeSourceError:
    return UnsafeSourceError(
        f"{name} expands {how}; no file of a release does. Reading was stopped. Get the file again from the publisher."
    )


def _open_zip(name: str, content: bytes, budget: Budget) -> list[Entry]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        infos = archive.infolist()
    except _DAMAGE as error:
        raise _damaged(name, len(content), error) from error
    entries = []
    for info in infos:
        budget.count_entry(name)
        _check_name(name, info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _unsafe(name, info.filename, "is a link or a device")
        if info.is_dir():
            continue
        if info.flag_bits & 0x1:
            msg = f"{name} is encrypted (entry {info.filename!r}). Unpack it and pass the folder."
            raise CorruptSourceError(msg)
        entries.append(Entry(info.filename, _zip_reader(name, archive, info, budget)))
    return entries


def _zip_reader(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as stream:
                return read_capped(stream, f"{name}/{info.filename}", budget, packed_bytes=info.compress_size)
        except _DAMAGE as error:
            raise _damaged(f"{name}/{info.filename}", None, error) from error

    return read


def _open_tar(name: str, content: bytes, budget: Budget) -> list[Entry]:
    entries = []
    try:
        # As a stream: every byte decompressed passes the budget, also those of entries nobody asks for.
        stream = _CountedStream(_decompress(content), name, budget)
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
            for info in archive:
                budget.count_entry(name)
                _check_name(name, info.name)
                if info.isdir():
                    continue
                if not info.isfile():
                    raise _unsafe(name, info.name, "is a link or a device")
                if info.size > budget.limits.entry_bytes:
                    raise _expands(f"{name}/{info.name}", f"to more than {budget.limits.entry_bytes >> 20:,} MiB")
                extracted = archive.extractfile(info)
                data = extracted.read() if extracted is not None else b""
                if len(data) != info.size:
                    raise _damaged(name, len(content), EOFError(f"entry {info.name!r} is cut short"))
                entries.append(Entry(info.name.removeprefix("./"), _constant(data)))
        while stream.read(_BLOCK):
            pass  # to the end, for the checksum of the compression
        if stream.tail.strip(b"\x00") or len(stream.tail) < _TAR_END:
            # tarfile takes a file that stops between two entries for a whole one
            raise _damaged(name, len(content), EOFError("it stops without the mark of its end"))
    except _DAMAGE as error:
        raise _damaged(name, len(content), error) from error
    return entries


def _constant(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _decompress(content: bytes) -> IO[bytes]:
    packed = io.BytesIO(content)
    if content.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=packed))
    if content.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(packed))
    if content.startswith(b"\xfd7zXZ\x00"):
        return cast("IO[bytes]", lzma.LZMAFile(packed))
    return packed


class _CountedStream:
    """Passes reads on, counts them against a budget and keeps the end; all that tarfile's stream mode needs."""

    def __init__(self, stream: IO[bytes], name: str, budget: Budget) -> None:
        self._stream, self._name, self._budget = stream, name, budget
        self.tail = b""

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._budget.count_bytes(len(block), self._name)
        self.tail = (self.tail + block)[-_TAR_END:]
        return block

    def close(self) -> None:
        self._stream.close()


def _check_name(archive: str, name: str) -> None:
    """Refuse a name that is absolute or climbs; on any system, whatever its separator."""
    parts: Iterator[str] = iter(name.replace("\\", "/").split("/"))
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        raise _unsafe(archive, name, "has an absolute path")
    if any(part == ".." for part in parts):
        raise _unsafe(archive, name, "climbs out of the folder")
    if "\x00" in name:
        raise _unsafe(archive, name, "has a NUL character in its name")


def _unsafe(archive: str, entry: str, why: str) -> UnsafeSourceError:
    return UnsafeSourceError(
        f"{archive}: entry {entry[:200]!r} {why}. The archive is not read. Get it again from the publisher."
    )


def _damaged(name: str, n_bytes: int | None, error: BaseException) -> CorruptSourceError:
    size = f" ({n_bytes:,} bytes)" if n_bytes is not None else ""
    return CorruptSourceError(
        f"{name}{size} cannot be read as an archive: {error}. It is truncated, damaged or not what its "
        "name says. Get it again, or unpack it by hand and pass the folder."
    )
