"""``carms-lib warm``: what it reaches, and that a process after it compiles nothing."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from carms_lib.exceptions import ArgumentError

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set: kernels are Python functions"
)

#: Kernels that are compiled for what a user hands over, or that Python calls for a test alone; nothing can be ready.
NOT_REACHED = {"propose_called"}  # takes a compiled function of the user's
ASK = """
from carms_lib.cli._warm import warm
from carms_lib.kernels.jit import package_kernels
print(warm().compiled)
again = warm()
print(again.compiled)
print(sorted(kernel.py_func.__name__ for kernel in package_kernels() if not kernel.overloads))
"""


def test_warming_reaches_every_kernel_and_does_so_once() -> None:
    ran = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, env=dict(os.environ))
    _, _, missing = ran.stdout.splitlines()
    assert set(ast.literal_eval(missing)) <= NOT_REACHED
    command = [sys.executable, "-c", "from carms_lib.cli import main; main()", "warm"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].endswith(" kernels, 0 of them compiled now")
    assert all(Path(line).is_dir() for line in said[1:])


def test_a_processor_that_is_not_known_or_comes_too_late_is_refused() -> None:
    from carms_lib.cli._warm import warm

    with pytest.raises(ArgumentError, match="cpu='quick': choose from native, generic"):
        warm("quick")
    with pytest.raises(ArgumentError, match="fresh process"):
        warm("generic")
