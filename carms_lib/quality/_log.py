"""What a run writes to the log: ordinary `logging`, and JSON for machines that read it.

Belongs here: the form of a log line. Does not belong here: when one is written (`_recorder`). The library only ever
writes to the logger "carms_lib" and below; handlers and levels are the user's.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import traceback
from typing import Any, Final

from carms_lib.schemas import redact_contacts

__all__ = ["LOGGER", "JsonFormatter"]

LOGGER: Final = logging.getLogger("carms_lib.quality")
logging.getLogger("carms_lib").addHandler(logging.NullHandler())


class JsonFormatter(logging.Formatter):
    """Writes each log record as one line of JSON: time, level, logger, message, and the fields of the event.

    Examples
    --------
    >>> import logging, sys
    >>> from carms_lib.quality import JsonFormatter
    >>> handler = logging.StreamHandler(sys.stderr)
    >>> handler.setFormatter(JsonFormatter())
    >>> logging.getLogger("carms_lib").addHandler(handler)
    >>> logging.getLogger("carms_lib").removeHandler(handler)  # when it is no longer wanted
    """

    def __init__(self) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """Return a log `record` as one line of JSON, without contact details."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "event", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = "".join(traceback.format_exception_only(record.exc_info[0], record.exc_info[1])).strip()
        return redact_contacts(json.dumps(line, ensure_ascii=False, default=str))
