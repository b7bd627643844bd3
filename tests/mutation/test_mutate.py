"""The script that mutates: its operators by example, what it draws, and what it counts."""

from __future__ import annotations

import ast
import os

import pytest

from mutation import mutate
from mutation.mutate import EQUIVALENT, NAMED, OF_EACH, ROOT, TARGET_OF, TARGETS, mutations_of, table

DRAWN = mutate.drawn()


def text_of(file: str) -> str:
    return (ROOT / "carms_lib" / file).read_text(encoding="utf-8")


def mutants(text: str) -> list[str]:
    return [each.applied(text) for each in mutations_of("a.py", text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a <= b", ["a < b"]),
        ("a > b", ["a >= b"]),
        ("a >= b", ["a > b"]),
        ("a == b", ["a != b"]),
        ("a is not None", ["a is None"]),
        ("a not in b", ["a in b"]),
        ("a + b", ["a - b"]),
        ("(a) * (b)", ["(a) / (b)"]),
        ("a // b", ["a * b"]),
        ("a << b", ["a >> b"]),
        ("a & b", ["a | b"]),
        ("a += b", ["a -= b"]),
        ("a and b", ["a or b"]),
        ("a or b or c", ["a and b or c"]),
        ("not a", ["a"]),
        ("min(a, b)", ["max(a, b)"]),
        ("np.floor(a)", ["np.ceil(a)"]),
        ("f(a).any()", ["f(a).all()"]),
        ("7", ["(7 + 1)"]),
        ("0.5", ["(0.5 + 1)"]),
        ("True", ["(False)"]),
        ("a - 1", ["a + 1", "a - (1 + 1)"]),
        ("(é +\n b)", ["(é -\n b)"]),
        ("x: tuple[int, 3] = a", []),
        ("'a' if a else None", []),
        ("raise ValueError(1)", []),
        ("@f(1)\ndef g(a: h[1]) -> h[2]: pass", []),
        ("if TYPE_CHECKING:\n    a = 1", []),
        ("f'{a + 1}'", []),
        ("a < b < c", []),  # which of the two would be meant
    ],
)
def test_operators_by_example(text: str, expected: list[str]) -> None:
    assert mutants(text) == expected


def test_every_mutation_that_is_drawn_is_another_program() -> None:
    for each in DRAWN:
        text = text_of(each.file)
        assert text[each.start : each.end] == each.old
        assert ast.dump(ast.parse(each.applied(text))) != ast.dump(ast.parse(text)), each.label


def test_an_equal_number_of_each_file_and_at_least_sixty_are_drawn() -> None:
    by_seed = DRAWN[: len(DRAWN) - len(NAMED)]
    assert len(by_seed) >= 60
    for target in TARGETS:
        of_file = len(mutations_of(target.file, text_of(target.file)))
        assert sum(each.file == target.file for each in by_seed) == min(OF_EACH, of_file)


def test_those_named_are_made_besides() -> None:
    assert [(each.file, each.old, each.new) for each in DRAWN[-len(NAMED) :]] == list(NAMED)


def test_at_most_one_in_ten_is_equivalent_each_with_its_reason() -> None:
    assert len(EQUIVALENT) <= len(DRAWN) / 10
    assert EQUIVALENT.keys() <= {each.label for each in DRAWN}
    assert all(len(reason.split()) >= 5 for reason in EQUIVALENT.values())


def test_an_equivalent_that_is_not_drawn_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EQUIVALENT, "kernels/noise.py: gone: 1 -> 2", "there is no such line any more")
    with pytest.raises(ValueError, match="is not drawn"):
        mutate.drawn()


def test_labels_tell_mutations_apart_whatever_is_above_them() -> None:
    assert len({each.label for each in DRAWN}) == len(DRAWN)
    text = "a = 1 + 1\nb = 1 + 1\na = 1 + 1\n"
    labels = [each.label for each in mutations_of("a.py", text)]
    assert len(set(labels)) == len(labels) == 9
    assert labels[:3] == [
        "a.py: a = 1 + 1: 1 -> (1 + 1)",
        "a.py: a = 1 + 1: + -> -",
        "a.py: a = 1 + 1: 1 -> (1 + 1) (2)",
    ]
    assert [each.label for each in mutations_of("a.py", "import b\n\n" + text)] == labels


def test_every_test_that_is_named_is_there() -> None:
    for target in TARGET_OF.values():
        for test in target.tests:
            file, _, name = test.partition("::")
            assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8"), test


def test_the_share_leaves_out_equivalents(monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of("kernels/noise.py")
    one, two, three, *_ = mutations_of("kernels/noise.py", text)
    monkeypatch.setitem(EQUIVALENT, one.label, "for the sake of this test alone")
    shown = table([(one, False), (two, True), (three, False)])
    assert "| `kernels/noise.py` | 3 | 1 | 1 |" in shown
    assert shown.endswith("3 mutations, 1 of them equivalent; of the other 2 the tests catch 1: **50%**.")


def test_the_page_has_a_place_for_the_table_and_counts_what_is_drawn() -> None:
    page = mutate.PAGE.read_text(encoding="utf-8")
    shown = page[page.index(mutate.BEGIN) : page.index(mutate.END)]
    assert f"{len(DRAWN)} mutations, {len(EQUIVALENT)} of them equivalent" in shown


def test_each_copy_runs_one_job_at_a_time_and_ends_what_it_began(tmp_path) -> None:  # type: ignore[no-untyped-def]
    class Fake:
        def __init__(self) -> None:
            self.busy = False

        def begin(self, job: mutate.Job) -> int:
            assert not self.busy
            self.busy = True
            child = os.fork()
            if child == 0:
                os._exit(job.text == "changed")
            return child

        def end(self, job: mutate.Job, code: int) -> bool:
            assert self.busy
            self.busy = False
            return code != 0

    jobs = [mutate.Job(TARGETS[0], text) for text in ("changed", None, "as it was", "changed", None)]
    told = {}
    failed = mutate.run_all(jobs, [Fake(), Fake()], lambda number, failed, _: told.update({number: failed}))
    assert failed == [True, False, False, True, False]
    assert told == dict(enumerate(failed))


def test_a_file_is_what_it_was_when_its_tests_have_run(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    target = TARGETS[0]
    monkeypatch.setattr(mutate.shutil, "copytree", lambda source, to, ignore: to.mkdir(parents=True))
    monkeypatch.setattr(mutate.Copy, "_test", lambda copy, job: path.read_text() == "changed")
    copy = mutate.Copy(tmp_path / "copy")
    path = copy.folder / "carms_lib" / target.file
    path.parent.mkdir(parents=True)
    for text, expected in (("changed", 1), ("another", 0)):
        job = mutate.Job(target, text)
        _, status = os.waitpid(copy.begin(job), 0)
        assert os.waitstatus_to_exitcode(status) == expected
        assert copy.end(job, expected) == bool(expected)
        assert path.read_text(encoding="utf-8") == text_of(target.file)
    assert copy.end(mutate.Job(target), -24)  # out of time
    (copy.folder / "log.txt").write_text("no such option")
    with pytest.raises(SystemExit, match=r"ended with 4:\nno such option"):
        copy.end(mutate.Job(target), 4)


def test_list_prints_and_runs_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["mutate.py", "--list", "--only", "noise"])
    assert mutate.main() == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == OF_EACH
    assert all(line.startswith("kernels/noise.py: ") for line in printed)
