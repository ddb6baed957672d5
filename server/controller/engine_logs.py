"""A plugin of vLLM, which each of its processes loads: what people wrote stays out of the engine's log.

vLLM logs errors of requests with the exception's text, which may quote the request, and the requests of a step that
failed with their schemas and stop texts. Errors of a start are left as they are: nobody has asked anything by then, and
`server.controller.startup` reads them. It is an entry point of the group `vllm.general_plugins` in pyproject.toml.
"""

import logging
import re
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any

# Loggers of vLLM 0.32 that tell of requests.
_OF_REQUESTS = (
    "vllm.entrypoints",
    "vllm.logging_utils.dump_input",
    "vllm.parser",
    "vllm.reasoning",
    "vllm.tool_parsers",
    "vllm.v1.structured_output",
    "uvicorn.error",
)
_LEFT_OUT = "(left out: it may quote a request)"
_ID = re.compile(r"[a-z]+[-_][0-9a-f-]{16,}\S{0,16}")  # of a request


@cache
def register() -> None:
    """Changes this process's logging."""
    logging.setLogRecordFactory(_without_texts(logging.getLogRecordFactory()))


def _without_texts(factory: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """A factory of log records that leaves out what may quote a request."""

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        if record.levelno >= logging.WARNING and record.name.startswith(_OF_REQUESTS):
            _leave_out_texts(record)
        return record

    return make


def _leave_out_texts(record: logging.LogRecord) -> None:
    # A single mapping stands alone in place of the tuple.
    arguments = record.args if isinstance(record.args, tuple) else (record.args,) if record.args else ()
    record.args = tuple(argument if _is_harmless(argument) else _LEFT_OUT for argument in arguments)
    if record.exc_info and record.exc_info[0] is not None:
        kind, _, trace = record.exc_info
        frames = "".join(traceback.format_tb(trace))
        record.exc_text = f"Traceback (most recent call last):\n{frames}{kind.__name__}: {_LEFT_OUT}"
        record.exc_info = None


def _is_harmless(argument: object) -> bool:
    if isinstance(argument, str):
        return _ID.fullmatch(argument) is not None
    return argument is None or isinstance(argument, int | float)
