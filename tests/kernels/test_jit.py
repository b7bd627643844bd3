"""The decorators of kernels: what may be called from Python, and from where."""

from __future__ import annotations

import gc
import logging

import numba
import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.kernels import compilation
from carms_lib.kernels.jit import from_python, inner_kernel, kernel, prepare
from numba.core import errors

needs_compiler = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set: kernels are Python functions"
)


@inner_kernel
def _one_more(x: int) -> int:
    return x + 1


@kernel
def _two_more(x: int) -> int:
    return _one_more(_one_more(x))


@kernel(what="a test", seconds=2.0)
def _three_more(x: int) -> int:
    return _two_more(x) + 1


def test_kernels_call_inner_ones_and_one_another() -> None:
    assert _two_more(3) == 5
    assert _three_more(3) == 6
    assert from_python(_one_more)(3) == 4


@needs_compiler
def test_an_inner_kernel_called_from_python_says_so_and_does_not_end_the_process() -> None:
    with pytest.raises(TypeError, match="_one_more is called by other kernels only"):
        _one_more(3)


@needs_compiler
def test_an_ordinary_function_of_numba_may_call_both_kinds() -> None:
    @numba.njit
    def of_a_user(x: int) -> int:
        return _one_more(x) + _two_more(x) + _three_more(x)

    assert of_a_user(3) == 4 + 5 + 6


@needs_compiler
def test_a_line_says_what_is_compiled_and_how_long_it_takes_once(caplog: pytest.LogCaptureFixture) -> None:
    @kernel(what="a draw of this test", seconds=13.6)
    def takes_long(x: float) -> float:
        return x * 2.0

    takes_long._cache.flush()
    with caplog.at_level(logging.WARNING, logger="carms_lib"):
        takes_long(1.0)
        takes_long(2.0)
        prepare(takes_long, 3.0)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert "compiles a draw of this test, once: about 14 s" in lines[0]


@needs_compiler
def test_the_line_goes_to_standard_error_where_nobody_logs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("carms_lib"), "propagate", False)

    @kernel(what="another", seconds=2.0)
    def another(x: float) -> float:
        return x * 3.0

    another._cache.flush()
    another(1.0)
    assert capsys.readouterr().err.startswith("carms_lib compiles another, once: about 2 s")


@needs_compiler
def test_preparing_compiles_without_running() -> None:
    @kernel
    def writes(numbers: np.ndarray) -> None:
        numbers[0] = 7.0

    numbers = np.zeros(1)
    prepare(writes, numbers)
    assert numbers[0] == 0.0
    assert writes.signatures == [(numba.typeof(numbers),)]


@needs_compiler
def test_garbage_is_looked_for_again_after_a_kernel_that_does_not_compile() -> None:
    @kernel
    def fails(x: int) -> int:
        return x.no_such_attribute  # type: ignore[attr-defined]

    assert gc.isenabled()
    with pytest.raises(numba.TypingError):
        fails(1)
    assert gc.isenabled()
    gc.disable()
    try:
        prepare(_two_more, np.int16(1))
        assert not gc.isenabled(), "who had it off keeps it off"
    finally:
        gc.enable()


@needs_compiler
@pytest.mark.parametrize("first_ends_first", [True, False])
def test_threads_that_compile_at_once_leave_numba_as_it_was(first_ends_first: bool) -> None:
    before = errors.termcolor()
    contexts = [compilation.compiling(), compilation.compiling()]
    for context in contexts:
        context.__enter__()
    for context in contexts if first_ends_first else reversed(contexts):
        context.__exit__(None, None, None)
    assert errors.termcolor() is before
    assert gc.isenabled()


def test_which_numba_is_compiled_with_how() -> None:
    is_lean = compilation.is_lean
    assert is_lean("0.62.0", "")
    assert is_lean("0.68.1", "")
    assert not is_lean("0.61.2", "")
    assert not is_lean("0.69.0rc1", "")
    assert not is_lean("1.0.0", "")
    assert not is_lean("unknown", "")
    assert not is_lean("0.68.1", "ordinary")
    assert is_lean("0.99.0", "lean")
    with pytest.raises(ArgumentError, match=r"CARMS_KERNELS='fast': use \"lean\", \"ordinary\""):
        is_lean("0.68.1", "fast")
