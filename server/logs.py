"""Logs as JSON, one object a line. Never a prompt, an answer or a whole key."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

requests_logger = logging.getLogger("server.requests")


def configure_logging(level: str) -> None:
    """Sends all logs of the process to stderr as JSON; uvicorn's access log is off, ours says more."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
