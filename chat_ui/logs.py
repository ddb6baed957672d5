"""The chat's log says what failed and where, and never with what: errors repeat what people wrote.

Times are ISO 8601 in UTC, as in every process of Attune.

Gradio prints tracebacks and messages instead of logging them (`traceback.print_exc`, `print`, `warnings.warn` in
gradio/{queueing,routes,route_utils,utils,helpers}.py of 6.31), and asyncio logs the repr of errors.
"""

import io
import logging
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import ModuleType, TracebackType
from typing import Any, TextIO

REPEAT_AFTER_S = 60.0
MOST_REMEMBERED = 1000
_WITHOUT_TEXTS = ("uvicorn", "chat_ui")  # loggers whose messages hold nothing that anybody wrote

_log = logging.getLogger("chat_ui")


class UtcTimes(logging.Formatter):
    """A formatter whose `asctime` is such as `2026-11-30T21:05:09.123+00:00`."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"


@contextmanager
def logged_without_texts(stream: TextIO) -> Iterator[None]:
    """Let this process write its log only: what is printed besides goes nowhere, and of errors only types and places.

    Args:
        stream: Takes the log.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_WithoutTexts("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_Once())
    root = logging.getLogger()
    root.addHandler(handler)
    nowhere = _Nowhere()
    try:
        with (
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            _replaced(traceback, "print_exc", _log_current),
            _replaced(warnings, "showwarning", _log_warning),
            _replaced(threading, "excepthook", _log_in_thread),
            _replaced(sys, "unraisablehook", _log_unraisable),
        ):
            yield
    finally:
        root.removeHandler(handler)


@contextmanager
def _replaced(module: ModuleType, name: str, function: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, function)
    try:
        yield
    finally:
        setattr(module, name, before)


def places(error: BaseException) -> str:
    """The types of an error and of those that led to it, each with where it was raised, without their messages."""
    found: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(found) < 10:
        frames = "".join(traceback.format_tb(cause.__traceback__, limit=-20))
        found.append(f"{type(cause).__module__}.{type(cause).__qualname__} at\n{frames.rstrip()}")
        cause = cause.__cause__ or cause.__context__
    return "\nafter ".join(found)


class _Nowhere(io.TextIOBase):
    """Takes every text."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


class _WithoutTexts(UtcTimes):
    """Formats records with no messages of errors, and of foreign loggers with none at all."""

    def formatException(self, ei: Any) -> str:
        return places(ei[1]) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        shown = logging.makeLogRecord(vars(record) | {"exc_text": None})
        if not record.name.startswith(_WITHOUT_TEXTS):
            shown.msg, shown.args = f"something was logged at {record.pathname}:{record.lineno}", None
        return super().format(shown)


class _Once(logging.Filter):
    """Lets the same fault into the log once a minute: a client can repeat it as fast as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self._at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        what = f"{record.pathname}:{record.lineno} {record.args if error is None else places(error)}"
        now = time.monotonic()
        if now - self._at.get(what, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return False
        if len(self._at) >= MOST_REMEMBERED:
            self._at.clear()
        self._at[what] = now
        return True


def _log_current(*_: Any, **__: Any) -> None:
    """Log the error that is being handled; in the place of `traceback.print_exc`."""
    _log.error("An event failed", exc_info=sys.exc_info())


def _log_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
    _log.warning("%s at %s:%d", category.__name__, filename, lineno)


def _log_in_thread(args: threading.ExceptHookArgs) -> None:
    _log_error("A thread failed", args.exc_type, args.exc_value, args.exc_traceback)


def _log_unraisable(args: "sys.UnraisableHookArgs") -> None:
    _log_error("A cleanup failed", args.exc_type, args.exc_value, args.exc_traceback)


def _log_error(what: str, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None:
        _log.error(what, exc_info=(kind, error, trace))
