"""How every kernel of this package is compiled.

Belongs here: the one decorator. Does not belong here: kernels.

Kernels release the GIL, so that threads run them side by side; divide as numpy does; and are cached on disk.
numba looks for a writable place by itself (``NUMBA_CACHE_DIR``, else ``__pycache__`` beside the module, else
the user's cache folder); where there is none at all it refuses to decorate, and the kernel is compiled in
memory instead, so that an install in a read-only place still works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["kernel"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile `function` at its first call: nogil, numpy's division, cached where a cache can be written."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # "no locator available": nowhere to write
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
