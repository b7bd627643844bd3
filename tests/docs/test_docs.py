"""What the documents say is so: commands, examples, names, links and pictures."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import carms_lib as carms
import matplotlib.pyplot as plt
import pytest
import yaml
from carms_lib.memo import published_backtest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = {
    "changelog.md",
    "project/contributing.md",
    "reference/cli.md",
    "reference/data-dictionary.md",
    "reference/exceptions.md",
    "reference/rules.md",
}
TOP = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def pages() -> list[Path]:
    """Every page that a person wrote."""
    written = [
        path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if path.relative_to(ROOT / "docs").as_posix() not in GENERATED and "tutorials" not in path.parts
    ]
    return [*TOP, *written]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


#: Examples that need a server, a cluster or a release of one's own: page -> the test that runs the same, and its call.
ELSEWHERE = {
    "docs/explanation/history.md": ("tests/warehouse/test_history.py", (".history(", ".diff(", "as_of=")),
    "docs/how-to/feed-a-retriever.md": ("tests/examples/test_retrieval.py", ("ProgramRetriever(",)),
    "docs/how-to/load-your-own-release.md": ("tests/conftest.py", ("carms.load_release(", "carms.build(")),
    "docs/how-to/run-a-service.md": ("tests/examples/test_api_postgres.py", ("grant_reader(",)),
    "docs/how-to/run-on-postgresql.md": ("tests/warehouse/test_settings.py", ("read_only=True",)),
    "docs/how-to/scale-out.md": ("tests/examples/test_cluster.py", ("get_executor()",)),
}


def is_python(block: str) -> bool:
    """Whether a block is a Python example, whatever its fence says: it parses and does something."""
    try:
        tree = ast.parse(block)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Import | ast.ImportFrom | ast.Call) for node in ast.walk(tree))


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

    @pytest.mark.parametrize("script", ["run", "do", "smoke", "migrations", "coverage"])
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
def names(bundled, bundled_layers, national):
    """What a page that begins in the middle, without an import, may take for granted."""
    more = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    study = carms.simulate(national, more, n_draws=200, rng=2025)
    return {
        "carms": carms,
        "release": bundled,
        "layers": bundled_layers,
        "gold": bundled_layers.gold,
        "market": national,
        "study": study,
        "scenario": more,
    }


class TestExamples:
    @pytest.mark.parametrize(
        "path", [path for path in pages() if blocks(path.read_text("utf-8"), "python")], ids=name_of
    )
    @pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
    @pytest.mark.filterwarnings("ignore::carms_lib.exceptions.StabilityWarning")  # one of ten draws is no share
    def test_every_python_block_runs(self, path, names, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        simulate, write_memo = carms.simulate, carms.write_memo  # the same with draws that take no minutes
        monkeypatch.setattr(
            carms,
            "simulate",
            lambda *a, **k: simulate(*a, **{**k, "n_draws": min(k["n_draws"], 200), "progress": False}),
        )
        monkeypatch.setattr(carms, "write_memo", lambda *a, **k: write_memo(*a, n_draws=10, progress=False, **k))
        examples = blocks(path.read_text(encoding="utf-8"), "python")
        stands_alone = "import carms_lib" in examples[0] or "from carms_lib" in examples[0]
        namespace: dict[str, object] = {"__name__": "example", **({} if stands_alone else names)}
        try:
            for block in examples:
                exec(compile(block, name_of(path), "exec"), namespace)  # noqa: S102 - our own documents
        finally:
            plt.close("all")

    @pytest.mark.parametrize("path", pages(), ids=name_of)
    def test_no_example_hides_behind_another_fence(self, path):
        """What is not run above is run elsewhere, by a test that makes the same call."""
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^[ \t]+```python$", text, flags=re.MULTILINE)  # an indented one would not be found
        fenced = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        hidden = [block for language, block in fenced if language != "python" and is_python(block)]
        if not hidden:
            assert name_of(path) not in ELSEWHERE
            return
        test, calls = ELSEWHERE[name_of(path)]
        source = (ROOT / test).read_text(encoding="utf-8")
        assert [call for call in calls if call not in source] == []
        assert [block for block in hidden if not any(call in block for call in calls)] == []


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
        packages -= {"cli", "kernels"}  # the page of cli is made from its own help; kernels has no public names
        api = ROOT / "docs" / "reference" / "api"
        assert {path.stem for path in api.glob("*.md")} == packages
        for package in packages:
            assert f"::: carms_lib.{package}\n" in (api / f"{package}.md").read_text(encoding="utf-8")

    def test_the_table_of_contents_names_every_page_and_no_other(self):
        text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
        listed = re.findall(r": ([\w/-]+\.md)$", text[text.index("\nnav:") :], flags=re.MULTILINE)
        written = {path.relative_to(ROOT / "docs").as_posix() for path in pages() if path not in TOP}
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
    def test_the_page_in_five_minutes_states_the_release_as_it_is(self, bundled_layers):
        text = (ROOT / "docs" / "five-minutes.md").read_text(encoding="utf-8")
        program = bundled_layers.gold["program"]
        assert f"{len(program)} of them in {program['cycle'].iloc[0]}" in " ".join(text.split())
        assert f"{program['quota'].sum():,} seats" in " ".join(text.split())

    def test_the_page_in_five_minutes_states_the_record_as_it_is(self):
        text = " ".join((ROOT / "docs" / "five-minutes.md").read_text(encoding="utf-8").split())
        record = published_backtest()
        worse = int((record["model_error"] > record["naive_error"]).sum())
        assert f"{record['inside'].sum()} of {record['of'].sum()} bands held" in text
        assert f"for {worse} of {len(record)} groups of figures last year's figure would have been nearer" in text

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

    def test_the_page_of_rules_lists_the_record(self):
        pytest.importorskip("markdown", reason="the extra docs is not installed")
        pytest.importorskip("nbconvert", reason="the extra docs is not installed")
        import runpy

        from carms_lib.simulator import load_rules
        from carms_lib.simulator.inputs.rules import RULES

        page = runpy.run_path(str(ROOT / "docs" / "make_pages.py"))["rules_page"]()
        assert re.findall(r"^## (\w+) \{", page, flags=re.MULTILINE) == list(RULES)
        rules = load_rules()
        for row in rules.itertuples():
            assert row.source in page
            assert row.note.split("|")[0] in page
        announced = [line for line in page.splitlines() if line.startswith(("| 20", "| from"))]
        assert any("Ontario | yes | announced: off by default" in line for line in announced)
        schooling = page[page.index("## img_schooling") :]
        assert re.search(r"^\| Ontario( \| no){11} \|$", schooling, flags=re.MULTILINE)
        merges = page[page.index("## streams_merge") :]
        assert re.search(r"^\| Ontario( \| no){7}( \| yes){4} \|$", merges, flags=re.MULTILINE)
        assert re.search(r"^\| 2016, .*2025.* \| reverts \| Ontario \| yes \| Assumed", page, flags=re.MULTILINE)


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

    @pytest.mark.parametrize("path", [*pages(), ROOT / "CHANGELOG.md"], ids=name_of)
    def test_every_outside_address_is_whole_and_safe(self, path):
        """No test asks the network; an address must at least be one, over https, with nothing of ours in it."""
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        for address in re.findall(r"\b[\w+]+://[^\s)>\]\"`|]+", text):
            parts = urlsplit(address.rstrip(".,;"))
            if parts.scheme in {"sqlite", "postgresql+psycopg", "tcp"} or parts.hostname in {"127.0.0.1", "localhost"}:
                continue
            assert parts.scheme == "https", address
            assert re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", parts.hostname or ""), address
            assert parts.username is None, address

    def test_pictures_are_small_have_words_and_are_made_by_the_script(self):
        script = (ROOT / "docs" / "make_pictures.py").read_text(encoding="utf-8")
        for path in sorted((ROOT / "docs" / "assets").glob("*.png")):
            assert path.stat().st_size < 200_000, path.name
            assert f'"{path.name}"' in script
        for path in pages():
            for words, target in re.findall(r"!\[(.*?)\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
                assert len(words) > 20, f"{name_of(path)} shows {target} without saying what is on it"
