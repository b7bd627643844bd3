"""The benchmark runs, at its smallest, and writes its section beside those of others."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def load(name):
    spec = importlib.util.spec_from_file_location(f"carms_benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_warehouse_is_measured_and_every_index_is_used(tmp_path, monkeypatch):
    monkeypatch.delenv("CARMS_TEST_POSTGRES_URL", raising=False)  # plans of a server depend on the size
    page = tmp_path / "performance.md"
    load("warehouse").main(["--size", "small", "--page", str(page)])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Performance\n")
    assert "Every index that a migration makes for questions is used" in text
    before, after = text.split("-- history, before\n")[1].split("-- history, after\n")
    assert before.startswith("SCAN program")
    assert after.startswith("SEARCH program USING INDEX ix_program_history")
    assert "linear" in text


def test_sections_are_replaced_and_others_are_kept(tmp_path):
    write_section = load("_report").write_section
    page = tmp_path / "performance.md"
    for name, text in (("one", "## One\n\nfirst"), ("two", "## Two"), ("one", "## One\n\nagain \\1")):
        write_section(name, text, page=page)
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- one -->") == text.count("<!-- /one -->") == text.count("## Two") == 1
    assert "again \\1" in text
    assert "first" not in text
    assert text.index("## One") < text.index("## Two")
    with pytest.raises(ValueError, match="name='One section'"):
        write_section("One section", "", page=page)
