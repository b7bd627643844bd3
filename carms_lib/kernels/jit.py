"""How every kernel of this package is compiled.

Belongs here: the decorators. Does not belong here: kernels.

Kernels release the GIL, so that threads run them side by side; divide as numpy does; and are cached on disk.
They work on arrays that their caller owns, so that references need not be counted: counting is atomic, costs some
nanoseconds for each array and each call, and would be most of the time of a kernel as short as one proposal. A kernel
that must allocate says so with `allocating_kernel`. A kernel that only other kernels call says so with `inner_kernel`:
the code that takes its arguments apart for Python, which can be longer than the kernel, is then not compiled.

numba looks for a writable place by itself (``NUMBA_CACHE_DIR``, else ``__pycache__`` beside the module, else
the user's cache folder); where there is none at all it refuses to decorate, and the kernel is compiled in
memory instead, so that an install in a read-only place still works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core.registry import CPUDispatcher

__all__ = ["allocating_kernel", "from_python", "inlined_kernel", "inner_kernel", "kernel"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: numba's own name for "no reference counts" begins with an underscore; its standard library is compiled with it.
_LEAN = {"_nrt": False}


class _InnerKernel(CPUDispatcher):
    """A compiled function without an entry for Python, where calling it would end the process."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"{self.py_func.__name__} is called by other kernels only, not from Python.")


def kernel(function: _Function) -> _Function:
    """Compile `function`, which allocates nothing and returns no array, at its first call."""
    return _compiled(numba.njit, function, _LEAN)


def allocating_kernel(function: _Function) -> _Function:
    """Compile `function`, which makes arrays, at its first call."""
    return _compiled(numba.njit, function, {})


def inner_kernel(function: _Function) -> _Function:
    """Compile `function`, which allocates nothing and is called by other kernels only, when one of them is."""
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined] # numba sets it while it loads
        return function
    return _compiled(_inner, function, _LEAN | {"no_cpython_wrapper": True})


def inlined_kernel(function: _Function) -> _Function:
    """Compile `function` as an `inner_kernel` and put its code wherever it is called.

    For what is called thousands of times in a draw: to hand over an array takes seven words, and a work space of many
    arrays takes longer to hand over than a short race to run.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined] # numba sets it while it loads
        return function
    return _compiled(_inner, function, _LEAN | {"no_cpython_wrapper": True, "forceinline": True})


def from_python(inner: _Function) -> _Function:
    """Return a kernel that calls an inner one, so that a test or a benchmark can look at it alone."""

    def call(*arguments: Any) -> Any:
        return inner(*arguments)

    return numba.njit(**_LEAN)(call)  # type: ignore[call-overload, no-any-return]


def _compiled(make: Callable[..., Any], function: _Function, more: dict[str, Any]) -> _Function:
    """Compile: nogil, numpy's division, no entry for C, cached where a cache can be written."""
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True} | more
    try:
        return make(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # "no locator available": nowhere to write
        return make(**options)(function)  # type: ignore[no-any-return]


def _inner(*, cache: bool = False, **options: Any) -> Callable[[Any], _InnerKernel]:
    """Do what `numba.njit` does, with a dispatcher that Python cannot call."""

    def make(function: Any) -> _InnerKernel:
        dispatcher = _InnerKernel(py_func=function, targetoptions=options | {"nopython": True})
        if cache:
            dispatcher.enable_caching()
        return dispatcher

    return make
