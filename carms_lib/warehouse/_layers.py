"""What a build must bring to be written.

Belongs here: the shape of layers, as a protocol. Does not belong here: the layers themselves; the warehouse takes
whatever has these tables, whoever made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import pandas as pd

__all__ = ["BuiltLayers", "Frames"]

Frames: TypeAlias = Mapping[str, pd.DataFrame]
"""Tables by name."""


class BuiltLayers(Protocol):
    """What `write` takes: the layers of one build (`carms_lib.Layers`)."""

    @property
    def bronze(self) -> Frames:
        """Raw rows with their lineage, by table."""

    @property
    def silver(self) -> Frames:
        """Dimensions and facts, by table."""

    @property
    def gold(self) -> Frames:
        """Analysis-ready tables."""
