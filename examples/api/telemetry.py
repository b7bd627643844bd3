"""Request ids, one log line a request, latency histograms and the headers that keep a browser safe."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import MutableMapping
from typing import Any

from examples.api.errors import unforeseen
from prometheus_client import CollectorRegistry, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("examples.api.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Metrics:
    """What `/metrics` shows; each application has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.latency = Histogram(
            "carms_api_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.running = Gauge("carms_api_requests_running", "Requests being answered.", registry=self.registry)
        self.jobs = Gauge("carms_api_jobs", "Scenario jobs, by status.", ("status",), registry=self.registry)


class Telemetry:
    """ASGI middleware around everything, so that a refused or failed request is counted and logged too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status, started_to_answer, started = 500, False, time.perf_counter()

        async def send_marked(message: Message) -> None:
            nonlocal status, started_to_answer
            if message["type"] == "http.response.start":
                status, started_to_answer = message["status"], True
                MutableHeaders(scope=message).update({"X-Request-ID": request_id, **SAFE_HEADERS})
            await send(message)

        with self.metrics.running.track_inprogress():
            try:
                await self.app(scope, receive, send_marked)
            except Exception as error:
                if started_to_answer:
                    raise
                await unforeseen(Request(scope), error)(scope, receive, send_marked)
            finally:
                self._record(scope, request_id, status, time.perf_counter() - started)

    def _record(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.latency.labels(method, route, str(status)).observe(seconds)
        line = {
            "request_id": request_id,
            "caller": scope["state"].get("caller"),
            "method": method,
            "route": route,  # the template, not the path: what somebody searched for is nobody's business
            "status": status,
            "ms": round(1_000 * seconds, 1),
        }
        LOG.info(json.dumps(line))


def _request_id(scope: MutableMapping[str, Any]) -> str:
    """Return the caller's own id where it is a plain one, so that two systems' logs can be joined; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid.uuid4().hex


def _route(scope: MutableMapping[str, Any]) -> str:
    """Return the template of the route: a label must not take as many values as there are programs."""
    return str(getattr(scope.get("route"), "path", "(none)"))
