"""The bundled release, built once; tests break copies of it."""

from __future__ import annotations

import pytest
from carms_lib.loaders import load_release
from carms_lib.transforms import Layers, build


@pytest.fixture(scope="session")
def layers() -> Layers:
    return build(load_release())
