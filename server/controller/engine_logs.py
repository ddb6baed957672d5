"""A plugin of vLLM, which each of its processes loads: what people wrote stays out of the engine's log.

Two things bring it there. xgrammar writes the pattern of a schema to the standard error, past Python's logging, where
it ignores a part of it. And vLLM logs errors of requests with the exception's text, which may quote the
request, and the requests of a step that failed with their schemas and stop texts. Errors of a start are left as they
are: nobody has asked anything by then, and `server.controller.startup` reads them. It is an entry point of the group
`vllm.general_plugins` in pyproject.toml.
"""

import logging
import os
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
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
# As xgrammar begins its lines: [18:22:26] /project/cpp/fsm_builder.cc:1311: Warning: …
_NATIVE_LINE = re.compile(rb"(?m)^(\[[0-9:]+\] \S+\.(?:cc|h):\d+: (?:Warning|Info|Debug)?:?).*$")
_COMPILERS = {
    "GrammarCompiler": ("compile_json_schema", "compile_regex", "compile_grammar", "compile_structural_tag"),
    "Grammar": ("from_json_schema", "from_regex", "from_ebnf", "from_structural_tag"),
}


@cache
def register() -> None:
    """Changes this process's logging and, where xgrammar is there, what it writes while it compiles."""
    logging.setLogRecordFactory(_without_texts(logging.getLogRecordFactory()))
    try:
        import xgrammar
    except ImportError:
        return
    native = NativeErrors()
    for kind, names in _COMPILERS.items():
        for name in names:
            if hasattr(getattr(xgrammar, kind, None), name):
                _wrap(getattr(xgrammar, kind), name, native)


class NativeErrors:
    """Holds back what the process writes to its standard error, and writes it on without the texts of requests.

    Several threads may do so at once. If the process dies meanwhile, what was held back is lost.
    """

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._users = 0
        self._held = self._original = -1

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Holds it back until the last user leaves."""
        with self._lock:
            if self._users == 0:
                self._original = os.dup(self._descriptor)
                self._held = os.memfd_create("held-back")
                os.dup2(self._held, self._descriptor)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._write_on()

    def _write_on(self) -> None:
        os.dup2(self._original, self._descriptor)
        with os.fdopen(self._held, "rb") as held:
            held.seek(0)
            written = _NATIVE_LINE.sub(rb"\1 " + _LEFT_OUT.encode(), held.read())
        os.close(self._original)
        if written:
            os.write(self._descriptor, written)


def _wrap(kind: Any, name: str, native: NativeErrors) -> None:
    original = kind.__dict__[name]
    function = original.__func__ if isinstance(original, staticmethod) else original

    @wraps(function)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        with native.held_back():
            return function(*args, **kwargs)

    setattr(kind, name, staticmethod(quiet) if isinstance(original, staticmethod) else quiet)


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
