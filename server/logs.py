"""Logs as JSON, one object a line. Never a prompt, an answer or a whole key."""

import logging
import sys

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from ledger.log_times import UtcTimes

requests_logger = logging.getLogger("server.requests")


class _Formatter(UtcTimes, JsonFormatter):
    """JSON with our times."""


def configure_logging(level: str) -> None:
    """Sends all logs of the process to stderr as JSON; uvicorn's access log is off, ours says more."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Formatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its plugins at every start
