"""The chat's logs, with times as every process of Attune writes them: ISO 8601 in UTC."""

import logging
import sys
import time


class UtcTimes(logging.Formatter):
    """A formatter whose `asctime` is such as `2026-11-30T21:05:09.123+00:00`."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"


def configure_logging() -> None:
    """Sends warnings and errors of the process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(UtcTimes("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
