"""Reads TensorBoard's files of events, as its own documentation of the TFRecord format describes them."""

import struct
from collections.abc import Iterator
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event, SessionLog


def shown(folder: Path) -> dict[str, dict[int, float]]:
    """What TensorBoard shows of a folder: the values of each name by step, without those that a later start purged."""
    found: dict[str, dict[int, float]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        for event in _events(path.read_bytes()):
            if event.session_log.status == SessionLog.START:
                found = {
                    name: {step: value for step, value in steps.items() if step < event.step}
                    for name, steps in found.items()
                }
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def _events(content: bytes) -> Iterator[Event]:
    at = 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        yield Event.FromString(content[at + 12 : at + 12 + length])  # after the length and its checksum
        at += 12 + length + 4
