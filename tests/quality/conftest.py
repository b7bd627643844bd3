"""The bundled release, built once; tests break copies of it."""

from __future__ import annotations

import pytest
from carms_lib.transforms import Layers


@pytest.fixture(scope="session")
def layers(bundled_layers: Layers) -> Layers:
    return bundled_layers
