"""The library knows none of the frameworks that the examples put it into."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import carms_lib

ROOT = Path(__file__).resolve().parents[2]
FRAMEWORKS = {
    "dagster", "fastapi", "starlette", "uvicorn", "pydantic_settings", "prometheus_client", "httpx", "langchain_core",
    "schemathesis", "selenium", "dask", "distributed", "boto3", "examples",
}  # fmt: skip


def imported(source: str) -> set[str]:
    tree = ast.parse(source)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    names |= {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and "import_module" in ast.unparse(node.func)
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    return {str(name).split(".")[0] for name in names}


def test_the_reader_sees_every_way_to_import():
    source = "import dagster.core\nfrom fastapi import FastAPI\ndef f():\n    importlib.import_module('httpx.x')"
    assert imported(source) == {"dagster", "fastapi", "httpx"}


def test_no_module_of_the_library_imports_a_framework():
    package = Path(carms_lib.__file__).parent
    found = {
        path.relative_to(package).as_posix(): sorted(used)
        for path in package.rglob("*.py")
        if (used := imported(path.read_text(encoding="utf-8")) & FRAMEWORKS)
    }
    assert found == {}


def test_no_framework_is_among_what_the_library_requires():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[\[<>=~ ]", name)[0].replace("-", "_") for name in project["dependencies"]}
    assert required & FRAMEWORKS == set()
