"""How every kernel of this package is compiled.

Belongs here: the two decorators. Does not belong here: kernels.

Kernels release the GIL, so that threads run them side by side; divide as numpy does; and are cached on disk.
They work on arrays that their caller owns, so that references need not be counted: counting is atomic, costs some
nanoseconds for each array and each call, and would be most of the time of a kernel as short as one proposal. A kernel
that must allocate says so with `allocating_kernel`.

numba looks for a writable place by itself (``NUMBA_CACHE_DIR``, else ``__pycache__`` beside the module, else
the user's cache folder); where there is none at all it refuses to decorate, and the kernel is compiled in
memory instead, so that an install in a read-only place still works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["allocating_kernel", "kernel"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile `function`, which allocates nothing and returns no array, at its first call."""
    return _compiled(function, _nrt=False)  # numba's own name for "no reference counts"


def allocating_kernel(function: _Function) -> _Function:
    """Compile `function`, which makes arrays, at its first call."""
    return _compiled(function)


def _compiled(function: _Function, **more: Any) -> _Function:
    """Compile: nogil, numpy's division, cached where a cache can be written."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"} | more
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # "no locator available": nowhere to write
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
