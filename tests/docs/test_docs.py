"""What the documents say is so: commands, examples, names, links and pictures."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import carms_lib as carms
import matplotlib.pyplot as plt
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = {"changelog.md", "reference/cli.md", "reference/data-dictionary.md", "reference/exceptions.md"}


def pages() -> list[Path]:
    """Every page that a person wrote."""
    written = [
        path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if path.relative_to(ROOT / "docs").as_posix() not in GENERATED and "tutorials" not in path.parts
    ]
    return [ROOT / "README.md", *written]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def command(name: str) -> str:
    """The command of the README that is marked for CI."""
    (found,) = re.findall(rf"^<!-- ci: {name} -->\n```bash\n(.+)\n```$", README, flags=re.MULTILINE)
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


class TestCommands:
    @pytest.mark.parametrize("name", ["memo", "tests"])
    def test_one_command_makes_the_environment_installs_and_runs(self, name):
        environment, install, job = command(name).split(" && ")
        assert environment == "python3 -m venv .venv"
        assert install.startswith(".venv/bin/python -m pip install ")
        assert job.startswith(".venv/bin/")

    def test_ci_takes_them_from_the_readme(self):
        script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        for name in ("memo", "tests"):
            assert f"$(readme_command {name})" in script
            extract = script[script.index("readme_command() {") :].split("\n}\n")[0] + "\n}\n"
            shown = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", f"{extract}\nreadme_command {name}"],
                cwd=ROOT, capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert shown.stdout.strip() == command(name)

    def test_the_actions_run_the_same_tests(self):
        workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
        steps = [step["run"] for step in workflow["jobs"]["tests"]["steps"] if "run" in step]
        _, install, test = command("tests").split(" && ")
        assert steps == [
            install.replace(".venv/bin/", "").replace("install -q ", "install "),
            test.replace(".venv/bin/", ""),
        ]
        assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]

    def test_every_extra_that_is_named_exists(self):
        extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
        sources = [
            README,
            (ROOT / ".ci" / "run").read_text("utf-8"),
            (ROOT / ".github/workflows/ci.yml").read_text("utf-8"),
        ]
        named = {
            extra for text in sources for group in re.findall(r"'\.\[([\w,]+)\]'", text) for extra in group.split(",")
        }
        assert named
        assert named <= extras

    @pytest.mark.parametrize("script", ["run", "smoke", "migrations"])
    def test_the_scripts_are_executable_and_parse(self, script):
        path = ROOT / ".ci" / script
        assert os.access(path, os.X_OK)
        subprocess.run(["bash", "-n", str(path)], check=True)

    @pytest.mark.parametrize("path", pages(), ids=name_of)
    def test_every_shell_line_names_options_that_exist(self, path):
        import typer
        from carms_lib.cli import app

        root = typer.main.get_command(app)
        lines = re.findall(r"^(?:.*?/)?carms-lib (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for line in lines:
            words = shlex.split(line.split(" && ")[0].rstrip("`"))
            verb = root
            while words and words[0] in getattr(verb, "commands", {}):
                verb = verb.commands[words.pop(0)]
            options = {option for parameter in verb.params for option in parameter.opts} | {"--help"}
            assert {word for word in words if word.startswith("--")} <= options, line


@pytest.fixture(scope="module")
def names():
    """What a page that begins in the middle, without an import, may take for granted."""
    release = carms.load_release()
    layers = carms.build(release)
    market = carms.Market.from_gold(layers.gold, carms.load_cohort("2025"))
    more = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    study = carms.simulate(market, more, n_draws=110, rng=2025)
    return {
        "carms": carms,
        "release": release,
        "layers": layers,
        "gold": layers.gold,
        "market": market,
        "study": study,
    }


class TestExamples:
    @pytest.mark.parametrize(
        "path", [path for path in pages() if blocks(path.read_text("utf-8"), "python")], ids=name_of
    )
    @pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
    def test_every_python_block_runs(self, path, names, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        examples = blocks(path.read_text(encoding="utf-8"), "python")
        stands_alone = "import carms_lib" in examples[0] or "from carms_lib" in examples[0]
        namespace: dict[str, object] = {"__name__": "example", **({} if stands_alone else names)}
        try:
            for block in examples:
                exec(compile(block, name_of(path), "exec"), namespace)  # noqa: S102 - our own documents
        finally:
            plt.close("all")


class TestNames:
    def test_the_page_of_the_face_names_exactly_what_is_exported(self):
        text = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
        named = [
            name
            for row in re.findall(r"^\| (`.+?) \|", text, flags=re.MULTILINE)
            for name in re.findall(r"`(\w+)`", row)
        ]
        assert sorted(named) == sorted(carms.__all__)

    def test_every_package_has_a_page_of_its_own(self):
        packages = {path.parent.name for path in (ROOT / "carms_lib").glob("*/__init__.py")} | {"provenance"}
        packages -= {"cli"}  # whose page is made from its own help
        api = ROOT / "docs" / "reference" / "api"
        assert {path.stem for path in api.glob("*.md")} == packages
        for package in packages:
            assert f"::: carms_lib.{package}\n" in (api / f"{package}.md").read_text(encoding="utf-8")

    def test_the_table_of_contents_names_every_page_and_no_other(self):
        text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
        listed = re.findall(r": ([\w/-]+\.md)$", text[text.index("\nnav:") :], flags=re.MULTILINE)
        written = {path.relative_to(ROOT / "docs").as_posix() for path in pages() if path.name != "README.md"}
        tutorials = {f"tutorials/{path.stem}.md" for path in (ROOT / "notebooks").glob("*.ipynb")}
        assert sorted(listed) == sorted(written | tutorials | GENERATED)

    def test_the_site_fetches_nothing_and_uses_few_plugins(self):
        text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
        plugins = re.findall(
            r"^  - (\w+)", text[text.index("\nplugins:") : text.index("\nmarkdown_extensions:")], re.MULTILINE
        )
        assert plugins == ["search", "autorefs", "mkdocstrings"]
        assert re.search(r"^  font: false", text, flags=re.MULTILINE)
        assert not re.search(r"https?://", (ROOT / "docs" / "assets" / "site.css").read_text(encoding="utf-8"))


class TestClaims:
    def test_the_page_in_five_minutes_states_the_release_as_it_is(self):
        text = (ROOT / "docs" / "five-minutes.md").read_text(encoding="utf-8")
        program = carms.build(carms.load_release()).gold["program"]
        assert f"{len(program)} of them in {program['cycle'].iloc[0]}" in " ".join(text.split())
        assert f"{program['quota'].sum():,} seats" in " ".join(text.split())

    def test_the_schema_history_names_every_migration(self):
        text = (ROOT / "docs" / "project" / "versions.md").read_text(encoding="utf-8")
        migrations = (ROOT / "carms_lib" / "warehouse" / "migrations" / "versions").glob("[0-9]*.py")
        assert re.findall(r"^\| `(\d{4})` \|", text, flags=re.MULTILINE) == sorted(path.name[:4] for path in migrations)

    def test_the_slides_are_the_page_in_five_minutes(self):
        pytest.importorskip("markdown", reason="the extra docs is not installed")
        pytest.importorskip("nbconvert", reason="the extra docs is not installed")
        import runpy

        make = runpy.run_path(str(ROOT / "docs" / "make_pages.py"))
        source = ROOT / "docs" / "five-minutes.md"
        page = make["slides"](source)
        headings = re.findall(r"^## (.+)$", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert re.findall(r"<h2>(.+?)</h2>", page) == headings
        assert page.count("<section>") == len(headings) + 1
        assert not re.search(r'(?:src|href)="https?:', page)


class TestLinksAndPictures:
    @pytest.mark.parametrize("path", pages(), ids=name_of)
    def test_every_relative_link_leads_somewhere(self, path):
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
            if re.match(r"https?:", target):
                continue
            found = (path.parent / target).resolve()
            made = {(ROOT / "docs" / name).resolve() for name in [*GENERATED, "assets/slides.html"]}
            made |= {
                (ROOT / "docs" / "tutorials" / f"{n.stem}.md").resolve() for n in (ROOT / "notebooks").glob("*.ipynb")
            }
            assert found.exists() or found in made, target

    def test_pictures_are_small_have_words_and_are_made_by_the_script(self):
        script = (ROOT / "docs" / "make_pictures.py").read_text(encoding="utf-8")
        for path in sorted((ROOT / "docs" / "assets").glob("*.png")):
            assert path.stat().st_size < 200_000, path.name
            assert f'"{path.name}"' in script
        for path in pages():
            for words, target in re.findall(r"!\[(.*?)\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
                assert len(words) > 20, f"{name_of(path)} shows {target} without saying what is on it"
