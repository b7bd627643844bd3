"""The decorators of kernels: what may be called from Python, and from where."""

from __future__ import annotations

import numba
import pytest
from carms_lib.kernels.jit import from_python, inner_kernel, kernel


@inner_kernel
def _one_more(x: int) -> int:
    return x + 1


@kernel
def _two_more(x: int) -> int:
    return _one_more(_one_more(x))


def test_kernels_call_inner_ones() -> None:
    assert _two_more(3) == 5
    assert from_python(_one_more)(3) == 4


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="NUMBA_DISABLE_JIT is set: kernels are Python functions")
def test_an_inner_kernel_called_from_python_says_so_and_does_not_end_the_process() -> None:
    with pytest.raises(TypeError, match="_one_more is called by other kernels only"):
        _one_more(3)
