"""Loads what the tests of this folder share, `instances`, before they are imported."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# pytest imports tests by path (importmode importlib), so that a helper beside them is loaded by path too
_NAME = "carms_matching_instances"
if _NAME not in sys.modules:
    _spec = importlib.util.spec_from_file_location(_NAME, Path(__file__).with_name("instances.py"))
    sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_NAME])
