"""What every test may use: the published files where they are, and a reason where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")

_NEEDS = {
    "release": ("CARMS_DATA_DIR", "set CARMS_DATA_DIR to a folder that holds release_1503 and published"),
    "postgres": ("CARMS_TEST_POSTGRES_URL", "set CARMS_TEST_POSTGRES_URL to an empty test database"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, (variable, advice) in _NEEDS.items():
            if item.get_closest_marker(marker) and not os.environ.get(variable):
                item.add_marker(pytest.mark.skipif(True, reason=advice))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with release_1503/, published/ and matching_cases/; use it only in tests marked `release`."""
    return Path(os.environ["CARMS_DATA_DIR"]).resolve()


@pytest.fixture(scope="session")
def release_dir(data_dir: Path) -> Path:
    """The published files of release 1503; use it only in tests marked `release`."""
    return data_dir / "release_1503"
