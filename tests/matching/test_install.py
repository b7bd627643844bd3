"""Without a compiler, in a read-only place, and light to import: each in a Python of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import carms_lib
import pytest

PACKAGE = Path(carms_lib.__file__).parent
MATCH = """
import warnings
from carms_lib.exceptions import StabilityWarning
from carms_lib.matching import MatchingProblem, add_seat, solve, stable_matchings
problem = MatchingProblem.from_lists(
    {"a": ["p", "q"], "b": ["q", "p"]}, {"p": ["b", "a"], "q": ["a", "b"]}, {"p": 1, "q": 1}
)
print(*(solve(problem, proposing=side).match.tolist() for side in ("applicants", "programs")))
print(len(stable_matchings(problem)))
print(add_seat(solve(problem), "p").moved.tolist())
couple = MatchingProblem.from_lists(
    {"s": ["h1", "h2"]}, {"h1": ["c1", "s"], "h2": ["s", "c2"]}, {"h1": 1, "h2": 1},
    couples={("c1", "c2"): [("h1", "h2")]},
)
warnings.simplefilter("ignore", StabilityWarning)
print(solve(couple).status)
print(solve(MatchingProblem.from_scores({"a": ["p"], "b": ["p"]}, [[1.0], [2.0]], {"p": 1})).match.tolist())
"""
SAID = "[0, 1] [1, 0]\n2\n[]\nnone_exists\n[-1, 0]\n"


def run(code: str, cwd: Path = PACKAGE.parent, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, cwd=cwd,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_runs_without_the_compiler():
    assert run(MATCH, NUMBA_DISABLE_JIT="1") == SAID


def test_a_read_only_install_works(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "lib" / "carms_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [*(tmp_path / "lib").rglob("*"), tmp_path / "lib"]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    code = """
import numba.core.caching as caching

def refuse(self):
    raise OSError("read-only")
# Permissions do not hold back an administrator, so that every place is refused by name as well.
for name in dir(caching):
    if name.endswith("CacheLocator") and hasattr(getattr(caching, name), "ensure_cache_path"):
        getattr(caching, name).ensure_cache_path = refuse
from carms_lib.matching import MatchingProblem, solve
import carms_lib
print(carms_lib.__file__)
print(solve(MatchingProblem.from_lists({"a": ["p"]}, {"p": ["a"]}, {"p": 1})).match.tolist())
"""
    try:
        said = run(code, home, PYTHONPATH=str(tmp_path / "lib"), HOME=str(home), PYTHONDONTWRITEBYTECODE="1")
    finally:
        for path in [tmp_path / "lib", *(tmp_path / "lib").rglob("*")]:
            path.chmod(0o755)
    assert said.splitlines() == [str(tmp_path / "lib" / "carms_lib" / "__init__.py"), "[0]"]
    assert not list((tmp_path / "lib").rglob("*.nbi"))


@pytest.mark.parametrize("heavy", ["numba", "pandas", "scipy", "matplotlib"])
def test_importing_the_package_loads_nothing_heavy(heavy):
    assert run(f"import sys, carms_lib.matching; print({heavy!r} in sys.modules)") == "False\n"
