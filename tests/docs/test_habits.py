"""One word for each task, one place for the version, a changelog by version, lower bounds that can be read."""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
import sys
import tomllib
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import carms_lib
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DO = ROOT / ".ci" / "do"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))

#: Commands that are programs of an extra, and the package that brings each.
PROGRAMS = {"ruff": "ruff", "mypy": "mypy", "mkdocs": "mkdocs", "carms-lib": None}
#: Words that neither .ci/run nor its README commands execute: the test that runs the same script, on less.
TESTED = {
    "backtest": ("tests/fitting/test_scripts.py",),
    "bands": ("tests/simulator/test_coverage.py",),
    "bundle": ("tests/data/test_bundle.py",),
    "calibration": ("tests/fitting/test_scripts.py",),
    "places": ("tests/data/test_places.py",),
    "onedraw": ("tests/docs/test_one_draw.py",),
    "mutate": ("tests/mutation/test_mutate.py",),
    "unused": ("tests/docs/test_published_tables.py",),
    "fit": ("tests/fitting/test_scripts.py", "tests/forecasting/test_projection.py"),
}
#: Words that rewrite committed files or take an hour: the program, the file and its syntax are checked and no more.
DRY = {"all", "bench", "coverage", "format", "notebooks", "pictures", "theory"}


def commands(word: str, *more: str) -> list[str]:
    shown = subprocess.run([str(DO), "-n", word, *more], capture_output=True, text=True, check=True)
    return shown.stdout.strip().split(" && ")


def words() -> list[str]:
    told = subprocess.run([str(DO)], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    return told.stderr.split("words: ")[1].split()


class TestWords:
    def test_contributing_lists_every_word_and_no_other(self):
        text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        assert re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE) == words()

    def test_every_word_runs_programs_and_scripts_that_exist(self):
        extras = PYPROJECT["project"]["optional-dependencies"]
        brought = {re.split(r"[\[>=<]", line)[0] for group in extras.values() for line in group}
        for word in words():
            for command in commands(word):
                program, *rest = command.split()
                if program == "python" and rest[0] == "-m":
                    assert find_spec(rest[1]) is not None, command
                elif program == "python":
                    ast.parse((ROOT / rest[0]).read_text(encoding="utf-8"))
                elif program.startswith(".ci/"):
                    assert (ROOT / program).is_file(), command
                else:
                    assert PROGRAMS[program] in brought | {None}, command

    def test_every_word_is_executed_in_ci_or_by_a_test_or_named_as_too_long(self):
        script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        executed = {*re.findall(r"\.ci/do (\w+)", script), *re.findall(r"readme_command (\w+)\)", script)}
        executed = {"test" if word == "tests" else word for word in executed}
        assert sorted({*executed, *TESTED, *DRY}) == sorted(words())
        assert not executed & (TESTED.keys() | DRY)
        for word, tests in TESTED.items():
            source = "".join((ROOT / test).read_text(encoding="utf-8") for test in tests)
            for command in commands(word):
                _, script, *module = command.split()
                used = f"from {module[0]} import __main__ as command" if script == "-m" else Path(script).stem
                assert used in source, command

    def test_every_script_that_writes_a_committed_file_has_a_word(self):
        shown = " ".join(command for word in words() for command in commands(word))
        scripts = sorted(path.name for path in (ROOT / "docs").glob("make_*.py"))
        assert [name for name in scripts if f"docs/{name}" not in shown] == []

    def test_words_and_readme_run_the_same(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8").replace(".venv/bin/", "")
        for word in ("test", "memo"):
            (command,) = commands(word)
            assert f"&& {command}\n" in readme

    def test_more_words_go_to_the_last_command(self):
        assert commands("test", "tests/matching", "-k", "a b")[0].endswith("--nbmake tests/matching -k a\\ b")
        assert commands("docs", "--quiet") == ["python docs/make_pages.py", "mkdocs build --strict --quiet"]

    def test_the_site_shows_the_same_page_with_its_own_links(self):
        pytest.importorskip("markdown", reason="the extra docs is not installed")
        pytest.importorskip("nbconvert", reason="the extra docs is not installed")
        page = runpy.run_path(str(ROOT / "docs" / "make_pages.py"))["contributing"]()
        assert page.splitlines()[0] == "# Contributing"
        for target in re.findall(r"\]\(([^)#]+)", page):
            assert (ROOT / "docs" / "project" / target).resolve().is_relative_to(ROOT / "docs")

    def test_scripts_name_tests_that_exist(self):
        for name in ("coverage", "run"):
            script = (ROOT / ".ci" / name).read_text(encoding="utf-8")
            paths = re.findall(r"\btests/[\w/]+(?:\.py)?", script)
            assert [path for path in paths if not (ROOT / path).exists()] == []


class TestVersion:
    def test_the_version_is_in_one_place(self):
        assert PYPROJECT["project"]["dynamic"] == ["version"]
        assert PYPROJECT["tool"]["hatch"]["version"]["path"] == "carms_lib/__init__.py"
        assert "version" not in PYPROJECT["project"]

    def test_citation_and_changelog_have_the_version_and_one_date(self):
        assert str(CITATION["version"]) == carms_lib.__version__
        version, released = re.findall(r"^## \[([\d.]+)\] - (\S+)$", CHANGELOG, flags=re.MULTILINE)[0]
        assert version == carms_lib.__version__
        assert str(CITATION["date-released"]) == released

    def test_the_licence_of_the_data_is_told_where_the_licence_of_the_code_is(self):
        assert "carms_lib/data/README.md" in PYPROJECT["project"]["license-files"]
        assert "carms_lib/data/README.md" in CITATION["abstract"]
        assert "(carms_lib/data/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


class TestChangelog:
    def test_versions_come_latest_first_with_their_dates(self):
        first, *rest = re.findall(r"^## (.+)$", CHANGELOG, flags=re.MULTILINE)
        assert first == "[Unreleased]"
        dates = [date.fromisoformat(re.fullmatch(r"\[\d+\.\d+\.\d+\] - (\S+)", heading)[1]) for heading in rest]
        assert dates == sorted(dates, reverse=True)

    def test_a_version_has_known_categories_in_their_order_and_one_line_an_entry(self):
        known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Numbers"]
        for part in re.split(r"^## .+$", CHANGELOG, flags=re.MULTILINE)[1:]:
            categories = re.findall(r"^### (.+)$", part, flags=re.MULTILINE)
            assert categories == [name for name in known if name in categories]
            lines = [line for line in part.splitlines() if line and not line.startswith("### ")]
            assert all(line.startswith("- ") and line.endswith(".") for line in lines)


class TestBounds:
    def test_the_oldest_versions_are_one_for_each_requirement(self):
        told = subprocess.run(
            [sys.executable, str(ROOT / ".ci" / "minimum-versions")], capture_output=True, text=True, check=True
        )
        groups = [PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"].values()]
        names = {re.split(r"[\[>=<]", line)[0] for group in groups for line in group}
        assert [line.split("==")[0] for line in told.stdout.splitlines()] == sorted(names)

    @pytest.mark.parametrize(
        ("requirements", "told"),
        [
            (["numpy"], "one lower bound"),
            (["numba>=0.62"], "upper bound"),
            (["numpy>=2.0", "numpy>=2.1"], "two lower bounds"),
        ],
    )
    def test_a_requirement_without_its_bounds_is_an_error(self, requirements, told):
        check = runpy.run_path(str(ROOT / ".ci" / "minimum-versions"))["minimum_versions"]
        with pytest.raises(SystemExit, match=told):
            check({"dependencies": requirements, "optional-dependencies": {}})


class TestActions:
    def test_the_oldest_versions_are_tested(self):
        steps = [step["run"] for step in WORKFLOW["jobs"]["oldest-versions"]["steps"] if "run" in step]
        assert steps[0] == "python .ci/minimum-versions > oldest.txt"
        assert "-c oldest.txt" in steps[1]
        assert any(" -m pytest " in step for step in steps)

    def test_three_systems_compare_the_bits_of_a_draw(self):
        job = WORKFLOW["jobs"]["bits"]
        assert [name.split("-")[0] for name in job["strategy"]["matrix"]["system"]] == ["ubuntu", "macos", "windows"]
        assert job["steps"][-1]["run"] == "python .ci/checksum"


class TestBudget:
    budget = runpy.run_path(str(ROOT / "tests" / "budget.py"))

    def test_all_folders_together_have_eight_minutes(self):
        assert sum(self.budget["BUDGET"].values()) == 480
        folders = {path.name for path in (ROOT / "tests").iterdir() if list(path.glob("test_*.py"))}
        assert {name.removeprefix("tests/") for name in self.budget["BUDGET"] if "/" in name} == folders

    def test_what_costs_more_than_its_budget_is_named(self):
        spent, allowed = {"tests/a": 3.0, "tests/b": 1.0}, {"tests/a": 2, "tests/b": 2}
        assert self.budget["exceeded"](spent, allowed) == ["tests/a"]
        assert self.budget["exceeded"]({**spent, "tests/new": 1.0}, allowed) == ["tests/a", "tests/new", "all"]
        assert self.budget["table"](spent, allowed) == [
            "tests/a |     3.0 |      2 | over",
            "tests/b |     1.0 |      2",
            "all     |     4.0 |      4",
        ]

    def test_a_test_counts_for_its_folder(self):
        for path, folder in (("tests/a/test_b.py", "tests/a"), ("tests/a/b/test_c.py", "tests/a"), ("x.py", ".")):
            assert self.budget["folder_of"](ROOT / path, ROOT) == folder


def test_the_readme_says_how_many_tests_skip_and_why(request):
    """Counted where the whole suite is collected, as by the README's own command."""
    items = request.session.items
    if len({item.path.parent for item in items}) < 15:
        pytest.skip("only part of the suite was collected")
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    release = "({} once they are there" if os.environ.get("CARMS_DATA_DIR") else "{} read the published files"
    for marker, words in {"release": release, "postgres": "{} need a PostgreSQL", "browser": "{} a browser"}.items():
        count = sum(item.get_closest_marker(marker) is not None for item in items)
        assert words.format(count) in readme, f"{count} tests are marked {marker}"
