"""The cache of compiled kernels: right after an edit anywhere, shared, read-only, unwritable."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import carms_lib
import numba
import pytest
from carms_lib.kernels.cache import HASHED, kernel_hash

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set: kernels are Python functions"
)
PACKAGE = Path(carms_lib.__file__).parent
#: A kernel that calls kernels of two other files, and what asks it: its number, whether it was cached, and where.
KERNEL = """
import numpy as np
from carms_lib.kernels.jit import kernel
from carms_lib.kernels.noise import fold
from carms_lib.kernels.variates import normal

@kernel
def asked(x):
    return normal(fold(np.uint64(x), np.uint64(7)))
"""
ASK = """
from carms_lib.matching.asked import asked
print(float(asked(12345)).hex(), sum(asked.stats.cache_hits.values()), asked.stats.cache_path)
"""


def ask(folder: Path, **environment: str) -> tuple[str, int, str]:
    """Run the kernel in a copy of the package; return its number, whether it was in the cache, and where that lies."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "CARMS_KERNELS"))}
    ran = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(folder), "HOME": str(folder / "home")} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    number, hits, where = ran.stdout.split()
    return number, int(hits), where


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "carms_lib", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "carms_lib" / "matching" / "asked.py").write_text(KERNEL, encoding="utf-8")
    return tmp_path


def test_an_edit_in_a_lower_kernel_changes_the_number_though_the_cache_is_warm(copy: Path) -> None:
    before = ask(copy)
    assert before[1] == 0
    assert ask(copy) == (before[0], 1, before[2])
    noise = copy / "carms_lib" / "kernels" / "noise.py"
    text = noise.read_text(encoding="utf-8")
    edited = text.replace("0x94D049BB133111EB", "0x94D049BB133111ED")
    assert edited != text
    stamp = noise.stat()
    noise.write_text(edited, encoding="utf-8")
    os.utime(noise, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as some file systems and builds leave it
    after = ask(copy)
    assert after[1] == 0
    assert after[0] != before[0]
    noise.write_text(text, encoding="utf-8")
    assert ask(copy)[0] == before[0]


def test_a_cache_that_can_only_be_read_is_used_and_one_that_is_missing_is_done_without(copy: Path) -> None:
    number, _, where = ask(copy)
    files = sorted(Path(where).glob("*.nb[ic]"))
    assert files
    assert ask(copy, NUMBA_CACHE_DIR=str(copy / "elsewhere")) == (number, 1, where), "a warmed folder comes first"
    for file in files:
        file.unlink()
    blocked = copy / "blocked"
    blocked.write_text("a file, where a folder would have to be made")
    assert ask(copy, NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator", NUMBA_CACHE_DIR=str(blocked))[:2] == (
        number,
        0,
    )


def test_machine_code_for_any_processor_is_used_where_there_is_none_for_this_one(copy: Path) -> None:
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    number, hits, where = ask(copy, **generic)
    assert hits == 0
    assert ask(copy) == (number, 1, where)


def test_the_ordinary_way_of_compiling_gives_the_same_number_and_keeps_its_own_code(copy: Path) -> None:
    number, _, _ = ask(copy)
    assert ask(copy, CARMS_KERNELS="ordinary")[:2] == (number, 0)
    assert ask(copy, CARMS_KERNELS="ordinary")[:2] == (number, 1)


def test_every_number_that_a_kernel_is_compiled_with_is_in_the_hash() -> None:
    """A kernel takes names from its own file and from those that it imports; all of these must be hashed."""
    decorators = {"kernel", "allocating_kernel", "inner_kernel", "inlined_kernel"}
    files = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")}
    hashed = {name for name in files if any(name == part or name.startswith(f"{part}/") for part in HASHED)}
    with_kernels = set()
    missing = []
    for name in sorted(files):
        tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        kernels = [node for node in functions if decorators & {_name_of(mark) for mark in node.decorator_list}]
        if not kernels:
            continue
        with_kernels.add(name)
        used = {node.id for kernel in kernels for node in ast.walk(kernel) if isinstance(node, ast.Name)}
        # Numbers of the file itself may be made from what it imports, so all that its constants use counts too.
        constants = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        used |= {node.id for made in constants for node in ast.walk(made) if isinstance(node, ast.Name)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("carms_lib."):
                if not used & {alias.asname or alias.name for alias in node.names}:
                    continue
                base = node.module.removeprefix("carms_lib.").replace(".", "/")
                found = {f"{base}.py", f"{base}/__init__.py"} & files
                if not found & hashed and base != "exceptions":
                    missing.append((name, node.module))
    assert len(with_kernels) > 20
    assert with_kernels <= hashed
    assert not missing


def _name_of(mark: ast.expr) -> str:
    call = mark.func if isinstance(mark, ast.Call) else mark
    return call.id if isinstance(call, ast.Name) else ""


def test_the_hash_is_short_and_the_same_each_time() -> None:
    assert len(kernel_hash()) == 20
    assert kernel_hash() == kernel_hash()
