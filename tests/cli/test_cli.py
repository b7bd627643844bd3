"""The verbs from a shell: what they print, what they write, and how they fail."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import warnings
from dataclasses import replace

import carms_lib as carms
import pytest
from carms_lib import cli
from typer.testing import CliRunner

runner = CliRunner()


def run(*arguments: object) -> str:
    """Run a command that must succeed and return its standard output."""
    result = runner.invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def shell(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process, as a user does."""
    command = [sys.executable, "-c", "from carms_lib.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def inside(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command line in this process, as a user sees it: exit code, standard output and standard error.

    A process of its own takes seconds to load the library; three tests start one, by `shell`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "showwarning", warnings.showwarning)  # put back what main() replaces
        patch.setattr(sys, "argv", ["carms-lib", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
    return left.value.code, *capsys.readouterr()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


class TestWeight:
    def test_help_names_every_verb_and_loads_nothing_heavy(self):
        code = (
            "import sys; from carms_lib import cli\n"
            "try:\n    cli.app(['--help'])\nexcept SystemExit: pass\n"
            "heavy = {'numpy', 'pandas', 'numba', 'matplotlib', 'sqlalchemy', 'statsmodels', 'pandera'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "[]"
        for verb in ("memo", "build", "simulate", "pressure", "match", "warehouse", "fetch", "dictionary", "quality"):
            assert f"\n  {verb} " in done.stdout

    def test_version(self):
        assert run("--version").strip() == carms.__version__


class TestErrors:
    def test_an_error_of_the_library_is_one_line_and_exit_code_2(self, tmp_path):
        done = shell("build", "--release", tmp_path / "nowhere", "--out", tmp_path / "out")
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("carms-lib: ")
        assert "nowhere" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()

    def test_a_full_folder_for_the_memo(self, tmp_path, capsys):
        (tmp_path / "mine.txt").write_text("mine")
        code, _, said = inside(capsys, "memo", "--out", tmp_path)
        assert (code, said.count("\n")) == (2, 1)
        assert "--overwrite" in said

    def test_the_console_script_ends_with_the_same_codes(self, monkeypatch, capsys, tmp_path):
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back what main() replaces
        for arguments, code in ((["--version"], 0), (["simulate", "--draws", "0", "--out", str(tmp_path / "s")], 2)):
            monkeypatch.setattr(sys, "argv", ["carms-lib", *arguments])
            with pytest.raises(SystemExit) as left:
                cli.main()
            assert left.value.code == code
        captured = capsys.readouterr()
        assert captured.out.strip() == carms.__version__
        assert "carms-lib: n_draws=0 must be" in captured.err
        warnings.showwarning(UserWarning("said once"), UserWarning, "file", 1)
        assert capsys.readouterr().err == "carms-lib: warning: said once\n"

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("a file")
        for verb in ("build", "dictionary"):
            with pytest.raises(carms.CarmsError, match=r"out=.* cannot be written"):
                run(verb, "--out", tmp_path / "file" / "deep" / "out.csv")

    def test_an_unknown_verb_is_a_matter_of_usage(self):
        done = shell("mmeo")
        assert done.returncode == 2
        assert "No such command 'mmeo'" in done.stderr

    @pytest.mark.filterwarnings("default::carms_lib.exceptions.TooFewDrawsWarning")
    def test_a_warning_of_the_library_is_one_line(self, capsys):
        code, told, said = inside(capsys, "pressure", "--draws", "10", "--metric", "pressure")
        assert code == 0
        assert "carms-lib: warning: 10 draws" in said
        assert len(rows(told)) == 37


class TestTables:
    def test_build_writes_a_layer_and_what_was_set_aside(self, tmp_path):
        said = run("build", "--out", tmp_path / "tables")
        assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
            "cell.csv",
            "program.csv",
            "quarantine.csv",
        ]
        program = rows((tmp_path / "tables" / "program.csv").read_text("utf-8"))
        assert (len(program), sum(int(row["quota"]) for row in program)) == (815, 3942)
        assert "gold    program" in said

    def test_a_release_cannot_put_a_formula_into_the_tables(self, tmp_path, monkeypatch):
        """What is published comes from outside: a site, or a value set aside, may begin like a formula."""
        release = carms.load_release()
        master = release["program_master"].copy()
        master.loc[0, "program_site"] = "=HYPERLINK(1)"
        master.loc[1, "program_stream"] = "@SUM(A1)"
        changed = replace(release, release_id="1504", tables={**release.tables, "program_master": master})
        pages = release["page"].assign(document_id=release["page"]["document_id"].str.replace("1503", "1504"))
        sections = release["section"].assign(document_id=release["section"]["document_id"].str.replace("1503", "1504"))
        changed = replace(changed, tables={**changed.tables, "page": pages, "section": sections})
        monkeypatch.setattr("carms_lib.cli.release_at", lambda release: changed)
        with pytest.warns(carms.exceptions.QualityWarning, match="site is reviewed"):
            run("build", "--out", tmp_path)
        program = rows((tmp_path / "program.csv").read_text("utf-8"))
        assert "'=HYPERLINK(1)" in {row["site"] for row in program}
        assert {len(row["approval_date"]) for row in program} == {len("2024-10-15")}
        aside = rows((tmp_path / "quarantine.csv").read_text("utf-8"))
        assert "'@SUM(A1)" in {row["value"] for row in aside}
        cells = [cell for path in tmp_path.iterdir() for row in rows(path.read_text("utf-8")) for cell in row.values()]
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "@"))]

    def test_a_table_that_cannot_be_written_is_one_clear_error(self, tmp_path):
        (tmp_path / "all.csv").mkdir()
        with pytest.raises(carms.CarmsError, match=r"all\.csv' cannot be written"):
            run("dictionary", "--out", tmp_path / "all.csv")

    def test_build_refuses_an_unknown_layer_with_a_near_name(self, tmp_path):
        with pytest.raises(carms.CarmsError, match="Did you mean 'silver'"):
            run("build", "--layer", "sliver", "--out", tmp_path)

    @pytest.mark.release
    def test_fetch_prints_where_the_files_are(self, data_dir, monkeypatch):
        monkeypatch.setenv("CARMS_DATA_DIR", str(data_dir))
        assert run("fetch").strip() == str(data_dir / "release_1503")

    def test_fetch_refuses_an_unknown_release(self, tmp_path):
        with pytest.raises(carms.CarmsError, match="release_id='1504' is unknown"):
            run("fetch", "--to", tmp_path, "--release-id", "1504")

    def test_dictionary_prints_or_writes(self, tmp_path):
        gold = rows(run("dictionary", "--layer", "gold"))
        assert {row["layer"] for row in gold} == {"gold"}
        assert run("dictionary", "--out", tmp_path / "all.csv").strip() == str(tmp_path / "all.csv")
        assert len(rows((tmp_path / "all.csv").read_text("utf-8"))) > len(gold)

    def test_warehouse_writes_once_and_again(self, tmp_path):
        url = f"sqlite:///{tmp_path / 'carms.db'}"
        assert "schema" in run("warehouse", "upgrade", "--url", url)
        first = run("warehouse", "write", "--url", url)
        assert "815 programs" in first
        assert run("warehouse", "write", "--url", url) == first

    def test_warehouse_is_read_page_by_page(self, tmp_path, bundled_layers):
        url = f"sqlite:///{tmp_path / 'carms.db'}"
        run("warehouse", "write", "--url", url)
        asked = ["warehouse", "programs", "--url", url, "--province", "NL", "--limit", "20"]
        seen, after = [], []
        while True:
            result = runner.invoke(cli.app, [*asked, *after], catch_exceptions=False)
            seen += [row["program_stream_id"] for row in rows(result.stdout)]
            if not result.stderr:
                break
            after = ["--after", result.stderr.split()[-1]]
        assert seen == sorted(set(seen))
        gold = bundled_layers.gold["program"]
        assert seen == gold.loc[gold["school_province"] == "NL", "program_stream_id"].tolist()
        (version,) = rows(run("warehouse", "history", seen[0], "--url", url))
        assert version["valid_to"] == ""


class TestSimulation:
    @pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
    def test_a_study_is_kept_and_asked(self, tmp_path):
        scenario = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
        (tmp_path / "more.toml").write_text(scenario.to_toml(), encoding="utf-8")
        study = tmp_path / "study.npz"
        said = run("simulate", "--out", study, "--draws", 10, "--scenario", tmp_path / "more.toml")
        assert "10 draws of baseline, Ontario FM +10 %" in said
        figure = tmp_path / "pressure.svg"
        table = rows(
            run(
                "pressure",
                "--study",
                study,
                "--by",
                "province",
                "--level",
                0.5,
                "--metric",
                "pressure",
                "--figure",
                figure,
            )
        )
        assert {row["scenario"] for row in table} == {"baseline", "Ontario FM +10 %"}
        assert {row["level"] for row in table} == {"0.5"}
        assert figure.read_text("utf-8").startswith("<?xml")

    def test_a_study_is_never_overwritten(self, tmp_path):
        (tmp_path / "study.npz").write_text("mine")
        with pytest.raises(carms.CarmsError, match="exists already"):
            run("simulate", "--out", tmp_path / "study.npz")
        assert (tmp_path / "study.npz").read_text() == "mine"

    def test_a_scenario_that_is_not_there(self, tmp_path):
        with pytest.raises(carms.CarmsError, match=r"more\.toml' cannot be read: No such file"):
            run("simulate", "--out", tmp_path / "s.npz", "--scenario", tmp_path / "more.toml")

    @pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
    def test_memo_prints_where_it_wrote(self, tmp_path, capsys):
        out = tmp_path / "memo"
        said = run("memo", "--out", out, "--draws", 10).split()
        assert said == [str(out / name) for name in ("index.html", "memo.md", "figures", "carms.db")]
        assert "Ontario FM" in (out / "memo.md").read_text("utf-8")
        assert run("memo", "--out", out, "--check").strip() == f"{out}: of this release and this code"
        with pytest.raises(carms.CarmsError, match="holds no memo"):
            run("memo", "--out", tmp_path, "--check")
        record = out / "provenance.json"
        record.write_text(record.read_text("utf-8").replace(f'"{carms.__version__}"', '"0.0.0"'), encoding="utf-8")
        code, _, said = inside(capsys, "memo", "--out", out, "--check")
        assert (code, said.count("\n")) == (2, 1)
        assert "is stale: version of carms-lib 0.0.0 then" in said


LISTS = {
    "applicants": {"ana": ["p", "q"], "ben": ["q"]},
    "programs": {"p": ["ana"], "q": ["ben", "ana"]},
    "quotas": {"p": 1, "q": 1},
}


class TestMatch:
    def test_lists_from_json(self, tmp_path):
        (tmp_path / "lists.json").write_text(json.dumps(LISTS))
        table = rows(run("match", tmp_path / "lists.json"))
        assert {row["applicant"]: row["program"] for row in table} == {"ana": "p", "ben": "q"}
        run("match", tmp_path / "lists.json", "--proposing", "programs", "--out", tmp_path / "deep" / "matching.csv")
        assert rows((tmp_path / "deep" / "matching.csv").read_text()) == table

    def test_lists_from_csv_in_any_order(self, tmp_path):
        (tmp_path / "a.csv").write_text("applicant,rank,program\nana,2,q\nben,1,q\nana,1,p\n")
        (tmp_path / "p.csv").write_text("program,rank,applicant\nq,2,ana\nq,1,ben\np,1,ana\n")
        (tmp_path / "q.csv").write_text("program,quota\np,1\nq,1\n")
        lists = ["--applicants", tmp_path / "a.csv", "--programs", tmp_path / "p.csv", "--quotas", tmp_path / "q.csv"]
        assert {row["applicant"]: row["program"] for row in rows(run("match", *lists))} == {"ana": "p", "ben": "q"}

    def test_outcomes_are_explained_and_one_sided_entries_refused_on_request(self, tmp_path):
        given = {"applicants": {"ana": ["p"], "ben": ["p"]}, "programs": {"p": ["ana"]}, "quotas": {"p": 1}}
        (tmp_path / "lists.json").write_text(json.dumps(given), encoding="utf-8")
        kept = run("match", tmp_path / "lists.json", "--one-sided", "keep", "--explain", "ben", "--explain", "p")
        assert kept.splitlines()[:2] == [
            "ben is unmatched: the only choice could not be had.",
            "  choice 1, p: it does not rank ben.",
        ]
        assert "p has 1 position, 1 filled: ana (1)." in kept
        with pytest.raises(carms.CarmsError, match="one side only"):
            run("match", tmp_path / "lists.json", "--one-sided", "refuse")
        with pytest.raises(carms.CarmsError, match="Did you mean 'ben'"):
            run("match", tmp_path / "lists.json", "--one-sided", "keep", "--explain", "benn")

    def test_couples_are_matched_as_pairs(self, tmp_path):
        lists = {
            "applicants": {"ana": ["p"]},
            "programs": {"p": ["ana", "cy"], "q": ["di"]},
            "quotas": {"p": 2, "q": 1},
            "couples": [{"partners": ["cy", "di"], "pairs": [["p", "q"], ["p", None]]}],
        }
        (tmp_path / "lists.json").write_text(json.dumps(lists))
        result = runner.invoke(cli.app, ["match", str(tmp_path / "lists.json"), "--rule", "MM"], catch_exceptions=False)
        table = {row["applicant"]: row["program"] for row in rows(result.stdout)}
        assert table == {"ana": "p", "cy": "p", "di": "q"}
        assert result.stderr == "status: stable\n"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "is not JSON"),
            ("[1, 2]", "must hold an object with"),
            ('{"applicants": {}, "programs": {}}', "must hold an object with"),
            ('{"applicants": {}, "programs": {}, "quotas": {}, "couples": [["cy", "di"]]}', "couples must be a list"),
        ],
    )
    def test_json_that_is_no_problem(self, text, message, tmp_path):
        (tmp_path / "lists.json").write_text(text)
        with pytest.raises(carms.CarmsError, match=message):
            run("match", tmp_path / "lists.json")

    def test_csv_that_is_no_list(self, tmp_path):
        (tmp_path / "a.csv").write_text("applicant,program\nana,p\n")
        (tmp_path / "p.csv").write_text("program,rank,applicant\np,1,ana\n")
        (tmp_path / "q.csv").write_text("program,quota\np,1\n")
        lists = ["--applicants", tmp_path / "a.csv", "--programs", tmp_path / "p.csv", "--quotas", tmp_path / "q.csv"]
        with pytest.raises(carms.CarmsError, match="rank"):
            run("match", *lists)

    def test_nothing_to_match(self, tmp_path):
        with pytest.raises(carms.CarmsError, match="match needs a JSON file"):
            run("match", "--applicants", tmp_path / "a.csv")


class TestQuality:
    def test_the_scorecard_is_printed_and_written(self, tmp_path):
        url = f"sqlite:///{tmp_path / 'carms.db'}"
        asked = ["quality", "--as-of", "2025-03-01", "--url", url, "--keep", "--tag", "by=test"]
        said = run(*asked, "--out", tmp_path / "deep" / "scorecard.html", "--record", tmp_path / "run.json")
        assert said.startswith("PASSED   release 1503, run ")
        assert said.endswith(f"{tmp_path / 'deep' / 'scorecard.html'}\n{tmp_path / 'run.json'}\n")
        assert "<h2" in (tmp_path / "deep" / "scorecard.html").read_text("utf-8")
        record = json.loads((tmp_path / "run.json").read_text("utf-8"))
        assert (record["release_id"], record["tags"], record["failure_class"]) == ("1503", {"by": "test"}, None)
        again = run("quality", "--as-of", "2025-03-01", "--url", url)
        assert f"{record['run_id']}  passed" in again

    def test_a_release_that_fails_is_exit_code_1_and_says_why(self, tmp_path):
        result = runner.invoke(cli.app, ["quality", "--release", str(tmp_path / "nowhere")], catch_exceptions=False)
        assert result.exit_code == 1
        assert result.stdout.startswith("FAILED (source)")
        assert "does not exist" in result.stdout

    def test_the_log_is_lines_of_json_on_request(self):
        done = shell("quality", "--as-of", "2025-03-01", "--log-json")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert done.returncode == 0
        assert [lines[0]["event"], lines[-1]["event"]] == ["run_started", "run_ended"]
        assert {line["run_id"] for line in lines} == {lines[0]["run_id"]}

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--as-of", "yesterday"], "as_of='yesterday' is no day"),
            (["--tag", "nightly"], "write each as name=value"),
            (["--tag", "a=1", "--tag", "a=2"], "each name once"),
            (["--keep"], "keep=True needs a warehouse"),
        ],
    )
    def test_options_that_are_not_allowed(self, options, message):
        with pytest.raises(carms.CarmsError, match=message):
            run("quality", *options)
