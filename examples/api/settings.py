"""What an operator sets, read from the environment: CARMS_API_DATABASE_URL, CARMS_API_KEYS and so on."""

from __future__ import annotations

import hashlib

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting has a safe default, except the two that no default can know."""

    model_config = SettingsConfigDict(env_prefix="CARMS_API_", frozen=True)

    database_url: SecretStr
    keys: dict[str, str] = Field(min_length=1)
    """Name of the caller -> SHA-256 of the key in hexadecimal. The keys themselves are nowhere."""

    cors_origins: list[str] = []
    """Sites whose pages may call the service; none but its own by default."""

    rate: float = Field(20.0, gt=0)
    """Requests per second that one caller may keep up."""
    burst: int = Field(60, ge=1)
    """Requests that one caller may make at once."""

    max_page: int = Field(200, ge=1, le=1_000)
    statement_timeout: float = Field(5.0, gt=0)
    lock_timeout: float = Field(2.0, gt=0)
    pool_size: int = Field(10, ge=1)
    cache_seconds: float = Field(30.0, ge=0)
    """How long the service may go on serving a release after a newer one was written."""

    cohort: str = "2025"
    max_draws: int = Field(1_000, ge=1)
    jobs_waiting: int = Field(8, ge=1)
    jobs_kept: int = Field(100, ge=1)

    @field_validator("keys")
    @classmethod
    def _are_hashes(cls, keys: dict[str, str]) -> dict[str, str]:
        for name, digest in keys.items():
            if len(digest) != 64 or set(digest.lower()) - set("0123456789abcdef"):
                raise ValueError(f"keys[{name!r}] is not a SHA-256 in hexadecimal: give the hash, not the key")
        return {name: digest.lower() for name, digest in keys.items()}


def hash_key(key: str) -> str:
    """Return what to put into CARMS_API_KEYS for a key; keys are long and random, so one hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
