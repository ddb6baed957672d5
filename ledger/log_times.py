"""How log records tell the time: as `ledger.clock` writes it, with milliseconds."""

import logging
import time


class UtcTimes(logging.Formatter):
    """A formatter whose `asctime` is ISO 8601 in UTC, such as `2026-11-30T21:05:09.123+00:00`; also to be mixed in."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d+00:00"
