"""A small invented release."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from carms_lib.loaders import Release, load_release

if TYPE_CHECKING:
    from types import ModuleType


def _builder() -> ModuleType:
    # pytest imports tests by path (importmode importlib), so that a helper beside them is loaded by path too
    name = "carms_tests_loaders_builder"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("builder.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """The builder of small releases: `build.Program`, `build.SmallRelease`, `build.workbook`, `build.zipped`."""
    return _builder()


@pytest.fixture
def programs(build):
    """An English and a French program."""
    return (
        build.Program("101"),
        build.Program(
            "102",
            language="fr",
            school="Université du Fleuve",
            site="Rivière",
            stream="Groupe Régulier pour Tous",
            quota="7",
            applications_band="601 +",
            interview_band="76 - 100",
            director="Dr(e) Élodie Saule",
            contact="Marie-Ève D\u2019Aulnaie",
        ),
    )


@pytest.fixture
def small(build, programs):
    """Both programs' workbooks; add pages with `.with_pages()` and the like, then `.write(tmp_path)`."""
    return build.SmallRelease.of(*programs)


@pytest.fixture
def read_one(build, tmp_path):
    """Load a release of the given programs from Markdown files and return it."""

    def read(*some) -> Release:
        return load_release(build.SmallRelease.of(*some).with_pages().write(tmp_path / "one"))

    return read
