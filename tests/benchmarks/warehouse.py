"""Measure the warehouse: loading a long history, asking it with and without its indexes, turning its pages.

Run it from the root of the project: ``python tests/benchmarks/warehouse.py --size full``. SQLite is measured in a file
that is removed afterwards; PostgreSQL in a schema of its own on the server that CARMS_TEST_POSTGRES_URL names, which is
removed too. Without that variable only SQLite is measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import re
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

# private: the limit of a page is lifted, to time pages that no caller may ask for
from carms_lib.warehouse import Warehouse, _programs, migration_sql, open_warehouse
from sqlalchemy import create_engine, event, make_url

HERE = Path(__file__).resolve().parent
SIZES = {"small": (3, 200, 5), "default": (10, 5_000, 20), "full": (50, 20_000, 30)}
INDEX_MIGRATIONS = (("0001", "0002"), ("0005", "0006"))
FAST, SEARCHED = 0.150, 0.500  # stated objectives: 95 of 100 answers within [s]
LOADED = 1_000  # stated objective: programs per second


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"carms_benchmark_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


invented = load(HERE.parent / "warehouse" / "invented.py")
report = load(HERE / "_report.py")


@dataclass(frozen=True)
class Asked:
    """One kind of question: how it is asked for the n-th time, its objective, and the index that serves it."""

    name: str
    ask: Callable[[Warehouse, int], Any]
    objective: float
    index: str
    by_migration: bool = False


@dataclass
class Measured:
    """What was measured on one engine."""

    engine: str
    loads: list[tuple[int, float, float, int]] = field(default_factory=list)  # rows, wall [s], CPU [s], peak [MB]
    rewrites: dict[str, float] = field(default_factory=dict)
    size: int = 0
    before: dict[str, np.ndarray] = field(default_factory=dict)
    after: dict[str, np.ndarray] = field(default_factory=dict)
    plans: dict[str, tuple[str, str]] = field(default_factory=dict)
    pages: list[tuple[str, float]] = field(default_factory=list)


def questions(releases: list[str], keys: list[str]) -> list[Asked]:
    """The questions of the public verbs, each over releases, names and places that change from call to call."""
    disciplines = invented.load_reference().discipline["discipline"].tolist()
    schools = invented.load_reference().school["school"].tolist()
    provinces = ("ON", "QC", "AB", "BC", "MB", "NS")

    def at(values: Any, n: int) -> Any:
        return values[n * 7 % len(values)]

    return [
        Asked("page by key", lambda w, n: w.programs(release=at(releases, n), after=at(keys, n)), FAST,
              "uq_program_current"),
        Asked("by discipline", lambda w, n: w.programs(release=at(releases, n), discipline=at(disciplines, n)), FAST,
              "ix_program_current_discipline_key", True),
        Asked("by school", lambda w, n: w.programs(release=at(releases, n), school=at(schools, n)), FAST,
              "ix_program_current_school_key", True),
        Asked("by eligibility", lambda w, n: w.programs(release=at(releases, n), eligibility="MOTP"), FAST,
              "ix_program_current_stream_key", True),
        Asked("three filters", lambda w, n: w.programs(
            release=at(releases, n), province=at(provinces, n), discipline=at(disciplines, n), eligibility="IMG"), FAST,
              "ix_program_current_discipline_key", True),
        Asked("as of a moment", lambda w, n: w.programs(
            release=at(releases, n), as_of="2100-01-01", after=at(keys, n)), FAST,
              "uq_program_release_id_program_stream_id_valid_from"),
        Asked("history", lambda w, n: w.history(at(keys, n)), FAST, "ix_program_history", True),
        Asked("filter by text", lambda w, n: w.programs(release=at(releases, n), text="psychiatry queen"), SEARCHED,
              "ix_search_document_release", True),
        Asked("search", lambda w, n: w.search(at(("psychiatrie", "rural", "quebec", "queen"), n),
              release=at(releases, n)), SEARCHED, "ix_search_document_release", True),
    ]  # fmt: skip


# --- measuring -------------------------------------------------------------------------------------------


def timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def load_history(warehouse: Warehouse, measured: Measured, n_releases: int, n_programs: int) -> None:
    """Write one release after another; each is made, written and forgotten."""
    for place in range(n_releases):
        layers = invented.invent.__wrapped__(n_programs, release_id=str(9_001 + place), cycle=1_951 + place)
        cpu = time.process_time()
        wall = timed(lambda layers=layers: warehouse.write(layers))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
        measured.loads.append(((place + 1) * n_programs, wall, time.process_time() - cpu, peak))
    measured.rewrites["unchanged"] = timed(lambda: warehouse.write(layers))
    keys = layers.silver["program"]["program_stream_id"]
    program = layers.silver["program"].assign(quota=layers.silver["program"]["quota"].mask(keys.str.endswith("00"), 99))
    changed = invented.rebuild(layers, {**layers.silver, "program": program})
    measured.rewrites["one program in a hundred changed"] = timed(lambda: warehouse.write(changed))


def indexes_of_migrations(dialect: str) -> dict[str, str]:
    """The statements that make the indexes, from the migrations themselves."""
    sql = "\n".join(migration_sql(dialect, start=before, end=after) for before, after in INDEX_MIGRATIONS)
    return {found[1]: found[0] for found in re.finditer(r"CREATE INDEX (\w+) [^;]+", sql)}


def run_all(warehouse: Warehouse, *statements: str) -> None:
    options = {"isolation_level": "AUTOCOMMIT"} if warehouse._engine.dialect.name == "postgresql" else {}
    with warehouse._engine.connect().execution_options(carms_writes=True, **options) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


@contextmanager
def last_statement(warehouse: Warehouse) -> Iterator[list[Any]]:
    seen: list[Any] = [None, None]

    def keep(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        seen[:] = statement, parameters

    event.listen(warehouse._engine, "before_cursor_execute", keep)
    yield seen
    event.remove(warehouse._engine, "before_cursor_execute", keep)


def plan(warehouse: Warehouse, asked: Asked) -> str:
    """The lines of the engine's plan that touch programs or texts, and its own timing."""
    with last_statement(warehouse) as seen:
        asked.ask(warehouse, 3)
    statement, parameters = seen
    with warehouse._engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
            lines = [str(row[-1]) for row in rows if re.search(r"(program|search_\w+)\b.*INDEX|TEMP", str(row[-1]))]
            return "\n".join(line for line in lines if "section" not in line)
        rows = connection.exec_driver_sql("EXPLAIN (ANALYZE, BUFFERS) " + statement, parameters)
        return "\n".join(telling([row[0] for row in rows]))


def telling(lines: list[str]) -> list[str]:
    """Of a plan of PostgreSQL: each scan of programs and texts with what belongs to it, sorts, and the times."""
    kept: list[str] = []
    depth = None
    for line in lines:
        indent = len(line) - len(line.lstrip(" >-"))
        if "->" in line or line.startswith((" Planning", "Planning", "Execution")):
            wanted = re.search(r"Scan.* (on|using) .*(program|search_document)|Sort  |BitmapAnd", line)
            depth = indent if wanted else None
            if wanted or line.startswith(("Planning Time", "Execution Time")):
                kept.append(line.strip())
        elif depth is not None and re.search(r"Index Cond|Filter:|Rows Removed|Buffers", line):
            kept.append("  " + line.strip())
    return [re.sub(r"\(cost=\S+ rows=\d+ width=\d+\) ", "", line)[:170] for line in kept]


def ask_all(warehouse: Warehouse, asked: list[Asked], n_calls: int) -> dict[str, np.ndarray]:
    found = {}
    for each in asked:
        each.ask(warehouse, 0)  # connect, compile
        found[each.name] = np.array([timed(lambda e=each, n=n: e.ask(warehouse, n)) for n in range(1, n_calls + 1)])
    return found


def turn_pages(warehouse: Warehouse, release: str, n_programs: int) -> list[tuple[str, float]]:
    """The page at a depth, by key and by OFFSET; and pages of other sizes, the cap lifted for once."""
    head = "SELECT program_stream_id, quota FROM program WHERE valid_to IS NULL AND release_id = '{}'"
    head = head.format(release)
    found = []

    def median(statement: str) -> float:
        def ask() -> None:
            with warehouse._engine.connect() as connection:
                connection.exec_driver_sql(statement).all()

        ask()
        return float(np.median([timed(ask) for _ in range(9)]))

    for depth in (0, n_programs // 2, n_programs - 50):
        key = 10_000 + depth
        by_key = f"{head} AND program_stream_id > '{key}' ORDER BY program_stream_id LIMIT 50"
        by_offset = f"{head} ORDER BY program_stream_id LIMIT 50 OFFSET {depth}"
        found.append((f"50 rows after {depth:,}, by key", median(by_key)))
        found.append((f"50 rows after {depth:,}, by OFFSET", median(by_offset)))
    cap, _programs.MAX_LIMIT = _programs.MAX_LIMIT, n_programs
    try:
        for limit in sorted({50, min(1_000, n_programs), n_programs}):
            seconds = [timed(lambda n=limit: warehouse.programs(release=release, limit=n)) for _ in range(4)]
            found.append((f"programs(limit={limit:,})", float(np.median(seconds))))
    finally:
        _programs.MAX_LIMIT = cap
    return found


def measure(engine: str, url: str, n_releases: int, n_programs: int, n_calls: int) -> Measured:
    """Measure one engine from an empty database to the last page."""
    measured = Measured(engine)
    with open_warehouse(url, statement_timeout=600) as warehouse:
        warehouse.upgrade()
        load_history(warehouse, measured, n_releases, n_programs)
        settle = ["VACUUM (ANALYZE)"] if engine == "PostgreSQL" else []
        run_all(warehouse, *settle)
        measured.size = size_of(warehouse)
        keys = [str(10_001 + place) for place in range(0, n_programs, max(1, n_programs // 97))]
        asked = questions([str(9_001 + place) for place in range(n_releases)], keys)
        indexes = indexes_of_migrations(warehouse._engine.dialect.name)
        run_all(warehouse, *(f"DROP INDEX {name}" for name in indexes))
        measured.before = ask_all(warehouse, asked, max(3, n_calls // 3))
        before = {each.name: plan(warehouse, each) for each in asked}
        run_all(warehouse, *indexes.values(), *settle)
        measured.after = ask_all(warehouse, asked, n_calls)
        measured.plans = {each.name: (before[each.name], plan(warehouse, each)) for each in asked}
        measured.pages = turn_pages(warehouse, "9001", n_programs)
        warehouse.check()
    return measured


def size_of(warehouse: Warehouse) -> int:
    """Bytes of the database."""
    with warehouse._engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            pages, size = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
            )
            return pages * size
        sizes = "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace ="
        return int(connection.exec_driver_sql(f"{sizes} current_schema()::regnamespace").scalar_one())


@contextmanager
def database(engine: str) -> Iterator[str]:
    """An empty database of either kind, removed in the end."""
    if engine == "SQLite":
        with tempfile.TemporaryDirectory(prefix="carms_benchmark_") as folder:
            yield f"sqlite:///{folder}/carms.db"
        return
    server, schema = make_url(os.environ["CARMS_TEST_POSTGRES_URL"]), f"carms_benchmark_{uuid.uuid4().hex[:8]}"
    control = create_engine(server, isolation_level="AUTOCOMMIT")
    with control.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        yield server.update_query_dict({"options": f"-c search_path={schema}"}).render_as_string(hide_password=False)
    finally:
        with control.connect() as connection:
            connection.exec_driver_sql("SET client_min_messages = warning")
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        control.dispose()


# --- telling ---------------------------------------------------------------------------------------------


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}" if seconds < 0.1 else f"{seconds * 1e3:,.0f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def uses(measured: Measured, each: Asked) -> bool:
    """Whether the plan with indexes names the index; SQLite calls that of a unique constraint by a number."""
    after = measured.plans[each.name][1]
    if measured.engine == "SQLite" and each.index == "ix_search_document_release":
        return (
            "search_index VIRTUAL TABLE INDEX 0:M1><" in after
        )  # it gives the span of keys, asked for one step before
    if measured.engine == "SQLite" and each.index == "uq_program_release_id_program_stream_id_valid_from":
        return "sqlite_autoindex_program_1" in after
    return each.index in after


def tell(all_measured: list[Measured], n_releases: int, n_programs: int, seconds: float) -> str:
    """The section of the page."""
    n_rows = n_releases * n_programs
    history = (
        f"A synthetic history of {n_releases} releases of {n_programs:,} programs each: {n_rows:,} versions of "
        f"programs, with {3 * n_rows:,} sections, {n_rows:,} interview days, {n_rows // 2:,} examinations and "
        f"{n_rows:,} texts to search. Made by `tests/benchmarks/warehouse.py` in {seconds:,.0f} s, each engine from "
        "empty to removed."
    )
    loading = (
        "Each release is written in one transaction: validated, hashed, compared, and copied in batches. Times of the "
        "first and last fifth of the releases, as medians per release."
    )
    parts = ["## The warehouse", history, "### Loading", loading]
    rows = []
    for m in all_measured:
        wall, cpu = (np.array([load[place] for load in m.loads]) for place in (1, 2))
        fifth = max(1, len(wall) // 5)
        first, last = np.median(wall[:fifth]), np.median(wall[-fifth:])
        peaks = [load[3] for load in m.loads]
        rows.append([
            m.engine, f"{n_rows / wall.sum():,.0f}", f"{first:.2f}", f"{last:.2f}", f"{last / first:.2f}",
            f"{np.median(cpu[-fifth:]) / np.median(cpu[:fifth]):.2f}",
            f"{peaks[min(4, len(peaks) - 1)]:,}", f"{peaks[-1]:,}", f"{m.size / 2**20:,.0f}",
        ])  # fmt: skip
    head = ["engine", "programs/s", "first [s]", "last [s]", "last ÷ first", "same, CPU", "peak memory after 5 [MB]",
            "at the end [MB]", "database [MB]"]  # fmt: skip
    parts += [table(head, rows)]
    grows = all(float(row[5]) < 1.5 for row in rows)
    bounded = all(m.loads[-1][3] < 1.25 * m.loads[min(4, len(m.loads) - 1)][3] for m in all_measured)
    growth = (
        f"The time per release {'stays the same' if grows else 'GROWS'} while the history grows {n_releases}-fold, so "
        f"the load as a whole is {'linear' if grows else 'NOT linear'}; memory is "
        f"{'bounded' if bounded else 'NOT bounded'} by one release. (The engines are measured one after the other in "
        "one process, so that the second begins at the peak of the first.)"
    )
    again = "; ".join(
        f"{m.engine} " + ", ".join(f"{what} {took:.2f} s" for what, took in m.rewrites.items()) for m in all_measured
    )
    asking = (
        "The same questions without and with the indexes that migrations 0002 and 0006 make; each call asks for "
        "another release, name or place. Milliseconds from the call of the public verb to the typed frame. "
        "Objective: 95 of 100 answers within the time stated."
    )
    parts += [
        growth,
        f"Writing the last release again: {again}.",
        "### Questions, before and after the index migrations",
        asking,
    ]
    for m in all_measured:
        asked = questions(["9001"], ["10001"])
        rows = []
        for each in asked:
            before, after = m.before[each.name], m.after[each.name]
            p95 = np.quantile(after, 0.95)
            rows.append([
                each.name, ms(np.median(before)), ms(np.quantile(before, 0.95)), ms(np.median(after)), ms(p95),
                ms(each.objective), "met" if p95 <= each.objective else "**not met**",
                f"`{each.index}`" if uses(m, each) else f"not `{each.index}`",
            ])  # fmt: skip
        head = ["question", "before p50", "before p95", "after p50", "after p95", "objective", "", "index in the plan"]
        parts += [f"**{m.engine}**", table(head, rows)]
    by_index: dict[str, list[str]] = {}
    for m, each in itertools.product(all_measured, questions(["9001"], ["10001"])):
        if uses(m, each):
            by_index.setdefault(each.index, []).append(f"{m.engine}: {each.name}")
    wanted = {each.index for each in questions(["9001"], ["10001"])}
    idle = sorted(wanted - set(by_index))
    parts.append(
        "Every index that a migration makes for questions is used by one of them."
        if not idle
        else f"Not used by any question at this size: {', '.join(f'`{name}`' for name in idle)}."
    )
    total = all(n_rows / sum(load[1] for load in m.loads) >= LOADED for m in all_measured)
    parts.append(f"Objective for loading: {LOADED:,} programs per second, {'met' if total else '**not met**'}.")
    capped = (
        "A page by key costs the same at any depth. By OFFSET the engine reads and throws away every row before it. "
        "And an answer without a cap costs time and memory for rows that nobody reads: `limit` is at most 1,000."
    )
    parts += ["### Why pages are capped and cut by key", capped]
    names = [name for name, _ in all_measured[0].pages]
    rows = [[name, *(ms(dict(m.pages)[name]) for m in all_measured)] for name in names]
    parts.append(table(["page", *(f"{m.engine} [ms]" for m in all_measured)], rows))
    parts.append("### Plans")
    for m in all_measured:
        shown = []
        for each in questions(["9001"], ["10001"]):
            before, after = m.plans[each.name]
            if each.by_migration:
                shown.append(f"-- {each.name}, before\n{before}\n-- {each.name}, after\n{after}")
            else:
                shown.append(f"-- {each.name}\n{after}")
        what = "EXPLAIN (ANALYZE, BUFFERS)" if m.engine == "PostgreSQL" else "EXPLAIN QUERY PLAN"
        parts.append(
            f"{m.engine}, `{what}`; lines on programs and texts only.\n\n```text\n" + "\n\n".join(shown) + "\n```"
        )
    return "\n\n".join(parts)


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="default")
    parser.add_argument("--page", type=Path, default=report.PAGE, help="the page to write to")
    given = parser.parse_args(arguments)
    n_releases, n_programs, n_calls = SIZES[given.size]
    engines = ["SQLite", *(["PostgreSQL"] if os.environ.get("CARMS_TEST_POSTGRES_URL") else [])]
    start = time.perf_counter()
    all_measured = []
    for engine in engines:
        with database(engine) as url:
            all_measured.append(measure(engine, url, n_releases, n_programs, n_calls))
    section = tell(all_measured, n_releases, n_programs, time.perf_counter() - start)
    report.write_section("warehouse", section, page=given.page)


if __name__ == "__main__":
    main()
