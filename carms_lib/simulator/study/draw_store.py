"""The draw store: outcomes of draws on their way out of memory, and back a few at a time.

Belongs here: the record of a block of draws, where records are kept (memory, a temporary file, a checkpoint), and
telling whether a checkpoint belongs to the run at hand. Does not belong here: what outcomes mean, and running draws.

A block of draws is one record of fixed length, so that blocks may arrive in any order and each has its place. A record
carries a digest of itself: one that was being written when the process was killed is told from one that is whole. A
store that would take more than `MEMORY` bytes is a file without a name, which the operating system removes with the
process; a checkpoint is the same file with a name and a head. Files hold text and arrays, never pickles, and are read
in pieces, not mapped: what a study keeps in memory does not grow with its draws.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from carms_lib.exceptions import ArgumentError, StudyError
from carms_lib.simulator.draw.block import COUPLE_COUNTS, DRAWS_PER_INPUT, BlockResult
from carms_lib.simulator.draw.workspace import kind_of_program

__all__ = ["MEMORY", "OUTCOME_FIELDS", "DrawStore", "Layout", "entropy_of", "open_store"]

#: A store larger than this many bytes is a file.
MEMORY = 128 * 2**20
#: What is kept of a draw.
OUTCOME_FIELDS = BlockResult._fields
_SHARED = ("wished", "ranked", "interviews")  # by all scenarios with the same lists
_MAGIC = "carms_lib draws, format 2"
_HEAD_UNIT = 4096


class Layout:
    """How the outcomes of one block of draws lie in a record.

    Parameters
    ----------
    families : sequence of sequence of str
        Scenarios that share lists stand together.
    shapes : mapping of str to (int, int)
        Scenario -> applicants laid out, programs.
    """

    def __init__(self, families: Sequence[Sequence[str]], shapes: Mapping[str, tuple[int, int]]) -> None:
        self.scenarios = tuple(name for family in families for name in family)
        self._place: dict[tuple[str, str], str] = {}
        parts: list[tuple[Any, ...]] = [("digest", "<u8"), ("count", "<u8")]
        for number, family in enumerate(families):
            for name in family:
                applicants, programs = shapes[name]
                kind = np.dtype(kind_of_program(programs)).newbyteorder("<")
                sizes: dict[str, tuple[Any, int]] = {
                    "quota": ("<i4", programs),
                    "couples": ("<i4", len(COUPLE_COUNTS)),
                    "interviews": ("<i2", applicants),
                    "place": ("<i2", applicants),
                }
                for field in OUTCOME_FIELDS:
                    label = f"{number}/{field}" if field in _SHARED else f"{number}/{name}/{field}"
                    self._place[name, field] = label
                    if field not in _SHARED or name == family[0]:
                        of_kind, length = sizes.get(field, (kind, applicants))
                        parts.append((label, of_kind, (DRAWS_PER_INPUT, length)))
        self.dtype = np.dtype(parts)

    def place(self, scenario: str, field: str) -> tuple[int, np.dtype[Any], int]:
        """Return where a field begins in a record [bytes], its kind, and its length for one draw."""
        assert self.dtype.fields is not None  # noqa: S101 - a record has fields
        of_block, offset = self.dtype.fields[self._place[scenario, field]][:2]
        return offset, of_block.base, of_block.shape[1]

    def pack(self, results: Mapping[str, BlockResult], *, with_digest: bool = True) -> bytes:
        """Return the record of a block; its digest tells a whole record from one that a killed process left."""
        record = np.zeros((), dtype=self.dtype)
        for name, result in results.items():
            for field, array in zip(OUTCOME_FIELDS, result, strict=True):
                record[self._place[name, field]][: len(array)] = array
            record["count"] = len(result.wished)
        if with_digest:
            record["digest"] = _digest(record.tobytes())
        return record.tobytes()


def _digest(record: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(memoryview(record)[8:], digest_size=8).digest(), "little")


class DrawStore:
    """Records of blocks, each in its place.

    Parameters
    ----------
    layout : Layout
    stream : binary file or bytearray
    begin : int
        Where the first record lies in the file [bytes].
    """

    def __init__(self, layout: Layout, stream: IO[bytes] | bytearray, begin: int = 0) -> None:
        self.layout = layout
        self._stream = stream
        self._begin = begin
        self._lock = threading.Lock()
        if not isinstance(stream, bytearray):
            weakref.finalize(self, stream.close)

    @property
    def in_memory(self) -> bool:
        """Whether the records lie in memory rather than in a file."""
        return isinstance(self._stream, bytearray)

    def write(self, block: int, results: Mapping[str, BlockResult]) -> None:
        """Keep the outcomes of a block; `results` holds every scenario."""
        record = self.layout.pack(results, with_digest=self._begin > 0)  # a checkpoint has a head
        at = self._begin + block * len(record)
        if isinstance(self._stream, bytearray):
            self._stream[at : at + len(record)] = record
            return
        with self._lock:
            self._stream.seek(at)
            self._stream.write(record)
            self._stream.flush()

    def read(self, scenario: str, field: str, start: int, stop: int) -> np.ndarray:
        """Return one field of the draws from `start` to `stop`, shape (draws, length)."""
        offset, kind, length = self.layout.place(scenario, field)
        out = np.empty((stop - start, length), dtype=kind)
        row = length * kind.itemsize
        for block in range(start // DRAWS_PER_INPUT, -(-stop // DRAWS_PER_INPUT)):
            first = max(start, block * DRAWS_PER_INPUT)
            last = min(stop, (block + 1) * DRAWS_PER_INPUT)
            at = block * self.layout.dtype.itemsize + offset + (first - block * DRAWS_PER_INPUT) * row
            self._fill(at, out[first - start : last - start])
        return out

    def _fill(self, at: int, out: np.ndarray) -> None:
        view = memoryview(out.view(np.uint8).reshape(-1))  # type: ignore[arg-type]
        at += self._begin
        if isinstance(self._stream, bytearray):
            view[:] = memoryview(self._stream)[at : at + len(view)]
            return
        with self._lock:
            self._stream.seek(at)
            count = self._stream.readinto(view)  # type: ignore[attr-defined]
        if count != len(view):
            raise StudyError("The file that holds the draws has become shorter than what was written to it.")

    def finished(self, blocks: int, n_draws: int) -> set[int]:
        """Return which of the first `blocks` blocks are there, whole, with all the draws that are wanted of them."""
        if isinstance(self._stream, bytearray):
            return set()
        found = set()
        size = self.layout.dtype.itemsize
        for block in range(blocks):
            with self._lock:
                self._stream.seek(self._begin + block * size)
                record = self._stream.read(size)
            if len(record) < size:
                break
            digest, count = np.frombuffer(record, dtype="<u8", count=2)
            wanted = min(DRAWS_PER_INPUT, n_draws - block * DRAWS_PER_INPUT)
            if int(digest) == _digest(record) and count >= wanted:
                found.add(block)
        return found


def open_store(layout: Layout, blocks: int, checkpoint: str | Path | None, inputs: Mapping[str, Any]) -> DrawStore:
    """Return the store of a run.

    Parameters
    ----------
    layout : Layout
    blocks : int
    checkpoint : str or Path, optional
        A file to keep the records in; one that is there already is gone on with.
    inputs : mapping
        What the run is made from, as text and numbers: it must be that of a checkpoint which is there already.

    Returns
    -------
    DrawStore

    Raises
    ------
    StudyError
        The checkpoint is of other inputs, or is not a checkpoint.
    ArgumentError
        It cannot be opened.
    """
    size = layout.dtype.itemsize * blocks
    if checkpoint is None:
        # The stream outlives this call: the study reads from it, and closes it when it is no longer used.
        return DrawStore(layout, bytearray(size) if size <= MEMORY else tempfile.TemporaryFile())
    path = Path(checkpoint)
    try:
        exists = path.exists() and path.stat().st_size > 0
        if exists:
            head, _ = _read_head(path)
            _compare(path, head, inputs)
        stream = path.open("r+b" if exists else "w+b")
    except OSError as error:
        raise ArgumentError(f"checkpoint={str(path)!r} cannot be opened: {error}.") from error
    if not exists:
        text = json.dumps({"format": _MAGIC, "inputs": inputs}, ensure_ascii=False).encode() + b"\n"
        begin = -(-(len(text) + 1) // _HEAD_UNIT) * _HEAD_UNIT
        stream.write(text.ljust(begin, b"\0"))
        stream.flush()
        return DrawStore(layout, stream, begin)
    return DrawStore(layout, stream, _read_head(path)[1])


def entropy_of(checkpoint: str | Path | None) -> int | None:
    """Return the entropy of a checkpoint that is there already, None where there is none."""
    if checkpoint is None or not Path(checkpoint).exists() or not Path(checkpoint).stat().st_size:
        return None
    return int(_read_head(Path(checkpoint))[0]["entropy"])


def _read_head(path: Path) -> tuple[dict[str, Any], int]:
    """Return the inputs of a checkpoint, and where its records begin."""
    try:
        with path.open("rb") as stream:
            line = stream.readline()
        head = json.loads(line)
        if head["format"] != _MAGIC:
            raise StudyError(f"checkpoint={str(path)!r} is of the format {head['format']!r}, not {_MAGIC!r}.")
        inputs = dict(head["inputs"])
        int(inputs["entropy"])
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(
            f"checkpoint={str(path)!r} is not a checkpoint of a simulation: name another file, or remove it."
        ) from error
    return inputs, -(-(len(line) + 1) // _HEAD_UNIT) * _HEAD_UNIT


def _compare(path: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    # Through JSON, as what is there has been.
    given = json.loads(json.dumps(here))
    differ = [key for key in {**there, **given} if there.get(key) != given.get(key)]
    if not differ:
        return
    told = [
        f"{key} ({there.get(key)!r} there, {given.get(key)!r} here)" if key in ("entropy", "library") else key
        for key in differ
    ]
    raise StudyError(
        f"checkpoint={str(path)!r} was made from other inputs; these differ: {', '.join(told)}. Give the inputs it was "
        "made from to go on with it, or name another file."
    )
