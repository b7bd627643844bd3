"""Put the service together: ``uvicorn --factory examples.api.app:create_app``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from examples.api import errors, routes
from examples.api.access import Limiter
from examples.api.jobs import Jobs
from examples.api.models import Problem
from examples.api.service import Service
from examples.api.settings import Settings
from examples.api.telemetry import Metrics, Telemetry
from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

PAGE = Path(__file__).parent / "page"
PROBLEMS = {401: "No valid key", 422: "The request is not understood", 429: "Too fast", 503: "The database is away"}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; without `settings` they are read from the environment."""
    settings = settings or Settings()  # type: ignore[call-arg]
    service, metrics = Service(settings), Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.jobs = Jobs(service.run_scenario, waiting=settings.jobs_waiting, kept=settings.jobs_kept)
        yield
        app.state.jobs.close()
        service.close()

    app = FastAPI(
        title="carms_lib", summary="Programs, match pressure and scenarios.", version="1.0.0", lifespan=lifespan
    )
    app.state.settings, app.state.service = settings, service
    app.state.limiter = Limiter(settings.rate, settings.burst)
    errors.install(app)
    app.include_router(routes.open_to_all, responses=_problems(422, 503))
    app.include_router(routes.with_key, responses=_problems(401, 404, 422, 429, 503))

    @app.get("/metrics", include_in_schema=False)
    def show_metrics() -> Response:
        for status, count in app.state.jobs.counts().items():
            metrics.jobs.labels(status).set(count)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["X-API-Key", "X-Request-ID"],
        )
    app.add_middleware(Telemetry, metrics=metrics)
    app.openapi = lambda: _schema(app)  # type: ignore[method-assign]
    return app


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": PROBLEMS.get(status, "No such thing")} for status in statuses}


def _schema(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; failures are of the media type that they are sent with."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        for path in schema["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {errors.MEDIA_TYPE: response["content"]["application/json"]}
        app.openapi_schema = schema
    return app.openapi_schema
