"""Who may call, and how fast: hashed keys compared in constant time, one token bucket for each caller."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Annotated

from examples.api.errors import ServiceError
from examples.api.settings import hash_key
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader

HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The key that the operator gave you.")
_MOST_CALLERS = 10_000  # buckets kept; the one used longest ago goes first


class Limiter:
    """Token buckets: `burst` requests at once, refilled at `rate` a second.

    It counts in this process. With several replicas each lets through its share; put a shared limiter before them
    where the sum matters.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str) -> float:
        """Take a token; return 0, or the seconds after which there will be one."""
        with self._lock:
            now = self._clock()
            tokens, then = self._buckets.pop(caller, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - then) * self._rate)
            wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
            self._buckets[caller] = (tokens if wait else tokens - 1, now)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
            return wait


def require_caller(request: Request, key: Annotated[str | None, Depends(HEADER)] = None) -> str:
    """Return the name of the caller, or refuse. Wrong keys are counted against the address they come from."""
    state = request.app.state
    given = hash_key(key or "")
    caller = None
    for name, digest in state.settings.keys.items():  # all of them, so that the time tells nothing
        if hmac.compare_digest(given, digest):
            caller = name
    address = request.client.host if request.client else "unknown"
    wait = state.limiter.take(f"key {caller}" if caller else f"address {address}")
    if wait:
        raise ServiceError(
            429, f"Too many requests. Try again in {wait:.1f} s.", headers={"Retry-After": str(int(wait) + 1)}
        )
    if caller is None:
        raise ServiceError(
            401, "A valid key is needed in the header X-API-Key.", headers={"WWW-Authenticate": "ApiKey"}
        )
    request.scope["state"]["caller"] = caller
    return caller
