"""Load on the service of `examples/api`, on PostgreSQL, over the loopback of this machine.

    CARMS_TEST_POSTGRES_URL=postgresql+psycopg://… python tests/benchmarks/service_load.py

Requests arrive at a fixed rate, whether or not those before them were answered, and each is timed from the moment at
which it was due: a server that falls behind cannot hide it. The client runs on the same cores as the server and the
database. A request that is not answered in five seconds has failed, so that a server that cannot keep up ends a run
late by five seconds at most: by default everything takes about a minute. Writes its section of docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import psutil
from _report import write_section
from sqlalchemy import URL, create_engine, make_url

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

OBJECTIVE_RATE, OBJECTIVE_P95 = 20, 0.250  # requests a second; seconds
PATIENCE = 5.0  # seconds after which a request counts as failed
KEY = uuid.uuid4().hex
# What a page, a planner and a script ask, in turn.
MIX = (
    "/programs?province=ON&limit=50",
    "/analytics/match-pressure?by=discipline&limit=25",
    "/programs/27447",
    "/map",
    "/programs/search?q=family%20medicine&limit=20",
    "/analytics/match-pressure?by=province,discipline&province=QC&limit=50",
    "/disciplines?province=BC",
    "/programs?discipline=Psychiatry&eligibility=IMG",
    "/analytics/preferences?by=province&applicant_class=img",
    "/programs?text=rural&limit=20",
)
SCENARIO = {
    "name": "more seats",
    "levers": [{"action": "scale_quota", "value": 1.1, "where": {"province": ["ON"]}}],
    "draws": 1_000,
}


class Run(NamedTuple):
    rate: int
    seconds: np.ndarray  # from due to answered, of those that were answered with 200
    failures: int
    cpu: float  # seconds of the server, per request


@contextmanager
def own_schema(server: URL) -> Iterator[URL]:
    """Make a schema and a role that may only read it, and take both away again."""
    schema, role = f"carms_load_{uuid.uuid4().hex[:8]}", f"carms_load_reader_{uuid.uuid4().hex[:8]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        try:
            owner = server.update_query_dict({"options": f"-c search_path={schema}"})
            fill(owner, role)
            yield owner.set(username=role)
        finally:
            connection.exec_driver_sql("SET client_min_messages = warning")
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
            if connection.exec_driver_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'").first():  # noqa: S608
                connection.exec_driver_sql(f"DROP OWNED BY {role}")
                connection.exec_driver_sql(f"DROP ROLE {role}")
    engine.dispose()


def fill(owner: URL, role: str) -> None:
    import carms_lib as carms
    from examples.api.publish import grant_reader, publish

    publish(owner, carms.load_release(), n_draws=110)
    grant_reader(owner, role)


@contextmanager
def service(database: URL) -> Iterator[tuple[str, psutil.Process]]:
    """Start one process of the service, as its documentation says, with no limit on the rate of a caller."""
    from examples.api.settings import hash_key

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "CARMS_API_DATABASE_URL": database.render_as_string(hide_password=False),
        "CARMS_API_KEYS": json.dumps({"load": hash_key(KEY)}),
        "CARMS_API_RATE": "100000",
        "CARMS_API_BURST": "100000",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "examples.api.app:create_app", "--port", str(port)]
    command += ["--log-config", "examples/api/logging.json", "--no-access-log"]
    running = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                if httpx.get(f"{address}/ready", timeout=30).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            raise SystemExit("the service did not start")
        yield address, psutil.Process(running.pid)
    finally:
        running.kill()  # a scenario that still runs is of no interest any more
        running.wait(timeout=30)


async def load(address: str, process: psutil.Process, rate: int, seconds: float) -> Run:
    """Send requests at a rate for some seconds."""
    answered: list[float] = []
    failures = 0

    async def ask(client: httpx.AsyncClient, path: str, due: float) -> None:
        nonlocal failures
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        try:
            answer = await client.get(path)
        except httpx.TransportError:
            failures += 1
            return
        if answer.status_code == 200:
            answered.append(time.perf_counter() - due)
        else:
            failures += 1

    before = sum(process.cpu_times()[:2])
    count = int(rate * seconds)
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    key = {"X-API-Key": KEY}
    async with httpx.AsyncClient(base_url=address, headers=key, timeout=PATIENCE, limits=limits) as client:
        start = time.perf_counter() + 0.2
        paths = itertools.islice(itertools.cycle(MIX), count)
        await asyncio.gather(*(ask(client, path, start + place / rate) for place, path in enumerate(paths)))
    used = sum(process.cpu_times()[:2]) - before
    return Run(rate, np.array(answered), failures, used / count)


def row(label: str, run: Run) -> str:
    p50, p95, p99 = (1_000 * np.quantile(run.seconds, q) if len(run.seconds) else np.nan for q in (0.50, 0.95, 0.99))
    return (
        f"| {label} | {run.rate} | {len(run.seconds) + run.failures:,} | {run.failures} | {p50:,.0f} | {p95:,.0f} "
        f"| {p99:,.0f} | {1_000 * run.cpu:,.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each run [s]")
    parser.add_argument("--rates", type=int, nargs="+", default=[10, OBJECTIVE_RATE, 40], help="requests a second")
    given = parser.parse_args()
    if OBJECTIVE_RATE not in given.rates:
        parser.error(f"--rates must hold {OBJECTIVE_RATE}, the rate of the objective")
    server = make_url(os.environ["CARMS_TEST_POSTGRES_URL"])
    with own_schema(server) as database, service(database) as (address, process):
        asyncio.run(load(address, process, 5, 2.0))  # fills the caches
        runs = [asyncio.run(load(address, process, rate, given.seconds)) for rate in given.rates]
        httpx.post(f"{address}/scenarios", json=SCENARIO, headers={"X-API-Key": KEY}, timeout=60).raise_for_status()
        busy = asyncio.run(load(address, process, OBJECTIVE_RATE, given.seconds))
    objective = p95_of(next(run for run in runs if run.rate == OBJECTIVE_RATE))
    met = "met" if objective <= OBJECTIVE_P95 else "**missed**"
    intent = (
        f"Objective: at {OBJECTIVE_RATE} requests a second 95 % are answered within {1_000 * OBJECTIVE_P95:.0f} ms and "
        f"none fails. Measured: {1_000 * objective:,.0f} ms, {met}. One process of the service on PostgreSQL, as a "
        f"role that may only read; {len(MIX)} kinds of question in turn; client, service and database share the "
        "machine. Times run from the moment at which a request was due."
    )
    lines = [
        "## The example service under load",
        "",
        intent,
        "",
        "| run | requests/s | requests | failed | p50 [ms] | p95 [ms] | p99 [ms] | CPU of the service/request [ms] |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(row("reads", run) for run in runs),
        row("reads while a scenario runs", busy),
    ]
    section = "\n".join(lines)
    sys.stdout.write(f"{section}\nwritten: {write_section('service-load', section)}\n")


def p95_of(run: Run) -> float:
    """Return the 95th percentile, without end where a request failed."""
    return float("inf") if run.failures else float(np.quantile(run.seconds, 0.95))


if __name__ == "__main__":
    main()
