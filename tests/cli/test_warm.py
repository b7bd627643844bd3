"""``carms-lib warm``: what it reaches, and that a process after it compiles nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from carms_lib.cli import app
from carms_lib.exceptions import ArgumentError
from typer.testing import CliRunner

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set: kernels are Python functions"
)

#: Kernels that need not be ready, each with its reason.
NOT_REACHED = {
    "propose_called": "takes a compiled function of the user's",
    "offer": "called for a score function in Python alone, one proposal at a time",
    "keep": "called for a fixed plan of allocation alone",
    "weigh_every_seat": "called when seats are placed",
    "best_of_couples": "called for a match drawn by other means, whose pairs are not known",
    "index_programs": "called from Python by those who write lists by hand",
} | dict.fromkeys(
    (
        "_log_from",
        "bits_of",
        "exp_of",
        "exponential",
        "fold",
        "halves",
        "log_of",
        "logistic",
        "normal",
        "stream",
        "uniform",
    ),
    "a number from a key: asked for by itself to look at the noise, and compiled in a tenth of a second",
)
ASK = """
from carms_lib.cli import app
from carms_lib.kernels.jit import package_kernels
app(["warm"], standalone_mode=False)
print(sorted(kernel.py_func.__name__ for kernel in package_kernels() if not kernel.overloads))
"""


def test_warming_reaches_every_kernel_and_does_so_once() -> None:
    first, second = (
        subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout.splitlines()
        for _ in range(2)
    )
    assert set(ast.literal_eval(first[-1])) <= set(NOT_REACHED)
    assert second[0].endswith(" kernels, 0 of them compiled now")
    assert all(Path(line).is_dir() for line in second[1:-1])


@pytest.mark.parametrize(("cpu", "fault"), [("quick", "choose from native, generic"), ("generic", "fresh process")])
def test_a_processor_that_is_not_known_or_comes_too_late_is_refused(cpu: str, fault: str) -> None:
    refused = CliRunner().invoke(app, ["warm", "--cpu", cpu])
    assert isinstance(refused.exception, ArgumentError)
    assert fault in str(refused.exception)
    assert f"cpu={cpu!r}" in str(refused.exception)
