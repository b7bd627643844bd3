"""A process that writes to a warehouse and can be killed; tests run this file.

It loads the library once, then forks for each order it reads from standard input, so that a writer starts at once. An
order is one line of JSON: url, quota (what a third of the programs are changed to), die_at (the number of the statement
before which the writer kills itself; 0 for never). It answers "started <pid>", "statements <number>" if the write came
to its end, and "ended <status>" when the writer is gone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from pathlib import Path

from carms_lib.warehouse import open_warehouse
from sqlalchemy import event

spec = importlib.util.spec_from_file_location("invented", Path(__file__).with_name("invented.py"))
invented = sys.modules["invented"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(invented)
LAYERS = invented.invent(60, texts=True)
CHANGED = LAYERS.silver["program"]["program_stream_id"].isin([str(10_000 + place) for place in range(1, 60, 3)])


def write(order: dict[str, object]) -> None:
    """Write the release with another quota for a third of its programs, all at once."""
    program = LAYERS.silver["program"]
    program = program.assign(quota=program["quota"].mask(CHANGED, order["quota"]))
    layers = invented.rebuild(LAYERS, {**LAYERS.silver, "program": program})
    with open_warehouse(order["url"]) as warehouse:
        if warehouse._engine.dialect.name == "sqlite":  # pages go to the file in the middle of a write, not at its end
            event.listen(
                warehouse._engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA cache_size = 40")
            )
        seen = 0

        def count(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == order["die_at"]:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("before_cursor_execute", "commit", "rollback"):
            event.listen(warehouse._engine, name, count)
        say("started", os.getpid())
        warehouse.write(layers)
        say("statements", seen)


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


with open_warehouse("sqlite://") as warm:  # what is slow the first time is done before the first fork
    warm.upgrade()
    warm.write(LAYERS)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            write(json.loads(line))
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    say("ended", os.waitpid(child, 0)[1])
