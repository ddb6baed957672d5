"""How much room logs may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Bounds of the files in `logs/`.

    Attributes:
        file_bytes: Size of a log file, but for the end of its last line; a longer log goes on in a new file.
        kept: Full files of one log that are kept beside the one that is written.
        engine_files: Files of engines' logs that are kept, of all engines together.
    """

    file_bytes: int = 20 * 2**20
    kept: int = 4
    engine_files: int = 10


USUAL = LogLimits()
