"""SHAPE: raw becomes bronze, bronze becomes silver, silver becomes gold.

Belongs here: pure functions from frames to frames; no file, no clock, no chance. Does not belong here: reading
what was published (`carms_lib.loaders`), promising a shape (`carms_lib.schemas`), keeping tables
(`carms_lib.warehouse`).

- bronze: what was published, with where it was read; nothing dropped, nothing changed.
- silver: typed and conformed, one fact a row; a row that cannot be read is set aside with its reason.
- gold: analysis-ready; one wide row per program, and the cells of province, discipline and eligibility.
"""

from __future__ import annotations

from carms_lib.transforms._bronze import to_bronze
from carms_lib.transforms._build import Layers, build
from carms_lib.transforms._gold import to_gold
from carms_lib.transforms._layer import Layer
from carms_lib.transforms._silver import to_silver

__all__ = ["Layer", "Layers", "build", "to_bronze", "to_gold", "to_silver"]
