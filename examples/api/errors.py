"""Every failure leaves as one kind of answer: application/problem+json with the id of the request."""

from __future__ import annotations

import logging
from http import HTTPStatus

from carms_lib.exceptions import (
    ArgumentError,
    CarmsError,
    MarketError,
    MigrationError,
    ScenarioError,
    UnknownNameError,
    WarehouseUnavailableError,
)
from examples.api.models import Problem
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

LOG = logging.getLogger("examples.api")
MEDIA_TYPE = "application/problem+json"
# Which of the library's errors are the caller's, and which are ours; the first that fits counts.
STATUS = (
    (UnknownNameError, 422),
    (ArgumentError, 422),
    (ScenarioError, 422),
    (MarketError, 503),
    (MigrationError, 503),
    (WarehouseUnavailableError, 503),
)


class ServiceError(Exception):
    """A failure that the service itself finds: no such thing, no key, too fast, too busy."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def install(app: FastAPI) -> None:
    """Let every error of `app` be answered with a problem."""
    app.add_exception_handler(ServiceError, _service)
    app.add_exception_handler(CarmsError, _library)
    app.add_exception_handler(RequestValidationError, _request)
    app.add_exception_handler(HTTPException, _http)


def problem(
    request: Request, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: list[str]
) -> JSONResponse:
    request_id = request.scope.get("state", {}).get("request_id", "")
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request_id, **more)
    return JSONResponse(body.model_dump(), status, headers, MEDIA_TYPE)


def _service(request: Request, error: ServiceError) -> JSONResponse:
    return problem(request, error.status, error.detail, headers=error.headers)


def _library(request: Request, error: CarmsError) -> JSONResponse:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return unforeseen(request, error)
    if status == 503:
        LOG.warning("not available: %s", error)
        detail = "The warehouse cannot answer now. Try again shortly."  # its message names servers and users
        return problem(request, status, detail, headers={"Retry-After": "5"})
    return problem(request, status, str(error), suggestions=list(getattr(error, "suggestions", ())))


def _request(request: Request, error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    fields = [".".join(str(part) for part in one["loc"]) for one in found]
    said = "; ".join(f"{field}: {one['msg']}" for field, one in zip(fields[:5], found[:5], strict=True))
    return problem(request, 422, said, fields=fields[:20])


def _http(request: Request, error: HTTPException) -> JSONResponse:
    return problem(request, error.status_code, error.detail, headers=dict(error.headers or {}))


def unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Answer what nobody foresaw; the log has it, the answer tells nothing of the inside."""
    LOG.error("request failed", exc_info=error)
    return problem(request, 500, "The service failed. The id of this request leads to the cause in its log.")
