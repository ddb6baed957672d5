"""What clients saw of a restart, from what each request came to."""

from benchmarks.swap_peer import Change, change, report
from tests.constant_load import Answered


def answered(began: float, ended: float, failure: str | None = None) -> Answered:
    return Answered(began, began + 0.1, ended, None, frozenset(), True, failure)


ANSWERS = [
    answered(0, 1),
    answered(9, 10.5),
    answered(10, 11, "ServerDisconnectedError()"),
    answered(11, 11, "ClientConnectorError(refused)"),
    answered(20, 20, "ClientConnectorError(refused)"),
    answered(40, 41),
    answered(50, 51, "ServerDisconnectedError() of the next change"),
]


def test_a_change_is_silent_from_the_last_answer_to_the_first_byte_of_the_next() -> None:
    assert change(ANSWERS, began=10, gone=12, until=45) == Change(40.1 - 10.5, cut=1, refused=2)


def test_the_report_sums_what_was_cut_and_refused() -> None:
    changes = [{"silent_s": seconds, "cut": 1, "refused": 2} for seconds in (20.0, 30.0, 25.0)]
    text = "\n".join(report({"concurrency": 16, "answers": 90, "failed": 9, "changes": changes}))
    assert "3 changes under 16 clients" in text and "p50 25.0, most 30.0" in text
    assert "cut when the engine ended: 3, refused while nobody listened: 6" in text
