"""The times in an engine's log: ISO 8601 in UTC, as in every other log.

`engine_logging.json` beside this module names the formatter. vLLM reads it by VLLM_LOGGING_CONFIG_PATH when it is
imported, before any line is written, and gives it to its uvicorn too.
"""

from vllm.logging_utils import NewLineFormatter

from ledger.log_times import UtcTimes


class EngineFormatter(UtcTimes, NewLineFormatter):  # type: ignore[misc]  # vLLM tells no types
    """vLLM's own formatter, which indents the lines of a message, with our times."""
