"""How a kernel and all that it calls become one piece of machine code.

Belongs here: everything that leans on numba's internals in order to compile fast, and whether it may. Does not belong
here: the decorators (`jit`), where machine code is kept (`cache`), named tuples as one pointer (`bundles`).

numba makes a library of every function: it optimises it, emits machine code, and optimises and emits the same again
within each caller. Of the hundred kernels that only other kernels call, nobody ever runs that machine code. Here such
an inner kernel is lowered, simplified, and waits; the kernel that Python calls links all that it reaches, each once,
and is optimised and emitted once. Results are the same to the bit either way, because LLVM does not reorder
floating-point operations unless it is allowed to.

Libraries of these classes hold this package's kernels and nothing else: those of numba and of a user stay as they were.
With a numba that was not tried, or with the environment variable ``CARMS_KERNELS=ordinary``, `IS_LEAN` is False and
numba compiles kernels as it compiles everything.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
import numba
from numba.core import errors
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder, Flags
from numba.core.options import DefaultOptions
from numba.core.typed_passes import InlineOverloads, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes

from carms_lib.exceptions import ArgumentError

__all__ = ["IS_LEAN", "NO_COUNTS", "EntryCompiler", "InnerCompiler", "compiling"]

#: Versions of numba [first, first not] whose internals were tried.
_TRIED = ((0, 62), (0, 69))
#: Environment variable that asks for one of the two ways.
_CHOICE = "CARMS_KERNELS"


def is_lean(version: str, choice: str) -> bool:
    """Say whether kernels are compiled as this module says, with numba of a version; `choice` is the user's."""
    if choice not in ("", "lean", "ordinary"):
        raise ArgumentError(f'{_CHOICE}={choice!r}: use "lean", "ordinary", or leave it unset.')
    found = re.match(r"(\d+)\.(\d+)", version)
    was_tried = found is not None and _TRIED[0] <= (int(found[1]), int(found[2])) < _TRIED[1]
    return choice == "lean" or (was_tried and choice != "ordinary")


#: Whether inner kernels wait for the kernel that Python calls.
IS_LEAN: bool = is_lean(numba.__version__, os.environ.get(_CHOICE, ""))
#: Options for a kernel that counts no references. numba compiles parts of itself with it, and its name is private.
NO_COUNTS: dict[str, bool] = {"_nrt": False} if IS_LEAN and hasattr(DefaultOptions, "_nrt") else {}
#: Passes that our kernels do without; see `EntryCompiler.define_pipelines`.
_FOR_WHOLE_ARRAYS = (InlineClosureLikes, InlineOverloads, NopythonRewrites)


class _InnerLibrary(JITCodeLibrary):
    """The code of a kernel that only other kernels call: lowered and simplified, never emitted."""

    def add_linking_library(self, library: Any) -> None:
        """Remember what this kernel calls; the entry links it."""
        self._linking_libraries.append(library)

    def finalize(self) -> None:
        """Make the code of this kernel alone ready for linking."""
        self._raise_if_finalized()
        _simplify_module(self._codegen, self._final_module)
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == llvm.Linkage.external:
                function.linkage = "linkonce_odr"
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002 - numba's signature
        """Return 0: nothing here can be called."""
        return 0

    def _optimize_functions(self, ll_module: Any) -> None:
        _simplify_functions(self._codegen, ll_module)

    def _get_module_for_linking(self) -> Any:
        """Return this kernel with all that it calls, for a function that is not one of ours."""
        if self._shared_module is None:
            self._ensure_finalized()
            whole = self._final_module.clone()
            for library in _reached([self]):
                if library is not self:
                    whole.link_in(_code_of(library), preserve=True)
            self._shared_module = whole
        return self._shared_module


class _EntryLibrary(JITCodeLibrary):
    """The code of a kernel that Python calls, with all that it reaches."""

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self._called: list[Any] = []

    def add_linking_library(self, library: Any) -> None:
        """Remember what this kernel calls."""
        self._called.append(library)

    def finalize(self) -> None:
        """Link what is reached, then optimise and emit all of it once."""
        for library in _reached(self._called):
            if isinstance(library, _InnerLibrary):
                self._final_module.link_in(_code_of(library), preserve=True)
            else:
                super().add_linking_library(library)
        super().finalize()

    def _optimize_functions(self, ll_module: Any) -> None:
        _simplify_functions(self._codegen, ll_module)


def _reached(libraries: list[Any]) -> list[Any]:
    """Return libraries and all that they call, each once."""
    seen: dict[Any, None] = {}
    waiting = list(libraries)
    while waiting:
        library = waiting.pop(0)
        if library not in seen:
            seen[library] = None
            if isinstance(library, _InnerLibrary):
                waiting += library._linking_libraries
    return list(seen)


def _code_of(library: Any) -> Any:
    """Return the code of one library alone, where it is one of ours."""
    if not isinstance(library, _InnerLibrary):
        return library._get_module_for_linking()
    library._ensure_finalized()
    return library._final_module


def _simplify_functions(codegen: Any, ll_module: Any) -> None:
    """Run a low level of passes on what is defined; the entry runs all of them on everything."""
    ll_module.data_layout = codegen._data_layout
    for function in ll_module.functions:
        if not function.is_declaration:
            manager, builder = codegen._function_pass_manager(opt=1)
            manager.run(function, builder)


def _simplify_module(codegen: Any, ll_module: Any) -> None:
    """Run numba's cheap passes, so that entries link less."""
    manager, builder = codegen._module_pass_manager(
        loop_vectorize=False, slp_vectorize=False, opt=codegen._opt_level, cost="cheap"
    )
    manager.run(ll_module, builder)


class _KernelFlags(Flags):
    """Options of a function; those of two kernels are compared 40,000 times while a draw is compiled.

    numba writes out all of its 30 options for that; only what was set for one of the two can differ.
    """

    __slots__ = ()
    _HASH = hash(Flags())  # numba's is of the options' names: one number for all

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flags):
            return NotImplemented
        if self._values == other._values:
            return True
        was_set = self._values.keys() | other._values.keys()
        return all(getattr(self, name) == getattr(other, name) for name in was_set)

    def __hash__(self) -> int:
        return self._HASH


class EntryCompiler(Compiler):
    """Compiles a kernel that Python calls."""

    library: type[JITCodeLibrary] = _EntryLibrary

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.state.flags = _KernelFlags(self.state.flags)

    def define_pipelines(self) -> list[Any]:
        """Return numba's passes but for those that look for what our kernels do without.

        They have no closures and no expressions of whole arrays, for which memory would be allocated: a kernel that had
        one would not compile without references being counted.
        """
        if self.state.flags.nrt:
            return [DefaultPassBuilder.define_nopython_pipeline(self.state)]
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [made for made in manager.passes if made[0] not in _FOR_WHOLE_ARRAYS]
        manager.finalize()
        return [manager]

    def compile_extra(self, func: Any) -> Any:
        """Compile a function into a library of our own."""
        if self.state.library is None:
            self.state.library = self.library(self.state.targetctx.codegen(), func.__qualname__)
            self.state.library.enable_object_caching()
        return super().compile_extra(func)


class InnerCompiler(EntryCompiler):
    """Compiles a kernel that only other kernels call."""

    library = _InnerLibrary

    def compile_extra(self, func: Any) -> Any:
        """Compile a function, and stop before it would become something that Python can call."""
        self.state.targetctx.get_executable = _nothing_to_call  # the context is a copy for this function alone
        return super().compile_extra(func)


def _nothing_to_call(*_: Any) -> object:
    """Stand in for what Python would call; numba keeps its functions apart by it, so each has one of its own."""
    return object()


class _Plain:
    """Colours no message."""

    def _as_it_is(self, message: str) -> str:
        return message

    code = errmsg = filename = indicate = highlight = reset = _as_it_is


@contextmanager
def compiling() -> Iterator[None]:
    """Spare what a compiler does for nothing.

    It makes millions of objects that live until it is done, so garbage is not looked for: 120 MB more at the highest.
    And while it tries which version of a function fits, it writes thousands of error messages that nobody sees; they
    are not coloured.
    """
    was_on, colours = gc.isenabled(), getattr(errors, "_termcolor_inst", None)
    is_first = IS_LEAN and not isinstance(colours, _Plain)  # of several threads that compile, the first one restores
    gc.disable()
    if is_first:
        errors._termcolor_inst = _Plain()
    try:
        yield
    finally:
        if is_first:
            errors._termcolor_inst = colours
        if was_on:
            gc.enable()
