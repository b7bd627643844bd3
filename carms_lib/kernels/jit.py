"""How every kernel of this package is compiled.

Belongs here: the decorators, and the functions that they make. Does not belong here: kernels.

Kernels release the GIL, so that threads run them side by side; divide as numpy does; and are cached on disk (`cache`).
They work on arrays that their caller owns, so that references need not be counted: counting is atomic, costs some
nanoseconds for each array and each call, and would be most of the time of a kernel as short as one proposal. A kernel
that must allocate says so with `allocating_kernel`. A kernel that only other kernels call says so with `inner_kernel`,
and becomes part of those that Python calls (`compilation`). A named tuple of arrays that Python gives to a kernel
arrives as one pointer (`bundles`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast, overload

import numba
from numba.core.registry import CPUDispatcher

from carms_lib.kernels.bundles import bundle, is_bundled
from carms_lib.kernels.cache import kernel_cache
from carms_lib.kernels.compilation import IS_LEAN, NO_COUNTS, EntryCompiler, InnerCompiler, compiling

__all__ = [
    "allocating_kernel",
    "from_python",
    "inlined_kernel",
    "inner_kernel",
    "kernel",
    "package_kernels",
    "prepare",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: What all kernels have in common.
_COMMON = {"nopython": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_INNER = _COMMON | NO_COUNTS | {"no_cpython_wrapper": True}
_LOG = logging.getLogger("carms_lib")


class _InnerKernel(CPUDispatcher):
    """A compiled function without an entry for Python, where calling it would end the process."""

    def __init__(self, py_func: Any, locals: Any = None, targetoptions: Any = None) -> None:  # noqa: A002 - numba's name
        ways = {"pipeline_class": InnerCompiler} if IS_LEAN else {}
        super().__init__(py_func, locals, targetoptions, **ways)

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"{self.py_func.__name__} is called by other kernels only, not from Python.")

    def add_overload(self, cres: Any) -> None:
        """Note a version; Python's side, which looks up what it can call, does not need it."""
        if IS_LEAN:
            self.overloads[tuple(cres.signature.args)] = cres
        else:
            super().add_overload(cres)


class _Kernel(CPUDispatcher):
    """A compiled function that Python calls, and other kernels may: for those it is an inner one."""

    #: What is being compiled, in words, and how many seconds of processor time that takes; see `kernel`.
    announcement: tuple[str, float] | None = None

    def __init__(self, py_func: Any, locals: Any = None, targetoptions: Any = None) -> None:  # noqa: A002 - numba's name
        ways = {"pipeline_class": EntryCompiler} if IS_LEAN else {}
        super().__init__(py_func, locals, targetoptions, **ways)
        self._inner = _InnerKernel(py_func, locals, (targetoptions or {}) | {"no_cpython_wrapper": True})

    def __call__(self, *arguments: Any) -> Any:
        return super().__call__(*map(_handed_over, arguments))

    def enable_caching(self) -> None:
        """Keep compiled versions on disk."""
        self._cache = kernel_cache(self.py_func, self._announce)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Tell a kernel how to call this one."""
        return self._inner.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        """Tell a kernel what to call."""
        return self._inner.get_overload(sig)

    def compile(self, sig: Any) -> Any:
        """Compile a version, or load it."""
        with compiling():
            return super().compile(sig)

    def _announce(self) -> None:
        if self.announcement is not None:
            what, seconds = self.announcement
            kept = self._cache.cache_path
            where = f"kept in {kept}" if kept else "in memory: no cache folder can be written"
            _say(f"carms_lib compiles {what}, once: about {seconds:.0f} s ({where})")


def _say(line: str) -> None:
    """Log a line where somebody set up logging, and write it to standard error, as a progress bar is, where not."""
    logger: logging.Logger | None = _LOG
    while logger is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            _LOG.warning(line)
            return
        logger = logger.parent if logger.propagate else None
    sys.stderr.write(f"{line}\n")


_MADE: list[_Kernel] = []


def _handed_over(argument: Any) -> Any:
    return bundle(argument) if IS_LEAN and is_bundled(argument) else argument


@overload
def kernel(function: _Function) -> _Function: ...
@overload
def kernel(*, what: str, seconds: float) -> Callable[[_Function], _Function]: ...
def kernel(function: Any = None, *, what: str = "", seconds: float = 0.0) -> Any:
    """Compile `function`, which allocates nothing and returns no array, at its first call.

    Parameters
    ----------
    function : callable
    what : str, optional
        What it is part of, in words: a line says so when it must be compiled.
    seconds : float, optional
        How much processor time that takes; the line says this too. Measured by ``tests/benchmarks/cold_start.py``.
    """

    def decorate(function: _Function) -> _Function:
        return _compiled(function, _COMMON | NO_COUNTS, (what, seconds) if what else None)

    return decorate if function is None else decorate(function)


def allocating_kernel(function: _Function) -> _Function:
    """Compile `function`, which makes arrays, at its first call."""
    return _compiled(function, _COMMON)


def inner_kernel(function: _Function) -> _Function:
    """Compile `function`, which allocates nothing and is called by other kernels only, when one of them is."""
    return _inner(function, _INNER)


def inlined_kernel(function: _Function) -> _Function:
    """Compile `function` as an `inner_kernel` and put its code wherever it is called.

    For what is called thousands of times in a draw, where passing its arguments takes longer than running it.
    """
    return _inner(function, _INNER | {"forceinline": True})


def from_python(inner: _Function) -> _Function:
    """Return an inner kernel as one that Python may call, so that a test or a benchmark can look at it alone."""
    if not isinstance(inner, _InnerKernel):
        return inner
    options = {name: value for name, value in inner.targetoptions.items() if name != "no_cpython_wrapper"}
    return _compiled(cast(_Function, inner.py_func), options)


def package_kernels() -> list[_Kernel]:
    """Return the kernels of this package that Python calls, of all modules that were imported."""
    return [made for made in _MADE if made.py_func.__module__.startswith("carms_lib.")]


def prepare(function: Any, *arguments: Any) -> None:
    """Compile or load a kernel for such arguments, without calling it."""
    if isinstance(function, _Kernel):
        function.compile(tuple(numba.typeof(_handed_over(argument)) for argument in arguments))


def _compiled(function: _Function, options: dict[str, Any], announcement: tuple[str, float] | None = None) -> _Function:
    if numba.config.DISABLE_JIT:
        return function
    made = _Kernel(function, targetoptions=options)
    made.announcement = announcement
    made.enable_caching()
    _MADE.append(made)
    return cast(_Function, made)


def _inner(function: _Function, options: dict[str, Any]) -> _Function:
    if numba.config.DISABLE_JIT:
        return function
    made = _InnerKernel(function, targetoptions=options)
    if not IS_LEAN:  # numba emits it by itself, so that it is worth keeping
        made._cache = kernel_cache(function, lambda: None)
    return cast(_Function, made)
