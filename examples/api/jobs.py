"""Scenario runs in the background: one at a time, a bounded queue, results kept for a while.

Jobs live in this process. A result can be had again by asking again: the same question has the same answer to the last
digit. Where runs must survive a restart, put a queue such as Redis behind `submit` and `get`.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from carms_lib.exceptions import CarmsError
from examples.api.errors import ServiceError
from examples.api.models import Job, ScenarioRequest, ScenarioResult

LOG = logging.getLogger("examples.api.jobs")
OPEN = ("waiting", "running")


class Jobs:
    """Run scenarios one after another; `submit` puts one in line, `get` tells how it stands."""

    def __init__(self, run: Callable[[ScenarioRequest], ScenarioResult], *, waiting: int, kept: int) -> None:
        self._run, self._waiting, self._kept = run, waiting, kept
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="scenario")

    def submit(self, job_id: str, request: ScenarioRequest, release: str) -> Job:
        """Put a scenario in line; one that is there already, or done, is not run again."""
        with self._lock:
            known = self._jobs.get(job_id)
            if known is not None and known.status != "failed":
                return known
            if sum(job.status in OPEN for job in self._jobs.values()) > self._waiting:
                raise ServiceError(
                    429, f"{self._waiting} scenarios are waiting already.", headers={"Retry-After": "10"}
                )
            job = Job(job_id=job_id, status="waiting", request=request, release=release, submitted_at=_now())
            self._keep(job)
            self._worker.submit(self._work, job)
            return job

    def get(self, job_id: str) -> Job:
        with self._lock:
            if job_id not in self._jobs:
                raise ServiceError(404, f"There is no job {job_id}; results are kept for the last {self._kept} only.")
            return self._jobs[job_id]

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are of each status."""
        with self._lock:
            found = Counter(job.status for job in self._jobs.values())
        return {status: found[status] for status in ("waiting", "running", "done", "failed")}

    def close(self) -> None:
        """Let the job that runs end, and drop those that wait."""
        self._worker.shutdown(cancel_futures=True)

    def _work(self, job: Job) -> None:
        job = self._change(job, status="running", started_at=_now())
        try:
            result = self._run(job.request)
        except CarmsError as error:
            self._change(job, status="failed", finished_at=_now(), error=str(error))
        except Exception:
            LOG.exception("job %s failed", job.job_id)
            self._change(job, status="failed", finished_at=_now(), error="The run failed; the log has the cause.")
        else:
            self._change(job, status="done", finished_at=_now(), result=result)

    def _change(self, job: Job, **values: object) -> Job:
        changed = job.model_copy(update=values)
        with self._lock:
            self._keep(changed)
        return changed

    def _keep(self, job: Job) -> None:
        self._jobs[job.job_id] = job
        ended = [job_id for job_id, job in self._jobs.items() if job.status not in OPEN]
        for job_id in ended[: max(0, len(ended) - self._kept)]:
            del self._jobs[job_id]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
