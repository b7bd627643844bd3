"""Change the heart of the library in small ways, and count which changes the tests notice.

    python tests/mutation/mutate.py                 # all of them
    python tests/mutation/mutate.py --only levers   # those whose file's name holds a word
    python tests/mutation/mutate.py --list          # print them and run nothing

Mutations are drawn by a fixed seed over the files of `TARGETS`, an equal number from each. `NAMED` are made besides:
changes that survived once. A mutation is caught when a test of its file fails. One that cannot be told from the
original is listed in `EQUIVALENT` with its reason. `--write` puts the table that is printed into CONTRIBUTING.md.

Kernels run interpreted (NUMBA_DISABLE_JIT): a mutation costs no compilation, and a compiled kernel that calls a mutated
one cannot hide the change, which numba does not see. Only `lanes`, which writes instructions, is compiled, by its own
tests and for them alone. The tests of a mutation run in a child that is forked when everything but the package has been
imported, which no system but Linux and macOS has; one that takes three times as long as without a mutation is caught.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import math
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED = 16
OF_EACH = 4
LONGEST = 300  # seconds of processor time for the tests of one target
PAGE = ROOT / "CONTRIBUTING.md"
#: What the package and its tests import: imported once, before the first child is forked.
IMPORTED = (
    "hypothesis.strategies", "matplotlib.pyplot", "numba", "openpyxl", "pandas", "pandera", "pytest", "scipy.stats",
    "statsmodels.api",
)  # fmt: skip
BEGIN, END = "<!-- mutations: begin -->", "<!-- mutations: end -->"


@dataclass(frozen=True)
class Target:
    """A file, the tests that should notice a change to it, and whether its kernels run interpreted."""

    file: str
    tests: tuple[str, ...]
    interpreted: bool = True

    @property
    def run_alike(self) -> tuple[tuple[str, ...], bool]:
        """What targets have in common that run the same tests in the same way."""
        return self.tests, self.interpreted


def _tests(folder: str, *names: str) -> tuple[str, ...]:
    """Name the files of tests, the most telling first."""
    return tuple(f"tests/{folder}/test_{name}.py" for name in names)


NUMBERS = _tests("kernels", "noise", "variates")
MATCHING = _tests("matching", "kernels", "chains", "restart")
COUPLES = tuple(
    f"tests/simulator/test_couples.py::test_{name}"
    for name in (
        "a_market_without_a_stable_matching_is_said_to_be_blocked",
        "it_does_so_in_larger_markets_and_where_priorities_are_equal",
        "what_comes_to_rest_is_stable_by_another_checker",
        "what_a_program_read_of_its_applications_serves_the_next_match_of_the_same_lists",
        "the_first_of_the_best_orders_is_kept",
    )
)
STEPS = _tests("simulator", "draw_by_hand", "draw")
DRAW = _tests("simulator", "disciplines", "draw", "draw_by_hand", "wishes_by_hand")
LEVERS = _tests("simulator", "levers", "scenario")
MARKET = (
    *(
        f"tests/simulator/test_market.py::test_{name}"
        for name in (
            "a_market_names_the_release_of_its_table",
            "a_school_that_the_cohort_does_not_know_has_no_number",
            "a_discipline_without_tastes_of_schools_is_wanted_alike_everywhere",
            "seats_revert_to_the_first_program_too_when_a_program_is_added",
        )
    ),
    *LEVERS,
)
RULES = _tests("simulator", "levers", "draw_by_hand")
ARGUMENTS = _tests("pressure", "by_hand", "arguments")
METRICS = _tests("pressure", "by_hand", "metrics")
TABLES = _tests("transforms", "values", "silver", "gold", "build")
TARGETS = (
    Target("kernels/noise.py", NUMBERS),
    Target("kernels/variates.py", NUMBERS),
    Target("kernels/lanes.py", _tests("kernels", "lanes"), interpreted=False),
    Target("matching/scored/deferred_acceptance.py", MATCHING),
    Target("matching/scored/heaps.py", (*MATCHING[:1], *COUPLES)),
    Target("matching/scored/vacancy_chains.py", MATCHING),
    Target("matching/scored/blocking.py", (*COUPLES, *_tests("matching", "couples_kernels"))),
    Target("simulator/draw/participation.py", STEPS),
    Target("simulator/draw/disciplines.py", DRAW),
    Target("simulator/draw/wishes.py", DRAW),
    Target("simulator/draw/interviews.py", DRAW),
    Target("simulator/draw/first_iteration.py", (*STEPS, *COUPLES[-1:])),
    Target("simulator/draw/second_iteration.py", STEPS),
    Target("simulator/draw/whole_seats.py", (*_tests("laws", "seats"), *STEPS)),
    Target("simulator/inputs/rounding.py", (*_tests("simulator", "rounding"), *RULES)),
    Target("simulator/inputs/rules.py", RULES),
    Target("simulator/inputs/levers.py", LEVERS),
    Target("simulator/inputs/market.py", MARKET),
    Target("pressure/_arguments.py", ARGUMENTS),
    Target("pressure/_counts.py", METRICS),
    Target("pressure/_bands.py", (*METRICS, *_tests("laws", "bands"))),
    Target("pressure/_band_ends.py", (*METRICS, *_tests("laws", "bands"))),
    Target("transforms/values.py", TABLES),
    Target("transforms/_silver_tables.py", TABLES),
    Target("transforms/_gold.py", TABLES),
)
# Files in which only mutations of `NAMED` are made.
OTHERS = (Target("loaders/pages.py", _tests("loaders", "pages")),)
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
    ("simulator/draw/first_iteration.py", "more = due - reverted[p]", "more = due + reverted[p]"),
    ("pressure/_band_ends.py", "tails_of(level)[1], count - 1) * blocks", "tails_of(level)[1], count) * blocks"),
    (  # largest size instead of largest remainder
        "simulator/inputs/rounding.py",
        'np.argsort(-(exact - whole), kind="stable")',
        'np.argsort(-exact, kind="stable")',
    ),
    ("loaders/pages.py", '2 * languages.count("fr") > len(languages)', '2 * languages.count("fr") >= len(languages)'),
    ("pressure/_arguments.py", "or value < least", "or value <= least"),
    ("pressure/_arguments.py", "not 0.0 < float(level) < 1.0", "not 0.0 <= float(level) <= 1.0"),
    ("pressure/_band_ends.py", "blocks.std(axis=0, ddof=1)", "blocks.std(axis=0, ddof=0)"),
)

#: Mutations that no test could catch, by their label, each with its reason. At most one in ten.
EQUIVALENT: dict[str, str] = {
    "matching/scored/blocking.py: for option in range(start + first, start + better):: + -> -": "it looks at pairs "
    "before the first that has the entry, and they do not have it",
    "simulator/draw/second_iteration.py: if found < 0:: < -> <=": "it is not 0 there: who finds no program is passed "
    "over above",
    "simulator/draw/second_iteration.py: weight = total_weight(space.field, 0, found): 0 -> (0 + 1)": "the weight "
    "tells when a race is cut short at first, which changes how long it takes and not who arrives",
    "simulator/draw/whole_seats.py: if now < _NEARLY or now > 1.0 - _NEARLY:: > -> >=": "no sum of shares is that near "
    "to one to the last bit",
    "simulator/draw/whole_seats.py: depth_of[node] = -1: 1 -> (1 + 1)": "any negative depth says that a place is not "
    "on the path",
    "simulator/inputs/rounding.py: whole: np.ndarray = np.floor(exact + _NEARLY).astype(np.int64): + -> -": "a share "
    "that is whole or nearly is then rounded down by one, has the largest remainder, and is the first to get one back",
}

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
    line: str  # that the change begins in, without its indent
    place: int = 1  # among the equal changes to lines that read alike

    @property
    def label(self) -> str:
        """File, line and what is changed, whatever is written above or below it; a key of `EQUIVALENT`."""
        place = f" ({self.place})" if self.place > 1 else ""
        return f"{self.file}: {self.line}: {self.old or 'nothing'} -> {self.new or 'nothing'}{place}"

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

    def add(start: int, end: int, new: str) -> None:
        found.append(Mutation(file, start, end, text[start:end], new, _line(text, start)))

    def between(left: ast.expr, right: ast.expr, new: str) -> None:
        """Replace the operator that stands between two expressions."""
        gap, end = span(left)[1], span(right)[0]
        operator = re.search(r"[^\s()\\#]+( (in|not))?", text[gap:end])
        if operator is not None:
            add(gap + operator.start(), gap + operator.end(), new)

    for node in _code(ast.parse(text)):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            between(node.left, node.comparators[0], _COMPARE[type(node.ops[0])])
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            between(node.left, node.right, _BINARY[type(node.op)])
        elif isinstance(node, ast.BoolOp):
            between(node.values[0], node.values[1], "or" if isinstance(node.op, ast.And) else "and")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            add(span(node)[0], span(node.operand)[0], "")
        elif isinstance(node, ast.AugAssign) and type(node.op) in _BINARY:
            between(node.target, node.value, _BINARY[type(node.op)] + "=")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            end = span(node.func)[1]
            if name in _CALLS and text[end - len(name) : end] == name:
                add(end - len(name), end, _CALLS[name])
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            new = str(not node.value) if isinstance(node.value, bool) else f"{node.value!r} + 1"
            add(*span(node), f"({new})")
    alike: Counter[str] = Counter()
    numbered = []
    for each in sorted(
        {(each.start, each.new): each for each in found}.values(), key=lambda each: (each.start, each.new)
    ):
        alike[each.label] += 1
        numbered.append(replace(each, place=alike[each.label]))
    return numbered


def _line(text: str, at: int) -> str:
    """Return the line that a place of a text is in."""
    return text[text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()


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
        chosen.append(Mutation(file, start, start + len(old), old, new, _line(text, start)))
    gone = EQUIVALENT.keys() - {each.label for each in chosen}
    if gone:
        raise ValueError(f"EQUIVALENT holds what is not drawn: {sorted(gone)}")
    return chosen


@dataclass(frozen=True)
class Job:
    """The tests of a target, with another text of its file or its own, and their limit in seconds of processor time."""

    target: Target
    text: str | None = None
    limit: float = LONGEST


class Copy:
    """A copy of the package and its tests, in which one file at a time is another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "benchmarks")
        for name in ("carms_lib", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        shutil.copy2(ROOT / "pyproject.toml", folder / "pyproject.toml")

    def begin(self, job: Job) -> int:
        """Write the text of a job and run its tests in a child of this process, whose number is returned."""
        if job.text is not None:
            (self.folder / "carms_lib" / job.target.file).write_text(job.text, encoding="utf-8")
        child = os.fork()
        if child == 0:
            try:
                code = self._test(job)
            except BaseException:  # noqa: BLE001 - a child ends here, whatever happens
                (self.folder / "log.txt").write_text(traceback.format_exc(), encoding="utf-8")
                code = 70
            os._exit(code)
        return child

    def _test(self, job: Job) -> int:
        import numba
        import pytest

        log = os.open(self.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(job.limit), math.ceil(job.limit) + 5))
        os.environ.pop("PYTEST_ADDOPTS", None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        os.chdir(self.folder)
        sys.path[:0] = [str(self.folder)]
        numba.config.DISABLE_JIT = job.target.interpreted
        # numpy reports of interpreted kernels that a hash wraps around, and pytest of plugins that they are imported.
        ignored = ["-W", "ignore::RuntimeWarning", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        plugins = ["-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "--hypothesis-seed=0"]
        options = ["-x", "-q", *plugins, *ignored, "-m"]
        return int(pytest.main([*options, "not slow and not release and not postgres", *job.target.tests]))

    def end(self, job: Job, code: int) -> bool:
        """Put the file back, and tell whether the tests failed."""
        if job.text is not None:
            shutil.copy2(ROOT / "carms_lib" / job.target.file, self.folder / "carms_lib" / job.target.file)
        # Passed, failed, could not even be collected, or was ended by a signal: out of time, or beyond an array.
        if code > 2:
            raise SystemExit(f"pytest ended with {code}:\n{(self.folder / 'log.txt').read_text()[-2000:]}")
        return code != 0


def run_all(jobs: Sequence[Job], copies: Sequence[Copy], tell: Callable[[int, bool, float], None]) -> list[bool]:
    """Run the tests of each job, one in each copy at a time; return which failed.

    `tell` is called as each comes to its end: its number, whether it failed, and seconds of processor time.
    """
    idle, waiting, running = list(copies), list(range(len(jobs))), {}
    failed = [False] * len(jobs)
    while waiting or running:
        if waiting and idle:
            number, copy = waiting.pop(0), idle.pop()
            running[copy.begin(jobs[number])] = number, copy
            continue
        child, status, used = os.wait4(-1, 0)
        number, copy = running.pop(child)
        failed[number] = copy.end(jobs[number], os.waitstatus_to_exitcode(status))
        idle.append(copy)
        tell(number, failed[number], used.ru_utime + used.ru_stime)
    return failed


def survey(chosen: list[Mutation], workers: int) -> list[tuple[Mutation, bool]]:
    """Run the tests of every mutation, and say which were caught."""
    for name in IMPORTED:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as scratch:
        copies = [Copy(Path(scratch) / str(worker)) for worker in range(workers)]
        alike = list({TARGET_OF[each.file].run_alike: TARGET_OF[each.file] for each in chosen}.values())
        usual: dict[object, float] = {}

        def unchanged(number: int, failed: bool, seconds: float) -> None:
            if failed:
                raise SystemExit(f"The tests of {alike[number].file} fail without any mutation.")
            usual[alike[number].run_alike] = seconds
            print(f"unchanged  {seconds:5.1f} s  {alike[number].file}", flush=True)

        def mutated(number: int, failed: bool, seconds: float) -> None:
            label = chosen[number].label
            mark = "equivalent" if label in EQUIVALENT else "caught" if failed else "SURVIVED"
            print(f"{mark:<10} {seconds:5.1f} s  {label}", flush=True)

        run_all([Job(target) for target in alike], copies, unchanged)
        jobs = []
        for each in chosen:
            target, text = TARGET_OF[each.file], (ROOT / "carms_lib" / each.file).read_text(encoding="utf-8")
            jobs.append(Job(target, each.applied(text), 10 + 3 * usual[target.run_alike]))
        return list(zip(chosen, run_all(jobs, copies, mutated), strict=True))


def table(results: list[tuple[Mutation, bool]]) -> str:
    """Return the count by file as Markdown, with the share that is caught."""
    lines = ["| file | mutations | caught | equivalent |", "| --- | ---: | ---: | ---: |"]
    counted = [(each, caught) for each, caught in results if each.label not in EQUIVALENT]
    for target in TARGET_OF.values():
        own = [each for each, _ in results if each.file == target.file]
        if own:
            noticed = sum(caught for each, caught in counted if each.file == target.file)
            equal = sum(each.label in EQUIVALENT for each in own)
            lines.append(f"| `{target.file}` | {len(own)} | {noticed} | {equal or ''} |")
    noticed = sum(caught for _, caught in counted)
    lines += [
        "",
        (
            f"{len(results)} mutations, {len(results) - len(counted)} of them equivalent; of the other {len(counted)} "
            f"the tests catch {noticed}: **{noticed / max(len(counted), 1):.0%}**."
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
    if given.write and given.only:
        parser.error("--write takes all mutations: leave out --only.")
    chosen = [each for each in drawn() if given.only in each.file]
    if given.list:
        print("\n".join(each.label for each in chosen))
        return 0
    began = time.monotonic()
    results = survey(chosen, given.workers)
    text = table(results)
    print(f"\n{text}\n\n{(time.monotonic() - began) / 60:.0f} minutes with {given.workers} at a time")
    told_apart = [each.label for each, caught in results if caught and each.label in EQUIVALENT]
    if told_apart:
        raise SystemExit(f"EQUIVALENT holds what a test catches: {told_apart}")
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
        PAGE.write_text(f"{head}\n{text}\n{tail}", encoding="utf-8", newline="\n")
    counted = [caught for each, caught in results if each.label not in EQUIVALENT]
    return int(sum(counted) < 0.95 * len(counted))


if __name__ == "__main__":
    raise SystemExit(main())
