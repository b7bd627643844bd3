"""Processor time of a test run, by folder, beside a budget.

Belongs here: the measuring, the budget and the table at the end of a run. `conftest.py` registers it. Each test counts
from its set-up to its tear-down, children that it waited for included; a fixture counts for the first test that needs
it. What is left of a process (imports, collection) is a row of its own. Under pytest-xdist workers send their sums.

A run that costs more than its budget says so. With CARMS_TEST_BUDGET=enforce it fails.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

#: Seconds of processor time for each folder; all together 8 minutes. A folder that is not here has none.
BUDGET = {
    "notebooks": 40,
    "start and collection": 40,
    "tests": 20,
    "tests/cli": 15,
    "tests/data": 10,
    "tests/docs": 35,
    "tests/examples": 52,
    "tests/fitting": 30,
    "tests/forecasting": 16,
    "tests/kernels": 20,
    "tests/laws": 40,
    "tests/loaders": 16,
    "tests/matching": 40,
    "tests/memo": 30,
    "tests/mutation": 3,
    "tests/plotting": 7,
    "tests/pressure": 25,
    "tests/quality": 5,
    "tests/schemas": 3,
    "tests/simulator": 18,
    "tests/transforms": 5,
    "tests/warehouse": 10,
}
OTHER = "start and collection"


def processor_time() -> float:
    """Return seconds of this process and of the children that it has waited for."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def folder_of(path: Path, root: Path) -> str:
    """Return the folder of a test, at most two levels deep."""
    try:
        parts = path.resolve().relative_to(root.resolve()).parts[:-1]
    except ValueError:
        return str(path.parent)
    return "/".join(parts[:2]) or "."


def table(spent: dict[str, float], budget: dict[str, int]) -> list[str]:
    """Return lines of text: folder, seconds, budget, and a mark where the budget is exceeded."""
    rows = [(name, spent[name], budget.get(name, 0)) for name in sorted(spent, key=lambda name: -spent[name])]
    rows.append(("all", sum(spent.values()), sum(budget.values())))
    width = max(len(name) for name, _, _ in rows)
    return [
        f"{name:<{width}} | {seconds:7.1f} | {allowed:6}{' | over' if seconds > allowed else ''}"
        for name, seconds, allowed in rows
    ]


def exceeded(spent: dict[str, float], budget: dict[str, int]) -> list[str]:
    """Return the folders that cost more than their budget, and "all" where the sum does."""
    over = [name for name in sorted(spent) if spent[name] > budget.get(name, 0)]
    return [*over, "all"] if sum(spent.values()) > sum(budget.values()) else over


class Budget:
    """The plugin: one in each process of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.spent: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        before = processor_time()
        result = yield
        self.spent[folder_of(item.path, self.config.rootpath)] += processor_time() - before
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        self.spent.update(getattr(node, "workeroutput", {}).get("processor_time", {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if getattr(self.config.option, "numprocesses", None):  # the workers, its children, sent theirs
            self.spent[OTHER] += time.process_time()
        else:
            self.spent[OTHER] += processor_time() - sum(self.spent.values())
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["processor_time"] = dict(self.spent)
            return
        if os.environ.get("CARMS_TEST_BUDGET") == "enforce" and session.exitstatus == 0:
            session.exitstatus = int(bool(exceeded(self.spent, BUDGET)))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("processor time [s] by folder | spent | budget")
        for line in table(self.spent, BUDGET):
            terminalreporter.write_line(line)
        over = exceeded(self.spent, BUDGET)
        if over:
            terminalreporter.write_line(f"OVER BUDGET (tests/budget.py): {', '.join(over)}", yellow=True)
