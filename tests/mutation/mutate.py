"""Change the heart of the library in small ways, and count which changes the tests notice.

    python tests/mutation/mutate.py                 # all of them; about half an hour on two cores
    python tests/mutation/mutate.py --only levers   # those whose file's name holds a word
    python tests/mutation/mutate.py --list          # print them and run nothing

Mutations are drawn by a fixed seed over the files of `TARGETS`, an equal number from each. `NAMED` are made besides:
changes that survived once. A mutation is caught when a test of its file fails. One that cannot be told from the
original is listed in `EQUIVALENT` with its reason. `--write` puts the table that is printed into CONTRIBUTING.md.

Kernels run interpreted (NUMBA_DISABLE_JIT), so that a mutation costs no compilation; everything else runs on a copy of
the package whose compiled kernels are kept from one mutation to the next.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED = 16
OF_EACH = 4
LIMIT = 600  # seconds for the tests of one mutation; one that runs on for ever is caught
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- mutations: begin -->", "<!-- mutations: end -->"


@dataclass(frozen=True)
class Target:
    """A file, the tests that should notice a change to it, and whether its kernels run interpreted."""

    file: str
    tests: tuple[str, ...]
    interpreted: bool = True


MATCHING = ("tests/matching/test_kernels.py", "tests/matching/test_chains.py")
DRAW = ("tests/simulator/test_draw_by_hand.py", "tests/simulator/test_draw.py", "tests/simulator/test_disciplines.py")
LEVERS = ("tests/simulator/test_levers.py", "tests/simulator/test_scenario.py")
METRICS = ("tests/pressure/test_by_hand.py", "tests/pressure/test_metrics.py", "tests/pressure/test_bands.py")
TABLES = ("tests/transforms",)
TARGETS = (
    Target("kernels/noise.py", ("tests/simulator/test_noise.py", *DRAW)),
    Target("kernels/variates.py", ("tests/simulator/test_variates.py", *DRAW)),
    Target("kernels/lanes.py", ("tests/simulator/test_lanes.py",), interpreted=False),
    Target("matching/scored/deferred_acceptance.py", MATCHING),
    Target("matching/scored/vacancy_chains.py", MATCHING),
    Target("matching/scored/blocking.py", ("tests/simulator/test_couples.py",)),
    Target("simulator/draw/participation.py", DRAW),
    Target("simulator/draw/disciplines.py", DRAW),
    Target("simulator/draw/wishes.py", DRAW),
    Target("simulator/draw/interviews.py", DRAW),
    Target("simulator/draw/first_iteration.py", DRAW),
    Target("simulator/draw/second_iteration.py", DRAW),
    Target("simulator/inputs/rounding.py", LEVERS, interpreted=False),
    Target("simulator/inputs/rules.py", LEVERS, interpreted=False),
    Target("simulator/inputs/levers.py", LEVERS, interpreted=False),
    Target("simulator/inputs/market_changes.py", LEVERS, interpreted=False),
    Target(
        "pressure/_arguments.py",
        ("tests/pressure/test_by_hand.py", "tests/pressure/test_arguments.py"),
        interpreted=False,
    ),
    Target("pressure/_counts.py", METRICS, interpreted=False),
    Target("pressure/_bands.py", METRICS, interpreted=False),
    Target("transforms/values.py", TABLES, interpreted=False),
    Target("transforms/_silver_tables.py", TABLES, interpreted=False),
    Target("transforms/_gold.py", TABLES, interpreted=False),
)
# Files in which only mutations of `NAMED` are made.
OTHERS = (Target("loaders/pages.py", ("tests/loaders/test_pages.py",), interpreted=False),)
TARGET_OF = {target.file: target for target in (*TARGETS, *OTHERS)}

#: File, what stands there, and what is put in its place: each stands once in its file.
NAMED: tuple[tuple[str, str, str], ...] = (
    (  # who takes part in the second iteration, inverted
        "simulator/draw/second_iteration.py",
        "uniform(fold(of_second, key)) >= tables.class_second[c]",
        "uniform(fold(of_second, key)) < tables.class_second[c]",
    ),
    (  # what has reverted already, counted against what is left over
        "simulator/draw/first_iteration.py",
        "left = quota[p] - held_count[p] + reverted[p]",
        "left = quota[p] - held_count[p] - reverted[p]",
    ),
    ("simulator/draw/first_iteration.py", "seats = due - reverted[p]", "seats = due + reverted[p]"),
    ("pressure/_bands.py", "(1.0 + level) / 2.0, count - 1) * blocks", "(1.0 + level) / 2.0, count) * blocks"),
    (  # largest size instead of largest remainder
        "simulator/inputs/rounding.py",
        'np.argsort(-(exact - whole), kind="stable")',
        'np.argsort(-exact, kind="stable")',
    ),
    ("loaders/pages.py", '2 * languages.count("fr") > len(languages)', '2 * languages.count("fr") >= len(languages)'),
    ("pressure/_arguments.py", "or value < least", "or value <= least"),
    ("pressure/_arguments.py", "not 0.0 < float(level) < 1.0", "not 0.0 <= float(level) <= 1.0"),
    ("pressure/_bands.py", "blocks.std(axis=0, ddof=1)", "blocks.std(axis=0, ddof=0)"),
)

#: Mutations that no test could catch, by their label, each with its reason. At most one in ten.
EQUIVALENT: dict[str, str] = {}

_COMPARE = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not",
    ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_BINARY = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "*", ast.BitAnd: "|",
    ast.BitOr: "&", ast.BitXor: "|", ast.LShift: ">>", ast.RShift: "<<",
}  # fmt: skip
_CALLS = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "any": "all", "all": "any", "zeros": "ones"}


@dataclass(frozen=True)
class Mutation:
    """One change to one file, as offsets into its text."""

    file: str
    start: int
    end: int
    old: str
    new: str
    line: int

    @property
    def label(self) -> str:
        """File, line and what is changed; a key of `EQUIVALENT`."""
        return f"{self.file}:{self.line} {' '.join(self.old.split())} -> {self.new}"

    def applied(self, text: str) -> str:
        """Return the text of the file with the change."""
        return text[: self.start] + self.new + text[self.end :]


def mutations_of(file: str, text: str) -> list[Mutation]:
    """List every mutation of a file, in the order of its text."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    raw = text.encode()

    def offset(line: int, column: int) -> int:
        return len(raw[: starts[line - 1] + column].decode())

    def span(node: ast.expr) -> tuple[int, int]:
        end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return offset(node.lineno, node.col_offset), offset(*end)

    found: list[Mutation] = []

    def add(start: int, end: int, new: str, line: int) -> None:
        found.append(Mutation(file, start, end, text[start:end], new, line))

    def between(left: ast.expr, right: ast.expr, new: str) -> None:
        """Replace the operator that stands between two expressions."""
        gap, end = span(left)[1], span(right)[0]
        operator = re.search(r"[^\s()\\#]+( (in|not))?", text[gap:end])
        if operator is not None:
            add(gap + operator.start(), gap + operator.end(), new, left.end_lineno or left.lineno)

    for node in _code(ast.parse(text)):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            between(node.left, node.comparators[0], _COMPARE[type(node.ops[0])])
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            between(node.left, node.right, _BINARY[type(node.op)])
        elif isinstance(node, ast.BoolOp):
            between(node.values[0], node.values[1], "or" if isinstance(node.op, ast.And) else "and")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            add(span(node)[0], span(node.operand)[0], "", node.lineno)
        elif isinstance(node, ast.AugAssign) and type(node.op) in _BINARY:
            between(node.target, node.value, _BINARY[type(node.op)] + "=")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            end = span(node.func)[1]
            if name in _CALLS and text[end - len(name) : end] == name:
                add(end - len(name), end, _CALLS[name], node.func.end_lineno or node.lineno)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            new = str(not node.value) if isinstance(node.value, bool) else f"{node.value!r} + 1"
            add(*span(node), f"({new})", node.lineno)
    return sorted({(each.start, each.new): each for each in found}.values(), key=lambda each: (each.start, each.new))


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that decides what runs: no annotation, decorator, message of an error or type-checking block."""
    for field, value in ast.iter_fields(tree):
        if field in {"annotation", "returns", "decorator_list"} or isinstance(tree, ast.Raise | ast.JoinedStr):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST) and not _is_type_checking(node):
                yield node
                yield from _code(node)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def drawn() -> list[Mutation]:
    """Return the mutations of this run: an equal number from each file by the seed, then those named."""
    chosen: list[Mutation] = []
    for target in TARGETS:
        text = (ROOT / "carms_lib" / target.file).read_text(encoding="utf-8")
        every = mutations_of(target.file, text)
        # One generator a file, so that an edit of one file leaves what is drawn from the others as it was.
        of_file = random.Random(f"{SEED} {target.file}").sample(every, min(OF_EACH, len(every)))  # noqa: S311 - no secret
        chosen += sorted(of_file, key=lambda each: each.start)
    for file, old, new in NAMED:
        text = (ROOT / "carms_lib" / file).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise SystemExit(f"{file}: {old!r} stands there {text.count(old)} times, not once; mend NAMED.")
        start = text.index(old)
        chosen.append(Mutation(file, start, start + len(old), old, new, text.count("\n", 0, start) + 1))
    return chosen


class Copy:
    """A copy of the package and its tests, in which one file at a time is another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("carms_lib", "tests"):
            ignored = shutil.ignore_patterns("__pycache__", "benchmarks", "examples")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy2(ROOT / name, folder / name)

    def run(self, target: Target, text: str | None) -> tuple[bool, float]:
        """Run the tests of a target with another text of its file; return whether they failed, and how long it took."""
        path = self.folder / "carms_lib" / target.file
        before = path.stat()
        original = path.read_text(encoding="utf-8")
        began = time.monotonic()
        try:
            if text is not None:
                path.write_text(text, encoding="utf-8")
            return self._fails(target), time.monotonic() - began
        finally:
            path.write_text(original, encoding="utf-8")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # what is compiled stays valid

    def _fails(self, target: Target) -> bool:
        environment = os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTEST_ADDOPTS", None)
        options = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::RuntimeWarning",
            "-m",
            "not slow and not release",
        ]
        if target.interpreted:
            environment["NUMBA_DISABLE_JIT"] = "1"
        tests = [str(self.folder / test) for test in target.tests if (self.folder / test).exists()]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, capture_output=True, timeout=LIMIT, check=False
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return True
        if done.returncode not in {0, 1, 2}:  # passed, failed, or could not even be collected
            raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout.decode()[-2000:]}")
        return done.returncode != 0


def survey(chosen: list[Mutation], workers: int) -> list[tuple[Mutation, bool, float]]:
    """Run the tests of every mutation, and say which were caught and how long it took."""
    with tempfile.TemporaryDirectory() as scratch:
        copies = [Copy(Path(scratch) / str(worker)) for worker in range(workers)]
        for target in {TARGET_OF[each.file] for each in chosen}:
            if copies[0].run(target, None)[0]:
                raise SystemExit(f"The tests of {target.file} fail without any mutation.")

        def part(worker: int) -> list[tuple[Mutation, bool, float]]:
            found = []
            for each in chosen[worker::workers]:
                text = (ROOT / "carms_lib" / each.file).read_text(encoding="utf-8")
                caught, seconds = copies[worker].run(TARGET_OF[each.file], each.applied(text))
                mark = "equivalent" if each.label in EQUIVALENT else "caught" if caught else "SURVIVED"
                print(f"{mark:<10} {seconds:5.0f} s  {each.label}", flush=True)
                found.append((each, caught, seconds))
            return found

        with ThreadPoolExecutor(workers) as pool:
            return [each for found in pool.map(part, range(workers)) for each in found]


def table(results: list[tuple[Mutation, bool, float]]) -> str:
    """Return the count by file as Markdown, with the share that is caught."""
    lines = ["| file | mutations | caught | equivalent |", "| --- | ---: | ---: | ---: |"]
    counted = [each for each, _, _ in results if each.label not in EQUIVALENT]
    caught = {each.label for each, noticed, _ in results if noticed}
    for target in (*TARGETS, *OTHERS):
        own = [each.label for each, _, _ in results if each.file == target.file]
        if own:
            equal = sum(label in EQUIVALENT for label in own)
            noticed = sum(label in caught and label not in EQUIVALENT for label in own)
            lines.append(f"| `{target.file}` | {len(own)} | {noticed} | {equal} |")
    noticed = sum(each.label in caught for each in counted)
    lines += [
        "",
        (
            f"{len(results)} mutations (seed {SEED}), {len(results) - len(counted)} of them equivalent; of the other "
            f"{len(counted)} the tests catch {noticed}: **{noticed / max(len(counted), 1):.0%}**."
        ),
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the mutations asked for; the exit code is 1 where fewer than 95 % are caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a word in the name of the file")
    parser.add_argument("--list", action="store_true", help="print the mutations and run nothing")
    parser.add_argument("--write", action="store_true", help="write the table into CONTRIBUTING.md")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    chosen = [each for each in drawn() if given.only in each.file]
    if given.list:
        print("\n".join(each.label for each in chosen))
        return 0
    results = survey(chosen, given.workers)
    text = table(results)
    print(f"\n{text}")
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
        PAGE.write_text(f"{head}\n{text}\n{tail}", encoding="utf-8", newline="\n")
    missed = [each.label for each, caught, _ in results if not caught and each.label not in EQUIVALENT]
    counted = sum(each.label not in EQUIVALENT for each, _, _ in results)
    return int(len(missed) > 0.05 * counted)


if __name__ == "__main__":
    raise SystemExit(main())
