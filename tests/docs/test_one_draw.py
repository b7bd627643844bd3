"""The page that follows one applicant through a draw is what its script makes, and the steps it names are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "one-draw.md").read_text(encoding="utf-8")


def test_the_page_is_what_its_script_writes(docs_script):
    """The script compares the steps, called one by one, with `simulate`, and stops where they differ."""
    assert docs_script("make_one_draw").page() == PAGE


def test_every_step_links_to_its_function():
    named = re.findall(r"\]\[(carms_lib[\w.]+)\.(\w+)\]", PAGE)
    reference = (ROOT / "docs" / "reference" / "steps-of-a-draw.md").read_text(encoding="utf-8")
    shown = re.findall(r"^::: ([\w.]+)$", reference, flags=re.MULTILINE)
    assert len(named) > 12
    for module, function in named:
        assert module in shown
        assert function in importlib.import_module(module).__all__
    steps = PAGE[PAGE.index("## 1.") :].split("\n## ")
    assert all("][carms_lib.simulator.draw." in step for step in steps)
