"""Machine code on disk, kept apart by everything that decides it.

Belongs here: the one hash by which a cached kernel is known, and where it lies. Does not belong here: compiling.

numba knows a cached function by the source of its own file. A kernel calls kernels of other files, whose code is part
of its own: after an edit there, numba would go on running the old machine code. So every kernel of this package is
known by one hash over all files that hold kernels or numbers that they are compiled with, the versions of numba,
llvmlite and Python, and the way of compiling; the processor is part of numba's own key. Machine code for any processor
(``carms-lib warm --cpu generic``) is used where none for this one lies there.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import config
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    NullCache,
    UserProvidedCacheLocator,
)

from carms_lib.kernels.compilation import IS_LEAN, NO_COUNTS

__all__ = ["HASHED", "kernel_cache", "kernel_hash"]

#: Folders and files of the package whose text decides what kernels do; a test reads the imports of every kernel.
HASHED = (
    "kernels",
    "matching",
    "simulator/inputs",
    "simulator/draw",
    "simulator/seats",
    "pressure/_choices.py",
    "pressure/_counts.py",
    "fitting/moments.py",
)
_BYTES = 10


@functools.cache
def kernel_hash() -> str:
    """Return one hash over all kernel files, the versions of what compiles them, and how.

    Returns
    -------
    str
        20 hexadecimal digits. Two processes with the same one run the same kernels.
    """
    digest = hashlib.blake2b(digest_size=_BYTES)
    package = resources.files("carms_lib")
    for name in HASHED:
        for path, text in _sources(package.joinpath(name), name):
            digest.update(f"{path} {len(text)}\n".encode() + text)
    made_by = (numba.__version__, llvmlite.__version__, sys.version_info[:2], IS_LEAN, sorted(NO_COUNTS), config.OPT)
    digest.update(repr(made_by).encode())
    return digest.hexdigest()


def _sources(place: Any, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and text of every Python file below a place, in order; the package may be a folder or an archive."""
    if place.is_file():
        yield name, place.read_bytes()
        return
    for child in sorted(place.iterdir(), key=lambda child: str(child.name)):
        if child.is_dir() or child.name.endswith(".py"):
            yield from _sources(child, f"{name}/{child.name}")


class _WarmedFolder:
    """Finds a folder that holds compiled kernels already, whether or not it can be written.

    An image or an installer compiles as one user (``carms-lib warm``), and another, who may only read, runs.
    """

    @classmethod
    def from_function(cls, function: Any, file: str) -> Any:
        """Return the first of numba's places that holds today's version of a kernel, or None."""
        for kind in (UserProvidedCacheLocator, InTreeCacheLocator):
            if kind is InTreeCacheLocator or config.CACHE_DIR:
                place = kind(function, file)
                name = f"{Path(file).stem}.{function.__qualname__}-*-{_stamp_of(function)}.*.nbc"
                if any(Path(place.get_cache_path()).glob(name)):
                    return place
        return None


class _Files(CompileResultCacheImpl):
    """numba's files, looked for in one place more."""

    _locator_classes: list[Any] = [_WarmedFolder, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012 - as numba's is


class _Told(NullCache):
    """Nowhere to keep anything; says when something is about to be compiled."""

    def __init__(self, on_miss: Callable[[], None]) -> None:
        self._on_miss = on_miss

    def load_overload(self, sig: Any, target_context: Any) -> None:  # noqa: ARG002 - numba's signature
        """Find nothing."""
        self._on_miss()


def _stamp_of(function: Any) -> str:
    """Return the hash by which versions of a kernel are known; one of another package has its own file in it."""
    file = Path(function.__code__.co_filename)
    if file.is_relative_to(Path(__file__).parents[1]):
        return kernel_hash()
    return kernel_hash() + hashlib.blake2b(file.read_bytes(), digest_size=_BYTES).hexdigest()


class _KernelCache(FunctionCache):
    """Compiled versions of one kernel, in files that bear the hash of all kernels."""

    _impl_class = _Files

    def __init__(self, function: Any, on_miss: Callable[[], None]) -> None:
        super().__init__(function)
        self._on_miss = on_miss
        self._stamp = _stamp_of(function)
        files = self._cache_file
        files._source_stamp = self._stamp
        # The stamp is in the name too: a process with other kernels may be writing to the same folder.
        files._data_name_pattern = f"{self._impl.filename_base}-{self._stamp}.{{number:d}}.nbc"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what is kept for this processor, or for any; say so where there is neither."""
        found = super().load_overload(sig, target_context)
        if found is None:
            self._on_miss()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled version where that is allowed, and drop those of other kernels than today's."""
        try:
            super().save_overload(sig, data)
            for old in Path(self._cache_path).glob(f"{self._impl.filename_base}*.nbc"):
                if self._stamp not in old.name:
                    old.unlink(missing_ok=True)
        except OSError:  # a folder that can only be read, or a full disk: the kernel runs all the same
            return

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        found = super()._load_overload(sig, target_context)
        if found is not None or not self._enabled:
            return found
        own, processor, code = self._index_key(sig, target_context.codegen())
        found = self._cache_file.load((own, (processor[0], "generic", ""), code))
        return None if found is None else self._impl.rebuild(target_context, found)


def kernel_cache(function: Any, on_miss: Callable[[], None]) -> Any:
    """Return where compiled versions of a kernel are kept.

    numba looks for a place that can be written: ``NUMBA_CACHE_DIR``, else ``__pycache__`` beside the module, else the
    user's cache folder. Where there is none, as in an install that can only be read, kernels are compiled in memory.
    """
    try:
        return _KernelCache(function, on_miss)
    except RuntimeError:  # "no locator available"
        return _Told(on_miss)
